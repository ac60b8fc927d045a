/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The releases of this node: bundles below STATE/releases, named by the hash
 * of their content, listed in the store. What is in the table is whole: every
 * file had the hash that its manifest says, and was on the disk before the
 * release was listed.
 *
 * All on the loop. A callback is never called from inside the call that asked.
 */
#ifndef SLICED_RELEASE_H
#define SLICED_RELEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest.h"

struct nsl_err;
struct nsl_jw;
struct peer;
struct releases;
struct sliced;

/* Valid until the loop is reached again, or for as long as it is held. */
struct release {
	const char		*hash;		/* 64 hex digits: SHA-256 of manifest->text */
	const char		*name;
	const char		*version;
	const struct manifest	*manifest;	/* schemas and all else */
	const char		*dir;		/* absolute */
	const char		*worker;	/* absolute path of the worker's program */
	const char		*program;	/* absolute path of the forwarding program, or NULL */
	uint64_t		size;		/* bytes of all files */
	int64_t			time_ms;	/* when it came to this node */
	const char		*damage;	/* NULL, or why it cannot be used */
};

int releases_init(struct sliced *sliced, struct nsl_err *err);
void releases_exit(struct sliced *sliced);

/* By content hash. NULL: this node lacks it, or its copy is damaged. */
const struct release *release_find(struct releases *rs, const char *hash);
const struct release *release_find_named(struct releases *rs, const char *name,
					 const char *version);
/*
 * As people name one: "NAME-VERSION", the hash, or the first 8 or more digits
 * of it. NULL with @err: none, or several.
 */
const struct release *release_resolve(struct releases *rs, const char *text,
				      struct nsl_err *err);
const struct release *release_next(struct releases *rs, const struct release *after);

/* A held release is not removed. NULL is fine for both. */
const struct release *release_hold(const struct release *r);
void release_put(const struct release *r);

/* @r: the release; NULL: @why. */
typedef void (*release_done)(void *arg, const struct release *r, const char *why);
/* A directory or a tar file, by absolute path. */
void release_import(struct releases *rs, const char *path, release_done done, void *arg);
/*
 * Get it from the other node, and verify it as if it were imported. One that is
 * here already is found at once (@done still comes later). Any number may be
 * asked for: some run at once, the others wait. Fails when the peer goes down.
 */
void release_fetch(struct releases *rs, struct peer *peer, const char *hash, release_done done,
		   void *arg);
/* Forget what @arg asked for: its @done will not be called. The work may go on. */
void release_forget(struct releases *rs, void *arg);

#endif
