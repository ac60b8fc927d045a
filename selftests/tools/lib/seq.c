// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "opt.h"
#include "seq.h"

#define CHUNK_BITS	8192u
#define FAR_AHEAD	(1ULL << 26)

struct seq_chunk {
	uint32_t left;
	uint64_t bit[CHUNK_BITS / 64];
};

static struct seq_chunk full;

static void grow(struct seq *s, uint64_t index)
{
	uint64_t chunks = s->chunks ? s->chunks : 16;

	while (chunks <= index)
		chunks *= 2;
	s->chunk = realloc(s->chunk, chunks * sizeof(*s->chunk));
	if (!s->chunk)
		die("out of memory");
	memset(s->chunk + s->chunks, 0, (chunks - s->chunks) * sizeof(*s->chunk));
	s->chunks = chunks;
}

static struct seq_chunk *chunk_of(struct seq *s, uint64_t n)
{
	uint64_t index = n / CHUNK_BITS;
	struct seq_chunk *c;

	if (index >= s->chunks)
		grow(s, index);
	c = s->chunk[index];
	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c)
		die("out of memory");
	c->left = CHUNK_BITS;
	s->chunk[index] = c;
	return c;
}

/* Return: true when the number was not there yet. */
static bool mark(struct seq *s, uint64_t n)
{
	struct seq_chunk *c = chunk_of(s, n);
	uint64_t *word = &c->bit[n % CHUNK_BITS / 64];
	uint64_t bit = 1ULL << (n % 64);

	if (c == &full || (*word & bit))
		return false;
	*word |= bit;
	if (--c->left == 0) {
		free(c);
		s->chunk[n / CHUNK_BITS] = &full;
	}
	return true;
}

static bool present(const struct seq *s, uint64_t n)
{
	uint64_t index = n / CHUNK_BITS;
	const struct seq_chunk *c = index < s->chunks ? s->chunk[index] : NULL;

	if (!c)
		return false;
	return c == &full || (c->bit[n % CHUNK_BITS / 64] >> (n % 64) & 1);
}

enum seq_kind seq_add(struct seq *s, uint64_t n)
{
	if (n >= s->next + FAR_AHEAD) {
		s->refused++;
		return SEQ_REFUSED;
	}
	if (!mark(s, n)) {
		s->duplicated++;
		return SEQ_DUPLICATE;
	}
	if (!s->distinct++)
		s->first = n;
	s->last = n;
	if (n < s->next) {
		s->reordered++;
		return SEQ_REORDERED;
	}
	s->next = n + 1;
	return SEQ_NEXT;
}

static bool chunk_is_full(const struct seq *s, uint64_t n)
{
	uint64_t index = n / CHUNK_BITS;

	return n % CHUNK_BITS == 0 && index < s->chunks && s->chunk[index] == &full;
}

uint64_t seq_gaps(const struct seq *s, uint64_t upto, uint64_t max,
		  void (*gap)(uint64_t from, uint64_t to, void *arg), void *arg)
{
	uint64_t found = 0, n = 0;

	while (n < upto && found < max) {
		uint64_t from;

		if (chunk_is_full(s, n)) {
			n += CHUNK_BITS;
			continue;
		}
		if (present(s, n)) {
			n++;
			continue;
		}
		for (from = n; n < upto && !present(s, n); n++)
			;
		gap(from, n - 1, arg);
		found++;
	}
	return found;
}
