// SPDX-License-Identifier: GPL-2.0-only
/* The nodes of a table: see table.c for what they are. */

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "table_node.h"

/**
 * netslice_table_node_free - free one node, not what is below it
 * @t: its table
 * @n: the node
 *
 * Context: No reader can see it any more.
 */
void netslice_table_node_free(struct netslice_table *t,
			      struct netslice_table_node *n)
{
	t->bytes -= netslice_table_node_size(n->children, n->runs);
	t->nodes--;
	kfree(n);
}

/**
 * netslice_table_unpack - all 64 slots of what a word stands for
 * @word: a node, or a leaf, which stands for 64 times itself
 * @slots: the result
 *
 * Context: Writers' lock held.
 */
void netslice_table_unpack(unsigned long word, unsigned long *slots)
{
	const struct netslice_table_node *n = netslice_table_node(word);
	unsigned long leaf = word;
	const u32 *leaves;
	unsigned int i, c = 0, l = 0;

	if (netslice_table_is_leaf(word)) {
		for (i = 0; i < NETSLICE_TABLE_FANOUT; i++)
			slots[i] = word;
		return;
	}
	leaves = netslice_table_leaves(n);
	for (i = 0; i < NETSLICE_TABLE_FANOUT; i++) {
		if (n->runs >> i & 1)
			leaf = leaves[l++];
		slots[i] = netslice_table_has_child(n, i) ? n->child[c++] : leaf;
	}
}

/**
 * netslice_table_pack - make the word that stands for 64 slots
 * @t: the table
 * @slots: the slots
 * @gfp: how to allocate
 *
 * Context: Writers' lock held. May sleep.
 * Return: a leaf if the slots are equal leaves, else a new node; 0 for want of
 * memory.
 */
unsigned long netslice_table_pack(struct netslice_table *t,
				  const unsigned long *slots, gfp_t gfp)
{
	struct netslice_table_node *n;
	u64 children = 0, runs = 0;
	unsigned long last = 0;
	unsigned int i, c = 0, l = 0;
	u32 *leaves;

	for (i = 0; i < NETSLICE_TABLE_FANOUT; i++) {
		if (!netslice_table_is_leaf(slots[i])) {
			children |= 1ULL << i;
		} else if (slots[i] != last) {
			runs |= 1ULL << i;
			last = slots[i];
		}
	}
	if (!children && runs == 1)
		return last;
	n = kmalloc(netslice_table_node_size(children, runs), gfp);
	if (!n)
		return 0;
	n->children = children;
	n->runs = runs;
	leaves = netslice_table_leaves(n);
	for (i = 0; i < NETSLICE_TABLE_FANOUT; i++) {
		if (children >> i & 1)
			n->child[c++] = slots[i];
		else if (runs >> i & 1)
			leaves[l++] = slots[i];
	}
	t->bytes += netslice_table_node_size(children, runs);
	t->nodes++;
	return (unsigned long)n;
}

/**
 * netslice_table_free_below - free what a word stands for, and all below it
 * @t: the table
 * @word: the word
 *
 * Recursion is as deep as the trie: 22 levels at most.
 *
 * Context: Process context; no reader can see it any more. May sleep.
 */
void netslice_table_free_below(struct netslice_table *t, unsigned long word)
{
	struct netslice_table_node *n = netslice_table_node(word);
	unsigned int i, children;

	if (netslice_table_is_leaf(word))
		return;
	children = hweight64(n->children);
	for (i = 0; i < children; i++)
		netslice_table_free_below(t, n->child[i]);
	netslice_table_node_free(t, n);
	cond_resched();
}

/**
 * netslice_table_copy_below - copy what a word stands for, and all below it
 * @t: the table that the copy is for
 * @word: the word, in a table whose writers' lock is held
 * @gfp: how to allocate
 *
 * Context: Process context. May sleep.
 * Return: the copy's word, or 0 for want of memory.
 */
unsigned long netslice_table_copy_below(struct netslice_table *t,
					unsigned long word, gfp_t gfp)
{
	struct netslice_table_node *n = netslice_table_node(word), *copy;
	unsigned int i, children;
	size_t size;

	if (netslice_table_is_leaf(word))
		return word;
	cond_resched();
	size = netslice_table_node_size(n->children, n->runs);
	copy = kmemdup(n, size, gfp);
	if (!copy)
		return 0;
	t->bytes += size;
	t->nodes++;
	children = hweight64(n->children);
	for (i = 0; i < children; i++) {
		copy->child[i] = netslice_table_copy_below(t, n->child[i], gfp);
		if (!copy->child[i])
			goto free;
	}
	return (unsigned long)copy;

free:
	while (i--)
		netslice_table_free_below(t, copy->child[i]);
	netslice_table_node_free(t, copy);
	return 0;
}

/**
 * netslice_table_root_alloc - make an empty root
 * @bits: of the key that index it
 * @gfp: how to allocate
 *
 * Context: Process context. May sleep.
 * Return: the root, or NULL for want of memory.
 */
struct netslice_table_root *netslice_table_root_alloc(unsigned int bits,
						      gfp_t gfp)
{
	struct netslice_table_root *root;
	size_t i;

	root = kvmalloc(netslice_table_root_size(bits), gfp);
	if (!root)
		return NULL;
	root->bits = bits;
	root->absorbed = false;
	for (i = 0; i < 1UL << bits; i++)
		root->slot[i] = NETSLICE_TABLE_EMPTY;
	return root;
}

/**
 * netslice_table_root_free - free a root that was replaced
 * @rcu: its head
 *
 * Context: RCU callback, or any context if no reader ever saw it.
 */
void netslice_table_root_free(struct rcu_head *rcu)
{
	struct netslice_table_root *root;
	size_t i;

	root = container_of(rcu, struct netslice_table_root, rcu);
	for (i = 0; root->absorbed && i < 1UL << root->bits; i++)
		if (!netslice_table_is_leaf(root->slot[i]))
			kfree(netslice_table_node(root->slot[i]));
	kvfree(root);
}
