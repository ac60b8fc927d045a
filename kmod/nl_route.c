// SPDX-License-Identifier: GPL-2.0-only
/* Requests about routes. A request is parsed whole before anything is changed. */
#include <linux/inetdevice.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "edit.h"
#include "generation.h"
#include "netns.h"
#include "nl.h"
#include "slice.h"

#define NETSLICE_NL_ROUTE_CHANGE (NETSLICE_NL_CHANGE | NETSLICE_NL_CP_TERM)

static const struct nla_policy netslice_nl_nexthop_policy[NETSLICE_NEXTHOP_A_MAX + 1] = {
	[NETSLICE_NEXTHOP_A_PORT] = { .type = NLA_NUL_STRING, .len = NETSLICE_NAME_LEN - 1 },
	[NETSLICE_NEXTHOP_A_VIA] = NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	[NETSLICE_NEXTHOP_A_WEIGHT] = NLA_POLICY_RANGE(NLA_U16, 1, NETSLICE_WEIGHT_MAX),
};

const struct nla_policy netslice_nl_route_policy[NETSLICE_ROUTE_A_MAX + 1] = {
	[NETSLICE_ROUTE_A_DST] = NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	[NETSLICE_ROUTE_A_PLEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[NETSLICE_ROUTE_A_TYPE] = NLA_POLICY_MAX(NLA_U8, NETSLICE_ROUTE_TYPE_MAX),
	[NETSLICE_ROUTE_A_NEXTHOP] = NLA_POLICY_NESTED(netslice_nl_nexthop_policy),
	[NETSLICE_ROUTE_A_OWNER] = { .type = NLA_U8 },
};

/* The parsed routes of a request; hops lie behind the specs that they belong to. */
struct netslice_nl_routes {
	struct netslice_route_spec *spec;
	struct netslice_hop_spec *hop;
	unsigned int n;
	unsigned int hops;
};

static void netslice_nl_routes_free(struct netslice_nl_routes *routes)
{
	kvfree(routes->hop);
	kvfree(routes->spec);
}

static int netslice_nl_routes_count(struct genl_info *info, struct netslice_nl_routes *routes)
{
	struct nlattr *attr, *in;
	int rem, rem_in;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != NETSLICE_A_ROUTE)
			continue;
		routes->n++;
		nla_for_each_nested(in, attr, rem_in)
			routes->hops += nla_type(in) == NETSLICE_ROUTE_A_NEXTHOP;
	}
	if (!routes->n)
		return netslice_nl_need(info, NETSLICE_A_ROUTE);
	if (routes->n > NETSLICE_MAX_ROUTES) {
		NL_SET_ERR_MSG(info->extack, "more than 1024 routes in one request");
		return -E2BIG;
	}
	return 0;
}

static int netslice_nl_refuse(struct genl_info *info, const struct nlattr *attr, const char *why)
{
	info->extack->_msg = why;
	NL_SET_BAD_ATTR(info->extack, attr);
	return -EINVAL;
}

static bool netslice_nl_via_ok(u8 family, const u8 *via)
{
	if (family == AF_INET) {
		__be32 addr;

		memcpy(&addr, via, sizeof(addr));
		return !ipv4_is_multicast(addr) && !ipv4_is_lbcast(addr) &&
		       !ipv4_is_loopback(addr) && !ipv4_is_zeronet(addr);
	}
	return !ipv6_addr_is_multicast((const struct in6_addr *)via) &&
	       !ipv6_addr_any((const struct in6_addr *)via) &&
	       !ipv6_addr_loopback((const struct in6_addr *)via);
}

static int netslice_nl_via(struct genl_info *info, struct nlattr *via, u8 family,
			   struct netslice_hop_spec *hop)
{
	if (!via)
		return 0;
	if (nla_len(via) != 4 && nla_len(via) != 16)
		return netslice_nl_refuse(info, via, "an address has 4 or 16 bytes");
	hop->via_family = nla_len(via) == 4 ? AF_INET : AF_INET6;
	if (family == AF_INET6 && hop->via_family == AF_INET)
		return netslice_nl_refuse(info, via, "an IPv6 route cannot go via an IPv4 address");
	memcpy(hop->via, nla_data(via), nla_len(via));
	if (!netslice_nl_via_ok(hop->via_family, hop->via))
		return netslice_nl_refuse(info, via, "not an address that a neighbour can have");
	return 0;
}

