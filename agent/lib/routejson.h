/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A route as a JSON object: in definitions, and between the daemon and workers.
 *
 *	{ "dst": "10.9.0.0/16", "via": "10.1.0.10", "port": "west", "weight": 2 }
 *	{ "dst": "10.1.0.0/24", "port": "west" }			on-link
 *	{ "dst": "::/0", "nexthops": [ { "via": ..., "port": ... }, ... ] }
 *	{ "dst": "10.8.0.0/16", "type": "blackhole" }
 */
#ifndef NSL_ROUTEJSON_H
#define NSL_ROUTEJSON_H

#include "err.h"
#include "json.h"
#include "jsonw.h"
#include "netslice.h"

int nsl_route_from_json(const struct nsl_json *obj, struct nsl_route *r, struct nsl_err *err);
int nsl_nexthop_from_json(const struct nsl_json *obj, struct nsl_nexthop *hop,
			  struct nsl_err *err);
void nsl_route_to_json(struct nsl_jw *w, const char *name, const struct nsl_route *r);

#endif /* NSL_ROUTEJSON_H */
