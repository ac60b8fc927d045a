// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/peer.c */
/* link: agent/sliced/peers.c */
/* link: agent/sliced/peer_conn.c */
/* link: agent/sliced/link.c */
/* link: agent/sliced/ask.c */
/* link: agent/sliced/flow.c */
/* link: agent/sliced/wire.c */
/* link: agent/sliced/wire_join.c */
/* link: agent/sliced/tls.c */
/* link: agent/sliced/node.c */
/* link: agent/sliced/config.c */
/* link: agent/sliced/store.c */
/* link: agent/sliced/store_tx.c */
/* link: agent/sliced/store_schema.c */
/* link: agent/sliced/mailbox.c */
/* link: agent/sliced/log.c */
/* link: agent/lib/err.c */
/* link: agent/lib/json.c */
/* link: agent/lib/jsonscan.c */
/* link: agent/lib/jsonw.c */
/*
 * Two nodes on one loop, joined by real TLS over real TCP on the loopback:
 * who gets in, what arrives, and what becomes of questions.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/json.h"
#include "lib/jsonw.h"
#include "sliced/log.h"
#include "sliced/peers.h"
#include "sliced/store.h"

#define LIMIT_S		60	/* a wait that takes longer has failed */

struct side {
	char dir[64];
	struct config config;
	struct node *node;
	struct store *store;
	struct peers *peers;
	unsigned int ups;
	unsigned int downs;
	char life[NODE_ID_LEN + 1];	/* of the other, from its hello */
	char note[32];			/* what our watcher found in the other's hello */
	char why[200];
	unsigned int got[64];		/* messages by type */
	size_t last_len;
	uint32_t sum;
	char last_slice[17];
	bool keep;			/* hold the credit of what comes */
	struct peer_hold held[64];
	unsigned int held_count;
	struct peer_token later;	/* a request to be answered later */
	char order[64];
};

static struct event_base *base;
static struct side a, b;
static char top[] = "/tmp/netslice-peer-XXXXXX";

static uint16_t free_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	close(fd);
	return ntohs(sin.sin_port);
}

static void on_hello(void *arg, struct peer *peer, struct nsl_jw *hello)
{
	struct side *s = arg;

	(void)peer;
	nsl_jw_fmt(hello, "note", "of %s", s->config.node);
}

static void on_up(void *arg, struct peer *peer, const struct nsl_json *hello)
{
	struct side *s = arg;

	(void)peer;
	s->ups++;
	ck_assert_int_eq(nsl_json_need_text(hello, "note", s->note, sizeof(s->note), NULL), 1);
	ck_assert_int_eq(nsl_json_need_text(hello, "life", s->life, sizeof(s->life), NULL), 1);
}

static void on_down(void *arg, struct peer *peer, const char *why)
{
	struct side *s = arg;

	(void)peer;
	s->downs++;
	snprintf(s->why, sizeof(s->why), "%s", why);
}

static const struct peer_watch watch = { .hello = on_hello, .up = on_up, .down = on_down };

static void on_message(void *arg, const struct peer_msg *msg)
{
	struct side *s = arg;
	size_t i;

	s->got[msg->type]++;
	s->last_len = msg->len;
	snprintf(s->last_slice, sizeof(s->last_slice), "%s", msg->slice);
	for (i = 0; i < msg->len; i++)
		s->sum = s->sum * 31 + msg->data[i];
	if (strlen(s->order) + 2 < sizeof(s->order))
		strcat(s->order, msg->type == WIRE_ROUTES ? "b" : "c");
	if (s->keep)
		s->held[s->held_count++] = peer_hold(msg);
}

static void on_question(void *arg, const struct peer_msg *msg)
{
	struct nsl_jw w = { 0 };
	struct side *s = arg;
	const char *how = "";

	ck_assert(msg->request);
	s->got[msg->type]++;
	nsl_json_get_str(msg->json, "how", &how, NULL);
	if (!strcmp(how, "refuse")) {
		peer_refuse(peer_token(msg), "no-slice", "there is no slice %s", msg->slice);
	} else if (!strcmp(how, "later")) {
		s->later = peer_token(msg);
	} else if (strcmp(how, "never")) {
		nsl_jw_object(&w, NULL);
		nsl_jw_str(&w, "from", s->config.node);
		nsl_jw_end(&w);
		peer_answer(peer_token(msg), &w);
	}
}

