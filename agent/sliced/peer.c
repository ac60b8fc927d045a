// SPDX-License-Identifier: GPL-2.0-or-later
/* One other node: dialling it, sending to it, and what comes from it. */
#include "clock.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "peer_int.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEER_BACKOFF_MIN_MS	100
#define PEER_BACKOFF_MAX_MS	2000

/* --- dialling --- */

/* Numeric addresses only: nothing is asked of a name server. */
static int peer_dial(struct peer *peer)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list;
	char port[8];
	int err = 0;

	snprintf(port, sizeof(port), "%u", peer->config.port);
	if (getaddrinfo(peer->config.address, port, &hints, &list))
		return -EINVAL;
	if (!conn_dial(peer, list->ai_addr, (int)list->ai_addrlen))
		err = -ENOMEM;
	freeaddrinfo(list);
	return err;
}

static bool peer_has_conn(const struct peer *peer)
{
	const struct conn *c;

	for (c = peer->peers->conns; c; c = c->next) {
		if (c->peer == peer)
			return true;
	}
	return false;
}

static void peer_retry(evutil_socket_t fd, short what, void *arg)
{
	struct peer *peer = arg;

	(void)fd;
	(void)what;
	if (peer->removed || peer->up || peer->peers->closing || peer_has_conn(peer))
		return;
	if (peer->backoff_ms < PEER_BACKOFF_MAX_MS)
		peer->backoff_ms *= 2;
	if (peer_dial(peer))
		peer_dial_soon(peer);
}

/**
 * peer_dial_soon - see to it that the peer is dialled, unless it is up
 * @peer: it
 *
 * The wait grows with each failure, and is never the same on both nodes.
 */
void peer_dial_soon(struct peer *peer)
{
	struct timeval tv;
	uint8_t spread;

	if (peer->removed || peer->up || !peer->config.address[0] || peer->peers->closing)
		return;
	evutil_secure_rng_get_bytes(&spread, sizeof(spread));
	tv = clock_timeval(peer->backoff_ms + peer->backoff_ms * spread / 512);
	event_add(peer->retry, &tv);
}

/* --- up and down --- */

void peer_is_now_up(struct peer *peer, struct conn *conn)
{
	struct peer_watcher *w;

	peer->up = conn;
	peer->epoch = ++peer->peers->epoch;
	peer->backoff_ms = PEER_BACKOFF_MIN_MS;
	peer->since_ms = clock_wall_ms();
	peer->why[0] = '\0';
	memcpy(peer->life, conn->life, sizeof(peer->life));
	event_del(peer->retry);
	log_notice("peer %s: up (node %s, pid %u)", peer->config.name, peer->node, peer->pid);
	for (w = peer->peers->watchers; w; w = w->next) {
		if (w->watch.up)
			w->watch.up(w->arg, peer, conn->hello);
	}
}

void peer_is_now_down(struct peer *peer, const char *why)
{
	struct peer_watcher *w;

	if (!peer->up)
		return;
	snprintf(peer->why, sizeof(peer->why), "%s", why);
	log_notice("peer %s: down: %s", peer->config.name, peer->why);
	link_end(peer->up->link, false, "%s", why);
	peer->up = NULL;
	peer->since_ms = clock_wall_ms();
	asks_down(peer->asks);
	for (w = peer->peers->watchers; w; w = w->next) {
		if (w->watch.down)
			w->watch.down(w->arg, peer, peer->why);
	}
}

void peer_drop(struct peer *peer, const char *why)
{
	if (peer->up)
		link_end(peer->up->link, true, "%s", why);
}

bool peer_is_up(const struct peer *peer)
{
	return peer->up && !link_ended(peer->up->link);
}

const char *peer_name(const struct peer *peer)
{
	return peer->config.name;
}

/* --- sending --- */

static int peer_head(struct wire_head *head, enum wire_type type, const char *slice)
{
	memset(head, 0, sizeof(*head));
	head->type = (uint16_t)type;
	if (slice[0] && !wire_slice_valid(slice))
		return -EINVAL;
	strcpy(head->slice, slice);
	return 0;
}

