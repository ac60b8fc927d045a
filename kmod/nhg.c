// SPDX-License-Identifier: GPL-2.0-only
/* Next-hop groups of one generation: see nhg.h. */

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/socket.h>

#include "nhg.h"

#define NETSLICE_NHG_ARRAY_MIN	16U
#define NETSLICE_NHG_HASH_MIN	16U
#define NETSLICE_NHG_LOG_BITS	20	/* fraction bits of a score's logarithm */

static struct netslice_nhg_array *
netslice_nhgs_array(const struct netslice_nhgs *g)
{
	return rcu_dereference_protected(g->array, netslice_nhgs_held(g));
}

static void netslice_nhg_free(struct netslice_nhgs *g, struct netslice_nhg *nhg)
{
	g->bytes -= netslice_nhg_bytes(nhg);
	kfree(nhg->bucket);
	kfree(nhg);
}

/* -log2((u + 1) / 2^32), fixed point: by squaring, a bit each time */
static u64 netslice_nhg_neglog(u32 u)
{
	u64 x = (u64)u + 1, log = ilog2(x);
	int i;

	x = log > 31 ? x >> 1 : x << (31 - log);
	for (i = 0; i < NETSLICE_NHG_LOG_BITS; i++) {
		x = x * x >> 31;
		log = log << 1 | x >> 32;
		x >>= x >> 32;
	}
	return (32ULL << NETSLICE_NHG_LOG_BITS) - log;
}

/* A member's score at a bucket before its weight: the lower the better */
static u64 netslice_nhg_score(const struct netslice_nhg_member *m, u32 bucket)
{
	u64 x = m->ident + bucket * 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	return netslice_nhg_neglog(x >> 32);
}

/*
 * Weighted rendezvous: the member whose score divided by its weight is least.
 * Each wins with probability weight / sum of weights, whoever else is there.
 * @live has at least one member.
 */
static unsigned int netslice_nhg_winner(const struct netslice_nhg *nhg,
					u32 bucket, u32 live)
{
	unsigned int i, best = 0;
	u64 score, least = 0;
	u16 weight = 0;

	for (i = 0; i < nhg->count; i++) {
		if (!(live >> i & 1))
			continue;
		score = netslice_nhg_score(&nhg->member[i], bucket);
		if (weight && score * weight >= least * nhg->member[i].weight)
			continue;
		best = i;
		least = score;
		weight = nhg->member[i].weight;
	}
	return best;
}

static int netslice_nhg_buckets_fill(struct netslice_nhg *nhg, gfp_t gfp)
{
	u32 i;

	if (nhg->count < 2)
		return 0;
	nhg->bucket = kmalloc(NETSLICE_NHG_BUCKETS, gfp);
	if (!nhg->bucket)
		return -ENOMEM;
	for (i = 0; i < NETSLICE_NHG_BUCKETS; i++)
		nhg->bucket[i] = netslice_nhg_winner(nhg, i, ~0U);
	cond_resched();
	return 0;
}

/**
 * netslice_nhg_select_live - the member that a flow goes to, of some
 * @nhg: the group
 * @flow_hash: hash of the flow
 * @live: bit i set: member i may be chosen
 *
 * Flows of live members stay where netslice_nhg_select() has them; the others
 * spread over the live ones by weight. Its cost grows with the number of members
 * if the flow's own one is not live.
 *
 * Context: Any.
 * Return: the member, NULL if none is live.
 */
const struct netslice_nhg_member *
netslice_nhg_select_live(const struct netslice_nhg *nhg, u32 flow_hash, u32 live)
{
	const struct netslice_nhg_member *m = netslice_nhg_select(nhg, flow_hash);
	u32 all = nhg->count < 32 ? (1U << nhg->count) - 1 : ~0U;

	live &= all;
	if (!live || live >> (m - nhg->member) & 1)
		return live ? m : NULL;
	return &nhg->member[netslice_nhg_winner(nhg, netslice_nhg_bucket(flow_hash),
						live)];
}

