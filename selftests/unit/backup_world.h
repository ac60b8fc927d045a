/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world of test_backup.c: two nodes with their kernels, workers, stores, and
 * the connection between them. What is to happen stands in one queue.
 */
#ifndef BACKUP_WORLD_H
#define BACKUP_WORLD_H

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/jsonw.h"
#include "sliced/backup.h"
#include "sliced/cp.h"
#include "sliced/gen.h"
#include "sliced/log.h"
#include "sliced/peer.h"
#include "sliced/sliced.h"
#include "sliced/slices_int.h"

#define HANDLERS	64

struct node {
	struct sliced		sliced;
	struct slices		slices;
	struct slice		slice;
	char			name[16];
	struct routeset		*kernel;
	uint64_t		seq;
	struct {
		peer_handler	fn;
		void		*arg;
	} handler[HANDLERS];
	const struct kern_watch	*watch;
	void			*watch_arg;
	const struct peer_watch	*peers;
	void			*peers_arg;
	const struct cp_ops	*cp;
	char			*kept;		/* the worker's state in the store */
	char			*restored;	/* what the worker was given */
	unsigned int		restores;
	unsigned int		equal, copied, failed;
	uint64_t		equal_seq;
	unsigned int		edits, syncs;
};

static struct node node[2];
static bool up;
static unsigned int lose_delta, spoil_routes, dropped;

/* ---- what is to happen ---- */

struct thing {
	struct thing	*next;
	void		(*fn)(struct thing *t);
	void		(*done)(void);
	void		*arg, *data;
	struct node	*n;
	size_t		len;
	uint64_t	number, tag;
	int		code;
	enum wire_type	type;
	bool		request;
	bool		keys;
	peer_answered	answered;
};

static struct thing *things, **things_end = &things;

static struct thing *later(struct node *n, void (*fn)(struct thing *t))
{
	struct thing *t = calloc(1, sizeof(*t));

	t->n = n;
	t->fn = fn;
	*things_end = t;
	things_end = &t->next;
	return t;
}

static bool step(void)
{
	struct thing *t = things;

	if (!t)
		return false;
	things = t->next;
	if (!things)
		things_end = &things;
	t->fn(t);
	free(t->data);
	free(t);
	return true;
}

static void run(void)
{
	unsigned int n = 0;

	while (step())
		ck_assert_uint_lt(++n, 100000);
}

/* Timers too, until @flag has grown beyond @was. */
static void run_until(const unsigned int *flag, unsigned int was)
{
	run();
	while (*flag <= was) {
		event_base_loop(node[0].sliced.base, EVLOOP_ONCE);
		run();
	}
}

/* ---- the daemon around it ---- */

