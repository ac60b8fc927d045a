// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands about slices: slice.define, slice.undefine, slice.definition, slice.status. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "backup.h"
#include "cp.h"
#include "ctl.h"
#include "gen.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "manifest.h"
#include "peer.h"
#include "release.h"
#include "sliced.h"
#include "slices_int.h"

/* A request whose client may go away before its answer. */
struct asked {
	struct ctl_req	*req;	/* NULL: gone */
	struct slices	*slices;
};

static void asked_gone(void *arg)
{
	((struct asked *)arg)->req = NULL;
}

static struct asked *asked_new(struct slices *ss, struct ctl_req *req)
{
	struct asked *a = slices_alloc(sizeof(*a));

	a->req = req;
	a->slices = ss;
	ctl_on_gone(req, asked_gone, a);
	return a;
}

static const char *fault_code(int code)
{
	switch (code) {
	case -EBUSY:
		return "busy";
	case -ESTALE:
		return "stale";
	case -ENOENT:
		return "unknown";
	case -EINVAL:
		return "invalid";
	default:
		return "failed";
	}
}

static void asked_end(struct asked *a, int code, const char *why, struct nsl_jw *w)
{
	if (a->req && code)
		ctl_fail(a->req, fault_code(code), NULL, "%s", why);
	else if (a->req)
		ctl_ok(a->req, w);
	nsl_jw_reset(w);
	free(a);
}

/* The slice that an argument names; NULL: the request has ended. */
static struct slice *arg_slice(struct slices *ss, struct ctl_req *req,
			       const struct nsl_json *args)
{
	struct slice *s;
	struct nsl_err err;
	const char *name;

	if (nsl_json_need_str(args, "slice", &name, &err) < 0) {
		ctl_fail(req, "invalid", "slice", "%s", err.text);
		return NULL;
	}
	s = slices_find(ss, name);
	if (!s)
		ctl_fail(req, "no-slice", "slice", "no slice \"%s\" is defined on this node", name);
	return s;
}

/* ---- slice.define ---- */

static void define_done(void *arg, int code, const char *why, struct slice *slice)
{
	struct asked *a = arg;
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	if (slice) {
		nsl_jw_str(&w, "slice", slice->name);
		nsl_jw_u64s(&w, "definition_seq", slice->def_seq);
	}
	nsl_jw_end(&w);
	asked_end(a, code, why, &w);
}

/* 0 also without a release; else the request has ended. */
static int define_release(struct slices *ss, struct ctl_req *req, const struct nsl_json *args,
			  const struct definition *def, struct slice_spec *spec)
{
	const struct slice *known = slices_find(ss, def->name);
	const struct release *r = NULL;
	const char *text = NULL;
	struct nsl_err err;

	if (nsl_json_get_str(args, "release", &text, &err) < 0 ||
	    (text && !(r = release_resolve(ss->sliced->releases, text, &err)))) {
		ctl_fail(req, text ? "no-release" : "invalid", "release", "%s", err.text);
		return -1;
	}
	if (!r && known && *known->current)
		r = release_find(ss->sliced->releases, known->current);
	if (r && !manifest_reads(r->manifest, def->schema)) {
		ctl_fail(req, "invalid", "definition",
			 "definition.schema: release %s-%s does not read schema %u", r->name,
			 r->version, def->schema);
		return -1;
	}
	if (text)
		spec->current = spec->target = r->hash;
	return 0;
}

/* Whose slice it is, of a new one: this node's, or another's that it stands by for. */
static int define_home(struct slices *ss, struct ctl_req *req, const struct nsl_json *args,
		       struct slice_spec *spec)
{
	const struct node *node = ss->sliced->node;
	struct peer *peer = peers_only(ss->sliced->peers);
	const char *home = NULL;
	struct nsl_err err;

	if (nsl_json_get_str(args, "home", &home, &err) < 0) {
		ctl_fail(req, "invalid", "home", "%s", err.text);
		return -1;
	}
	spec->terms = (struct slice_terms){ .cp = 1, .fp = 1, .owner = 1 };
	spec->parity = 1;
	spec->home = node_id(node);
	spec->peer = peer ? peer_name(peer) : "";
	if (!home || !strcmp(home, node_name(node)) || !strcmp(home, node_id(node)))
		return 0;
	peer = peers_find(ss->sliced->peers, home);
	if (!peer) {
		ctl_fail(req, "unknown", "home", "\"%s\" is neither this node nor a peer of it",
			 home);
		return -1;
	}
	spec->parity = 0;
	spec->home = "";
	spec->peer = peer_name(peer);
	return 0;
}

