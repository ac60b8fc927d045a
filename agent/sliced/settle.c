// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The slice is on this node: it configures itself by the configuration data and
 * is checked; then the new release stays, or all that came with it goes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "clock.h"
#include "cp.h"
#include "gen.h"
#include "lib/err.h"
#include "log.h"
#include "run.h"
#include "sliced.h"
#include "store.h"

#define VERIFY_AGAIN_MS	500

static void settle_check(struct run *run);

/* ---- verify ---- */

static void settle_verdict(struct run *run)
{
	if (run->well && (run->confirmed || !run->up->plan->operator))
		move_verdict(run, true);
}

static void settle_checked(struct run *run, bool well, const char *plane, const char *why)
{
	if (run->ended)
		return;
	if (well) {
		run->well = true;
		if (run->up->plan->operator && !run->confirmed)
			watch_state(run, run->state, false, "well; waits for the operator");
		settle_verdict(run);
		return;
	}
	if (clock_boot_ms() < run->verify_until) {
		run_timer(run, VERIFY_AGAIN_MS, settle_check);
		return;
	}
	run_blame(run, plane, "verify", why);
	move_verdict(run, false);
}

static void settle_check(struct run *run)
{
	health_check(run, settle_checked);
}

void take_confirm(struct run *run)
{
	run->confirmed = true;
	settle_verdict(run);
}

/* ---- configure ---- */

static void settle_defined(void *arg, int code, const char *why, struct slice *slice)
{
	struct run *run = run_step_take(arg);

	(void)slice;
	if (!run)
		return;
	if (code) {
		run_blame(run, PLANE_NODE, "configure", why);
		move_verdict(run, false);
		return;
	}
	run_enter(run, RUN_VERIFY, settle_check);
}

void take_configure(struct run *run)
{
	const struct plan *plan = run->up->plan;
	uint32_t limit = plan->lease_ms / 2 < plan->health_ms ? plan->lease_ms / 2
							       : plan->health_ms;
	struct slice *s = run_slice(run);
	struct cp_view view;

	run->verify_until = clock_boot_ms() + limit;
	cp_view(s, &view);
	if (view.def && strcmp(view.def->text, s->def->text)) {
		const struct slice_spec spec = { .def = view.def };

		slices_define(run_sliced(run)->slices, &spec, true, settle_defined,
			      run_step(run));
	} else {
		run_enter(run, RUN_VERIFY, settle_check);
	}
}

/* ---- complete ---- */

static void complete_released(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);
	struct slice *s = run ? run_slice(run) : NULL;

	if (!s)
		return;
	if (code)
		log_error("slice %s: its release was not recorded: %s", s->name, why);
	cp_apply(s, true);
	run->gen = 0;
	if (run->up->plan->redundant)
		run->after = AFTER_WANTED;
	run_end(run, RUN_COMPLETE);
	if (run->after == AFTER_WANTED)
		give_standby(run);
}

static void complete_committed(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);
	struct slice *s = run ? run_slice(run) : NULL;

	if (!s)
		return;
	if (code)	/* committed before this daemon was started again */
		log_detail("slice %s: %s", s->name, why);
	slice_set_release(s, run->to, run->to, complete_released, run_step(run));
}

void take_complete(struct run *run)
{
	struct slice *s = run_slice(run);

	if (!s)
		return;
	backup_stop(s);
	gen_commit(s, run->gen ? run->gen : s->kernel.gen, complete_committed, run_step(run));
}

/* ---- rolled back ---- */

static void drop_stopped(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);
	struct slice *s = run ? run_slice(run) : NULL;

	(void)code;
	(void)why;
	if (!run)
		return;
	run->gen = 0;
	if (s)
		cp_apply(s, true);
	/* no longer held, the slice gets the worker of its release again */
	run_end(run, RUN_ROLLED_BACK);
}

static void drop_cleared(struct run *run)
{
	struct slice *s = run_slice(run);

	if (s)
		cp_stop(s, drop_stopped, run_step(run));
	else
		drop_stopped(run_step(run), 0, "");
}

static void drop_defined(void *arg, int code, const char *why, struct slice *slice)
{
	struct run *run = run_step_take(arg);

	(void)slice;
	if (!run)
		return;
	if (code)
		log_error("slice %s: its former definition is not in force: %s", run->name, why);
	stage_clear(run, drop_cleared);
}

/* The definition is again what the other node gave at config-sync. */
static void drop_kept(void *arg, const struct store_result *res)
{
	struct run *run = run_step_take(arg);
	struct slice *s = run ? run_slice(run) : NULL;
	struct definition *def = NULL;
	const char *text;
	size_t len;

	if (!run)
		return;
	if (s && !res->error && res->row_count) {
		text = store_blob(store_row_at(res, 0), 1, &len);
		def = definition_parse(text, len, NULL);
	}
	if (def && strcmp(def->text, s->def->text)) {
		const struct slice_spec spec = { .def = def, .target = s->current };

		slices_define(run_sliced(run)->slices, &spec, true, drop_defined, run_step(run));
	} else {
		stage_clear(run, drop_cleared);
	}
	definition_free(def);
}

void take_drop(struct run *run)
{
	struct slice *s = run_slice(run);
	struct store_tx *tx;

	take_refuse(run, "busy", "the upgrade of the slice is rolled back");
	run->serial++;
	run_timer(run, 0, NULL);
	run_blame(run, PLANE_NODE, run_reached(run), "given up by the other node");
	if (s)
		backup_stop(s);
	if (!s || !run->gen) {
		drop_cleared(run);
		return;
	}
	tx = store_tx_new(run_sliced(run)->store);
	store_add(tx, SQL_KEEP_GET, "ss", run->name, "config");
	store_commit(tx, drop_kept, run_step(run));
}
