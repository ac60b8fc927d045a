// SPDX-License-Identifier: GPL-2.0-or-later
/* A run's record: states, journal, end. */
#include "run.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "peer.h"
#include "sliced.h"
#include "store.h"

static const char *const state_names[RUN_STATES] = {
	[RUN_PREPARE] = "prepare",
	[RUN_VERSION_SYNC] = "version-sync",
	[RUN_CONFIG_SYNC] = "config-sync",
	[RUN_HOT] = "hot",
	[RUN_CP_SWITCHED] = "cp-switched",
	[RUN_FP_SWITCHED] = "fp-switched",
	[RUN_CONFIGURE] = "configure",
	[RUN_VERIFY] = "verify",
	[RUN_COMPLETE] = "complete",
	[RUN_ROLLING_BACK] = "rolling-back",
	[RUN_ROLLED_BACK] = "rolled-back",
	[RUN_STRANDED] = "stranded",
};

const char *run_state_name(enum run_state state)
{
	return (unsigned int)state < RUN_STATES ? state_names[state] : "?";
}

int run_state_value(const char *name)
{
	int i;

	for (i = 0; i < RUN_STATES; i++)
		if (!strcmp(state_names[i], name))
			return i;
	return -1;
}

struct sliced *run_sliced(const struct run *run)
{
	return run->up->all->sliced;
}

struct slice *run_slice(const struct run *run)
{
	return slices_find(run_sliced(run)->slices, run->name);
}

struct peer *run_peer(const struct run *run)
{
	return upgrade_peer(run->up);
}

/* ---- what is asked for and may come too late ---- */

struct step {
	struct run	*run;
	unsigned int	serial;
};

void *run_step(struct run *run)
{
	struct step *step = upgrade_alloc(sizeof(*step));

	step->run = run;
	step->serial = run->serial;
	return step;
}

struct run *run_step_take(void *arg)
{
	struct step *step = arg;
	struct run *run = step->run;

	if (step->serial != run->serial)
		run = NULL;
	free(step);
	return run;
}

struct timed {
	struct run	*run;
	void		(*fire)(struct run *run);
};

static void run_fires(evutil_socket_t fd, short what, void *arg)
{
	struct timed *timed = arg;
	struct run *run = timed->run;
	void (*fire)(struct run *run) = timed->fire;

	(void)fd;
	(void)what;
	event_free(run->timer);
	run->timer = NULL;
	free(timed);
	fire(run);
}

void run_timer(struct run *run, unsigned int ms, void (*fire)(struct run *run))
{
	struct timeval tv = clock_timeval(ms);
	struct timed *timed;

	if (run->timer) {
		free(event_get_callback_arg(run->timer));
		event_free(run->timer);
		run->timer = NULL;
	}
	if (!fire)
		return;
	timed = upgrade_alloc(sizeof(*timed));
	timed->run = run;
	timed->fire = fire;
	run->timer = evtimer_new(run_sliced(run)->base, run_fires, timed);
	if (!run->timer || evtimer_add(run->timer, &tv))
		abort();
}

/* ---- the data of its row ---- */

static const char *const after_names[] = {
	[AFTER_NOTHING] = "nothing", [AFTER_WANTED] = "wanted",
	[AFTER_DONE] = "done", [AFTER_FAILED] = "failed",
};

static void run_data_times(const struct run *run, struct nsl_jw *w)
{
	unsigned int i;

	nsl_jw_array(w, "times");
	for (i = 0; i < run->time_count; i++) {
		nsl_jw_object(w, NULL);
		nsl_jw_str(w, "state", run_state_name(run->times[i].state));
		nsl_jw_bool(w, "peer", run->times[i].peer);
		nsl_jw_i64(w, "at_ms", run->times[i].at_ms);
		nsl_jw_end(w);
	}
	nsl_jw_end(w);
}

char *run_data(const struct run *run)
{
	struct nsl_jw w = { 0 };
	char *text;

	nsl_jw_object(&w, NULL);
	nsl_jw_u64s(&w, "attempt", run->attempt);
	nsl_jw_u64s(&w, "fp_base", run->fp_base);
	nsl_jw_u64s(&w, "gen", run->gen);
	if (run->cp_switch_ms >= 0)
		nsl_jw_u64(&w, "cp_switch_ms", (uint64_t)run->cp_switch_ms);
	if (run->fp_switch_ms >= 0)
		nsl_jw_u64(&w, "fp_switch_ms", (uint64_t)run->fp_switch_ms);
	nsl_jw_str(&w, "after", after_names[run->after]);
	nsl_jw_str(&w, "after_why", run->after_why);
	nsl_jw_str(&w, "plane", run->plane);
	nsl_jw_str(&w, "failed", run->failed);
	nsl_jw_str(&w, "cause", run->cause);
	run_data_times(run, &w);
	nsl_jw_end(&w);
	text = nsl_jw_take(&w);
	if (!text)
		abort();
	return text;
}

