/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between release.c, intake.c, fetch.c and ctl_release.c. */
#ifndef SLICED_RELEASE_INT_H
#define SLICED_RELEASE_INT_H

#include "bundle.h"
#include "release.h"

struct fetches;
struct intake;
struct release_entry;
struct serve;
struct sliced;

struct releases {
	struct sliced		*sliced;
	char			*top;		/* STATE/releases */
	struct release_entry	*first;		/* by name, then time */
	struct intake		*intakes;	/* on their way into the table */
	struct fetches		*fetches;
	struct serve		*serves;	/* to the other node */
};

/* --- the table: release.c --- */

struct release_entry {
	struct release		r;		/* first */
	struct release_entry	*next;
	struct manifest		*manifest;
	char			hash[MANIFEST_HASH_LEN + 1];
	char			*damage;
	unsigned int		holds;
	bool			removing;
};

/* Also one that is damaged or is being removed. */
struct release_entry *releases_entry(struct releases *rs, const char *hash);
/* Takes the manifest when it succeeds. */
struct release_entry *releases_add(struct releases *rs, const char *hash,
				   struct manifest *manifest, uint64_t size, int64_t time_ms);
void releases_del(struct releases *rs, struct release_entry *e);
/* Another release of that name and version, or NULL. */
const struct release_entry *releases_clash(struct releases *rs, const struct manifest *m,
					   const char *hash);

/* --- the way in: intake.c --- */

/*
 * Takes the staged bundle; it is verified, and must be the release @want.
 * @done is called on the loop, later.
 */
void intake_bundle(struct releases *rs, struct bundle *b, const char *want, release_done done,
		   void *arg);
void intake_path(struct releases *rs, const char *path, release_done done, void *arg);
/* @done with what is in the table then, later. */
void intake_found(struct releases *rs, const char *hash, release_done done, void *arg);
void intakes_forget(struct releases *rs, void *arg);
void intakes_free(struct releases *rs);
/* Removes a staged bundle in a work thread. */
void intake_drop_bundle(struct releases *rs, struct bundle *b);

/* --- the other node's: fetch.c --- */

struct fetches *fetches_new(struct releases *rs, struct nsl_err *err);
void fetches_free(struct fetches *fs);
void fetches_forget(struct fetches *fs, void *arg);
void fetch_add(struct fetches *fs, struct peer *peer, const char *hash, release_done done,
	       void *arg);

/* --- to the other node: serve.c --- */

void serves_free(struct releases *rs);
/* The connection is gone. */
void serves_gone(struct releases *rs, const struct peer *peer);

/* --- commands: ctl_release.c --- */

int ctl_release_init(struct releases *rs, struct nsl_err *err);

#endif
