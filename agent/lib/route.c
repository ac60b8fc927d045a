// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes: struct nsl_route and a run of NETSLICE_A_ROUTE attributes. The same
 * attributes go to the kernel, come from it, and cross the wire between the
 * daemons; so what is read here is checked to the last bit.
 */
#include "route.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <stdlib.h>

static const char *beyond_plen(const struct nsl_route *r)
{
	unsigned int bit;

	if (r->dst_len != 4 && r->dst_len != 16)
		return "destination of neither 4 nor 16 bytes";
	if (r->plen > r->dst_len * 8)
		return "prefix length out of range";
	for (bit = r->plen; bit < r->dst_len * 8U; bit++)
		if (r->dst[bit / 8] & (0x80 >> bit % 8))
			return "destination has bits beyond its prefix length";
	return NULL;
}

static const char *nexthop_fault(const struct nsl_route *r, const struct nsl_nexthop *nh)
{
	if (!nh->port[0] || !memchr(nh->port, 0, sizeof(nh->port)))
		return "next hop without a port name";
	if (nh->via_len && nh->via_len != 4 && nh->via_len != 16)
		return "next hop's address of neither 4 nor 16 bytes";
	if (nh->via_len == 4 && r->dst_len == 16)
		return "IPv6 route with an IPv4 next hop";
	if (nh->weight < 1 || nh->weight > NETSLICE_WEIGHT_MAX)
		return "next hop's weight is not from 1 to 256";
	return NULL;
}

/* What is wrong with a route, or NULL; a unicast one may have no next hop. */
static const char *key_fault(const struct nsl_route *r)
{
	const char *fault = beyond_plen(r);
	unsigned int i;

	if (fault)
		return fault;
	if (r->type > NETSLICE_ROUTE_TYPE_MAX)
		return "unknown route type";
	if (r->type != NETSLICE_ROUTE_UNICAST)
		return r->nexthops ? "only a unicast route has next hops" : NULL;
	if (r->nexthops > NETSLICE_MAX_NEXTHOPS)
		return "too many next hops";
	for (i = 0; i < r->nexthops && !fault; i++)
		fault = nexthop_fault(r, &r->nexthop[i]);
	return fault;
}

static const char *route_fault(const struct nsl_route *r)
{
	if (r->type == NETSLICE_ROUTE_UNICAST && !r->nexthops)
		return "a unicast route needs a next hop";
	return key_fault(r);
}

/**
 * nsl_route_check - may this route stand in a generation
 * @r: the route
 * @err: why not
 *
 * Return: 0 or -EINVAL.
 */
int nsl_route_check(const struct nsl_route *r, struct nsl_err *err)
{
	const char *fault = route_fault(r);

	return fault ? nsl_err_set(err, EINVAL, "%s", fault) : 0;
}

static bool put_nexthop(struct nlmsghdr *nlh, size_t size, const struct nsl_nexthop *nh)
{
	struct nlattr *nest = mnl_attr_nest_start_check(nlh, size, NETSLICE_ROUTE_A_NEXTHOP);

	if (!nest || !mnl_attr_put_strz_check(nlh, size, NETSLICE_NEXTHOP_A_PORT, nh->port))
		return false;
	if (nh->via_len && !mnl_attr_put_check(nlh, size, NETSLICE_NEXTHOP_A_VIA, nh->via_len,
					       nh->via))
		return false;
	if (nh->weight != 1 &&
	    !mnl_attr_put_u16_check(nlh, size, NETSLICE_NEXTHOP_A_WEIGHT, nh->weight))
		return false;
	mnl_attr_nest_end(nlh, nest);
	return true;
}

