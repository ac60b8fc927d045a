// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a release comes into the table, whether from a path or from the other
 * node: staged and verified in a work thread; its forwarding program tried on
 * this node's kernel; then its place, then its row, then the table. A crash
 * between the last two leaves a place without a row, which the next start
 * removes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "lib/err.h"
#include "log.h"
#include "program.h"
#include "release_int.h"
#include "sliced.h"
#include "store.h"
#include "work.h"

struct intake {
	struct intake	*next;
	struct releases	*rs;
	release_done	done;		/* NULL: forgotten */
	void		*arg;
	char		*path;		/* to import; NULL: @b is staged already */
	char		want[MANIFEST_HASH_LEN + 1];	/* "": whatever it is */
	struct bundle	b;
	bool		replace;	/* a damaged one */
	bool		published;
	int		ret;
	struct nsl_err	err;
};

static struct intake *intake_new(struct releases *rs, release_done done, void *arg)
{
	struct intake *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->rs = rs;
	in->done = done;
	in->arg = arg;
	in->ret = nsl_err_set(&in->err, ESHUTDOWN, "this node's daemon stops");
	in->next = rs->intakes;
	rs->intakes = in;
	return in;
}

static void intake_unlink(struct intake *in)
{
	struct intake **at = &in->rs->intakes;

	while (*at != in)
		at = &(*at)->next;
	*at = in->next;
}

static void intake_free(struct intake *in)
{
	intake_unlink(in);
	bundle_drop(&in->b);
	free(in->path);
	free(in);
}

/* --- the end --- */

static void clear_run(void *arg)
{
	struct intake *in = arg;
	struct nsl_err err = { 0 };

	if (in->published && bundle_remove(in->rs->top, in->b.hash, &err))
		log_warn("release: %s", err.text);
	bundle_drop(&in->b);
}

static void clear_done(void *arg)
{
	intake_free(arg);
}

/* Everything staged goes away in a work thread, after the answer. */
static void intake_end(struct intake *in, const struct release *r)
{
	if (in->done)
		in->done(in->arg, r, r ? NULL : in->err.text);
	in->done = NULL;
	/* never what is in the table */
	if (r || releases_entry(in->rs, in->b.hash))
		in->published = false;
	if (!in->b.dir && !in->published)
		intake_free(in);
	else if (work_start(in->rs->sliced->work, clear_run, clear_done, in))
		intake_free(in);	/* the loop has ended: waiting hurts nobody */
}

static void intake_next(struct intake *in, void (*run)(void *arg), void (*done)(void *arg))
{
	in->ret = nsl_err_set(&in->err, ESHUTDOWN, "this node's daemon stops");
	if (work_start(in->rs->sliced->work, run, done, in))
		intake_end(in, NULL);
}

/* --- row and table --- */

static void row_stored(void *arg, const struct store_result *res)
{
	struct intake *in = arg;
	struct release_entry *e;

	if (res->error) {
		nsl_err_set(&in->err, -res->error, "the release cannot be recorded: %s",
			    res->text);
		intake_end(in, NULL);
		return;
	}
	e = releases_entry(in->rs, in->b.hash);
	if (e) {	/* it was damaged, or came twice */
		free(e->damage);
		e->damage = NULL;
		e->r.damage = NULL;
	} else {
		e = releases_add(in->rs, in->b.hash, in->b.manifest, in->b.size, clock_wall_ms());
		if (e)
			in->b.manifest = NULL;
		else
			nsl_err_set(&in->err, ENOMEM, "out of memory");
	}
	if (e)
		log_notice("release %s-%s is here: %s", e->r.name, e->r.version, e->hash);
	intake_end(in, e ? &e->r : NULL);
}

static void intake_store(struct intake *in)
{
	struct store_tx *tx = store_tx_new(in->rs->sliced->store);
	const struct manifest *m = in->b.manifest;

	/* the path column: relative, so that the state directory may move */
	store_add(tx, SQL_RELEASE_PUT, "sssssii", in->b.hash, m->name, m->version, m->text,
		  in->b.hash, (int64_t)in->b.size, clock_wall_ms());
	store_commit(tx, row_stored, in);
}

/* --- place --- */

static void publish_run(void *arg)
{
	struct intake *in = arg;

	in->ret = bundle_publish(in->rs->top, &in->b, in->replace, &in->err);
	in->published = !in->ret;
}

static void publish_done(void *arg)
{
	struct intake *in = arg;

	if (in->ret)
		intake_end(in, NULL);
	else
		intake_store(in);
}

