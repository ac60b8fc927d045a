// SPDX-License-Identifier: GPL-2.0-only
/*
 * The routes of one family in order: a B+ tree of packed entries.
 *
 * There may be millions of routes in two generations, and what is kept of each is
 * little: prefix, length, owner, group. So they stand packed in nodes of 1 KiB:
 * 84 IPv4 or 42 IPv6 routes a leaf, 12 and 24 bytes each. Routes that arrive in
 * order fill the leaves, random ones about seven tenths of them: 17 and 35 bytes a
 * route. Order costs nothing and gives dumps that resume at any prefix, the prefix
 * that covers another, and copies made node by node.
 *
 * An inner node holds for each child a separator, not greater than any route in
 * the child and greater than any route in the child before; the first child's
 * means nothing but is kept, since it becomes one when nodes are joined. Nodes are
 * split when full, before anything is changed, with all memory at hand: a failed
 * insert changes nothing. A node that falls under a quarter is joined with a
 * neighbour if both fit in one, an empty one is freed: deleting needs no memory.
 */

#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "routes_node.h"

#define NETSLICE_ROUTES_HEIGHT	12

/* From the root, path[height], down to a leaf, path[0] */
struct netslice_routes_path {
	struct netslice_routes_node *node;
	u32 i;		/* child taken; in the leaf, first entry above the key */
};

/* The first of node's entries, from @from on, that is above @key */
static u32 netslice_routes_upper(const struct netslice_routes *r,
				 const struct netslice_routes_node *node,
				 u32 from, const struct netslice_routes_key *key)
{
	u32 lo = from, hi = node->n, mid;
	struct netslice_routes_key at;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		netslice_routes_key_at(r, node, mid, &at);
		if (netslice_routes_above(&at, key))
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* The tree is not empty */
static void netslice_routes_seek(const struct netslice_routes *r,
				 const struct netslice_routes_key *key,
				 struct netslice_routes_path *path)
{
	struct netslice_routes_node *node = r->root;
	unsigned int level;

	for (level = r->height; level; level--) {
		path[level].node = node;
		path[level].i = netslice_routes_upper(r, node, 1, key) - 1;
		node = *netslice_routes_child(r, node, path[level].i);
	}
	path[0].node = node;
	path[0].i = netslice_routes_upper(r, node, 0, key);
}

/* To the first entry of the next leaf. Return: false if there is none */
static bool netslice_routes_right(const struct netslice_routes *r,
				  struct netslice_routes_path *path)
{
	unsigned int level = 1;

	while (level <= r->height && path[level].i + 1 == path[level].node->n)
		level++;
	if (level > r->height)
		return false;
	path[level].i++;
	for (; level; level--) {
		path[level - 1].node = *netslice_routes_child(r, path[level].node,
							      path[level].i);
		path[level - 1].i = 0;
	}
	return true;
}

/* Beyond the last entry of the leaf before. Return: false if there is none */
static bool netslice_routes_left(const struct netslice_routes *r,
				 struct netslice_routes_path *path)
{
	unsigned int level = 1;

	while (level <= r->height && !path[level].i)
		level++;
	if (level > r->height)
		return false;
	path[level].i--;
	for (; level; level--) {
		path[level - 1].node = *netslice_routes_child(r, path[level].node,
							      path[level].i);
		path[level - 1].i = path[level - 1].node->n - (level > 1);
	}
	return true;
}

/* Stands @path on the entry of this key? Then its place is path[0].i - 1 */
static bool netslice_routes_hit(const struct netslice_routes *r,
				const struct netslice_routes_path *path,
				const struct netslice_routes_key *key)
{
	struct netslice_routes_key at;

	if (!path[0].i)
		return false;
	netslice_routes_key_at(r, path[0].node, path[0].i - 1, &at);
	return netslice_routes_same(&at, key);
}

static struct netslice_routes_node *
netslice_routes_node_alloc(struct netslice_routes *r, gfp_t gfp)
{
	struct netslice_routes_node *node = kmalloc(sizeof(*node), gfp);

	if (node) {
		node->n = 0;
		r->bytes += sizeof(*node);
	}
	return node;
}

static void netslice_routes_node_free(struct netslice_routes *r,
				      struct netslice_routes_node *node)
{
	r->bytes -= sizeof(*node);
	kfree(node);
}

/* Moves the entries from @from on, with their children, to place @to of @dst */
static void netslice_routes_move(const struct netslice_routes *r,
				 unsigned int level,
				 struct netslice_routes_node *dst, u32 to,
				 struct netslice_routes_node *src, u32 from)
{
	u32 n = src->n - from;

	memmove(netslice_routes_at(r, dst, to), netslice_routes_at(r, src, from),
		n * netslice_routes_stride(r));
	if (level)
		memmove(netslice_routes_child(r, dst, to),
			netslice_routes_child(r, src, from), n * sizeof(void *));
}

/* Is @place, at @level, behind everything in the tree? */
static bool netslice_routes_edge(const struct netslice_routes *r,
				 unsigned int level, u32 place,
				 const struct netslice_routes_path *path)
{
	if (place < path[level].node->n)
		return false;
	while (++level <= r->height)
		if (path[level].i + 1 < path[level].node->n)
			return false;
	return true;
}

/*
 * Splits the full node that path[level] stands in; @right is empty and takes its
 * upper half. At the right edge, where a sorted load arrives, it takes nothing, so
 * that the nodes the load leaves behind are full.
 */
static void netslice_routes_split(const struct netslice_routes *r,
				  unsigned int level, u32 place,
				  const struct netslice_routes_path *path,
				  struct netslice_routes_node *right)
{
	struct netslice_routes_node *left = path[level].node;
	bool edge = netslice_routes_edge(r, level, place, path);
	u32 keep = edge ? left->n : left->n / 2;

	netslice_routes_move(r, level, right, 0, left, keep);
	right->n = left->n - keep;
	left->n = keep;
}

static void netslice_routes_open(const struct netslice_routes *r,
				 unsigned int level,
				 struct netslice_routes_node *node, u32 place)
{
	netslice_routes_move(r, level, node, place + 1, node, place);
	node->n++;
}

/* Nodes that an insert at @path needs: one for each full one, and a new root */
static unsigned int netslice_routes_needs(const struct netslice_routes *r,
					  const struct netslice_routes_path *path)
{
	unsigned int level = 0;

	while (level <= r->height &&
	       path[level].node->n == netslice_routes_max(r, level))
		level++;
	return level + (level > r->height);
}

static int netslice_routes_reserve(struct netslice_routes *r,
				   struct netslice_routes_node **fresh,
				   unsigned int n, gfp_t gfp)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		fresh[i] = netslice_routes_node_alloc(r, gfp);
		if (!fresh[i])
			goto free;
	}
	return 0;

