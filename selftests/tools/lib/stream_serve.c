// SPDX-License-Identifier: GPL-2.0-or-later
/* The serving end: any number of connections, each checked and echoed. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "addr.h"
#include "json.h"
#include "opt.h"
#include "stream.h"

#define CONNECTIONS	256
#define BUFFER		65536

struct connection {
	int fd;
	uint64_t verified;		/* bytes received and right */
	size_t from, to;		/* what is still to be echoed */
	bool ended;			/* the other end sent its last byte */
	uint8_t buf[BUFFER];
};

struct server {
	const char *report, *bind;
	uint64_t port;
	int listener, signals;
	struct connection *conn[CONNECTIONS];
	int conns;
	uint64_t accepted, closed, broken, mismatched, verified, retransmits;
	char why[96];
};

static void open_listener(struct server *s)
{
	union sock_addr at = addr_parse(s->bind ? s->bind : "::", (uint16_t)s->port);
	int on = 1;

	s->listener = socket(at.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener < 0 ||
	    setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(s->listener, &at.sa, addr_len(&at)) || listen(s->listener, 64))
		die("port %d: %s", (int)s->port, strerror(errno));
}

static void open_signals(struct server *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		die("signalfd: %s", strerror(errno));
}

static void write_report(const struct server *s, bool final)
{
	uint64_t verified = s->verified, retransmits = s->retransmits;
	struct json j;

	for (int i = 0; i < s->conns; i++) {
		verified += s->conn[i]->verified;
		retransmits += stream_retransmits(s->conn[i]->fd);
	}
	json_begin(&j, s->report);
	json_object(&j, NULL);
	json_str(&j, "role", "serve");
	json_bool(&j, "final", final);
	json_u64(&j, "accepted", s->accepted);
	json_u64(&j, "open", (uint64_t)s->conns);
	json_u64(&j, "closed", s->closed);
	json_u64(&j, "broken", s->broken);
	json_str(&j, "why", s->why);
	json_u64(&j, "mismatched", s->mismatched);
	json_u64(&j, "verified_bytes", verified);
	json_u64(&j, "retransmits", retransmits);
	json_object_end(&j);
	json_publish(&j);
}

static void end_connection(struct server *s, int i, const char *why)
{
	struct connection *c = s->conn[i];

	s->closed++;
	if (why) {
		s->broken++;
		snprintf(s->why, sizeof(s->why), "%s", why);
	}
	s->verified += c->verified;
	s->retransmits += stream_retransmits(c->fd);
	close(c->fd);
	free(c);
	s->conn[i] = s->conn[--s->conns];
}

static void accept_all(struct server *s)
{
	int fd;

	while (s->conns < CONNECTIONS &&
	       (fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct connection *c = calloc(1, sizeof(*c));

		if (!c)
			die("out of memory");
		c->fd = fd;
		s->conn[s->conns++] = c;
		s->accepted++;
	}
}

/* Return: NULL, or why the connection is broken. */
static const char *take_bytes(struct server *s, struct connection *c)
{
	ssize_t n = recv(c->fd, c->buf, sizeof(c->buf), 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? NULL : strerror(errno);
	if (n == 0) {
		c->ended = true;
		return NULL;
	}
	if (stream_check(c->verified, c->buf, (size_t)n) != (size_t)n) {
		s->mismatched++;
		return "wrong bytes";
	}
	c->verified += (uint64_t)n;
	c->from = 0;
	c->to = (size_t)n;
	return NULL;
}

static const char *give_back(struct connection *c)
{
	ssize_t n = send(c->fd, c->buf + c->from, c->to - c->from, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? NULL : strerror(errno);
	c->from += (size_t)n;
	return NULL;
}

static void serve_connection(struct server *s, int i, short events)
{
	struct connection *c = s->conn[i];
	const char *why = NULL;

	if (c->from < c->to)
		why = give_back(c);
	else if (events & (POLLIN | POLLHUP | POLLERR))
		why = take_bytes(s, c);
	if (!why && c->from < c->to)
		why = give_back(c);
	if (why || c->ended)
		end_connection(s, i, why);
}

/* Return: true when it is time to end. */
static bool take_signals(struct server *s)
{
	struct signalfd_siginfo si;
	bool end = false;

	while (read(s->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGUSR1)
			write_report(s, false);
		else
			end = true;
	}
	return end;
}

static void serve(struct server *s)
{
	struct pollfd fd[CONNECTIONS + 2];

	do {
		fd[0] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
		fd[1] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
		for (int i = 0; i < s->conns; i++) {
			const struct connection *c = s->conn[i];

			fd[i + 2] = (struct pollfd){ .fd = c->fd,
				.events = c->from < c->to ? POLLOUT : POLLIN };
		}
		if (poll(fd, (nfds_t)s->conns + 2, -1) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		for (int i = s->conns - 1; i >= 0; i--)
			if (fd[i + 2].revents)
				serve_connection(s, i, fd[i + 2].revents);
		accept_all(s);
	} while (!take_signals(s));
}

int stream_serve(int argc, char **argv)
{
	static struct server s;
	const struct opt table[] = {
		{ .name = "port", .kind = OPT_U64, .to = &s.port, .need = true },
		{ .name = "report", .kind = OPT_STR, .to = &s.report, .need = true },
		{ .name = "bind", .kind = OPT_STR, .to = &s.bind },
		{ .kind = OPT_END },
	};

	if (opt_parse(table, argc, argv).words)
		die("serve: a word too many: %s", argv[0]);
	if (!s.port || s.port > 65535)
		die("--port: 1 to 65535");
	open_listener(&s);
	open_signals(&s);
	write_report(&s, false);
	serve(&s);
	while (s.conns)
		end_connection(&s, 0, "still open at the end");
	write_report(&s, true);
	return s.broken ? EXIT_FAIL : EXIT_PASS;
}