/* Verified: is there a place for it? */
static void intake_admit(struct intake *in)
{
	const struct release_entry *clash = releases_clash(in->rs, in->b.manifest, in->b.hash);
	struct release_entry *e = releases_entry(in->rs, in->b.hash);

	if (clash) {
		nsl_err_set(&in->err, EEXIST, "another release %s-%s is here: %.16s...; this is "
			    "%.16s...", clash->r.name, clash->r.version, clash->hash, in->b.hash);
		intake_end(in, NULL);
		return;
	}
	if (e && e->removing) {
		nsl_err_set(&in->err, EBUSY, "it is being removed");
		intake_end(in, NULL);
		return;
	}
	if (e && !e->damage) {
		intake_end(in, &e->r);
		return;
	}
	in->replace = e;
	intake_next(in, publish_run, publish_done);
}

/* --- verify --- */

static int try_program(struct intake *in)
{
	const struct manifest_file *file = in->b.manifest->program;
	char *path = NULL;
	int fd;

	if (!file)
		return 0;
	if (asprintf(&path, "%s/%s", in->b.dir, file->path) < 0)
		return nsl_err_set(&in->err, ENOMEM, "out of memory");
	fd = program_load_wait(path, &in->err);
	free(path);
	if (fd < 0)
		return nsl_err_prefix(&in->err, "%s", file->path);
	close(fd);
	return 0;
}

static int check_want(struct intake *in)
{
	if (!in->want[0] || !strcmp(in->want, in->b.hash))
		return 0;
	return nsl_err_set(&in->err, EINVAL, "the release's hash is %s, not %s", in->b.hash,
			   in->want);
}

static void verify_run(void *arg)
{
	struct intake *in = arg;

	if (in->path)
		in->ret = bundle_import(in->rs->top, in->path, &in->b, &in->err);
	else
		in->ret = bundle_verify(&in->b, &in->err);
	if (!in->ret)
		in->ret = check_want(in);
	if (!in->ret)
		in->ret = try_program(in);
}

static void verify_done(void *arg)
{
	struct intake *in = arg;

	if (in->ret)
		intake_end(in, NULL);
	else
		intake_admit(in);
}

/* --- asked from outside --- */

/* A callback never comes from inside a call: an empty job brings it. */
static void nothing_run(void *arg)
{
	(void)arg;
}

static void found_done(void *arg)
{
	struct intake *in = arg;
	const struct release *r = release_find(in->rs, in->want);

	if (!r)
		nsl_err_set(&in->err, ENOENT, "it was removed just now");
	intake_end(in, r);
}

void intake_found(struct releases *rs, const char *hash, release_done done, void *arg)
{
	struct intake *in = intake_new(rs, done, arg);

	if (!in) {
		done(arg, NULL, "out of memory");
		return;
	}
	snprintf(in->want, sizeof(in->want), "%s", hash);
	intake_next(in, nothing_run, found_done);
}

void intake_path(struct releases *rs, const char *path, release_done done, void *arg)
{
	struct intake *in = intake_new(rs, done, arg);

	if (in)
		in->path = strdup(path);
	if (!in || !in->path) {
		if (in)
			intake_free(in);
		done(arg, NULL, "out of memory");
		return;
	}
	intake_next(in, verify_run, verify_done);
}

void intake_bundle(struct releases *rs, struct bundle *b, const char *want, release_done done,
		   void *arg)
{
	struct intake *in = intake_new(rs, done, arg);

	if (!in) {
		intake_drop_bundle(rs, b);
		done(arg, NULL, "out of memory");
		return;
	}
	in->b = *b;
	memset(b, 0, sizeof(*b));
	manifest_free(in->b.manifest);	/* read again, from what arrived */
	in->b.manifest = NULL;
	snprintf(in->want, sizeof(in->want), "%s", want);
	intake_next(in, verify_run, verify_done);
}

void intake_drop_bundle(struct releases *rs, struct bundle *b)
{
	struct intake *in = b->dir ? intake_new(rs, NULL, NULL) : NULL;

	if (!in) {
		bundle_drop(b);
		return;
	}
	in->b = *b;
	memset(b, 0, sizeof(*b));
	intake_end(in, NULL);
}

void intakes_forget(struct releases *rs, void *arg)
{
	struct intake *in;

	for (in = rs->intakes; in; in = in->next) {
		if (in->arg == arg)
			in->done = NULL;
	}
}

void intakes_free(struct releases *rs)
{
	while (rs->intakes)
		intake_free(rs->intakes);
}