free:
	while (i--)
		netslice_routes_node_free(r, fresh[i]);
	return -ENOMEM;
}

static void netslice_routes_separator(const struct netslice_routes *r,
				      struct netslice_routes_node *to, u32 i,
				      const struct netslice_routes_node *from)
{
	memcpy(netslice_routes_at(r, to, i), netslice_routes_at(r, from, 0),
	       netslice_routes_stride(r));
}

/* A root above the two halves of the old one */
static void netslice_routes_grow(struct netslice_routes *r,
				 struct netslice_routes_node *root,
				 struct netslice_routes_node *right)
{
	netslice_routes_separator(r, root, 0, r->root);
	netslice_routes_separator(r, root, 1, right);
	*netslice_routes_child(r, root, 0) = r->root;
	*netslice_routes_child(r, root, 1) = right;
	root->n = 2;
	r->root = root;
	r->height++;
}

/* Puts the entry, or then the split-off nodes, in; upwards until one has room */
static void netslice_routes_place(struct netslice_routes *r,
				  struct netslice_routes_path *path,
				  struct netslice_routes_node **fresh,
				  const struct netslice_routes_entry *e)
{
	struct netslice_routes_node *node, *right, *child = NULL;
	unsigned int level, top = r->height;
	u32 place = path[0].i;

	for (level = 0;; level++) {
		node = path[level].node;
		right = NULL;
		if (node->n == netslice_routes_max(r, level)) {
			right = *fresh++;
			netslice_routes_split(r, level, place, path, right);
			if (place > node->n || !right->n) {
				place -= node->n;
				node = right;
			}
		}
		netslice_routes_open(r, level, node, place);
		if (level) {
			netslice_routes_separator(r, node, place, child);
			*netslice_routes_child(r, node, place) = child;
		} else {
			netslice_routes_store(r, node, place, e);
		}
		if (!right)
			return;
		child = right;
		if (level == top)
			break;
		place = path[level + 1].i + 1;
	}
	netslice_routes_grow(r, *fresh, child);
}

