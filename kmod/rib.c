// SPDX-License-Identifier: GPL-2.0-only
/*
 * The routes of one generation.
 *
 * Four things are kept equal: the ordered routes, the groups they use, the tables
 * that packets are looked up in, and the digest. Each change does first what may
 * fail (group, place among the routes, table), undoes it if a later step fails, and
 * then what cannot (digest, the old group's reference).
 */

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "rib.h"

/* Routes from which on the digest's buckets are kept, not computed when asked for */
#define NETSLICE_RIB_BUCKETS_FROM	2048

static struct netslice_rib_family *netslice_rib_family(struct netslice_rib *rib,
						       u8 family)
{
	return family == AF_INET ? &rib->ip4 : &rib->ip6;
}

static u8 netslice_prefix_digest_family(const struct netslice_prefix *p)
{
	return p->family == AF_INET ? NETSLICE_DIGEST_IPV4 : NETSLICE_DIGEST_IPV6;
}

static u32 netslice_rib_total(const struct netslice_rib *rib)
{
	return rib->ip4.routes.count + rib->ip6.routes.count;
}

/* Are all bits from @plen to the end of @bits zero? */
static bool netslice_prefix_clean(const u8 *addr, unsigned int plen,
				  unsigned int bits)
{
	unsigned int i = plen / 8;

	if (plen % 8 && addr[i++] & 0xff >> plen % 8)
		return false;
	while (i < bits / 8)
		if (addr[i++])
			return false;
	return true;
}

/**
 * netslice_prefix_check - is it a prefix?
 * @p: the prefix
 *
 * Context: Any.
 * Return: 0; -EAFNOSUPPORT (family), -ERANGE (length), -EINVAL (bits beyond it).
 */
int netslice_prefix_check(const struct netslice_prefix *p)
{
	unsigned int bits = p->family == AF_INET ? 32 : 128;

	if (p->family != AF_INET && p->family != AF_INET6)
		return -EAFNOSUPPORT;
	if (p->plen > bits)
		return -ERANGE;
	return netslice_prefix_clean(p->addr, p->plen, bits) ? 0 : -EINVAL;
}

/**
 * netslice_prefix_bucket - the digest bucket of a route
 * @p: its prefix
 *
 * Context: Any.
 * Return: 0 to NETSLICE_DIGEST_BUCKETS - 1.
 */
unsigned int netslice_prefix_bucket(const struct netslice_prefix *p)
{
	return netslice_digest_bucket(netslice_prefix_digest_family(p), p->addr,
				      p->plen);
}

static void netslice_rib_hash(const struct netslice_prefix *p,
			      const struct netslice_nhg *nhg,
			      struct netslice_digest_value *hash)
{
	netslice_digest_record_hash(netslice_prefix_digest_family(p), p->addr,
				    p->plen, nhg->type, &nhg->hash, hash);
}

static void netslice_rib_digest_add(struct netslice_rib *rib,
				    const struct netslice_prefix *p,
				    const struct netslice_nhg *nhg)
{
	struct netslice_digest_value hash;

	netslice_rib_hash(p, nhg, &hash);
	netslice_digest_add(&rib->digest, netslice_prefix_bucket(p), &hash);
}

static void netslice_rib_digest_sub(struct netslice_rib *rib,
				    const struct netslice_prefix *p,
				    const struct netslice_nhg *nhg)
{
	struct netslice_digest_value hash;

	netslice_rib_hash(p, nhg, &hash);
	netslice_digest_sub(&rib->digest, netslice_prefix_bucket(p), &hash);
}

static void netslice_rib_sum_buckets(const struct netslice_rib *rib,
				     struct netslice_digest_value *bucket)
{
	struct netslice_digest_value hash;
	struct netslice_route route = { 0 };

	while (!netslice_rib_next(rib, &route.prefix, &route)) {
		netslice_rib_hash(&route.prefix, route.nhg, &hash);
		netslice_digest_plus(&bucket[netslice_prefix_bucket(&route.prefix)],
				     &hash);
		cond_resched();
	}
}

/* What grows with the number of routes. Failing costs speed, no more. */
static void netslice_rib_fit(struct netslice_rib *rib,
			     struct netslice_rib_family *fam, gfp_t gfp)
{
	gfp = (gfp & ~__GFP_NOFAIL) | __GFP_NOWARN;
	netslice_table_fit(&fam->table, fam->routes.count, gfp);
	if (rib->digest.bucket ||
	    netslice_rib_total(rib) < NETSLICE_RIB_BUCKETS_FROM)
		return;
	if (!netslice_digest_expand(&rib->digest, gfp))
		netslice_rib_sum_buckets(rib, rib->digest.bucket);
}

