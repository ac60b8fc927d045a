// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A slice's worker: starting it, and the set of routes that it wants, as it
 * tells them. What becomes of the routes is in cp_routes.c.
 */
#include "cp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp_int.h"
#include "lib/json.h"
#include "log.h"
#include "release.h"
#include "sliced.h"
#include "slices_int.h"

#define CP_ANSWER_MS	60000	/* a machine may be busy; a worker that hangs is found by its health */

/* ---- what is asked of it ---- */

struct cp_ask {
	struct cp_ask	*next;
	struct cp	*cp;
	slice_done	done;
	void		*arg;
	bool		health;
	bool		role;
};

static struct cp_ask *ask_new(struct cp *cp, slice_done done, void *arg)
{
	struct cp_ask *q = slices_alloc(sizeof(*q));

	q->cp = cp;
	q->done = done;
	q->arg = arg;
	q->next = cp->asks;
	cp->asks = q;
	return q;
}

static void ask_end(struct cp_ask *q, int code, const char *why)
{
	struct cp_ask **at = &q->cp->asks;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	if (q->done)
		q->done(q->arg, code, why);
	free(q);
}

static void ask_answered(void *arg, const struct worker_answer *answer)
{
	struct cp_ask *q = arg;

	if (!answer->error && q->health && !answer->msg->ok)
		ask_end(q, -EIO, answer->msg->text);
	else
		ask_end(q, answer->error, answer->text);
}

/* The worker is gone and calls back no more. */
static void asks_lost(struct cp *cp, const char *why)
{
	while (cp->asks)
		ask_end(cp->asks, -EHOSTDOWN, why);
}

/* ---- starting ---- */

static void start_end(struct cp *cp, int code, const char *why)
{
	slice_done done = cp->start_done;
	void *arg = cp->start_arg;

	cp->start_done = NULL;
	if (done)
		done(arg, code, why);
}

static void start_check(struct cp *cp)
{
	if (!cp->start_done || !cp->loaded || !cp->complete)
		return;
	cp_routes_changed(cp->slice);
	start_end(cp, 0, "");
}

static int cp_migrated(struct cp *cp, const struct worker_msg *msg)
{
	struct definition *def;
	struct nsl_err err;

	def = definition_migrated(cp->def, msg->schema, msg->config, &err);
	if (!def) {
		start_end(cp, -EINVAL, err.text);
		return -EINVAL;
	}
	definition_free(cp->def);
	cp->def = def;
	return 0;
}

/* Its answers come in order: behind this one are all the changes that the definition made. */
static void cp_changed(void *arg, const struct worker_answer *answer)
{
	struct cp *cp = arg;

	if (answer->error) {
		start_end(cp, answer->error, answer->text);
		return;
	}
	cp->complete = true;
	if (cp->start_done)
		start_check(cp);
	else
		cp_routes_changed(cp->slice);
}

/* ---- the state that was kept ---- */

struct cp_keep {
	struct cp	*cp;
	struct worker	*worker;
};

static void keep_read(void *arg, const struct store_result *res)
{
	struct cp_keep *keep = arg;
	const void *blob;
	char *data;
	size_t len;

	if (!res->error && res->row_count && keep->cp->worker == keep->worker) {
		blob = store_blob(store_row_at(res, 0), 1, &len);
		data = slices_alloc(len + 1);
		memcpy(data, blob, len);
		cp_restore(keep->cp->slice, true, store_u64(store_row_at(res, 0), 0), data, NULL,
			   NULL);
		free(data);
	}
	free(keep);
}

/* Its own, of an earlier life, or what the other node sent as a backup. */
static void cp_restore_kept(struct cp *cp)
{
	struct store_tx *tx = store_tx_new(slices_sliced(cp->slice->slices)->store);
	struct cp_keep *keep = slices_alloc(sizeof(*keep));

	keep->cp = cp;
	keep->worker = cp->worker;
	store_add(tx, SQL_KEEP_GET, "ss", cp->slice->name, "cp");
	store_commit(tx, keep_read, keep);
}

static void cp_loaded(void *arg, const struct worker_answer *answer)
{
	struct cp *cp = arg;

	if (answer->error) {
		cp->complete = cp->had_all;
		start_end(cp, answer->error, answer->text);
		return;
	}
	if (answer->msg->type == WORKER_MIGRATED && cp_migrated(cp, answer->msg))
		return;
	cp->loaded = true;
	if (cp->had_all)
		worker_health(cp->worker, CP_ANSWER_MS, cp_changed, cp);
	else
		cp_restore_kept(cp);
	start_check(cp);
}

