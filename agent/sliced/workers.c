// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of a worker:
 *
 *	STARTING --hello, and all given again--> READY --it died--> WAITING --> STARTING
 *	    \-------- never healthy, or too often ----------------> FAILED
 *
 * A process ends in one way only: it is killed or ends by itself, its exit is
 * seen, worker_died() decides. Whatever else goes wrong is a reason to kill it.
 */
#include "workers.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "lib/err.h"
#include "log.h"
#include "release.h"
#include "sliced.h"
#include "wire.h"
#include "workers_int.h"

static const struct workers_params default_params = {
	.hello_ms = 30000,
	.healthy_ms = 20000,
	.poll_ms = 250,
	.check_ms = 5000,
	.answer_ms = 10000,
	.stop_ms = 2000,
	.restart_ms = 200,
	.restart_max_ms = 30000,
	.restarts = 8,
	.memory = 512ULL * 1024 * 1024,
};

/* --- the end --- */

static void worker_free(struct worker *w)
{
	struct worker **at = &w->ws->first;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	worker_asks_free(w);
	worker_proc_close(w);
	worker_memory_free(w);
	if (w->timer)
		event_free(w->timer);
	release_put(w->r);
	free(w);
}

void worker_kill(struct worker *w, const char *fmt, ...)
{
	va_list ap;

	if (w->cause[0])
		return;		/* the first reason is the one */
	va_start(ap, fmt);
	vsnprintf(w->cause, sizeof(w->cause), fmt, ap);
	va_end(ap);
	if (w->pid)
		kill(-w->pid, SIGKILL);
}

static void worker_fail(struct worker *w, const char *cause)
{
	w->status = WORKER_FAILED;
	snprintf(w->cause, sizeof(w->cause), "%s", cause);
	worker_timer(w, TIMER_NONE, 0);
	log_error("worker %s: %s", w->slice, w->cause);
	worker_asks_fail(w, true, -EPIPE, w->cause);
	if (w->ops && w->ops->failed)
		w->ops->failed(w->arg, w->cause);
}

static void worker_start_later(struct worker *w, const char *cause)
{
	const struct workers_params *p = &w->ws->params;

	w->status = WORKER_WAITING;
	w->restarts++;
	w->restarts_all++;
	w->pause_ms = w->restarts == 1 ? p->restart_ms : w->pause_ms * 2;
	if (w->pause_ms > p->restart_max_ms)
		w->pause_ms = p->restart_max_ms;
	snprintf(w->died, sizeof(w->died), "%s", cause);
	log_warn("worker %s: %s; it is started again in %u ms", w->slice, cause, w->pause_ms);
	worker_timer(w, TIMER_RESTART, w->pause_ms);
	worker_asks_fail(w, false, -EPIPE, cause);
}

static void forget_conversation(struct worker *w)
{
	w->hello = w->in_full = w->loaded = w->healthy = w->replaying = false;
	w->full_count = 0;
}

/* A life that was long enough: the deaths before it count no more. */
static void forgive(struct worker *w)
{
	if (w->healthy && clock_boot_ms() - w->healthy_since >= w->ws->params.restart_max_ms)
		w->restarts = 0;
}

void worker_died(struct worker *w, const char *cause)
{
	forgive(w);
	forget_conversation(w);
	if (!w->ops)
		worker_timer(w, TIMER_FREE, 0);
	else if (!w->healthy_once || w->restarts >= w->ws->params.restarts)
		worker_fail(w, cause);
	else
		worker_start_later(w, cause);
}

/* --- time --- */

static void worker_restart(struct worker *w)
{
	w->status = WORKER_STARTING;
	if (worker_proc_start(w))
		worker_fail(w, "it cannot be started again: out of memory");
}

static void worker_tick(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	const enum worker_timer timer_for = w->timer_for;

	(void)fd;
	(void)what;
	w->timer_for = TIMER_NONE;
	if (timer_for == TIMER_HELLO)
		worker_kill(w, "it did not say hello within %u ms", w->ws->params.hello_ms);
	else if (timer_for == TIMER_HEALTH)
		worker_check_health(w);
	else if (timer_for == TIMER_RESTART)
		worker_restart(w);
	else if (timer_for == TIMER_STOP)
		worker_kill(w, w->ops ? "it closed its socket" : "stopped");
	else if (timer_for == TIMER_FREE)
		worker_free(w);
}

