// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a connection to *the* connection. Both nodes listen and both may
 * connect, so there may be several for a moment, and one of them must be the
 * same on both nodes. So only one node chooses, the arbiter: the one with the
 * lower pin.
 *
 *  - Both send hello as soon as TLS stands.
 *  - The arbiter, having the other's hello, chooses the connection with
 *    hello-ok, if none is up or chosen. Another one waits: it is ended as soon
 *    as the one that is up is heard again (then it is a duplicate), or is
 *    chosen when that one has died.
 *  - The other node takes the arbiter's choice, says hello-ok, and is up.
 *    With that hello-ok the arbiter is up too.
 *  - A hello from another life of the other node ends what its former life had.
 */
#include "clock.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "peer_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONN_HELLO_MS	10000
#define CONN_LOG_MS	1000	/* strangers: at most one line in that time */

/* By the two keys of this connection, which both nodes see alike. */
static bool conn_we_choose(const struct conn *conn)
{
	struct tls_pin pin;

	return link_pin(conn->link, &pin) &&
	       memcmp(peers_own_pin(conn->peers)->b, pin.b, TLS_PIN_LEN) < 0;
}

/* --- hello --- */

static void conn_send_hello(struct conn *conn)
{
	const struct wire_head head = { .type = WIRE_HELLO };
	struct peers *peers = conn->peers;
	struct peer_watcher *w;
	struct nsl_jw jw = { 0 };

	nsl_jw_object(&jw, NULL);
	nsl_jw_u64(&jw, "version", WIRE_VERSION);
	nsl_jw_u64(&jw, "min_version", WIRE_VERSION);
	nsl_jw_str(&jw, "name", node_name(peers->node));
	nsl_jw_str(&jw, "node_id", node_id(peers->node));
	nsl_jw_str(&jw, "life", node_life(peers->node));
	nsl_jw_str(&jw, "boot_id", node_boot_id(peers->node));
	nsl_jw_u64(&jw, "pid", (uint64_t)getpid());
	nsl_jw_array(&jw, "required");
	nsl_jw_end(&jw);
	for (w = peers->watchers; w; w = w->next) {
		if (w->watch.hello)
			w->watch.hello(w->arg, conn->peer, &jw);
	}
	nsl_jw_end(&jw);
	if (link_send_json(conn->link, &head, &jw))
		link_end(conn->link, false, "hello cannot be sent");
}

static int hello_versions(const struct nsl_json *hello, struct nsl_err *err)
{
	uint32_t version = 0;
	uint32_t min = 0;

	if (nsl_json_need_u32(hello, "version", 1, 65535, &version, err) < 0 ||
	    nsl_json_need_u32(hello, "min_version", 1, 65535, &min, err) < 0)
		return -1;
	if (min > WIRE_VERSION || version < WIRE_VERSION)
		return nsl_err_set(err, 0, "it speaks versions %u to %u, this node %d", min,
				   version, WIRE_VERSION);
	return 0;
}

/* This version knows no feature that may be required. */
static int hello_features(const struct nsl_json *hello, struct nsl_err *err)
{
	const struct nsl_json *list = NULL;
	const char *name = "";

	if (nsl_json_need_array(hello, "required", &list, err) < 0)
		return -1;
	if (!nsl_json_first(list))
		return 0;
	if (nsl_json_str(nsl_json_first(list), &name, err))
		return -1;
	return nsl_err_set(err, 0, "it requires %s, which is unknown here", name);
}

static int hello_who(struct conn *conn, const struct nsl_json *hello, struct nsl_err *err)
{
	struct peer *peer = conn->peer;
	char id[NODE_ID_LEN + 1];
	char boot[64];
	uint32_t pid;

	if (nsl_json_need_text(hello, "name", peer->node, sizeof(peer->node), err) < 0 ||
	    nsl_json_need_text(hello, "node_id", id, sizeof(id), err) < 0 ||
	    nsl_json_need_text(hello, "life", conn->life, sizeof(conn->life), err) < 0 ||
	    nsl_json_need_text(hello, "boot_id", boot, sizeof(boot), err) < 0 ||
	    nsl_json_need_u32(hello, "pid", 1, 0x7fffffff, &pid, err) < 0)
		return -1;
	if (!strcmp(id, node_id(conn->peers->node)))
		return nsl_err_set(err, 0, "it is this node itself");
	snprintf(peer->node_id, sizeof(peer->node_id), "%s", id);
	peer->pid = pid;
	return 0;
}

