// SPDX-License-Identifier: GPL-2.0-or-later
/* What a worker says: checked against the contract, and told to the owner. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "lib/routejson.h"
#include "log.h"
#include "release.h"
#include "workers_int.h"

#define breach(w, fmt, ...)	worker_kill(w, "it broke the contract: " fmt, ##__VA_ARGS__)

static bool hello_fits(struct worker *w, const struct worker_msg *msg)
{
	const struct manifest *m = w->r->manifest;
	size_t i;

	if (strcmp(msg->version, m->version)) {
		worker_kill(w, "its hello says version %s, its release is %s-%s", msg->version,
			    m->name, m->version);
		return false;
	}
	for (i = 0; i < msg->schema_count && manifest_reads(m, msg->schemas[i]); i++)
		;
	if (i == msg->schema_count && i == m->schema_count)
		return true;
	worker_kill(w, "its hello names other schemas than its release's manifest");
	return false;
}

static void hear_hello(struct worker *w, const struct worker_msg *msg)
{
	if (w->hello) {
		breach(w, "a second hello");
		return;
	}
	if (!hello_fits(w, msg))
		return;
	w->hello = true;
	worker_timer(w, TIMER_NONE, 0);
	w->replay = 0;
	worker_replay_next(w);
}

/* --- routes --- */

static int read_route(const struct nsl_json *v, bool del, struct nsl_route *r,
		      struct nsl_err *err)
{
	return del ? worker_route_key(v, r, err) : nsl_route_from_json(v, r, err);
}

static void hear_batch(struct worker *w, const struct worker_msg *msg)
{
	const bool del = msg->op == WORKER_DEL;
	const struct nsl_json *v;
	struct nsl_err err;
	struct nsl_route r;

	nsl_json_for_each(v, msg->routes) {
		if (read_route(v, del, &r, &err) < 0) {
			breach(w, "%s", err.text);
			return;
		}
	}
	nsl_json_for_each(v, msg->routes) {
		if (!w->ops)
			return;
		if (w->ops->route && read_route(v, del, &r, NULL) >= 0)
			w->ops->route(w->arg, del, &r);
	}
	if (!w->in_full && w->ops && w->ops->routes_batch)
		w->ops->routes_batch(w->arg);
}

static void hear_full_end(struct worker *w, const struct worker_msg *msg)
{
	if (msg->count != w->full_count) {
		breach(w, "full-end counts %llu routes, %llu came",
		       (unsigned long long)msg->count, (unsigned long long)w->full_count);
		return;
	}
	w->in_full = false;
	if (w->ops->routes_end)
		w->ops->routes_end(w->arg, w->full_count);
}

static void hear_routes(struct worker *w, const struct worker_msg *msg)
{
	const bool begin = msg->op == WORKER_FULL_BEGIN;

	if (!w->loaded && !w->memory.definition && !w->asks) {
		breach(w, "routes before a definition");
	} else if (begin ? w->in_full : !w->in_full && msg->op == WORKER_FULL_END) {
		breach(w, "full-begin and full-end do not match");
	} else if (begin) {
		w->in_full = true;
		w->full_count = 0;
		if (w->ops->routes_begin)
			w->ops->routes_begin(w->arg);
	} else if (msg->op == WORKER_FULL_END) {
		hear_full_end(w, msg);
	} else if (msg->op == WORKER_DEL && w->in_full) {
		breach(w, "del within a full set");
	} else {
		w->full_count += nsl_json_count(msg->routes);
		hear_batch(w, msg);
	}
}

/* --- the others --- */

static void hear_state(struct worker *w, const struct worker_msg *msg)
{
	struct nsl_jw j = { 0 };
	char *data;

	if (w->replaying)
		return;		/* that of before is about to be restored */
	nsl_jw_json(&j, NULL, msg->data);
	data = nsl_jw_take(&j);
	if (!data) {
		worker_kill(w, "out of memory");
	} else if (strlen(data) > WORKER_STATE_MAX) {
		breach(w, "a state of more than %d bytes", WORKER_STATE_MAX);
	} else {
		worker_memory_state(w, msg->full, msg->seq, data);
		if (w->ops->state)
			w->ops->state(w->arg, msg->full, msg->seq, msg->since, data);
		if (msg->id && w->ops)
			worker_ask_answered(w, msg->id, msg);
	}
	free(data);
}

static void hear_answer(struct worker *w, const struct worker_msg *msg)
{
	if (msg->type == WORKER_MIGRATED && msg->schema != manifest_schema(w->r->manifest))
		breach(w, "it migrated to schema %u instead of %u", msg->schema,
		       manifest_schema(w->r->manifest));
	else if (!worker_ask_answered(w, msg->id, msg) && msg->id > w->last_id)
		breach(w, "an answer to nothing");
	/* else it comes after its time */
}

static void hear_error(struct worker *w, const struct worker_msg *msg)
{
	if (msg->id)
		hear_answer(w, msg);
	else
		worker_kill(w, "the worker says: %s", msg->text);
}

static void hear_msg(struct worker *w, const struct worker_msg *msg)
{
	static void (*const hear[])(struct worker *, const struct worker_msg *) = {
		[WORKER_HELLO] = hear_hello,
		[WORKER_LOADED] = hear_answer,
		[WORKER_MIGRATED] = hear_answer,
		[WORKER_BECAME] = hear_answer,
		[WORKER_ROUTES] = hear_routes,
		[WORKER_STATE] = hear_state,
		[WORKER_RESTORED] = hear_answer,
		[WORKER_HEALTH] = hear_answer,
		[WORKER_ERROR] = hear_error,
	};

	if (!w->hello && msg->type != WORKER_HELLO && msg->type != WORKER_ERROR)
		breach(w, "%s before hello", worker_type_name(msg->type));
	else
		hear[msg->type](w, msg);
}

/**
 * worker_hear - a line came from a worker
 * @w: the worker
 * @line: without its newline
 * @len: its length
 */
void worker_hear(struct worker *w, const char *line, size_t len)
{
	struct worker_msg msg;
	struct nsl_err err;

	if (worker_msg_parse(&msg, line, len, &err))
		breach(w, "%s", err.text);
	else
		hear_msg(w, &msg);
	worker_msg_free(&msg);
}
