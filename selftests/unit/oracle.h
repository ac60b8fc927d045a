/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What longest-prefix match must answer, by looking at every prefix. And random
 * prefixes of the kinds that are hard on tries.
 */
#ifndef NETSLICE_ORACLE_H
#define NETSLICE_ORACLE_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ORACLE_MAX 8192

/* Asserting through check writes to a pipe each time: too slow in inner loops */
#define must(cond, ...) \
	do { \
		if (!(cond)) \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

struct oracle_prefix {
	uint8_t addr[16];
	uint8_t plen;
	uint32_t value;
};

struct oracle {
	unsigned int bits;	/* 32 or 128 */
	unsigned int n;
	struct oracle_prefix p[ORACLE_MAX];
};

static uint64_t oracle_state;

static inline void oracle_seed(uint64_t seed)
{
	oracle_state = seed;
}

/* splitmix */
static inline uint64_t oracle_random(void)
{
	uint64_t x = oracle_state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static inline unsigned int oracle_below(unsigned int n)
{
	return oracle_random() % n;
}

static inline bool oracle_bit(const uint8_t *addr, unsigned int i)
{
	return addr[i / 8] >> (7 - i % 8) & 1;
}

static inline void oracle_cut(uint8_t *addr, unsigned int plen)
{
	unsigned int i;

	for (i = plen; i < 128; i++)
		addr[i / 8] &= ~(1U << (7 - i % 8));
}

static inline bool oracle_covers(const struct oracle_prefix *p, const uint8_t *addr)
{
	unsigned int i;

	for (i = 0; i < p->plen; i++)
		if (oracle_bit(p->addr, i) != oracle_bit(addr, i))
			return false;
	return true;
}

static inline struct oracle_prefix *oracle_find(struct oracle *o,
						const uint8_t *addr, unsigned int plen)
{
	unsigned int i;

	for (i = 0; i < o->n; i++)
		if (o->p[i].plen == plen && !memcmp(o->p[i].addr, addr, 16))
			return &o->p[i];
	return NULL;
}

/* The longest prefix shorter than @below that covers @addr, or NULL */
static inline const struct oracle_prefix *
oracle_match(const struct oracle *o, const uint8_t *addr, unsigned int below)
{
	const struct oracle_prefix *best = NULL;
	unsigned int i;

	for (i = 0; i < o->n; i++)
		if (o->p[i].plen < below && (!best || o->p[i].plen > best->plen) &&
		    oracle_covers(&o->p[i], addr))
			best = &o->p[i];
	return best;
}

static inline uint32_t oracle_lookup(const struct oracle *o, const uint8_t *addr)
{
	const struct oracle_prefix *p = oracle_match(o, addr, 129);

	return p ? p->value : 0;
}

static inline void oracle_set(struct oracle *o, const uint8_t *addr,
			      unsigned int plen, uint32_t value)
{
	struct oracle_prefix *p = oracle_find(o, addr, plen);

	if (!p) {
		must(o->n < ORACLE_MAX, "too many prefixes");
		p = &o->p[o->n++];
		memcpy(p->addr, addr, 16);
		p->plen = plen;
	}
	p->value = value;
}

static inline void oracle_del(struct oracle *o, struct oracle_prefix *p)
{
	*p = o->p[--o->n];
}

/* Addresses where mistakes show: a prefix's first and last, and their neighbours */
static inline void oracle_edge(const struct oracle *o, const struct oracle_prefix *p,
			       unsigned int which, uint8_t *addr)
{
	unsigned int i, bytes = o->bits / 8;

	memcpy(addr, p->addr, 16);
	for (i = p->plen; which & 1 && i < o->bits; i++)
		addr[i / 8] |= 1U << (7 - i % 8);
	if (!(which & 2))
		return;
	for (i = bytes; i--;) {
		addr[i] += which & 1 ? 1 : -1;
		if (addr[i] != (which & 1 ? 0 : 0xff))
			break;
	}
}

enum oracle_kind {
	ORACLE_UNIFORM,		/* any address, any length */
	ORACLE_DENSE,		/* few addresses, so that prefixes nest and recur */
	ORACLE_CHAIN,		/* all lengths of one address */
	ORACLE_SIBLINGS,	/* neighbours of one length: they add up to their parent */
	ORACLE_KINDS
};

static inline void oracle_prefix_random(const struct oracle *o, enum oracle_kind kind,
					struct oracle_prefix *p)
{
	unsigned int i, bytes = o->bits / 8;

	memset(p, 0, sizeof(*p));
	p->plen = oracle_below(o->bits + 1);
	p->value = 1 + oracle_below(4);
	for (i = 0; i < bytes; i++)
		p->addr[i] = kind == ORACLE_UNIFORM ? oracle_random() : 0x5a;
	if (kind == ORACLE_DENSE)
		for (i = 0; i < 3; i++)
			p->addr[oracle_below(bytes)] ^= 1U << oracle_below(8);
	if (kind == ORACLE_SIBLINGS) {
		p->plen = o->bits - oracle_below(2) * 7 - oracle_below(2);
		p->addr[bytes - 1] = oracle_random();
		p->addr[bytes - 2] = oracle_below(2);
		p->value = 1;
	}
	oracle_cut(p->addr, p->plen);
}

#endif /* NETSLICE_ORACLE_H */
