// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first kind of hot backup: the worker's own state. What it says of it goes to the
 * other node, which keeps a full state durably before it answers, and hands full states
 * and deltas to its worker. A delta cannot be kept alone: a full one follows it soon.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup_int.h"
#include "clock.h"
#include "cp.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "sliced.h"
#include "slices_int.h"

#define STATE_ASK_MS	30000
#define STATE_FULL_MS	1000	/* a full state after a delta */

struct stating {
	struct backup	*b;
	uint64_t	round;
	uint64_t	seq;
	bool		full;
};

/* ---- sending ---- */

static void state_full_soon(struct backup *b)
{
	struct timeval tv = clock_timeval(STATE_FULL_MS);

	b->cp_full_soon = true;
	evtimer_add(b->timer, &tv);
}

static void state_answered(void *arg, const struct peer_answer *answer)
{
	struct stating *g = arg;
	struct backup *b = g->b;

	if (g->round == b->round && b->cp_waiting) {
		b->cp_waiting--;
		if (answer->outcome == PEER_OK && g->full)
			b->cp_seq = g->seq;
		else if (answer->outcome != PEER_DOWN)
			state_full_soon(b);
		if (answer->outcome == PEER_REFUSED)
			log_warn("slice %s: the other node did not take the worker's state: %s",
				 b->slice->name, answer->text);
		send_check(b);
	}
	free(g);
}

static void state_send(struct backup *b, bool full, uint64_t seq, uint64_t since,
		       const struct nsl_json *data)
{
	struct peer *peer = backup_peer(b);
	struct nsl_jw w = { 0 };
	struct stating *g;

	if (!peer)
		return;
	g = slices_alloc(sizeof(*g));
	g->b = b;
	g->round = b->round;
	g->seq = seq;
	g->full = full;
	b->cp_waiting++;
	nsl_jw_object(&w, NULL);
	nsl_jw_u64s(&w, "seq", seq);
	if (!full)
		nsl_jw_u64s(&w, "since", since);
	nsl_jw_json(&w, "data", data);
	nsl_jw_end(&w);
	peer_ask_json(peer, full ? WIRE_CP_FULL : WIRE_CP_DELTA, b->slice->name, &w,
		      STATE_ASK_MS, state_answered, g);
}

/* On this node too: for the worker that a restarted daemon will start. */
static void state_keep(struct slice *s, uint64_t seq, const char *data)
{
	struct store_tx *tx = store_tx_new(slices_sliced(s->slices)->store);

	store_add(tx, SQL_KEEP_SET, "ssubi", s->name, "cp", seq, data, strlen(data),
		  (int64_t)clock_wall_ms());
	store_commit(tx, NULL, NULL);
}

static void state_changed(void *arg, struct slice *s, bool full, uint64_t seq, uint64_t since,
			  const char *data)
{
	struct backup *b = s->backup;
	struct nsl_json *json;

	(void)arg;
	if (full && slice_is_cp_master(s))
		state_keep(s, seq, data);
	if (!b || b->direction != BACKUP_SEND)
		return;
	json = nsl_json_parse(data, strlen(data), NULL);
	if (!json)
		return;
	state_send(b, full, seq, since, json);
	nsl_json_free(json);
}

static void state_backed(void *arg, int code, const char *why)
{
	const struct backup *b = arg;

	if (code && code != -EHOSTDOWN)
		log_warn("slice %s: its worker gives no state: %s", b->slice->name, why);
}

void cp_state_begin(struct backup *b)
{
	b->cp_full_soon = false;
	cp_backup(b->slice, state_backed, b);
}

void cp_state_tick(struct backup *b)
{
	if (b->cp_full_soon)
		cp_state_begin(b);
}

/* ---- receiving ---- */

struct keeping {
	struct slice		*slice;
	struct peer_token	token;
	uint64_t		seq;
	char			*data;
};

static void keep_end(struct keeping *k, int code, const char *why)
{
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_end(&w);
	if (code)
		peer_refuse(k->token, "failed", "%s", why);
	else
		peer_answer(k->token, &w);
	nsl_jw_reset(&w);
	free(k->data);
	free(k);
}

/* Kept is enough: a worker that is started later is given it then. */
static void keep_restored(void *arg, int code, const char *why)
{
	keep_end(arg, code == -EHOSTDOWN ? 0 : code, why);
}

static void keep_stored(void *arg, const struct store_result *res)
{
	struct keeping *k = arg;

	if (res->error)
		keep_end(k, res->error, res->text);
	else
		cp_restore(k->slice, true, k->seq, k->data, keep_restored, k);
}

static void delta_restored(void *arg, int code, const char *why)
{
	keep_end(arg, code, why);
}

/* NULL: refused. */
static struct keeping *keeping_new(struct slices *ss, const struct peer_msg *msg)
{
	struct slice *s = slices_find(ss, msg->slice);
	const struct nsl_json *data;
	struct nsl_jw w = { 0 };
	struct keeping *k;
	struct nsl_err err;
	uint64_t seq;

	if (!s || !s->backup || s->backup->direction != BACKUP_RECEIVE ||
	    strcmp(s->backup->peer, peer_name(msg->peer))) {
		peer_refuse(peer_token(msg), "busy",
			    "this node does not receive a backup of slice \"%s\"", msg->slice);
		return NULL;
	}
	if (nsl_json_need_u64(msg->json, "seq", &seq, &err) < 0 ||
	    nsl_json_need_object(msg->json, "data", &data, &err) < 0) {
		peer_refuse(peer_token(msg), "invalid", "%s", err.text);
		return NULL;
	}
	k = slices_alloc(sizeof(*k));
	k->slice = s;
	k->token = peer_token(msg);
	k->seq = seq;
	nsl_jw_json(&w, NULL, data);
	k->data = nsl_jw_take(&w);
	if (!k->data)
		slices_nomem();
	return k;
}

static void on_full(void *arg, const struct peer_msg *msg)
{
	struct slices *ss = arg;
	struct keeping *k = keeping_new(ss, msg);
	struct store_tx *tx;

	if (!k)
		return;
	tx = store_tx_new(ss->sliced->store);
	store_add(tx, SQL_KEEP_SET, "ssubi", k->slice->name, "cp", k->seq, k->data,
		  strlen(k->data), (int64_t)clock_wall_ms());
	store_commit(tx, keep_stored, k);
}

static void on_delta(void *arg, const struct peer_msg *msg)
{
	struct keeping *k = keeping_new(arg, msg);

	if (k)
		cp_restore(k->slice, false, k->seq, k->data, delta_restored, k);
}

int cp_state_register(struct sliced *sliced)
{
	static const struct cp_ops ops = { .state = state_changed };

	peers_handle(sliced->peers, WIRE_CP_FULL, on_full, sliced->slices);
	peers_handle(sliced->peers, WIRE_CP_DELTA, on_delta, sliced->slices);
	return cp_watch(sliced->slices, &ops, NULL);
}
