/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The routes of a configuration: in order, each destination once. */
#ifndef STATIC_ROUTES_H
#define STATIC_ROUTES_H

#include <stddef.h>

#include "lib/netslice.h"

struct nsl_err;

struct routes {
	struct nsl_route	*route;
	size_t			count;
	size_t			size;
};

int routes_add(struct routes *rs, const struct nsl_route *r, struct nsl_err *err);
/* In order, from now on; a destination that stands twice is refused. */
int routes_sort(struct routes *rs, struct nsl_err *err);
void routes_free(struct routes *rs);

/* To sliced: all, or what has changed since @old. */
void routes_say_all(const struct routes *rs);
void routes_say_changes(const struct routes *old, const struct routes *rs);

#endif