static void slice_define(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct slices *ss = arg;
	struct slice_spec spec = { 0 };
	const struct nsl_json *obj;
	struct definition *def;
	struct nsl_err err;

	if (nsl_json_need_object(args, "definition", &obj, &err) < 0 ||
	    !(def = definition_from_json(obj, &err))) {
		ctl_fail(req, "invalid", "definition", "%s", err.text);
		return;
	}
	spec.def = def;
	if (slices_check(ss, def, &err))
		ctl_fail(req, "invalid", "definition", "%s", err.text);
	else if (!define_release(ss, req, args, def, &spec) && !define_home(ss, req, args, &spec))
		slices_define(ss, &spec, false, define_done, asked_new(ss, req));
	definition_free(def);
}

/* ---- slice.undefine ---- */

static void undefine_done(void *arg, int code, const char *why)
{
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_end(&w);
	asked_end(arg, code, why, &w);
}

static void slice_undefine(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct slices *ss = arg;
	struct slice *s = arg_slice(ss, req, args);

	if (s)
		slices_undefine(ss, s, undefine_done, asked_new(ss, req));
}

/* ---- showing ---- */

/* All, or the one that an argument names: 0, or the request has ended. */
static int arg_only(struct slices *ss, struct ctl_req *req, const struct nsl_json *args,
		    struct slice **only)
{
	*only = NULL;
	if (!nsl_json_member(args, "slice"))
		return 0;
	*only = arg_slice(ss, req, args);
	return *only ? 0 : -1;
}

static void put_definition(struct nsl_jw *w, const struct slice *s)
{
	struct nsl_json *def;

	if (!s->def)
		return;
	def = nsl_json_parse(s->def->text, strlen(s->def->text), NULL);
	if (!def)
		return;
	nsl_jw_json(w, NULL, def);
	nsl_json_free(def);
}

static void slice_definition(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct slices *ss = arg;
	struct slice *only, *s;
	struct nsl_jw w = { 0 };

	if (arg_only(ss, req, args, &only))
		return;
	nsl_jw_object(&w, NULL);
	nsl_jw_array(&w, "definitions");
	for (s = only ? only : ss->first; s; s = only ? NULL : s->next)
		put_definition(&w, s);
	nsl_jw_end(&w);
	nsl_jw_end(&w);
	ctl_ok(req, &w);
}

static void put_release(struct nsl_jw *w, const char *name, const struct slices *ss,
			const char *hash)
{
	const struct release *r;

	if (!*hash) {
		nsl_jw_null(w, name);
		return;
	}
	r = release_find(ss->sliced->releases, hash);
	nsl_jw_object(w, name);
	nsl_jw_str(w, "hash", hash);
	if (r)
		nsl_jw_fmt(w, "release", "%s-%s", r->name, r->version);
	nsl_jw_end(w);
}

static void put_cp(struct nsl_jw *w, const struct slice *s)
{
	struct cp_view view;

	cp_view(s, &view);
	nsl_jw_object(w, "cp");
	nsl_jw_u64s(w, "term", s->terms.cp);
	nsl_jw_bool(w, "mine", slice_is_cp_master(s));
	nsl_jw_str(w, "role", view.master ? "master" : "standby");
	put_release(w, "release", s->slices, view.release);
	nsl_jw_bool(w, "running", view.running);
	nsl_jw_bool(w, "healthy", view.healthy);
	nsl_jw_u64(w, "pid", (uint64_t)view.pid);
	nsl_jw_u64(w, "routes", view.routes ? routeset_count(view.routes) : 0);
	nsl_jw_bool(w, "complete", view.complete);
	nsl_jw_str(w, "why", view.why);
	nsl_jw_end(w);
}

static void put_fp(struct nsl_jw *w, const struct slice *s)
{
	const struct kern_slice *k = &s->kernel;

	nsl_jw_object(w, "fp");
	nsl_jw_u64s(w, "term", k->state.fp_term);
	nsl_jw_str(w, "role", k->there ? nsl_name(NSL_ROLE, k->state.role) : "absent");
	nsl_jw_str(w, "lease", nsl_name(NSL_LEASE, k->state.lease));
	nsl_jw_u64s(w, "cp_term", k->state.cp_term);
	nsl_jw_u64s(w, "generation", k->gen);
	nsl_jw_u64s(w, "seq", k->seq);
	nsl_jw_end(w);
}

