/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sequence numbers of one flow have arrived.
 *
 * Every number since 0 is remembered, so that a duplicate is one however late
 * it comes: a bit each, in chunks of 8,192 that are given up for a mark once
 * they are full. Memory therefore follows what is missing, not what was sent.
 *
 * Reordered is RFC 4737 section 3.3: a packet whose number is below NextExp,
 * the highest seen so far plus one. Only the first copy to arrive is judged so;
 * a second one is a duplicate and counts as that alone.
 */
#ifndef TOOLS_SEQ_H
#define TOOLS_SEQ_H

#include <stdint.h>

enum seq_kind { SEQ_NEXT, SEQ_REORDERED, SEQ_DUPLICATE, SEQ_REFUSED };

struct seq {
	uint64_t next;		/* NextExp */
	uint64_t distinct;
	uint64_t duplicated;
	uint64_t reordered;
	uint64_t refused;	/* absurdly far ahead: not ours */
	uint64_t first, last;	/* numbers of the first and the latest arrival */
	struct seq_chunk **chunk;
	uint64_t chunks;
};

enum seq_kind seq_add(struct seq *s, uint64_t n);

/* Calls @gap for each range missing in [0, upto), at most @max. Return: ranges called for. */
uint64_t seq_gaps(const struct seq *s, uint64_t upto, uint64_t max,
		  void (*gap)(uint64_t from, uint64_t to, void *arg), void *arg);

#endif
