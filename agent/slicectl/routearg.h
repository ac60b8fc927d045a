/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes as text:
 *
 *	DST [via ADDRESS] port PORT [weight N] [proto N]
 *	DST [proto N] nexthop [via ADDRESS] port PORT [weight N] nexthop ...
 *	blackhole|unreachable|prohibit|punt DST [proto N]
 *
 * Arguments, lines of a file and what is shown are all of this form.
 */
#ifndef SLICECTL_ROUTEARG_H
#define SLICECTL_ROUTEARG_H

#include <stdio.h>

#include "ctl.h"

typedef int (*route_fn)(struct ctl *ctl, const struct nsl_route *r, void *ctx);

int route_read(struct ctl *ctl, int argc, char **argv, bool key, struct nsl_route *r);
int route_read_file(struct ctl *ctl, const char *path, bool key, route_fn fn, void *ctx);
void route_print(struct out *o, const struct nsl_route *r);

#endif /* SLICECTL_ROUTEARG_H */