void worker_timer(struct worker *w, enum worker_timer what, unsigned int ms)
{
	const struct timeval tv = clock_timeval(ms);

	w->timer_for = what;
	if (what == TIMER_NONE)
		event_del(w->timer);
	else
		event_add(w->timer, &tv);
}

/* --- health --- */

void worker_check_health(struct worker *w)
{
	struct worker_ask *ask = worker_ask_new(w, WORKER_HEALTH, FOR_HEALTH, NULL, NULL);

	if (ask)
		worker_ask_send(ask, worker_health_line(ask->id), 0);
	else
		worker_kill(w, "out of memory");
}

static void health_good(struct worker *w)
{
	const bool first = !w->healthy_once;

	if (!w->healthy)
		w->healthy_since = clock_boot_ms();
	w->healthy = w->healthy_once = true;
	worker_timer(w, TIMER_HEALTH, w->ws->params.check_ms);
	if (first && w->ops->healthy)
		w->ops->healthy(w->arg);
}

static void health_bad(struct worker *w)
{
	w->healthy = false;
	if (w->healthy_once)
		worker_timer(w, TIMER_HEALTH, w->ws->params.check_ms);
	else if (clock_boot_ms() < w->deadline)
		worker_timer(w, TIMER_HEALTH, w->ws->params.poll_ms);
	else
		worker_kill(w, "it did not become healthy within %u ms: %s",
			    w->ws->params.healthy_ms, w->health_text);
}

void worker_health_answer(struct worker *w, const struct worker_answer *answer)
{
	const bool before = w->healthy, known = w->healthy_once;

	if (answer->error) {
		worker_kill(w, "it does not tell its health: %s", answer->text);
		return;
	}
	snprintf(w->health_text, sizeof(w->health_text), "%s", answer->msg->text);
	if (answer->msg->ok)
		health_good(w);
	else
		health_bad(w);
	if (known && before != w->healthy && w->ops && w->ops->health)
		w->ops->health(w->arg, w->healthy, w->health_text);
}

/* The first: from now on it is asked how it is. */
void worker_was_loaded(struct worker *w)
{
	if (w->loaded)
		return;
	w->loaded = true;
	w->deadline = clock_boot_ms() + w->ws->params.healthy_ms;
	worker_check_health(w);
}

/* --- ready --- */

void worker_became_ready(struct worker *w)
{
	w->status = WORKER_READY;
	if (w->memory.definition)
		worker_was_loaded(w);
	if (w->restarts_all) {
		log_notice("worker %s: it runs again", w->slice);
		if (w->ops->restarted)
			w->ops->restarted(w->arg, w->died);
	} else if (w->ops->ready) {
		w->ops->ready(w->arg);
	}
	if (w->ops)
		worker_asks_flush(w);
}

/* --- requests of the owner --- */

static struct worker_ask *owner_ask(struct worker *w, enum worker_type answer,
				    worker_answered fn, void *arg)
{
	struct worker_ask *ask = worker_ask_new(w, answer, FOR_OWNER, fn, arg);

	if (!ask)
		worker_kill(w, "out of memory");
	return ask;
}

void worker_load(struct worker *w, const char *definition, unsigned int timeout_ms,
		 worker_answered fn, void *arg)
{
	struct worker_ask *ask = owner_ask(w, WORKER_LOADED, fn, arg);

	if (!ask)
		return;
	ask->definition = strdup(definition);
	worker_ask_send(ask, ask->definition ? worker_load_line(ask->id, manifest_schema(w->r->manifest),
							 definition) : NULL, timeout_ms);
}

void worker_become(struct worker *w, enum worker_role role, uint64_t cp_term,
		   unsigned int timeout_ms, worker_answered fn, void *arg)
{
	struct worker_ask *ask = owner_ask(w, WORKER_BECAME, fn, arg);

	if (ask)
		worker_ask_send(ask, worker_become_line(ask->id, role, cp_term), timeout_ms);
}

void worker_backup(struct worker *w, bool full, uint64_t since, unsigned int timeout_ms,
		   worker_answered fn, void *arg)
{
	struct worker_ask *ask = owner_ask(w, WORKER_STATE, fn, arg);

	if (ask)
		worker_ask_send(ask, worker_backup_line(ask->id, full, since), timeout_ms);
}

void worker_restore(struct worker *w, bool full, uint64_t seq, const char *data,
		    unsigned int timeout_ms, worker_answered fn, void *arg)
{
	struct worker_ask *ask = owner_ask(w, WORKER_RESTORED, fn, arg);

	if (!ask)
		return;
	ask->data = strdup(data);
	ask->full = full;
	ask->seq = seq;
	worker_ask_send(ask, ask->data ? worker_restore_line(ask->id, full, seq, data) : NULL,
		 timeout_ms);
}

