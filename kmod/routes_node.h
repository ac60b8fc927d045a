/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How routes stand packed in a node of the B+ tree. Private to routes.c, where
 * the tree is described.
 */
#ifndef NETSLICE_ROUTES_NODE_H
#define NETSLICE_ROUTES_NODE_H

#include <linux/string.h>
#include <asm/byteorder.h>

#include "routes.h"

#define NETSLICE_ROUTES_NODE	1024
#define NETSLICE_ROUTES_DATA	(NETSLICE_ROUTES_NODE - 8)

struct netslice_routes_node {
	u32 n;
	u32 reserved;
	u8 data[NETSLICE_ROUTES_DATA] __aligned(8);
};

/* As stored */
struct netslice_routes_e4 {
	u32 addr;
	u32 group;
	u8 plen;
	u8 owner;
	u8 reserved[2];
};

struct netslice_routes_e6 {
	u64 hi, lo;
	u32 group;
	u8 plen;
	u8 owner;
	u8 reserved[2];
};

/* What routes are ordered by; IPv4 in the first 32 bits of @hi */
struct netslice_routes_key {
	u64 hi, lo;
	u8 plen;
};

static inline bool netslice_routes_is4(const struct netslice_routes *r)
{
	return r->addr_len == 4;
}

static inline size_t netslice_routes_stride(const struct netslice_routes *r)
{
	return netslice_routes_is4(r) ? sizeof(struct netslice_routes_e4) :
					sizeof(struct netslice_routes_e6);
}

static inline u32 netslice_routes_leaf_max(const struct netslice_routes *r)
{
	return NETSLICE_ROUTES_DATA / netslice_routes_stride(r);
}

/* Even, so that the children that follow the separators are aligned */
static inline u32 netslice_routes_inner_max(const struct netslice_routes *r)
{
	return NETSLICE_ROUTES_DATA /
	       (netslice_routes_stride(r) + sizeof(void *)) & ~1U;
}

static inline u32 netslice_routes_max(const struct netslice_routes *r, unsigned int level)
{
	return level ? netslice_routes_inner_max(r) : netslice_routes_leaf_max(r);
}

static inline void *netslice_routes_at(const struct netslice_routes *r,
				       const struct netslice_routes_node *node, u32 i)
{
	return (void *)(node->data + i * netslice_routes_stride(r));
}

static inline struct netslice_routes_node **
netslice_routes_child(const struct netslice_routes *r,
		      const struct netslice_routes_node *node, u32 i)
{
	struct netslice_routes_node **child;

	child = netslice_routes_at(r, node, netslice_routes_inner_max(r));
	return child + i;
}

static inline void netslice_routes_key_load(const struct netslice_routes *r,
					    const u8 *addr, u8 plen,
					    struct netslice_routes_key *key)
{
	__be64 words[2] = { 0 };

	memcpy(words, addr, r->addr_len);
	key->hi = be64_to_cpu(words[0]);
	key->lo = be64_to_cpu(words[1]);
	key->plen = plen;
}

static inline void netslice_routes_key_at(const struct netslice_routes *r,
					  const struct netslice_routes_node *node,
					  u32 i, struct netslice_routes_key *key)
{
	const struct netslice_routes_e4 *e4 = netslice_routes_at(r, node, i);
	const struct netslice_routes_e6 *e6 = netslice_routes_at(r, node, i);

	if (netslice_routes_is4(r)) {
		key->hi = (u64)e4->addr << 32;
		key->lo = 0;
		key->plen = e4->plen;
	} else {
		key->hi = e6->hi;
		key->lo = e6->lo;
		key->plen = e6->plen;
	}
}

static inline bool netslice_routes_above(const struct netslice_routes_key *a,
					 const struct netslice_routes_key *b)
{
	if (a->hi != b->hi)
		return a->hi > b->hi;
	if (a->lo != b->lo)
		return a->lo > b->lo;
	return a->plen > b->plen;
}

static inline bool netslice_routes_same(const struct netslice_routes_key *a,
					const struct netslice_routes_key *b)
{
	return a->hi == b->hi && a->lo == b->lo && a->plen == b->plen;
}

static inline void netslice_routes_load(const struct netslice_routes *r,
					const struct netslice_routes_node *node, u32 i,
					struct netslice_routes_entry *e)
{
	const struct netslice_routes_e4 *e4 = netslice_routes_at(r, node, i);
	const struct netslice_routes_e6 *e6 = netslice_routes_at(r, node, i);
	__be64 words[2] = { 0 };

	if (netslice_routes_is4(r)) {
		words[0] = cpu_to_be64((u64)e4->addr << 32);
		e->plen = e4->plen;
		e->owner = e4->owner;
		e->group = e4->group;
	} else {
		words[0] = cpu_to_be64(e6->hi);
		words[1] = cpu_to_be64(e6->lo);
		e->plen = e6->plen;
		e->owner = e6->owner;
		e->group = e6->group;
	}
	memcpy(e->addr, words, sizeof(e->addr));
}

static inline void netslice_routes_store(const struct netslice_routes *r,
					 struct netslice_routes_node *node, u32 i,
					 const struct netslice_routes_entry *e)
{
	struct netslice_routes_e4 *e4 = netslice_routes_at(r, node, i);
	struct netslice_routes_e6 *e6 = netslice_routes_at(r, node, i);
	struct netslice_routes_key key;

	netslice_routes_key_load(r, e->addr, e->plen, &key);
	if (netslice_routes_is4(r))
		*e4 = (struct netslice_routes_e4){
			.addr = key.hi >> 32, .group = e->group,
			.plen = e->plen, .owner = e->owner,
		};
	else
		*e6 = (struct netslice_routes_e6){
			.hi = key.hi, .lo = key.lo, .group = e->group,
			.plen = e->plen, .owner = e->owner,
		};
}

#endif /* NETSLICE_ROUTES_NODE_H */
