// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The generation that this node will run: made from the copy of the other
 * node's, or from the worker's own routes where the release says that it changes
 * them; loaded, sealed by count and digest, switched to while the FP role is
 * standby. It stays uncommitted until the upgrade is complete.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup.h"
#include "cp.h"
#include "gen.h"
#include "handover.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "program.h"
#include "release.h"
#include "run.h"
#include "sliced.h"

static void stage_failed(struct run *run, const char *what, const char *why)
{
	char text[RUN_CAUSE_LEN];

	snprintf(text, sizeof(text), "%s: %s", what, why);
	take_refuse(run, "fp-failed", text);
}

static bool stage_changes_routes(const struct run *run)
{
	const struct release *r = release_find(run_sliced(run)->releases, run->to);

	return r && r->manifest->changes_routes;
}

static void stage_drop_set(struct run *run)
{
	routeset_free(run->take->routes);
	run->take->routes = NULL;
	if (run->take->prog_fd >= 0)
		close(run->take->prog_fd);
	run->take->prog_fd = -1;
}

/* ---- done ---- */

static void stage_hot(struct run *run)
{
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_u64s(&w, "gen", run->gen);
	nsl_jw_end(&w);
	take_answer(run, &w);
	if (!run->take->standby)
		move_resume(run, HANDOVER_HOT);
}

static void stage_committed(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);

	if (run && code)
		stage_failed(run, "commit", why);
	else if (run) {
		stage_hot(run);
		run_after(run, AFTER_DONE, "");
	}
}

static void stage_ready(struct run *run)
{
	if (run->take->standby) {
		gen_commit(run_slice(run), run->gen, stage_committed, run_step(run));
		return;
	}
	run->attempt = run->take->attempt;
	run->fp_base = run->take->fp_term;
	run_enter(run, RUN_HOT, stage_hot);
}

static void stage_followed(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);

	if (run && code)
		stage_failed(run, "changes of the other node", why);
	else if (run)
		stage_ready(run);
}

static void stage_looked(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);
	struct slice *s = run ? run_slice(run) : NULL;

	if (!s)
		return;
	if (code || s->kernel.gen != run->gen)
		stage_failed(run, "kernel", code ? why : "another generation is active");
	else if (stage_changes_routes(run))
		stage_ready(run);
	else
		backup_follow(s, stage_followed, run_step(run));
}

static void stage_switched(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);
	struct slice *s = run ? run_slice(run) : NULL;

	if (!s)
		return;
	if (code)
		stage_failed(run, "switch", why);
	else
		slice_look(s, stage_looked, run_step(run));
}

/* ---- the generation ---- */

static void stage_saved(struct run *run, int err)
{
	struct slice *s = run_slice(run);

	if (!s || !run->asked)
		return;
	if (err)
		stage_failed(run, "journal", "the number of the generation was not stored");
	else
		gen_switch(s, run->gen, s->kernel.gen, 0, stage_switched, run_step(run));
}

static void stage_prepared(void *arg, int code, const char *why, uint64_t gen)
{
	struct run *run = run_step_take(arg);

	if (!run)
		return;
	stage_drop_set(run);
	if (code) {
		stage_failed(run, "generation", why);
		return;
	}
	run->gen = gen;
	run_journal(run, "staged", NULL, stage_saved);
}

static void stage_prepare(struct run *run)
{
	const struct release *r = release_find(run_sliced(run)->releases, run->to);
	struct slice *s = run_slice(run);
	char name[NETSLICE_RELEASE_LEN] = "";
	struct gen_spec spec = { .release = name, .prog_fd = run->take->prog_fd };
	struct cp_view view;

	cp_view(s, &view);
	if (!r || !view.def) {
		stage_failed(run, "worker", "it was stopped meanwhile");
		return;
	}
	snprintf(name, sizeof(name), "%s-%s", r->name, r->version);
	spec.schema = view.def->schema;
	gen_prepare(s, &spec, run->take->routes, stage_prepared, run_step(run));
}

