// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of releases. The store is the truth: a place below STATE/releases
 * without a row is what a crash has left, and is removed at start; a row whose
 * place is not complete is shown as damaged, not used, and mended by an import.
 */
#include "release.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "lib/err.h"
#include "log.h"
#include "release_int.h"
#include "sliced.h"
#include "store.h"

#define RESOLVE_DIGITS	8

/* --- entries --- */

static void entry_free(struct release_entry *e)
{
	if (!e)
		return;
	free((char *)e->r.dir);
	free((char *)e->r.worker);
	free((char *)e->r.program);
	free(e->damage);
	manifest_free(e->manifest);
	free(e);
}

static char *path_of(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static int entry_paths(struct release_entry *e, const char *top)
{
	const struct manifest *m = e->manifest;

	e->r.dir = path_of(top, e->hash);
	if (!e->r.dir)
		return -ENOMEM;
	e->r.worker = path_of(e->r.dir, m->worker->path);
	if (m->program)
		e->r.program = path_of(e->r.dir, m->program->path);
	return e->r.worker && (e->r.program || !m->program) ? 0 : -ENOMEM;
}

static void entry_insert(struct releases *rs, struct release_entry *e)
{
	struct release_entry **at = &rs->first;

	while (*at && (strcmp((*at)->r.name, e->r.name) < 0 ||
		       (!strcmp((*at)->r.name, e->r.name) && (*at)->r.time_ms <= e->r.time_ms)))
		at = &(*at)->next;
	e->next = *at;
	*at = e;
}

struct release_entry *releases_add(struct releases *rs, const char *hash,
				   struct manifest *manifest, uint64_t size, int64_t time_ms)
{
	struct release_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	snprintf(e->hash, sizeof(e->hash), "%s", hash);
	e->manifest = manifest;
	e->r.hash = e->hash;
	e->r.name = manifest->name;
	e->r.version = manifest->version;
	e->r.manifest = manifest;
	e->r.size = size;
	e->r.time_ms = time_ms;
	if (entry_paths(e, rs->top)) {
		e->manifest = NULL;
		entry_free(e);
		return NULL;
	}
	entry_insert(rs, e);
	return e;
}

void releases_del(struct releases *rs, struct release_entry *e)
{
	struct release_entry **at = &rs->first;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	entry_free(e);
}

/* --- finding --- */

struct release_entry *releases_entry(struct releases *rs, const char *hash)
{
	struct release_entry *e;

	for (e = rs->first; e && strcmp(e->hash, hash); e = e->next)
		;
	return e;
}

const struct release_entry *releases_clash(struct releases *rs, const struct manifest *m,
					   const char *hash)
{
	const struct release_entry *e;

	for (e = rs->first; e; e = e->next) {
		if (!strcmp(e->r.name, m->name) && !strcmp(e->r.version, m->version) &&
		    strcmp(e->hash, hash))
			return e;
	}
	return NULL;
}

static bool entry_usable(const struct release_entry *e)
{
	return !e->damage && !e->removing;
}

const struct release *release_find(struct releases *rs, const char *hash)
{
	struct release_entry *e = releases_entry(rs, hash);

	return e && entry_usable(e) ? &e->r : NULL;
}

const struct release *release_find_named(struct releases *rs, const char *name,
					 const char *version)
{
	struct release_entry *e;

	for (e = rs->first; e; e = e->next) {
		if (entry_usable(e) && !strcmp(e->r.name, name) &&
		    !strcmp(e->r.version, version))
			return &e->r;
	}
	return NULL;
}

static const struct release *resolve_digits(struct releases *rs, const char *text,
					    struct nsl_err *err)
{
	const struct release *found = NULL;
	struct release_entry *e;

	for (e = rs->first; e; e = e->next) {
		if (!entry_usable(e) || strncmp(e->hash, text, strlen(text)))
			continue;
		if (found) {
			nsl_err_set(err, EEXIST, "several releases begin with %s", text);
			return NULL;
		}
		found = &e->r;
	}
	if (!found)
		nsl_err_set(err, ENOENT, "this node has no release %s", text);
	return found;
}

const struct release *release_resolve(struct releases *rs, const char *text,
				      struct nsl_err *err)
{
	const char *dash = strrchr(text, '-');
	const struct release *r = NULL;
	char name[MANIFEST_NAME_LEN];

	if (dash && (size_t)(dash - text) < sizeof(name)) {
		snprintf(name, sizeof(name), "%.*s", (int)(dash - text), text);
		r = release_find_named(rs, name, dash + 1);
	}
	if (r || dash || strlen(text) < RESOLVE_DIGITS) {
		if (!r)
			nsl_err_set(err, ENOENT, "this node has no release \"%s\"; a release is "
				    "named by NAME-VERSION, or %d or more digits of its hash",
				    text, RESOLVE_DIGITS);
		return r;
	}
	return resolve_digits(rs, text, err);
}

const struct release *release_next(struct releases *rs, const struct release *after)
{
	struct release_entry *e = after ? ((struct release_entry *)after)->next : rs->first;

	return e ? &e->r : NULL;
}

const struct release *release_hold(const struct release *r)
{
	if (r)
		((struct release_entry *)r)->holds++;
	return r;
}

void release_put(const struct release *r)
{
	if (r)
		((struct release_entry *)r)->holds--;
}

/* --- asking for one --- */

void release_import(struct releases *rs, const char *path, release_done done, void *arg)
{
	intake_path(rs, path, done, arg);
}

void release_fetch(struct releases *rs, struct peer *peer, const char *hash, release_done done,
		   void *arg)
{
	if (release_find(rs, hash))
		intake_found(rs, hash, done, arg);
	else
		fetch_add(rs->fetches, peer, hash, done, arg);
}

void release_forget(struct releases *rs, void *arg)
{
	intakes_forget(rs, arg);
	fetches_forget(rs->fetches, arg);
}

/* --- begin and end --- */

struct load {
	struct releases	*rs;
	int		error;
	char		text[256];
};

static void entry_look(struct release_entry *e)
{
	struct nsl_err err = { 0 };

	if (!bundle_look(e->r.dir, e->hash, &err))
		return;
	e->damage = strdup(err.text);
	e->r.damage = e->damage ? e->damage : "damaged";
	log_error("release %s-%s cannot be used: %s; import it again", e->r.name, e->r.version,
		  e->r.damage);
}

static int load_row(struct load *load, const struct store_row *row)
{
	const char *text = store_text(row, 3);
	struct nsl_err err = { 0 };
	struct manifest *m = manifest_parse(text, strlen(text), &err);
	struct release_entry *e;

	if (!m) {
		log_error("release %s: its manifest in the store: %s", store_text(row, 0),
			  err.text);
		return 0;
	}
	e = releases_add(load->rs, store_text(row, 0), m, (uint64_t)store_int(row, 5),
			 store_int(row, 6));
	if (!e) {
		manifest_free(m);
		return -ENOMEM;
	}
	entry_look(e);
	return 0;
}

static void load_rows(void *arg, const struct store_result *res)
{
	struct load *load = arg;
	unsigned int i;

	load->error = res->error;
	snprintf(load->text, sizeof(load->text), "%s", res->text);
	for (i = 0; !load->error && i < res->row_count; i++)
		load->error = load_row(load, store_row_at(res, i));
}

static int releases_load(struct releases *rs, struct nsl_err *err)
{
	struct store_tx *tx = store_tx_new(rs->sliced->store);
	struct load load = { .rs = rs };

	store_add(tx, SQL_RELEASE_ALL, "");
	store_commit_wait(tx, load_rows, &load);
	return load.error ? nsl_err_set(err, -load.error, "%s", load.text) : 0;
}

static bool place_known(void *arg, const char *hash)
{
	return releases_entry(arg, hash);
}

int releases_init(struct sliced *sliced, struct nsl_err *err)
{
	struct releases *rs = calloc(1, sizeof(*rs));

	if (!rs)
		return nsl_err_set(err, ENOMEM, "out of memory");
	rs->sliced = sliced;
	rs->top = path_of(sliced->config->state_dir, "releases");
	sliced->releases = rs;
	if (!rs->top || releases_load(rs, err) ||
	    bundle_clean(rs->top, place_known, rs, err))
		goto fail;
	rs->fetches = fetches_new(rs, err);
	if (!rs->fetches || ctl_release_init(rs, err))
		goto fail;
	return 0;
fail:
	releases_exit(sliced);
	return -EIO;
}

void releases_exit(struct sliced *sliced)
{
	struct releases *rs = sliced->releases;

	if (!rs)
		return;
	fetches_free(rs->fetches);
	serves_free(rs);
	intakes_free(rs);
	while (rs->first)
		releases_del(rs, rs->first);
	free(rs->top);
	free(rs);
	sliced->releases = NULL;
}
