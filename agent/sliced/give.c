// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way of the node that gives, A: start command, versions, configuration,
 * hot backup. After an upgrade the new master goes the same way once more, from
 * the configuration on, to make the other node its standby; that run has ended
 * already, and a failure then ends nothing but that.
 *
 * When the connection or the other daemon is lost the way is gone anew from
 * the beginning, a few times: all steps can be repeated, and until the handover
 * begins nothing has moved.
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
#include "neighbours.h"
#include "release.h"
#include "run.h"
#include "sliced.h"
#include "store.h"

#define GIVE_TRIES	6
#define GIVE_AWAY_MS	120000	/* so long the other node may be away */
#define GIVE_ASK_MS	60000
#define GIVE_FETCH_MS	600000	/* a release comes over */
#define GIVE_EQUAL_MS	120000
#define GIVE_BUSY_MS	500
#define GIVE_BUSY	240

enum { EQUAL_NOT_WANTED, EQUAL_COPY, EQUAL_HOT };

static bool give_standby_way(const struct run *run)
{
	return run->ended;
}

static void give_waited(struct run *run)
{
	give_up(run, PLANE_NODE, "the other node was away for too long");
}

/* ---- failing ---- */

static void give_rolled_back(struct run *run)
{
	struct slice *s = run_slice(run);

	if (s && strcmp(s->target, run->from))
		slice_set_release(s, NULL, run->from, NULL, NULL);
	run_end(run, RUN_ROLLED_BACK);
}

static void give_rollback_told(void *arg, const struct peer_answer *answer)
{
	struct run *run = run_step_take(arg);

	(void)answer;	/* if it did not hear of it now, it will by its own questions */
	if (run)
		give_rolled_back(run);
}

static void give_tell_rollback(struct run *run)
{
	struct peer *peer = run_peer(run);
	struct nsl_jw w = { 0 };

	if (!peer || !peer_is_up(peer)) {
		give_rolled_back(run);
		return;
	}
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "upgrade", run->up->id);
	nsl_jw_str(&w, "plane", run->plane);
	nsl_jw_str(&w, "failed", run->failed);
	nsl_jw_str(&w, "cause", run->cause);
	nsl_jw_end(&w);
	peer_ask_json(peer, WIRE_ROLLBACK, run->name, &w, GIVE_ASK_MS, give_rollback_told,
		      run_step(run));
}

static void give_stop(struct run *run)
{
	struct slice *s = run_slice(run);

	run->serial++;
	run->queued = false;
	run->away = false;
	run->equal_wanted = EQUAL_NOT_WANTED;
	run_timer(run, 0, NULL);
	if (run->first && !run->ended && !move_under_way(run))
		move_free(run);
	if (s && run->first != give_standby_way(run))
		backup_stop(s);
}

void give_up(struct run *run, const char *plane, const char *cause)
{
	if (give_standby_way(run)) {
		if (run->after == AFTER_WANTED) {
			give_stop(run);
			run_after(run, AFTER_FAILED, cause);
		}
		return;
	}
	run_blame(run, plane, run_state_name(run->state), cause);
	if (move_under_way(run)) {
		move_abort(run);
		return;
	}
	if (!run->first) {
		take_fail(run);
		return;
	}
	give_stop(run);
	run_enter(run, RUN_ROLLING_BACK, give_tell_rollback);
}

/* The other node refused, or did not answer. */
static void give_failed(struct run *run, const struct peer_answer *answer)
{
	const char *plane = PLANE_NODE;

	switch (answer->outcome) {
	case PEER_DOWN:
		return;		/* the way begins again at `up` */
	case PEER_TIMEOUT:
		give_up(run, PLANE_NODE, "the other node did not answer in time");
		return;
	default:
		break;
	}
	if (give_standby_way(run) && !strcmp(answer->code, "busy") &&
	    ++run->busy < GIVE_BUSY) {
		run_timer(run, GIVE_BUSY_MS, give_begin);	/* it has not heard all yet */
		return;
	}
	if (!strcmp(answer->code, "cp-failed"))
		plane = PLANE_CP;
	else if (!strcmp(answer->code, "fp-failed"))
		plane = PLANE_FP;
	give_up(run, plane, answer->text);
}

