// SPDX-License-Identifier: GPL-2.0-only
/*
 * Longest-prefix match: a multibit trie with a direct-indexed top.
 *
 * A key's first bits index an array, the root; each further 6 bits index a node
 * of 64 slots. A slot holds a word: the address of a node one level down, or a
 * leaf. Nodes are packed: two bitmaps say which slots hold a node and which leaf
 * differs from the leaf before it, and only those are stored; counting bits finds
 * them. The root takes 0, 6, 12 or 18 bits, by the number of routes, so that a small
 * slice pays for a few nodes and a big one saves three levels.
 *
 * Prefixes are pushed to the leaves: a lookup reads the one leaf it ends at, and
 * never turns back. A leaf is value and length of the longest prefix that covers
 * it. The length is what makes updates possible without looking at any other
 * prefix: adding P overwrites, inside P, the leaves of prefixes no longer than P;
 * removing P overwrites the same leaves, which are all P's own, with the prefix that
 * covers P, which the caller knows.
 *
 * The prefix of length 0 covers everything and would be pushed everywhere. It
 * stands beside the trie: an empty leaf means it.
 *
 * Invariants
 *  - A node is never uniform: 64 equal leaves are one leaf one level up. So shape
 *    and size follow from the routes and the root's bits alone, in whatever order
 *    the routes came and went.
 *  - A node's bitmaps never change. Its child words change only from node to node,
 *    its leaves only in value.
 *
 * How a change is made. P ends in one node, the target. The target is replaced by a
 * copy, whose address is stored in the word that held the target's: one store, and
 * readers see the old node or the new. Only if the word was a leaf, or becomes one,
 * its own node has to be copied too, and so on upwards. All copies are made before
 * the store, so that a failure changes nothing. Below the target, inside P, every
 * run of leaves belongs wholly to P or to longer prefixes: there leaves are
 * overwritten in place, which needs no memory and cannot fail. A lookup therefore
 * sees a change at once or not yet; lookups of different addresses inside P may
 * differ for the moment that the overwriting takes.
 *
 * What was replaced is freed after a grace period; one record carries all nodes of
 * a change.
 */

#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "table.h"
#include "table_node.h"

#define NETSLICE_TABLE_LEVELS	22	/* strides in 128 bits, rounded up */

/* Routes from which on the root takes 6, 12, 18 bits */
static const u32 netslice_table_steps[] = { 32, 2048, 131072 };

struct netslice_table_key {
	u64 hi, lo;
};

/* A change in the making; once made, what has to be freed after a grace period */
struct netslice_table_change {
	struct rcu_head rcu;
	struct netslice_table_key key;
	unsigned long leaf;
	gfp_t gfp;
	u8 plen;
	u8 n_new;
	u8 n_old;
	struct netslice_table_node *new[NETSLICE_TABLE_LEVELS];
	struct netslice_table_node *old[NETSLICE_TABLE_LEVELS];
};

/* Where a change went down: the word it met, and where that stands */
struct netslice_table_path {
	unsigned long *at;	/* NULL: in no word of its own yet */
	unsigned long word;
	unsigned int slot;	/* taken from here downwards */
};

static struct netslice_table_root *
netslice_table_root(const struct netslice_table *t)
{
	return rcu_dereference_protected(t->root, netslice_table_held(t));
}

static u64 netslice_table_load(const u8 *p, unsigned int n)
{
	u64 v = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v << (64 - 8 * n);
}

static struct netslice_table_key
netslice_table_key(const struct netslice_table *t, const u8 *prefix)
{
	struct netslice_table_key key = { 0 };

	if (t->key_bits == 32) {
		key.hi = netslice_table_load(prefix, 4);
	} else {
		key.hi = netslice_table_load(prefix, 8);
		key.lo = netslice_table_load(prefix + 8, 8);
	}
	return key;
}

/* Six bits of the key from @offset on; bits beyond the key are zero */
static unsigned int netslice_table_slot(const struct netslice_table_key *key,
					unsigned int offset)
{
	u64 bits;

	if (offset >= 64)
		bits = key->lo << (offset - 64);
	else
		bits = key->hi << offset | key->lo >> 1 >> (63 - offset);
	return bits >> 58;
}

static unsigned long *netslice_table_root_word(struct netslice_table_root *root,
					       const struct netslice_table_key *key)
{
	return &root->slot[key->hi >> 1 >> (63 - root->bits)];
}