void slice_status(const struct slice *s, struct nsl_jw *w)
{
	static const char *const phase[] = {
		[SLICE_PLACING] = "placing", [SLICE_PLACED] = "placed",
		[SLICE_TROUBLE] = "trouble", [SLICE_LEAVING] = "leaving",
	};

	nsl_jw_str(w, "slice", s->name);
	nsl_jw_str(w, "phase", phase[s->phase]);
	nsl_jw_str(w, "why", s->why);
	nsl_jw_str(w, "held", s->holds ? s->hold_why : "");
	nsl_jw_u64s(w, "definition_seq", s->def_seq);
	nsl_jw_u64(w, "schema", s->def ? s->def->schema : 0);
	put_release(w, "current", s->slices, s->current);
	put_release(w, "target", s->slices, s->target);
	nsl_jw_str(w, "peer", s->peer);
	nsl_jw_bool(w, "owner", slice_is_owner(s));
	nsl_jw_u64s(w, "owner_term", s->terms.owner);
	nsl_jw_u64s(w, "fp_term", s->terms.fp);
	put_cp(w, s);
	put_fp(w, s);
	backup_status(s, w);
}

/* ---- slice.status: with a look at the kernel, and what has drifted ---- */

struct status {
	struct asked	*asked;
	unsigned int	left;
	struct nsl_jw	w;
};

#define STATUS_TEXTS	64

struct status_one {
	struct status	*status;
	struct slice	*slice;
	char		*text[STATUS_TEXTS];	/* what has drifted */
	unsigned int	texts;
};

static void status_end(struct status *st)
{
	if (--st->left)
		return;
	nsl_jw_end(&st->w);
	nsl_jw_end(&st->w);
	asked_end(st->asked, 0, "", &st->w);
	free(st);
}

/* One slice's part ends: all of it is known. */
static void status_digest(void *arg, int code, const char *why, const struct gen_info *info)
{
	struct status_one *one = arg;
	struct nsl_jw *w = &one->status->w;
	struct cp_view view;
	unsigned int i;

	(void)why;
	cp_view(one->slice, &view);
	nsl_jw_object(w, NULL);
	slice_status(one->slice, w);
	nsl_jw_array(w, "drift");
	for (i = 0; i < one->texts; i++)
		nsl_jw_str(w, NULL, one->text[i]);
	if (!code && info->gen && view.complete && view.master &&
	    !gen_is(info, routeset_digest(view.routes)))
		nsl_jw_str(w, NULL, "routes: the active generation is not what the worker wants");
	nsl_jw_end(w);
	nsl_jw_end(w);
	status_end(one->status);
	while (one->texts)
		free(one->text[--one->texts]);
	free(one);
}

static void status_drift(void *arg, const struct apply_result *result)
{
	struct status_one *one = arg;
	unsigned int i;

	if (result->code)
		one->text[one->texts++] = slices_dup(result->why);
	for (i = 0; i < result->texts && one->texts < STATUS_TEXTS; i++)
		one->text[one->texts++] = slices_dup(result->text[i]);
	gen_digest(one->slice, 0, status_digest, one);
}

static void status_looked(void *arg, int code, const char *why)
{
	struct status_one *one = arg;
	struct sliced *sliced = one->slice->slices->sliced;
	const struct apply_spec spec = {
		.def = one->slice->def, .config = sliced->config, .look = true,
	};

	(void)code;
	(void)why;
	if (!spec.def || apply_start(sliced->work, &spec, status_drift, one)) {
		status_end(one->status);
		free(one);
	}
}

static void status_add(struct status *st, struct slice *s)
{
	struct status_one *one = slices_alloc(sizeof(*one));

	one->status = st;
	one->slice = s;
	st->left++;
	slice_look(s, status_looked, one);
}

static void slice_status_cmd(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct slices *ss = arg;
	struct slice *only, *s;
	struct status *st;

	if (arg_only(ss, req, args, &only))
		return;
	st = slices_alloc(sizeof(*st));
	st->asked = asked_new(ss, req);
	st->left = 1;
	nsl_jw_object(&st->w, NULL);
	nsl_jw_array(&st->w, "slices");
	for (s = only ? only : ss->first; s; s = only ? NULL : s->next)
		status_add(st, s);
	status_end(st);
}

int ctl_slice_init(struct slices *ss)
{
	static const char *const define_args[] = { "definition", "release", "home", NULL };
	static const char *const slice_args[] = { "slice", NULL };
	static const struct ctl_command commands[] = {
		{ "slice.define", slice_define, define_args },
		{ "slice.undefine", slice_undefine, slice_args },
		{ "slice.definition", slice_definition, slice_args },
		{ "slice.status", slice_status_cmd, slice_args },
		{ 0 }
	};

	return ctl_register(ss->sliced->ctl, commands, ss);
}
