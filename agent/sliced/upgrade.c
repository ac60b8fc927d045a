// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of upgrades: read from the store, kept in step with kernel and peer. */
#include "upgrade.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "begin.h"
#include "clock.h"
#include "cp.h"
#include "handover.h"
#include "kern.h"
#include "lib/err.h"
#include "lib/json.h"
#include "log.h"
#include "peer.h"
#include "run.h"
#include "sliced.h"
#include "store.h"

#define UPGRADES_KEPT	32	/* that are at their end and still shown in full */
#define UPGRADE_REST_MS	3600000

void *upgrade_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p) {	/* slices forward without us, and we are started again */
		log_error("out of memory");
		abort();
	}
	return p;
}

/* ---- the table ---- */

struct upgrade *upgrade_find(struct upgrades *us, const char *id)
{
	struct upgrade *up = us->list;

	while (up && strcmp(up->id, id))
		up = up->next;
	return up;
}

struct run *upgrade_run(struct upgrade *up, const char *slice)
{
	struct run *run = up->runs;

	while (run && strcmp(run->name, slice))
		run = run->next;
	return run;
}

static bool run_active(const struct run *run)
{
	return !run->ended || run->after == AFTER_WANTED;
}

struct run *runs_active(struct upgrades *us, const char *slice)
{
	struct upgrade *up;
	struct run *run;

	for (up = us->list; up; up = up->next) {
		run = upgrade_run(up, slice);
		if (run && run_active(run))
			return run;
	}
	return NULL;
}

/*
 * Long at its end: first nothing acts for it any more, an hour later it goes,
 * when all that was asked on its behalf has been answered.
 */
static void upgrades_prune(struct upgrades *us)
{
	int64_t now = clock_wall_ms();
	struct upgrade *up, *next;
	unsigned int kept = 0;
	struct run *run;

	for (up = us->list; up; up = next) {
		next = up->next;
		if (++kept <= UPGRADES_KEPT || !up->ended_ms)
			continue;
		for (run = up->runs; run && now - up->ended_ms > UPGRADE_REST_MS; run = run->next)
			if (run->ended && run->state != RUN_STRANDED)
				move_free(run);
		for (run = up->runs; run && run->ended && !run->move; run = run->next)
			;
		if (!run && now - up->ended_ms > 2 * UPGRADE_REST_MS)
			upgrade_free(up);
	}
}

struct upgrade *upgrade_new(struct upgrades *us, const char *id, const char *peer,
			    struct plan *plan)
{
	struct upgrade *up = upgrade_alloc(sizeof(*up));

	upgrades_prune(us);
	up->all = us;
	snprintf(up->id, sizeof(up->id), "%s", id);
	snprintf(up->peer, sizeof(up->peer), "%s", peer);
	up->plan = plan;
	up->started_ms = clock_wall_ms();
	up->next = us->list;
	us->list = up;
	return up;
}

/* At the end: the order is the plan's. */
struct run *run_new(struct upgrade *up, const struct plan_slice *plan)
{
	struct run *run = upgrade_alloc(sizeof(*run)), **at = &up->runs;

	run->up = up;
	run->plan = plan;
	run->first = up->first;
	run->cp_switch_ms = run->fp_switch_ms = -1;
	run->resumed = -1;
	snprintf(run->name, sizeof(run->name), "%s", plan->slice);
	while (*at)
		at = &(*at)->next;
	*at = run;
	return run;
}

static void run_free(struct run *run)
{
	run_timer(run, 0, NULL);
	move_free(run);
	take_free(run);
	free(run);
}

void upgrade_free(struct upgrade *up)
{
	struct upgrade **at = &up->all->list;
	struct run *run;

	while (*at != up)
		at = &(*at)->next;
	*at = up->next;
	while ((run = up->runs)) {
		up->runs = run->next;
		run_free(run);
	}
	plan_free(up->plan);
	free(up);
}

struct peer *upgrade_peer(const struct upgrade *up)
{
	return peers_find(up->all->sliced->peers, up->peer);
}

/* ---- the end of an upgrade ---- */

static void upgrade_ended(void *arg, const struct store_result *res)
{
	struct upgrade *up = arg;

	if (res->error) {
		log_error("upgrade %s: its end could not be recorded: %s", up->id, res->text);
		up->ending = false;
		return;
	}
	up->ended_ms = clock_wall_ms();
	watch_end(up);
	if (!up->first && up->plan->home)
		begin_home(up);
}

void upgrade_look(struct upgrade *up)
{
	struct store_tx *tx;
	struct run *run;

	for (run = up->runs; run; run = run->next)
		if (run_active(run))
			return;
	if (up->ending || up->ended_ms)
		return;
	up->ending = true;
	tx = store_tx_new(up->all->sliced->store);
	store_add(tx, SQL_UPGRADE_END, "si", up->id, clock_wall_ms());
	store_commit(tx, upgrade_ended, up);
}

