// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes to the routes of a generation: all of a request or none of it.
 *
 * Each change notes how to take it back. When one fails, those before it are
 * taken back, last one first, which cannot fail. While a switch is uncommitted
 * the previous generation takes the same changes, so that a rollback goes back to
 * the old forwarding state and not to old routes; what it cannot take is counted,
 * for the caller's request was about the active one and has succeeded.
 */
#include <linux/inetdevice.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "compat.h"
#include "edit.h"
#include "event.h"
#include "generation.h"
#include "netns.h"
#include "port.h"
#include "slice.h"

/* A request under way. */
struct netslice_edit {
	struct netslice_slice *slice;
	const struct netslice_route_spec *routes;
	unsigned int n;
	u32 how;	/* NETSLICE_RIB_*, 0: remove */
	struct netslice_rib_undo *undo;
	struct netslice_nhg_member *member;
	struct netlink_ext_ack *extack;
};

static void netslice_edit_prefix(const struct netslice_route_spec *route,
				 struct netslice_prefix *p)
{
	p->family = route->family;
	p->plen = route->plen;
	memcpy(p->addr, route->dst, sizeof(p->addr));
	if (p->family == AF_INET)
		memset(p->addr + 4, 0, sizeof(p->addr) - 4);
}

static int netslice_edit_hop(struct netslice_edit *edit, const struct netslice_hop_spec *hop,
			     struct netslice_nhg_member *m)
{
	struct netslice_port *port = netslice_port_get(edit->slice, hop->port, edit->extack);

	if (IS_ERR(port))
		return PTR_ERR(port);
	memset(m, 0, sizeof(*m));
	m->port = port;
	strscpy(m->name, port->name, sizeof(m->name));
	m->gw_family = hop->via_family;
	m->weight = hop->weight;
	if (hop->via_family == AF_INET)
		memcpy(&m->gw4, hop->via, sizeof(m->gw4));
	else if (hop->via_family == AF_INET6)
		memcpy(&m->gw6, hop->via, sizeof(m->gw6));
	return 0;
}

static void netslice_edit_put_hops(struct netslice_edit *edit, unsigned int n)
{
	while (n--)
		netslice_port_put(edit->member[n].port);
}

static int netslice_edit_get_hops(struct netslice_edit *edit,
				  const struct netslice_route_spec *route)
{
	unsigned int i;
	int err;

	for (i = 0; i < route->nhops; i++) {
		err = netslice_edit_hop(edit, &route->hops[i], &edit->member[i]);
		if (err) {
			netslice_edit_put_hops(edit, i);
			return err;
		}
	}
	return 0;
}

static int netslice_edit_add(struct netslice_edit *edit, struct netslice_rib *rib, u32 how,
			     const struct netslice_route_spec *route,
			     struct netslice_rib_undo *undo)
{
	const struct netslice_nhg_spec spec = {
		.type = route->type,
		.count = route->nhops,
		.member = edit->member,
	};
	struct netslice_prefix p;
	int err;

	err = netslice_edit_get_hops(edit, route);
	if (err)
		return err;
	netslice_edit_prefix(route, &p);
	err = netslice_rib_add(rib, &p, &spec, route->owner, how, undo);
	/* The rib has taken references of its own. */
	netslice_edit_put_hops(edit, route->nhops);
	return err < 0 ? err : 0;
}

static int netslice_edit_one(struct netslice_edit *edit, struct netslice_rib *rib, u32 how,
			     const struct netslice_route_spec *route,
			     struct netslice_rib_undo *undo)
{
	struct netslice_prefix p;

	if (how)
		return netslice_edit_add(edit, rib, how, route, undo);
	netslice_edit_prefix(route, &p);
	return netslice_rib_del(rib, &p, undo);
}

static const char *netslice_edit_why(int err)
{
	switch (err) {
	case -EEXIST:
		return "the route is there already, or one of its next hops stands twice";
	case -ENOENT:
		return "there is no such route";
	case -ENOSPC:
		return "the generation holds as many routes as it may";
	case -EDQUOT:
		return "the generation holds as many next-hop groups as it may";
	case -ENOMEM:
		return "out of memory";
	default:
		return "not a valid route";
	}
}

static void netslice_edit_refuse(struct netslice_edit *edit,
				 const struct netslice_route_spec *route, int err)
{
	if (!edit->extack)
		return;
	if (!edit->extack->_msg)
		edit->extack->_msg = netslice_edit_why(err);
	NL_SET_BAD_ATTR(edit->extack, route->attr);
}

/* All of them, or none and an error. */
static int netslice_edit_apply(struct netslice_edit *edit, struct netslice_generation *gen)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < edit->n && !err; i++) {
		err = netslice_edit_one(edit, &gen->rib, edit->how, &edit->routes[i],
					&edit->undo[i]);
		if (err)
			netslice_edit_refuse(edit, &edit->routes[i], err);
	}
	if (!err) {
		for (i = 0; i < edit->n; i++)
			netslice_rib_forget(&gen->rib, &edit->undo[i]);
		return 0;
	}
	/* The last one has failed and changed nothing. */
	for (i--; i--; )
		netslice_rib_undo(&gen->rib, &edit->undo[i]);
	return err;
}

