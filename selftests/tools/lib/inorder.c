// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "inorder.h"
#include "opt.h"

static void make_room(struct inorder *q)
{
	if (q->end < q->room)
		return;
	if (q->first) {
		memmove(q->held, q->held + q->first, (q->end - q->first) * sizeof(*q->held));
		q->end -= q->first;
		q->first = 0;
	}
	if (q->room && q->end < q->room / 2)
		return;
	q->room = q->room ? q->room * 2 : 4096;
	q->held = realloc(q->held, q->room * sizeof(*q->held));
	if (!q->held)
		die("out of memory");
}

void inorder_add(struct inorder *q, const struct wire *w)
{
	size_t at;

	if (w->at_ns < q->given_ns)
		q->late++;
	make_room(q);
	for (at = q->end; at > q->first && q->held[at - 1].at_ns > w->at_ns; at--)
		;
	memmove(q->held + at + 1, q->held + at, (q->end - at) * sizeof(*q->held));
	q->held[at] = *w;
	q->end++;
}

void inorder_give(struct inorder *q, uint64_t before,
		  void (*take)(const struct wire *w, void *arg), void *arg)
{
	while (q->first < q->end && q->held[q->first].at_ns < before) {
		q->given_ns = q->held[q->first].at_ns;
		take(&q->held[q->first], arg);
		q->first++;
	}
	if (q->first == q->end)
		q->first = q->end = 0;
}
