/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two nodes on one loop, joined by real TLS over the loopback: for test_release.c. */
#ifndef UNIT_RELEASE_NODES_H
#define UNIT_RELEASE_NODES_H

#include <arpa/inet.h>
#include <check.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/err.h"
#include "sliced/peers.h"
#include "sliced/release.h"
#include "sliced/sliced.h"
#include "sliced/store.h"
#include "sliced/work.h"

#define LIMIT_S		120

struct side {
	char		dir[64];
	struct config	config;
	struct sliced	sliced;
};

static struct event_base *base;
static struct side a, b;
static char top[] = "/tmp/netslice-release-XXXXXX";

static void run(const char *fmt, ...)
{
	char command[2000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	ck_assert_msg(!system(command), "%s", command);
}

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

static void side_open(struct side *s, bool with_releases)
{
	struct nsl_err err = { 0 };

	s->sliced = (struct sliced){ .base = base, .config = &s->config };
	s->sliced.work = work_new(base);
	s->sliced.node = node_open(&s->config, &err);
	ck_assert_msg(s->sliced.node, "%s", err.text);
	s->sliced.store = store_open(base, s->dir, &err);
	ck_assert_msg(s->sliced.store, "%s", err.text);
	ck_assert_msg(!node_load(s->sliced.node, s->sliced.store, &err), "%s", err.text);
	s->sliced.peers = peers_open(base, &s->config, s->sliced.node, s->sliced.store, &err);
	ck_assert_msg(s->sliced.peers, "%s", err.text);
	if (with_releases)
		ck_assert_msg(!releases_init(&s->sliced, &err), "%s", err.text);
}

/* In the order of main.c. */
static void side_close(struct side *s)
{
	peers_stop(s->sliced.peers);
	work_stop(s->sliced.work);
	store_stop(s->sliced.store);
	releases_exit(&s->sliced);
	peers_close(s->sliced.peers);
	store_close(s->sliced.store);
	work_free(s->sliced.work);
	node_close(s->sliced.node);
}

static void side_make(struct side *s, const char *name, bool with_releases)
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
	side_open(s, with_releases);
}

static void introduce(struct side *s, const struct side *of, bool dial)
{
	struct config_peer c = { .port = of->config.listen_port };

	strcpy(c.name, of->config.node);
	if (dial)
		strcpy(c.address, "127.0.0.1");
	c.pin = *peers_own_pin(of->sliced.peers);
	ck_assert_int_eq(peers_set(s->sliced.peers, &c, false), 0);
}

static void tick(void)
{
	const struct timeval tv = { .tv_usec = 2000 };

	event_base_loopexit(base, &tv);
	ck_assert_int_ge(event_base_dispatch(base), 0);
}

#define until(what) do {						\
	const time_t end_ = time(NULL) + LIMIT_S;			\
									\
	while (!(what)) {						\
		ck_assert_msg(time(NULL) < end_, "never: " #what);	\
		tick();							\
	}								\
} while (0)

static void run_ms(unsigned int ms)
{
	for (; ms > 2; ms -= 2)
		tick();
}

static struct peer *other(struct side *s)
{
	return peers_only(s->sliced.peers);
}

static void join(void)
{
	introduce(&a, &b, true);
	introduce(&b, &a, false);
	peers_start(a.sliced.peers);
	peers_start(b.sliced.peers);
	until(peer_is_up(other(&a)) && peer_is_up(other(&b)));
}

#endif