static void stage_program(void *arg, int fd, const char *why)
{
	struct run *run = run_step_take(arg);

	if (!run) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (fd < 0) {
		stage_failed(run, "forwarding program", why);
		return;
	}
	run->take->prog_fd = fd;
	stage_prepare(run);
}

static void stage_load(struct run *run)
{
	struct sliced *sliced = run_sliced(run);
	const struct release *r = release_find(sliced->releases, run->to);

	if (r && r->program) {
		if (program_load(sliced->work, r->program, stage_program, run_step(run)))
			stage_failed(run, "forwarding program", "it cannot be loaded now");
	} else {
		stage_prepare(run);
	}
}

/* ---- routes: the copy and the worker's own ---- */

static void stage_routes(struct run *run)
{
	struct slice *s = run_slice(run);
	const struct routeset *copy;
	struct cp_view view;
	uint64_t seq;

	if (!s)
		return;
	copy = backup_copy(s, &seq);
	cp_view(s, &view);
	stage_drop_set(run);
	if (!copy) {
		stage_failed(run, "copy", "no whole copy of the other node's routes is here");
	} else if (!view.complete) {
		take_refuse(run, "cp-failed", *view.why ? view.why : "the worker is not ready");
	} else if (!stage_changes_routes(run) && !routeset_equal(copy, view.routes)) {
		char why[160];

		snprintf(why, sizeof(why), "it decides %zu routes where %zu others are in force, "
			 "and the release does not say that it changes routes",
			 routeset_count(view.routes), routeset_count(copy));
		take_refuse(run, "cp-failed", why);
	} else {
		run->take->routes = routeset_copy(stage_changes_routes(run) ? view.routes : copy);
		if (!run->take->routes)
			abort();
		stage_load(run);
	}
}

/* ---- what an earlier try left ---- */

struct clearing {
	struct run	*run;
	unsigned int	serial;
	run_then	then;
};

static void clear_looked(void *arg, int code, const char *why)
{
	struct clearing *c = arg;

	(void)code;
	(void)why;
	if (c->serial == c->run->serial)
		c->then(c->run);
	free(c);
}

static void clear_done(void *arg, int code, const char *why)
{
	struct clearing *c = arg;
	struct slice *s = run_slice(c->run);

	/* where there is no previous one nothing was uncommitted */
	if (code)
		log_detail("slice %s: %s", c->run->name, why);
	if (s)
		slice_look(s, clear_looked, c);
	else
		clear_looked(c, 0, "");
}

static void clear_listed(void *arg, int code, const struct gen_info *list, size_t count)
{
	struct clearing *c = arg;
	struct slice *s = run_slice(c->run);
	size_t i;

	for (i = 0; !code && s && i < count; i++) {
		if (list[i].state == NETSLICE_GEN_BUILDING || list[i].state == NETSLICE_GEN_SEALED) {
			gen_drop(s, list[i].gen, clear_done, c);
			return;
		}
		if (list[i].state == NETSLICE_GEN_ACTIVE && list[i].gen == c->run->gen) {
			gen_rollback(s, list[i].gen, clear_done, c);
			return;
		}
	}
	clear_done(c, 0, "");
}

void stage_clear(struct run *run, run_then then)
{
	struct clearing *c = upgrade_alloc(sizeof(*c));
	struct slice *s = run_slice(run);

	c->run = run;
	c->serial = run->serial;
	c->then = then;
	if (s)
		gen_list(s, clear_listed, c);
	else
		clear_looked(c, 0, "");
}

void stage_on_hot(void *arg, const struct peer_msg *msg)
{
	struct run *run = take_question(arg, msg);
	struct nsl_err err;

	if (!run)
		return;
	if (nsl_json_need_u64(msg->json, "attempt", &run->take->attempt, &err) < 0 ||
	    nsl_json_need_u64(msg->json, "fp_term", &run->take->fp_term, &err) < 0) {
		take_refuse(run, "invalid", err.text);
		return;
	}
	if (!run_slice(run) || !run->take->def)
		take_refuse(run, "stale", "the configuration comes first");
	else
		stage_clear(run, stage_routes);
}