static void netslice_rib_entry(const struct netslice_prefix *p, u8 owner,
			       const struct netslice_nhg *nhg,
			       struct netslice_routes_entry *e)
{
	memcpy(e->addr, p->addr, sizeof(e->addr));
	e->plen = p->plen;
	e->owner = owner;
	e->group = nhg->id;
}

static void netslice_rib_route(const struct netslice_rib *rib, u8 family,
			       const struct netslice_routes_entry *e,
			       struct netslice_route *route)
{
	route->prefix.family = family;
	route->prefix.plen = e->plen;
	memcpy(route->prefix.addr, e->addr, sizeof(route->prefix.addr));
	route->owner = e->owner;
	route->nhg = netslice_nhg_find(&rib->groups, e->group);
}

/* A route where none was. Takes over the reference to @nhg if it succeeds. */
static int netslice_rib_create(struct netslice_rib *rib,
			       const struct netslice_prefix *p,
			       struct netslice_nhg *nhg, u8 owner, gfp_t gfp)
{
	struct netslice_rib_family *fam = netslice_rib_family(rib, p->family);
	struct netslice_routes_entry e;
	int err;

	netslice_rib_entry(p, owner, nhg, &e);
	err = netslice_routes_insert(&fam->routes, &e, gfp);
	if (err)
		return err;
	err = netslice_table_insert(&fam->table, p->addr, p->plen, nhg->id, gfp);
	if (err) {
		netslice_routes_delete(&fam->routes, p->addr, p->plen);
		return err;
	}
	netslice_rib_digest_add(rib, p, nhg);
	netslice_rib_fit(rib, fam, gfp);
	return 0;
}

/* Another route where one is. The reference to @old stays with the caller. */
static int netslice_rib_replace(struct netslice_rib *rib,
				const struct netslice_prefix *p,
				struct netslice_nhg *old,
				struct netslice_nhg *nhg, u8 owner, gfp_t gfp)
{
	struct netslice_rib_family *fam = netslice_rib_family(rib, p->family);
	struct netslice_routes_entry e;
	int err;

	if (old != nhg) {
		err = netslice_table_insert(&fam->table, p->addr, p->plen,
					    nhg->id, gfp);
		if (err)
			return err;
		netslice_rib_digest_sub(rib, p, old);
		netslice_rib_digest_add(rib, p, nhg);
	}
	netslice_rib_entry(p, owner, nhg, &e);
	netslice_routes_update(&fam->routes, &e);
	return 0;
}

/* No route where one was. The reference to @old stays with the caller. */
static int netslice_rib_remove(struct netslice_rib *rib,
			       const struct netslice_prefix *p,
			       struct netslice_nhg *old, gfp_t gfp)
{
	struct netslice_rib_family *fam = netslice_rib_family(rib, p->family);
	struct netslice_routes_entry cover = { 0 };
	int err;

	if (p->plen)
		netslice_routes_cover(&fam->routes, p->addr, p->plen, &cover);
	err = netslice_table_remove(&fam->table, p->addr, p->plen, cover.plen,
				    cover.group, gfp);
	if (err)
		return err;
	netslice_routes_delete(&fam->routes, p->addr, p->plen);
	netslice_rib_digest_sub(rib, p, old);
	netslice_rib_fit(rib, fam, gfp);
	return 0;
}

static int netslice_rib_may_add(const struct netslice_rib *rib, bool there, u32 how)
{
	if (there && (how & NETSLICE_RIB_EXCL || !(how & NETSLICE_RIB_REPLACE)))
		return -EEXIST;
	if (!there && !(how & NETSLICE_RIB_CREATE))
		return -ENOENT;
	if (!there && netslice_rib_total(rib) >= rib->config.max_routes)
		return -ENOSPC;
	return 0;
}

/* What was there goes to @undo, its reference with it, or is forgotten */
static void netslice_rib_was(struct netslice_rib *rib,
			     const struct netslice_prefix *p,
			     struct netslice_nhg *old, u8 owner,
			     struct netslice_rib_undo *undo)
{
	if (undo) {
		undo->prefix = *p;
		undo->owner = owner;
		undo->nhg = old;
		undo->changed = true;
	} else if (old) {
		netslice_nhg_put(&rib->groups, old);
	}
}