static int peer_send_head(struct peer *peer, const struct wire_head *head, const void *data,
			  size_t len)
{
	if (!peer_is_up(peer))
		return -ENOTCONN;
	return link_send(peer->up->link, head, data, len);
}

int peer_send_data(struct peer *peer, enum wire_type type, const char *slice, const void *data,
		   size_t len)
{
	struct wire_head head;
	int err = peer_head(&head, type, slice);

	return err ? err : peer_send_head(peer, &head, data, len);
}

/* NULL: out of memory, or a writer that was used wrongly. */
static char *peer_text(struct nsl_jw *json)
{
	return json ? nsl_jw_take(json) : strdup("{}");
}

int peer_send_json(struct peer *peer, enum wire_type type, const char *slice,
		   struct nsl_jw *json)
{
	char *text = peer_text(json);
	int err = text ? peer_send_data(peer, type, slice, text, strlen(text)) : -ENOMEM;

	free(text);
	return err;
}

size_t peer_queued(const struct peer *peer, const char *slice)
{
	return peer->up ? link_queued(peer->up->link, slice) : 0;
}

int peer_when_room(struct peer *peer, const char *slice, void (*fn)(void *arg), void *arg)
{
	return peer->up ? link_when_room(peer->up->link, slice, fn, arg) : -ENOTCONN;
}

/* --- questions and answers --- */

/**
 * peer_ask_data - ask the other node
 * @peer: it
 * @type: of the message
 * @slice: "" for the node
 * @data: body, copied
 * @len: of @data
 * @timeout_ms: from now
 * @fn: called once, later
 * @arg: for @fn
 *
 * Without memory for these few bytes the daemon ends, as @fn could not be told.
 */
void peer_ask_data(struct peer *peer, enum wire_type type, const char *slice, const void *data,
		   size_t len, unsigned int timeout_ms, peer_answered fn, void *arg)
{
	uint64_t tag = ask_new(peer->asks, type, slice, timeout_ms, fn, arg);
	struct wire_head head;
	int err = peer_head(&head, type, slice);

	if (!tag) {
		log_error("out of memory");
		abort();
	}
	head.tag = tag;
	head.flags = WIRE_F_REQUEST;
	if (!err)
		err = peer_send_head(peer, &head, data, len);
	if (err)
		ask_failed(peer->asks, tag, err == -ENOTCONN ?
			   "there is no connection to the other node" : strerror(-err));
}

void peer_ask_json(struct peer *peer, enum wire_type type, const char *slice,
		   struct nsl_jw *json, unsigned int timeout_ms, peer_answered fn, void *arg)
{
	char *text = peer_text(json);

	if (!text) {
		log_error("out of memory");
		abort();
	}
	peer_ask_data(peer, type, slice, text, strlen(text), timeout_ms, fn, arg);
	free(text);
}

void peer_forget(struct peer *peer, void *arg)
{
	asks_forget(peer->asks, arg);
}

struct peer_token peer_token(const struct peer_msg *msg)
{
	struct peer_token token = {
		.peer = msg->peer,
		.epoch = msg->peer->epoch,
		.tag = msg->request ? msg->tag : 0,
		.type = msg->type,
	};

	snprintf(token.slice, sizeof(token.slice), "%s", msg->slice);
	return token;
}

static bool peer_token_valid(const struct peer_token *token)
{
	return token->peer && token->tag && peer_is_up(token->peer) &&
	       token->peer->epoch == token->epoch;
}

static void peer_reply(const struct peer_token *token, uint16_t flags, struct nsl_jw *json)
{
	struct wire_head head;
	char *text = peer_text(json);

	if (peer_token_valid(token) && text && !peer_head(&head, token->type, token->slice)) {
		head.flags = WIRE_F_REPLY | flags;
		head.tag = token->tag;
		if (link_send(token->peer->up->link, &head, text, strlen(text)))
			peer_drop(token->peer, "an answer cannot be sent");
	}
	free(text);
}

void peer_answer(struct peer_token token, struct nsl_jw *json)
{
	peer_reply(&token, 0, json);
}

