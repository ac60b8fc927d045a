// SPDX-License-Identifier: GPL-2.0-or-later
/* Hot backup: which slices have it, in which direction; what both ends share. */
#include "backup.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup_int.h"
#include "clock.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "sliced.h"
#include "slices_int.h"

/* ---- queues ---- */

void queue_init(struct backup_queue *q)
{
	q->first = NULL;
	q->end = &q->first;
	q->bytes = 0;
}

void queue_add(struct backup_queue *q, uint64_t seq, bool keys, const void *run, size_t len)
{
	struct backup_change *c = slices_alloc(sizeof(*c) + len);

	c->seq = seq;
	c->keys = keys;
	c->len = len;
	memcpy(c->run, run, len);
	*q->end = c;
	q->end = &c->next;
	q->bytes += len;
}

struct backup_change *queue_take(struct backup_queue *q)
{
	struct backup_change *c = q->first;

	if (!c)
		return NULL;
	q->first = c->next;
	if (!q->first)
		q->end = &q->first;
	q->bytes -= c->len;
	return c;
}

void queue_clear(struct backup_queue *q)
{
	struct backup_change *c;

	while ((c = queue_take(q)))
		free(c);
}

/* ---- what crosses ---- */

static void hex_put(const uint8_t *bytes, size_t n, char *text)
{
	size_t i;

	for (i = 0; i < n; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
}

static int hex_get(const char *text, uint8_t *bytes, size_t n)
{
	unsigned int byte;
	size_t i;

	if (strlen(text) != 2 * n || strspn(text, "0123456789abcdef") != 2 * n)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		sscanf(text + 2 * i, "%2x", &byte);
		bytes[i] = (uint8_t)byte;
	}
	return 0;
}

void backup_put_digest(struct nsl_jw *w, uint64_t seq, uint32_t routes4, uint32_t routes6,
		       const uint8_t digest[NETSLICE_DIGEST_LEN])
{
	char text[2 * NETSLICE_DIGEST_LEN + 1];

	hex_put(digest, NETSLICE_DIGEST_LEN, text);
	nsl_jw_u64s(w, "seq", seq);
	nsl_jw_u64(w, "routes4", routes4);
	nsl_jw_u64(w, "routes6", routes6);
	nsl_jw_str(w, "digest", text);
}

int backup_get_digest(const struct nsl_json *json, struct gen_info *info, struct nsl_err *err)
{
	const char *text;

	memset(info, 0, sizeof(*info));
	if (nsl_json_need_u64(json, "seq", &info->seq, err) < 0 ||
	    nsl_json_need_u32(json, "routes4", 0, UINT32_MAX, &info->routes4, err) < 0 ||
	    nsl_json_need_u32(json, "routes6", 0, UINT32_MAX, &info->routes6, err) < 0 ||
	    nsl_json_need_str(json, "digest", &text, err) < 0)
		return -EINVAL;
	if (hex_get(text, info->digest, sizeof(info->digest)))
		return nsl_err_set(err, EINVAL, "digest: must be %d hex digits",
				   2 * NETSLICE_DIGEST_LEN);
	return 0;
}

/* ---- one slice's ---- */

static void backup_tick(evutil_socket_t fd, short what, void *arg)
{
	struct backup *b = arg;

	(void)fd;
	(void)what;
	if (b->direction != BACKUP_SEND)
		return;
	cp_state_tick(b);
	send_tick(b);
}

struct backup *backup_of(struct slice *s)
{
	struct backup *b = s->backup;

	if (b)
		return b;
	b = slices_alloc(sizeof(*b));
	b->slice = s;
	queue_init(&b->out);
	queue_init(&b->in);
	b->timer = evtimer_new(slices_sliced(s->slices)->base, backup_tick, b);
	if (!b->timer)
		slices_nomem();
	s->backup = b;
	return b;
}

struct peer *backup_peer(const struct backup *b)
{
	struct peer *peer = peers_find(slices_sliced(b->slice->slices)->peers, b->peer);

	return peer && peer_is_up(peer) ? peer : NULL;
}

void backup_failed(struct backup *b, const char *why)
{
	log_warn("slice %s: hot backup: %s", b->slice->name, why);
	if (b->ops && b->ops->failed)
		b->ops->failed(b->arg, b->slice, why);
}

void backup_equal(struct backup *b, uint64_t seq)
{
	b->equal_seq = seq;
	if (b->ops && b->ops->equal)
		b->ops->equal(b->arg, b->slice, seq);
}

static void backup_end(struct backup *b)
{
	b->round++;
	evtimer_del(b->timer);
	send_end(b);
	receive_end(b);
	b->direction = BACKUP_OFF;
	b->equal_seq = 0;
	b->cp_waiting = 0;
	b->cp_seq = 0;
	b->cp_full_soon = false;
}