static int netslice_rib_set(struct netslice_rib *rib,
			    const struct netslice_prefix *p,
			    struct netslice_nhg *nhg, u8 owner,
			    struct netslice_route *was,
			    struct netslice_rib_undo *undo)
{
	struct netslice_nhg *old = (struct netslice_nhg *)was->nhg;
	int err;

	if (old == nhg && was->owner == owner) {
		netslice_nhg_put(&rib->groups, nhg);
		return NETSLICE_RIB_UNCHANGED;
	}
	if (old)
		err = netslice_rib_replace(rib, p, old, nhg, owner,
					   rib->config.gfp);
	else
		err = netslice_rib_create(rib, p, nhg, owner, rib->config.gfp);
	if (err) {
		netslice_nhg_put(&rib->groups, nhg);
		return err;
	}
	netslice_rib_was(rib, p, old, was->owner, undo);
	return old ? NETSLICE_RIB_REPLACED : NETSLICE_RIB_CREATED;
}

/**
 * netslice_rib_add - add or replace a route
 * @rib: the rib
 * @p: what the route is for
 * @spec: its group
 * @owner: tag of who makes it
 * @how: NETSLICE_RIB_CREATE, _REPLACE, _EXCL
 * @undo: filled in on success, or NULL
 *
 * Context: Process context, the lock held. May sleep.
 * Return: enum netslice_rib_change; or, with nothing changed, -EEXIST (it is there, and
 * @how does not let it be replaced), -ENOENT (it is not, and may not be created),
 * -ENOSPC (limit on routes), what netslice_prefix_check() or netslice_nhg_get()
 * say, -ENOMEM.
 */
int netslice_rib_add(struct netslice_rib *rib, const struct netslice_prefix *p,
		     const struct netslice_nhg_spec *spec, u8 owner, u32 how,
		     struct netslice_rib_undo *undo)
{
	struct netslice_route was = { 0 };
	struct netslice_nhg *nhg;
	int err;

	if (undo)
		memset(undo, 0, sizeof(*undo));
	err = netslice_prefix_check(p);
	if (err)
		return err;
	err = netslice_rib_get(rib, p, &was);
	err = netslice_rib_may_add(rib, !err, how);
	if (err)
		return err;
	nhg = netslice_nhg_get(&rib->groups, spec, rib->config.gfp);
	if (IS_ERR(nhg))
		return PTR_ERR(nhg);
	return netslice_rib_set(rib, p, nhg, owner, &was, undo);
}

/**
 * netslice_rib_del - delete a route
 * @rib: the rib
 * @p: exactly what the route is for
 * @undo: filled in on success, or NULL
 *
 * Context: Process context, the lock held. May sleep.
 * Return: 0; or, with nothing changed, -ENOENT, what netslice_prefix_check() says,
 * -ENOMEM.
 */
int netslice_rib_del(struct netslice_rib *rib, const struct netslice_prefix *p,
		     struct netslice_rib_undo *undo)
{
	struct netslice_route was;
	struct netslice_nhg *old;
	int err;

	if (undo)
		memset(undo, 0, sizeof(*undo));
	err = netslice_rib_get(rib, p, &was);
	if (err)
		return err;
	old = (struct netslice_nhg *)was.nhg;
	err = netslice_rib_remove(rib, p, old, rib->config.gfp);
	if (err)
		return err;
	netslice_rib_was(rib, p, old, was.owner, undo);
	return 0;
}

/**
 * netslice_rib_undo - take a change back
 * @rib: the rib
 * @undo: from the change; of many, the last one first
 *
 * Context: Process context, the lock held. May sleep, cannot fail.
 */
void netslice_rib_undo(struct netslice_rib *rib, struct netslice_rib_undo *undo)
{
	gfp_t gfp = rib->config.gfp | __GFP_NOFAIL;
	struct netslice_route now = { 0 };
	struct netslice_nhg *nhg;

	if (!undo->changed)
		return;
	netslice_rib_get(rib, &undo->prefix, &now);
	nhg = (struct netslice_nhg *)now.nhg;
	if (!nhg)
		netslice_rib_create(rib, &undo->prefix, undo->nhg, undo->owner, gfp);
	else if (undo->nhg)
		netslice_rib_replace(rib, &undo->prefix, nhg, undo->nhg,
				     undo->owner, gfp);
	else
		netslice_rib_remove(rib, &undo->prefix, nhg, gfp);
	if (nhg)
		netslice_nhg_put(&rib->groups, nhg);
	memset(undo, 0, sizeof(*undo));
}