/* Slices of a lower order are at their end before those of a higher one move. */
void upgrade_turns(struct upgrade *up)
{
	unsigned int moving = 0, order = 0;
	bool any = false;
	struct run *run;

	for (run = up->runs; run; run = run->next) {
		moving += run->moving;
		if (!any && !run->ended) {	/* the runs stand by order */
			any = true;
			order = run->plan->order;
		}
	}
	for (run = up->runs; run && moving < up->plan->handovers; run = run->next) {
		if (!run->queued || run->plan->order != order)
			continue;
		run->queued = false;
		run->moving = true;
		moving++;
		move_begin(run);
	}
}

/* ---- from the store ---- */

struct loading {
	struct upgrades	*us;
	struct upgrade	*up;
	struct nsl_err	*err;
	int		code;
};

static void load_run(struct upgrade *up, const struct store_row *row)
{
	const struct plan_slice *plan = plan_slice(up->plan, store_text(row, 1));
	int state = run_state_value(store_text(row, 5));
	struct run *run;

	if (!plan || state < 0)
		return;
	up->first = !strcmp(store_text(row, 2), "first");
	run = run_new(up, plan);
	snprintf(run->from, sizeof(run->from), "%s", store_text(row, 3));
	snprintf(run->to, sizeof(run->to), "%s", store_text(row, 4));
	run->state = run->peer_state = (enum run_state)state;
	run->ended = !store_null(row, 6) && state != RUN_STRANDED;
	run_data_read(run, store_text(row, 10));
}

/* Runs stand in the order of the plan, rows in that of their names. */
static void load_runs(void *arg, const struct store_result *res)
{
	struct loading *l = arg;
	unsigned int i;
	size_t at;

	l->code = res->error;
	for (at = 0; at < l->up->plan->slice_count; at++)
		for (i = 0; i < res->row_count; i++)
			if (!strcmp(store_text(store_row_at(res, i), 1),
				    l->up->plan->slices[at].slice))
				load_run(l->up, store_row_at(res, i));
}

static void load_note(struct upgrade *up, const char *step, const char *data)
{
	struct nsl_json *root = nsl_json_parse(data, strlen(data), NULL);
	uint32_t old_pid = 0, new_pid = 0;

	if (!root)
		return;
	nsl_json_get_u32(root, "old_pid", 0, INT32_MAX, &old_pid, NULL);
	nsl_json_get_u32(root, "new_pid", 0, INT32_MAX, &new_pid, NULL);
	nsl_json_free(root);
	up->started = true;
	up->old_pid = (int)old_pid;
	up->new_pid = (int)new_pid;
	up->reset = !strcmp(step, "reset-done");
}

static void load_journal(void *arg, const struct store_result *res)
{
	struct loading *l = arg;
	unsigned int i;

	l->code = res->error;
	for (i = 0; i < res->row_count; i++) {
		const struct store_row *row = store_row_at(res, i);
		struct run *run = upgrade_run(l->up, store_text(row, 2));
		int state = handover_state_value(store_text(row, 4));

		if (!*store_text(row, 2))
			load_note(l->up, store_text(row, 4), store_text(row, 9));
		else if (run && state >= 0)
			run->resumed = state;
	}
}

static void load_upgrades(void *arg, const struct store_result *res)
{
	struct loading *l = arg;
	unsigned int i;

	l->code = res->error;
	for (i = res->row_count; i-- > 0;) {	/* newest first: it becomes the first */
		const struct store_row *row = store_row_at(res, i);
		const char *text = store_text(row, 2);
		struct plan *plan = plan_parse(text, strlen(text), l->err);

		if (!plan) {
			log_error("upgrade %s: its plan cannot be read: %s", store_text(row, 0),
				  l->err->text);
			continue;
		}
		l->up = upgrade_new(l->us, store_text(row, 0), store_text(row, 1), plan);
		l->up->started_ms = store_int(row, 3);
		l->up->ended_ms = store_null(row, 4) ? 0 : store_int(row, 4);
	}
}

static int load_query(struct loading *l, enum store_sql sql, store_done done)
{
	struct store_tx *tx = store_tx_new(l->us->sliced->store);

	if (sql == SQL_UPGRADE_ALL)
		store_add(tx, sql, "i", (int64_t)UPGRADES_KEPT);
	else if (sql == SQL_JOURNAL_OF)
		store_add(tx, sql, "ss", l->up->id, "");
	else
		store_add(tx, sql, "s", l->up->id);
	store_commit_wait(tx, done, l);
	return l->code;
}

static int upgrades_load(struct upgrades *us, struct nsl_err *err)
{
	struct loading l = { .us = us, .err = err };
	int ret = load_query(&l, SQL_UPGRADE_ALL, load_upgrades);

	for (l.up = us->list; l.up && !ret; l.up = l.up->next) {
		ret = load_query(&l, SQL_RUN_OF_UPGRADE, load_runs);
		if (!ret)
			ret = load_query(&l, SQL_JOURNAL_OF, load_journal);
	}
	return ret ? nsl_err_set(err, -ret, "upgrades cannot be read from the store") : 0;
}

/* ---- going on after a restart ---- */