/**
 * netslice_routes_insert - add a route
 * @r: the routes
 * @e: the route; its prefix is not there
 * @gfp: how to allocate
 *
 * Context: Serialised by the owner. May sleep.
 * Return: 0, or -ENOMEM with the routes as they were.
 */
int netslice_routes_insert(struct netslice_routes *r,
			   const struct netslice_routes_entry *e, gfp_t gfp)
{
	struct netslice_routes_node *fresh[NETSLICE_ROUTES_HEIGHT + 1];
	struct netslice_routes_path path[NETSLICE_ROUTES_HEIGHT];
	struct netslice_routes_key key;
	int err;

	if (!r->root) {
		r->root = netslice_routes_node_alloc(r, gfp);
		if (!r->root)
			return -ENOMEM;
	}
	netslice_routes_key_load(r, e->addr, e->plen, &key);
	netslice_routes_seek(r, &key, path);
	err = netslice_routes_reserve(r, fresh, netslice_routes_needs(r, path), gfp);
	if (err)
		return err;
	netslice_routes_place(r, path, fresh, e);
	r->count++;
	return 0;
}

/**
 * netslice_routes_find - find the route of a prefix
 * @r: the routes
 * @addr: prefix in network order
 * @plen: its length
 * @e: the result
 *
 * Context: Serialised by the owner.
 * Return: whether it is there.
 */
bool netslice_routes_find(const struct netslice_routes *r, const u8 *addr,
			  u8 plen, struct netslice_routes_entry *e)
{
	struct netslice_routes_path path[NETSLICE_ROUTES_HEIGHT];
	struct netslice_routes_key key;

	if (!r->root)
		return false;
	netslice_routes_key_load(r, addr, plen, &key);
	netslice_routes_seek(r, &key, path);
	if (!netslice_routes_hit(r, path, &key))
		return false;
	netslice_routes_load(r, path[0].node, path[0].i - 1, e);
	return true;
}

/**
 * netslice_routes_update - change owner and group of a route
 * @r: the routes
 * @e: the route as it shall be
 *
 * Context: Serialised by the owner.
 * Return: whether its prefix is there.
 */
bool netslice_routes_update(struct netslice_routes *r,
			    const struct netslice_routes_entry *e)
{
	struct netslice_routes_path path[NETSLICE_ROUTES_HEIGHT];
	struct netslice_routes_key key;

	if (!r->root)
		return false;
	netslice_routes_key_load(r, e->addr, e->plen, &key);
	netslice_routes_seek(r, &key, path);
	if (!netslice_routes_hit(r, path, &key))
		return false;
	netslice_routes_store(r, path[0].node, path[0].i - 1, e);
	return true;
}

static void netslice_routes_close(const struct netslice_routes *r,
				  unsigned int level,
				  struct netslice_routes_node *node, u32 place)
{
	netslice_routes_move(r, level, node, place, node, place + 1);
	node->n--;
}

/* Joins child @i + 1 of @parent, at @level, into child @i, if both fit in one */
static bool netslice_routes_join(struct netslice_routes *r,
				 struct netslice_routes_node *parent, u32 i,
				 unsigned int level)
{
	struct netslice_routes_node *left, *right;

	if (i + 1 >= parent->n)
		return false;
	left = *netslice_routes_child(r, parent, i);
	right = *netslice_routes_child(r, parent, i + 1);
	if (left->n + right->n > netslice_routes_max(r, level))
		return false;
	if (level)
		memcpy(netslice_routes_at(r, right, 0),
		       netslice_routes_at(r, parent, i + 1),
		       netslice_routes_stride(r));
	netslice_routes_move(r, level, left, left->n, right, 0);
	left->n += right->n;
	netslice_routes_close(r, level + 1, parent, i + 1);
	netslice_routes_node_free(r, right);
	return true;
}