/**
 * netslice_rib_forget - let a change stand
 * @rib: the rib
 * @undo: from the change
 *
 * Context: Process context, the lock held.
 */
void netslice_rib_forget(struct netslice_rib *rib, struct netslice_rib_undo *undo)
{
	if (undo->nhg)
		netslice_nhg_put(&rib->groups, undo->nhg);
	memset(undo, 0, sizeof(*undo));
}

/**
 * netslice_rib_get - the route of exactly this prefix
 * @rib: the rib
 * @p: the prefix
 * @route: the result
 *
 * Context: The lock held.
 * Return: 0, -ENOENT, or what netslice_prefix_check() says.
 */
int netslice_rib_get(const struct netslice_rib *rib,
		     const struct netslice_prefix *p, struct netslice_route *route)
{
	const struct netslice_rib_family *fam;
	struct netslice_routes_entry e;
	int err = netslice_prefix_check(p);

	if (err)
		return err;
	fam = p->family == AF_INET ? &rib->ip4 : &rib->ip6;
	if (!netslice_routes_find(&fam->routes, p->addr, p->plen, &e))
		return -ENOENT;
	netslice_rib_route(rib, p->family, &e, route);
	return 0;
}

/**
 * netslice_rib_next - the route after a prefix, in order
 * @rib: the rib
 * @after: the prefix, which need not be there; family AF_UNSPEC for the first
 *	route of all; may be part of @route
 * @route: the result
 *
 * IPv4 comes before IPv6, then addresses ascend, then lengths. A dump that keeps
 * the last prefix it has shown resumes after it, whatever changed meanwhile.
 *
 * Context: The lock held.
 * Return: 0, or -ENOENT if there is none.
 */
int netslice_rib_next(const struct netslice_rib *rib,
		      const struct netslice_prefix *after,
		      struct netslice_route *route)
{
	struct netslice_routes_entry e;
	u8 family = AF_INET;
	bool found;

	if (after->family == AF_UNSPEC)
		found = netslice_routes_first(&rib->ip4.routes, &e);
	else if (after->family == AF_INET)
		found = netslice_routes_next(&rib->ip4.routes, after->addr,
					     after->plen, &e);
	else
		found = false;
	if (!found) {
		family = AF_INET6;
		if (after->family == AF_INET6)
			found = netslice_routes_next(&rib->ip6.routes,
						     after->addr, after->plen, &e);
		else
			found = netslice_routes_first(&rib->ip6.routes, &e);
	}
	if (!found)
		return -ENOENT;
	netslice_rib_route(rib, family, &e, route);
	return 0;
}

/**
 * netslice_rib_count - number of routes
 * @rib: the rib
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for both
 *
 * Context: The lock held.
 * Return: the number.
 */
u32 netslice_rib_count(const struct netslice_rib *rib, u8 family)
{
	switch (family) {
	case AF_INET:
		return rib->ip4.routes.count;
	case AF_INET6:
		return rib->ip6.routes.count;
	default:
		return netslice_rib_total(rib);
	}
}

/**
 * netslice_rib_bytes - memory in use
 * @rib: the rib
 *
 * Context: The lock held.
 * Return: bytes, without what the allocator adds by rounding.
 */
size_t netslice_rib_bytes(const struct netslice_rib *rib)
{
	size_t bytes = sizeof(*rib) + rib->ip4.table.bytes + rib->ip6.table.bytes +
		       rib->ip4.routes.bytes + rib->ip6.routes.bytes +
		       rib->groups.bytes;

	if (rib->digest.bucket)
		bytes += NETSLICE_DIGEST_BUCKETS * sizeof(*rib->digest.bucket);
	return bytes;
}

/**
 * netslice_rib_uses_port - does any route go through a port?
 * @rib: the rib
 * @port: the port
 *
 * Context: The lock held.
 * Return: whether one does.
 */
bool netslice_rib_uses_port(const struct netslice_rib *rib, const void *port)
{
	return netslice_nhgs_use_port(&rib->groups, port);
}

/**
 * netslice_rib_digest - digest of all routes
 * @rib: the rib
 * @total: the result
 *
 * Context: The lock held.
 */
void netslice_rib_digest(const struct netslice_rib *rib,
			 struct netslice_digest_value *total)
{
	*total = rib->digest.total;
}