static int conn_take_hello(struct conn *conn, const struct link_msg *msg, struct nsl_err *err)
{
	struct nsl_json *hello = nsl_json_parse((const char *)msg->data, msg->len, err);

	conn->hello = hello;
	if (!hello || nsl_json_is(hello, NSL_JSON_OBJECT, err) || hello_versions(hello, err) ||
	    hello_features(hello, err))
		return -1;
	return hello_who(conn, hello, err);
}

/* --- the choice --- */

/* Does the peer have one that is up or about to be? */
static bool conn_settled(const struct peer *peer)
{
	const struct conn *c;

	if (peer->up)
		return true;
	for (c = peer->peers->conns; c; c = c->next) {
		if (c->peer == peer && c->state == CONN_CHOSEN && !link_ended(c->link))
			return true;
	}
	return false;
}

static void conn_choose(struct conn *conn)
{
	const struct wire_head head = { .type = WIRE_HELLO_OK };

	conn->state = CONN_CHOSEN;
	if (link_send_json(conn->link, &head, NULL))
		link_end(conn->link, false, "hello-ok cannot be sent");
}

/* Something has changed: is a waiting connection to be chosen? */
static void conn_reconsider(struct peer *peer)
{
	struct conn *c;

	if (conn_settled(peer))
		return;
	for (c = peer->peers->conns; c; c = c->next) {
		if (c->peer == peer && c->state == CONN_WAITING && !link_ended(c->link) &&
		    conn_we_choose(c)) {
			conn_choose(c);
			return;
		}
	}
}

static void conn_end_others(struct conn *keep)
{
	struct conn *c;

	for (c = keep->peers->conns; c; c = c->next) {
		if (c->peer == keep->peer && c != keep)
			link_end(c->link, true, "another connection is used");
	}
}

static void conn_up(struct conn *conn)
{
	struct peer *peer = conn->peer;

	if (peer->up)
		peer_is_now_down(peer, "replaced by a new connection");
	conn->state = CONN_UP;
	conn_end_others(conn);
	link_deadline(conn->link, 0, NULL);
	if (link_beat(conn->link, conn->peers->config->heartbeat_ms,
		      conn->peers->config->dead_ms)) {
		link_end(conn->link, true, "out of memory");
		return;
	}
	peer_is_now_up(peer, conn);
	nsl_json_free(conn->hello);
	conn->hello = NULL;
}

static void conn_hello(struct conn *conn, const struct link_msg *msg)
{
	struct peer *peer = conn->peer;
	struct nsl_err err = { 0 };

	if (conn_take_hello(conn, msg, &err)) {
		link_end(conn->link, true, "hello: %s", err.text);
		return;
	}
	if (peer->up && strcmp(peer->up->life, conn->life)) {
		link_end(peer->up->link, false, "the other node has started anew");
		peer_is_now_down(peer, "the other node has started anew");
	}
	conn->state = CONN_WAITING;
	link_deadline(conn->link, CONN_HELLO_MS + 2 * conn->peers->config->dead_ms,
		      "the choice of a connection");
	conn_reconsider(peer);
}

static void conn_hello_ok(struct conn *conn)
{
	const struct wire_head head = { .type = WIRE_HELLO_OK };

	if (conn->state == CONN_WAITING) {
		if (conn_we_choose(conn)) {
			link_end(conn->link, true, "the other node chose, which is not its part");
			return;
		}
		if (link_send_json(conn->link, &head, NULL)) {
			link_end(conn->link, false, "hello-ok cannot be sent");
			return;
		}
	}
	conn_up(conn);
}

static void conn_goodbye(struct conn *conn, const struct link_msg *msg)
{
	struct nsl_json *json = nsl_json_parse((const char *)msg->data, msg->len, NULL);
	const char *why = "no reason given";

	if (json)
		nsl_json_get_str(json, "why", &why, NULL);
	link_end(conn->link, false, "the other node says: %s", why);
	nsl_json_free(json);
}

/* --- what the link tells --- */

static struct peer *conn_find_peer(struct peers *peers, const struct tls_pin *pin)
{
	struct peer *peer;

	for (peer = peers->first; peer; peer = peer->next) {
		if (!peer->removed && (tls_pin_equal(&peer->config.pin, pin) ||
				       (peer->config.has_next &&
					tls_pin_equal(&peer->config.next, pin))))
			return peer;
	}
	return NULL;
}

