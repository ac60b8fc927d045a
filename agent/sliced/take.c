// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the other node asks of this one: the start command and the reset,
 * versions, and what it says of its own state.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "begin.h"
#include "cp.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "release.h"
#include "run.h"
#include "sliced.h"
#include "store.h"
#include "upgrade.h"

#define TAKE_ASK_MS	30000

struct take *take_get(struct run *run)
{
	if (!run->take) {
		run->take = upgrade_alloc(sizeof(*run->take));
		run->take->prog_fd = -1;
	}
	return run->take;
}

void take_free(struct run *run)
{
	if (!run->take)
		return;
	definition_free(run->take->def);
	routeset_free(run->take->routes);
	if (run->take->prog_fd >= 0)
		close(run->take->prog_fd);
	free(run->take);
	run->take = NULL;
}

void take_answer(struct run *run, struct nsl_jw *w)
{
	if (run->asked)
		peer_answer(run->token, w);
	else if (w)
		nsl_jw_reset(w);
	run->asked = false;
}

void take_refuse(struct run *run, const char *code, const char *why)
{
	if (run->asked)
		peer_refuse(run->token, code, "%s", why);
	run->asked = false;
}

struct run *take_question(struct upgrades *us, const struct peer_msg *msg)
{
	struct upgrade *up;
	struct run *run;
	struct nsl_err err;
	const char *id = "";
	bool standby = false;

	if (nsl_json_need_str(msg->json, "upgrade", &id, &err) < 0 ||
	    nsl_json_get_bool(msg->json, "standby", &standby, &err) < 0) {
		peer_refuse(peer_token(msg), "invalid", "%s", err.text);
		return NULL;
	}
	up = upgrade_find(us, id);
	run = up && !strcmp(up->peer, peer_name(msg->peer)) ? upgrade_run(up, msg->slice) : NULL;
	if (!run || run->first != standby) {
		peer_refuse(peer_token(msg), "unknown", "no such upgrade is under way here");
		return NULL;
	}
	if (run->ended != standby || run->state == RUN_ROLLING_BACK || move_under_way(run)) {
		peer_refuse(peer_token(msg), "busy", "slice %s is in state %s here", run->name,
			    run_state_name(run->state));
		return NULL;
	}
	take_refuse(run, "stale", "asked anew");
	run->serial++;
	run->token = peer_token(msg);
	run->asked = true;
	take_get(run)->standby = standby;
	return run;
}

/* ---- the reset ---- */

static void take_reset_heard(void *arg, const struct peer_answer *answer)
{
	struct upgrade *up = arg;

	if (answer->outcome == PEER_REFUSED)
		log_warn("upgrade %s: the other node does not know it: %s", up->id, answer->text);
}

static void take_tell_reset(struct upgrade *up)
{
	struct peer *peer = upgrade_peer(up);
	struct nsl_jw w = { 0 };

	if (!peer || !peer_is_up(peer))
		return;		/* at `up` */
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "upgrade", up->id);
	nsl_jw_u64(&w, "old_pid", (uint64_t)up->old_pid);
	nsl_jw_u64(&w, "new_pid", (uint64_t)up->new_pid);
	nsl_jw_end(&w);
	peer_ask_json(peer, WIRE_RESET_DONE, "", &w, TAKE_ASK_MS, take_reset_heard, up);
}

static void take_reset_stored(void *arg, const struct store_result *res)
{
	struct upgrade *up = arg;

	if (!res->error)
		take_tell_reset(up);
}

void take_reset_done(struct upgrade *up)
{
	struct store_tx *tx;

	if (up->reset) {
		take_tell_reset(up);
		return;
	}
	up->reset = true;
	up->new_pid = getpid();
	tx = store_tx_new(up->all->sliced->store);
	upgrade_tx_note(tx, up, "reset-done");
	store_commit(tx, take_reset_stored, up);
}

/* Depth "slice": what stood by for these slices is dropped. */
static void take_reset_slices(struct upgrade *up)
{
	struct run *run;

	for (run = up->runs; run; run = run->next) {
		struct slice *s = run_slice(run);

		if (s)
			cp_stop(s, NULL, NULL);
	}
	take_reset_done(up);
}

/* ---- the start command ---- */