static bool put_body(struct nlmsghdr *nlh, size_t size, const struct nsl_route *r)
{
	unsigned int i;

	if (!mnl_attr_put_check(nlh, size, NETSLICE_ROUTE_A_DST, r->dst_len, r->dst) ||
	    !mnl_attr_put_u8_check(nlh, size, NETSLICE_ROUTE_A_PLEN, r->plen))
		return false;
	if (r->type != NETSLICE_ROUTE_UNICAST &&
	    !mnl_attr_put_u8_check(nlh, size, NETSLICE_ROUTE_A_TYPE, r->type))
		return false;
	if (r->has_owner &&
	    !mnl_attr_put_u8_check(nlh, size, NETSLICE_ROUTE_A_OWNER, r->owner))
		return false;
	for (i = 0; i < r->nexthops; i++)
		if (!put_nexthop(nlh, size, &r->nexthop[i]))
			return false;
	return true;
}

/**
 * nsl_route_encode - append a ROUTE nest to a message
 * @nlh: the message; as it was when the route does not fit
 * @size: of its buffer
 * @r: a route that nsl_route_check() would take, or one to be deleted
 *
 * Return: 0 or -EMSGSIZE.
 */
int nsl_route_encode(struct nlmsghdr *nlh, size_t size, const struct nsl_route *r)
{
	uint32_t before = nlh->nlmsg_len;
	struct nlattr *nest = mnl_attr_nest_start_check(nlh, size, NETSLICE_A_ROUTE);

	if (!nest || !put_body(nlh, size, r)) {
		nlh->nlmsg_len = before;
		return -EMSGSIZE;
	}
	mnl_attr_nest_end(nlh, nest);
	return 0;
}

/**
 * nsl_route_put - append a route to a run of attributes
 * @buf: the run
 * @size: of @buf
 * @len: bytes in use, moved on; unchanged on failure
 * @r: the route; one to be deleted needs no next hops
 *
 * Return: 0, -EMSGSIZE when it does not fit, -EINVAL for a route that may not be.
 */
int nsl_route_put(void *buf, size_t size, size_t *len, const struct nsl_route *r)
{
	uint32_t space[(NLMSG_HDRLEN + NSL_ROUTE_ATTRS_MAX) / sizeof(uint32_t)];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(space);
	size_t payload;

	if (key_fault(r))
		return -EINVAL;
	if (nsl_route_encode(nlh, sizeof(space), r))
		return -EMSGSIZE;
	payload = mnl_nlmsg_get_payload_len(nlh);
	if (size < *len || size - *len < payload)
		return -EMSGSIZE;
	memcpy((char *)buf + *len, mnl_nlmsg_get_payload(nlh), payload);
	*len += payload;
	return 0;
}

static int parse_address(const struct nsl_attr *a, uint8_t *out, uint8_t *len)
{
	if (a->len != 4 && a->len != 16)
		return -EBADMSG;
	memcpy(out, a->data, a->len);
	*len = (uint8_t)a->len;
	return 0;
}

static int parse_nexthop_attr(struct nsl_nexthop *nh, const struct nsl_attr *a)
{
	switch (a->type) {
	case NETSLICE_NEXTHOP_A_PORT:
		return nsl_attr_text(a, nh->port, sizeof(nh->port));
	case NETSLICE_NEXTHOP_A_VIA:
		return parse_address(a, nh->via, &nh->via_len);
	case NETSLICE_NEXTHOP_A_WEIGHT:
		return nsl_attr_number(a, &nh->weight, sizeof(nh->weight));
	default:
		return -EBADMSG;
	}
}

static int parse_nexthop(struct nsl_route *r, const struct nsl_attr *nest)
{
	struct nsl_nexthop *nh;
	struct nsl_attr a;
	uint32_t seen = 0;
	size_t pos = 0;
	int ret;

	if (r->nexthops >= NETSLICE_MAX_NEXTHOPS)
		return -EBADMSG;
	nh = &r->nexthop[r->nexthops++];
	memset(nh, 0, sizeof(*nh));
	nh->weight = 1;
	while ((ret = nsl_attr_next(nest->data, nest->len, &pos, &a)) > 0) {
		if (a.type > NETSLICE_NEXTHOP_A_MAX || seen & (1U << a.type) ||
		    parse_nexthop_attr(nh, &a))
			return -EBADMSG;
		seen |= 1U << a.type;
	}
	return ret;
}