static void run_times_read(struct run *run, const struct nsl_json *root)
{
	const struct nsl_json *list = NULL, *v;
	const char *name = "";

	if (nsl_json_get_array(root, "times", &list, NULL) != 1)
		return;
	nsl_json_for_each(v, list) {
		struct run_time *t = &run->times[run->time_count];
		uint64_t at = 0;
		int state;

		if (run->time_count == RUN_TIMES)
			return;
		nsl_json_get_str(v, "state", &name, NULL);
		nsl_json_get_bool(v, "peer", &t->peer, NULL);
		nsl_json_get_u64(v, "at_ms", &at, NULL);
		state = run_state_value(name);
		if (state < 0)
			continue;
		t->state = (enum run_state)state;
		t->at_ms = (int64_t)at;
		run->time_count++;
	}
}

static int64_t run_ms_read(const struct nsl_json *root, const char *name)
{
	uint64_t ms = 0;

	return nsl_json_get_u64(root, name, &ms, NULL) == 1 ? (int64_t)ms : -1;
}

int run_data_read(struct run *run, const char *text)
{
	struct nsl_json *root = nsl_json_parse(text, strlen(text), NULL);
	const char *after = "";
	int i;

	if (!root)
		return -EINVAL;
	nsl_json_get_u64(root, "attempt", &run->attempt, NULL);
	nsl_json_get_u64(root, "fp_base", &run->fp_base, NULL);
	nsl_json_get_u64(root, "gen", &run->gen, NULL);
	run->cp_switch_ms = run_ms_read(root, "cp_switch_ms");
	run->fp_switch_ms = run_ms_read(root, "fp_switch_ms");
	nsl_json_get_str(root, "after", &after, NULL);
	for (i = 0; i <= AFTER_FAILED; i++)
		if (!strcmp(after, after_names[i]))
			run->after = (enum run_after)i;
	nsl_json_get_text(root, "after_why", run->after_why, sizeof(run->after_why), NULL);
	nsl_json_get_text(root, "plane", run->plane, sizeof(run->plane), NULL);
	nsl_json_get_text(root, "failed", run->failed, sizeof(run->failed), NULL);
	nsl_json_get_text(root, "cause", run->cause, sizeof(run->cause), NULL);
	run_times_read(run, root);
	nsl_json_free(root);
	return 0;
}

/* ---- statements ---- */

static void tx_journal(struct store_tx *tx, const struct run *run, enum run_state state,
		       const char *step, const struct slice_terms *terms, const char *data)
{
	store_add(tx, SQL_JOURNAL_ADD, "sssssuuusi", run->up->id, run->name,
		  run_state_name(state), step, run->first ? "first" : "second",
		  terms ? terms->cp : 0, terms ? terms->fp : 0, run->gen, data, clock_wall_ms());
}

static void tx_state(struct store_tx *tx, const struct run *run, enum run_state state,
		     const char *step, const struct slice_terms *terms)
{
	char *data = run_data(run);

	store_add(tx, SQL_RUN_STATE, "ssssi", run->up->id, run->name, run_state_name(state), data,
		  clock_wall_ms());
	store_expect(tx, 1);
	tx_journal(tx, run, state, step, terms, data);
	free(data);
}

static void tx_outcome(struct store_tx *tx, const struct run *run, enum run_state state)
{
	char *data = run_data(run);
	const char *word = run_state_name(state);

	store_add(tx, SQL_RUN_OUTCOME, "ssssssssi", run->up->id, run->name, word, word,
		  *run->plane ? run->plane : NULL, *run->failed ? run->failed : NULL,
		  *run->cause ? run->cause : NULL, data, clock_wall_ms());
	store_expect(tx, 1);
	tx_journal(tx, run, state, "end", NULL, data);
	free(data);
}

