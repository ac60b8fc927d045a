// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hash by destination, and all entries in one array, so that going through
 * them needs no order. An entry knows its place in the array.
 */
#include "routeset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUTE_RUN_MAX	4096	/* a route of 32 next hops, encoded */
#define BUCKETS_MIN	64

struct entry {
	struct entry	*chain;
	size_t		at;
	uint32_t	hash;
	uint16_t	len;
	uint8_t		dst_len;
	uint8_t		plen;
	uint8_t		dst[16];
	uint8_t		run[];
};

struct routeset {
	struct entry		**bucket;
	size_t			buckets;	/* a power of two */
	struct entry		**entry;
	size_t			count;
	size_t			size;
	struct nsl_digest	digest;
};

struct routeset *routeset_new(void)
{
	struct routeset *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->buckets = BUCKETS_MIN;
	set->bucket = calloc(set->buckets, sizeof(*set->bucket));
	if (set->bucket)
		return set;
	free(set);
	return NULL;
}

void routeset_clear(struct routeset *set)
{
	while (set->count)
		free(set->entry[--set->count]);
	memset(set->bucket, 0, set->buckets * sizeof(*set->bucket));
	memset(&set->digest, 0, sizeof(set->digest));
}

void routeset_free(struct routeset *set)
{
	if (!set)
		return;
	routeset_clear(set);
	free(set->entry);
	free(set->bucket);
	free(set);
}

size_t routeset_count(const struct routeset *set)
{
	return set->count;
}

const struct nsl_digest *routeset_digest(const struct routeset *set)
{
	return &set->digest;
}

/* ---- one route ---- */

static uint32_t route_hash(const struct nsl_route *r)
{
	uint32_t hash = 2166136261U ^ r->plen ^ (uint32_t)r->dst_len << 8;
	unsigned int i;

	for (i = 0; i < r->dst_len; i++)
		hash = (hash ^ r->dst[i]) * 16777619U;
	return hash ^ hash >> 15;
}

static bool entry_is(const struct entry *e, uint32_t hash, const struct nsl_route *r)
{
	return e->hash == hash && e->dst_len == r->dst_len && e->plen == r->plen &&
	       !memcmp(e->dst, r->dst, r->dst_len);
}

/* Where the pointer to the entry stands, or to its place at the chain's end. */
static struct entry **entry_slot(const struct routeset *set, uint32_t hash,
				 const struct nsl_route *r)
{
	struct entry **at = &set->bucket[hash & (set->buckets - 1)];

	while (*at && !entry_is(*at, hash, r))
		at = &(*at)->chain;
	return at;
}

static void entry_read(const struct entry *e, struct nsl_route *r)
{
	size_t pos = 0;

	/* What stands here was encoded by us. */
	nsl_route_next(e->run, e->len, &pos, r, NULL);
}

static int set_widen(struct routeset *set)
{
	size_t buckets = set->buckets * 2, i;
	struct entry **bucket, *e;

	if (set->count < set->buckets)
		return 0;
	bucket = calloc(buckets, sizeof(*bucket));
	if (!bucket)
		return -ENOMEM;
	for (i = 0; i < set->count; i++) {
		e = set->entry[i];
		e->chain = bucket[e->hash & (buckets - 1)];
		bucket[e->hash & (buckets - 1)] = e;
	}
	free(set->bucket);
	set->bucket = bucket;
	set->buckets = buckets;
	return 0;
}

