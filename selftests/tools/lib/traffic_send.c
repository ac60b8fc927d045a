// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sender. Packets leave on an absolute time table; a sender that was held
 * up sends at most BURST packets in a row and then moves the table, so that
 * its own catching up does not overflow a queue and look like loss.
 *
 * A number is used up only by a packet that the kernel took. IP_RECVERR is
 * what makes a full qdisc say ENOBUFS instead of dropping silently, and what
 * queues ICMP errors with their origin.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <time.h>
#include <linux/errqueue.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "addr.h"
#include "clock.h"
#include "json.h"
#include "opt.h"
#include "traffic.h"

#define BURST		4
#define ERRNO_KINDS	16

struct send_errno {
	int code;
	uint64_t count;
};

struct sender {
	const char *to, *bind, *device, *name, *report, *series;
	uint64_t port, flow, size, count, tos, ttl, interval_ms;
	double rate, duration;

	int fd;
	int family;
	FILE *series_file;
	uint8_t *buf;
	struct traffic_head head;	/* .seq is the next number to send */
	uint64_t period_ns;
	uint64_t started_ns, last_ns, longest_gap_ns, series_due_ns, series_seq;
	uint64_t table_moved;
	uint64_t icmp_errors, local_errors;
	uint8_t icmp_type, icmp_code;
	char icmp_from[ADDR_TEXT];
	struct send_errno error[ERRNO_KINDS];
};

static volatile sig_atomic_t stop, tell;

static void on_stop(int sig)
{
	(void)sig;
	stop = 1;
}

static void on_tell(int sig)
{
	(void)sig;
	tell = 1;
}

static void catch_signals(void)
{
	struct sigaction end = { .sa_handler = on_stop };
	struct sigaction now = { .sa_handler = on_tell };

	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGUSR1, &now, NULL);
}

static void set(const struct sender *s, int v4, int v6, int value, const char *what)
{
	int level = s->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int name = s->family == AF_INET ? v4 : v6;

	if (setsockopt(s->fd, level, name, &value, sizeof(value)))
		die("%s: %s", what, strerror(errno));
}