/**
 * netslice_rib_digest_buckets - digest, bucket by bucket
 * @rib: the rib
 * @bucket: NETSLICE_DIGEST_BUCKETS results
 *
 * Context: Process context, the lock held. May sleep.
 */
void netslice_rib_digest_buckets(const struct netslice_rib *rib,
				 struct netslice_digest_value *bucket)
{
	size_t size = NETSLICE_DIGEST_BUCKETS * sizeof(*bucket);

	if (rib->digest.bucket) {
		memcpy(bucket, rib->digest.bucket, size);
		return;
	}
	memset(bucket, 0, size);
	netslice_rib_sum_buckets(rib, bucket);
}

static int netslice_rib_family_init(struct netslice_rib *rib,
				    struct netslice_rib_family *fam,
				    unsigned int key_bits)
{
	netslice_routes_init(&fam->routes, key_bits);
	return netslice_table_init(&fam->table, key_bits, rib->config.lock,
				   rib->config.gfp);
}

/**
 * netslice_rib_init - make an empty rib that nobody sees yet
 * @rib: the rib
 * @config: what it is made with; copied
 *
 * Context: Process context. May sleep.
 * Return: 0 or -ENOMEM.
 */
int netslice_rib_init(struct netslice_rib *rib,
		      const struct netslice_rib_config *config)
{
	int err;

	memset(rib, 0, sizeof(*rib));
	rib->config = *config;
	netslice_digest_init(&rib->digest);
	err = netslice_nhgs_init(&rib->groups, config->ops, config->lock,
				 config->max_groups, config->gfp);
	if (err)
		return err;
	err = netslice_rib_family_init(rib, &rib->ip4, 32);
	if (err)
		goto destroy_groups;
	err = netslice_rib_family_init(rib, &rib->ip6, 128);
	if (err)
		goto destroy_ip4;
	return 0;

destroy_ip4:
	netslice_table_destroy(&rib->ip4.table);
destroy_groups:
	netslice_nhgs_destroy(&rib->groups);
	return err;
}

/**
 * netslice_rib_destroy - free everything and put the ports
 * @rib: the rib, initialised
 *
 * Context: Process context, a grace period after readers lost it; what port_put
 * needs must be held. May sleep.
 */
void netslice_rib_destroy(struct netslice_rib *rib)
{
	netslice_table_destroy(&rib->ip4.table);
	netslice_table_destroy(&rib->ip6.table);
	netslice_routes_destroy(&rib->ip4.routes);
	netslice_routes_destroy(&rib->ip6.routes);
	netslice_nhgs_destroy(&rib->groups);
	netslice_digest_destroy(&rib->digest);
}

/**
 * netslice_rib_publish - readers may see the rib from now on
 * @rib: the rib
 *
 * Called before the pointer to the rib is published; what is replaced afterwards is
 * freed after a grace period.
 *
 * Context: The lock held.
 */
void netslice_rib_publish(struct netslice_rib *rib)
{
	netslice_table_publish(&rib->ip4.table);
	netslice_table_publish(&rib->ip6.table);
	netslice_nhgs_publish(&rib->groups);
}

static int netslice_rib_family_copy(struct netslice_rib_family *to,
				    const struct netslice_rib_family *from,
				    gfp_t gfp)
{
	int err = netslice_routes_copy(&to->routes, &from->routes, gfp);

	return err ?: netslice_table_copy(&to->table, &from->table, gfp);
}

/**
 * netslice_rib_copy - make a rib equal to another
 * @to: initialised, empty, not published; its own limits are not applied
 * @from: the rib to copy, its lock held
 *
 * Context: Process context. May sleep.
 * Return: 0; or -ENOMEM, with @to fit only to be destroyed.
 */
int netslice_rib_copy(struct netslice_rib *to, const struct netslice_rib *from)
{
	gfp_t gfp = to->config.gfp;
	int err;

	err = netslice_nhgs_copy(&to->groups, &from->groups, gfp);
	if (!err)
		err = netslice_rib_family_copy(&to->ip4, &from->ip4, gfp);
	if (!err)
		err = netslice_rib_family_copy(&to->ip6, &from->ip6, gfp);
	if (err)
		return err;
	to->digest.total = from->digest.total;
	if (from->digest.bucket && !netslice_digest_expand(&to->digest, gfp))
		netslice_rib_digest_buckets(from, to->digest.bucket);
	return 0;
}
