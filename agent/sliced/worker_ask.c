// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to a worker and their answers; what is remembered of them, and given
 * again when the worker was restarted.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "lib/json.h"
#include "manifest.h"
#include "release.h"
#include "sliced.h"
#include "workers_int.h"

/* --- requests --- */

static void worker_ask_free(struct worker_ask *ask)
{
	if (ask->timeout)
		event_free(ask->timeout);
	free(ask->line);
	free(ask->definition);
	free(ask->data);
	free(ask);
}

static void worker_ask_unlink(struct worker_ask *ask)
{
	struct worker_ask **at = &ask->w->asks;

	while (*at != ask)
		at = &(*at)->next;
	*at = ask->next;
}

/* It is off the list: whatever the callback does, it is not met again. */
static void worker_ask_end(struct worker_ask *ask, int error, const char *text,
		    const struct worker_msg *msg)
{
	const struct worker_answer answer = { .error = error, .text = text, .msg = msg };
	struct worker *w = ask->w;

	worker_ask_unlink(ask);
	if (ask->purpose == FOR_HEALTH)
		worker_health_answer(w, &answer);
	else if (ask->purpose == FOR_REPLAY && error)
		worker_kill(w, "it was started again, but: %s", text);
	else if (ask->purpose == FOR_REPLAY)
		worker_replay_next(w);
	else if (ask->purpose == FOR_COMPACT)
		w->compacting = false;
	else if (ask->fn && w->ops)
		ask->fn(ask->arg, &answer);
	worker_ask_free(ask);
}

static void worker_ask_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct worker_ask *ask = arg;
	const struct timeval again = clock_timeval(ask->w->ws->params.answer_ms);

	(void)fd;
	(void)what;
	if (ask->w->paused && !ask->line) {
		event_add(ask->timeout, &again);	/* it may have answered: nobody reads it */
		return;
	}
	if (ask->w->status == WORKER_FAILED)
		worker_ask_end(ask, -EPIPE, ask->w->cause, NULL);
	else if (ask->line)
		worker_ask_end(ask, -ETIMEDOUT, "the worker was not ready in time", NULL);
	else
		worker_ask_end(ask, -ETIMEDOUT, "the worker did not answer in time", NULL);
}

struct worker_ask *worker_ask_new(struct worker *w, enum worker_type answer,
				  enum worker_purpose purpose, worker_answered fn, void *arg)
{
	struct worker_ask *ask = calloc(1, sizeof(*ask));
	struct worker_ask **at = &w->asks;

	if (ask)
		ask->timeout = evtimer_new(w->ws->sliced->base, worker_ask_timeout, ask);
	if (!ask || !ask->timeout) {
		free(ask);
		return NULL;
	}
	ask->w = w;
	ask->id = ++w->last_id;
	ask->answer = answer;
	ask->purpose = purpose;
	ask->fn = fn;
	ask->arg = arg;
	while (*at)
		at = &(*at)->next;
	*at = ask;
	return ask;
}

static void worker_ask_go(struct worker_ask *ask)
{
	char *line = ask->line;

	ask->line = NULL;
	worker_proc_write(ask->w, line);
	free(line);
}

/* Requests of the supervisor go before the owner's have their turn. */
static bool worker_ask_may_go(const struct worker_ask *ask)
{
	const struct worker *w = ask->w;

	return w->status == WORKER_READY ||
	       (w->status == WORKER_STARTING && w->hello && ask->purpose == FOR_REPLAY);
}

void worker_ask_send(struct worker_ask *ask, char *line, unsigned int timeout_ms)
{
	const struct workers_params *p = &ask->w->ws->params;
	struct timeval tv = clock_timeval(timeout_ms ? timeout_ms : p->answer_ms);

	if (!line || ask->w->status == WORKER_FAILED)
		tv = clock_timeval(0);	/* its answer comes, but not from inside this call */
	event_add(ask->timeout, &tv);
	ask->line = line;
	if (line && worker_ask_may_go(ask))
		worker_ask_go(ask);
}

void worker_asks_flush(struct worker *w)
{
	struct worker_ask *ask;

	for (ask = w->asks; ask; ask = ask->next) {
		if (ask->line && worker_ask_may_go(ask))
			worker_ask_go(ask);
	}
}

/* --- memory --- */

static void worker_memory_deltas(struct worker_memory *m)
{
	while (m->deltas)
		free(m->delta[--m->deltas]);
}

void worker_memory_free(struct worker *w)
{
	worker_memory_deltas(&w->memory);
	free(w->memory.full);
	free(w->memory.definition);
	memset(&w->memory, 0, sizeof(w->memory));
}

/* So that what is remembered stays small. */
static void worker_memory_compact(struct worker *w)
{
	struct worker_ask *ask;

	if (w->compacting || w->status != WORKER_READY)
		return;
	ask = worker_ask_new(w, WORKER_STATE, FOR_COMPACT, NULL, NULL);
	if (!ask)
		return;
	w->compacting = true;
	worker_ask_send(ask, worker_backup_line(ask->id, true, 0), 0);
}