static void conn_ready(void *arg, struct link *link)
{
	struct conn *conn = arg;
	struct peer *peer = NULL;
	struct tls_pin pin;

	if (link_pin(link, &pin))
		peer = conn_find_peer(conn->peers, &pin);
	if (!peer || (conn->peer && conn->peer != peer)) {
		link_end(link, false, peer ? "another peer answered" : "the key is unknown");
		return;
	}
	conn->peer = peer;
	conn->state = CONN_HELLO;
	link_deadline(link, CONN_HELLO_MS, "hello");
	conn_send_hello(conn);
}

static void conn_end_duplicates(struct conn *up)
{
	struct conn *c;

	for (c = up->peers->conns; c; c = c->next) {
		if (c->peer == up->peer && c->state == CONN_WAITING)
			link_end(c->link, true, "another connection is used");
	}
}

static void conn_message_up(struct conn *conn, const struct link_msg *msg)
{
	conn_end_duplicates(conn);
	if (msg->head.type == WIRE_HEARTBEAT)
		return;
	if (msg->head.type == WIRE_HELLO || msg->head.type == WIRE_HELLO_OK)
		link_end(conn->link, true, "hello came again");
	else
		peer_deliver(conn->peer, msg);
}

static void conn_message(void *arg, struct link *link, const struct link_msg *msg)
{
	struct conn *conn = arg;

	if (msg->head.type == WIRE_GOODBYE)
		conn_goodbye(conn, msg);
	else if (conn->state == CONN_UP)
		conn_message_up(conn, msg);
	else if (conn->state == CONN_HELLO && msg->head.type == WIRE_HELLO)
		conn_hello(conn, msg);
	else if (conn->state >= CONN_WAITING && msg->head.type == WIRE_HELLO_OK)
		conn_hello_ok(conn);
	else
		link_end(link, true, "a message before hello-ok");
}

static void conn_log_stranger(struct conn *conn)
{
	uint64_t now = clock_boot_ms();

	if (now - conn->peers->log_ms < CONN_LOG_MS)
		return;
	conn->peers->log_ms = now;
	log_notice("connection from %s ended: %s", conn->from, link_why(conn->link));
}

static void conn_failed(struct conn *conn)
{
	struct peer *peer = conn->peer;
	const char *why = link_why(conn->link);

	/* said once, not at each attempt */
	if (!peer->up && strcmp(peer->why, why)) {
		log_notice("peer %s: no connection: %s", peer->config.name, why);
		snprintf(peer->why, sizeof(peer->why), "%s", why);
	}
}

static void conn_gone(void *arg, struct link *link)
{
	struct conn *conn = arg;
	struct peer *peer = conn->peer;

	if (!peer)
		conn_log_stranger(conn);
	else if (peer->up == conn)
		peer_is_now_down(peer, link_why(link));
	else if (conn->state != CONN_UP)
		conn_failed(conn);
	conn_free(conn);
	if (!peer)
		return;
	conn_reconsider(peer);
	peer_dial_soon(peer);
}

static const struct link_ops conn_ops = {
	.ready = conn_ready,
	.message = conn_message,
	.gone = conn_gone,
};

/* --- making and freeing --- */

static struct conn *conn_new(struct peers *peers, const char *from)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->peers = peers;
	snprintf(conn->from, sizeof(conn->from), "%s", from);
	conn->next = peers->conns;
	peers->conns = conn;
	return conn;
}

static void conn_unlink(struct conn *conn)
{
	struct conn **at = &conn->peers->conns;

	while (*at != conn)
		at = &(*at)->next;
	*at = conn->next;
}

static struct conn *conn_started(struct conn *conn)
{
	if (!conn->link) {
		conn_unlink(conn);
		free(conn);
		return NULL;
	}
	link_deadline(conn->link, CONN_HELLO_MS, "the TLS handshake");
	return conn;
}

struct conn *conn_accept(struct peers *peers, int fd, const char *from)
{
	struct conn *conn = conn_new(peers, from);

	if (!conn) {
		close(fd);
		return NULL;
	}
	conn->link = link_accept(peers->base, peers->tls, fd, &conn_ops, conn);
	return conn_started(conn);
}

struct conn *conn_dial(struct peer *peer, const struct sockaddr *to, int len)
{
	struct conn *conn = conn_new(peer->peers, peer->config.name);

	if (!conn)
		return NULL;
	conn->peer = peer;
	conn->link = link_dial(peer->peers->base, peer->peers->tls, to, len, &conn_ops, conn);
	return conn_started(conn);
}

void conn_free(struct conn *conn)
{
	conn_unlink(conn);
	link_free(conn->link);
	nsl_json_free(conn->hello);
	free(conn);
}