static int parse_route_attr(struct nsl_route *r, const struct nsl_attr *a)
{
	switch (a->type) {
	case NETSLICE_ROUTE_A_DST:
		return parse_address(a, r->dst, &r->dst_len);
	case NETSLICE_ROUTE_A_PLEN:
		return nsl_attr_number(a, &r->plen, 1);
	case NETSLICE_ROUTE_A_TYPE:
		return nsl_attr_number(a, &r->type, 1);
	case NETSLICE_ROUTE_A_OWNER:
		r->has_owner = true;
		return nsl_attr_number(a, &r->owner, 1);
	case NETSLICE_ROUTE_A_NEXTHOP:
		return parse_nexthop(r, a);
	default:
		return -EBADMSG;
	}
}

/* Everything but the members, which are filled as they come. */
static void route_clear(struct nsl_route *r)
{
	memset(r, 0, offsetof(struct nsl_route, nexthop));
}

static int parse_route(struct nsl_route *r, const struct nsl_attr *nest)
{
	uint32_t seen = 0, once;
	struct nsl_attr a;
	size_t pos = 0;
	int ret;

	route_clear(r);
	while ((ret = nsl_attr_next(nest->data, nest->len, &pos, &a)) > 0) {
		if (a.type > NETSLICE_ROUTE_A_MAX)
			return -EBADMSG;
		once = a.type == NETSLICE_ROUTE_A_NEXTHOP ? 0 : 1U << a.type;
		if (seen & once || parse_route_attr(r, &a))
			return -EBADMSG;
		seen |= 1U << a.type;
	}
	if (!ret && !(seen & (1U << NETSLICE_ROUTE_A_PLEN)))
		return -EBADMSG;
	return ret;
}

/**
 * nsl_route_next - the next route in a run of attributes
 * @attrs: attributes; other ones among them are skipped
 * @len: their length
 * @pos: where to go on, 0 at first
 * @r: the route
 * @err: what is wrong with it
 *
 * A deleted route, in an event or a request to delete it, has no next hops.
 *
 * Return: 1 and a route that nsl_route_check() takes, but for having no next
 * hops, 0 at the end, -EBADMSG.
 */
int nsl_route_next(const void *attrs, size_t len, size_t *pos, struct nsl_route *r,
		   struct nsl_err *err)
{
	struct nsl_attr a;
	const char *fault;
	int ret;

	do {
		ret = nsl_attr_next(attrs, len, pos, &a);
	} while (ret > 0 && a.type != NETSLICE_A_ROUTE);
	if (ret < 0)
		return nsl_err_set(err, EBADMSG, "routes are truncated");
	if (!ret)
		return 0;
	if (parse_route(r, &a))
		return nsl_err_set(err, EBADMSG, "a route's attributes make no sense");
	fault = key_fault(r);
	if (fault)
		return nsl_err_set(err, EBADMSG, "%s", fault);
	return 1;
}

static int routes_validate(const void *attrs, size_t len, bool keys, unsigned int *count,
			   struct nsl_err *err)
{
	unsigned int n = 0;
	struct nsl_route r;
	struct nsl_attr a;
	size_t pos = 0, look;
	int ret;

	while (pos < len) {
		look = pos;
		ret = nsl_attr_next(attrs, len, &look, &a);
		if (ret > 0 && a.type != NETSLICE_A_ROUTE)
			return nsl_err_set(err, EBADMSG, "route %u: is no route", n + 1);
		ret = nsl_route_next(attrs, len, &pos, &r, err);
		if (ret > 0 && !keys && route_fault(&r))
			ret = nsl_err_set(err, EBADMSG, "%s", route_fault(&r));
		if (ret < 0)
			return nsl_err_prefix(err, "route %u", n + 1), -EBADMSG;
		n++;
	}
	if (count)
		*count = n;
	return 0;
}

