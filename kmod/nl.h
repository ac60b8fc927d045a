/* SPDX-License-Identifier: GPL-2.0-only */
/* What the handlers of the family share. */
#ifndef NETSLICE_NL_H
#define NETSLICE_NL_H

#include <net/genetlink.h>

#include <uapi/linux/netslice.h>

struct netslice_generation;
struct netslice_net;
struct netslice_prefix;
struct netslice_route;
struct netslice_route_spec;
struct netslice_slice;
struct netslice_vip;

/* What a request needs before its handler may begin. */
#define NETSLICE_NL_RTNL	(1U << 0)	/* rtnl_lock() around nn->lock */
#define NETSLICE_NL_SLICE	(1U << 1)	/* SLICE names a slice */
#define NETSLICE_NL_OWNER	(1U << 2)	/* the caller is its owner, or uses force */
#define NETSLICE_NL_CP_TERM	(1U << 3)	/* CP_TERM is the slice's */
#define NETSLICE_NL_CHANGE	(NETSLICE_NL_SLICE | NETSLICE_NL_OWNER)

/**
 * struct netslice_nl_ctx - a request under way
 * @nn: its namespace, locked
 * @slice: the slice that it names, or NULL
 * @need: NETSLICE_NL_*
 */
struct netslice_nl_ctx {
	struct netslice_net *nn;
	struct netslice_slice *slice;
	unsigned int need;
};

int netslice_nl_begin(struct genl_info *info, unsigned int need, struct netslice_nl_ctx *ctx);
void netslice_nl_end(const struct netslice_nl_ctx *ctx);

/* 0, or -EINVAL with the missing one named in extack. */
int netslice_nl_need(struct genl_info *info, int attr);
const char *netslice_nl_owner(struct nlattr **attrs);

/* 64-bit attributes are read whole, whatever their alignment. */
static inline int netslice_nl_put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, NETSLICE_A_PAD);
}

int netslice_nl_put_addr(struct sk_buff *skb, int attr, u8 family, const void *addr);
int netslice_nl_put_vip(struct sk_buff *skb, const struct netslice_vip *vip);
int netslice_nl_put_route_spec(struct sk_buff *skb, const struct netslice_route_spec *spec);
int netslice_nl_put_route(struct sk_buff *skb, const struct netslice_route *route);

/* A reply of one message: start, then netslice_nl_reply() or nlmsg_free(). */
struct sk_buff *netslice_nl_reply_new(struct genl_info *info, u8 cmd, size_t size, void **header);
int netslice_nl_reply(struct genl_info *info, struct sk_buff *skb, void *header);

/*
 * Dumps. @fill puts what belongs to one slice, beginning with item *@item of it
 * (0 for the first), and advances *@item for each message that it has put.
 * Return of @fill: 0 when the slice is done, -EMSGSIZE when the skb is full.
 */
typedef int (*netslice_nl_fill)(struct sk_buff *skb, struct netlink_callback *cb,
				struct netslice_slice *slice, unsigned long *item);
int netslice_nl_dump(struct sk_buff *skb, struct netlink_callback *cb, netslice_nl_fill fill);
struct nlattr *netslice_nl_dump_attr(struct netlink_callback *cb, int attr);
void *netslice_nl_dump_put(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd);

/* Handlers, a file for each object. */
int netslice_nl_slice_new(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_slice_del(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_slice_set(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_slice_get(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_slice_dump(struct sk_buff *skb, struct netlink_callback *cb);

int netslice_nl_port_add(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_port_del(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_port_dump(struct sk_buff *skb, struct netlink_callback *cb);
int netslice_nl_gateway_add(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_gateway_del(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_gateway_dump(struct sk_buff *skb, struct netlink_callback *cb);

int netslice_nl_route_new(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_route_del(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_route_get(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_route_dump(struct sk_buff *skb, struct netlink_callback *cb);

int netslice_nl_gen_stage(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_gen_seal(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_gen_drop(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_gen_dump(struct sk_buff *skb, struct netlink_callback *cb);
int netslice_nl_gen_switch(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_gen_commit(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_gen_rollback(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_digest_get(struct sk_buff *skb, struct genl_info *info);

int netslice_nl_term_raise(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_role_set(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_lease_set(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_mark(struct sk_buff *skb, struct genl_info *info);
int netslice_nl_announce(struct sk_buff *skb, struct genl_info *info);

int netslice_nl_stats_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* Policies of nests that more than one operation has. */
extern const struct nla_policy netslice_nl_route_policy[NETSLICE_ROUTE_A_MAX + 1];
extern const struct nla_policy netslice_nl_entry_policy[NETSLICE_A_MAX + 1];

#endif
