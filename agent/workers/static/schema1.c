// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Schema 1: each route has its next hops with it.
 *
 *	{ "routes": [ { "dst": "10.9.0.0/16", "via": "10.1.0.10", "port": "west" }, ... ] }
 */
#include "lib/err.h"
#include "lib/json.h"
#include "lib/routejson.h"
#include "static.h"

static int read_config(const struct nsl_json *config, struct routes *rs, struct nsl_err *err)
{
	static const char *const allowed[] = { "routes", NULL };
	const struct nsl_json *list, *v;
	struct nsl_route r;
	int ret;

	if (nsl_json_only(config, allowed, err) < 0)
		return -1;
	ret = nsl_json_get_array(config, "routes", &list, err);
	if (ret <= 0)
		return ret;
	nsl_json_for_each(v, list) {
		if (nsl_route_from_json(v, &r, err) < 0 || routes_add(rs, &r, err) < 0)
			return -1;
	}
	return 0;
}

const struct static_schema static_schema1 = {
	.number = 1,
	.read = read_config,
};
