/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The routes of one generation, both families: bookkeeping, next-hop groups,
 * longest-prefix match and digest, kept equal to each other.
 *
 * Life: init (private, nobody else sees it) -> add, del, copy -> publish (from
 * now on readers may) -> add, del under the lock, lookups under RCU -> out of
 * readers' sight -> a grace period, the caller's duty -> destroy.
 *
 * Everything but the lookups is serialised by the mutex of the configuration,
 * and may sleep. What fails leaves the routes as they were. The module's exit
 * must call rcu_barrier() after the last rib is destroyed.
 */
#ifndef NETSLICE_RIB_H
#define NETSLICE_RIB_H

#include <linux/socket.h>
#include <linux/types.h>
#include "digest.h"
#include "nhg.h"
#include "routes.h"
#include "table.h"

/* How netslice_rib_add() treats a prefix that is, or is not, there */
#define NETSLICE_RIB_CREATE	1U	/* may make a new route */
#define NETSLICE_RIB_REPLACE	2U	/* may replace the one that is there */
#define NETSLICE_RIB_EXCL	4U	/* must not be there, even if equal */

/* What netslice_rib_add() did */
enum netslice_rib_change {
	NETSLICE_RIB_CREATED,
	NETSLICE_RIB_REPLACED,
	NETSLICE_RIB_UNCHANGED,		/* equal route, equal owner */
};

/**
 * struct netslice_prefix - what a route is for
 * @family: AF_INET or AF_INET6; AF_UNSPEC, as a cursor, is before everything
 * @plen: prefix length
 * @addr: network order, IPv4 in the first four bytes; bits beyond @plen zero
 */
struct netslice_prefix {
	u8 family;
	u8 plen;
	u8 addr[16];
};

/**
 * struct netslice_route - one route, as the rib shows it
 * @prefix: what it is for
 * @owner: tag of who made it; means nothing here and is not in the digest
 * @nhg: its group; valid while the lock is held or under RCU
 */
struct netslice_route {
	struct netslice_prefix prefix;
	u8 owner;
	const struct netslice_nhg *nhg;
};

/**
 * struct netslice_rib_undo - how to take one change back
 * @prefix: what was changed
 * @owner: of the route that was there
 * @nhg: group of the route that was there, with a reference; NULL: none was
 * @changed: false if the change found nothing to do
 *
 * Filled in by a change that succeeded; then either netslice_rib_undo(), which
 * cannot fail, or netslice_rib_forget() must follow. Many changes are taken back
 * in reverse order.
 */
struct netslice_rib_undo {
	struct netslice_prefix prefix;
	u8 owner;
	bool changed;
	struct netslice_nhg *nhg;
};

/**
 * struct netslice_rib_config - what a rib is made with
 * @ops: how ports are referenced
 * @lock: serialises changes; lockdep proves it. NULL in single-threaded tests.
 * @max_routes: limit on routes of both families together
 * @max_groups: limit on next-hop groups, at most NETSLICE_TABLE_VALUE_MAX
 * @gfp: how to allocate, GFP_KERNEL or GFP_KERNEL_ACCOUNT
 */
struct netslice_rib_config {
	const struct netslice_nhg_ops *ops;
	struct mutex *lock;
	u32 max_routes;
	u32 max_groups;
	gfp_t gfp;
};

struct netslice_rib_family {
	struct netslice_table table;
	struct netslice_routes routes;
};

struct netslice_rib {
	struct netslice_rib_family ip4;
	struct netslice_rib_family ip6;
	struct netslice_nhgs groups;
	struct netslice_digest digest;
	struct netslice_rib_config config;
};

int netslice_rib_init(struct netslice_rib *rib,
		      const struct netslice_rib_config *config);
void netslice_rib_destroy(struct netslice_rib *rib);
void netslice_rib_publish(struct netslice_rib *rib);
int netslice_rib_copy(struct netslice_rib *to, const struct netslice_rib *from);

int netslice_rib_add(struct netslice_rib *rib, const struct netslice_prefix *p,
		     const struct netslice_nhg_spec *spec, u8 owner, u32 how,
		     struct netslice_rib_undo *undo);
int netslice_rib_del(struct netslice_rib *rib, const struct netslice_prefix *p,
		     struct netslice_rib_undo *undo);
void netslice_rib_undo(struct netslice_rib *rib, struct netslice_rib_undo *undo);
void netslice_rib_forget(struct netslice_rib *rib, struct netslice_rib_undo *undo);
int netslice_rib_get(const struct netslice_rib *rib,
		     const struct netslice_prefix *p, struct netslice_route *route);
int netslice_rib_next(const struct netslice_rib *rib,
		      const struct netslice_prefix *after,
		      struct netslice_route *route);

int netslice_prefix_check(const struct netslice_prefix *p);
unsigned int netslice_prefix_bucket(const struct netslice_prefix *p);
u32 netslice_rib_count(const struct netslice_rib *rib, u8 family);
size_t netslice_rib_bytes(const struct netslice_rib *rib);
bool netslice_rib_uses_port(const struct netslice_rib *rib, const void *port);
void netslice_rib_digest(const struct netslice_rib *rib,
			 struct netslice_digest_value *total);
void netslice_rib_digest_buckets(const struct netslice_rib *rib,
				 struct netslice_digest_value *bucket);

/**
 * netslice_rib_lookup4 - where an IPv4 packet goes
 * @rib: a published rib
 * @addr: destination
 *
 * Context: RCU read side, or the lock held.
 * Return: the group, NULL if there is no route. Never dereference one of its
 * members before looking at its type.
 */
static __always_inline const struct netslice_nhg *
netslice_rib_lookup4(const struct netslice_rib *rib, __be32 addr)
{
	u32 id = netslice_table_lookup4(&rib->ip4.table, addr);

	return likely(id) ? netslice_nhg_find(&rib->groups, id) : NULL;
}

/**
 * netslice_rib_lookup6 - where an IPv6 packet goes
 * @rib: a published rib
 * @addr: destination
 *
 * Context: RCU read side, or the lock held.
 * Return: as netslice_rib_lookup4().
 */
static __always_inline const struct netslice_nhg *
netslice_rib_lookup6(const struct netslice_rib *rib, const struct in6_addr *addr)
{
	u32 id = netslice_table_lookup6(&rib->ip6.table, addr);

	return likely(id) ? netslice_nhg_find(&rib->groups, id) : NULL;
}

#endif /* NETSLICE_RIB_H */
