/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The routes of one family in the order of prefix and length: a B+ tree of
 * packed entries, 12 bytes for IPv4 and 24 for IPv6. Serialised by its owner;
 * packets never come here. Described in routes.c.
 */
#ifndef NETSLICE_ROUTES_H
#define NETSLICE_ROUTES_H

#include <linux/types.h>
#include <linux/slab.h>

/**
 * struct netslice_routes_entry - one route, unpacked
 * @addr: prefix in network order, IPv4 in the first four bytes
 * @plen: prefix length
 * @owner: the owner's tag
 * @group: number of the next-hop group
 */
struct netslice_routes_entry {
	u8 addr[16];
	u8 plen;
	u8 owner;
	u32 group;
};

struct netslice_routes_node;

struct netslice_routes {
	struct netslice_routes_node *root;	/* NULL: empty */
	u8 addr_len;
	u8 height;				/* of the root; a leaf's is 0 */
	u32 count;
	size_t bytes;
};

void netslice_routes_init(struct netslice_routes *r, unsigned int key_bits);
void netslice_routes_destroy(struct netslice_routes *r);
int netslice_routes_insert(struct netslice_routes *r,
			   const struct netslice_routes_entry *e, gfp_t gfp);
int netslice_routes_copy(struct netslice_routes *to,
			 const struct netslice_routes *from, gfp_t gfp);
bool netslice_routes_find(const struct netslice_routes *r, const u8 *addr,
			  u8 plen, struct netslice_routes_entry *e);
bool netslice_routes_update(struct netslice_routes *r,
			    const struct netslice_routes_entry *e);
bool netslice_routes_delete(struct netslice_routes *r, const u8 *addr, u8 plen);
bool netslice_routes_next(const struct netslice_routes *r, const u8 *addr,
			  u8 plen, struct netslice_routes_entry *e);
bool netslice_routes_first(const struct netslice_routes *r,
			   struct netslice_routes_entry *e);
bool netslice_routes_cover(const struct netslice_routes *r, const u8 *addr,
			   u8 plen, struct netslice_routes_entry *e);

#endif /* NETSLICE_ROUTES_H */
