/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * Running digest of one generation: a total, and the 1,024 buckets it is the
 * sum of. What is hashed, and how, stands in <linux/netslice_digest.h>.
 *
 * The buckets take 16 KiB, more than a small slice's routes: they are kept only
 * once somebody called netslice_digest_expand(), else only the total is.
 * Serialised by the owner.
 */
#ifndef NETSLICE_DIGEST_H
#define NETSLICE_DIGEST_H

#include <linux/types.h>
#include <linux/slab.h>
#include <uapi/linux/netslice_digest.h>

struct netslice_digest {
	struct netslice_digest_value total;
	struct netslice_digest_value *bucket;	/* NULL, or all of them */
};

void netslice_digest_init(struct netslice_digest *d);
void netslice_digest_destroy(struct netslice_digest *d);
int netslice_digest_expand(struct netslice_digest *d, gfp_t gfp);
void netslice_digest_collapse(struct netslice_digest *d);
void netslice_digest_add(struct netslice_digest *d, unsigned int bucket,
			 const struct netslice_digest_value *hash);
void netslice_digest_sub(struct netslice_digest *d, unsigned int bucket,
			 const struct netslice_digest_value *hash);

#endif /* NETSLICE_DIGEST_H */
