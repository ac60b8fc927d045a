// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sending end of the second kind of hot backup. In full: the routes of the
 * active generation at one moment, then a seal with the sequence number, count
 * and digest of that moment. From there each change, as the kernel tells of it.
 * Whatever does not fit - a gap in the numbers, a queue that grows too long, a
 * digest that differs - leads to a full one again.
 */
#include <errno.h>
#include <event2/event.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup_int.h"
#include "clock.h"
#include "lib/jsonw.h"
#include "log.h"
#include "sliced.h"
#include "slices_int.h"

#define SEND_RUN		(128 * 1024)		/* bytes of routes in one message */
#define SEND_PENDING_MAX	(8 * 1024 * 1024)	/* bytes of changes that wait */
#define SEND_SEAL_MS		60000
#define SEND_DIGEST_MS		30000
#define SEND_RETRY_MS		1000
#define SEND_RECHECK_MS		100
#define SEND_RECHECKS		20	/* differences in a row, then in full again */
#define SEND_QUIET_MS		1000	/* after a change, and */
#define SEND_IDLE_MS		10000	/* when nothing changes: compared */

static void send_out(struct backup *b);

/* Answers of an earlier round mean nothing any more. */
struct sending {
	struct backup	*b;
	uint64_t	round;
	uint64_t	seq;
};

static struct sending *sending_new(struct backup *b, uint64_t seq)
{
	struct sending *g = slices_alloc(sizeof(*g));

	g->b = b;
	g->round = b->round;
	g->seq = seq;
	return g;
}

/* Frees it. NULL: too late. */
static struct backup *sending_end(struct sending *g)
{
	struct backup *b = g->round == g->b->round && g->b->direction == BACKUP_SEND ? g->b : NULL;

	free(g);
	return b;
}

static void send_wait(struct backup *b, unsigned int ms)
{
	struct timeval tv = clock_timeval(ms);

	evtimer_add(b->timer, &tv);
}

/* Full again, but not at once. */
void send_pause(struct backup *b, const char *why)
{
	b->round++;
	send_end(b);
	backup_failed(b, why);
	send_wait(b, SEND_RETRY_MS);
}

void send_end(struct backup *b)
{
	routeset_free(b->set);
	b->set = NULL;
	b->state = SEND_IDLE;
	b->checking = false;
	b->checks = 0;
	b->equal_seq = 0;
	queue_clear(&b->out);
}

/* ---- in full ---- */

static void send_sealed(void *arg, const struct peer_answer *answer)
{
	struct backup *b = sending_end(arg);

	if (!b)
		return;
	if (answer->outcome == PEER_DOWN) {
		send_end(b);
		return;
	}
	if (answer->outcome != PEER_OK) {
		send_pause(b, answer->text);
		return;
	}
	b->state = SEND_LIVE;
	b->seq_out = b->full.seq;
	b->check = true;
	send_out(b);
}

static void send_seal(struct backup *b, struct peer *peer)
{
	struct nsl_jw w = { 0 };

	b->state = SEND_SEALING;
	routeset_free(b->set);
	b->set = NULL;
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "op", "end");
	backup_put_digest(&w, b->full.seq, b->full.routes4, b->full.routes6, b->full.digest);
	nsl_jw_end(&w);
	peer_ask_json(peer, WIRE_SEAL, b->slice->name, &w, SEND_SEAL_MS, send_sealed,
		      sending_new(b, b->full.seq));
}

static void send_routes(void *arg)
{
	struct backup *b = arg;
	struct peer *peer = backup_peer(b);
	static uint8_t run[SEND_RUN];
	size_t len;

	if (b->direction != BACKUP_SEND || b->state != SEND_ROUTES || !peer)
		return;
	while (peer_queued(peer, b->slice->name) < PEER_QUEUE_HIGH) {
		if (!routeset_run(b->set, &b->pos, run, sizeof(run), UINT32_MAX, &len)) {
			send_seal(b, peer);
			return;
		}
		if (peer_send_data(peer, WIRE_ROUTES, b->slice->name, run, len)) {
			send_pause(b, "the routes could not be sent");
			return;
		}
	}
	if (peer_when_room(peer, b->slice->name, send_routes, b))
		send_pause(b, "out of memory");
}

static void send_read(void *arg, int code, const char *why, struct routeset *set,
		      const struct gen_info *info)
{
	struct backup *b = sending_end(arg);
	struct nsl_jw w = { 0 };
	struct peer *peer;

	if (!b || code) {
		routeset_free(set);
		if (b)
			send_pause(b, why);
		return;
	}
	peer = backup_peer(b);
	if (!peer) {
		routeset_free(set);
		send_end(b);
		return;
	}
	b->set = set;
	b->pos = 0;
	b->full = *info;
	b->fulls++;
	b->state = SEND_ROUTES;
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "op", "begin");
	nsl_jw_end(&w);
	if (peer_send_json(peer, WIRE_SEAL, b->slice->name, &w))
		send_pause(b, "the backup could not be begun");
	else
		send_routes(b);
}

void send_begin(struct backup *b)
{
	send_end(b);
	b->state = SEND_READING;
	b->seq_seen = 0;
	gen_routes(b->slice, 0, send_read, sending_new(b, 0));
}

/* ---- changes ---- */

