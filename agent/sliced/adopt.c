// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A slice of the other node, taken over as this node's standby: definition and
 * terms on record, objects in the kernel, the worker of the release that it will
 * run, and ready to receive its backup.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "clock.h"
#include "cp.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "release.h"
#include "run.h"
#include "sliced.h"
#include "store.h"

static void adopt_failed(struct run *run, const char *plane, const char *what, const char *why)
{
	char text[RUN_CAUSE_LEN];

	snprintf(text, sizeof(text), "%s%s%s", what, *what ? ": " : "", why);
	take_refuse(run, !strcmp(plane, PLANE_CP) ? "cp-failed" :
		    !strcmp(plane, PLANE_FP) ? "fp-failed" : "failed", text);
}

/* ---- the worker ---- */

static void adopt_healthy(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);
	struct slice *s = run ? run_slice(run) : NULL;
	struct cp_view view;
	struct nsl_jw w = { 0 };

	if (!s)
		return;
	if (code) {
		adopt_failed(run, PLANE_CP, "worker", why);
		return;
	}
	cp_view(s, &view);
	nsl_jw_object(&w, NULL);
	nsl_jw_u64(&w, "schema", view.def ? view.def->schema : 0);
	nsl_jw_u64(&w, "routes", view.routes ? routeset_count(view.routes) : 0);
	nsl_jw_end(&w);
	take_answer(run, &w);
}

#define ADOPT_POLL_MS	100

/* Well once: a worker may need some time. The limit is the plan's. */
static void adopt_poll(struct run *run)
{
	struct slice *s = run_slice(run);
	struct cp_view view;

	if (!s)
		return;
	cp_view(s, &view);
	if (*view.why)
		adopt_failed(run, PLANE_CP, "worker", view.why);
	else if (view.healthy)
		cp_health(s, adopt_healthy, run_step(run));
	else if (clock_boot_ms() >= run->verify_until)
		adopt_failed(run, PLANE_CP, "worker", "it was not well in time");
	else
		run_timer(run, ADOPT_POLL_MS, adopt_poll);
}

static void adopt_started(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);

	if (run && code)
		adopt_failed(run, PLANE_CP, "worker", why);
	else if (run)
		adopt_poll(run);
}

static void adopt_receive(struct run *run)
{
	struct slice *s = run_slice(run);
	struct cp_view view;

	run->verify_until = clock_boot_ms() + run->up->plan->health_ms;
	backup_start(s, run_peer(run), BACKUP_RECEIVE, NULL, NULL);
	cp_view(s, &view);
	if (run->take->standby && view.running && !strcmp(view.release, run->to)) {
		adopt_poll(run);
		return;
	}
	if (!run->take->standby)
		cp_apply(s, false);
	cp_role(s, false, s->terms.cp, NULL, NULL);
	cp_start(s, run->to, run->take->def, adopt_started, run_step(run));
}

/* ---- terms ---- */

static void adopt_kept(void *arg, const struct store_result *res)
{
	struct run *run = run_step_take(arg);

	if (run && res->error)
		adopt_failed(run, PLANE_NODE, "store", res->text);
	else if (run)
		adopt_receive(run);
}

/* The configuration that keeps the service uninterrupted, as its master has it now. */
static void adopt_keep(struct run *run)
{
	struct store_tx *tx = store_tx_new(run_sliced(run)->store);
	const struct slice *s = run_slice(run);
	const char *text = run->take->def->text;

	store_add(tx, SQL_KEEP_PUT, "ssubi", s->name, "config", s->def_seq, text, strlen(text),
		  (int64_t)s->def_seq);
	store_commit(tx, adopt_kept, run_step(run));
}

static void adopt_termed(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);

	if (run && code)
		adopt_failed(run, PLANE_NODE, "terms", why);
	else if (run)
		adopt_keep(run);
}

/* A standby knows the terms of its master; it never had later ones of its own. */
static void adopt_terms(struct run *run)
{
	struct slice *s = run_slice(run);
	const struct slice_terms *to = &run->take->terms;

	if (s->terms.cp > to->cp || s->terms.fp > to->fp || s->terms.owner > to->owner) {
		adopt_failed(run, PLANE_NODE, "", "this node has later terms of the slice");
		return;
	}
	run_hold(run);
	slice_terms_set(s, to, adopt_termed, run_step(run));
}

/* ---- definition ---- */

static void adopt_looked(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);

	if (!run)
		return;
	if (code)
		adopt_failed(run, PLANE_FP, "kernel", why);
	else if (run->take->standby)
		adopt_receive(run);
	else
		adopt_terms(run);
}

static void adopt_defined(void *arg, int code, const char *why, struct slice *slice)
{
	struct run *run = run_step_take(arg);

	if (!run)
		return;
	if (code || !slice)
		adopt_failed(run, code == -EREMOTEIO ? PLANE_CP : PLANE_NODE, "", why);
	else if (slice->parity != run->take->parity)
		adopt_failed(run, PLANE_NODE, "",
			     "both nodes believe that the slice's terms are theirs");
	else
		slice_look(slice, adopt_looked, run_step(run));
}

static void adopt_define(struct run *run)
{
	struct take *t = run->take;
	struct slice_spec spec = {
		.def = t->def,
		.current = t->current,
		.target = run->to,
		.home = t->home,
		.peer = run->up->peer,
		.terms = t->terms,
		.parity = t->parity,
	};

	slices_define(run_sliced(run)->slices, &spec, true, adopt_defined, run_step(run));
}

/* ---- the message ---- */

static int adopt_read(struct take *t, const struct nsl_json *json, const char *slice,
		      struct nsl_err *err)
{
	const struct nsl_json *def = NULL;
	uint32_t parity = 0;

	if (nsl_json_need_object(json, "definition", &def, err) < 0 ||
	    nsl_json_need_text(json, "current", t->current, sizeof(t->current), err) < 0 ||
	    nsl_json_need_text(json, "home", t->home, sizeof(t->home), err) < 0 ||
	    nsl_json_need_u64(json, "cp_term", &t->terms.cp, err) < 0 ||
	    nsl_json_need_u64(json, "fp_term", &t->terms.fp, err) < 0 ||
	    nsl_json_need_u64(json, "owner_term", &t->terms.owner, err) < 0 ||
	    nsl_json_need_u32(json, "parity", 0, 1, &parity, err) < 0)
		return -EINVAL;
	t->parity = (uint8_t)(1 - parity);
	definition_free(t->def);
	t->def = definition_from_json(def, err);
	if (!t->def)
		return -EINVAL;
	if (strcmp(t->def->name, slice))
		return nsl_err_set(err, EINVAL, "definition: it is of slice %s", t->def->name);
	return 0;
}

void adopt_on_config(void *arg, const struct peer_msg *msg)
{
	struct run *run = take_question(arg, msg);
	const struct release *r;
	struct nsl_err err;

	if (!run)
		return;
	if (adopt_read(run->take, msg->json, run->name, &err)) {
		take_refuse(run, "invalid", err.text);
		return;
	}
	r = release_find(run_sliced(run)->releases, run->to);
	if (!r) {
		take_refuse(run, "no-release", "the release is not on this node");
		return;
	}
	if (!manifest_reads(r->manifest, run->take->def->schema)) {
		snprintf(err.text, sizeof(err.text), "release %s-%s does not read schema %u",
			 r->name, r->version, run->take->def->schema);
		take_refuse(run, "cp-failed", err.text);
		return;
	}
	if (run->take->standby)
		adopt_define(run);
	else
		run_enter(run, RUN_CONFIG_SYNC, adopt_define);
}
