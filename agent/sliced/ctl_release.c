// SPDX-License-Identifier: GPL-2.0-or-later
/* release.import, release.show, release.remove */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "release_int.h"
#include "sliced.h"
#include "store.h"
#include "work.h"

/* --- import --- */

static void write_name(struct nsl_jw *j, const struct release *r)
{
	nsl_jw_str(j, "hash", r->hash);
	nsl_jw_str(j, "name", r->name);
	nsl_jw_str(j, "version", r->version);
}

static void imported(void *arg, const struct release *r, const char *why)
{
	struct ctl_req *req = arg;
	struct nsl_jw j = { 0 };

	if (!r) {
		ctl_fail(req, "refused", "path", "%s", why);
		return;
	}
	nsl_jw_object(&j, NULL);
	write_name(&j, r);
	nsl_jw_end(&j);
	ctl_ok(req, &j);
}

static void cmd_import(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct nsl_err err;
	const char *path;

	if (nsl_json_need_str(args, "path", &path, &err) < 0)
		ctl_fail(req, "invalid", "path", "%s", err.text);
	else if (path[0] != '/')
		ctl_fail(req, "invalid", "path", "path: must be absolute");
	else
		release_import(arg, path, imported, req);
}

/* --- show --- */

static void write_release(struct nsl_jw *j, const struct release *r)
{
	const struct manifest *m = r->manifest;
	size_t i;

	nsl_jw_object(j, NULL);
	write_name(j, r);
	nsl_jw_array(j, "schemas");
	for (i = 0; i < m->schema_count; i++)
		nsl_jw_u64(j, NULL, m->schemas[i]);
	nsl_jw_end(j);
	nsl_jw_str(j, "worker", m->worker->path);
	if (m->program)
		nsl_jw_str(j, "program", m->program->path);
	nsl_jw_bool(j, "changes_routes", m->changes_routes);
	nsl_jw_u64(j, "files", m->file_count);
	nsl_jw_u64(j, "size", r->size);
	nsl_jw_i64(j, "time_ms", r->time_ms);
	nsl_jw_bool(j, "in_use", ((const struct release_entry *)r)->holds);
	if (r->damage)
		nsl_jw_str(j, "damage", r->damage);
	nsl_jw_end(j);
}

/* By hash, also a damaged one; by name, what can be used. 0 and NULL: all. */
static int pick(struct releases *rs, const struct nsl_json *args, bool need,
		const struct release **r, struct nsl_err *err)
{
	const char *hash = NULL, *name = NULL;
	struct release_entry *e;

	*r = NULL;
	if (nsl_json_get_str(args, "hash", &hash, err) < 0 ||
	    nsl_json_get_str(args, "release", &name, err) < 0)
		return -EINVAL;
	if ((hash && name) || (need && !hash && !name))
		return nsl_err_set(err, EINVAL, "either hash or release");
	if (!hash && !name)
		return 0;
	e = releases_entry(rs, hash ? hash : name);
	*r = e ? &e->r : release_resolve(rs, hash ? hash : name, err);
	return *r ? 0 : -ENOENT;
}

static void cmd_show(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct releases *rs = arg;
	const struct release *only, *r = NULL;
	struct nsl_jw j = { 0 };
	struct nsl_err err;

	if (pick(rs, args, false, &only, &err)) {
		ctl_fail(req, "unknown", "release", "%s", err.text);
		return;
	}
	nsl_jw_object(&j, NULL);
	nsl_jw_array(&j, "releases");
	while ((r = release_next(rs, r))) {
		if (!only || r == only)
			write_release(&j, r);
	}
	nsl_jw_end(&j);
	nsl_jw_end(&j);
	ctl_ok(req, &j);
}

/* --- remove: the row, then the table, then the files --- */

struct removal {
	struct releases		*rs;
	struct release_entry	*e;
	struct ctl_req		*req;
	char			hash[MANIFEST_HASH_LEN + 1];
	int			ret;
	struct nsl_err		err;
};

static void remove_run(void *arg)
{
	struct removal *rm = arg;

	rm->ret = bundle_remove(rm->rs->top, rm->hash, &rm->err);
}

/* The row is gone: what may be left of the files goes at the next start. */
static void remove_done(void *arg)
{
	struct removal *rm = arg;

	if (rm->ret)
		log_warn("release %s: %s", rm->hash, rm->err.text);
	ctl_ok(rm->req, NULL);
	free(rm);
}

static void row_removed(void *arg, const struct store_result *res)
{
	struct removal *rm = arg;

	if (res->error) {
		rm->e->removing = false;
		ctl_fail(rm->req, res->error == -ESTALE ? "busy" : "failed", "release", "%s",
			 res->error == -ESTALE ? "a slice's current or target release" : res->text);
		free(rm);
		return;
	}
	releases_del(rm->rs, rm->e);
	if (work_start(rm->rs->sliced->work, remove_run, remove_done, rm))
		remove_done(rm);
}

static void remove_release(struct releases *rs, struct release_entry *e, struct ctl_req *req)
{
	struct removal *rm = calloc(1, sizeof(*rm));
	struct store_tx *tx;

	if (!rm) {
		ctl_fail(req, "failed", NULL, "out of memory");
		return;
	}
	rm->rs = rs;
	rm->e = e;
	rm->req = req;
	strcpy(rm->hash, e->hash);
	e->removing = true;
	tx = store_tx_new(rs->sliced->store);
	store_add(tx, SQL_RELEASE_DEL, "s", e->hash);
	store_expect(tx, 1);
	store_commit(tx, row_removed, rm);
}

static void cmd_remove(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	const struct release *r;
	struct release_entry *e;
	struct nsl_err err;

	if (pick(arg, args, true, &r, &err)) {
		ctl_fail(req, err.code == EINVAL ? "invalid" : "unknown", "release", "%s", err.text);
		return;
	}
	e = (struct release_entry *)r;
	if (e->holds || e->removing)
		ctl_fail(req, "busy", "release", "release %s-%s is %s", r->name, r->version,
			 e->holds ? "in use" : "being removed");
	else
		remove_release(arg, e, req);
}

static const char *const import_args[] = { "path", NULL };
static const char *const pick_args[] = { "hash", "release", NULL };
static const struct ctl_command commands[] = {
	{ .name = "release.import", .run = cmd_import, .allowed = import_args },
	{ .name = "release.show", .run = cmd_show, .allowed = pick_args },
	{ .name = "release.remove", .run = cmd_remove, .allowed = pick_args },
	{ 0 }
};

int ctl_release_init(struct releases *rs, struct nsl_err *err)
{
	if (ctl_register(rs->sliced->ctl, commands, rs))
		return nsl_err_set(err, ENOMEM, "out of memory");
	return 0;
}