static void netslice_table_change_free(struct rcu_head *rcu)
{
	struct netslice_table_change *ch;
	unsigned int i;

	ch = container_of(rcu, struct netslice_table_change, rcu);
	for (i = 0; i < ch->n_old; i++)
		kfree(ch->old[i]);
	kfree(ch);
}

/* Is the leaf @word one that the change overwrites? */
static bool netslice_table_hits(const struct netslice_table_change *ch,
				unsigned long word)
{
	return netslice_table_leaf_plen(word) <= ch->plen;
}

/* Slots of a node at @offset that the change's prefix covers */
static unsigned int netslice_table_span(const struct netslice_table_change *ch,
					unsigned int offset)
{
	return 1U << (offset + NETSLICE_TABLE_STRIDE - ch->plen);
}

/* Return: whether a slot changed */
static bool netslice_table_overwrite(const struct netslice_table_change *ch,
				     unsigned int offset, unsigned long *slots)
{
	unsigned int first = netslice_table_slot(&ch->key, offset);
	unsigned int i, span = netslice_table_span(ch, offset);
	bool changed = false;

	for (i = first; i < first + span; i++) {
		if (!netslice_table_is_leaf(slots[i]) || slots[i] == ch->leaf ||
		    !netslice_table_hits(ch, slots[i]))
			continue;
		slots[i] = ch->leaf;
		changed = true;
	}
	return changed;
}

/* Every leaf of every node at and below @word; nothing here can fail */
static void netslice_table_fill(const struct netslice_table_change *ch,
				unsigned long word)
{
	struct netslice_table_node *n = netslice_table_node(word);
	unsigned int i, children = hweight64(n->children);
	unsigned int runs = hweight64(n->runs);
	u32 *leaves = netslice_table_leaves(n);

	for (i = 0; i < runs; i++)
		if (netslice_table_hits(ch, leaves[i]))
			WRITE_ONCE(leaves[i], (u32)ch->leaf);
	for (i = 0; i < children; i++)
		netslice_table_fill(ch, n->child[i]);
	cond_resched();
}

/* The words of the root that the prefix covers, and all below them */
static void netslice_table_fill_root(struct netslice_table_root *root,
				     const struct netslice_table_change *ch)
{
	unsigned long *at = netslice_table_root_word(root, &ch->key);
	size_t i, span = 1UL << (root->bits - ch->plen);

	for (i = 0; i < span; i++) {
		if (!netslice_table_is_leaf(at[i]))
			netslice_table_fill(ch, at[i]);
		else if (netslice_table_hits(ch, at[i]))
			WRITE_ONCE(at[i], ch->leaf);
	}
}

/* What is below the target node and inside the prefix */
static void netslice_table_fill_target(struct netslice_table_root *root,
				       const struct netslice_table_change *ch)
{
	unsigned long word = *netslice_table_root_word(root, &ch->key);
	unsigned int i, slot, span, offset = root->bits;
	struct netslice_table_node *n;

	for (;; offset += NETSLICE_TABLE_STRIDE) {
		if (netslice_table_is_leaf(word))
			return;
		n = netslice_table_node(word);
		slot = netslice_table_slot(&ch->key, offset);
		if (ch->plen <= offset + NETSLICE_TABLE_STRIDE)
			break;
		if (!netslice_table_has_child(n, slot))
			return;
		word = *netslice_table_child(n, slot);
	}
	span = netslice_table_span(ch, offset);
	for (i = slot; i < slot + span; i++)
		if (netslice_table_has_child(n, i))
			netslice_table_fill(ch, *netslice_table_child(n, i));
}

/* Down to the target. Return: its depth, *@offset the key bits before it */
static unsigned int netslice_table_descend(struct netslice_table_root *root,
					   const struct netslice_table_change *ch,
					   struct netslice_table_path *path,
					   unsigned int *offset)
{
	unsigned int depth = 0;
	struct netslice_table_node *n;

	path->at = netslice_table_root_word(root, &ch->key);
	path->word = *path->at;
	for (*offset = root->bits; ch->plen > *offset + NETSLICE_TABLE_STRIDE;
	     *offset += NETSLICE_TABLE_STRIDE, path++, depth++) {
		path->slot = netslice_table_slot(&ch->key, *offset);
		path[1].at = NULL;
		path[1].word = path->word;
		if (netslice_table_is_leaf(path->word))
			continue;
		n = netslice_table_node(path->word);
		if (netslice_table_has_child(n, path->slot)) {
			path[1].at = netslice_table_child(n, path->slot);
			path[1].word = *path[1].at;
		} else {
			path[1].word = netslice_table_step(n, path->slot);
		}
	}
	return depth;
}

