// SPDX-License-Identifier: GPL-2.0-or-later
/* Upgrades as people see them: JSON of one, and those who watch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "ctl.h"
#include "history.h"
#include "lib/jsonw.h"
#include "release.h"
#include "run.h"
#include "sliced.h"

const char *release_title(const struct run *run, const char *hash, char *buf, size_t size)
{
	const struct release *r = *hash ? release_find(run_sliced(run)->releases, hash) : NULL;

	if (r)
		snprintf(buf, size, "%s-%s", r->name, r->version);
	else
		snprintf(buf, size, "%s", hash);
	return buf;
}

static void times_json(const struct run *run, struct nsl_jw *w)
{
	unsigned int i;

	nsl_jw_array(w, "times");
	for (i = 0; i < run->time_count; i++) {
		const struct run_time *t = &run->times[i];

		nsl_jw_object(w, NULL);
		nsl_jw_str(w, "state", run_state_name(t->state));
		nsl_jw_str(w, "node", t->peer == run->first ? "second" : "first");
		nsl_jw_i64(w, "at_ms", t->at_ms);
		nsl_jw_end(w);
	}
	nsl_jw_end(w);
}

static void run_json(const struct run *run, struct nsl_jw *w)
{
	static const char *const after[] = { "not wanted", "under way", "yes", "failed" };
	char title[SLICE_HASH_LEN + 8];

	nsl_jw_object(w, NULL);
	nsl_jw_str(w, "slice", run->name);
	nsl_jw_str(w, "role", run->first ? "first" : "second");
	nsl_jw_str(w, "from", release_title(run, run->from, title, sizeof(title)));
	nsl_jw_str(w, "to", release_title(run, run->to, title, sizeof(title)));
	nsl_jw_str(w, "from_hash", run->from);
	nsl_jw_str(w, "to_hash", run->to);
	nsl_jw_str(w, "state", run_state_name(run->state));
	if (run->ended)
		nsl_jw_str(w, "outcome", run_state_name(run->state));
	if (*run->plane) {
		nsl_jw_str(w, "plane", run->plane);
		nsl_jw_str(w, "failed_state", run->failed);
		nsl_jw_str(w, "cause", run->cause);
	}
	if (run->cp_switch_ms >= 0)
		nsl_jw_i64(w, "cp_switch_ms", run->cp_switch_ms);
	if (run->fp_switch_ms >= 0)
		nsl_jw_i64(w, "fp_switch_ms", run->fp_switch_ms);
	nsl_jw_str(w, "redundant", after[run->after]);
	if (*run->after_why)
		nsl_jw_str(w, "redundant_why", run->after_why);
	times_json(run, w);
	nsl_jw_end(w);
}

void upgrade_json(const struct upgrade *up, struct nsl_jw *w)
{
	const struct run *run;

	nsl_jw_object(w, NULL);
	nsl_jw_str(w, "id", up->id);
	nsl_jw_str(w, "peer", up->peer);
	nsl_jw_str(w, "role", up->first ? "first" : "second");
	nsl_jw_i64(w, "started_ms", up->started_ms);
	if (up->ended_ms)
		nsl_jw_i64(w, "ended_ms", up->ended_ms);
	nsl_jw_object(w, "reset");
	nsl_jw_str(w, "depth", plan_reset_name(up->plan->reset));
	if (up->old_pid)
		nsl_jw_i64(w, "old_pid", up->old_pid);
	if (up->reset)
		nsl_jw_i64(w, "new_pid", up->new_pid);
	nsl_jw_end(w);
	nsl_jw_array(w, "slices");
	for (run = up->runs; run; run = run->next)
		run_json(run, w);
	nsl_jw_end(w);
	nsl_jw_end(w);
}

/* ---- those who watch ---- */

struct watcher {
	struct watcher	*next;
	struct upgrades	*us;
	struct ctl_req	*req;
	char		id[NODE_ID_LEN + 1];
};

static void watcher_drop(struct watcher *watcher)
{
	struct watcher **at = &watcher->us->watchers;

	while (*at != watcher)
		at = &(*at)->next;
	*at = watcher->next;
	free(watcher);
}

static void watcher_gone(void *arg)
{
	watcher_drop(arg);
}

static void watcher_event(const struct watcher *watcher, const struct run *run,
			  enum run_state state, bool peer, const char *text, int64_t at_ms)
{
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_i64(&w, "time_ms", at_ms);
	nsl_jw_str(&w, "upgrade", run->up->id);
	nsl_jw_str(&w, "slice", run->name);
	nsl_jw_str(&w, "state", run_state_name(state));
	nsl_jw_str(&w, "role", peer == run->first ? "second" : "first");
	if (*run->plane) {
		nsl_jw_str(&w, "plane", run->plane);
		nsl_jw_str(&w, "failed_state", run->failed);
	}
	nsl_jw_str(&w, "text", text);
	nsl_jw_end(&w);
	ctl_event(watcher->req, &w);
}

void watch_state(struct run *run, enum run_state state, bool peer, const char *text)
{
	const struct watcher *watcher;

	for (watcher = run->up->all->watchers; watcher; watcher = watcher->next)
		if (!strcmp(watcher->id, run->up->id))
			watcher_event(watcher, run, state, peer, text, clock_wall_ms());
}

static void watcher_answer(const struct upgrade *up, struct ctl_req *req)
{
	struct nsl_jw w = { 0 };

	upgrade_json(up, &w);
	ctl_ok(req, &w);
}

void watch_end(struct upgrade *up)
{
	struct watcher *watcher = up->all->watchers, *next;

	for (; watcher; watcher = next) {
		struct ctl_req *req = watcher->req;

		next = watcher->next;
		if (strcmp(watcher->id, up->id))
			continue;
		watcher_drop(watcher);
		ctl_on_gone(req, NULL, NULL);
		watcher_answer(up, req);
	}
}

void watch_begin(struct upgrade *up, struct ctl_req *req)
{
	struct watcher *watcher;
	const struct run *run;
	unsigned int i;

	if (up->ended_ms) {
		watcher_answer(up, req);
		return;
	}
	watcher = upgrade_alloc(sizeof(*watcher));
	watcher->us = up->all;
	watcher->req = req;
	watcher->next = up->all->watchers;
	up->all->watchers = watcher;
	snprintf(watcher->id, sizeof(watcher->id), "%s", up->id);
	ctl_on_gone(req, watcher_gone, watcher);
	for (run = up->runs; run; run = run->next)	/* what has been */
		for (i = 0; i < run->time_count; i++)
			watcher_event(watcher, run, run->times[i].state, run->times[i].peer, "",
				      run->times[i].at_ms);
}

void watch_free(struct upgrades *us)
{
	while (us->watchers)
		watcher_drop(us->watchers);
}