static int netslice_nl_hop(struct genl_info *info, struct nlattr *nest, u8 family,
			   struct netslice_hop_spec *hop)
{
	struct nlattr *a[NETSLICE_NEXTHOP_A_MAX + 1];
	int err;

	err = nla_parse_nested(a, NETSLICE_NEXTHOP_A_MAX, nest, netslice_nl_nexthop_policy,
			       info->extack);
	if (err)
		return err;
	if (!a[NETSLICE_NEXTHOP_A_PORT] || !nla_len(a[NETSLICE_NEXTHOP_A_PORT]) ||
	    !*(char *)nla_data(a[NETSLICE_NEXTHOP_A_PORT]))
		return netslice_nl_refuse(info, nest, "a next hop needs a port");
	nla_strscpy(hop->port, a[NETSLICE_NEXTHOP_A_PORT], sizeof(hop->port));
	hop->weight = a[NETSLICE_NEXTHOP_A_WEIGHT] ?
		nla_get_u16(a[NETSLICE_NEXTHOP_A_WEIGHT]) : 1;
	return netslice_nl_via(info, a[NETSLICE_NEXTHOP_A_VIA], family, hop);
}

static int netslice_nl_hops(struct genl_info *info, struct nlattr *nest,
			    struct netslice_route_spec *spec, struct netslice_hop_spec *hop)
{
	unsigned int n = 0;
	struct nlattr *in;
	int rem, err;

	nla_for_each_nested(in, nest, rem) {
		if (nla_type(in) != NETSLICE_ROUTE_A_NEXTHOP)
			continue;
		if (n == NETSLICE_MAX_NEXTHOPS)
			return netslice_nl_refuse(info, in, "more than 32 next hops in one route");
		err = netslice_nl_hop(info, in, spec->family, &hop[n++]);
		if (err)
			return err;
	}
	spec->hops = hop;
	spec->nhops = n;
	if (spec->type == NETSLICE_ROUTE_UNICAST && !n)
		return netslice_nl_refuse(info, nest, "a unicast route needs a next hop");
	if (spec->type != NETSLICE_ROUTE_UNICAST && n)
		return netslice_nl_refuse(info, nest, "only a unicast route has next hops");
	return 0;
}

/* Bits of @dst beyond @plen must be zero: a typing error is not to become another route. */
static bool netslice_nl_host_bits(const u8 *dst, unsigned int len, unsigned int plen)
{
	unsigned int i = plen / 8;

	if (plen % 8 && (dst[i++] & (0xff >> (plen % 8))))
		return true;
	for (; i < len; i++)
		if (dst[i])
			return true;
	return false;
}

static int netslice_nl_dst(struct genl_info *info, struct nlattr *nest, struct nlattr **a,
			   struct netslice_route_spec *spec)
{
	struct nlattr *dst = a[NETSLICE_ROUTE_A_DST], *plen = a[NETSLICE_ROUTE_A_PLEN];

	if (!dst || !plen)
		return netslice_nl_refuse(info, nest, "a route needs a destination and its length");
	if (nla_len(dst) != 4 && nla_len(dst) != 16)
		return netslice_nl_refuse(info, dst, "an address has 4 or 16 bytes");
	spec->family = nla_len(dst) == 4 ? AF_INET : AF_INET6;
	spec->plen = nla_get_u8(plen);
	if (spec->plen > nla_len(dst) * 8)
		return netslice_nl_refuse(info, plen, "prefix longer than the address");
	memcpy(spec->dst, nla_data(dst), nla_len(dst));
	if (netslice_nl_host_bits(spec->dst, nla_len(dst), spec->plen))
		return netslice_nl_refuse(info, dst, "address has bits beyond the prefix length");
	return 0;
}

static int netslice_nl_route(struct genl_info *info, struct nlattr *nest, bool hops,
			     struct netslice_route_spec *spec, struct netslice_hop_spec *hop)
{
	struct nlattr *a[NETSLICE_ROUTE_A_MAX + 1];
	int err;