struct starting {
	struct upgrade		*up;
	struct peer_token	token;
};

static void take_answer_start(struct upgrade *up, struct peer_token token)
{
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_u64(&w, "old_pid", (uint64_t)up->old_pid);
	if (up->reset)
		nsl_jw_u64(&w, "new_pid", (uint64_t)up->new_pid);
	nsl_jw_end(&w);
	peer_answer(token, &w);
}

static void take_not_started(struct upgrade *up, struct peer_token token, const char *code,
			     const char *why)
{
	struct run *run;

	peer_refuse(token, code, "%s", why);
	for (run = up->runs; run; run = run->next) {
		run_blame(run, PLANE_NODE, "prepare", why);
		run_end(run, RUN_ROLLED_BACK);
	}
}

static void take_started(void *arg, const struct store_result *res)
{
	struct starting *starting = arg;
	struct peer_token token = starting->token;
	struct upgrade *up = starting->up;
	struct run *run;

	free(starting);
	if (res->error) {
		peer_refuse(token, "failed", "%s", res->text);
		upgrade_free(up);
		return;
	}
	for (run = up->runs; run; run = run->next) {
		run_hold(run);
		watch_state(run, run->state, false, "");
	}
	if (up->plan->reset == PLAN_RESET_SLICE) {
		take_answer_start(up, token);
		take_reset_slices(up);
	} else if (sliced_restart(up->all->sliced, "reset by an upgrade")) {
		take_not_started(up, token, "unsupported",
				 "its daemon cannot start itself anew: it runs without a supervisor");
	} else {
		take_answer_start(up, token);
	}
}

/* One of `slices`: which release it has and which it gets. */
static int take_run(struct upgrade *up, const struct nsl_json *obj, struct nsl_err *err)
{
	const struct plan_slice *plan;
	const char *slice = "";
	struct run *run;

	if (nsl_json_need_str(obj, "slice", &slice, err) < 0)
		return -EINVAL;
	plan = plan_slice(up->plan, slice);
	if (!plan || upgrade_run(up, slice))
		return nsl_err_set(err, EINVAL, "slices: %s is not in the plan", slice);
	run = run_new(up, plan);
	run_prepare(run);
	if (nsl_json_need_text(obj, "from", run->from, sizeof(run->from), err) < 0 ||
	    nsl_json_need_text(obj, "to", run->to, sizeof(run->to), err) < 0)
		return -EINVAL;
	if ((*run->from && !manifest_hash_valid(run->from)) || !manifest_hash_valid(run->to))
		return nsl_err_set(err, EINVAL, "slices: %s: not the hash of a release", slice);
	return 0;
}

static int take_runs(struct upgrade *up, const struct nsl_json *list, struct nsl_err *err)
{
	const struct nsl_json *v;

	if (nsl_json_count(list) != up->plan->slice_count)
		return nsl_err_set(err, EINVAL, "slices: not those of the plan");
	nsl_json_for_each(v, list)
		if (take_run(up, v, err) < 0)
			return -EINVAL;
	return 0;
}

static void take_start(struct upgrades *us, const struct peer_msg *msg, const char *id,
		       struct plan *plan, const struct nsl_json *list)
{
	struct upgrade *up = upgrade_new(us, id, peer_name(msg->peer), plan);
	struct starting *starting;
	struct store_tx *tx;
	struct nsl_err err;

	up->old_pid = getpid();
	up->started = true;
	if (take_runs(up, list, &err)) {
		peer_refuse(peer_token(msg), "invalid", "%s", err.text);
		upgrade_free(up);
		return;
	}
	if (begin_minds(us, plan, &err)) {
		peer_refuse(peer_token(msg), "busy", "%s", err.text);
		upgrade_free(up);
		return;
	}
	starting = upgrade_alloc(sizeof(*starting));
	starting->up = up;
	starting->token = peer_token(msg);
	tx = store_tx_new(us->sliced->store);
	upgrade_tx_new(tx, up);
	upgrade_tx_note(tx, up, "reset");
	store_commit(tx, take_started, starting);
}