static void side_open(struct side *s)
{
	struct nsl_err err = { 0 };

	s->node = node_open(&s->config, &err);
	ck_assert_msg(s->node, "%s", err.text);
	s->store = store_open(base, s->dir, &err);
	ck_assert_msg(s->store, "%s", err.text);
	ck_assert_msg(!node_load(s->node, s->store, &err), "%s", err.text);
	s->peers = peers_open(base, &s->config, s->node, s->store, &err);
	ck_assert_msg(s->peers, "%s", err.text);
	ck_assert_int_eq(peers_watch(s->peers, &watch, s), 0);
	peers_handle(s->peers, WIRE_START, on_question, s);
	peers_handle(s->peers, WIRE_SEAL, on_question, s);
	peers_handle(s->peers, WIRE_ROUTES, on_message, s);
	peers_handle(s->peers, WIRE_HANDOVER, on_message, s);
	peers_handle(s->peers, WIRE_CONFIG, on_message, s);
}

static void side_close(struct side *s)
{
	peers_close(s->peers);
	store_close(s->store);
	node_close(s->node);
	s->peers = NULL;
}

static void side_make(struct side *s, const char *name)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->dir, sizeof(s->dir), "%s/%s", top, name);
	snprintf(s->config.node, sizeof(s->config.node), "%s", name);
	s->config.state_dir = s->dir;
	s->config.run_dir = s->dir;
	s->config.listen = true;
	strcpy(s->config.listen_address, "127.0.0.1");
	s->config.listen_port = free_port();
	s->config.heartbeat_ms = 200;
	s->config.dead_ms = 10000;
	side_open(s);
}

/* @s learns of @of; it dials only if it is told the address. */
static void introduce(struct side *s, const struct side *of, bool dial)
{
	struct config_peer c = { .port = of->config.listen_port };

	strcpy(c.name, of->config.node);
	if (dial)
		strcpy(c.address, "127.0.0.1");
	c.pin = *peers_own_pin(of->peers);
	ck_assert_int_eq(peers_set(s->peers, &c, false), 0);
}

