// SPDX-License-Identifier: GPL-2.0-only
/* What the handlers of the family share: locking, compare values, replies, dumps. */
#include <linux/rtnetlink.h>
#include <net/sock.h>

#include "compat.h"
#include "netlink.h"
#include "netns.h"
#include "nl.h"
#include "port.h"
#include "slice.h"

/**
 * netslice_nl_need() - is a required attribute there?
 * @info: the request
 * @attr: enum netslice_attr
 *
 * Return: 0, or -EINVAL with the attribute named in extack.
 */
int netslice_nl_need(struct genl_info *info, int attr)
{
	if (info->attrs[attr])
		return 0;
	NL_SET_ERR_MSG(info->extack, "a required attribute is missing");
	NL_SET_ERR_ATTR_MISS(info->extack, NULL, attr);
	return -EINVAL;
}

/**
 * netslice_nl_owner() - whom the caller speaks for
 * @attrs: of the request or of one of its entries
 *
 * Return: the tag, "" when there is none.
 */
const char *netslice_nl_owner(struct nlattr **attrs)
{
	return attrs[NETSLICE_A_OWNER] ? nla_data(attrs[NETSLICE_A_OWNER]) : "";
}

static int netslice_nl_find(struct genl_info *info, struct netslice_nl_ctx *ctx)
{
	struct nlattr *name = info->attrs[NETSLICE_A_SLICE];

	if (netslice_nl_need(info, NETSLICE_A_SLICE))
		return -EINVAL;
	ctx->slice = netslice_slice_find(ctx->nn, nla_data(name));
	if (!ctx->slice) {
		NL_SET_ERR_MSG_ATTR(info->extack, name, "there is no slice of that name");
		return -ENOENT;
	}
	return 0;
}

static int netslice_nl_check(struct genl_info *info, const struct netslice_nl_ctx *ctx)
{
	int err;

	if (ctx->need & NETSLICE_NL_OWNER) {
		err = netslice_slice_check_owner(ctx->slice, netslice_nl_owner(info->attrs),
						 nla_get_flag(info->attrs[NETSLICE_A_FORCE]),
						 info->extack);
		if (err)
			return err;
	}
	if (ctx->need & NETSLICE_NL_CP_TERM) {
		err = netslice_nl_need(info, NETSLICE_A_CP_TERM);
		if (err)
			return err;
		return netslice_slice_check_cp_term(ctx->slice,
						    nla_get_u64(info->attrs[NETSLICE_A_CP_TERM]),
						    info->extack);
	}
	return 0;
}

/**
 * netslice_nl_begin() - take the locks that a request needs and check its compare values
 * @info: the request
 * @need: NETSLICE_NL_*
 * @ctx: filled in; to be ended with netslice_nl_end() if 0 is returned
 *
 * Context: process, takes locks.
 * Return: 0, or an error with extack, and no lock held.
 */
int netslice_nl_begin(struct genl_info *info, unsigned int need, struct netslice_nl_ctx *ctx)
{
	int err = 0;

	ctx->nn = netslice_pernet(genl_info_net(info));
	ctx->slice = NULL;
	ctx->need = need;
	if (need & NETSLICE_NL_RTNL)
		rtnl_lock();
	mutex_lock(&ctx->nn->lock);
	if (need & NETSLICE_NL_SLICE)
		err = netslice_nl_find(info, ctx);
	if (!err)
		err = netslice_nl_check(info, ctx);
	if (err)
		netslice_nl_end(ctx);
	return err;
}

/**
 * netslice_nl_end() - release what netslice_nl_begin() took
 * @ctx: the request
 */
void netslice_nl_end(const struct netslice_nl_ctx *ctx)
{
	mutex_unlock(&ctx->nn->lock);
	if (ctx->need & NETSLICE_NL_RTNL)
		rtnl_unlock();
}

/**
 * netslice_nl_put_addr() - put an address of 4 or 16 bytes
 * @skb: message
 * @attr: attribute
 * @family: AF_INET or AF_INET6
 * @addr: network order
 *
 * Return: 0 or -EMSGSIZE.
 */
int netslice_nl_put_addr(struct sk_buff *skb, int attr, u8 family, const void *addr)
{
	return nla_put(skb, attr, family == AF_INET ? 4 : 16, addr);
}

/**
 * netslice_nl_put_vip() - put a virtual address as ADDRESS
 * @skb: message
 * @vip: the address
 *
 * Return: 0 or -EMSGSIZE.
 */
