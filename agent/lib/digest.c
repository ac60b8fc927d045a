// SPDX-License-Identifier: GPL-2.0-or-later
/* The data digest of routes as user space has them; see the header for what it covers. */
#include <linux/netslice_digest.h>
#include <string.h>

#include "netslice.h"

static uint8_t digest_family(size_t len)
{
	return len == 4 ? NETSLICE_DIGEST_IPV4 : len ? NETSLICE_DIGEST_IPV6 : NETSLICE_DIGEST_ONLINK;
}

static void digest_hash(const struct nsl_route *r, struct netslice_digest_value *hash)
{
	struct netslice_digest_member member[NETSLICE_MAX_NEXTHOPS];
	struct netslice_digest_value group;
	unsigned int i;

	for (i = 0; i < r->nexthops; i++)
		netslice_digest_member_set(&member[i], r->nexthop[i].port,
					   digest_family(r->nexthop[i].via_len),
					   r->nexthop[i].via, r->nexthop[i].weight);
	netslice_digest_members_sort(member, r->nexthops);
	netslice_digest_group_hash(r->type, 0, member, r->nexthops, &group);
	netslice_digest_record_hash(digest_family(r->dst_len), r->dst, r->plen, r->type,
				    &group, hash);
}

/**
 * nsl_digest_add - add a route to a digest
 * @d: count and digest, all zero for no routes
 * @r: a route that nsl_route_check() takes
 */
void nsl_digest_add(struct nsl_digest *d, const struct nsl_route *r)
{
	struct netslice_digest_value hash;

	digest_hash(r, &hash);
	d->lane[0] += hash.lane[0];
	d->lane[1] += hash.lane[1];
	++*(r->dst_len == 4 ? &d->routes4 : &d->routes6);
}

/**
 * nsl_digest_del - take a route out of a digest
 * @d: count and digest
 * @r: a route that was added
 */
void nsl_digest_del(struct nsl_digest *d, const struct nsl_route *r)
{
	struct netslice_digest_value hash;

	digest_hash(r, &hash);
	d->lane[0] -= hash.lane[0];
	d->lane[1] -= hash.lane[1];
	--*(r->dst_len == 4 ? &d->routes4 : &d->routes6);
}

/**
 * nsl_digest_pack - the digest as NETSLICE_A_DIGEST carries it
 * @d: the digest
 * @out: 16 bytes
 */
void nsl_digest_pack(const struct nsl_digest *d, uint8_t out[NETSLICE_DIGEST_LEN])
{
	struct netslice_digest_value v = { .lane = { d->lane[0], d->lane[1] } };

	netslice_digest_pack(&v, out);
}

/**
 * nsl_digest_bucket - which bucket a route counts in
 * @r: the route
 *
 * Return: 0..NETSLICE_DIGEST_BUCKETS - 1.
 */
unsigned int nsl_digest_bucket(const struct nsl_route *r)
{
	return netslice_digest_bucket(digest_family(r->dst_len), r->dst, r->plen);
}