static void give_ask(struct run *run, enum wire_type type, struct nsl_jw *w, unsigned int ms,
		     peer_answered fn)
{
	struct peer *peer = run_peer(run);

	if (peer) {
		peer_ask_json(peer, type, run->name, w, ms, fn, run_step(run));
		return;
	}
	nsl_jw_reset(w);
	give_up(run, PLANE_NODE, "the other node is no peer any more");
}

/* ---- hot ---- */

static void give_hot(struct run *run)
{
	run->queued = true;
	upgrade_turns(run->up);
}

static void give_unequal(struct run *run)
{
	give_up(run, PLANE_FP, "the other node's copy did not become equal in time");
}

static void give_want_equal(struct run *run, uint8_t what)
{
	run->equal_wanted = what;
	run_timer(run, GIVE_EQUAL_MS, give_unequal);
	backup_check(run_slice(run));
}

static void give_neighbours_done(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);

	if (!run)
		return;
	if (code == -ENOTCONN)
		return;
	if (code)
		give_up(run, PLANE_FP, why);
	else
		give_want_equal(run, EQUAL_HOT);
}

static void give_staged(void *arg, const struct peer_answer *answer)
{
	struct run *run = run_step_take(arg);
	struct slice *s = run ? run_slice(run) : NULL;

	if (!s)
		return;
	if (answer->outcome != PEER_OK)
		give_failed(run, answer);
	else
		neighbours_send(s, run_peer(run), give_neighbours_done, run_step(run));
}

/* Attempts are multiples of 4, and never 0. */
static uint64_t give_attempt(void)
{
	char text[NODE_ID_LEN + 1];

	if (node_random(text))
		return 0;
	text[16] = '\0';
	return (strtoull(text, NULL, 16) & ~(uint64_t)3) | 8;
}

static void give_stage(struct run *run)
{
	const struct slice *s = run_slice(run);
	struct nsl_jw w = { 0 };

	run->attempt = give_attempt();
	run->fp_base = s->kernel.state.fp_term;
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "upgrade", run->up->id);
	nsl_jw_bool(&w, "standby", give_standby_way(run));
	nsl_jw_u64s(&w, "attempt", run->attempt);
	nsl_jw_u64s(&w, "fp_term", run->fp_base);
	nsl_jw_end(&w);
	give_ask(run, WIRE_HOT, &w, GIVE_ASK_MS + run->up->plan->health_ms, give_staged);
}

static void give_equal(void *arg, struct slice *slice, uint64_t seq)
{
	struct run *run = runs_active(arg, slice->name);
	uint8_t wanted = run ? run->equal_wanted : EQUAL_NOT_WANTED;

	(void)seq;
	if (wanted == EQUAL_NOT_WANTED)
		return;
	run->equal_wanted = EQUAL_NOT_WANTED;
	run_timer(run, 0, NULL);
	if (wanted == EQUAL_COPY)
		give_stage(run);
	else if (give_standby_way(run))
		run_after(run, AFTER_DONE, "");
	else
		run_enter(run, RUN_HOT, give_hot);
}

static void give_backup_failed(void *arg, struct slice *slice, const char *why)
{
	struct run *run = runs_active(arg, slice->name);

	if (run && run->equal_wanted != EQUAL_NOT_WANTED)
		give_up(run, PLANE_FP, why);
}

static const struct backup_ops give_backup_ops = {
	.equal = give_equal,
	.failed = give_backup_failed,
};

/* ---- configuration ---- */

