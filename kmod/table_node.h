/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nodes of a table: packing 64 slots into one, unpacking, copying, freeing.
 * Private to table.c and table_node.c.
 */
#ifndef NETSLICE_TABLE_NODE_H
#define NETSLICE_TABLE_NODE_H

#include "table.h"

#define NETSLICE_TABLE_EMPTY	NETSLICE_TABLE_LEAF

static inline bool netslice_table_is_leaf(unsigned long word)
{
	return word & NETSLICE_TABLE_LEAF;
}

static inline struct netslice_table_node *netslice_table_node(unsigned long word)
{
	return (struct netslice_table_node *)word;
}

static inline unsigned long netslice_table_leaf(u8 plen, u32 value)
{
	return (unsigned long)plen << (NETSLICE_TABLE_VALUE_BITS + 1) |
	       (unsigned long)value << 1 | NETSLICE_TABLE_LEAF;
}

static inline bool netslice_table_has_child(const struct netslice_table_node *n,
					    unsigned int slot)
{
	return n->children >> slot & 1;
}

static inline unsigned long *netslice_table_child(struct netslice_table_node *n,
						  unsigned int slot)
{
	return &n->child[hweight64(n->children & ((1ULL << slot) - 1))];
}

static inline size_t netslice_table_node_size(u64 children, u64 runs)
{
	return sizeof(struct netslice_table_node) +
	       hweight64(children) * sizeof(unsigned long) +
	       hweight64(runs) * sizeof(u32);
}

static inline size_t netslice_table_root_size(unsigned int bits)
{
	return sizeof(struct netslice_table_root) +
	       (sizeof(unsigned long) << bits);
}

void netslice_table_node_free(struct netslice_table *t,
			      struct netslice_table_node *n);
void netslice_table_unpack(unsigned long word, unsigned long *slots);
unsigned long netslice_table_pack(struct netslice_table *t,
				  const unsigned long *slots, gfp_t gfp);
void netslice_table_free_below(struct netslice_table *t, unsigned long word);
unsigned long netslice_table_copy_below(struct netslice_table *t,
					unsigned long word, gfp_t gfp);
struct netslice_table_root *netslice_table_root_alloc(unsigned int bits,
						      gfp_t gfp);
void netslice_table_root_free(struct rcu_head *rcu);

#endif /* NETSLICE_TABLE_NODE_H */