void peer_refuse(struct peer_token token, const char *code, const char *fmt, ...)
{
	struct nsl_jw w = { 0 };
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "code", code);
	nsl_jw_str(&w, "text", text);
	nsl_jw_end(&w);
	peer_reply(&token, WIRE_F_REFUSED, &w);
}

/* --- receiving --- */

struct peer_hold peer_hold(const struct peer_msg *msg)
{
	struct peer_hold hold = {
		.peer = msg->peer,
		.epoch = msg->peer->epoch,
		.bytes = msg->credit,
	};

	snprintf(hold.slice, sizeof(hold.slice), "%s", msg->slice);
	msg->peer->held = true;
	return hold;
}

void peer_release(struct peer_hold hold)
{
	if (hold.peer && hold.bytes && peer_is_up(hold.peer) && hold.peer->epoch == hold.epoch)
		link_return(hold.peer->up->link, hold.slice, hold.bytes);
}

static void peer_handle(struct peer *peer, const struct peer_msg *msg)
{
	const struct peer_handle *h = NULL;

	if (msg->type < PEER_TYPES)
		h = &peer->peers->handle[msg->type];
	if (h && h->fn)
		h->fn(h->arg, msg);
	else
		peer_refuse(peer_token(msg), "unsupported", "nothing here handles message type %u",
			    msg->type);
}

static void peer_deliver_msg(struct peer *peer, struct peer_msg *msg, const struct wire_info *info)
{
	struct nsl_json *json = NULL;
	struct nsl_err err = { 0 };

	if (info && info->body == WIRE_JSON) {
		json = nsl_json_parse((const char *)msg->data, msg->len, &err);
		if (!json || nsl_json_is(json, NSL_JSON_OBJECT, &err)) {
			link_end(peer->up->link, true, "%s: %s", info->name, err.text);
			nsl_json_free(json);
			return;
		}
	}
	msg->json = json;
	peer_handle(peer, msg);
	nsl_json_free(json);
}

static void peer_deliver_reply(struct peer *peer, const struct link_msg *msg)
{
	if (ask_answer(peer->asks, &msg->head, msg->data, msg->len) == -EPROTO)
		link_end(peer->up->link, true, "an answer that fits no question");
}

/**
 * peer_deliver - a message came on the connection that counts
 * @peer: from it
 * @m: the message
 */
void peer_deliver(struct peer *peer, const struct link_msg *m)
{
	struct peer_msg msg = {
		.peer = peer,
		.type = (enum wire_type)m->head.type,
		.slice = m->head.slice,
		.data = m->data,
		.len = m->len,
		.request = m->head.flags & WIRE_F_REQUEST,
		.tag = m->head.tag,
		.credit = m->credit,
	};
	struct link *link = peer->up->link;

	if (m->head.flags & WIRE_F_REPLY) {
		peer_deliver_reply(peer, m);
		return;
	}
	peer->held = false;
	if (m->info)
		peer_deliver_msg(peer, &msg, m->info);
	else
		peer_refuse(peer_token(&msg), "unknown-type", "message type %u is unknown here",
			    msg.type);
	if (!peer->held && m->credit)
		link_return(link, m->head.slice, m->credit);
}

/* --- making and freeing --- */

struct peer *peer_new(struct peers *peers, const struct config_peer *config)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	peer->peers = peers;
	peer->config = *config;
	peer->backoff_ms = PEER_BACKOFF_MIN_MS;
	peer->since_ms = clock_wall_ms();
	peer->asks = asks_new(peers->base);
	peer->retry = evtimer_new(peers->base, peer_retry, peer);
	if (!peer->asks || !peer->retry) {
		peer_free(peer);
		return NULL;
	}
	return peer;
}

void peer_free(struct peer *peer)
{
	asks_free(peer->asks);
	if (peer->retry)
		event_free(peer->retry);
	free(peer);
}

struct peer_info peer_info(const struct peer *peer)
{
	return (struct peer_info){
		.config = &peer->config,
		.static_config = peer->static_config,
		.up = peer_is_up(peer),
		.since_ms = peer->since_ms,
		.why = peer->why,
		.node = peer->node,
		.node_id = peer->node_id,
		.life = peer->life,
		.pid = peer->pid,
	};
}