static void give_configured(void *arg, const struct peer_answer *answer)
{
	struct run *run = run_step_take(arg);
	struct slice *s = run ? run_slice(run) : NULL;

	if (!s)
		return;
	if (answer->outcome != PEER_OK) {
		give_failed(run, answer);
		return;
	}
	backup_start(s, run_peer(run), BACKUP_SEND, &give_backup_ops, run->up->all);
	give_want_equal(run, EQUAL_COPY);
}

/* What the other node needs to keep the service uninterrupted. */
static void give_config_send(struct run *run, const struct definition *definition)
{
	const struct slice *s = run_slice(run);
	struct nsl_json *def;
	struct nsl_jw w = { 0 };

	def = nsl_json_parse(definition->text, strlen(definition->text), NULL);
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "upgrade", run->up->id);
	nsl_jw_bool(&w, "standby", give_standby_way(run));
	nsl_jw_json(&w, "definition", def);
	nsl_jw_str(&w, "current", give_standby_way(run) ? run->to : s->current);
	nsl_jw_str(&w, "target", run->to);
	nsl_jw_str(&w, "home", s->home);
	nsl_jw_u64s(&w, "cp_term", s->terms.cp);
	nsl_jw_u64s(&w, "fp_term", s->terms.fp);
	nsl_jw_u64s(&w, "owner_term", s->terms.owner);
	nsl_jw_u64(&w, "parity", s->parity);
	nsl_jw_end(&w);
	nsl_json_free(def);
	give_ask(run, WIRE_CONFIG, &w, GIVE_ASK_MS + run->up->plan->health_ms, give_configured);
}

/* Back to a release that does not read what this one has migrated: the configuration of then. */
static void give_config_kept(void *arg, const struct store_result *res)
{
	struct run *run = run_step_take(arg);
	struct definition *def = NULL;
	const char *text;
	size_t len;

	if (!run || !run_slice(run))
		return;
	if (!res->error && res->row_count) {
		text = store_blob(store_row_at(res, 0), 1, &len);
		def = definition_parse(text, len, NULL);
	}
	if (def)
		give_config_send(run, def);
	else
		give_up(run, PLANE_NODE, "no configuration that the release reads is kept here");
	definition_free(def);
}

static void give_config_looked(void *arg, int code, const char *why)
{
	struct run *run = run_step_take(arg);
	struct slice *s = run ? run_slice(run) : NULL;
	const struct release *r;
	struct store_tx *tx;

	if (!s)
		return;
	if (code || s->kernel.state.role != NETSLICE_ROLE_MASTER) {
		give_up(run, PLANE_FP, code ? why : "this node is not master of the slice");
		return;
	}
	r = release_find(run_sliced(run)->releases, run->to);
	if (!r || manifest_reads(r->manifest, s->def->schema)) {
		give_config_send(run, s->def);
		return;
	}
	tx = store_tx_new(run_sliced(run)->store);
	store_add(tx, SQL_KEEP_GET, "ss", s->name, "config");
	store_commit(tx, give_config_kept, run_step(run));
}

static void give_config(struct run *run)
{
	struct slice *s = run_slice(run);

	if (s)
		slice_look(s, give_config_looked, run_step(run));
	else
		give_up(run, PLANE_NODE, "the slice is not defined any more");
}

/* ---- versions ---- */

static void give_versions_known(void *arg, const struct peer_answer *answer)
{
	struct run *run = run_step_take(arg);

	if (!run)
		return;
	if (answer->outcome != PEER_OK)
		give_failed(run, answer);
	else
		run_enter(run, RUN_CONFIG_SYNC, give_config);
}

static void give_versions(struct run *run)
{
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "upgrade", run->up->id);
	nsl_jw_str(&w, "current", run->from);
	nsl_jw_str(&w, "target", run->to);
	nsl_jw_end(&w);
	give_ask(run, WIRE_VERSIONS, &w, GIVE_FETCH_MS, give_versions_known);
}