void upgrade_tx_note(struct store_tx *tx, const struct upgrade *up, const char *step)
{
	char data[128];

	snprintf(data, sizeof(data), "{\"depth\":\"%s\",\"old_pid\":%d,\"new_pid\":%d}",
		 plan_reset_name(up->plan->reset), up->old_pid, up->new_pid);
	store_add(tx, SQL_JOURNAL_ADD, "sssssuuusi", up->id, "", "prepare", step,
		  up->first ? "first" : "second", (uint64_t)0, (uint64_t)0, (uint64_t)0, data,
		  clock_wall_ms());
}

void upgrade_tx_new(struct store_tx *tx, const struct upgrade *up)
{
	const struct run *run;

	store_add(tx, SQL_UPGRADE_NEW, "sssi", up->id, up->peer, up->plan->text, up->started_ms);
	for (run = up->runs; run; run = run->next) {
		char *data = run_data(run);

		store_add(tx, SQL_RUN_NEW, "sssssssi", up->id, run->name,
			  run->first ? "first" : "second", run->from, run->to,
			  run_state_name(run->state), data, clock_wall_ms());
		tx_journal(tx, run, run->state, "start", NULL, data);
		free(data);
	}
}

/* ---- states ---- */

static void run_stamp(struct run *run, enum run_state state, bool peer)
{
	if (run->time_count == RUN_TIMES)
		return;
	run->times[run->time_count++] = (struct run_time){ state, peer, clock_wall_ms() };
}

void run_prepare(struct run *run)
{
	run_stamp(run, RUN_PREPARE, false);
}

static void run_say(struct run *run, enum run_state state, bool ask)
{
	struct peer *peer = run_peer(run);
	struct nsl_jw w = { 0 };

	if (!peer || !peer_is_up(peer))
		return;
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "upgrade", run->up->id);
	nsl_jw_str(&w, "state", run_state_name(state));
	if (ask)
		nsl_jw_bool(&w, "ask", true);
	if (*run->plane) {
		nsl_jw_str(&w, "plane", run->plane);
		nsl_jw_str(&w, "failed", run->failed);
		nsl_jw_str(&w, "cause", run->cause);
	}
	if (run->after == AFTER_FAILED)
		nsl_jw_str(&w, "standby_failed", run->after_why);
	nsl_jw_end(&w);
	peer_send_json(peer, WIRE_STATE, run->name, &w);
}

/* The other node hears of each state, for its record and for those who watch there. */
static void run_tell(struct run *run, enum run_state state)
{
	run_say(run, state, false);
}

void run_tell_state(struct run *run)
{
	run_say(run, run->state, false);
}

void run_ask_state(struct run *run)
{
	if (!run->ended || run->after == AFTER_WANTED)
		run_say(run, run->state, true);
}

struct entering {
	struct run	*run;
	enum run_state	state;
	unsigned int	serial;
	run_then	then;
};

static void run_entered(void *arg, const struct store_result *res)
{
	struct entering *e = arg;
	struct run *run = e->run;

	if (res->error)
		log_error("slice %s: %s could not be recorded: %s", run->name,
			  run_state_name(e->state), res->text);
	if (!res->error) {
		log_notice("slice %s: %s", run->name, run_state_name(e->state));
		watch_state(run, e->state, false, run->cause);
		run_tell(run, e->state);
	}
	if (e->serial == run->serial && e->then) {
		if (res->error)
			give_up(run, PLANE_NODE, res->text);
		else
			e->then(run);
	}
	free(e);
}

void run_enter(struct run *run, enum run_state state, run_then then)
{
	struct store_tx *tx = store_tx_new(run_sliced(run)->store);
	struct entering *e = upgrade_alloc(sizeof(*e));

	e->run = run;
	e->state = state;
	e->serial = run->serial;
	e->then = then;
	/* the other node's word for what both planes do there is ahead of ours */
	if (state != RUN_FP_SWITCHED || run->state < state)
		run->state = state;
	run_stamp(run, state, false);
	tx_state(tx, run, run->state, "", NULL);
	store_commit(tx, run_entered, e);
}

bool run_was(const struct run *run, enum run_state state)
{
	unsigned int i;

	for (i = 0; i < run->time_count; i++)
		if (!run->times[i].peer && run->times[i].state == state)
			return true;
	return false;
}

struct journalling {
	struct run		*run;
	struct slice_terms	terms;
	bool			has_terms;
	void			(*done)(struct run *run, int err);
};

static void run_journalled(void *arg, const struct store_result *res)
{
	struct journalling *j = arg;
	struct slice *s = run_slice(j->run);

	if (res->error)
		log_error("slice %s: the journal failed: %s", j->run->name, res->text);
	else if (s && j->has_terms)
		slice_terms_now(s, &j->terms);
	j->done(j->run, res->error);
	free(j);
}