static unsigned long netslice_table_renew(struct netslice_table *t,
					  struct netslice_table_change *ch,
					  unsigned long old,
					  const unsigned long *slots)
{
	unsigned long word = netslice_table_pack(t, slots, ch->gfp);

	if (!word)
		return 0;
	if (!netslice_table_is_leaf(word))
		ch->new[ch->n_new++] = netslice_table_node(word);
	if (!netslice_table_is_leaf(old))
		ch->old[ch->n_old++] = netslice_table_node(old);
	return word;
}

/*
 * Copies upwards until the new word can stand where the old one stands.
 * Return: 0, *@at where to store *@word (NULL: nothing changed); or -ENOMEM.
 */
static int netslice_table_prepare(struct netslice_table *t,
				  struct netslice_table_change *ch,
				  unsigned long **at, unsigned long *word)
{
	struct netslice_table_path path[NETSLICE_TABLE_LEVELS];
	unsigned long slots[NETSLICE_TABLE_FANOUT];
	unsigned int offset, depth;

	*at = NULL;
	depth = netslice_table_descend(netslice_table_root(t), ch, path, &offset);
	netslice_table_unpack(path[depth].word, slots);
	if (!netslice_table_overwrite(ch, offset, slots))
		return 0;
	for (;;) {
		*word = netslice_table_renew(t, ch, path[depth].word, slots);
		if (!*word)
			return -ENOMEM;
		if (!depth || (path[depth].at &&
			       !netslice_table_is_leaf(*word)))
			break;
		depth--;
		netslice_table_unpack(path[depth].word, slots);
		slots[path[depth].slot] = *word;
	}
	*at = path[depth].at;
	return 0;
}

static struct netslice_table_change *
netslice_table_change_begin(struct netslice_table *t, const u8 *prefix, u8 plen,
			    gfp_t gfp)
{
	struct netslice_table_change *ch = t->spare;

	t->spare = NULL;
	if (!ch)
		ch = kmalloc(sizeof(*ch), gfp);
	if (!ch)
		return NULL;
	ch->key = netslice_table_key(t, prefix);
	ch->plen = plen;
	ch->gfp = gfp;
	ch->n_new = 0;
	ch->n_old = 0;
	return ch;
}

static void netslice_table_change_abort(struct netslice_table *t,
					struct netslice_table_change *ch)
{
	while (ch->n_new)
		netslice_table_node_free(t, ch->new[--ch->n_new]);
	t->spare = ch;
}

static void netslice_table_change_end(struct netslice_table *t,
				      struct netslice_table_change *ch)
{
	unsigned int i;

	if (t->live && ch->n_old) {
		for (i = 0; i < ch->n_old; i++) {
			t->bytes -= netslice_table_node_size(ch->old[i]->children,
							     ch->old[i]->runs);
			t->nodes--;
		}
		call_rcu(&ch->rcu, netslice_table_change_free);
		return;
	}
	for (i = 0; i < ch->n_old; i++)
		netslice_table_node_free(t, ch->old[i]);
	t->spare = ch;
}

static int netslice_table_apply(struct netslice_table *t,
				struct netslice_table_change *ch)
{
	struct netslice_table_root *root = netslice_table_root(t);
	unsigned long *at, word;
	int err;

	/*
	 * What a value stands for was published before: pairs with the read
	 * barrier in netslice_nhg_find(), between reading a value and using it.
	 */
	smp_wmb();
	if (ch->plen <= root->bits) {
		netslice_table_fill_root(root, ch);
	} else {
		err = netslice_table_prepare(t, ch, &at, &word);
		if (err) {
			netslice_table_change_abort(t, ch);
			return err;
		}
		if (at) {
			/* The new nodes' contents before their address */
			smp_store_release(at, word);
		}
		netslice_table_fill_target(root, ch);
	}
	netslice_table_change_end(t, ch);
	return 0;
}