void backup_start(struct slice *s, struct peer *peer, enum backup_direction direction,
		  const struct backup_ops *ops, void *arg)
{
	struct backup *b = backup_of(s);

	backup_end(b);
	snprintf(b->peer, sizeof(b->peer), "%s", peer_name(peer));
	b->direction = direction;
	b->ops = ops;
	b->arg = arg;
	if (direction != BACKUP_SEND || !backup_peer(b))
		return;
	cp_state_begin(b);
	send_begin(b);
}

void backup_stop(struct slice *s)
{
	if (!s->backup)
		return;
	backup_end(s->backup);
	s->backup->ops = NULL;
}

enum backup_direction backup_direction(const struct slice *s)
{
	return s->backup ? s->backup->direction : BACKUP_OFF;
}

void backup_check(struct slice *s)
{
	struct backup *b = s->backup;

	if (!b || b->direction != BACKUP_SEND)
		return;
	b->check = true;
	send_check(b);
}

uint64_t backup_equal_seq(const struct slice *s)
{
	return s->backup ? s->backup->equal_seq : 0;
}

const struct routeset *backup_copy(const struct slice *s, uint64_t *seq)
{
	const struct backup *b = s->backup;

	if (!b || !b->valid)
		return NULL;
	if (seq)
		*seq = b->copy_seq;
	return b->copy;
}

void backup_status(const struct slice *s, struct nsl_jw *w)
{
	static const char *const direction[] = {
		[BACKUP_OFF] = "off", [BACKUP_SEND] = "send", [BACKUP_RECEIVE] = "receive",
	};
	static const char *const state[] = {
		[SEND_IDLE] = "idle", [SEND_READING] = "reading", [SEND_ROUTES] = "full",
		[SEND_SEALING] = "sealing", [SEND_LIVE] = "live",
	};
	const struct backup *b = s->backup;

	nsl_jw_object(w, "backup");
	nsl_jw_str(w, "direction", direction[b ? b->direction : BACKUP_OFF]);
	if (b && b->direction == BACKUP_SEND) {
		nsl_jw_str(w, "state", state[b->state]);
		nsl_jw_u64s(w, "seq", b->seq_out);
		nsl_jw_u64s(w, "equal_seq", b->equal_seq);
		nsl_jw_u64(w, "fulls", b->fulls);
		nsl_jw_u64s(w, "cp_seq", b->cp_seq);
	}
	if (b && b->direction == BACKUP_RECEIVE) {
		nsl_jw_bool(w, "copy", b->valid);
		nsl_jw_u64s(w, "seq", b->copy_seq);
		nsl_jw_u64(w, "routes", b->copy ? routeset_count(b->copy) : 0);
		nsl_jw_bool(w, "following", b->follow);
	}
	nsl_jw_end(w);
}

/* ---- events and connections ---- */

static void backups_event(void *arg, const char *name, const struct nsl_reply *r)
{
	struct slice *s = slices_find(arg, name);

	if (s && s->backup && s->backup->direction == BACKUP_SEND)
		send_event(s->backup, r);
}

static void backups_each(struct slices *ss, const char *peer, bool up)
{
	struct slice *s = NULL;

	while ((s = slices_next(ss, s))) {
		struct backup *b = s->backup;

		if (!b || b->direction != BACKUP_SEND || (peer && strcmp(b->peer, peer)))
			continue;
		b->round++;
		b->cp_waiting = 0;
		send_end(b);
		if (!up)
			continue;
		cp_state_begin(b);
		send_begin(b);
	}
}

/* Events were lost: deltas too. */
static void backups_resync(void *arg)
{
	backups_each(arg, NULL, true);
}

static void backups_up(void *arg, struct peer *peer, const struct nsl_json *hello)
{
	(void)hello;
	backups_each(arg, peer_name(peer), true);
}

static void backups_down(void *arg, struct peer *peer, const char *why)
{
	(void)why;
	backups_each(arg, peer_name(peer), false);
}

int backups_init(struct sliced *sliced, struct nsl_err *err)
{
	static const struct kern_watch kern = { .event = backups_event, .resync = backups_resync };
	static const struct peer_watch peers = { .up = backups_up, .down = backups_down };

	receive_register(sliced);
	if (kern_watch(sliced->kern, &kern, sliced->slices) ||
	    peers_watch(sliced->peers, &peers, sliced->slices) || cp_state_register(sliced))
		return nsl_err_set(err, ENOMEM, "out of memory");
	return 0;
}

/* Backups belong to their slices, which go after this. */
void backups_exit(struct sliced *sliced)
{
	struct slice *s = NULL;

	if (!sliced->slices)
		return;
	while ((s = slices_next(sliced->slices, s))) {
		struct backup *b = s->backup;

		if (!b)
			continue;
		send_end(b);
		receive_end(b);
		event_free(b->timer);
		free(b);
		s->backup = NULL;
	}
}