static void take_on_start(void *arg, const struct peer_msg *msg)
{
	const struct nsl_json *obj = NULL, *list = NULL;
	struct upgrades *us = arg;
	const char *id = "";
	struct upgrade *up;
	struct plan *plan;
	struct nsl_err err;

	if (nsl_json_need_str(msg->json, "upgrade", &id, &err) < 0 ||
	    nsl_json_need_object(msg->json, "plan", &obj, &err) < 0 ||
	    nsl_json_need_array(msg->json, "slices", &list, &err) < 0 ||
	    (strlen(id) != NODE_ID_LEN && nsl_err_set(&err, EINVAL, "upgrade: not an id"))) {
		peer_refuse(peer_token(msg), "invalid", "%s", err.text);
		return;
	}
	up = upgrade_find(us, id);
	if (up && !up->first && !strcmp(up->peer, peer_name(msg->peer))) {
		take_answer_start(up, peer_token(msg));	/* it did not hear our answer */
		return;
	}
	plan = plan_from_json(obj, &err);
	if (up || !plan) {
		peer_refuse(peer_token(msg), "invalid", "%s",
			    plan ? "that id is another upgrade's" : err.text);
		plan_free(plan);
		return;
	}
	take_start(us, msg, id, plan, list);
}

/* ---- versions ---- */

static void take_versions_there(void *arg, const struct release *r, const char *why)
{
	struct run *run = run_step_take(arg);
	char text[300];

	if (!run)
		return;
	if (r) {
		take_answer(run, NULL);
		return;
	}
	snprintf(text, sizeof(text), "release: %s", why);
	take_refuse(run, "no-release", text);
}

static void take_target_there(void *arg, const struct release *r, const char *why)
{
	struct run *run = run_step_take(arg);

	if (run && r && *run->from)
		release_fetch(run_sliced(run)->releases, run_peer(run), run->from,
			      take_versions_there, run_step(run));
	else if (run)
		take_versions_there(run_step(run), r, why);
}

static void take_versions(struct run *run)
{
	release_fetch(run_sliced(run)->releases, run_peer(run), run->to, take_target_there,
		      run_step(run));
}

static void take_on_versions(void *arg, const struct peer_msg *msg)
{
	const char *current = "", *target = "";
	struct nsl_err err;
	struct run *run;

	if (nsl_json_need_str(msg->json, "current", &current, &err) < 0 ||
	    nsl_json_need_str(msg->json, "target", &target, &err) < 0) {
		peer_refuse(peer_token(msg), "invalid", "%s", err.text);
		return;
	}
	run = take_question(arg, msg);
	if (!run)
		return;
	if (strcmp(current, run->from) || strcmp(target, run->to)) {
		take_refuse(run, "stale", "not the releases that the start command named");
		return;
	}
	run_enter(run, RUN_VERSION_SYNC, take_versions);
}

/* ---- what the other node says of itself ---- */

static int take_blame_read(struct run *run, const struct nsl_json *json, struct nsl_err *err)
{
	const char *plane = "", *failed = "", *cause = "";

	if (nsl_json_get_str(json, "plane", &plane, err) < 0 ||
	    nsl_json_get_str(json, "failed", &failed, err) < 0 ||
	    nsl_json_get_str(json, "cause", &cause, err) < 0)
		return -EINVAL;
	if (!*plane)
		return 0;
	if (strcmp(plane, PLANE_CP) && strcmp(plane, PLANE_FP) && strcmp(plane, PLANE_NODE))
		return nsl_err_set(err, EINVAL, "plane: must be cp, fp or node");
	run_blame(run, plane, failed, cause);
	return 0;
}

static struct run *take_known(struct upgrades *us, const struct peer_msg *msg,
			      struct nsl_err *err)
{
	struct upgrade *up;
	const char *id = "";
	struct run *run;

	if (nsl_json_need_str(msg->json, "upgrade", &id, err) < 0)
		return NULL;
	up = upgrade_find(us, id);
	run = up && !strcmp(up->peer, peer_name(msg->peer)) ? upgrade_run(up, msg->slice) : NULL;
	if (!run)
		nsl_err_set(err, ENOENT, "no such upgrade is under way here");
	return run;
}