int netslice_nl_put_vip(struct sk_buff *skb, const struct netslice_vip *vip)
{
	const void *addr = vip->family == AF_INET ? (const void *)&vip->addr.s6_addr32[3] :
						    (const void *)&vip->addr;

	return netslice_nl_put_addr(skb, NETSLICE_A_ADDRESS, vip->family, addr);
}

/**
 * netslice_nl_reply_new() - begin a reply
 * @info: the request
 * @cmd: of the reply
 * @size: of its payload
 * @header: filled in, for netslice_nl_reply()
 *
 * Return: the message, or NULL.
 */
struct sk_buff *netslice_nl_reply_new(struct genl_info *info, u8 cmd, size_t size, void **header)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (!skb)
		return NULL;
	*header = genlmsg_put_reply(skb, info, &netslice_genl_family, 0, cmd);
	if (*header)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

/**
 * netslice_nl_reply() - end a reply and send it
 * @info: the request
 * @skb: the message, gone afterwards
 * @header: from netslice_nl_reply_new()
 *
 * Return: 0 or an error.
 */
int netslice_nl_reply(struct genl_info *info, struct sk_buff *skb, void *header)
{
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

/**
 * netslice_nl_dump_put() - begin one message of a dump
 * @skb: what is being filled
 * @cb: the dump
 * @cmd: of the message
 *
 * Return: its header, marked when the dump is not of one moment; NULL: full.
 */
void *netslice_nl_dump_put(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   &netslice_genl_family, NLM_F_MULTI, cmd);

	if (header)
		genl_dump_check_consistent(cb, header);
	return header;
}

/**
 * netslice_nl_dump_attr() - an attribute of the request that a dump answers
 * @cb: the dump
 * @attr: enum netslice_attr
 *
 * Return: the attribute, or NULL.
 */
struct nlattr *netslice_nl_dump_attr(struct netlink_callback *cb, int attr)
{
	return netslice_compat_dump_attrs(cb)[attr];
}

/* Where a dump is: the slice after @skip others, item @item of it. */
struct netslice_nl_cursor {
	unsigned long skip;
	unsigned long item;
};

static int netslice_nl_dump_all(struct sk_buff *skb, struct netlink_callback *cb,
				struct netslice_net *nn, netslice_nl_fill fill)
{
	struct netslice_nl_cursor *at = (void *)cb->ctx;
	struct netslice_slice *slice;
	unsigned long i = 0;
	int err;

	list_for_each_entry(slice, &nn->slices, list) {
		if (i++ < at->skip)
			continue;
		err = fill(skb, cb, slice, &at->item);
		if (err)
			return err;
		at->skip++;
		at->item = 0;
	}
	return 0;
}

static int netslice_nl_dump_one(struct sk_buff *skb, struct netlink_callback *cb,
				struct netslice_net *nn, struct nlattr *name,
				netslice_nl_fill fill)
{
	struct netslice_nl_cursor *at = (void *)cb->ctx;
	struct netslice_slice *slice;
	int err;

	if (at->skip)
		return 0;
	slice = netslice_slice_find(nn, nla_data(name));
	if (!slice) {
		NL_SET_ERR_MSG_ATTR(cb->extack, name, "there is no slice of that name");
		return -ENOENT;
	}
	err = fill(skb, cb, slice, &at->item);
	if (!err)
		at->skip = 1;
	return err;
}

/**
 * netslice_nl_dump() - dump what belongs to the slice named, or to every one
 * @skb: to be filled
 * @cb: the dump; SLICE is looked at
 * @fill: puts the messages of one slice
 *
 * Context: process, takes nn->lock.
 * Return: as the dumpit callbacks of netlink.
 */
int netslice_nl_dump(struct sk_buff *skb, struct netlink_callback *cb, netslice_nl_fill fill)
{
	struct netslice_net *nn = netslice_pernet(sock_net(cb->skb->sk));
	struct nlattr *name = netslice_nl_dump_attr(cb, NETSLICE_A_SLICE);
	int err;

	BUILD_BUG_ON(sizeof(struct netslice_nl_cursor) > sizeof(cb->ctx));
	mutex_lock(&nn->lock);
	cb->seq = (unsigned int)atomic64_read(&nn->change_seq);
	err = name ? netslice_nl_dump_one(skb, cb, nn, name, fill) :
		     netslice_nl_dump_all(skb, cb, nn, fill);
	mutex_unlock(&nn->lock);
	/* A full skb is no error; one item that never fits is. */
	if (err == -EMSGSIZE && skb->len)
		err = 0;
	return err ? err : skb->len;
}
