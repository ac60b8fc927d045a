// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The running end.
 *
 * Longest stall: the longest time for which bytes were on their way and no
 * byte of the echo came. Behind its rate by more than a second it does not
 * catch up: the rate is what a user would have got.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "clock.h"
#include "json.h"
#include "opt.h"
#include "stream.h"

#define TICK_MS		20
#define BUFFER		65536

struct runner {
	const char *to, *bind, *report, *series, *name;
	uint64_t port, interval_ms;
	double rate, duration, linger, connect;

	int fd;
	FILE *series_file;
	uint64_t started_ns, last_ns, series_due_ns;
	uint64_t sent, verified, series_verified;
	uint64_t forgiven;		/* bytes that the rate asked for and a stall swallowed */
	uint64_t waiting_since_ns;	/* 0: nothing is on its way */
	uint64_t stall_ns, stall_at_ns;
	uint64_t retransmits;
	bool broken, ended, closing;
	char why[96];
};

static volatile sig_atomic_t stop, tell;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		tell = 1;
	else
		stop = 1;
}

static void catch_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal };

	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGUSR1, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void write_report(const struct runner *r, bool final)
{
	struct json j;

	json_begin(&j, r->report);
	json_object(&j, NULL);
	json_str(&j, "role", "run");
	json_bool(&j, "final", final);
	json_str(&j, "name", r->name);
	json_str(&j, "to", r->to);
	json_bool(&j, "broken", r->broken);
	json_str(&j, "why", r->why);
	json_u64(&j, "bytes", r->sent);
	json_u64(&j, "verified_bytes", r->verified);
	json_u64(&j, "retransmits", r->retransmits);
	json_ms(&j, "longest_stall_ms", (int64_t)r->stall_ns);
	json_ms(&j, "longest_stall_at_ms", (int64_t)r->stall_at_ns);
	json_ms(&j, "elapsed_ms", (int64_t)(r->last_ns - r->started_ns));
	json_object_end(&j);
	json_publish(&j);
}

static void break_off(struct runner *r, const char *why)
{
	if (!r->broken)
		snprintf(r->why, sizeof(r->why), "%s", why);
	r->broken = true;
}

static bool finish_connect(struct runner *r)
{
	struct pollfd fd = { .fd = r->fd, .events = POLLOUT };
	int error = 0;
	socklen_t len = sizeof(error);

	if (poll(&fd, 1, (int)(r->connect * 1000)) <= 0) {
		break_off(r, "no connection in time");
		return false;
	}
	getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error)
		break_off(r, strerror(error));
	return !error;
}

static bool open_connection(struct runner *r)
{
	union sock_addr to = addr_parse(r->to, (uint16_t)r->port);

	r->fd = socket(to.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (r->fd < 0)
		die("socket: %s", strerror(errno));
	stream_nonblocking(r->fd);
	if (r->bind) {
		union sock_addr from = addr_parse(r->bind, 0);

		if (bind(r->fd, &from.sa, addr_len(&from)))
			die("--bind %s: %s", r->bind, strerror(errno));
	}
	if (!connect(r->fd, &to.sa, addr_len(&to)))
		return true;
	if (errno == EINPROGRESS)
		return finish_connect(r);
	break_off(r, strerror(errno));
	return false;
}

static uint64_t due_bytes(struct runner *r, uint64_t now)
{
	uint64_t due = (uint64_t)((double)(now - r->started_ns) / 1e9 * r->rate) - r->forgiven;

	if (due > r->sent + (uint64_t)r->rate + BUFFER) {
		r->forgiven += due - r->sent - BUFFER;
		due = r->sent + BUFFER;
	}
	return due > r->sent ? due - r->sent : 0;
}

static void send_due(struct runner *r, uint64_t now)
{
	uint64_t due = r->closing ? 0 : due_bytes(r, now);
	uint8_t buf[BUFFER];

	while (due && !r->broken) {
		size_t len = due < sizeof(buf) ? due : sizeof(buf);
		ssize_t n;

		stream_fill(r->sent, buf, len);
		n = send(r->fd, buf, len, MSG_NOSIGNAL);
		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR)
				break_off(r, strerror(errno));
			return;
		}
		if (!r->waiting_since_ns)
			r->waiting_since_ns = now;
		r->sent += (uint64_t)n;
		due -= (uint64_t)n;
	}
}

static void note_progress(struct runner *r, uint64_t now)
{
	uint64_t waited = r->waiting_since_ns ? now - r->waiting_since_ns : 0;

	if (waited > r->stall_ns) {
		r->stall_ns = waited;
		r->stall_at_ns = clock_real();
	}
}

