/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Next-hop groups of one generation: deduplicated, counted by the routes that
 * use them, found by a small number. A route type without next hops (blackhole,
 * unreachable ...) is a group without members.
 *
 * Groups never change. Readers find them under RCU; a group that lost its last
 * route keeps its number and memory until a grace period has passed, so that no
 * reader ever takes a new group for the one it was sent to. Its ports are put at
 * once: whoever owns ports frees them after a grace period.
 *
 * A flow picks one of @count members through a table of 1,024 entries. The table
 * follows from the members alone, by weighted rendezvous: each entry goes to the
 * member with the best score for that entry, and scores do not depend on the other
 * members. So a member that leaves, or is skipped because it is down, moves its
 * own flows and no others, and both nodes of a pair choose alike.
 */
#ifndef NETSLICE_NHG_H
#define NETSLICE_NHG_H

#include <linux/types.h>
#include <linux/in6.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <uapi/linux/netslice.h>
#include <uapi/linux/netslice_digest.h>
#include "table.h"

#define NETSLICE_NHG_BUCKET_BITS	10
#define NETSLICE_NHG_BUCKETS		(1 << NETSLICE_NHG_BUCKET_BITS)

/**
 * struct netslice_nhg_member - one next hop
 * @port: the owner's port object, referenced through struct netslice_nhg_ops
 * @port_id: the owner's number of it
 * @name: logical name of the port, NUL terminated; what the digest sees
 * @gw_family: AF_INET, AF_INET6, or AF_UNSPEC if the destination is on-link
 * @weight: 1 to 256
 * @gw4: gateway, if AF_INET
 * @gw6: gateway, if AF_INET6
 * @ident: hash of name and gateway; filled in here, not by the caller
 */
struct netslice_nhg_member {
	void *port;
	u32 port_id;
	u8 gw_family;
	u16 weight;
	char name[NETSLICE_NAME_LEN];
	union {
		__be32 gw4;
		struct in6_addr gw6;
	};
	u64 ident;
};

/**
 * struct netslice_nhg_spec - a group as the caller wants it
 * @type: NETSLICE_ROUTE_*
 * @count: number of members: at least 1 if unicast, else 0
 * @flags: configuration (never state): part of group identity and digest
 * @member: the members in any order; need not outlive the call
 */
struct netslice_nhg_spec {
	u8 type;
	u8 count;
	u32 flags;
	const struct netslice_nhg_member *member;
};

/**
 * struct netslice_nhg - a group
 * @type: NETSLICE_ROUTE_*
 * @count: number of members
 * @flags: as specified
 * @bucket: member of each of NETSLICE_NHG_BUCKETS, NULL if @count < 2
 * @id: its number
 * @refs: routes that use it; writers' lock
 * @hash: digest of the group
 * @link: in the hash by content; writers' lock
 * @dying: in the list of groups that wait for a grace period; writers' lock
 * @cookie: the grace period it waits for
 * @member: the members in canonical order
 */
struct netslice_nhg {
	u8 type;
	u8 count;
	u32 flags;
	u8 *bucket;
	u32 id;
	u32 refs;
	struct netslice_digest_value hash;
	struct hlist_node link;
	struct list_head dying;
	unsigned long cookie;
	struct netslice_nhg_member member[];
};

/* References to ports. Both are called with the writers' lock held. */
struct netslice_nhg_ops {
	void (*port_get)(void *port);
	void (*port_put)(void *port);
};

/* Number to group */
struct netslice_nhg_array {
	struct rcu_head rcu;
	u32 size;
	struct netslice_nhg __rcu *slot[];
};

struct netslice_nhgs {
	struct netslice_nhg_array __rcu *array;
	const struct netslice_nhg_ops *ops;
	struct mutex *lock;
	bool live;
	u32 count;		/* groups in use */
	u32 max;
	u32 next;		/* lowest number never given */
	u32 free_count;
	u32 *free;		/* numbers given back, a stack of array->size */
	u32 hash_size;
	struct hlist_head *hash;
	struct list_head dying;
	size_t bytes;
	struct netslice_digest_member canon[NETSLICE_MAX_NEXTHOPS]; /* scratch */
};

int netslice_nhgs_init(struct netslice_nhgs *g, const struct netslice_nhg_ops *ops,
		       struct mutex *lock, u32 max, gfp_t gfp);
void netslice_nhgs_destroy(struct netslice_nhgs *g);
void netslice_nhgs_publish(struct netslice_nhgs *g);
int netslice_nhgs_copy(struct netslice_nhgs *to, const struct netslice_nhgs *from,
		       gfp_t gfp);
struct netslice_nhg *netslice_nhg_get(struct netslice_nhgs *g,
				      const struct netslice_nhg_spec *spec,
				      gfp_t gfp);
void netslice_nhg_hold(struct netslice_nhg *nhg);
void netslice_nhg_put(struct netslice_nhgs *g, struct netslice_nhg *nhg);
void netslice_nhgs_reap(struct netslice_nhgs *g);
bool netslice_nhgs_use_port(const struct netslice_nhgs *g, const void *port);
const struct netslice_nhg_member *
netslice_nhg_select_live(const struct netslice_nhg *nhg, u32 flow_hash, u32 live);

static inline bool netslice_nhgs_held(const struct netslice_nhgs *g)
{
	return !g->lock || lockdep_is_held(g->lock);
}

static inline size_t netslice_nhg_bytes(const struct netslice_nhg *nhg)
{
	return struct_size(nhg, member, nhg->count) +
	       (nhg->bucket ? NETSLICE_NHG_BUCKETS : 0);
}

/**
 * netslice_nhg_find - the group of a number that a table gave
 * @g: the groups
 * @id: the number, read in this RCU read side; 0 gives NULL
 *
 * Context: RCU read side, or the writers' lock held.
 * Return: the group.
 */
static __always_inline struct netslice_nhg *
netslice_nhg_find(const struct netslice_nhgs *g, u32 id)
{
	struct netslice_nhg_array *a;

	/* The array was published before the number: see netslice_table_apply() */
	smp_rmb();
	a = rcu_dereference_check(g->array, netslice_nhgs_held(g));
	return rcu_dereference_check(a->slot[id], netslice_nhgs_held(g));
}

static inline u32 netslice_nhg_bucket(u32 flow_hash)
{
	return (flow_hash * 0x9e3779b1U) >> (32 - NETSLICE_NHG_BUCKET_BITS);
}

/**
 * netslice_nhg_select - the member that a flow goes to
 * @nhg: the group
 * @flow_hash: hash of the flow
 *
 * Return: the member, NULL if the group has none.
 */
static __always_inline const struct netslice_nhg_member *
netslice_nhg_select(const struct netslice_nhg *nhg, u32 flow_hash)
{
	if (likely(nhg->count == 1))
		return &nhg->member[0];
	if (!nhg->count)
		return NULL;
	return &nhg->member[nhg->bucket[netslice_nhg_bucket(flow_hash)]];
}

#endif /* NETSLICE_NHG_H */
