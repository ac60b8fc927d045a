// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands about upgrades. What they answer stands in Documentation/operating.md. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "begin.h"
#include "ctl.h"
#include "handover.h"
#include "history.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "run.h"
#include "sliced.h"
#include "store.h"

#define HISTORY_LIMIT	50

/* A request whose client may go away before its answer. */
struct asked {
	struct upgrades	*us;
	struct ctl_req	*req;	/* NULL: gone */
};

static void asked_gone(void *arg)
{
	((struct asked *)arg)->req = NULL;
}

static struct asked *asked_new(struct upgrades *us, struct ctl_req *req)
{
	struct asked *a = upgrade_alloc(sizeof(*a));

	a->us = us;
	a->req = req;
	ctl_on_gone(req, asked_gone, a);
	return a;
}

static struct upgrade *arg_upgrade(struct upgrades *us, struct ctl_req *req,
				   const struct nsl_json *args, bool needed)
{
	struct nsl_err err = { 0 };
	struct upgrade *up = NULL;
	const char *id = NULL;
	int ret = needed ? nsl_json_need_str(args, "id", &id, &err)
			 : nsl_json_get_str(args, "id", &id, &err);

	if (ret < 0) {
		ctl_fail_err(req, &err);
		return NULL;
	}
	up = id ? upgrade_find(us, id) : us->list;
	/* the one under way, else the last */
	for (struct upgrade *u = us->list; !id && u; u = u->next)
		if (!u->ended_ms)
			up = u;
	if (!up)
		ctl_fail(req, "unknown", id ? "id" : NULL, id ? "there is no upgrade %s" :
			 "there was no upgrade yet", id);
	return up;
}

/* ---- check, start, rollback ---- */

static void answer_check(const struct asked *a)
{
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_bool(&w, "ok", true);
	nsl_jw_end(&w);
	ctl_ok(a->req, &w);
}

static void answer_start(const struct asked *a, const struct upgrade *up)
{
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "id", up->id);
	nsl_jw_end(&w);
	ctl_ok(a->req, &w);
}

static void begun(void *arg, int code, const char *why, struct upgrade *up)
{
	struct asked *a = arg;

	if (a->req && code)
		ctl_fail(a->req, "refused", NULL, "%s", why);
	else if (a->req && up)
		answer_start(a, up);
	else if (a->req)
		answer_check(a);
	free(a);
}

static void with_plan(struct upgrades *us, struct ctl_req *req, const struct nsl_json *args,
		      enum begin_kind kind)
{
	const struct nsl_json *obj = NULL;
	struct nsl_err err = { 0 };
	struct plan *plan = NULL;

	if (nsl_json_need_object(args, "plan", &obj, &err) == 1)
		plan = plan_from_json(obj, &err);
	if (!plan) {
		ctl_fail(req, "invalid", "plan", "%s", err.text);
		return;
	}
	begin(us, plan, kind, begun, asked_new(us, req));
}

static void cmd_check(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	with_plan(arg, req, args, BEGIN_CHECK);
}

static void cmd_start(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	with_plan(arg, req, args, BEGIN_UPGRADE);
}

static void cmd_rollback(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct upgrades *us = arg;
	const char *name = "";
	struct nsl_err err = { 0 };
	struct run *run;

	if (nsl_json_need_str(args, "slice", &name, &err) < 0) {
		ctl_fail_err(req, &err);
		return;
	}
	run = runs_active(us, name);
	if (run && !run->ended) {
		run_blame(run, PLANE_NODE, run_state_name(run->state),
			  "rolled back by the operator");
		give_up(run, PLANE_NODE, run->cause);
		ctl_ok(req, NULL);
		return;
	}
	if (!slices_find(us->sliced->slices, name)) {
		ctl_fail(req, "no-slice", "slice", "no slice %s is defined on this node", name);
		return;
	}
	begin_back(us, name, begun, asked_new(us, req));
}

/* ---- show, watch, history ---- */

static void cmd_show(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct upgrades *us = arg;
	struct nsl_err err = { 0 };
	const char *id = NULL;
	struct nsl_jw w = { 0 };
	struct upgrade *up;

	if (nsl_json_get_str(args, "id", &id, &err) < 0) {
		ctl_fail_err(req, &err);
		return;
	}
	if (id && !upgrade_find(us, id)) {
		ctl_fail(req, "unknown", "id", "there is no upgrade %s", id);
		return;
	}
	nsl_jw_object(&w, NULL);
	nsl_jw_array(&w, "upgrades");
	for (up = us->list; up; up = up->next)
		if (!id || !strcmp(id, up->id))
			upgrade_json(up, &w);
	nsl_jw_end(&w);
	nsl_jw_end(&w);
	ctl_ok(req, &w);
}

static void cmd_watch(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct upgrade *up = arg_upgrade(arg, req, args, false);

	if (up)
		watch_begin(up, req);
}

