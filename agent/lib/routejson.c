// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "routejson.h"

static int fail_at(const struct nsl_json *v, struct nsl_err *err, int code, const char *why)
{
	char path[128];

	nsl_json_path(v, path, sizeof(path));
	return nsl_err_set(err, code, "%s: %s", path, why);
}

static int read_via(const struct nsl_json *obj, struct nsl_nexthop *hop, struct nsl_err *err)
{
	const char *via;
	int ret = nsl_json_get_str(obj, "via", &via, err);

	if (ret <= 0)
		return ret;
	if (inet_pton(AF_INET, via, hop->via) == 1)
		hop->via_len = 4;
	else if (inet_pton(AF_INET6, via, hop->via) == 1)
		hop->via_len = 16;
	else
		return fail_at(nsl_json_member(obj, "via"), err, EINVAL, "must be an IP address");
	return 0;
}

/**
 * nsl_nexthop_from_json() - read port, via and weight of an object
 * @obj: the object; members of other names are not looked at
 * @hop: filled in
 * @err: why not
 *
 * Return: 0 or -EINVAL.
 */
int nsl_nexthop_from_json(const struct nsl_json *obj, struct nsl_nexthop *hop, struct nsl_err *err)
{
	uint32_t weight = 1;
	int ret;

	memset(hop, 0, sizeof(*hop));
	ret = nsl_json_is(obj, NSL_JSON_OBJECT, err);
	if (ret < 0)
		return ret;
	ret = nsl_json_need_text(obj, "port", hop->port, sizeof(hop->port), err);
	if (ret < 0)
		return ret;
	ret = nsl_json_get_u32(obj, "weight", 1, NETSLICE_WEIGHT_MAX, &weight, err);
	if (ret < 0)
		return ret;
	hop->weight = (uint16_t)weight;
	return read_via(obj, hop, err);
}

static int read_hops(const struct nsl_json *obj, struct nsl_route *r, struct nsl_err *err)
{
	static const char *const allowed[] = { "port", "via", "weight", NULL };
	const struct nsl_json *list = NULL, *v;
	int ret = nsl_json_get_array(obj, "nexthops", &list, err);

	if (ret < 0)
		return ret;
	if (!list) {
		r->nexthops = 1;
		return nsl_nexthop_from_json(obj, &r->nexthop[0], err);
	}
	if (nsl_json_member(obj, "port") || nsl_json_member(obj, "via") ||
	    nsl_json_member(obj, "weight"))
		return fail_at(list, err, EINVAL, "stands beside a next hop of the route's own");
	nsl_json_for_each(v, list) {
		if (r->nexthops == NETSLICE_MAX_NEXTHOPS)
			return fail_at(list, err, E2BIG, "has too many next hops");
		ret = nsl_nexthop_from_json(v, &r->nexthop[r->nexthops], err);
		if (ret < 0)
			return ret;
		ret = nsl_json_only(v, allowed, err);
		if (ret < 0)
			return ret;
		r->nexthops++;
	}
	return 0;
}

static int read_type(const struct nsl_json *obj, struct nsl_route *r, struct nsl_err *err)
{
	const char *name;
	int ret = nsl_json_get_str(obj, "type", &name, err);
	int type;

	if (ret <= 0)
		return ret;
	type = nsl_value(NSL_ROUTE_TYPE, name);
	if (type < 0)
		return fail_at(nsl_json_member(obj, "type"), err, EINVAL,
			       "must be unicast, blackhole, unreachable, prohibit or punt");
	r->type = (uint8_t)type;
	return 0;
}

/**
 * nsl_route_from_json() - read a route
 * @obj: the object; members that no route has are refused
 * @r: filled in
 * @err: why not, with the path of the member
 *
 * Return: 0, or a negative errno.
 */
int nsl_route_from_json(const struct nsl_json *obj, struct nsl_route *r, struct nsl_err *err)
{
	static const char *const allowed[] = {
		"dst", "type", "nexthops", "port", "via", "weight", NULL
	};
	const char *dst;
	int ret;

	memset(r, 0, sizeof(*r));
	ret = nsl_json_is(obj, NSL_JSON_OBJECT, err);
	if (ret < 0)
		return ret;
	ret = nsl_json_only(obj, allowed, err);
	if (ret < 0)
		return ret;
	ret = nsl_json_need_str(obj, "dst", &dst, err);
	if (ret < 0)
		return ret;
	ret = nsl_route_parse_dst(r, dst, err);
	if (!ret)
		ret = read_type(obj, r, err);
	if (!ret && r->type == NETSLICE_ROUTE_UNICAST)
		ret = read_hops(obj, r, err);
	if (!ret)
		ret = nsl_route_check(r, err);
	return ret < 0 ? ret : 0;
}

static void write_hop(struct nsl_jw *w, const struct nsl_nexthop *hop)
{
	char via[INET6_ADDRSTRLEN];

	if (hop->via_len && inet_ntop(hop->via_len == 4 ? AF_INET : AF_INET6, hop->via, via,
				      sizeof(via)))
		nsl_jw_str(w, "via", via);
	nsl_jw_str(w, "port", hop->port);
	if (hop->weight != 1)
		nsl_jw_u64(w, "weight", hop->weight);
}

/**
 * nsl_route_to_json() - write a route as nsl_route_from_json() reads it
 * @w: writer
 * @name: of the member, NULL in an array
 * @r: the route
 */
void nsl_route_to_json(struct nsl_jw *w, const char *name, const struct nsl_route *r)
{
	char dst[64];
	unsigned int i;

	nsl_route_format_dst(r, dst, sizeof(dst));
	nsl_jw_object(w, name);
	nsl_jw_str(w, "dst", dst);
	if (r->type != NETSLICE_ROUTE_UNICAST)
		nsl_jw_str(w, "type", nsl_name(NSL_ROUTE_TYPE, r->type));
	if (r->nexthops == 1)
		write_hop(w, &r->nexthop[0]);
	if (r->nexthops > 1) {
		nsl_jw_array(w, "nexthops");
		for (i = 0; i < r->nexthops; i++) {
			nsl_jw_object(w, NULL);
			write_hop(w, &r->nexthop[i]);
			nsl_jw_end(w);
		}
		nsl_jw_end(w);
	}
	nsl_jw_end(w);
}