static void setup(void)
{
	log_setup("test", false);
	signal(SIGPIPE, SIG_IGN);	/* as main.c does */
	strcpy(top + strlen(top) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	base = event_base_new();
	side_make(&a, "a");
	side_make(&b, "b");
}

static void teardown(void)
{
	char command[128];

	side_close(&a);
	side_close(&b);
	event_base_free(base);
	snprintf(command, sizeof(command), "rm -r %s", top);
	ck_assert_int_eq(system(command), 0);
}

static void tick(void)
{
	const struct timeval tv = { .tv_usec = 5000 };

	event_base_loopexit(base, &tv);
	ck_assert_int_ge(event_base_dispatch(base), 0);
}

#define UNTIL(what) do {						\
	time_t until_end = time(NULL) + LIMIT_S;			\
									\
	while (!(what)) {						\
		ck_assert_msg(time(NULL) < until_end, "never: %s", #what); \
		tick();							\
	}								\
} while (0)

static void run_ms(unsigned int ms)
{
	for (; ms > 5; ms -= 5)
		tick();
}

static struct peer *other(struct side *s)
{
	return peers_only(s->peers);
}

static void join(bool a_dials, bool b_dials)
{
	introduce(&a, &b, a_dials);
	introduce(&b, &a, b_dials);
	peers_start(a.peers);
	peers_start(b.peers);
	UNTIL(a.ups && b.ups && peer_is_up(other(&a)) && peer_is_up(other(&b)));
}

/* --- who gets in --- */

/* Whoever dials, both are up, once each, and know each other's hello. */
START_TEST(test_up)
{
	join(_i != 1, _i != 0);
	run_ms(500);
	ck_assert_str_eq(a.note, "of b");
	ck_assert_str_eq(b.note, "of a");
	ck_assert_str_eq(a.life, node_life(b.node));
	ck_assert_uint_eq(a.ups, a.downs + 1);
	ck_assert_uint_eq(b.ups, b.downs + 1);
	if (_i < 2) {
		ck_assert_uint_eq(a.ups, 1);
		ck_assert_uint_eq(b.ups, 1);
	}
}
END_TEST

static int port_open(uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int rc;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	rc = connect(fd, (struct sockaddr *)&sin, sizeof(sin));
	close(fd);
	return !rc;
}

START_TEST(test_port_follows_peers)
{
	peers_start(a.peers);
	tick();
	ck_assert(!port_open(a.config.listen_port));
	introduce(&a, &b, false);
	ck_assert(port_open(a.config.listen_port));
	peers_remove(a.peers, other(&a));
	tick();
	ck_assert(!port_open(a.config.listen_port));
}
END_TEST

/* b knows a, but a knows another key under b's name. */
START_TEST(test_unknown_key)
{
	struct config_peer c = { .port = b.config.listen_port };

	strcpy(c.name, "b");
	strcpy(c.address, "127.0.0.1");
	c.pin.b[0] = 0x55;
	ck_assert_int_eq(peers_set(a.peers, &c, false), 0);
	introduce(&b, &a, true);
	peers_start(a.peers);
	peers_start(b.peers);
	run_ms(1500);
	ck_assert_uint_eq(a.ups + b.ups, 0);
	ck_assert(!peer_is_up(other(&a)));
	ck_assert_uint_gt(strlen(peer_info(other(&b)).why), 0);
	/* and with the key as the second one it does, as in a rotation */
	c.has_next = true;
	c.next = *peers_own_pin(b.peers);
	ck_assert_int_eq(peers_set(a.peers, &c, false), 0);
	UNTIL(peer_is_up(other(&a)) && peer_is_up(other(&b)));
	/* the rotation ends with the other one: the connection ends with it */
	c.has_next = false;
	ck_assert_int_eq(peers_set(a.peers, &c, false), 0);
	UNTIL(a.downs && b.downs);
}
END_TEST

START_TEST(test_removed)
{
	join(true, true);
	peers_remove(a.peers, other(&a));
	ck_assert_ptr_null(other(&a));
	UNTIL(!peer_is_up(other(&b)));
	run_ms(500);
	ck_assert(!peer_is_up(other(&b)));
	introduce(&a, &b, true);
	UNTIL(peer_is_up(other(&a)) && peer_is_up(other(&b)));
}
END_TEST

/* Another life of the same node takes the place of its former one. */
START_TEST(test_another_life)
{
	char before[NODE_ID_LEN + 1];
	char id[NODE_ID_LEN + 1];

	join(true, true);
	strcpy(before, a.life);
	strcpy(id, node_id(b.node));
	side_close(&b);
	side_open(&b);
	introduce(&b, &a, true);
	peers_start(b.peers);
	ck_assert_str_eq(id, node_id(b.node));
	ck_assert_int_eq(node_previous_pid(b.node), getpid());
	UNTIL(strcmp(a.life, before) && peer_is_up(other(&a)) && peer_is_up(other(&b)));
	ck_assert_str_eq(a.life, node_life(b.node));
}
END_TEST

/* --- what arrives --- */

static void send_step(struct side *s, const char *slice, const char *step)
{
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "step", step);
	nsl_jw_end(&w);
	ck_assert_int_eq(peer_send_json(other(s), WIRE_HANDOVER, slice, &w), 0);
}

START_TEST(test_send)
{
	ck_assert_int_eq(peers_only(a.peers) == NULL, 1);
	introduce(&a, &b, true);
	ck_assert_int_eq(peer_send_json(other(&a), WIRE_HANDOVER, "red", NULL), -ENOTCONN);
	introduce(&b, &a, true);
	peers_start(a.peers);
	peers_start(b.peers);
	UNTIL(peer_is_up(other(&a)) && peer_is_up(other(&b)));
	send_step(&a, "red", "ready");
	UNTIL(b.got[WIRE_HANDOVER] == 1);
	ck_assert_str_eq(b.last_slice, "red");
	ck_assert_int_eq(peer_send_json(other(&a), WIRE_HANDOVER, "no/name", NULL), -EINVAL);
	ck_assert_int_eq(peer_send_data(other(&a), WIRE_ROUTES, "red", NULL, 300 * 1024),
			 -EMSGSIZE);
	/* what nobody handles is skipped */
	ck_assert_int_eq(peer_send_json(other(&a), WIRE_STATE, "red", NULL), 0);
	send_step(&a, "blue", "ready");
	UNTIL(b.got[WIRE_HANDOVER] == 2);
	ck_assert_uint_eq(a.downs + b.downs, 0);
}
END_TEST

