// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Schema 2: next hops have names, and routes refer to them.
 *
 *	{ "next_hops": { "a": [ { "via": "10.1.0.10", "port": "west" }, ... ] },
 *	  "routes": [ { "dst": "10.9.0.0/16", "to": "a" },
 *		      { "dst": "10.8.0.0/16", "type": "blackhole" } ] }
 *
 * Migrated from schema 1, each set of next hops that occurs there gets a name:
 * hop-1 and so on, in the order of the routes.
 */
#include "schema2.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "lib/routejson.h"

/* --- reading --- */

static int read_hops(const struct nsl_json *list, struct nsl_route *r, struct nsl_err *err)
{
	const struct nsl_json *v;

	if (nsl_json_is(list, NSL_JSON_ARRAY, err) < 0)
		return -1;
	nsl_json_for_each(v, list) {
		if (r->nexthops == NETSLICE_MAX_NEXTHOPS)
			return nsl_err_set(err, 0, "next_hops.%s: too many", nsl_json_name(list));
		if (nsl_nexthop_from_json(v, &r->nexthop[r->nexthops++], err) < 0)
			return -1;
	}
	return 0;
}

static int read_to(const struct nsl_json *config, const char *to, struct nsl_route *r,
		   struct nsl_err *err)
{
	const struct nsl_json *hops = NULL, *list;

	if (nsl_json_get_object(config, "next_hops", &hops, err) < 0)
		return -1;
	list = hops ? nsl_json_member(hops, to) : NULL;
	if (!list)
		return nsl_err_set(err, 0, "to: there are no next hops %s", to);
	return read_hops(list, r, err);
}

static int read_type(const char *type, struct nsl_route *r, struct nsl_err *err)
{
	int value = nsl_value(NSL_ROUTE_TYPE, type);

	if (value < 0 || value == NETSLICE_ROUTE_UNICAST)
		return nsl_err_set(err, 0, "type: \"%s\" is not known", type);
	r->type = (uint8_t)value;
	return 0;
}

static int read_route(const struct nsl_json *config, const struct nsl_json *v,
		      struct nsl_route *r, struct nsl_err *err)
{
	static const char *const allowed[] = { "dst", "to", "type", NULL };
	const char *dst, *to = NULL, *type = NULL;
	int ret;

	memset(r, 0, sizeof(*r));
	if (nsl_json_is(v, NSL_JSON_OBJECT, err) < 0 || nsl_json_only(v, allowed, err) < 0 ||
	    nsl_json_need_str(v, "dst", &dst, err) < 0 ||
	    nsl_json_get_str(v, "to", &to, err) < 0 ||
	    nsl_json_get_str(v, "type", &type, err) < 0 ||
	    nsl_route_parse_dst(r, dst, err) < 0)
		return -1;
	if (!to == !type)
		return nsl_err_set(err, 0, "%s: either to or type", dst);
	ret = to ? read_to(config, to, r, err) : read_type(type, r, err);
	return ret ? ret : nsl_route_check(r, err);
}

static int read_config(const struct nsl_json *config, struct routes *rs, struct nsl_err *err)
{
	static const char *const allowed[] = { "next_hops", "routes", NULL };
	const struct nsl_json *list = NULL, *v;
	struct nsl_route r;

	if (nsl_json_only(config, allowed, err) < 0 ||
	    nsl_json_get_array(config, "routes", &list, err) < 0)
		return -1;
	if (!list)
		return 0;
	nsl_json_for_each(v, list) {
		if (read_route(config, v, &r, err) < 0 || routes_add(rs, &r, err) < 0)
			return -1;
	}
	return 0;
}

const struct static_schema static_schema2 = {
	.number = 2,
	.read = read_config,
};

/* --- migrating --- */

/* Sets of next hops as text, and the number of each route's. */
struct groups {
	char	**text;
	size_t	count;
	size_t	*of;
};