/**
 * netslice_table_insert - add a prefix, or change its value
 * @t: the table
 * @prefix: network order, 4 or 16 bytes, bits beyond @plen zero
 * @plen: its length
 * @value: 1 to NETSLICE_TABLE_VALUE_MAX
 * @gfp: how to allocate
 *
 * Context: Process context, writers' lock held. May sleep.
 * Return: 0, or -ENOMEM with the table as it was.
 */
int netslice_table_insert(struct netslice_table *t, const u8 *prefix, u8 plen,
			  u32 value, gfp_t gfp)
{
	struct netslice_table_change *ch;

	if (!plen) {
		/* As in netslice_table_apply() */
		smp_wmb();
		WRITE_ONCE(t->dflt, value);
		return 0;
	}
	ch = netslice_table_change_begin(t, prefix, plen, gfp);
	if (!ch)
		return -ENOMEM;
	ch->leaf = netslice_table_leaf(plen, value);
	return netslice_table_apply(t, ch);
}

/**
 * netslice_table_remove - take a prefix out
 * @t: the table
 * @prefix: a prefix that is in the table
 * @plen: its length
 * @cover_plen: length of the longest other prefix that covers it, 0 if none
 *	does or if it is the prefix of length 0
 * @cover_value: that prefix's value
 * @gfp: how to allocate
 *
 * Context: Process context, writers' lock held. May sleep.
 * Return: 0, or -ENOMEM with the table as it was.
 */
int netslice_table_remove(struct netslice_table *t, const u8 *prefix, u8 plen,
			  u8 cover_plen, u32 cover_value, gfp_t gfp)
{
	struct netslice_table_change *ch;

	if (!plen) {
		WRITE_ONCE(t->dflt, 0);
		return 0;
	}
	ch = netslice_table_change_begin(t, prefix, plen, gfp);
	if (!ch)
		return -ENOMEM;
	ch->leaf = cover_plen ? netslice_table_leaf(cover_plen, cover_value) :
				NETSLICE_TABLE_EMPTY;
	return netslice_table_apply(t, ch);
}

static void netslice_table_root_replace(struct netslice_table *t,
					struct netslice_table_root *root)
{
	struct netslice_table_root *old = netslice_table_root(t);

	t->bytes += netslice_table_root_size(root->bits);
	t->bytes -= netslice_table_root_size(old->bits);
	rcu_assign_pointer(t->root, root);
	if (t->live)
		call_rcu(&old->rcu, netslice_table_root_free);
	else
		netslice_table_root_free(&old->rcu);
}

/* Six bits more: the slots of the top nodes become the root's */
static int netslice_table_widen(struct netslice_table *t, gfp_t gfp)
{
	struct netslice_table_root *old = netslice_table_root(t), *root;
	struct netslice_table_node *n;
	size_t i;

	root = netslice_table_root_alloc(old->bits + NETSLICE_TABLE_STRIDE, gfp);
	if (!root)
		return -ENOMEM;
	for (i = 0; i < 1UL << old->bits; i++) {
		netslice_table_unpack(old->slot[i],
				      &root->slot[i * NETSLICE_TABLE_FANOUT]);
		if (netslice_table_is_leaf(old->slot[i]))
			continue;
		n = netslice_table_node(old->slot[i]);
		t->bytes -= netslice_table_node_size(n->children, n->runs);
		t->nodes--;
	}
	old->absorbed = true;
	netslice_table_root_replace(t, root);
	return 0;
}

/* Six bits fewer */
static int netslice_table_narrow(struct netslice_table *t, gfp_t gfp)
{
	struct netslice_table_root *old = netslice_table_root(t), *root;
	size_t i;

	root = netslice_table_root_alloc(old->bits - NETSLICE_TABLE_STRIDE, gfp);
	if (!root)
		return -ENOMEM;
	for (i = 0; i < 1UL << root->bits; i++) {
		root->slot[i] = netslice_table_pack(t,
						    &old->slot[i * NETSLICE_TABLE_FANOUT], gfp);
		if (!root->slot[i])
			goto free;
	}
	netslice_table_root_replace(t, root);
	return 0;

free:
	while (i--)
		if (!netslice_table_is_leaf(root->slot[i]))
			netslice_table_node_free(t, netslice_table_node(root->slot[i]));
	kvfree(root);
	return -ENOMEM;
}