static void open_socket(struct sender *s)
{
	union sock_addr to = addr_parse(s->to, (uint16_t)s->port);

	s->family = to.sa.sa_family;
	s->fd = socket(s->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		die("socket: %s", strerror(errno));
	set(s, IP_RECVERR, IPV6_RECVERR, 1, "RECVERR");
	if (s->tos)
		set(s, IP_TOS, IPV6_TCLASS, (int)s->tos, "--tos");
	if (s->ttl)
		set(s, IP_TTL, IPV6_UNICAST_HOPS, (int)s->ttl, "--ttl");
	if (s->device && setsockopt(s->fd, SOL_SOCKET, SO_BINDTODEVICE, s->device,
				    (socklen_t)strlen(s->device)))
		die("--device %s: %s", s->device, strerror(errno));
	if (s->bind) {
		union sock_addr from = addr_parse(s->bind, 0);

		if (bind(s->fd, &from.sa, addr_len(&from)))
			die("--bind %s: %s", s->bind, strerror(errno));
	}
	if (connect(s->fd, &to.sa, addr_len(&to)))
		die("--to %s: %s", s->to, strerror(errno));
}

static void write_report(const struct sender *s, bool final)
{
	struct json j;

	if (!s->report)
		return;
	json_begin(&j, s->report);
	json_object(&j, NULL);
	json_str(&j, "role", "send");
	json_bool(&j, "final", final);
	json_u64(&j, "flow", s->head.flow);
	json_str(&j, "name", s->name);
	json_u64(&j, "run", s->head.run);
	json_str(&j, "to", s->to);
	json_u64(&j, "port", s->port);
	json_u64(&j, "size", s->size);
	json_double(&j, "rate_pps", s->rate);
	json_u64(&j, "sent", s->head.seq);
	json_ms(&j, "elapsed_ms", (int64_t)(s->last_ns - s->started_ns));
	json_ms(&j, "longest_send_gap_ms", (int64_t)s->longest_gap_ns);
	json_u64(&j, "table_moved", s->table_moved);
	json_object(&j, "send_errors");
	for (int i = 0; i < ERRNO_KINDS && s->error[i].count; i++)
		json_u64(&j, strerrorname_np(s->error[i].code), s->error[i].count);
	json_object_end(&j);
	json_u64(&j, "icmp_errors", s->icmp_errors);
	json_u64(&j, "local_errors", s->local_errors);
	if (s->icmp_errors) {
		json_object(&j, "icmp_last");
		json_u64(&j, "type", s->icmp_type);
		json_u64(&j, "code", s->icmp_code);
		json_str(&j, "from", s->icmp_from);
		json_object_end(&j);
	}
	json_object_end(&j);
	json_publish(&j);
}

static void count_errno(struct sender *s, int code)
{
	for (int i = 0; i < ERRNO_KINDS; i++) {
		if (s->error[i].count && s->error[i].code != code)
			continue;
		s->error[i].code = code;
		s->error[i].count++;
		return;
	}
}

static void note_error(struct sender *s, const struct sock_extended_err *e)
{
	if (e->ee_origin != SO_EE_ORIGIN_ICMP && e->ee_origin != SO_EE_ORIGIN_ICMP6) {
		s->local_errors++;
		return;
	}
	s->icmp_errors++;
	s->icmp_type = e->ee_type;
	s->icmp_code = e->ee_code;
	if (SO_EE_OFFENDER(e)->sa_family == s->family)
		addr_text((const union sock_addr *)(const void *)SO_EE_OFFENDER(e), s->icmp_from);
}

static void read_errors(struct sender *s)
{
	uint8_t control[512], data[64];

	for (;;) {
		struct iovec iov = { data, sizeof(data) };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = sizeof(control),
		};

		if (recvmsg(s->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
			if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
			    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
				note_error(s, (const void *)CMSG_DATA(c));
	}
}

static bool hopeless(int code)
{
	return code == EMSGSIZE || code == EACCES || code == EINVAL || code == EBADF;
}

/* Return: true when the packet left and its number is used up. */
static bool send_one(struct sender *s)
{
	uint64_t now = clock_mono();

	s->head.sent_ns = now;
	traffic_fill(s->buf, s->size, &s->head);
	if (send(s->fd, s->buf, s->size, 0) != (ssize_t)s->size) {
		int code = errno;

		if (code == EINTR)
			return false;
		if (hopeless(code))
			die("send: %s", strerror(code));
		count_errno(s, code);
		read_errors(s);
		return false;
	}
	if (s->head.seq && now - s->last_ns > s->period_ns + s->longest_gap_ns)
		s->longest_gap_ns = now - s->last_ns - s->period_ns;
	s->last_ns = now;
	s->head.seq++;
	return true;
}

static void write_series(struct sender *s, uint64_t now)
{
	struct json j = json_line(s->series_file);

	json_object(&j, NULL);
	json_ms(&j, "t_ms", (int64_t)clock_real());
	json_u64(&j, "flow", s->head.flow);
	json_u64(&j, "sent", s->head.seq - s->series_seq);
	json_u64(&j, "sent_total", s->head.seq);
	json_object_end(&j);
	json_line_end(&j);
	fflush(s->series_file);
	s->series_seq = s->head.seq;
	while (s->series_due_ns <= now)
		s->series_due_ns += s->interval_ms * NS_PER_MS;
}

static void housekeeping(struct sender *s, uint64_t now)
{
	if (s->series_file && now >= s->series_due_ns)
		write_series(s, now);
	if (tell) {
		tell = 0;
		write_report(s, false);
	}
}

static bool done(const struct sender *s, uint64_t now)
{
	if (stop || (s->count && s->head.seq >= s->count))
		return true;
	return s->duration > 0 && (double)(now - s->started_ns) >= s->duration * 1e9;
}

static void send_all(struct sender *s)
{
	uint64_t due = clock_mono(), now = due;

	s->started_ns = s->last_ns = due;
	s->series_due_ns = due + s->interval_ms * NS_PER_MS;
	while (!done(s, now)) {
		if (clock_sleep_until(due) == 0) {
			send_one(s);
			due += s->period_ns;
		}
		now = clock_mono();
		if (now > due + BURST * s->period_ns) {
			due = now;
			s->table_moved++;
		}
		housekeeping(s, now);
	}
}

static void check_options(struct sender *s)
{
	if (!s->port || s->port > 65535)
		die("--port: 1 to 65535");
	if (s->flow > UINT32_MAX)
		die("--flow: at most 32 bits");
	if (s->size < TRAFFIC_MIN || s->size > TRAFFIC_MAX)
		die("--size: %u to %u", TRAFFIC_MIN, TRAFFIC_MAX);
	if (!(s->rate > 0 && s->rate <= 1e6))
		die("--rate: above 0, at most 1000000");
	if (s->tos > 255 || s->ttl > 255)
		die("--tos and --ttl: at most 255");
	if (s->series && !s->interval_ms)
		die("--series wants --interval");
}

static void prepare(struct sender *s)
{
	s->head.flow = (uint32_t)s->flow;
	s->period_ns = (uint64_t)llround(1e9 / s->rate);
	s->head.interval_ns = s->period_ns > UINT32_MAX ? UINT32_MAX : (uint32_t)s->period_ns;
	/* 48 bits, so that it passes through any JSON reader unharmed. */
	if (getrandom(&s->head.run, 6, 0) != 6)
		die("getrandom: %s", strerror(errno));
	s->buf = malloc(s->size);
	if (!s->buf)
		die("out of memory");
	if (s->interval_ms && !s->series && !s->report)
		die("--interval wants --series or --report");
	if (s->interval_ms && !s->series) {
		char *path;

		if (asprintf(&path, "%s.series", s->report) < 0)
			die("out of memory");
		s->series = path;
	}
	if (s->interval_ms) {
		s->series_file = fopen(s->series, "w");
		if (!s->series_file)
			die("%s: %s", s->series, strerror(errno));
	}
	prctl(PR_SET_TIMERSLACK, 1UL);
}

int traffic_send(int argc, char **argv)
{
	struct sender s = { .size = 128, .name = "" };
	const struct opt table[] = {
		{ .name = "to", .kind = OPT_STR, .to = &s.to, .need = true },
		{ .name = "port", .kind = OPT_U64, .to = &s.port, .need = true },
		{ .name = "flow", .kind = OPT_U64, .to = &s.flow, .need = true },
		{ .name = "rate", .kind = OPT_DBL, .to = &s.rate, .need = true },
		{ .name = "size", .kind = OPT_U64, .to = &s.size },
		{ .name = "count", .kind = OPT_U64, .to = &s.count },
		{ .name = "duration", .kind = OPT_DBL, .to = &s.duration },
		{ .name = "bind", .kind = OPT_STR, .to = &s.bind },
		{ .name = "device", .kind = OPT_STR, .to = &s.device },
		{ .name = "tos", .kind = OPT_U64, .to = &s.tos },
		{ .name = "ttl", .kind = OPT_U64, .to = &s.ttl },
		{ .name = "name", .kind = OPT_STR, .to = &s.name },
		{ .name = "report", .kind = OPT_STR, .to = &s.report },
		{ .name = "interval", .kind = OPT_U64, .to = &s.interval_ms },
		{ .name = "series", .kind = OPT_STR, .to = &s.series },
		{ .kind = OPT_END },
	};

	if (opt_parse(table, argc, argv).words)
		die("send: a word too many: %s", argv[0]);
	check_options(&s);
	catch_signals();
	open_socket(&s);
	prepare(&s);
	send_all(&s);
	read_errors(&s);
	if (s.series_file)
		write_series(&s, clock_mono());
	write_report(&s, true);
	return s.head.seq ? EXIT_PASS : EXIT_FAIL;
}
