/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes to the routes of a generation: all of a request or none of it. */
#ifndef NETSLICE_EDIT_H
#define NETSLICE_EDIT_H

#include <linux/in6.h>
#include <linux/types.h>

#include <uapi/linux/netslice.h>

struct netlink_ext_ack;
struct netslice_slice;

/**
 * struct netslice_hop_spec - one member of a route, as parsed
 * @port: the slice's name for the port, NUL-terminated
 * @via_family: 0 (on-link), AF_INET or AF_INET6
 * @via: the neighbour, network order, first 4 or all 16 bytes
 * @weight: 1..NETSLICE_WEIGHT_MAX
 */
struct netslice_hop_spec {
	char port[NETSLICE_NAME_LEN];
	u8 via_family;
	u16 weight;
	u8 via[16];
};

/**
 * struct netslice_route_spec - one route, as parsed
 * @family: AF_INET or AF_INET6
 * @plen: prefix length, checked against the family
 * @type: enum netslice_route_type
 * @owner: free for user space
 * @nhops: number of @hops; 0 unless unicast, where it is 1..NETSLICE_MAX_NEXTHOPS
 * @dst: network order, first 4 or all 16 bytes, no bit set beyond @plen
 * @hops: array of @nhops
 * @attr: the attribute that it came from, for extack; NULL in events
 */
struct netslice_route_spec {
	u8 family;
	u8 plen;
	u8 type;
	u8 owner;
	u8 nhops;
	u8 dst[16];
	const struct netslice_hop_spec *hops;
	const struct nlattr *attr;
};

/**
 * netslice_edit_new() - add or replace routes, all or none
 * @slice: the slice
 * @gen: number of a generation being built, or 0: the active one, and previous
 *	with it while its switch is not committed (a change that previous cannot
 *	take is counted in its lacks, and the request succeeds)
 * @routes: @n of them
 * @flags: NETSLICE_ROUTE_F_*
 * @extack: says why, and points to the route's attribute
 *
 * Advances slice->seq by one for each request to the active generation and
 * emits ROUTE_NEW with that seq.
 *
 * Context: process, nn->lock.
 * Return: 0, or -ENOENT (no such generation, or route without CREATE), -EEXIST
 * (route without REPLACE), -EBUSY (sealed), -EINVAL, -ENOSPC (limits), -ENOMEM.
 */
int netslice_edit_new(struct netslice_slice *slice, u64 gen,
			const struct netslice_route_spec *routes, unsigned int n, u32 flags,
			struct netlink_ext_ack *extack);
/* The same for removal; only family, plen and dst are looked at. */
int netslice_edit_del(struct netslice_slice *slice, u64 gen,
			const struct netslice_route_spec *routes, unsigned int n,
			struct netlink_ext_ack *extack);

#endif