/* After a delete at path[level]: false if the parent did not change */
static bool netslice_routes_thin(struct netslice_routes *r,
				 const struct netslice_routes_path *path,
				 unsigned int level)
{
	struct netslice_routes_node *node = path[level].node;
	struct netslice_routes_node *parent = path[level + 1].node;
	u32 i = path[level + 1].i;

	if (!node->n) {
		netslice_routes_close(r, level + 1, parent, i);
		netslice_routes_node_free(r, node);
		return true;
	}
	if (node->n > netslice_routes_max(r, level) / 4)
		return false;
	return netslice_routes_join(r, parent, i, level) ||
	       (i && netslice_routes_join(r, parent, i - 1, level));
}

/* A root with one child gives way to it; a leaf without entries to nothing */
static void netslice_routes_shrink(struct netslice_routes *r)
{
	struct netslice_routes_node *root = r->root;

	while (r->height && root->n == 1) {
		r->root = *netslice_routes_child(r, root, 0);
		r->height--;
		netslice_routes_node_free(r, root);
		root = r->root;
	}
	if (!r->count) {
		netslice_routes_node_free(r, root);
		r->root = NULL;
		r->height = 0;
	}
}

/**
 * netslice_routes_delete - take a route out
 * @r: the routes
 * @addr: prefix in network order
 * @plen: its length
 *
 * Context: Serialised by the owner. Needs no memory.
 * Return: whether it was there.
 */
bool netslice_routes_delete(struct netslice_routes *r, const u8 *addr, u8 plen)
{
	struct netslice_routes_path path[NETSLICE_ROUTES_HEIGHT];
	struct netslice_routes_key key;
	unsigned int level;

	if (!r->root)
		return false;
	netslice_routes_key_load(r, addr, plen, &key);
	netslice_routes_seek(r, &key, path);
	if (!netslice_routes_hit(r, path, &key))
		return false;
	netslice_routes_close(r, 0, path[0].node, path[0].i - 1);
	r->count--;
	for (level = 0; level < r->height; level++)
		if (!netslice_routes_thin(r, path, level))
			break;
	netslice_routes_shrink(r);
	return true;
}

/**
 * netslice_routes_next - the route after a prefix
 * @r: the routes
 * @addr: prefix in network order, which need not be there
 * @plen: its length
 * @e: the result
 *
 * Context: Serialised by the owner.
 * Return: whether there is one.
 */
bool netslice_routes_next(const struct netslice_routes *r, const u8 *addr,
			  u8 plen, struct netslice_routes_entry *e)
{
	struct netslice_routes_path path[NETSLICE_ROUTES_HEIGHT];
	struct netslice_routes_key key;

	if (!r->root)
		return false;
	netslice_routes_key_load(r, addr, plen, &key);
	netslice_routes_seek(r, &key, path);
	if (path[0].i == path[0].node->n && !netslice_routes_right(r, path))
		return false;
	netslice_routes_load(r, path[0].node, path[0].i, e);
	return true;
}

/**
 * netslice_routes_first - the first route
 * @r: the routes
 * @e: the result
 *
 * Context: Serialised by the owner.
 * Return: whether there is one.
 */
bool netslice_routes_first(const struct netslice_routes *r,
			   struct netslice_routes_entry *e)
{
	const struct netslice_routes_node *node = r->root;
	unsigned int level;

	if (!node)
		return false;
	for (level = r->height; level; level--)
		node = *netslice_routes_child(r, node, 0);
	netslice_routes_load(r, node, 0, e);
	return true;
}

static void netslice_routes_mask(struct netslice_routes_key *key)
{
	key->lo &= key->plen > 64 ? ~0ULL << (128 - key->plen) : 0;
	if (key->plen < 64)
		key->hi &= key->plen ? ~0ULL << (64 - key->plen) : 0;
}