static void take_echo(struct runner *r)
{
	uint8_t buf[BUFFER];
	ssize_t n;

	while (!r->broken && (n = recv(r->fd, buf, sizeof(buf), 0)) != 0) {
		uint64_t now = clock_mono();

		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR)
				break_off(r, strerror(errno));
			return;
		}
		if (r->verified + (uint64_t)n > r->sent ||
		    stream_check(r->verified, buf, (size_t)n) != (size_t)n) {
			break_off(r, "wrong bytes came back");
			return;
		}
		note_progress(r, now);
		r->verified += (uint64_t)n;
		r->waiting_since_ns = r->verified < r->sent ? now : 0;
	}
	if (r->broken)
		return;
	r->ended = true;
	if (!r->closing || r->verified != r->sent)
		break_off(r, "the other end closed before all had come back");
}

static void write_series(struct runner *r, uint64_t now)
{
	struct json j = json_line(r->series_file);

	json_object(&j, NULL);
	json_ms(&j, "t_ms", (int64_t)clock_real());
	json_str(&j, "name", r->name);
	json_u64(&j, "verified", r->verified - r->series_verified);
	json_u64(&j, "verified_total", r->verified);
	json_u64(&j, "retransmits_total", r->retransmits);
	json_object_end(&j);
	json_line_end(&j);
	fflush(r->series_file);
	r->series_verified = r->verified;
	while (r->series_due_ns <= now)
		r->series_due_ns += r->interval_ms * NS_PER_MS;
}

static void step(struct runner *r)
{
	struct pollfd fd = { .fd = r->fd, .events = POLLIN };
	uint64_t now;

	poll(&fd, 1, TICK_MS);
	if (fd.revents)
		take_echo(r);
	now = clock_mono();
	r->last_ns = now;
	if (!r->broken && !r->ended)
		send_due(r, now);
	r->retransmits = stream_retransmits(r->fd);
	if (r->series_file && now >= r->series_due_ns)
		write_series(r, now);
	if (tell) {
		tell = 0;
		write_report(r, false);
	}
}

static bool time_is_up(const struct runner *r)
{
	return stop || (r->duration > 0 &&
			(double)(clock_mono() - r->started_ns) >= r->duration * 1e9);
}

/* Sends no more, and waits for the rest of the echo and the other end's last word. */
static void close_down(struct runner *r)
{
	uint64_t end = clock_mono() + (uint64_t)(r->linger * 1e9);

	r->closing = true;
	shutdown(r->fd, SHUT_WR);
	while (!r->broken && !r->ended && clock_mono() < end)
		step(r);
	note_progress(r, clock_mono());
	if (!r->broken && !r->ended)
		break_off(r, "the rest did not come back in time");
	if (!r->sent)
		break_off(r, "nothing was sent");
}

static void open_series(struct runner *r)
{
	char *path = NULL;

	if (!r->interval_ms)
		return;
	if (!r->series && asprintf(&path, "%s.series", r->report) < 0)
		die("out of memory");
	r->series_file = fopen(path ? path : r->series, "w");
	if (!r->series_file)
		die("%s: %s", path ? path : r->series, strerror(errno));
	free(path);
}

static void run(struct runner *r)
{
	r->started_ns = r->last_ns = clock_mono();
	r->series_due_ns = r->started_ns + r->interval_ms * NS_PER_MS;
	if (!open_connection(r))
		return;
	r->started_ns = clock_mono();
	write_report(r, false);
	while (!r->broken && !r->ended && !time_is_up(r))
		step(r);
	if (!r->broken)
		close_down(r);
}

int stream_run(int argc, char **argv)
{
	struct runner r = { .linger = 30, .connect = 30, .name = "" };
	const struct opt table[] = {
		{ .name = "to", .kind = OPT_STR, .to = &r.to, .need = true },
		{ .name = "port", .kind = OPT_U64, .to = &r.port, .need = true },
		{ .name = "rate", .kind = OPT_DBL, .to = &r.rate, .need = true },
		{ .name = "report", .kind = OPT_STR, .to = &r.report, .need = true },
		{ .name = "bind", .kind = OPT_STR, .to = &r.bind },
		{ .name = "duration", .kind = OPT_DBL, .to = &r.duration },
		{ .name = "linger", .kind = OPT_DBL, .to = &r.linger },
		{ .name = "connect", .kind = OPT_DBL, .to = &r.connect },
		{ .name = "name", .kind = OPT_STR, .to = &r.name },
		{ .name = "interval", .kind = OPT_U64, .to = &r.interval_ms },
		{ .name = "series", .kind = OPT_STR, .to = &r.series },
		{ .kind = OPT_END },
	};

	if (opt_parse(table, argc, argv).words)
		die("run: a word too many: %s", argv[0]);
	if (!r.port || r.port > 65535 || !(r.rate >= 1 && r.rate <= 1e9))
		die("--port: 1 to 65535; --rate: 1 to 1000000000");
	catch_signals();
	open_series(&r);
	run(&r);
	if (r.series_file)
		write_series(&r, clock_mono());
	write_report(&r, true);
	if (r.broken)
		warn("run: %s", r.why);
	return r.broken ? EXIT_FAIL : EXIT_PASS;
}