void run_journal(struct run *run, const char *step, const struct slice_terms *terms,
		 void (*done)(struct run *run, int err))
{
	struct store_tx *tx = store_tx_new(run_sliced(run)->store);
	struct journalling *j = upgrade_alloc(sizeof(*j));
	struct slice *s = run_slice(run);

	j->run = run;
	j->done = done;
	if (terms) {
		j->terms = *terms;
		j->has_terms = true;
	}
	tx_state(tx, run, run->state, step, terms);
	if (terms && s)
		slice_tx_terms(tx, s, terms);
	store_commit(tx, run_journalled, j);
}

void run_save(struct run *run)
{
	struct store_tx *tx = store_tx_new(run_sliced(run)->store);
	char *data = run_data(run);

	store_add(tx, SQL_RUN_STATE, "ssssi", run->up->id, run->name, run_state_name(run->state),
		  data, clock_wall_ms());
	free(data);
	store_commit(tx, NULL, NULL);
}

void run_after(struct run *run, enum run_after after, const char *why)
{
	run->after = after;
	snprintf(run->after_why, sizeof(run->after_why), "%s", why);
	run_save(run);
	if (after == AFTER_FAILED)
		run_tell_state(run);
	if (after == AFTER_DONE)
		watch_state(run, run->state, false, "redundant at the new release");
	else if (after == AFTER_FAILED)
		watch_state(run, run->state, false, why);
	upgrade_look(run->up);
}

void run_peer_state(struct run *run, enum run_state state)
{
	if (run->peer_state != state) {
		run->peer_state = state;
		run_stamp(run, state, true);
		watch_state(run, state, true, run->cause);
	}
	/* what both planes do is done there: this node's word follows */
	if (run->first && !run->ended && (state == RUN_CONFIGURE || state == RUN_VERIFY) &&
	    run->state >= RUN_CP_SWITCHED && run->state < state)
		run->state = state;
	run_save(run);
	/* it did not hear of its end, and nothing of a handover will tell it */
	if (!run->first && !run->ended && state == RUN_ROLLED_BACK && !move_under_way(run) &&
	    run->state != RUN_ROLLING_BACK)
		run_enter(run, RUN_ROLLING_BACK, take_drop);
}

const char *run_reached(const struct run *run)
{
	unsigned int i;

	for (i = run->time_count; i-- > 0;)
		if (!run->times[i].peer && run->times[i].state < RUN_COMPLETE)
			return run_state_name(run->times[i].state);
	return run_state_name(RUN_PREPARE);
}

void run_blame(struct run *run, const char *plane, const char *state, const char *cause)
{
	if (*run->plane)
		return;
	snprintf(run->plane, sizeof(run->plane), "%s", plane);
	snprintf(run->failed, sizeof(run->failed), "%s", state);
	snprintf(run->cause, sizeof(run->cause), "%s", cause);
	log_warn("slice %s: %s failed in %s: %s", run->name, plane, state, cause);
}

void run_hold(struct run *run)
{
	struct slice *s = run_slice(run);

	if (!s || run->held)
		return;
	run->held = true;
	slice_hold(s, "an upgrade is under way");
}

void run_unhold(struct run *run)
{
	struct slice *s = run_slice(run);

	if (!run->held)
		return;
	run->held = false;
	if (s)
		slice_release(s);
}

static void run_ended(void *arg, const struct store_result *res)
{
	struct run *run = arg;

	if (res->error)
		log_error("slice %s: its end could not be recorded: %s", run->name, res->text);
	log_notice("slice %s: %s%s%s", run->name, run_state_name(run->state),
		   *run->cause ? ": " : "", run->cause);
	watch_state(run, run->state, false, run->cause);
	run_say(run, run->state, run->after == AFTER_WANTED);
	if (run->state != RUN_STRANDED)
		run_unhold(run);
	upgrade_turns(run->up);
	upgrade_look(run->up);
}

void run_end(struct run *run, enum run_state outcome)
{
	struct store_tx *tx;

	if (run->ended)
		return;
	run_timer(run, 0, NULL);
	run->ended = true;
	run->queued = false;
	run->moving = false;
	run->state = outcome;
	run_stamp(run, outcome, false);
	tx = store_tx_new(run_sliced(run)->store);
	tx_outcome(tx, run, outcome);
	store_commit(tx, run_ended, run);
}