/* Much bulk in several slices: all of it, and control does not wait behind it. */
START_TEST(test_bulk_and_control)
{
	static uint8_t data[200 * 1024];
	char slice[8] = "slice0";
	int i;

	join(true, true);
	for (i = 0; i < 60; i++) {
		slice[5] = (char)('0' + i % 3);
		ck_assert_int_eq(peer_send_data(other(&a), WIRE_ROUTES, slice, data,
						sizeof(data)), 0);
	}
	ck_assert_uint_gt(peer_queued(other(&a), "slice0"), PEER_QUEUE_HIGH);
	send_step(&a, "slice0", "ready");
	UNTIL(b.got[WIRE_ROUTES] == 60);
	ck_assert_uint_eq(b.got[WIRE_HANDOVER], 1);
	/* at most what one output buffer held was before it */
	ck_assert_msg(strchr(b.order, 'c') && strchr(b.order, 'c') - b.order < 6, "%s", b.order);
}
END_TEST

/* A message far longer than a frame and a window. */
START_TEST(test_long_message)
{
	size_t len = 6 * 1024 * 1024;
	char *text = malloc(len + 1);
	uint32_t sum = 0;
	size_t i;

	join(true, false);
	memset(text, ' ', len);
	memcpy(text, "{\"x\":[", 6);
	for (i = 6; i < len - 4; i++)
		text[i] = i % 2 ? ',' : (char)('0' + i % 10);
	memcpy(text + len - 4, "7]} ", 4);
	for (i = 0; i < len; i++)
		sum = sum * 31 + (uint8_t)text[i];
	ck_assert_int_eq(peer_send_data(other(&a), WIRE_CONFIG, "red", text, len), 0);
	UNTIL(b.got[WIRE_CONFIG] == 1 || a.downs);
	ck_assert_msg(!a.downs, "%s", a.why);
	ck_assert_uint_eq(b.last_len, len);
	ck_assert_uint_eq(b.sum, sum);
	free(text);
}
END_TEST

static void on_room(void *arg)
{
	++*(int *)arg;
}

/* A receiver that holds its credit stops the sender of that slice, and no other. */
START_TEST(test_hold)
{
	static uint8_t data[30 * 1024];
	unsigned int got;
	int room = 0;
	int i;

	join(true, true);
	b.keep = true;
	for (i = 0; i < 60; i++)
		ck_assert_int_eq(peer_send_data(other(&a), WIRE_ROUTES, "red", data,
						sizeof(data)), 0);
	ck_assert_int_eq(peer_when_room(other(&a), "red", on_room, &room), 0);
	UNTIL(b.got[WIRE_ROUTES] >= 30);
	run_ms(300);
	got = b.got[WIRE_ROUTES];
	ck_assert_uint_le(got, 1024 / 30);
	ck_assert_uint_gt(peer_queued(other(&a), "red"), 0);
	b.keep = false;
	ck_assert_int_eq(peer_send_data(other(&a), WIRE_ROUTES, "blue", data, 10), 0);
	UNTIL(b.got[WIRE_ROUTES] == got + 1);
	while (b.held_count)
		peer_release(b.held[--b.held_count]);
	UNTIL(b.got[WIRE_ROUTES] == 61);
	UNTIL(room == 1);
}
END_TEST

/* --- questions --- */

struct end {
	int calls;
	enum peer_outcome outcome;
	char code[32];
	char text[128];
	char from[32];
};

static void on_end(void *arg, const struct peer_answer *answer)
{
	struct end *end = arg;

	end->calls++;
	end->outcome = answer->outcome;
	snprintf(end->code, sizeof(end->code), "%s", answer->code);
	snprintf(end->text, sizeof(end->text), "%s", answer->text);
	if (answer->json)
		nsl_json_get_text(answer->json, "from", end->from, sizeof(end->from), NULL);
}

static void ask(struct side *s, enum wire_type type, const char *how, unsigned int ms,
		struct end *end)
{
	struct nsl_jw w = { 0 };

	memset(end, 0, sizeof(*end));
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "how", how);
	nsl_jw_end(&w);
	peer_ask_json(other(s), type, "red", &w, ms, on_end, end);
	ck_assert_int_eq(end->calls, 0);
}

START_TEST(test_ask)
{
	struct end one, two, three, bulk;

	join(true, true);
	ask(&a, WIRE_START, "", 30000, &one);
	ask(&b, WIRE_START, "refuse", 30000, &two);
	ask(&a, WIRE_SEAL, "", 30000, &bulk);
	UNTIL(one.calls && two.calls && bulk.calls);
	ck_assert_int_eq(one.outcome, PEER_OK);
	ck_assert_str_eq(one.from, "b");
	ck_assert_int_eq(two.outcome, PEER_REFUSED);
	ck_assert_str_eq(two.code, "no-slice");
	ck_assert_str_eq(two.text, "there is no slice red");
	ck_assert_str_eq(bulk.from, "b");
	/* nobody handles it */
	peer_ask_json(other(&a), WIRE_COMMIT, "red", NULL, 30000, on_end, &three);
	memset(&three, 0, sizeof(three));
	UNTIL(three.calls);
	ck_assert_int_eq(three.outcome, PEER_REFUSED);
	ck_assert_str_eq(three.code, "unsupported");
}
END_TEST