/* It gives the slice's upgrade up: its master keeps it, or asks for that. */
static void take_on_rollback(void *arg, const struct peer_msg *msg)
{
	struct nsl_err err;
	struct run *run = take_known(arg, msg, &err);

	if (!run || take_blame_read(run, msg->json, &err)) {
		peer_refuse(peer_token(msg), run ? "invalid" : "unknown", "%s", err.text);
		return;
	}
	peer_answer(peer_token(msg), NULL);
	if (run->ended)
		return;
	if (run->first || move_under_way(run))
		give_up(run, run->plane, run->cause);
	else if (run->state != RUN_ROLLING_BACK)
		run_enter(run, RUN_ROLLING_BACK, take_drop);
}

/* An upgrade of which nothing is on record here is over. */
static void take_answer_unknown(const struct peer_msg *msg)
{
	const char *id = "";
	struct nsl_jw w = { 0 };

	if (nsl_json_get_str(msg->json, "upgrade", &id, NULL) != 1)
		return;
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "upgrade", id);
	nsl_jw_str(&w, "state", "rolled-back");
	nsl_jw_str(&w, "plane", PLANE_NODE);
	nsl_jw_str(&w, "failed", "prepare");
	nsl_jw_str(&w, "cause", "the other node has no record of it");
	nsl_jw_end(&w);
	peer_send_json(msg->peer, WIRE_STATE, msg->slice, &w);
}

static void take_on_state(void *arg, const struct peer_msg *msg)
{
	struct nsl_err err;
	struct run *run = take_known(arg, msg, &err);
	const char *name = "", *standby = NULL;
	bool confirm = false, ask = false;
	int state;

	nsl_json_get_bool(msg->json, "ask", &ask, NULL);
	if (!run && ask)
		take_answer_unknown(msg);
	if (!run || nsl_json_need_str(msg->json, "state", &name, &err) < 0)
		return;
	state = run_state_value(name);
	if (state < 0 || take_blame_read(run, msg->json, &err))
		return;
	nsl_json_get_bool(msg->json, "confirm", &confirm, NULL);
	nsl_json_get_str(msg->json, "standby_failed", &standby, NULL);
	if (confirm && !run->first && !run->ended)
		take_confirm(run);
	else if (!confirm)
		run_peer_state(run, (enum run_state)state);
	if (standby && run->ended && run->after == AFTER_WANTED)
		run_after(run, AFTER_FAILED, standby);
	if (ask)
		run_tell_state(run);
}

static void take_on_handover(void *arg, const struct peer_msg *msg)
{
	struct nsl_err err;
	struct run *run = take_known(arg, msg, &err);

	if (run && !take_blame_read(run, msg->json, &err))
		move_message(run, msg);
}

/* ---- failing here ---- */

static void take_fail_told(void *arg, const struct peer_answer *answer)
{
	(void)arg;
	(void)answer;
}

void take_fail(struct run *run)
{
	struct peer *peer = run_peer(run);
	struct nsl_jw w = { 0 };

	if (run->asked) {	/* the answer says it */
		take_refuse(run, !strcmp(run->plane, PLANE_CP) ? "cp-failed" :
			    !strcmp(run->plane, PLANE_FP) ? "fp-failed" : "failed", run->cause);
		return;
	}
	if (!peer || !peer_is_up(peer))
		return;
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "upgrade", run->up->id);
	nsl_jw_str(&w, "plane", run->plane);
	nsl_jw_str(&w, "failed", run->failed);
	nsl_jw_str(&w, "cause", run->cause);
	nsl_jw_end(&w);
	peer_ask_json(peer, WIRE_ROLLBACK, run->name, &w, TAKE_ASK_MS, take_fail_told, run);
}

int take_init(struct upgrades *us)
{
	struct peers *peers = us->sliced->peers;

	peers_handle(peers, WIRE_START, take_on_start, us);
	peers_handle(peers, WIRE_CHECK, begin_on_check, us);
	peers_handle(peers, WIRE_VERSIONS, take_on_versions, us);
	peers_handle(peers, WIRE_CONFIG, adopt_on_config, us);
	peers_handle(peers, WIRE_HOT, stage_on_hot, us);
	peers_handle(peers, WIRE_ROLLBACK, take_on_rollback, us);
	peers_handle(peers, WIRE_STATE, take_on_state, us);
	peers_handle(peers, WIRE_HANDOVER, take_on_handover, us);
	return 0;
}