void worker_health(struct worker *w, unsigned int timeout_ms, worker_answered fn, void *arg)
{
	struct worker_ask *ask = owner_ask(w, WORKER_HEALTH, fn, arg);

	if (ask)
		worker_ask_send(ask, worker_health_line(ask->id), timeout_ms);
}

void worker_pause(struct worker *w, bool pause)
{
	w->paused = pause;
	if (!w->bev)
		return;
	if (pause) {
		bufferevent_disable(w->bev, EV_READ);
	} else {
		const struct timeval now = { 0 };

		bufferevent_enable(w->bev, EV_READ);
		event_add(w->more_event, &now);
	}
}

enum worker_status worker_status(const struct worker *w)
{
	return w->status;
}

bool worker_is_healthy(const struct worker *w)
{
	return w->healthy;
}

pid_t worker_pid(const struct worker *w)
{
	return w->pid;
}

const char *worker_slice(const struct worker *w)
{
	return w->slice;
}

const struct release *worker_release(const struct worker *w)
{
	return w->r;
}

/* --- begin and end --- */

static int start_check(struct workers *ws, const char *slice, const char *hash,
		       const struct release **r, struct nsl_err *err)
{
	if (!wire_slice_valid(slice))
		return nsl_err_set(err, EINVAL, "slice: \"%s\" is no name", slice);
	*r = release_find(ws->sliced->releases, hash);
	if (!*r)
		return nsl_err_set(err, ENOENT, "this node lacks release %.16s...", hash);
	return 0;
}

struct worker *workers_start(struct workers *ws, const char *slice, const char *hash,
			     const struct worker_ops *ops, void *arg, struct nsl_err *err)
{
	const struct release *r;
	struct worker *w;

	if (start_check(ws, slice, hash, &r, err))
		return NULL;
	w = calloc(1, sizeof(*w));
	if (w)
		w->timer = evtimer_new(ws->sliced->base, worker_tick, w);
	if (!w || !w->timer) {
		free(w);
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	snprintf(w->slice, sizeof(w->slice), "%s", slice);
	w->ws = ws;
	w->r = release_hold(r);
	w->ops = ops;
	w->arg = arg;
	w->pid_fd = w->log_fd = -1;
	w->next = ws->first;
	ws->first = w;
	if (worker_proc_start(w)) {
		worker_free(w);
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	return w;
}

void worker_stop(struct worker *w)
{
	char *line;

	if (!w)
		return;
	w->ops = NULL;
	w->status = WORKER_STOPPING;
	worker_asks_free(w);
	if (w->spawn)
		return;		/* killed as soon as it runs */
	if (!w->pid) {
		worker_timer(w, TIMER_FREE, 0);
		return;
	}
	worker_timer(w, TIMER_STOP, w->ws->params.stop_ms);
	line = worker_stop_line();
	if (line)
		worker_proc_write(w, line);
	free(line);
}

struct workers_params *workers_params(struct workers *ws)
{
	return &ws->params;
}

/* Root's workers are another's: their own user if there is one, else nobody. */
static int find_user(struct workers *ws, struct nsl_err *err)
{
	const struct passwd *pw;

	if (geteuid())
		return 0;
	pw = getpwnam("netslice");
	if (!pw || !pw->pw_uid)
		pw = getpwnam("nobody");
	if (!pw || !pw->pw_uid)
		return nsl_err_set(err, ENOENT, "neither a user netslice nor nobody: workers "
				   "must not run as root");
	ws->uid = pw->pw_uid;
	ws->gid = pw->pw_gid;
	return 0;
}

int workers_init(struct sliced *sliced, struct nsl_err *err)
{
	struct workers *ws = calloc(1, sizeof(*ws));

	if (!ws)
		return nsl_err_set(err, ENOMEM, "out of memory");
	ws->sliced = sliced;
	ws->params = default_params;
	sliced->workers = ws;
	if (!find_user(ws, err) && !ctl_worker_init(ws, err))
		return 0;
	workers_exit(sliced);
	return -EIO;
}

void workers_exit(struct sliced *sliced)
{
	struct workers *ws = sliced->workers;

	if (!ws)
		return;
	while (ws->first)
		worker_free(ws->first);
	free(ws);
	sliced->workers = NULL;
}