void give_begin(struct run *run)
{
	struct slice *s = run_slice(run);
	struct peer *peer = run_peer(run);

	run->serial++;
	run->equal_wanted = EQUAL_NOT_WANTED;
	if (!s) {
		give_up(run, PLANE_NODE, "the slice is not defined any more");
		return;
	}
	if (!peer || !peer_is_up(peer)) {
		run->away = true;
		run_timer(run, GIVE_AWAY_MS, give_waited);
		return;
	}
	run->away = false;
	run_timer(run, 0, NULL);
	if (give_standby_way(run)) {
		give_config(run);
		return;
	}
	run_hold(run);
	if (strcmp(s->target, run->to))
		slice_set_release(s, NULL, run->to, NULL, NULL);
	run_enter(run, RUN_VERSION_SYNC, give_versions);
}

/* The daemon was started anew: its workers with it, and an upgrade starts its slices' itself. */
void give_resume(struct run *run)
{
	struct slice *s = run_slice(run);

	if (s) {
		cp_role(s, slice_is_cp_master(s), s->terms.cp, NULL, NULL);
		cp_start(s, run->from, NULL, NULL, NULL);
	}
	run->away = true;
	run_timer(run, GIVE_AWAY_MS, give_waited);
}

void give_standby(struct run *run)
{
	run->tries = 0;
	give_begin(run);
}

/* ---- after the handover ---- */

static void give_not_asked(struct run *run)
{
	give_up(run, PLANE_NODE, "the new master did not make this node its standby in time");
}

void give_complete(struct run *run)
{
	struct slice *s = run_slice(run);

	if (s)
		backup_stop(s);
	if (run->up->plan->redundant)
		run->after = AFTER_WANTED;
	run_end(run, RUN_COMPLETE);
	if (run->after == AFTER_WANTED)
		run_timer(run, GIVE_FETCH_MS, give_not_asked);
}

static void give_followed(void *arg, int code, const char *why)
{
	const struct slice *s = arg;

	if (code)
		log_warn("slice %s: the backup is not followed: %s", s->name, why);
}

/* A whole copy is here: the generation follows it from now on. */
static void give_copied(void *arg, struct slice *slice, uint64_t seq)
{
	(void)arg;
	(void)seq;
	backup_follow(slice, give_followed, slice);
}

void give_redundant(struct run *run)
{
	static const struct backup_ops receive = { .copied = give_copied };
	struct slice *s = run_slice(run);
	struct peer *peer = run_peer(run);

	if (!s || !peer || strcmp(s->current, run->to) ||
	    backup_direction(s) != BACKUP_OFF || runs_active(run->up->all, run->name))
		return;
	if (slice_is_cp_master(s))
		backup_start(s, peer, BACKUP_SEND, NULL, NULL);
	else
		backup_start(s, peer, BACKUP_RECEIVE, &receive, NULL);
}

void give_returned(struct run *run)
{
	give_stop(run);
	run_blame(run, PLANE_FP, run_reached(run), "the handover did not come to its end in time");
	give_rolled_back(run);
}

void give_peer_up(struct run *run)
{
	if (!run->away || (!run->ended && !run->up->reset))
		return;
	if (++run->tries >= GIVE_TRIES)
		give_up(run, PLANE_NODE, "the connection to the other node was lost too often");
	else
		give_begin(run);
}

/* The handover itself goes on over lost connections. */
void give_peer_down(struct run *run)
{
	bool giving = run->first ? !run->ended && !move_under_way(run)
				 : run->ended && run->after == AFTER_WANTED;

	if (!giving || run->state == RUN_ROLLING_BACK)
		return;
	run->serial++;
	run->queued = run->moving = false;
	run->equal_wanted = EQUAL_NOT_WANTED;
	run->away = true;
	move_free(run);
	run_timer(run, GIVE_AWAY_MS, give_waited);
}

/* ---- the start command ---- */