/* A worker tells all its routes after its first definition, what changes after a later one. */
static void cp_load_now(struct cp *cp)
{
	cp->loaded = false;
	cp->complete = false;
	worker_load(cp->worker, cp->def->text, CP_ANSWER_MS, cp_loaded, cp);
}

/* ---- what it tells ---- */

static void on_routes_begin(void *arg)
{
	struct cp *cp = arg;

	routeset_free(cp->coming);
	cp->coming = routeset_new();
	if (!cp->coming)
		slices_nomem();
}

static void on_route(void *arg, bool del, const struct nsl_route *r)
{
	struct cp *cp = arg;
	struct routeset *set = cp->coming ? cp->coming : cp->routes;

	if (del)
		routeset_del(set, r);
	else if (routeset_put(set, r) == -ENOMEM)
		slices_nomem();
}

static void on_routes_end(void *arg, uint64_t count)
{
	struct cp *cp = arg;

	(void)count;
	if (!cp->coming)
		return;
	routeset_free(cp->routes);
	cp->routes = cp->coming;
	cp->coming = NULL;
	cp->complete = true;
	cp->had_all = true;
	if (cp->start_done)
		start_check(cp);
	else
		cp_routes_changed(cp->slice);
}

static void on_routes_batch(void *arg)
{
	struct cp *cp = arg;

	cp_routes_changed(cp->slice);
}

static void on_state(void *arg, bool full, uint64_t seq, uint64_t since, const char *data)
{
	struct cp *cp = arg;
	struct slices *ss = cp->slice->slices;
	size_t i;

	for (i = 0; i < ss->cp_watches; i++)
		if (ss->cp_watch[i].ops->state)
			ss->cp_watch[i].ops->state(ss->cp_watch[i].arg, cp->slice, full, seq,
						   since, data);
}

static void on_healthy(void *arg)
{
	struct cp *cp = arg;

	cp->healthy = true;
}

static void on_health(void *arg, bool ok, const char *text)
{
	struct cp *cp = arg;

	log_notice("slice %s: its worker says it is %s: %s", cp->slice->name,
		   ok ? "well" : "not well", text);
}

static void on_restarted(void *arg, const char *cause)
{
	struct cp *cp = arg;

	log_warn("slice %s: its worker was started again: %s", cp->slice->name, cause);
}

static void on_failed(void *arg, const char *cause)
{
	struct cp *cp = arg;
	struct slice *s = cp->slice;
	struct slices *ss = s->slices;
	size_t i;

	log_error("slice %s: its control plane failed: %s", s->name, cause);
	snprintf(cp->why, sizeof(cp->why), "%s", cause);
	cp->failed = true;
	start_end(cp, -EREMOTEIO, cause);
	slices_retry_soon(ss);
	for (i = 0; i < ss->cp_watches; i++)
		if (ss->cp_watch[i].ops->failed)
			ss->cp_watch[i].ops->failed(ss->cp_watch[i].arg, s, cause);
}

static const struct worker_ops cp_worker_ops = {
	.routes_begin = on_routes_begin,
	.route = on_route,
	.routes_end = on_routes_end,
	.routes_batch = on_routes_batch,
	.state = on_state,
	.healthy = on_healthy,
	.health = on_health,
	.restarted = on_restarted,
	.failed = on_failed,
};

/* ---- the interface ---- */

struct cp *cp_get(struct slice *s)
{
	if (s->cp)
		return s->cp;
	s->cp = slices_alloc(sizeof(*s->cp));
	s->cp->slice = s;
	s->cp->apply = true;
	s->cp->routes = routeset_new();
	if (!s->cp->routes)
		slices_nomem();
	return s->cp;
}

static void cp_reset(struct cp *cp)
{
	worker_stop(cp->worker);
	cp->worker = NULL;
	start_end(cp, -ECANCELED, "another worker takes its place");
	asks_lost(cp, "the worker was stopped");
	routeset_free(cp->coming);
	cp->coming = NULL;
	routeset_clear(cp->routes);
	definition_free(cp->def);
	cp->def = NULL;
	cp->release[0] = '\0';
	cp->why[0] = '\0';
	cp->loaded = cp->complete = cp->had_all = cp->healthy = cp->failed = false;
}

static void cp_set_def(struct cp *cp, const struct definition *def)
{
	definition_free(cp->def);
	cp->def = definition_parse(def->text, strlen(def->text), NULL);
	if (!cp->def)
		slices_nomem();
}

static void cp_tell_role(struct cp *cp, struct cp_ask *q)
{
	worker_become(cp->worker, cp->master ? WORKER_MASTER : WORKER_STANDBY, cp->cp_term,
		      CP_ANSWER_MS, q ? ask_answered : NULL, q);
}