void worker_memory_state(struct worker *w, bool full, uint64_t seq, const char *data)
{
	struct worker_memory *m = &w->memory;
	char *copy = strdup(data);

	if (!copy)
		return;
	if (full) {
		worker_memory_deltas(m);
		free(m->full);
		m->full = copy;
		m->full_seq = seq;
		return;
	}
	if (m->deltas == WORKERS_DELTAS) {	/* it never gave a full one */
		worker_memory_deltas(m);
		free(m->full);
		m->full = NULL;
	}
	m->delta[m->deltas] = copy;
	m->delta_seq[m->deltas++] = seq;
	if (m->deltas >= WORKERS_DELTAS / 2)
		worker_memory_compact(w);
}

static void worker_memory_answer(struct worker_ask *ask, const struct worker_msg *msg)
{
	struct worker_memory *m = &ask->w->memory;

	if (ask->definition) {
		free(m->definition);
		m->definition = ask->definition;
		ask->definition = NULL;
	}
	if (ask->data)
		worker_memory_state(ask->w, ask->full, ask->seq, ask->data);
	if (msg->type == WORKER_BECAME) {
		m->has_role = true;
		m->role = msg->role;
		m->cp_term = msg->cp_term;
	}
}

/* --- answers --- */

static bool worker_ask_fits(const struct worker_ask *ask, const struct worker_msg *msg)
{
	return msg->type == ask->answer ||
	       (ask->answer == WORKER_LOADED && msg->type == WORKER_MIGRATED);
}

bool worker_ask_answered(struct worker *w, uint64_t id, const struct worker_msg *msg)
{
	struct worker_ask *ask;

	for (ask = w->asks; ask && (ask->id != id || ask->line); ask = ask->next)
		;
	if (!ask)
		return false;
	if (msg->type == WORKER_ERROR) {
		worker_ask_end(ask, -EREMOTEIO, msg->text, NULL);
		return true;
	}
	if (!worker_ask_fits(ask, msg)) {
		worker_kill(w, "it broke the contract: answered with %s where %s was asked",
			    worker_type_name(msg->type), worker_type_name(ask->answer));
		return true;
	}
	worker_memory_answer(ask, msg);
	if (ask->answer == WORKER_LOADED && ask->purpose == FOR_OWNER)
		worker_was_loaded(w);
	worker_ask_end(ask, 0, "", msg);
	return true;
}

/* Of those that were there at @last: what a callback asks then is another matter. */
static struct worker_ask *worker_asks_find(struct worker *w, bool all, uint64_t last)
{
	struct worker_ask *ask;

	for (ask = w->asks; ask; ask = ask->next) {
		if (ask->id <= last && (all || !ask->line || ask->purpose != FOR_OWNER))
			return ask;
	}
	return NULL;
}

void worker_asks_fail(struct worker *w, bool all, int error, const char *text)
{
	const uint64_t last = w->last_id;
	struct worker_ask *ask;

	while ((ask = worker_asks_find(w, all, last))) {
		if (ask->purpose == FOR_OWNER) {
			worker_ask_end(ask, error, text, NULL);
		} else {
			worker_ask_unlink(ask);
			worker_ask_free(ask);
		}
	}
	w->compacting = false;
}

void worker_asks_free(struct worker *w)
{
	struct worker_ask *ask;

	while ((ask = w->asks)) {
		w->asks = ask->next;
		worker_ask_free(ask);
	}
}

/* --- replay --- */

static void worker_replay_ask(struct worker *w, enum worker_type answer, const char *data,
			      bool full, uint64_t seq)
{
	const struct worker_memory *m = &w->memory;
	struct worker_ask *ask = worker_ask_new(w, answer, FOR_REPLAY, NULL, NULL);
	char *line;

	if (!ask) {
		worker_kill(w, "out of memory");
		return;
	}
	if (answer == WORKER_LOADED)
		line = worker_load_line(ask->id, manifest_schema(w->r->manifest), m->definition);
	else if (answer == WORKER_RESTORED)
		line = worker_restore_line(ask->id, full, seq, data);
	else
		line = worker_become_line(ask->id, m->role, m->cp_term);
	worker_ask_send(ask, line, 0);
}

/* One step's question; false: this step has none. 0 definition, 1 state, then its changes, role. */
static bool worker_replay_step(struct worker *w, unsigned int step)
{
	const struct worker_memory *m = &w->memory;

	if (step == 0)
		worker_replay_ask(w, WORKER_LOADED, NULL, false, 0);
	else if (step == 1 && m->full)
		worker_replay_ask(w, WORKER_RESTORED, m->full, true, m->full_seq);
	else if (step > 1 && step < m->deltas + 2)
		worker_replay_ask(w, WORKER_RESTORED, m->delta[step - 2], false, m->delta_seq[step - 2]);
	else if (step == m->deltas + 2 && m->has_role)
		worker_replay_ask(w, WORKER_BECAME, NULL, false, 0);
	else
		return false;
	return true;
}

void worker_replay_next(struct worker *w)
{
	const struct worker_memory *m = &w->memory;

	w->replaying = true;
	while (m->definition && w->replay <= m->deltas + 2) {
		if (worker_replay_step(w, w->replay++))
			return;
	}
	w->replaying = false;
	worker_became_ready(w);
}