static void run_resume(struct run *run)
{
	if (run->ended) {
		if (run->after == AFTER_WANTED && !run->first)
			give_standby(run);
		else if (run->after == AFTER_WANTED)
			give_complete(run);
		else if (run->after == AFTER_DONE)
			give_redundant(run);
		return;
	}
	run_hold(run);
	if (run->state == RUN_ROLLING_BACK && run->resumed < 0) {
		if (run->first)
			give_up(run, PLANE_NODE, "the daemon was restarted");
		else
			take_drop(run);
	} else if (run->resumed >= 0) {
		move_resume(run, run->resumed);
	} else if (!run->first && run->state == RUN_HOT && run->attempt) {
		move_resume(run, HANDOVER_HOT);
	} else if (run->first) {
		give_resume(run);
	}
}

static void upgrades_begin(evutil_socket_t fd, short what, void *arg)
{
	struct upgrades *us = arg;
	struct upgrade *up;
	struct run *run;

	(void)fd;
	(void)what;
	for (up = us->list; up; up = up->next) {
		if (!up->ended_ms && !up->first && !up->reset && up->old_pid)
			take_reset_done(up);
		for (run = up->runs; run; run = run->next)
			run_resume(run);
		if (!up->ended_ms)
			upgrade_look(up);
	}
}

/* ---- what happens meanwhile ---- */

static void upgrades_up(void *arg, struct peer *peer, const struct nsl_json *hello)
{
	struct upgrades *us = arg;
	struct upgrade *up;
	struct run *run;

	(void)hello;
	for (up = us->list; up; up = up->next) {
		if (up->ended_ms || strcmp(up->peer, peer_name(peer)))
			continue;
		if (up->first && !up->reset)
			give_start(up);
		else if (!up->first && up->new_pid)
			take_reset_done(up);
		for (run = up->runs; run; run = run->next) {
			run_ask_state(run);
			give_peer_up(run);
		}
	}
}

static void upgrades_down(void *arg, struct peer *peer, const char *why)
{
	struct upgrades *us = arg;
	struct upgrade *up;
	struct run *run;

	(void)why;
	for (up = us->list; up; up = up->next)
		for (run = up->runs; run && !strcmp(up->peer, peer_name(peer)); run = run->next)
			give_peer_down(run);
}

static void upgrades_event(void *arg, const char *slice, const struct nsl_reply *r)
{
	struct run *run = runs_active(arg, slice);

	switch (r->a.event) {
	case NETSLICE_EVENT_ROLE:
	case NETSLICE_EVENT_TERM:
	case NETSLICE_EVENT_LEASE_EXPIRED:
	case NETSLICE_EVENT_OUTRANKED:
	case NETSLICE_EVENT_MARKER:
	case NETSLICE_EVENT_PROBE:
		if (run)
			move_kernel(run);
		break;
	default:
		break;
	}
}

static void upgrades_resync(void *arg)
{
	struct upgrades *us = arg;
	struct upgrade *up;
	struct run *run;

	for (up = us->list; up; up = up->next)
		for (run = up->runs; run; run = run->next)
			if (run_active(run))
				move_kernel(run);
}

/* The worker of the new release failed after it had been well. */
static void upgrades_cp_failed(void *arg, struct slice *slice, const char *cause)
{
	struct run *run = runs_active(arg, slice->name);

	if (run && !run->first && !run->ended && run->state >= RUN_HOT)
		give_up(run, PLANE_CP, cause);
}

/* ---- beginning and end ---- */

static int upgrades_register(struct upgrades *us)
{
	static const struct kern_watch kern = { .event = upgrades_event,
						.resync = upgrades_resync };
	static const struct peer_watch peers = { .up = upgrades_up, .down = upgrades_down };
	static const struct cp_ops cp = { .failed = upgrades_cp_failed };
	struct sliced *sliced = us->sliced;

	us->begin = event_new(sliced->base, -1, 0, upgrades_begin, us);
	if (!us->begin || kern_watch(sliced->kern, &kern, us) ||
	    peers_watch(sliced->peers, &peers, us) || cp_watch(sliced->slices, &cp, us) ||
	    give_init(us) || take_init(us) || ctl_upgrade_init(us))
		return -ENOMEM;
	event_active(us->begin, EV_TIMEOUT, 0);
	return 0;
}

int upgrades_init(struct sliced *sliced, struct nsl_err *err)
{
	struct upgrades *us = calloc(1, sizeof(*us));
	struct upgrade *up;
	struct run *run;

	if (!us)
		return nsl_err_set(err, ENOMEM, "out of memory");
	us->sliced = sliced;
	sliced->upgrades = us;
	if (upgrades_load(us, err))
		return -1;
	/* before slices are placed: what an upgrade owns is left to it */
	for (up = us->list; up; up = up->next)
		for (run = up->runs; run; run = run->next)
			if (!run->ended)
				run_hold(run);
	if (upgrades_register(us))
		return nsl_err_set(err, ENOMEM, "out of memory");
	return 0;
}

void upgrades_exit(struct sliced *sliced)
{
	struct upgrades *us = sliced->upgrades;

	if (!us)
		return;
	while (us->list)
		upgrade_free(us->list);
	watch_free(us);
	if (us->begin)
		event_free(us->begin);
	free(us);
	sliced->upgrades = NULL;
}
