// SPDX-License-Identifier: GPL-2.0-or-later
#include "routes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/jsonw.h"
#include "lib/routejson.h"
#include "line.h"

#define ROUTES_BATCH	500
#define ROUTES_BYTES	(512 * 1024)	/* of a batch: far below the longest line */

int routes_add(struct routes *rs, const struct nsl_route *r, struct nsl_err *err)
{
	struct nsl_route *more;

	if (rs->count == rs->size) {
		rs->size = rs->size ? rs->size * 2 : 64;
		more = realloc(rs->route, rs->size * sizeof(*more));
		if (!more)
			return nsl_err_set(err, ENOMEM, "out of memory");
		rs->route = more;
	}
	rs->route[rs->count++] = *r;
	return 0;
}

static int route_cmp(const void *a, const void *b)
{
	return nsl_route_cmp(a, b);
}

int routes_sort(struct routes *rs, struct nsl_err *err)
{
	char dst[64];
	size_t i;

	if (rs->count)
		qsort(rs->route, rs->count, sizeof(*rs->route), route_cmp);
	for (i = 1; i < rs->count; i++) {
		if (!nsl_route_cmp(&rs->route[i - 1], &rs->route[i])) {
			nsl_route_format_dst(&rs->route[i], dst, sizeof(dst));
			return nsl_err_set(err, EEXIST, "routes: %s stands twice", dst);
		}
	}
	return 0;
}

void routes_free(struct routes *rs)
{
	free(rs->route);
	memset(rs, 0, sizeof(*rs));
}

/* --- messages --- */

struct batch {
	struct nsl_jw	w;
	const char	*op;
	unsigned int	count;
};

static void say_op(const char *op, bool end, size_t count)
{
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "type", "routes");
	nsl_jw_str(&w, "op", op);
	if (end)
		nsl_jw_u64(&w, "count", count);
	nsl_jw_end(&w);
	line_write(&w);
}

static void batch_end(struct batch *b)
{
	if (!b->count)
		return;
	nsl_jw_end(&b->w);
	nsl_jw_end(&b->w);
	line_write(&b->w);
	b->count = 0;
}

static void batch_room(struct batch *b)
{
	if (b->count == ROUTES_BATCH || b->w.len > ROUTES_BYTES)
		batch_end(b);
	if (b->count++)
		return;
	nsl_jw_object(&b->w, NULL);
	nsl_jw_str(&b->w, "type", "routes");
	nsl_jw_str(&b->w, "op", b->op);
	nsl_jw_array(&b->w, "routes");
}

static void batch_add(struct batch *b, const struct nsl_route *r)
{
	batch_room(b);
	nsl_route_to_json(&b->w, NULL, r);
}

static void batch_del(struct batch *b, const struct nsl_route *r)
{
	char dst[64];

	batch_room(b);
	nsl_route_format_dst(r, dst, sizeof(dst));
	nsl_jw_object(&b->w, NULL);
	nsl_jw_str(&b->w, "dst", dst);
	nsl_jw_end(&b->w);
}

void routes_say_all(const struct routes *rs)
{
	struct batch b = { .op = "add" };
	size_t i;

	say_op("full-begin", false, 0);
	for (i = 0; i < rs->count; i++)
		batch_add(&b, &rs->route[i]);
	batch_end(&b);
	say_op("full-end", true, rs->count);
}

static bool hop_equal(const struct nsl_nexthop *a, const struct nsl_nexthop *b)
{
	return !strcmp(a->port, b->port) && a->via_len == b->via_len && a->weight == b->weight &&
	       !memcmp(a->via, b->via, a->via_len);
}

static bool route_equal(const struct nsl_route *a, const struct nsl_route *b)
{
	unsigned int i;

	if (a->type != b->type || a->nexthops != b->nexthops)
		return false;
	for (i = 0; i < a->nexthops && hop_equal(&a->nexthop[i], &b->nexthop[i]); i++)
		;
	return i == a->nexthops;
}

/* Both are in order: one walk. What is new comes before what goes. */
static void say_one(const struct routes *old, const struct routes *rs, bool del)
{
	struct batch b = { .op = del ? "del" : "add" };
	size_t i = 0, j = 0;
	int cmp;

	while (i < old->count || j < rs->count) {
		cmp = i == old->count ? 1 : j == rs->count ? -1
		    : nsl_route_cmp(&old->route[i], &rs->route[j]);
		if (del && cmp < 0)
			batch_del(&b, &old->route[i]);
		if (!del && (cmp > 0 || (!cmp && !route_equal(&old->route[i], &rs->route[j]))))
			batch_add(&b, &rs->route[j]);
		i += cmp <= 0;
		j += cmp >= 0;
	}
	batch_end(&b);
}

void routes_say_changes(const struct routes *old, const struct routes *rs)
{
	say_one(old, rs, false);
	say_one(old, rs, true);
}