/* EVENT, SEQ and the routes, as attributes of the family. */
static size_t change_encode(const struct backup_change *c, uint8_t *buf, size_t size,
			    const uint8_t **data)
{
	struct nsl_attrs head = { 0 };
	struct nsl_route r;
	struct nsl_msg m;
	size_t pos = 0;

	nsl_set_number(&head, NETSLICE_A_EVENT,
		       c->keys ? NETSLICE_EVENT_ROUTE_DEL : NETSLICE_EVENT_ROUTE_NEW);
	nsl_set_number(&head, NETSLICE_A_SEQ, c->seq);
	nsl_msg_begin(&m, buf, size, NETSLICE_CMD_EVENT, false);
	nsl_msg_put(&m, &head);
	while (nsl_route_next(c->run, c->len, &pos, &r, NULL) > 0)
		if (nsl_msg_put_route(&m, &r))
			m.err = -EMSGSIZE;
	*data = (const uint8_t *)m.nlh + NLMSG_HDRLEN + GENL_HDRLEN;
	return m.err ? 0 : m.nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
}

static int send_change(struct backup *b, struct peer *peer, const struct backup_change *c)
{
	static uint8_t buf[NSL_MSG_SIZE] __attribute__((aligned(8)));
	const uint8_t *data;
	size_t len = change_encode(c, buf, sizeof(buf), &data);

	if (!len)
		return -EMSGSIZE;
	return peer_send_data(peer, WIRE_FP_DELTA, b->slice->name, data, len);
}

static void send_room(void *arg)
{
	struct backup *b = arg;

	if (b->direction == BACKUP_SEND && b->state == SEND_LIVE)
		send_out(b);
}

static void send_out(struct backup *b)
{
	struct peer *peer = backup_peer(b);
	struct backup_change *c;
	int ret = 0;

	if (!peer)
		return;
	while (!ret && b->out.first && peer_queued(peer, b->slice->name) < PEER_QUEUE_HIGH) {
		c = queue_take(&b->out);
		if (c->seq > b->full.seq)
			ret = send_change(b, peer, c);
		if (c->seq > b->seq_out)
			b->seq_out = c->seq;
		free(c);
	}
	if (!ret && b->out.first)
		ret = peer_when_room(peer, b->slice->name, send_room, b);
	if (ret) {
		send_pause(b, "a change could not be sent");
		return;
	}
	send_wait(b, SEND_QUIET_MS);
	send_check(b);
}

static bool event_changes(const struct nsl_reply *r)
{
	return r->a.event == NETSLICE_EVENT_ROUTE_NEW || r->a.event == NETSLICE_EVENT_ROUTE_DEL;
}

/* Only the routes among an event's attributes. */
static void event_take(struct backup *b, const struct nsl_reply *r)
{
	size_t size = 2 * r->len, pos = 0, len = 0;
	uint8_t *run = slices_alloc(size);
	struct nsl_route route;

	while (nsl_route_next(r->attrs, r->len, &pos, &route, NULL) > 0)
		nsl_route_put(run, size, &len, &route);
	queue_add(&b->out, r->a.seq, r->a.event == NETSLICE_EVENT_ROUTE_DEL, run, len);
	free(run);
}

/* One number may come in several messages; a new one follows the last. */
void send_event(struct backup *b, const struct nsl_reply *r)
{
	if (b->state == SEND_IDLE)
		return;
	if (r->a.event == NETSLICE_EVENT_GEN_SWITCH || r->a.event == NETSLICE_EVENT_GEN_ROLLBACK ||
	    r->a.event == NETSLICE_EVENT_CONFIRM_EXPIRED) {
		b->round++;
		send_begin(b);
		return;
	}
	if (!event_changes(r))
		return;
	if (b->seq_seen && r->a.seq > b->seq_seen + 1) {
		b->round++;
		send_begin(b);
		return;
	}
	b->seq_seen = r->a.seq;
	event_take(b, r);
	if (b->out.bytes > SEND_PENDING_MAX)
		send_pause(b, "too many changes wait to be sent");
	else if (b->state == SEND_LIVE)
		send_out(b);
}

/* ---- comparing ---- */

static void check_answered(void *arg, const struct peer_answer *answer)
{
	uint64_t seq = ((struct sending *)arg)->seq;
	struct backup *b = sending_end(arg);

	if (!b)
		return;
	b->checking = false;
	if (answer->outcome == PEER_OK) {
		b->checks = 0;
		send_wait(b, SEND_IDLE_MS);
		backup_equal(b, seq);
		send_check(b);
	} else if (answer->outcome == PEER_REFUSED && ++b->checks <= SEND_RECHECKS) {
		b->check = true;
		send_wait(b, SEND_RECHECK_MS);
	} else if (answer->outcome != PEER_DOWN) {
		send_pause(b, answer->text);
	}
}

/*
 * The digest of a number can be compared once all changes up to it are out, and none
 * behind it. The event of a change may still be on its way to us: then later.
 */
static void check_read(void *arg, int code, const char *why, const struct gen_info *info)
{
	struct backup *b = sending_end(arg);
	struct peer *peer = b ? backup_peer(b) : NULL;
	struct nsl_jw w = { 0 };

	(void)why;
	if (!b)
		return;
	if (code || !peer || b->state != SEND_LIVE || info->seq != b->seq_out) {
		b->checking = false;
		b->check = true;
		send_wait(b, SEND_RECHECK_MS);
		return;
	}
	nsl_jw_object(&w, NULL);
	backup_put_digest(&w, info->seq, info->routes4, info->routes6, info->digest);
	nsl_jw_end(&w);
	peer_ask_json(peer, WIRE_FP_DIGEST, b->slice->name, &w, SEND_DIGEST_MS, check_answered,
		      sending_new(b, info->seq));
}

void send_check(struct backup *b)
{
	if (!b->check || b->checking || b->state != SEND_LIVE || b->cp_waiting)
		return;
	b->check = false;
	b->checking = true;
	gen_digest(b->slice, 0, check_read, sending_new(b, 0));
}

void send_tick(struct backup *b)
{
	if (!backup_peer(b))
		return;
	if (b->state == SEND_IDLE) {
		send_begin(b);
		return;
	}
	b->check = true;
	send_check(b);
}