START_TEST(test_ask_later)
{
	struct end one;

	join(true, true);
	ask(&a, WIRE_START, "later", 30000, &one);
	UNTIL(b.got[WIRE_START]);
	run_ms(100);
	ck_assert_int_eq(one.calls, 0);
	peer_answer(b.later, NULL);
	UNTIL(one.calls);
	ck_assert_int_eq(one.outcome, PEER_OK);
	/* once more is an answer to nothing: too late, and no harm */
	peer_answer(b.later, NULL);
	run_ms(100);
	ck_assert_uint_eq(a.downs, 0);
}
END_TEST

START_TEST(test_ask_timeout)
{
	struct end one, forgotten;

	join(true, true);
	ask(&a, WIRE_START, "never", 200, &one);
	ask(&a, WIRE_START, "never", 100, &forgotten);
	peer_forget(other(&a), &forgotten);
	UNTIL(one.calls);
	ck_assert_int_eq(one.outcome, PEER_TIMEOUT);
	ck_assert_int_eq(forgotten.calls, 0);
}
END_TEST

START_TEST(test_ask_down)
{
	struct end one, two;

	join(true, true);
	ask(&a, WIRE_START, "later", 30000, &one);
	UNTIL(b.got[WIRE_START]);
	peer_drop(other(&b), "for the test");
	ck_assert(!peer_is_up(other(&b)));
	ck_assert_uint_eq(b.downs, 0);	/* never from inside */
	UNTIL(one.calls && b.downs);
	ck_assert_int_eq(one.outcome, PEER_DOWN);
	ck_assert_ptr_nonnull(strstr(a.why, "for the test"));
	/* a token of the lost connection is worth nothing on the next */
	ask(&a, WIRE_START, "", 30000, &two);
	UNTIL(two.calls);
	ck_assert_int_eq(two.outcome, PEER_DOWN);
	UNTIL(peer_is_up(other(&a)) && peer_is_up(other(&b)));
	peer_answer(b.later, NULL);
	run_ms(100);
	ck_assert_int_eq(one.calls, 1);
	ck_assert_uint_eq(a.downs, 1);
}
END_TEST

/* --- a peer with the right key that talks nonsense --- */

struct liar {
	struct tls *tls;
	struct bufferevent *bev;
	bool connected;
	bool gone;
};

static void liar_event(struct bufferevent *bev, short what, void *arg)
{
	struct liar *liar = arg;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED)
		liar->connected = true;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		liar->gone = true;
}

static bool anyone(void *arg, const struct tls_pin *pin)
{
	(void)arg;
	(void)pin;
	return true;
}

static void liar_connect(struct liar *liar)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(a.config.listen_port),
	};

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	liar->tls = tls_open(b.dir, anyone, NULL, NULL);
	ck_assert_ptr_nonnull(liar->tls);
	liar->bev = tls_client(liar->tls, base, -1);
	bufferevent_setcb(liar->bev, NULL, NULL, liar_event, liar);
	bufferevent_enable(liar->bev, EV_READ | EV_WRITE);
	ck_assert_int_eq(bufferevent_socket_connect(liar->bev, (struct sockaddr *)&sin,
						    sizeof(sin)), 0);
	UNTIL(liar->connected);
}

static void liar_frame(struct liar *liar, uint64_t seq, uint16_t type, uint16_t flags,
		       const char *body)
{
	struct wire_head head = { .type = type, .flags = flags, .seq = seq };
	uint8_t raw[WIRE_HEADER_LEN];
	const char *why;

	head.length = (uint32_t)strlen(body);
	if (flags & (WIRE_F_REPLY | WIRE_F_REQUEST))
		head.tag = 1;
	ck_assert_int_eq(wire_put_head(raw, &head, &why), 0);
	bufferevent_write(liar->bev, raw, sizeof(raw));
	bufferevent_write(liar->bev, body, head.length);
}

#define HELLO(version, id, required) \
	"{\"version\": " #version ", \"min_version\": " #version ", \"name\": \"liar\", " \
	"\"node_id\": \"" id "\", \"life\": \"1\", \"boot_id\": \"2\", \"pid\": 3, " \
	"\"required\": " required ", \"note\": \"of liar\"}"