void cp_start(struct slice *s, const char *release, const struct definition *def,
	      slice_done done, void *arg)
{
	struct cp *cp = cp_get(s);
	struct nsl_err err;

	cp_reset(cp);
	cp_set_def(cp, def ? def : s->def);
	snprintf(cp->release, sizeof(cp->release), "%s", release);
	cp->start_done = done;
	cp->start_arg = arg;
	cp->worker = workers_start(slices_sliced(s->slices)->workers, s->name, release,
				   &cp_worker_ops, cp, &err);
	if (!cp->worker) {
		snprintf(cp->why, sizeof(cp->why), "%s", err.text);
		cp->failed = true;
		cp_later(cp);
		return;
	}
	cp_load_now(cp);
	cp_tell_role(cp, NULL);
}

void cp_start_failed(struct cp *cp)
{
	if (cp->failed)
		start_end(cp, -EREMOTEIO, cp->why);
}

void cp_stop(struct slice *s, slice_done done, void *arg)
{
	struct cp *cp = cp_get(s);

	cp_reset(cp);
	cp->master = false;
	if (done)
		cp_ended(cp, done, arg);
}

/* Without a worker the answer comes from the loop all the same. */
static bool cp_lacks(struct cp *cp, slice_done done, void *arg)
{
	if (cp->worker)
		return false;
	cp_absent(cp, done, arg);
	return true;
}

void cp_load(struct slice *s, const struct definition *def, slice_done done, void *arg)
{
	struct cp *cp = cp_get(s);

	if (cp_lacks(cp, done, arg))
		return;
	start_end(cp, -ECANCELED, "another definition takes its place");
	cp_set_def(cp, def);
	cp->start_done = done;
	cp->start_arg = arg;
	cp_load_now(cp);
}

void cp_role(struct slice *s, bool master, uint64_t cp_term, slice_done done, void *arg)
{
	struct cp *cp = cp_get(s);

	cp->master = master;
	cp->cp_term = cp_term;
	if (cp_lacks(cp, done, arg))
		return;
	cp_tell_role(cp, ask_new(cp, done, arg));
	cp_routes_changed(s);
}

void cp_health(struct slice *s, slice_done done, void *arg)
{
	struct cp *cp = cp_get(s);
	struct cp_ask *q;

	if (cp_lacks(cp, done, arg))
		return;
	q = ask_new(cp, done, arg);
	q->health = true;
	worker_health(cp->worker, 0, ask_answered, q);
}

void cp_backup(struct slice *s, slice_done done, void *arg)
{
	struct cp *cp = cp_get(s);

	if (!cp_lacks(cp, done, arg))
		worker_backup(cp->worker, true, 0, CP_ANSWER_MS, ask_answered,
			      ask_new(cp, done, arg));
}

void cp_restore(struct slice *s, bool full, uint64_t seq, const char *data, slice_done done,
		void *arg)
{
	struct cp *cp = cp_get(s);

	if (!cp_lacks(cp, done, arg))
		worker_restore(cp->worker, full, seq, data, CP_ANSWER_MS, ask_answered,
			       ask_new(cp, done, arg));
}

void cp_apply(struct slice *s, bool on)
{
	struct cp *cp = cp_get(s);

	cp->apply = on;
	if (on)
		cp_routes_changed(s);
}

int cp_watch(struct slices *ss, const struct cp_ops *ops, void *arg)
{
	if (ss->cp_watches == CP_WATCHES)
		return -ENOMEM;
	ss->cp_watch[ss->cp_watches].ops = ops;
	ss->cp_watch[ss->cp_watches++].arg = arg;
	return 0;
}

void cp_view(const struct slice *s, struct cp_view *view)
{
	const struct cp *cp = s->cp;

	memset(view, 0, sizeof(*view));
	view->release = cp ? cp->release : "";
	view->why = cp ? cp->why : "";
	if (!cp)
		return;
	view->running = cp->worker && cp->loaded && !cp->failed;
	view->healthy = cp->healthy && !cp->failed;
	view->master = cp->master;
	view->complete = cp->complete;
	view->routes = cp->routes;
	view->def = cp->def;
	view->pid = cp->worker ? worker_pid(cp->worker) : 0;
}

void cp_free(struct slice *s)
{
	struct cp *cp = s->cp;
	struct cp_ask *q;

	if (!cp)
		return;
	while ((q = cp->asks)) {
		cp->asks = q->next;
		free(q);
	}
	routeset_free(cp->coming);
	routeset_free(cp->routes);
	definition_free(cp->def);
	cp_later_free(cp);
	free(cp);
	s->cp = NULL;
}
