/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bundles on the disk: unpacks, verifies and publishes them. Everything here
 * waits for the disk: for work threads, and before the loop runs.
 *
 * A bundle is staged in a directory of its own, .tmp-*, verified there, written
 * through, and gets its place by one rename: what has a release's name is whole.
 * What a crash leaves behind is cleaned at the next start.
 */
#ifndef SLICED_BUNDLE_H
#define SLICED_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest.h"

struct nsl_err;

#define BUNDLE_MAX	(64ULL * 1024 * 1024)	/* bytes of all files */
#define BUNDLE_TMP	".tmp-"

struct bundle {
	char		*dir;		/* where it is staged; NULL: nowhere */
	struct manifest	*manifest;	/* after bundle_verify() */
	char		hash[MANIFEST_HASH_LEN + 1];
	uint64_t	size;
};

/* An empty place in @top. */
int bundle_stage(const char *top, struct bundle *b, struct nsl_err *err);
/* Add to a file of a staged bundle; @offset is where it must end now. */
int bundle_append(struct bundle *b, const char *path, uint64_t offset, const void *data,
		  size_t len, struct nsl_err *err);
/* A directory or a tar file into a new place in @top, verified. */
int bundle_import(const char *top, const char *path, struct bundle *b, struct nsl_err *err);
/*
 * Every file listed, every listed file there and of the hash it should have;
 * then all of it is on the disk, the manifest in its canonical form.
 */
int bundle_verify(struct bundle *b, struct nsl_err *err);
/* The rename. Where the release has its place already, that is kept, or with @replace removed. */
int bundle_publish(const char *top, struct bundle *b, bool replace, struct nsl_err *err);
/* Removes what is staged, and forgets all. */
void bundle_drop(struct bundle *b);

/* Take a release's place away, then its files. */
int bundle_remove(const char *top, const char *hash, struct nsl_err *err);
/*
 * At start: makes @top, and removes what is staged in it and every place that
 * @known does not know.
 */
int bundle_clean(const char *top, bool (*known)(void *arg, const char *hash), void *arg,
		 struct nsl_err *err);
/* Is what stands in @dir complete, by names and manifest? Files' hashes are not looked at. */
int bundle_look(const char *dir, const char *hash, struct nsl_err *err);
/* Has the file of a release the hash that the manifest says? */
int bundle_check_file(const char *path, const char *hash, struct nsl_err *err);

#endif