static void give_reset_done(struct upgrade *up, int old_pid, int new_pid)
{
	struct store_tx *tx;
	struct run *run;

	if (up->reset)
		return;
	up->reset = true;
	up->old_pid = old_pid;
	up->new_pid = new_pid;
	log_notice("upgrade %s: %s has reset (%s): process %d, now %d", up->id, up->peer,
		   plan_reset_name(up->plan->reset), old_pid, new_pid);
	tx = store_tx_new(up->all->sliced->store);
	upgrade_tx_note(tx, up, "reset-done");
	store_commit(tx, NULL, NULL);
	for (run = up->runs; run; run = run->next)
		if (!run->ended && !move_under_way(run) && run->state < RUN_HOT)
			give_begin(run);
}

/* Nothing has begun: all of its slices stay where they are. */
static void give_all_up(struct upgrade *up, const char *plane, const char *cause)
{
	struct run *run;

	for (run = up->runs; run; run = run->next)
		if (!run->ended)
			give_up(run, plane, cause);
}

static void give_started(void *arg, const struct peer_answer *answer)
{
	struct upgrade *up = arg;
	uint32_t old_pid = 0, new_pid = 0;

	up->asking = false;
	if (answer->outcome == PEER_REFUSED) {
		give_all_up(up, PLANE_NODE, answer->text);
		return;
	}
	if (answer->outcome != PEER_OK)
		return;		/* at `up` again, until the runs' time is over */
	nsl_json_get_u32(answer->json, "old_pid", 0, INT32_MAX, &old_pid, NULL);
	nsl_json_get_u32(answer->json, "new_pid", 0, INT32_MAX, &new_pid, NULL);
	up->started = true;
	up->old_pid = (int)old_pid;
	if (new_pid)
		give_reset_done(up, (int)old_pid, (int)new_pid);
}

void give_start(struct upgrade *up)
{
	struct peer *peer = upgrade_peer(up);
	struct nsl_json *plan;
	struct nsl_jw w = { 0 };
	struct run *run;

	for (run = up->runs; run; run = run->next)
		if (!run->ended && run->state == RUN_PREPARE)
			run_timer(run, GIVE_AWAY_MS, give_waited);
	if (!peer || !peer_is_up(peer) || up->asking)
		return;
	plan = nsl_json_parse(up->plan->text, strlen(up->plan->text), NULL);
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "upgrade", up->id);
	nsl_jw_json(&w, "plan", plan);
	nsl_jw_array(&w, "slices");
	for (run = up->runs; run; run = run->next) {
		nsl_jw_object(&w, NULL);
		nsl_jw_str(&w, "slice", run->name);
		nsl_jw_str(&w, "from", run->from);
		nsl_jw_str(&w, "to", run->to);
		nsl_jw_end(&w);
	}
	nsl_jw_end(&w);
	nsl_jw_end(&w);
	nsl_json_free(plan);
	up->asking = true;
	peer_ask_json(peer, WIRE_START, "", &w, GIVE_ASK_MS, give_started, up);
}

static void give_on_reset_done(void *arg, const struct peer_msg *msg)
{
	struct upgrade *up;
	const char *id = "";
	uint32_t old_pid, new_pid;
	struct nsl_err err;

	if (nsl_json_need_str(msg->json, "upgrade", &id, &err) < 0 ||
	    nsl_json_need_u32(msg->json, "old_pid", 1, INT32_MAX, &old_pid, &err) < 0 ||
	    nsl_json_need_u32(msg->json, "new_pid", 1, INT32_MAX, &new_pid, &err) < 0) {
		peer_refuse(peer_token(msg), "invalid", "%s", err.text);
		return;
	}
	up = upgrade_find(arg, id);
	if (!up || !up->first || up->ended_ms || strcmp(up->peer, peer_name(msg->peer))) {
		peer_refuse(peer_token(msg), "unknown", "no such upgrade is under way here");
		return;
	}
	peer_answer(peer_token(msg), NULL);
	give_reset_done(up, (int)old_pid, (int)new_pid);
}

int give_init(struct upgrades *us)
{
	peers_handle(us->sliced->peers, WIRE_RESET_DONE, give_on_reset_done, us);
	return 0;
}
