/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Longest-prefix match for IPv4 and IPv6, read under RCU without locks.
 * The structure and its invariants are described in table.c.
 *
 * Writers are serialised by the mutex handed to netslice_table_init(). A table
 * that no reader can see yet is not live and frees what it replaces at once;
 * netslice_table_publish() makes it live, and from then on everything replaced
 * is freed after a grace period (the module's exit must rcu_barrier()).
 */
#ifndef NETSLICE_TABLE_H
#define NETSLICE_TABLE_H

#include <linux/types.h>
#include <linux/bitops.h>
#include <linux/in6.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <asm/byteorder.h>

#define NETSLICE_TABLE_STRIDE		6
#define NETSLICE_TABLE_FANOUT		(1 << NETSLICE_TABLE_STRIDE)
#define NETSLICE_TABLE_LEAF		1UL	/* tag of a word that is a leaf */
#define NETSLICE_TABLE_VALUE_BITS	22
#define NETSLICE_TABLE_VALUE_MAX	((1U << NETSLICE_TABLE_VALUE_BITS) - 1)

/*
 * A word is a leaf (prefix length << 23 | value << 1 | 1), or a node's address.
 * A slot with neither child nor route holds the leaf of length 0, value 0.
 */
struct netslice_table_node {
	u64 children;		/* slots that hold a node */
	u64 runs;		/* leaf slots that differ from the leaf before */
	unsigned long child[];	/* one word per child, then one u32 per run */
};

struct netslice_table_root {
	struct rcu_head rcu;
	u32 bits;		/* of the key that index @slot: 0, 6, 12, 18 */
	bool absorbed;		/* its nodes' slots stand in its successor */
	unsigned long slot[];
};

struct netslice_table_change;

struct netslice_table {
	struct netslice_table_root __rcu *root;
	struct netslice_table_change *spare;
	u32 dflt;		/* value of the prefix of length 0 */
	u8 key_bits;
	bool live;
	struct mutex *lock;	/* serialises writers; NULL: nobody else has it */
	u32 nodes;
	size_t bytes;		/* all memory of the table */
};

int netslice_table_init(struct netslice_table *t, unsigned int key_bits,
			struct mutex *lock, gfp_t gfp);
void netslice_table_destroy(struct netslice_table *t);
void netslice_table_publish(struct netslice_table *t);
int netslice_table_copy(struct netslice_table *to,
			const struct netslice_table *from, gfp_t gfp);
int netslice_table_insert(struct netslice_table *t, const u8 *prefix, u8 plen,
			  u32 value, gfp_t gfp);
int netslice_table_remove(struct netslice_table *t, const u8 *prefix, u8 plen,
			  u8 cover_plen, u32 cover_value, gfp_t gfp);
int netslice_table_fit(struct netslice_table *t, u32 routes, gfp_t gfp);
u32 netslice_table_lookup(const struct netslice_table *t, const u8 *addr);

static inline bool netslice_table_held(const struct netslice_table *t)
{
	return !t->lock || lockdep_is_held(t->lock);
}

static inline u32 netslice_table_leaf_value(unsigned long leaf)
{
	return leaf >> 1 & NETSLICE_TABLE_VALUE_MAX;
}

static inline unsigned int netslice_table_leaf_plen(unsigned long leaf)
{
	return (u32)leaf >> (NETSLICE_TABLE_VALUE_BITS + 1);
}

static inline u32 *netslice_table_leaves(const struct netslice_table_node *n)
{
	return (u32 *)&n->child[hweight64(n->children)];
}

/* One step down: the word in slot @i of @n */
static __always_inline unsigned long
netslice_table_step(const struct netslice_table_node *n, unsigned int i)
{
	u64 below = (1ULL << i) - 1;

	if (n->children >> i & 1)
		return READ_ONCE(n->child[hweight64(n->children & below)]);
	return READ_ONCE(netslice_table_leaves(n)[hweight64(n->runs & (below << 1 | 1)) - 1]);
}

static __always_inline u32
netslice_table_result(const struct netslice_table *t, unsigned long leaf)
{
	return netslice_table_leaf_value(leaf) ?: READ_ONCE(t->dflt);
}

/**
 * netslice_table_lookup4 - longest match for an IPv4 address
 * @t: a table of 32 key bits
 * @addr: the address
 *
 * Context: RCU read side, or the writers' lock held.
 * Return: the value of the longest prefix that covers @addr, 0 if none does.
 */
static __always_inline u32 netslice_table_lookup4(const struct netslice_table *t,
						  __be32 addr)
{
	const struct netslice_table_root *root;
	u64 key = (u64)be32_to_cpu(addr) << 32;
	unsigned long word;

	root = rcu_dereference_check(t->root, netslice_table_held(t));
	word = READ_ONCE(root->slot[key >> 1 >> (63 - root->bits)]);
	key <<= root->bits;
	while (!(word & NETSLICE_TABLE_LEAF)) {
		word = netslice_table_step((const struct netslice_table_node *)word,
					   key >> 58);
		key <<= NETSLICE_TABLE_STRIDE;
	}
	return netslice_table_result(t, word);
}

/**
 * netslice_table_lookup6 - longest match for an IPv6 address
 * @t: a table of 128 key bits
 * @addr: the address
 *
 * Context: RCU read side, or the writers' lock held.
 * Return: the value of the longest prefix that covers @addr, 0 if none does.
 */
static __always_inline u32 netslice_table_lookup6(const struct netslice_table *t,
						  const struct in6_addr *addr)
{
	u64 hi = (u64)be32_to_cpu(addr->s6_addr32[0]) << 32 |
		 be32_to_cpu(addr->s6_addr32[1]);
	u64 lo = (u64)be32_to_cpu(addr->s6_addr32[2]) << 32 |
		 be32_to_cpu(addr->s6_addr32[3]);
	const struct netslice_table_root *root;
	unsigned long word;

	root = rcu_dereference_check(t->root, netslice_table_held(t));
	word = READ_ONCE(root->slot[hi >> 1 >> (63 - root->bits)]);
	hi = hi << root->bits | lo >> 1 >> (63 - root->bits);
	lo <<= root->bits;
	while (!(word & NETSLICE_TABLE_LEAF)) {
		word = netslice_table_step((const struct netslice_table_node *)word,
					   hi >> 58);
		hi = hi << NETSLICE_TABLE_STRIDE | lo >> 58;
		lo <<= NETSLICE_TABLE_STRIDE;
	}
	return netslice_table_result(t, word);
}

#endif /* NETSLICE_TABLE_H */