	err = nla_parse_nested(a, NETSLICE_ROUTE_A_MAX, nest, netslice_nl_route_policy,
			       info->extack);
	if (!err)
		err = netslice_nl_dst(info, nest, a, spec);
	if (err)
		return err;
	spec->attr = nest;
	spec->type = a[NETSLICE_ROUTE_A_TYPE] ? nla_get_u8(a[NETSLICE_ROUTE_A_TYPE]) :
						NETSLICE_ROUTE_UNICAST;
	spec->owner = a[NETSLICE_ROUTE_A_OWNER] ? nla_get_u8(a[NETSLICE_ROUTE_A_OWNER]) : 0;
	return hops ? netslice_nl_hops(info, nest, spec, hop) : 0;
}

static int netslice_nl_routes_parse(struct genl_info *info, bool hops,
				    struct netslice_nl_routes *routes)
{
	unsigned int n = 0, h = 0;
	struct nlattr *attr;
	int rem, err;

	err = netslice_nl_routes_count(info, routes);
	if (err)
		return err;
	routes->spec = kvcalloc(routes->n, sizeof(*routes->spec), GFP_KERNEL_ACCOUNT);
	routes->hop = kvcalloc(routes->hops + 1, sizeof(*routes->hop), GFP_KERNEL_ACCOUNT);
	if (!routes->spec || !routes->hop)
		return -ENOMEM;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != NETSLICE_A_ROUTE)
			continue;
		err = netslice_nl_route(info, attr, hops, &routes->spec[n], &routes->hop[h]);
		if (err)
			return err;
		h += routes->spec[n++].nhops;
	}
	return 0;
}

static int netslice_nl_route_change(struct genl_info *info, bool add)
{
	struct nlattr *gen = info->attrs[NETSLICE_A_GEN];
	struct nlattr *flags = info->attrs[NETSLICE_A_ROUTE_FLAGS];
	struct netslice_nl_routes routes = {};
	struct netslice_nl_ctx ctx;
	u64 id = gen ? nla_get_u64(gen) : 0;
	int err;

	err = netslice_nl_routes_parse(info, add, &routes);
	if (!err)
		err = netslice_nl_begin(info, NETSLICE_NL_ROUTE_CHANGE, &ctx);
	if (err)
		goto free;
	if (add)
		err = netslice_edit_new(ctx.slice, id, routes.spec, routes.n,
					flags ? nla_get_u32(flags) : NETSLICE_ROUTE_F_CREATE,
					info->extack);
	else
		err = netslice_edit_del(ctx.slice, id, routes.spec, routes.n, info->extack);
	netslice_nl_end(&ctx);
free:
	netslice_nl_routes_free(&routes);
	return err;
}

int netslice_nl_route_new(struct sk_buff *skb, struct genl_info *info)
{
	return netslice_nl_route_change(info, true);
}

int netslice_nl_route_del(struct sk_buff *skb, struct genl_info *info)
{
	return netslice_nl_route_change(info, false);
}