/* Leading bits that two keys have in common; they differ */
static u8 netslice_routes_common(const struct netslice_routes_key *a,
				 const struct netslice_routes_key *b)
{
	if (a->hi != b->hi)
		return 64 - fls64(a->hi ^ b->hi);
	return 128 - fls64(a->lo ^ b->lo);
}

/**
 * netslice_routes_cover - the longest other prefix that covers a prefix
 * @r: the routes
 * @addr: prefix in network order, which need not be there
 * @plen: its length, not 0
 * @e: the result
 *
 * Covers stand before what they cover. So the last route that is not after the
 * prefix cut to some length either is the cover, or shows, by the bits that it
 * shares with the prefix, how short the cover must at least be: cut and look again.
 *
 * Context: Serialised by the owner.
 * Return: whether there is one.
 */
bool netslice_routes_cover(const struct netslice_routes *r, const u8 *addr,
			   u8 plen, struct netslice_routes_entry *e)
{
	struct netslice_routes_path path[NETSLICE_ROUTES_HEIGHT];
	struct netslice_routes_key key, at, cut;

	if (!r->root)
		return false;
	netslice_routes_key_load(r, addr, plen - 1, &key);
	for (;;) {
		netslice_routes_mask(&key);
		netslice_routes_seek(r, &key, path);
		if (!path[0].i && !netslice_routes_left(r, path))
			return false;
		netslice_routes_key_at(r, path[0].node, path[0].i - 1, &at);
		cut = key;
		cut.plen = at.plen;
		netslice_routes_mask(&cut);
		if (at.plen <= key.plen && netslice_routes_same(&at, &cut))
			break;
		key.plen = netslice_routes_common(&at, &key);
	}
	netslice_routes_load(r, path[0].node, path[0].i - 1, e);
	return true;
}

/**
 * netslice_routes_init - start without routes
 * @r: the routes
 * @key_bits: 32 or 128
 */
void netslice_routes_init(struct netslice_routes *r, unsigned int key_bits)
{
	memset(r, 0, sizeof(*r));
	r->addr_len = key_bits / 8;
}

static void netslice_routes_free(struct netslice_routes *r,
				 struct netslice_routes_node *node,
				 unsigned int level)
{
	u32 i;

	for (i = 0; level && i < node->n; i++)
		netslice_routes_free(r, *netslice_routes_child(r, node, i),
				     level - 1);
	netslice_routes_node_free(r, node);
	cond_resched();
}

/**
 * netslice_routes_destroy - free all routes
 * @r: the routes, initialised; destroying them twice does nothing
 *
 * Context: Process context. May sleep.
 */
void netslice_routes_destroy(struct netslice_routes *r)
{
	if (r->root)
		netslice_routes_free(r, r->root, r->height);
	netslice_routes_init(r, 8 * r->addr_len);
}

/* Return: the copy, or NULL for want of memory */
static struct netslice_routes_node *
netslice_routes_node_copy(struct netslice_routes *r,
			  const struct netslice_routes_node *from,
			  unsigned int level, gfp_t gfp)
{
	struct netslice_routes_node *node = netslice_routes_node_alloc(r, gfp);
	struct netslice_routes_node *child;

	if (!node)
		return NULL;
	cond_resched();
	memcpy(node, from, sizeof(*node));
	if (!level)
		return node;
	for (node->n = 0; node->n < from->n; node->n++) {
		child = *netslice_routes_child(r, from, node->n);
		child = netslice_routes_node_copy(r, child, level - 1, gfp);
		if (!child) {
			netslice_routes_free(r, node, level);
			return NULL;
		}
		*netslice_routes_child(r, node, node->n) = child;
	}
	return node;
}

/**
 * netslice_routes_copy - make routes equal to others
 * @to: initialised, empty
 * @from: of the same family
 * @gfp: how to allocate
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM with @to empty.
 */
int netslice_routes_copy(struct netslice_routes *to,
			 const struct netslice_routes *from, gfp_t gfp)
{
	if (!from->root)
		return 0;
	to->root = netslice_routes_node_copy(to, from->root, from->height, gfp);
	if (!to->root)
		return -ENOMEM;
	to->height = from->height;
	to->count = from->count;
	return 0;
}