static void history_row(struct upgrades *us, const struct store_row *row, struct nsl_jw *w)
{
	struct upgrade up = { .all = us };
	struct run run = { .up = &up };
	char title[SLICE_HASH_LEN + 8];

	nsl_jw_object(w, NULL);
	nsl_jw_str(w, "upgrade", store_text(row, 0));
	nsl_jw_str(w, "slice", store_text(row, 1));
	nsl_jw_str(w, "role", store_text(row, 2));
	nsl_jw_str(w, "from", release_title(&run, store_text(row, 3), title, sizeof(title)));
	nsl_jw_str(w, "to", release_title(&run, store_text(row, 4), title, sizeof(title)));
	nsl_jw_str(w, "outcome", store_null(row, 6) ? "under way" : store_text(row, 6));
	if (!store_null(row, 7)) {
		nsl_jw_str(w, "plane", store_text(row, 7));
		nsl_jw_str(w, "state", store_text(row, 8));
		nsl_jw_str(w, "cause", store_text(row, 9));
	}
	nsl_jw_i64(w, "time_ms", store_int(row, 11));
	nsl_jw_end(w);
}

static void history_read(void *arg, const struct store_result *res)
{
	struct asked *a = arg;
	struct nsl_jw w = { 0 };
	unsigned int i;

	if (a->req && res->error) {
		ctl_fail(a->req, "failed", NULL, "%s", res->text);
	} else if (a->req) {
		nsl_jw_object(&w, NULL);
		nsl_jw_array(&w, "runs");
		for (i = 0; i < res->row_count; i++)
			history_row(a->us, store_row_at(res, i), &w);
		nsl_jw_end(&w);
		nsl_jw_end(&w);
		ctl_ok(a->req, &w);
	}
	free(a);
}

static void cmd_history(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct upgrades *us = arg;
	uint32_t limit = HISTORY_LIMIT;
	struct nsl_err err = { 0 };
	const char *slice = "";
	struct store_tx *tx;

	if (nsl_json_get_str(args, "slice", &slice, &err) < 0 ||
	    nsl_json_get_u32(args, "limit", 1, 1000000, &limit, &err) < 0) {
		ctl_fail_err(req, &err);
		return;
	}
	tx = store_tx_new(us->sliced->store);
	store_add(tx, SQL_RUN_HISTORY, "si", slice, (int64_t)limit);
	store_commit(tx, history_read, asked_new(us, req));
}

/* ---- confirm, abort ---- */

typedef const char *(*run_act)(struct run *run);	/* NULL: done; else why not */

static const char *act_confirm(struct run *run)
{
	struct peer *peer = run_peer(run);
	struct nsl_jw w = { 0 };

	if (run->ended)
		return "it is at its end";
	if (!run->up->plan->operator)
		return "its plan does not wait for an operator";
	if (!run->first) {
		take_confirm(run);
		return NULL;
	}
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "upgrade", run->up->id);
	nsl_jw_str(&w, "state", run_state_name(run->state));
	nsl_jw_bool(&w, "confirm", true);
	nsl_jw_end(&w);
	if (!peer || peer_send_json(peer, WIRE_STATE, run->name, &w))
		return "the other node is not connected";
	return NULL;
}

static const char *act_abort(struct run *run)
{
	if (run->ended)
		return "it is at its end";
	if (run->state == RUN_ROLLING_BACK)
		return "it is rolled back already";
	run_blame(run, PLANE_NODE, run_state_name(run->state), "aborted by the operator");
	give_up(run, PLANE_NODE, run->cause);
	return NULL;
}

static void each_run(struct upgrades *us, struct ctl_req *req, const struct nsl_json *args,
		     run_act act)
{
	struct upgrade *up = arg_upgrade(us, req, args, true);
	struct nsl_err err = { 0 };
	const char *slice = NULL, *why = "no slice of it is under way";
	bool done = false;
	struct run *run;

	if (!up)
		return;
	if (nsl_json_get_str(args, "slice", &slice, &err) < 0) {
		ctl_fail_err(req, &err);
		return;
	}
	if (slice && !upgrade_run(up, slice)) {
		ctl_fail(req, "unknown", "slice", "slice %s is not in that upgrade", slice);
		return;
	}
	for (run = up->runs; run; run = run->next) {
		const char *said;

		if (slice ? strcmp(slice, run->name) != 0 : run->ended)
			continue;
		said = act(run);
		done |= !said;
		why = said ? said : why;
	}
	if (done)
		ctl_ok(req, NULL);
	else
		ctl_fail(req, "refused", slice ? "slice" : NULL, "%s", why);
}

static void cmd_confirm(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	each_run(arg, req, args, act_confirm);
}

static void cmd_abort(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	each_run(arg, req, args, act_abort);
}

static const char *const plan_args[] = { "plan", NULL };
static const char *const id_args[] = { "id", NULL };
static const char *const run_args[] = { "id", "slice", NULL };
static const char *const slice_args[] = { "slice", NULL };
static const char *const history_args[] = { "slice", "limit", NULL };

static const struct ctl_command upgrade_commands[] = {
	{ .name = "upgrade.check", .run = cmd_check, .allowed = plan_args },
	{ .name = "upgrade.start", .run = cmd_start, .allowed = plan_args },
	{ .name = "upgrade.show", .run = cmd_show, .allowed = id_args },
	{ .name = "upgrade.watch", .run = cmd_watch, .allowed = id_args },
	{ .name = "upgrade.confirm", .run = cmd_confirm, .allowed = run_args },
	{ .name = "upgrade.abort", .run = cmd_abort, .allowed = run_args },
	{ .name = "upgrade.rollback", .run = cmd_rollback, .allowed = slice_args },
	{ .name = "upgrade.history", .run = cmd_history, .allowed = history_args },
	{ 0 }
};

int ctl_upgrade_init(struct upgrades *us)
{
	return ctl_register(us->sliced->ctl, upgrade_commands, us);
}
