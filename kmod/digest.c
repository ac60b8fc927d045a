// SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT
/* Running digest of a generation: see digest.h. */

#include "digest.h"

/**
 * netslice_digest_init - start with the digest of nothing
 * @d: the digest
 */
void netslice_digest_init(struct netslice_digest *d)
{
	memset(d, 0, sizeof(*d));
}

/**
 * netslice_digest_destroy - free the buckets
 * @d: the digest
 *
 * Context: May sleep.
 */
void netslice_digest_destroy(struct netslice_digest *d)
{
	netslice_digest_collapse(d);
}

/**
 * netslice_digest_expand - keep buckets from now on
 * @d: the digest
 * @gfp: how to allocate
 *
 * The buckets start at zero, while the total stays: the caller adds to the
 * buckets what is there already, with netslice_digest_plus().
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int netslice_digest_expand(struct netslice_digest *d, gfp_t gfp)
{
	if (!d->bucket)
		d->bucket = kvcalloc(NETSLICE_DIGEST_BUCKETS,
				     sizeof(*d->bucket), gfp);
	return d->bucket ? 0 : -ENOMEM;
}

/**
 * netslice_digest_collapse - keep only the total from now on
 * @d: the digest
 *
 * Context: May sleep.
 */
void netslice_digest_collapse(struct netslice_digest *d)
{
	kvfree(d->bucket);
	d->bucket = NULL;
}

/**
 * netslice_digest_add - a route is there now
 * @d: the digest
 * @bucket: of the route, from netslice_digest_bucket()
 * @hash: of the route, from netslice_digest_record_hash()
 */
void netslice_digest_add(struct netslice_digest *d, unsigned int bucket,
			 const struct netslice_digest_value *hash)
{
	netslice_digest_plus(&d->total, hash);
	if (d->bucket)
		netslice_digest_plus(&d->bucket[bucket], hash);
}

/**
 * netslice_digest_sub - a route is there no longer
 * @d: the digest
 * @bucket: as it was added
 * @hash: as it was added
 */
void netslice_digest_sub(struct netslice_digest *d, unsigned int bucket,
			 const struct netslice_digest_value *hash)
{
	netslice_digest_minus(&d->total, hash);
	if (d->bucket)
		netslice_digest_minus(&d->bucket[bucket], hash);
}