static char *hops_text(const struct nsl_route *r)
{
	char via[INET6_ADDRSTRLEN];
	struct nsl_jw w = { 0 };
	unsigned int i;

	nsl_jw_array(&w, NULL);
	for (i = 0; i < r->nexthops; i++) {
		const struct nsl_nexthop *hop = &r->nexthop[i];

		nsl_jw_object(&w, NULL);
		if (hop->via_len && inet_ntop(hop->via_len == 4 ? AF_INET : AF_INET6, hop->via,
					      via, sizeof(via)))
			nsl_jw_str(&w, "via", via);
		nsl_jw_str(&w, "port", hop->port);
		if (hop->weight != 1)
			nsl_jw_u64(&w, "weight", hop->weight);
		nsl_jw_end(&w);
	}
	nsl_jw_end(&w);
	return nsl_jw_take(&w);
}

static int group_add(struct groups *g, size_t route, const struct nsl_route *r,
		     struct nsl_err *err)
{
	char *text = hops_text(r);
	size_t i;

	if (!text)
		return nsl_err_set(err, 0, "out of memory");
	for (i = 0; i < g->count && strcmp(g->text[i], text); i++)
		;
	if (i == g->count)
		g->text[g->count++] = text;
	else
		free(text);
	g->of[route] = i;
	return 0;
}

static int groups_make(struct groups *g, const struct routes *rs, struct nsl_err *err)
{
	size_t i;

	g->text = calloc(rs->count + 1, sizeof(*g->text));
	g->of = calloc(rs->count + 1, sizeof(*g->of));
	if (!g->text || !g->of)
		return nsl_err_set(err, 0, "out of memory");
	for (i = 0; i < rs->count; i++) {
		if (rs->route[i].type == NETSLICE_ROUTE_UNICAST &&
		    group_add(g, i, &rs->route[i], err))
			return -1;
	}
	return 0;
}

static int groups_write(struct nsl_jw *w, const struct groups *g, struct nsl_err *err)
{
	struct nsl_json *list;
	char name[32];
	size_t i;

	nsl_jw_object(w, "next_hops");
	for (i = 0; i < g->count; i++) {
		list = nsl_json_parse(g->text[i], strlen(g->text[i]), err);
		if (!list)
			return -1;
		snprintf(name, sizeof(name), "hop-%zu", i + 1);
		nsl_jw_json(w, name, list);
		nsl_json_free(list);
	}
	nsl_jw_end(w);
	return 0;
}

static void routes_write(struct nsl_jw *w, const struct routes *rs, const struct groups *g)
{
	char dst[64];
	size_t i;

	nsl_jw_array(w, "routes");
	for (i = 0; i < rs->count; i++) {
		nsl_route_format_dst(&rs->route[i], dst, sizeof(dst));
		nsl_jw_object(w, NULL);
		nsl_jw_str(w, "dst", dst);
		if (rs->route[i].type == NETSLICE_ROUTE_UNICAST)
			nsl_jw_fmt(w, "to", "hop-%zu", g->of[i] + 1);
		else
			nsl_jw_str(w, "type", nsl_name(NSL_ROUTE_TYPE, rs->route[i].type));
		nsl_jw_end(w);
	}
	nsl_jw_end(w);
}

static int write_config(struct nsl_jw *w, const struct routes *rs, struct groups *g,
			struct nsl_err *err)
{
	if (groups_make(g, rs, err))
		return -1;
	nsl_jw_object(w, "config");
	if (groups_write(w, g, err))
		return -1;
	routes_write(w, rs, g);
	nsl_jw_end(w);
	return 0;
}

static int migrate_config(const struct nsl_json *config, struct nsl_jw *w, struct nsl_err *err)
{
	struct groups g = { 0 };
	struct routes rs = { 0 };
	int ret = static_schema1.read(config, &rs, err);

	if (!ret)
		ret = write_config(w, &rs, &g, err);
	while (g.count)
		free(g.text[--g.count]);
	free(g.text);
	free(g.of);
	routes_free(&rs);
	return ret < 0 ? -1 : 0;
}

static int read_old(const struct nsl_json *config, struct routes *rs, struct nsl_err *err)
{
	return static_schema1.read(config, rs, err);
}

const struct static_schema static_schema1_old = {
	.number = 1,
	.read = read_old,
	.migrate = migrate_config,
};