static const char *const bad_hellos[] = {
	"", "{}", "[]", "{\"version\": 1}", "nonsense",
	HELLO(2, "77", "[]"), HELLO(1, "77", "[\"teleport\"]"), HELLO(1, "77", "{}"),
};

START_TEST(test_bad_hello)
{
	struct liar liar = { 0 };

	introduce(&a, &b, false);
	peers_start(a.peers);
	liar_connect(&liar);
	liar_frame(&liar, 1, WIRE_HELLO, 0, bad_hellos[_i]);
	UNTIL(liar.gone);
	ck_assert_uint_eq(a.ups, 0);
	tls_close_connection(liar.bev);
	tls_close(liar.tls);
}
END_TEST

/* After a hello that was right (and, where this node is the arbiter, chosen). */
START_TEST(test_bad_frame)
{
	static const uint8_t noise[200] = { 1, 2, 3 };
	struct liar liar = { 0 };

	introduce(&a, &b, false);
	peers_start(a.peers);
	liar_connect(&liar);
	if (_i == 0) {
		bufferevent_write(liar.bev, noise, sizeof(noise));
	} else if (_i == 1) {
		/* nothing before hello-ok */
		liar_frame(&liar, 1, WIRE_HELLO, 0, HELLO(1, "77", "[]"));
		liar_frame(&liar, 2, WIRE_HANDOVER, 0, "{}");
	} else {
		liar_frame(&liar, 1, WIRE_HELLO, 0, HELLO(1, "77", "[]"));
		liar_frame(&liar, 2, WIRE_HELLO_OK, 0, "{}");
		/* it may be up now; then these are wrong in other ways */
		if (_i == 2)
			liar_frame(&liar, 4, WIRE_HANDOVER, 0, "{}");
		else if (_i == 3)
			liar_frame(&liar, 3, WIRE_HANDOVER, 0, "{\"a\":1,\"a\":2}");
		else if (_i == 4)
			liar_frame(&liar, 3, WIRE_ROUTES, 0, "x");
		else if (_i == 5)
			liar_frame(&liar, 3, WIRE_CREDIT, 0, "{\"bytes\":1}");
		else if (_i == 6)
			liar_frame(&liar, 3, 999, WIRE_F_MUST, "");
		else
			liar_frame(&liar, 3, WIRE_HELLO, 0, HELLO(1, "77", "[]"));
	}
	UNTIL(liar.gone);
	ck_assert_uint_eq(a.got[WIRE_HANDOVER] + a.got[WIRE_ROUTES], 0);
	tls_close_connection(liar.bev);
	tls_close(liar.tls);
}
END_TEST

/* A stranger that connects and says nothing, or not TLS, keeps nobody out. */
START_TEST(test_strangers)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(a.config.listen_port),
	};
	int fd[8];
	int i;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	introduce(&a, &b, false);
	introduce(&b, &a, true);
	peers_start(a.peers);
	for (i = 0; i < 8; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		ck_assert_int_eq(connect(fd[i], (struct sockaddr *)&sin, sizeof(sin)), 0);
		if (i % 2)
			ck_assert_int_eq(write(fd[i], "GET / HTTP/1.0\r\n\r\n", 18), 18);
	}
	peers_start(b.peers);
	UNTIL(peer_is_up(other(&a)) && peer_is_up(other(&b)));
	for (i = 0; i < 8; i++)
		close(fd[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("peer");
	TCase *tc = tcase_create("peer");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 5 * LIMIT_S);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_up, 0, 4);
	tcase_add_test(tc, test_port_follows_peers);
	tcase_add_test(tc, test_unknown_key);
	tcase_add_test(tc, test_removed);
	tcase_add_test(tc, test_another_life);
	tcase_add_test(tc, test_send);
	tcase_add_test(tc, test_bulk_and_control);
	tcase_add_test(tc, test_long_message);
	tcase_add_test(tc, test_hold);
	tcase_add_test(tc, test_ask);
	tcase_add_test(tc, test_ask_later);
	tcase_add_test(tc, test_ask_timeout);
	tcase_add_test(tc, test_ask_down);
	tcase_add_loop_test(tc, test_bad_hello, 0,
			    (int)(sizeof(bad_hellos) / sizeof(bad_hellos[0])));
	tcase_add_loop_test(tc, test_bad_frame, 0, 8);
	tcase_add_test(tc, test_strangers);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