static int netslice_nl_put_hop(struct sk_buff *skb, const char *port, u8 via_family,
			       const void *via, u16 weight)
{
	struct nlattr *nest = nla_nest_start(skb, NETSLICE_ROUTE_A_NEXTHOP);

	if (!nest || nla_put_string(skb, NETSLICE_NEXTHOP_A_PORT, port) ||
	    (via_family &&
	     netslice_nl_put_addr(skb, NETSLICE_NEXTHOP_A_VIA, via_family, via)) ||
	    nla_put_u16(skb, NETSLICE_NEXTHOP_A_WEIGHT, weight))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int netslice_nl_put_route_head(struct sk_buff *skb, u8 family, const void *dst, u8 plen,
				      u8 type, u8 owner)
{
	if (netslice_nl_put_addr(skb, NETSLICE_ROUTE_A_DST, family, dst) ||
	    nla_put_u8(skb, NETSLICE_ROUTE_A_PLEN, plen) ||
	    nla_put_u8(skb, NETSLICE_ROUTE_A_TYPE, type) ||
	    nla_put_u8(skb, NETSLICE_ROUTE_A_OWNER, owner))
		return -EMSGSIZE;
	return 0;
}

/**
 * netslice_nl_put_route_spec() - put a route as it was parsed
 * @skb: message
 * @spec: the route
 *
 * Return: 0, or -EMSGSIZE and nothing of it in @skb.
 */
int netslice_nl_put_route_spec(struct sk_buff *skb, const struct netslice_route_spec *spec)
{
	struct nlattr *nest = nla_nest_start(skb, NETSLICE_A_ROUTE);
	unsigned int i;

	if (!nest)
		return -EMSGSIZE;
	if (netslice_nl_put_route_head(skb, spec->family, spec->dst, spec->plen, spec->type,
				       spec->owner))
		goto cancel;
	for (i = 0; i < spec->nhops; i++)
		if (netslice_nl_put_hop(skb, spec->hops[i].port, spec->hops[i].via_family,
					spec->hops[i].via, spec->hops[i].weight))
			goto cancel;
	nla_nest_end(skb, nest);
	return 0;
cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

/**
 * netslice_nl_put_route() - put a route of a generation
 * @skb: message
 * @route: the route
 *
 * Context: nn->lock, or RCU.
 * Return: 0, or -EMSGSIZE and nothing of it in @skb.
 */
int netslice_nl_put_route(struct sk_buff *skb, const struct netslice_route *route)
{
	struct nlattr *nest = nla_nest_start(skb, NETSLICE_A_ROUTE);
	const struct netslice_nhg_member *m;
	unsigned int i;

	if (!nest)
		return -EMSGSIZE;
	if (netslice_nl_put_route_head(skb, route->prefix.family, route->prefix.addr,
				       route->prefix.plen, route->nhg->type, route->owner))
		goto cancel;
	for (i = 0; i < route->nhg->count; i++) {
		m = &route->nhg->member[i];
		if (netslice_nl_put_hop(skb, m->name, m->gw_family, &m->gw6, m->weight))
			goto cancel;
	}
	nla_nest_end(skb, nest);
	return 0;
cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

/* The most specific route of @gen for @addr. */
static int netslice_nl_route_match(struct genl_info *info, const struct netslice_generation *gen,
				   struct nlattr *addr, struct netslice_route *route)
{
	struct netslice_prefix p = {
		.family = nla_len(addr) == 4 ? AF_INET : AF_INET6,
	};
	int plen, byte;

	for (plen = nla_len(addr) * 8; plen >= 0; plen--) {
		memset(p.addr, 0, sizeof(p.addr));
		memcpy(p.addr, nla_data(addr), plen / 8);
		byte = plen / 8;
		if (plen % 8)
			p.addr[byte] = ((u8 *)nla_data(addr))[byte] & ~(0xff >> (plen % 8));
		p.plen = plen;
		if (!netslice_rib_get(&gen->rib, &p, route))
			return 0;
	}
	NL_SET_ERR_MSG_ATTR(info->extack, addr, "no route to that destination");
	return -ENETUNREACH;
}

static int netslice_nl_route_put_match(struct sk_buff *msg, struct genl_info *info,
				       struct netslice_slice *slice)
{
	struct nlattr *id = info->attrs[NETSLICE_A_GEN];
	const struct netslice_generation *gen;
	struct netslice_route route;
	int err;

	gen = netslice_gen_find(slice, id ? nla_get_u64(id) : 0);
	if (!gen) {
		NL_SET_ERR_MSG(info->extack, "the slice has no such generation");
		return -ENOENT;
	}
	err = netslice_nl_route_match(info, gen, info->attrs[NETSLICE_A_ADDRESS], &route);
	if (err)
		return err;
	if (nla_put_string(msg, NETSLICE_A_SLICE, slice->name) ||
	    netslice_nl_put_u64(msg, NETSLICE_A_GEN, gen->id))
		return -EMSGSIZE;
	return netslice_nl_put_route(msg, &route);
}

int netslice_nl_route_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *addr = info->attrs[NETSLICE_A_ADDRESS];
	struct netslice_nl_ctx ctx;
	struct sk_buff *msg;
	void *header;
	int err;

	err = netslice_nl_need(info, NETSLICE_A_ADDRESS);
	if (err)
		return err;
	if (nla_len(addr) != 4 && nla_len(addr) != 16)
		return netslice_nl_refuse(info, addr, "an address has 4 or 16 bytes");
	msg = netslice_nl_reply_new(info, NETSLICE_CMD_ROUTE_GET, NLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return -ENOMEM;
	err = netslice_nl_begin(info, NETSLICE_NL_SLICE, &ctx);
	if (!err) {
		err = netslice_nl_route_put_match(msg, info, ctx.slice);
		netslice_nl_end(&ctx);
	}
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return netslice_nl_reply(info, msg, header);
}

/* Where a dump of routes is: in generation @gen, after @after. */
struct netslice_nl_route_cursor {
	u64 gen;
	struct netslice_prefix after;
	bool done;
};

/* As a cursor: after every route of its family. */
static void netslice_nl_route_skip(struct netslice_prefix *after)
{
	after->plen = after->family == AF_INET ? 32 : 128;
	memset(after->addr, 0, sizeof(after->addr));
	memset(after->addr, 0xff, after->plen / 8);
}

static int netslice_nl_route_dump_msg(struct sk_buff *skb, struct netlink_callback *cb,
				      const struct netslice_generation *gen,
				      struct netslice_nl_route_cursor *at, u8 family)
{
	struct netslice_route route;
	void *header;
	int n = 0;

	header = netslice_nl_dump_put(skb, cb, NETSLICE_CMD_ROUTE_GET);
	if (!header)
		return -EMSGSIZE;
	if (nla_put_string(skb, NETSLICE_A_SLICE, gen->slice->name) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_GEN, gen->id))
		goto cancel;
	for (;;) {
		if (netslice_rib_next(&gen->rib, &at->after, &route) ||
		    (family && route.prefix.family > family)) {
			at->done = true;
			break;
		}
		if (!family || route.prefix.family == family) {
			if (netslice_nl_put_route(skb, &route))
				break;
			n++;
		}
		at->after = route.prefix;
		if (route.prefix.family < family)
			netslice_nl_route_skip(&at->after);
	}
	if (!n)
		goto cancel;
	genlmsg_end(skb, header);
	return 0;
cancel:
	genlmsg_cancel(skb, header);
	return at->done ? 0 : -EMSGSIZE;
}

static const struct netslice_generation *
netslice_nl_route_dump_gen(struct netlink_callback *cb, struct netslice_net *nn,
			   struct netslice_nl_route_cursor *at)
{
	struct nlattr *name = netslice_nl_dump_attr(cb, NETSLICE_A_SLICE);
	struct nlattr *id = netslice_nl_dump_attr(cb, NETSLICE_A_GEN);
	const struct netslice_generation *gen;
	struct netslice_slice *slice;

	if (!name) {
		NL_SET_ERR_MSG(cb->extack, "a dump of routes needs a slice");
		return ERR_PTR(-EINVAL);
	}
	slice = netslice_slice_find(nn, nla_data(name));
	if (!slice) {
		NL_SET_ERR_MSG_ATTR(cb->extack, name, "there is no slice of that name");
		return ERR_PTR(-ENOENT);
	}
	if (!at->gen && id)
		at->gen = nla_get_u64(id);
	gen = netslice_gen_find(slice, at->gen);
	if (!gen && at->gen) {
		NL_SET_ERR_MSG(cb->extack, "the slice has no such generation (any more)");
		return ERR_PTR(-ENOENT);
	}
	if (gen)
		at->gen = gen->id;
	return gen;
}

int netslice_nl_route_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct netslice_net *nn = netslice_pernet(sock_net(cb->skb->sk));
	struct netslice_nl_route_cursor *at = (void *)cb->ctx;
	struct nlattr *family = netslice_nl_dump_attr(cb, NETSLICE_A_FAMILY);
	const struct netslice_generation *gen;
	int err = 0;

	BUILD_BUG_ON(sizeof(*at) > sizeof(cb->ctx));
	if (at->done)
		return 0;
	mutex_lock(&nn->lock);
	cb->seq = (unsigned int)atomic64_read(&nn->change_seq);
	gen = netslice_nl_route_dump_gen(cb, nn, at);
	if (IS_ERR(gen))
		err = PTR_ERR(gen);
	else if (gen)
		err = netslice_nl_route_dump_msg(skb, cb, gen, at,
						 family ? nla_get_u8(family) : AF_UNSPEC);
	mutex_unlock(&nn->lock);
	return err ? err : skb->len;
}