static int set_room(struct routeset *set)
{
	size_t size = set->size ? set->size * 2 : BUCKETS_MIN;
	struct entry **entry;

	if (set->count < set->size)
		return set_widen(set);
	entry = realloc(set->entry, size * sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	set->entry = entry;
	set->size = size;
	return set_widen(set);
}

static struct entry *entry_new(const struct nsl_route *r, uint32_t hash)
{
	uint8_t run[ROUTE_RUN_MAX];
	struct entry *e;
	size_t len = 0;

	if (nsl_route_put(run, sizeof(run), &len, r))
		return NULL;
	e = calloc(1, sizeof(*e) + len);
	if (!e)
		return NULL;
	e->hash = hash;
	e->len = (uint16_t)len;
	e->dst_len = r->dst_len;
	e->plen = r->plen;
	memcpy(e->dst, r->dst, r->dst_len);
	memcpy(e->run, run, len);
	return e;
}

static void entry_replace(struct routeset *set, struct entry **slot, struct entry *e)
{
	struct entry *old = *slot;
	struct nsl_route was;

	entry_read(old, &was);
	nsl_digest_del(&set->digest, &was);
	e->chain = old->chain;
	e->at = old->at;
	set->entry[e->at] = e;
	*slot = e;
	free(old);
}

int routeset_put(struct routeset *set, const struct nsl_route *r)
{
	uint32_t hash = route_hash(r);
	struct entry *e, **slot;

	if (nsl_route_check(r, NULL))
		return -EINVAL;
	if (set_room(set))
		return -ENOMEM;
	e = entry_new(r, hash);
	if (!e)
		return -ENOMEM;
	slot = entry_slot(set, hash, r);
	if (*slot) {
		entry_replace(set, slot, e);
	} else {
		*slot = e;
		e->at = set->count;
		set->entry[set->count++] = e;
	}
	nsl_digest_add(&set->digest, r);
	return 0;
}

int routeset_del(struct routeset *set, const struct nsl_route *key)
{
	uint32_t hash = route_hash(key);
	struct entry **slot = entry_slot(set, hash, key), *e = *slot;
	struct nsl_route was;

	if (!e)
		return -ENOENT;
	entry_read(e, &was);
	nsl_digest_del(&set->digest, &was);
	*slot = e->chain;
	set->entry[e->at] = set->entry[--set->count];
	set->entry[e->at]->at = e->at;
	free(e);
	return 0;
}

bool routeset_find(const struct routeset *set, const struct nsl_route *key,
		   struct nsl_route *route)
{
	struct entry *e = *entry_slot(set, route_hash(key), key);

	if (e)
		entry_read(e, route);
	return e;
}

/* ---- all of them ---- */

bool routeset_next(const struct routeset *set, size_t *pos, struct nsl_route *route)
{
	if (*pos >= set->count)
		return false;
	entry_read(set->entry[(*pos)++], route);
	return true;
}

unsigned int routeset_run(const struct routeset *set, size_t *pos, void *buf, size_t size,
			  unsigned int max, size_t *len)
{
	const struct entry *e;
	unsigned int n = 0;

	*len = 0;
	while (*pos < set->count && n < max) {
		e = set->entry[*pos];
		if (e->len > size - *len)
			break;
		memcpy((uint8_t *)buf + *len, e->run, e->len);
		*len += e->len;
		(*pos)++;
		n++;
	}
	return n;
}

void *routeset_flat(const struct routeset *set, size_t *len)
{
	size_t all = 1, pos = 0, i;
	void *run;

	for (i = 0; i < set->count; i++)
		all += set->entry[i]->len;
	run = malloc(all);
	if (run)
		routeset_run(set, &pos, run, all, UINT32_MAX, len);
	return run;
}

int routeset_apply(struct routeset *set, const void *attrs, size_t len, bool keys)
{
	struct nsl_route r;
	size_t pos = 0;
	int ret;

	while ((ret = nsl_route_next(attrs, len, &pos, &r, NULL)) > 0) {
		if (keys)
			routeset_del(set, &r);
		else if ((ret = routeset_put(set, &r)))
			return ret;
	}
	return ret;
}

/* The kernel may give members of a route in another order: its digest is the same then. */
static bool digest_same(const struct entry *a, const struct entry *b)
{
	struct nsl_digest da = { 0 }, db = { 0 };
	struct nsl_route r;

	entry_read(a, &r);
	nsl_digest_add(&da, &r);
	entry_read(b, &r);
	nsl_digest_add(&db, &r);
	return da.lane[0] == db.lane[0] && da.lane[1] == db.lane[1];
}

static bool entry_same(const struct routeset *set, const struct entry *e)
{
	struct entry *other;
	struct nsl_route key;

	entry_read(e, &key);
	other = *entry_slot(set, e->hash, &key);
	if (!other)
		return false;
	return (other->len == e->len && !memcmp(other->run, e->run, e->len)) ||
	       digest_same(other, e);
}

static bool entry_there(const struct routeset *set, const struct entry *e)
{
	struct nsl_route key;

	entry_read(e, &key);
	return *entry_slot(set, e->hash, &key);
}

bool routeset_equal(const struct routeset *a, const struct routeset *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (!entry_same(b, a->entry[i]))
			return false;
	return true;
}

static int copy_entry(const struct entry *e, struct routeset *to)
{
	struct nsl_route r;

	entry_read(e, &r);
	return routeset_put(to, &r);
}

struct routeset *routeset_copy(const struct routeset *set)
{
	struct routeset *copy = routeset_new();
	size_t i;

	for (i = 0; copy && i < set->count; i++) {
		if (!copy_entry(set->entry[i], copy))
			continue;
		routeset_free(copy);
		copy = NULL;
	}
	return copy;
}

int routeset_diff(const struct routeset *have, const struct routeset *want,
		  struct routeset *put, struct routeset *del)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < want->count && !ret; i++)
		if (!entry_same(have, want->entry[i]))
			ret = copy_entry(want->entry[i], put);
	for (i = 0; i < have->count && !ret; i++)
		if (!entry_there(want, have->entry[i]))
			ret = copy_entry(have->entry[i], del);
	return ret;
}