/**
 * netslice_table_fit - give the root the size that suits the number of routes
 * @t: the table
 * @routes: number of prefixes in it
 * @gfp: how to allocate
 *
 * A step down comes at half the number of the step up, so that a table at the
 * border does not go back and forth.
 *
 * Context: Process context, writers' lock held. May sleep.
 * Return: 0, or -ENOMEM: lookups are right at any size.
 */
int netslice_table_fit(struct netslice_table *t, u32 routes, gfp_t gfp)
{
	unsigned int step = netslice_table_root(t)->bits / NETSLICE_TABLE_STRIDE;
	int err = 0;

	while (!err && step < ARRAY_SIZE(netslice_table_steps) &&
	       routes >= netslice_table_steps[step]) {
		err = netslice_table_widen(t, gfp);
		step++;
	}
	while (!err && step && routes < netslice_table_steps[step - 1] / 2) {
		err = netslice_table_narrow(t, gfp);
		step--;
	}
	return err;
}

/**
 * netslice_table_init - make an empty table
 * @t: the table
 * @key_bits: 32 or 128
 * @lock: what serialises writers; NULL in single-threaded use
 * @gfp: how to allocate
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int netslice_table_init(struct netslice_table *t, unsigned int key_bits,
			struct mutex *lock, gfp_t gfp)
{
	struct netslice_table_root *root;

	memset(t, 0, sizeof(*t));
	root = netslice_table_root_alloc(0, gfp);
	if (!root)
		return -ENOMEM;
	t->key_bits = key_bits;
	t->lock = lock;
	t->bytes = netslice_table_root_size(0);
	RCU_INIT_POINTER(t->root, root);
	return 0;
}

/**
 * netslice_table_destroy - free a table that no reader can see any more
 * @t: the table, initialised; destroying it twice does nothing
 *
 * Context: Process context, a grace period after readers lost it. May sleep.
 */
void netslice_table_destroy(struct netslice_table *t)
{
	struct netslice_table_root *root;
	size_t i;

	root = rcu_dereference_protected(t->root, true);
	if (!root)
		return;
	for (i = 0; i < 1UL << root->bits; i++)
		netslice_table_free_below(t, root->slot[i]);
	kvfree(root);
	RCU_INIT_POINTER(t->root, NULL);
	kfree(t->spare);
	t->spare = NULL;
}

/**
 * netslice_table_publish - readers may see the table from now on
 * @t: the table
 *
 * Context: Writers' lock held.
 */
void netslice_table_publish(struct netslice_table *t)
{
	t->live = true;
}

/**
 * netslice_table_copy - make a table equal to another
 * @to: initialised, empty, not live
 * @from: of the same number of key bits; its writers' lock held
 * @gfp: how to allocate
 *
 * Context: Process context. May sleep.
 * Return: 0, or -ENOMEM with @to empty.
 */
int netslice_table_copy(struct netslice_table *to,
			const struct netslice_table *from, gfp_t gfp)
{
	struct netslice_table_root *old = netslice_table_root(from), *root;
	size_t i;

	root = netslice_table_root_alloc(old->bits, gfp);
	if (!root)
		return -ENOMEM;
	for (i = 0; i < 1UL << old->bits; i++) {
		root->slot[i] = netslice_table_copy_below(to, old->slot[i], gfp);
		if (!root->slot[i])
			goto free;
	}
	netslice_table_root_replace(to, root);
	to->dflt = from->dflt;
	return 0;

free:
	while (i--)
		netslice_table_free_below(to, root->slot[i]);
	kvfree(root);
	return -ENOMEM;
}

/**
 * netslice_table_lookup - longest match for an address of either family
 * @t: the table
 * @addr: 4 or 16 bytes in network order, by the table's key bits
 *
 * Context: RCU read side, or the writers' lock held.
 * Return: the value of the longest prefix that covers @addr, 0 if none does.
 */
u32 netslice_table_lookup(const struct netslice_table *t, const u8 *addr)
{
	struct in6_addr addr6;
	__be32 addr4;

	if (t->key_bits == 32) {
		memcpy(&addr4, addr, sizeof(addr4));
		return netslice_table_lookup4(t, addr4);
	}
	memcpy(&addr6, addr, sizeof(addr6));
	return netslice_table_lookup6(t, &addr6);
}