/* What can be applied is; a route that is not there need not be removed. */
static void netslice_edit_follow(struct netslice_edit *edit, struct netslice_generation *gen)
{
	u32 how = edit->how ? NETSLICE_RIB_CREATE | NETSLICE_RIB_REPLACE : 0;
	struct netlink_ext_ack *extack = edit->extack;
	unsigned int i;
	int err;

	edit->extack = NULL;
	for (i = 0; i < edit->n; i++) {
		err = netslice_edit_one(edit, &gen->rib, how, &edit->routes[i], NULL);
		if (err && (how || err != -ENOENT))
			gen->lacks++;
	}
	edit->extack = extack;
}

/* The generation that a request is for, if it takes changes. */
static struct netslice_generation *netslice_edit_target(struct netslice_slice *slice, u64 id,
							struct netlink_ext_ack *extack)
{
	struct netslice_generation *gen = netslice_gen_find(slice, id);

	if (!gen) {
		if (id)
			NL_SET_ERR_MSG(extack, "the slice has no generation of that number");
		else
			NL_SET_ERR_MSG(extack, "no generation of the slice is active");
		return ERR_PTR(-ENOENT);
	}
	if (!id || gen->state == NETSLICE_GEN_BUILDING)
		return gen;
	if (gen->state == NETSLICE_GEN_SEALED)
		NL_SET_ERR_MSG(extack, "the generation is sealed");
	else
		NL_SET_ERR_MSG(extack, "that generation is not being built: leave GEN out");
	return ERR_PTR(-EBUSY);
}

static void netslice_edit_tell(struct netslice_edit *edit)
{
	const struct netslice_event_info info = {
		.routes = edit->routes,
		.nroutes = edit->n,
	};

	WRITE_ONCE(edit->slice->seq, edit->slice->seq + 1);
	netslice_event(edit->slice,
		       edit->how ? NETSLICE_EVENT_ROUTE_NEW : NETSLICE_EVENT_ROUTE_DEL, &info,
		       GFP_KERNEL);
}

static int netslice_edit_run(struct netslice_edit *edit, u64 id)
{
	struct netslice_generation *gen;
	int err;

	gen = netslice_edit_target(edit->slice, id, edit->extack);
	if (IS_ERR(gen))
		return PTR_ERR(gen);
	err = netslice_edit_apply(edit, gen);
	if (!err && !id) {
		if (edit->slice->previous)
			netslice_edit_follow(edit, edit->slice->previous);
		netslice_edit_tell(edit);
	}
	netslice_ports_reap(edit->slice);
	return err;
}

static int netslice_edit_begin(struct netslice_edit *edit, u64 id)
{
	int err = -ENOMEM;

	lockdep_assert_held(&edit->slice->nn->lock);
	if (!edit->n)
		return 0;
	edit->undo = kvcalloc(edit->n, sizeof(*edit->undo), GFP_KERNEL);
	edit->member = kmalloc_array(NETSLICE_MAX_NEXTHOPS, sizeof(*edit->member), GFP_KERNEL);
	if (edit->undo && edit->member)
		err = netslice_edit_run(edit, id);
	kfree(edit->member);
	kvfree(edit->undo);
	return err;
}

static u32 netslice_edit_how(u32 flags)
{
	u32 how = 0;

	if (flags & NETSLICE_ROUTE_F_CREATE)
		how |= NETSLICE_RIB_CREATE;
	if (flags & NETSLICE_ROUTE_F_REPLACE)
		how |= NETSLICE_RIB_REPLACE;
	return how;
}

int netslice_edit_new(struct netslice_slice *slice, u64 gen,
		      const struct netslice_route_spec *routes, unsigned int n, u32 flags,
		      struct netlink_ext_ack *extack)
{
	struct netslice_edit edit = {
		.slice = slice,
		.routes = routes,
		.n = n,
		.how = netslice_edit_how(flags),
		.extack = extack,
	};
	unsigned int i;

	if (!edit.how) {
		NL_SET_ERR_MSG(extack, "the route flags must say create, replace or both");
		return -EINVAL;
	}
	for (i = 0; i < n; i++) {
		if (routes[i].nhops <= NETSLICE_MAX_NEXTHOPS)
			continue;
		NL_SET_ERR_MSG_ATTR(extack, routes[i].attr, "more than 32 next hops in one route");
		return -E2BIG;
	}
	return netslice_edit_begin(&edit, gen);
}

/**
 * netslice_edit_del() - remove routes, all or none
 * @slice: the slice
 * @gen: as for netslice_edit_new()
 * @routes: @n of them; only family, plen and dst are looked at
 * @n: how many
 * @extack: says why, and points to the route's attribute
 *
 * Context: process, nn->lock.
 * Return: 0, -ENOENT, -EBUSY, -EINVAL, -ENOMEM.
 */
int netslice_edit_del(struct netslice_slice *slice, u64 gen,
		      const struct netslice_route_spec *routes, unsigned int n,
		      struct netlink_ext_ack *extack)
{
	struct netslice_edit edit = {
		.slice = slice,
		.routes = routes,
		.n = n,
		.extack = extack,
	};

	return netslice_edit_begin(&edit, gen);
}