static u8 netslice_nhg_gw_family(const struct netslice_nhg_member *m)
{
	switch (m->gw_family) {
	case AF_INET:
		return NETSLICE_DIGEST_IPV4;
	case AF_INET6:
		return NETSLICE_DIGEST_IPV6;
	default:
		return NETSLICE_DIGEST_ONLINK;
	}
}

static int netslice_nhg_member_check(const struct netslice_nhg_member *m)
{
	if (m->gw_family != AF_UNSPEC && m->gw_family != AF_INET &&
	    m->gw_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (!m->weight || m->weight > NETSLICE_WEIGHT_MAX)
		return -ERANGE;
	if (!m->name[0] || strnlen(m->name, sizeof(m->name)) == sizeof(m->name))
		return -EINVAL;
	return 0;
}

static int netslice_nhg_spec_check(const struct netslice_nhg_spec *spec)
{
	bool unicast = spec->type == NETSLICE_ROUTE_UNICAST;
	unsigned int i;
	int err = 0;

	if (spec->type > NETSLICE_ROUTE_TYPE_MAX)
		return -EINVAL;
	if (unicast != !!spec->count)
		return -EINVAL;
	if (spec->count > NETSLICE_MAX_NEXTHOPS)
		return -E2BIG;
	for (i = 0; !err && i < spec->count; i++)
		err = netslice_nhg_member_check(&spec->member[i]);
	return err;
}

/* Same port and gateway twice: weights would say what this cannot */
static bool netslice_nhg_twice(const struct netslice_digest_member *m,
			       unsigned int n)
{
	unsigned int i;

	for (i = 1; i < n; i++)
		if (!memcmp(m[i].port, m[i - 1].port, sizeof(m->port)) &&
		    m[i].family == m[i - 1].family &&
		    !memcmp(m[i].gateway, m[i - 1].gateway, sizeof(m->gateway)))
			return true;
	return false;
}

/*
 * The canonical members, and the order of the caller's in it.
 * Return: 0, or -EEXIST if one is there twice.
 */
static int netslice_nhg_canon(const struct netslice_nhg_spec *spec,
			      struct netslice_digest_member *canon, u8 *order)
{
	struct netslice_digest_member m;
	unsigned int i, j;

	for (i = 0; i < spec->count; i++) {
		const struct netslice_nhg_member *from = &spec->member[i];

		netslice_digest_member_set(&m, from->name,
					   netslice_nhg_gw_family(from),
					   &from->gw6, from->weight);
		for (j = i; j && netslice_digest_member_cmp(&canon[j - 1], &m) > 0; j--) {
			canon[j] = canon[j - 1];
			order[j] = order[j - 1];
		}
		canon[j] = m;
		order[j] = i;
	}
	return netslice_nhg_twice(canon, spec->count) ? -EEXIST : 0;
}

static struct hlist_head *netslice_nhgs_chain(const struct netslice_nhgs *g,
					      const struct netslice_digest_value *h)
{
	return &g->hash[h->lane[0] & (g->hash_size - 1)];
}

static bool netslice_nhg_same_ports(const struct netslice_nhg *nhg,
				    const struct netslice_nhg_spec *spec,
				    const u8 *order)
{
	unsigned int i;

	for (i = 0; i < nhg->count; i++)
		if (nhg->member[i].port != spec->member[order[i]].port)
			return false;
	return true;
}

static struct netslice_nhg *
netslice_nhgs_lookup(const struct netslice_nhgs *g,
		     const struct netslice_nhg_spec *spec, const u8 *order,
		     const struct netslice_digest_value *hash)
{
	struct netslice_nhg *nhg;

	hlist_for_each_entry(nhg, netslice_nhgs_chain(g, hash), link)
		if (netslice_digest_equal(&nhg->hash, hash) &&
		    nhg->count == spec->count &&
		    netslice_nhg_same_ports(nhg, spec, order))
			return nhg;
	return NULL;
}

/* Failing to widen the hash makes it slower, no more */
static void netslice_nhgs_rehash(struct netslice_nhgs *g, gfp_t gfp)
{
	u32 old_size = g->hash_size, i;
	struct hlist_head *old = g->hash;
	struct hlist_node *next;
	struct netslice_nhg *nhg;

	if (g->count < old_size)
		return;
	g->hash = kvcalloc(old_size * 2, sizeof(*g->hash), gfp | __GFP_NOWARN);
	if (!g->hash) {
		g->hash = old;
		return;
	}
	g->hash_size = old_size * 2;
	g->bytes += old_size * sizeof(*g->hash);
	for (i = 0; i < old_size; i++) {
		hlist_for_each_entry_safe(nhg, next, &old[i], link) {
			hlist_del(&nhg->link);
			hlist_add_head(&nhg->link,
				       netslice_nhgs_chain(g, &nhg->hash));
		}
	}
	kvfree(old);
}

static size_t netslice_nhgs_array_bytes(u32 size)
{
	return sizeof(struct netslice_nhg_array) + size * sizeof(void *);
}

static struct netslice_nhg_array *netslice_nhgs_array_alloc(u32 size, gfp_t gfp)
{
	struct netslice_nhg_array *a;

	a = kvzalloc(netslice_nhgs_array_bytes(size), gfp);
	if (a)
		a->size = size;
	return a;
}

static void netslice_nhgs_array_replace(struct netslice_nhgs *g,
					struct netslice_nhg_array *a, u32 *spare)
{
	struct netslice_nhg_array *old = netslice_nhgs_array(g);

	memcpy(spare, g->free, g->free_count * sizeof(*spare));
	kvfree(g->free);
	g->free = spare;
	g->bytes += netslice_nhgs_array_bytes(a->size) + a->size * sizeof(*spare);
	g->bytes -= netslice_nhgs_array_bytes(old->size) +
		    old->size * sizeof(*spare);
	rcu_assign_pointer(g->array, a);
	if (g->live)
		kvfree_rcu(old, rcu);
	else
		kvfree(old);
}

static int netslice_nhgs_widen(struct netslice_nhgs *g, gfp_t gfp)
{
	struct netslice_nhg_array *old = netslice_nhgs_array(g), *a;
	u32 *spare, i, size = old->size * 2;

	a = netslice_nhgs_array_alloc(size, gfp);
	spare = kvmalloc_array(size, sizeof(*spare), gfp);
	if (!a || !spare) {
		kvfree(a);
		kvfree(spare);
		return -ENOMEM;
	}
	for (i = 0; i < old->size; i++)
		RCU_INIT_POINTER(a->slot[i],
				 rcu_dereference_protected(old->slot[i],
							   netslice_nhgs_held(g)));
	netslice_nhgs_array_replace(g, a, spare);
	return 0;
}

/* Return: a free number, at least 1, or 0 for want of memory */
static u32 netslice_nhgs_number(struct netslice_nhgs *g, gfp_t gfp)
{
	if (g->free_count)
		return g->free[--g->free_count];
	if (g->next > NETSLICE_TABLE_VALUE_MAX)
		return 0;
	if (g->next == netslice_nhgs_array(g)->size && netslice_nhgs_widen(g, gfp))
		return 0;
	return g->next++;
}

static struct netslice_nhg *
netslice_nhg_alloc(struct netslice_nhgs *g, const struct netslice_nhg_spec *spec,
		   struct netslice_digest_member *canon, const u8 *order, gfp_t gfp)
{
	static const u64 key[2] = NETSLICE_DIGEST_KEY0;
	struct netslice_nhg *nhg;
	unsigned int i;

	nhg = kzalloc(struct_size(nhg, member, spec->count), gfp);
	if (!nhg)
		return NULL;
	nhg->type = spec->type;
	nhg->count = spec->count;
	nhg->flags = spec->flags;
	nhg->refs = 1;
	for (i = 0; i < nhg->count; i++) {
		memset(canon[i].weight, 0, sizeof(canon[i].weight));
		nhg->member[i] = spec->member[order[i]];
		nhg->member[i].ident = netslice_digest_siphash(&canon[i],
							       sizeof(canon[i]), key);
	}
	if (netslice_nhg_buckets_fill(nhg, gfp)) {
		kfree(nhg);
		return NULL;
	}
	g->bytes += netslice_nhg_bytes(nhg);
	return nhg;
}

static void netslice_nhg_ports_get(const struct netslice_nhgs *g,
				   const struct netslice_nhg *nhg)
{
	unsigned int i;

	for (i = 0; i < nhg->count; i++)
		g->ops->port_get(nhg->member[i].port);
}

static void netslice_nhg_ports_put(const struct netslice_nhgs *g,
				   const struct netslice_nhg *nhg)
{
	unsigned int i;

	for (i = 0; i < nhg->count; i++)
		g->ops->port_put(nhg->member[i].port);
}

static void netslice_nhg_link(struct netslice_nhgs *g, struct netslice_nhg *nhg,
			      u32 id)
{
	nhg->id = id;
	hlist_add_head(&nhg->link, netslice_nhgs_chain(g, &nhg->hash));
	netslice_nhg_ports_get(g, nhg);
	rcu_assign_pointer(netslice_nhgs_array(g)->slot[id], nhg);
	g->count++;
}

static struct netslice_nhg *
netslice_nhg_make(struct netslice_nhgs *g, const struct netslice_nhg_spec *spec,
		  struct netslice_digest_member *canon, const u8 *order,
		  const struct netslice_digest_value *hash, gfp_t gfp)
{
	struct netslice_nhg *nhg;
	u32 id;

	if (g->count >= g->max)
		return ERR_PTR(-EDQUOT);
	netslice_nhgs_reap(g);
	nhg = netslice_nhg_alloc(g, spec, canon, order, gfp);
	if (!nhg)
		return ERR_PTR(-ENOMEM);
	nhg->hash = *hash;
	id = netslice_nhgs_number(g, gfp);
	if (!id) {
		netslice_nhg_free(g, nhg);
		return ERR_PTR(-ENOMEM);
	}
	netslice_nhgs_rehash(g, gfp);
	netslice_nhg_link(g, nhg, id);
	return nhg;
}

/**
 * netslice_nhg_get - find a group, or make it, and take a reference
 * @g: the groups
 * @spec: what the group shall be
 * @gfp: how to allocate
 *
 * Context: Process context, writers' lock held. May sleep.
 * Return: the group, or an error pointer: -EINVAL (type, number of members for the
 * type, port name), -E2BIG (too many members), -ERANGE (weight), -EAFNOSUPPORT
 * (gateway's family), -EEXIST (same port and gateway twice), -EDQUOT (limit on
 * groups), -ENOMEM.
 */
struct netslice_nhg *netslice_nhg_get(struct netslice_nhgs *g,
				      const struct netslice_nhg_spec *spec,
				      gfp_t gfp)
{
	struct netslice_digest_member *canon = g->canon;
	u8 order[NETSLICE_MAX_NEXTHOPS];
	struct netslice_digest_value hash;
	struct netslice_nhg *nhg;
	int err;

	err = netslice_nhg_spec_check(spec);
	if (!err)
		err = netslice_nhg_canon(spec, canon, order);
	if (err)
		return ERR_PTR(err);
	netslice_digest_group_hash(spec->type, spec->flags, canon, spec->count,
				   &hash);
	nhg = netslice_nhgs_lookup(g, spec, order, &hash);
	if (!nhg)
		return netslice_nhg_make(g, spec, canon, order, &hash, gfp);
	nhg->refs++;
	return nhg;
}

/**
 * netslice_nhg_hold - take one more reference to a group
 * @nhg: the group, referenced
 *
 * Context: Writers' lock held.
 */
void netslice_nhg_hold(struct netslice_nhg *nhg)
{
	nhg->refs++;
}

/* The number is free again, and the group gone */
static void netslice_nhgs_release(struct netslice_nhgs *g,
				  struct netslice_nhg *nhg)
{
	RCU_INIT_POINTER(netslice_nhgs_array(g)->slot[nhg->id], NULL);
	g->free[g->free_count++] = nhg->id;
	netslice_nhg_free(g, nhg);
}

/**
 * netslice_nhg_put - give a reference back
 * @g: the groups
 * @nhg: the group
 *
 * With the last one its ports are put, and it waits for a grace period. No table
 * holds its number any more.
 *
 * Context: Process context, writers' lock held.
 */
void netslice_nhg_put(struct netslice_nhgs *g, struct netslice_nhg *nhg)
{
	if (--nhg->refs)
		return;
	hlist_del(&nhg->link);
	g->count--;
	netslice_nhg_ports_put(g, nhg);
	if (!g->live) {
		netslice_nhgs_release(g, nhg);
		return;
	}
	nhg->cookie = start_poll_synchronize_rcu();
	list_add_tail(&nhg->dying, &g->dying);
	netslice_nhgs_reap(g);
}

/**
 * netslice_nhgs_reap - free groups whose grace period is over
 * @g: the groups
 *
 * Context: Process context, writers' lock held.
 */
void netslice_nhgs_reap(struct netslice_nhgs *g)
{
	struct netslice_nhg *nhg, *next;

	list_for_each_entry_safe(nhg, next, &g->dying, dying) {
		if (!poll_state_synchronize_rcu(nhg->cookie))
			break;
		list_del(&nhg->dying);
		netslice_nhgs_release(g, nhg);
	}
}

/**
 * netslice_nhgs_use_port - does any group go through a port?
 * @g: the groups
 * @port: the port
 *
 * Context: Writers' lock held.
 * Return: whether one does.
 */
bool netslice_nhgs_use_port(const struct netslice_nhgs *g, const void *port)
{
	const struct netslice_nhg *nhg;
	unsigned int i;
	u32 h;

	for (h = 0; h < g->hash_size; h++)
		hlist_for_each_entry(nhg, &g->hash[h], link)
			for (i = 0; i < nhg->count; i++)
				if (nhg->member[i].port == port)
					return true;
	return false;
}

/**
 * netslice_nhgs_init - start without groups
 * @g: the groups
 * @ops: how ports are referenced
 * @lock: what serialises writers; NULL in single-threaded use
 * @max: limit on groups
 * @gfp: how to allocate
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int netslice_nhgs_init(struct netslice_nhgs *g, const struct netslice_nhg_ops *ops,
		       struct mutex *lock, u32 max, gfp_t gfp)
{
	struct netslice_nhg_array *a;

	memset(g, 0, sizeof(*g));
	INIT_LIST_HEAD(&g->dying);
	a = netslice_nhgs_array_alloc(NETSLICE_NHG_ARRAY_MIN, gfp);
	g->free = kvmalloc_array(NETSLICE_NHG_ARRAY_MIN, sizeof(*g->free), gfp);
	g->hash = kvcalloc(NETSLICE_NHG_HASH_MIN, sizeof(*g->hash), gfp);
	if (!a || !g->free || !g->hash) {
		kvfree(a);
		kvfree(g->free);
		kvfree(g->hash);
		g->free = NULL;
		g->hash = NULL;
		return -ENOMEM;
	}
	g->ops = ops;
	g->lock = lock;
	g->max = min_t(u32, max, NETSLICE_TABLE_VALUE_MAX);
	g->next = 1;
	g->hash_size = NETSLICE_NHG_HASH_MIN;
	g->bytes = netslice_nhgs_array_bytes(a->size) +
		   a->size * sizeof(*g->free) + g->hash_size * sizeof(*g->hash);
	RCU_INIT_POINTER(g->array, a);
	return 0;
}

/* One slot: in use, waiting for its grace period, or empty */
static void netslice_nhgs_drop(struct netslice_nhgs *g, struct netslice_nhg *nhg)
{
	if (nhg && nhg->refs)
		netslice_nhg_ports_put(g, nhg);
	if (nhg)
		netslice_nhg_free(g, nhg);
}

/**
 * netslice_nhgs_destroy - free all groups and put their ports
 * @g: the groups, initialised; destroying them twice does nothing
 *
 * Context: Process context, a grace period after readers lost them. May sleep.
 */
void netslice_nhgs_destroy(struct netslice_nhgs *g)
{
	struct netslice_nhg_array *a = rcu_dereference_protected(g->array, true);
	u32 i;

	for (i = 1; a && i < g->next; i++) {
		netslice_nhgs_drop(g, rcu_dereference_protected(a->slot[i], true));
		cond_resched();
	}
	RCU_INIT_POINTER(g->array, NULL);
	kvfree(a);
	kvfree(g->free);
	kvfree(g->hash);
	g->free = NULL;
	g->hash = NULL;
	g->hash_size = 0;
}

/**
 * netslice_nhgs_publish - readers may see the groups from now on
 * @g: the groups
 *
 * Context: Writers' lock held.
 */
void netslice_nhgs_publish(struct netslice_nhgs *g)
{
	g->live = true;
}

static struct netslice_nhg *netslice_nhg_dup(struct netslice_nhgs *g,
					     const struct netslice_nhg *nhg,
					     gfp_t gfp)
{
	struct netslice_nhg *copy;

	copy = kmemdup(nhg, struct_size(nhg, member, nhg->count), gfp);
	if (!copy)
		return NULL;
	if (nhg->bucket) {
		copy->bucket = kmemdup(nhg->bucket, NETSLICE_NHG_BUCKETS, gfp);
		if (!copy->bucket) {
			kfree(copy);
			return NULL;
		}
	}
	g->bytes += netslice_nhg_bytes(copy);
	return copy;
}

/* Same number, same references; a number not in use becomes a free one */
static int netslice_nhgs_copy_slot(struct netslice_nhgs *to,
				   const struct netslice_nhg *nhg, u32 id, gfp_t gfp)
{
	struct netslice_nhg *copy;

	if (!nhg || !nhg->refs) {
		to->free[to->free_count++] = id;
		return 0;
	}
	copy = netslice_nhg_dup(to, nhg, gfp);
	if (!copy)
		return -ENOMEM;
	netslice_nhgs_rehash(to, gfp);
	netslice_nhg_link(to, copy, id);
	return 0;
}

/**
 * netslice_nhgs_copy - make groups equal to others, number by number
 * @to: initialised, empty, not live
 * @from: the groups to copy, their writers' lock held
 * @gfp: how to allocate
 *
 * Context: Process context. May sleep.
 * Return: 0; or -ENOMEM, with @to fit only to be destroyed.
 */
int netslice_nhgs_copy(struct netslice_nhgs *to, const struct netslice_nhgs *from,
		       gfp_t gfp)
{
	const struct netslice_nhg_array *a = netslice_nhgs_array(from);
	int err = 0;

	while (!err && netslice_nhgs_array(to)->size < a->size)
		err = netslice_nhgs_widen(to, gfp);
	while (!err && to->next < from->next) {
		err = netslice_nhgs_copy_slot(to,
					      rcu_dereference_protected(a->slot[to->next],
									netslice_nhgs_held(from)),
					      to->next, gfp);
		if (!err)
			to->next++;
		cond_resched();
	}
	return err;
}