void log_at(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

void *slices_alloc(size_t size)
{
	return calloc(1, size ? size : 1);
}

void slices_nomem(void)
{
	abort();
}

struct slice *slices_find(struct slices *ss, const char *name)
{
	return strcmp(ss->first->name, name) ? NULL : ss->first;
}

struct slice *slices_next(struct slices *ss, const struct slice *after)
{
	return after ? NULL : ss->first;
}

struct sliced *slices_sliced(struct slices *ss)
{
	return ss->sliced;
}

static struct node *node_of(const struct slice *s)
{
	return &node[s == &node[1].slice];
}

int kern_watch(struct kern *k, const struct kern_watch *watch, void *arg)
{
	struct node *n = (struct node *)k;

	n->watch = watch;
	n->watch_arg = arg;
	return 0;
}

/* ---- the kernels ---- */

struct slice_call {
	slice_done	done;
	void		*arg;
};

static void slice_called(struct thing *t)
{
	((slice_done)t->done)(t->arg, t->code, t->code ? "failed" : "");
}

static struct thing *slice_later(struct slice *s, slice_done done, void *arg)
{
	struct thing *t = later(node_of(s), slice_called);

	t->done = (void (*)(void))done;
	t->arg = arg;
	return t;
}

void slice_look(struct slice *s, slice_done done, void *arg)
{
	slice_later(s, done, arg);
}

static struct gen_info info_of(const struct node *n)
{
	const struct nsl_digest *d = routeset_digest(n->kernel);
	struct gen_info info = {
		.gen = 1, .seq = n->seq, .routes4 = d->routes4, .routes6 = d->routes6,
	};

	nsl_digest_pack(d, info.digest);
	return info;
}

static void routes_read(struct thing *t)
{
	struct gen_info info = info_of(t->n);

	((gen_dumped)t->done)(t->arg, 0, "", routeset_copy(t->n->kernel), &info);
}

void gen_routes(struct slice *s, uint64_t gen, gen_dumped done, void *arg)
{
	struct thing *t = later(node_of(s), routes_read);

	ck_assert_uint_eq(gen, 0);
	t->done = (void (*)(void))done;
	t->arg = arg;
}

static void digest_read(struct thing *t)
{
	struct gen_info info = info_of(t->n);

	((gen_read)t->done)(t->arg, 0, "", &info);
}

void gen_digest(struct slice *s, uint64_t gen, gen_read done, void *arg)
{
	struct thing *t = later(node_of(s), digest_read);

	(void)gen;
	t->done = (void (*)(void))done;
	t->arg = arg;
}

bool gen_is(const struct gen_info *info, const struct nsl_digest *digest)
{
	uint8_t packed[NETSLICE_DIGEST_LEN];

	nsl_digest_pack(digest, packed);
	return info->routes4 == digest->routes4 && info->routes6 == digest->routes6 &&
	       !memcmp(info->digest, packed, sizeof(packed));
}

static void edit_run(struct thing *t)
{
	ck_assert_int_eq(routeset_apply(t->n->kernel, t->data, t->len, t->keys), 0);
	t->n->edits++;
	slice_called(t);
}

void gen_edit(struct slice *s, const void *attrs, size_t len, bool keys, slice_done done, void *arg)
{
	struct thing *t = slice_later(s, done, arg);

	t->fn = edit_run;
	t->data = malloc(len + 1);
	memcpy(t->data, attrs, len);
	t->len = len;
	t->keys = keys;
}

void gen_sync(struct slice *s, const struct routeset *want, slice_done done, void *arg)
{
	struct node *n = node_of(s);

	routeset_free(n->kernel);
	n->kernel = routeset_copy(want);
	n->syncs++;
	slice_later(s, done, arg);
}

/* ---- the workers and the store ---- */

int cp_watch(struct slices *ss, const struct cp_ops *ops, void *arg)
{
	(void)arg;
	node_of(ss->first)->cp = ops;
	return 0;
}

static void state_say(struct node *n, bool full, uint64_t seq, const char *data)
{
	n->cp->state(NULL, &n->slice, full, seq, seq - 1, data);
}

static void state_full(struct thing *t)
{
	state_say(t->n, true, 7, "{\"all\":1}");
	slice_called(t);
}

void cp_backup(struct slice *s, slice_done done, void *arg)
{
	slice_later(s, done, arg)->fn = state_full;
}

void cp_restore(struct slice *s, bool full, uint64_t seq, const char *data, slice_done done,
		void *arg)
{
	struct node *n = node_of(s);

	(void)full;
	(void)seq;
	free(n->restored);
	n->restored = strdup(data);
	n->restores++;
	slice_later(s, done, arg);
}

/* A transaction is the node that it is for. */
struct store_tx *store_tx_new(struct store *store)
{
	return (struct store_tx *)store;
}

void store_add(struct store_tx *tx, enum store_sql sql, const char *fmt, ...)
{
	struct node *n = (struct node *)tx;
	const char *data;
	va_list ap;
	size_t len;

	ck_assert_int_eq(sql, SQL_KEEP_SET);
	ck_assert_str_eq(fmt, "ssubi");
	va_start(ap, fmt);
	ck_assert_str_eq(va_arg(ap, const char *), "red");
	ck_assert_str_eq(va_arg(ap, const char *), "cp");
	(void)va_arg(ap, uint64_t);
	data = va_arg(ap, const char *);
	len = va_arg(ap, size_t);
	va_end(ap);
	free(n->kept);
	n->kept = strndup(data, len);
}

static void stored(struct thing *t)
{
	struct store_result res = { .text = "" };

	((store_done)t->done)(t->arg, &res);
}

void store_commit(struct store_tx *tx, store_done done, void *arg)
{
	struct thing *t;

	if (!done)
		return;
	t = later((struct node *)tx, stored);
	t->done = (void (*)(void))done;
	t->arg = arg;
}

/* ---- the connection: a peer is the node that it stands for ---- */

struct peer *peers_find(struct peers *peers, const char *name)
{
	(void)peers;
	return (struct peer *)&node[!strcmp(name, "second")];
}

bool peer_is_up(const struct peer *peer)
{
	(void)peer;
	return up;
}

const char *peer_name(const struct peer *peer)
{
	return ((const struct node *)peer)->name;
}

void peers_handle(struct peers *peers, enum wire_type type, peer_handler fn, void *arg)
{
	struct node *n = (struct node *)peers;

	ck_assert_ptr_null(n->handler[type].fn);
	n->handler[type].fn = fn;
	n->handler[type].arg = arg;
}

int peers_watch(struct peers *peers, const struct peer_watch *watch, void *arg)
{
	struct node *n = (struct node *)peers;

	n->peers = watch;
	n->peers_arg = arg;
	return 0;
}

size_t peer_queued(const struct peer *peer, const char *slice)
{
	(void)peer;
	(void)slice;
	return 0;
}

int peer_when_room(struct peer *peer, const char *slice, void (*fn)(void *arg), void *arg)
{
	(void)peer;
	(void)slice;
	(void)fn;
	(void)arg;
	ck_abort_msg("there is always room");
	return 0;
}

struct question {
	peer_answered	fn;
	void		*arg;
	bool		open;
};

static struct question question[100000];
static uint64_t questions;

static void answer_come(struct thing *t)
{
	struct question *q = &question[t->number];
	struct peer_answer a = {
		.outcome = !up ? PEER_DOWN : t->code ? PEER_REFUSED : PEER_OK, .code = "", .text = "",
	};

	if (!q->open)
		return;
	q->open = false;
	q->fn(q->arg, &a);
}

struct peer_token peer_token(const struct peer_msg *msg)
{
	return (struct peer_token){ .peer = msg->peer, .tag = msg->tag };
}

void peer_answer(struct peer_token token, struct nsl_jw *json)
{
	nsl_jw_reset(json);
	if (token.tag)
		later(NULL, answer_come)->number = token.tag;
}

void peer_refuse(struct peer_token token, const char *code, const char *fmt, ...)
{
	struct thing *t;

	(void)code;
	(void)fmt;
	if (!token.tag)
		return;
	t = later(NULL, answer_come);
	t->number = token.tag;
	t->code = 1;
}

void peer_drop(struct peer *peer, const char *why)
{
	(void)peer;
	(void)why;
	dropped++;
}

/* To the node @t->n, from the other. */
static void deliver(struct thing *t)
{
	struct peer_msg msg = {
		.peer = (struct peer *)&node[t->n == &node[0]], .type = t->type, .slice = "red",
		.data = t->data, .len = t->len, .request = t->tag, .tag = t->tag,
	};
	const struct wire_info *info = wire_info((uint16_t)t->type);
	struct nsl_json *json = NULL;

	if (!up) {
		if (t->tag)
			later(NULL, answer_come)->number = t->tag;
		return;
	}
	ck_assert_uint_le(t->len, info->max);
	if (info->body == WIRE_JSON) {
		json = nsl_json_parse(t->data, t->len, NULL);
		ck_assert_ptr_nonnull(json);
		msg.json = json;
	}
	ck_assert_ptr_nonnull(t->n->handler[t->type].fn);
	t->n->handler[t->type].fn(t->n->handler[t->type].arg, &msg);
	nsl_json_free(json);
}

static void send_to(struct peer *peer, enum wire_type type, const void *data, size_t len,
		    uint64_t tag)
{
	struct thing *t;

	if (type == WIRE_FP_DELTA && lose_delta && !--lose_delta)
		return;
	t = later((struct node *)peer, deliver);
	t->type = type;
	t->data = malloc(len + 1);
	memcpy(t->data, data, len);
	t->len = len;
	t->tag = tag;
	if (type == WIRE_ROUTES && spoil_routes && !--spoil_routes)
		t->len = 0;
}

int peer_send_data(struct peer *peer, enum wire_type type, const char *slice, const void *data,
		   size_t len)
{
	ck_assert_str_eq(slice, "red");
	if (!up)
		return -ENOTCONN;
	send_to(peer, type, data, len, 0);
	return 0;
}

static void send_json(struct peer *peer, enum wire_type type, struct nsl_jw *json, uint64_t tag)
{
	char *text = nsl_jw_take(json);

	ck_assert_ptr_nonnull(text);
	send_to(peer, type, text, strlen(text), tag);
	free(text);
}

int peer_send_json(struct peer *peer, enum wire_type type, const char *slice, struct nsl_jw *json)
{
	(void)slice;
	send_json(peer, type, json, 0);
	return 0;
}

void peer_ask_json(struct peer *peer, enum wire_type type, const char *slice, struct nsl_jw *json,
		   unsigned int timeout_ms, peer_answered fn, void *arg)
{
	(void)slice;
	(void)timeout_ms;
	question[++questions] = (struct question){ .fn = fn, .arg = arg, .open = true };
	send_json(peer, type, json, questions);
}

/* ---- changes in the first node's kernel ---- */

static struct nsl_route route(unsigned int n, const char *port)
{
	struct nsl_route r = { .dst = { 10, (uint8_t)(n >> 8), (uint8_t)n }, .dst_len = 4, .plen = 24 };

	r.nexthops = 1;
	r.nexthop[0].weight = 1;
	strcpy(r.nexthop[0].port, port);
	return r;
}

struct told {
	uint8_t		run[4096];
	size_t		len;
	uint64_t	seq;
	bool		keys;
};

static void event_come(struct thing *t)
{
	struct told *told = t->data;
	struct nsl_reply r = { .cmd = NETSLICE_CMD_EVENT, .attrs = told->run, .len = told->len };

	nsl_set_slice(&r.a, "red");
	nsl_set_number(&r.a, NETSLICE_A_EVENT,
		       told->keys ? NETSLICE_EVENT_ROUTE_DEL : NETSLICE_EVENT_ROUTE_NEW);
	nsl_set_number(&r.a, NETSLICE_A_SEQ, told->seq);
	t->n->watch->event(t->n->watch_arg, "red", &r);
}

static void change(unsigned int n, const char *port)
{
	struct nsl_route r = route(n, port ? port : "west");
	struct told *told = calloc(1, sizeof(*told));
	struct thing *t;

	told->keys = !port;
	told->seq = ++node[0].seq;
	if (!port) {
		r.nexthops = 0;
		ck_assert_int_eq(routeset_del(node[0].kernel, &r), 0);
	} else {
		ck_assert_int_eq(routeset_put(node[0].kernel, &r), 0);
	}
	ck_assert_int_eq(nsl_route_put(told->run, sizeof(told->run), &told->len, &r), 0);
	t = later(&node[0], event_come);
	t->data = told;
}

/* ---- the nodes ---- */

static void on_equal(void *arg, struct slice *s, uint64_t seq)
{
	struct node *n = arg;

	ck_assert_ptr_eq(s, &n->slice);
	n->equal++;
	n->equal_seq = seq;
}

static void on_copied(void *arg, struct slice *s, uint64_t seq)
{
	(void)s;
	(void)seq;
	((struct node *)arg)->copied++;
}

static void on_failed(void *arg, struct slice *s, const char *why)
{
	(void)s;
	ck_assert_ptr_nonnull(why);
	((struct node *)arg)->failed++;
}

static const struct backup_ops ops = {
	.equal = on_equal, .copied = on_copied, .failed = on_failed,
};

static void node_begin(struct node *n, const char *name, struct event_base *base)
{
	memset(n, 0, sizeof(*n));
	snprintf(n->name, sizeof(n->name), "%s", name);
	n->sliced.base = base;
	n->sliced.slices = &n->slices;
	n->sliced.kern = (struct kern *)n;
	n->sliced.peers = (struct peers *)n;
	n->sliced.store = (struct store *)n;
	n->slices.sliced = &n->sliced;
	n->slices.first = &n->slice;
	n->slice.slices = &n->slices;
	strcpy(n->slice.name, "red");
	n->kernel = routeset_new();
	ck_assert_int_eq(backups_init(&n->sliced, NULL), 0);
}

static void setup(void)
{
	struct event_base *base = event_base_new();
	unsigned int i;

	up = true;
	lose_delta = spoil_routes = dropped = 0;
	questions = 0;
	node_begin(&node[0], "first", base);
	node_begin(&node[1], "second", base);
	node[0].slice.parity = 1;
	node[0].slice.terms.cp = 1;
	node[1].slice.terms.cp = 1;
	for (i = 0; i < 3000; i++) {
		struct nsl_route r = route(i, "west");

		routeset_put(node[0].kernel, &r);
	}
	node[0].seq = 40;
}

static void teardown(void)
{
	struct event_base *base = node[0].sliced.base;
	int i;

	run();
	for (i = 0; i < 2; i++) {
		backups_exit(&node[i].sliced);
		routeset_free(node[i].kernel);
		free(node[i].kept);
		free(node[i].restored);
	}
	run();
	event_base_free(base);
}

static void receive(void)
{
	backup_start(&node[1].slice, (struct peer *)&node[0], BACKUP_RECEIVE, &ops, &node[1]);
}

static void send_out_of_first(void)
{
	backup_start(&node[0].slice, (struct peer *)&node[1], BACKUP_SEND, &ops, &node[0]);
}

static void copy_is_equal(void)
{
	uint64_t seq = 0;

	ck_assert_ptr_nonnull(backup_copy(&node[1].slice, &seq));
	ck_assert(routeset_equal(backup_copy(&node[1].slice, NULL), node[0].kernel));
	ck_assert_uint_eq(seq, node[0].seq);
}

#endif