/**
 * nsl_routes_validate - is this a run of good routes and nothing else
 * @attrs: what came in, not aligned
 * @len: its length
 * @count: how many routes, may be NULL
 * @err: what is wrong, with the number of the route counted from 1
 *
 * Return: 0 or -EBADMSG.
 */
int nsl_routes_validate(const void *attrs, size_t len, unsigned int *count,
			struct nsl_err *err)
{
	return routes_validate(attrs, len, false, count, err);
}

/**
 * nsl_route_keys_validate - the same for routes to be deleted
 * @attrs: what came in, not aligned
 * @len: its length
 * @count: how many routes, may be NULL
 * @err: what is wrong, with the number of the route counted from 1
 *
 * Return: 0 or -EBADMSG.
 */
int nsl_route_keys_validate(const void *attrs, size_t len, unsigned int *count,
			    struct nsl_err *err)
{
	return routes_validate(attrs, len, true, count, err);
}

/**
 * nsl_route_parse_dst - read "10.0.0.0/8", "2001:db8::1" or "default"
 * @r: gets dst, dst_len and plen; "default" is that of IPv4, "default6" of IPv6
 * @text: the text
 * @err: why not
 *
 * Return: 0 or -EINVAL.
 */
int nsl_route_parse_dst(struct nsl_route *r, const char *text, struct nsl_err *err)
{
	const char *slash, *fault;
	char host[64], *end = "";
	unsigned long plen;
	size_t n;

	if (!strcmp(text, "default"))
		text = "0.0.0.0/0";
	else if (!strcmp(text, "default6"))
		text = "::/0";
	slash = strchr(text, '/');
	n = slash ? (size_t)(slash - text) : strlen(text);
	snprintf(host, sizeof(host), "%.*s", n < sizeof(host) ? (int)n : 0, text);
	memset(r->dst, 0, sizeof(r->dst));
	if (inet_pton(AF_INET, host, r->dst) == 1)
		r->dst_len = 4;
	else if (inet_pton(AF_INET6, host, r->dst) == 1)
		r->dst_len = 16;
	else
		return nsl_err_set(err, EINVAL, "not an IPv4 or IPv6 prefix");
	plen = slash ? strtoul(slash + 1, &end, 10) : r->dst_len * 8U;
	if (slash && (slash[1] < '0' || slash[1] > '9' || *end || plen > r->dst_len * 8U))
		return nsl_err_set(err, EINVAL, "prefix length is not from 0 to %u",
				   r->dst_len * 8U);
	r->plen = (uint8_t)plen;
	fault = beyond_plen(r);
	return fault ? nsl_err_set(err, EINVAL, "%s", fault) : 0;
}

/**
 * nsl_route_format_dst - write "10.0.0.0/8"
 * @r: the route
 * @buf: where to, 44 bytes hold every one
 * @size: of @buf
 *
 * Return: length of the text.
 */
size_t nsl_route_format_dst(const struct nsl_route *r, char *buf, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "?";
	int n;

	inet_ntop(r->dst_len == 4 ? AF_INET : AF_INET6, r->dst, host, sizeof(host));
	n = snprintf(buf, size, "%s/%u", host, r->plen);
	return n < 0 ? 0 : (size_t)n;
}

/**
 * nsl_route_cmp - order of destinations: IPv4 first, then address, then length
 * @a: a route
 * @b: another
 *
 * Return: negative, 0 or positive, as memcmp().
 */
int nsl_route_cmp(const struct nsl_route *a, const struct nsl_route *b)
{
	int diff;

	if (a->dst_len != b->dst_len)
		return a->dst_len - b->dst_len;
	diff = memcmp(a->dst, b->dst, a->dst_len);
	return diff ? diff : a->plen - b->plen;
}
