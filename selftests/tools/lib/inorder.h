/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts frames of several ports into the order of their arrival. The ring gives
 * them as CPUs got round to them; held back for a while they are sorted by the
 * kernel's stamps.
 */
#ifndef TOOLS_INORDER_H
#define TOOLS_INORDER_H

#include "wire.h"

struct inorder {
	struct wire *held;	/* [first, end), oldest first */
	size_t first, end, room;
	uint64_t given_ns;	/* stamp of the last one given out */
	uint64_t late;		/* came when a younger one had been given out already */
};

void inorder_add(struct inorder *q, const struct wire *w);
/* Gives out all that are older than @before. */
void inorder_give(struct inorder *q, uint64_t before,
		  void (*take)(const struct wire *w, void *arg), void *arg);

#endif
