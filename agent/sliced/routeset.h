/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of routes in user space: what a worker wants, what a generation holds,
 * the copy of the other node's. One route for each destination; count and
 * digest are kept as the set changes. Pure.
 *
 * Routes are kept encoded, as a run of one NETSLICE_A_ROUTE attribute: a
 * route of one next hop takes some 60 bytes.
 */
#ifndef SLICED_ROUTESET_H
#define SLICED_ROUTESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/netslice.h"

struct routeset;

struct routeset *routeset_new(void);
void routeset_free(struct routeset *set);
void routeset_clear(struct routeset *set);
struct routeset *routeset_copy(const struct routeset *set);	/* NULL without memory */

/* Add or replace. 0, -EINVAL (no such route can be) or -ENOMEM. */
int routeset_put(struct routeset *set, const struct nsl_route *route);
/* 0 or -ENOENT. Only the destination is looked at. */
int routeset_del(struct routeset *set, const struct nsl_route *route);
bool routeset_find(const struct routeset *set, const struct nsl_route *key,
		   struct nsl_route *route);
size_t routeset_count(const struct routeset *set);
const struct nsl_digest *routeset_digest(const struct routeset *set);
bool routeset_equal(const struct routeset *a, const struct routeset *b);

/* All of them, in no order. @pos is 0 at first. False at the end. */
bool routeset_next(const struct routeset *set, size_t *pos, struct nsl_route *route);

/* A run of attributes that was validated. @keys: they are deleted, not added. 0 or negative. */
int routeset_apply(struct routeset *set, const void *attrs, size_t len, bool keys);

/*
 * As many routes as fit into @buf, as a run of NETSLICE_A_ROUTE attributes;
 * at most @max. Return: how many, 0 at the end; @len gets the length.
 */
unsigned int routeset_run(const struct routeset *set, size_t *pos, void *buf, size_t size,
			  unsigned int max, size_t *len);

/* All of them as one run, malloc'd; NULL without memory. */
void *routeset_flat(const struct routeset *set, size_t *len);

/*
 * What must be done to @have for it to become @want: @put gets the routes that
 * are new or differ, @del those that are too many. 0 or -ENOMEM.
 */
int routeset_diff(const struct routeset *have, const struct routeset *want,
		  struct routeset *put, struct routeset *del);

#endif
