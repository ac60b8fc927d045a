// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The receiver. One process takes any number of flows of both families; two
 * sockets, unless --bind names addresses. It reports first when it listens,
 * so that a script can wait for the file and then start its senders.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "flow.h"
#include "opt.h"
#include "overflow.h"

#define SOCKETS		8
#define BATCH		64
#define CONTROL		256
#define RCVBUF		(32 << 20)

struct slot {
	union sock_addr from;
	struct iovec iov;
	uint8_t control[CONTROL];
	uint8_t data[TRAFFIC_MAX + 1];
};

struct receiver {
	const char *report, *series, *device;
	uint64_t port, drain_ms, ranges, interval_ms;
	union sock_addr bind[SOCKETS];
	int binds;

	struct pollfd fd[SOCKETS + 2];	/* the sockets, then signals, then the timer */
	int sockets;
	FILE *series_file;
	struct flow_table table;
	int64_t real_ahead;
	uint64_t ahead_at_ns;
	uint64_t packets, foreign, truncated;
	uint64_t checksum_before, softnet_before;
	struct mmsghdr msg[BATCH];
	struct slot *slot;
};

static void option(int fd, int level, int name, int value, const char *what)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		die("%s: %s", what, strerror(errno));
}

static void ask_for_details(int fd, int family)
{
	option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
	if (family == AF_INET) {
		option(fd, IPPROTO_IP, IP_RECVTOS, 1, "IP_RECVTOS");
		option(fd, IPPROTO_IP, IP_RECVTTL, 1, "IP_RECVTTL");
	} else {
		option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
		option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS");
		option(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT");
	}
}

static void open_one(struct receiver *r, const union sock_addr *at)
{
	int fd = socket(at->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char text[ADDR_TEXT];
	int size = RCVBUF;

	if (fd < 0)
		die("socket: %s", strerror(errno));
	ask_for_details(fd, at->sa.sa_family);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		option(fd, SOL_SOCKET, SO_RCVBUF, size, "SO_RCVBUF");
	if (r->device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, r->device,
				    (socklen_t)strlen(r->device)))
		die("--device %s: %s", r->device, strerror(errno));
	if (bind(fd, &at->sa, addr_len(at)))
		die("bind %s: %s", addr_text(at, text), strerror(errno));
	r->fd[r->sockets++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void open_sockets(struct receiver *r)
{
	if (!r->binds) {
		r->bind[r->binds++] = addr_parse("0.0.0.0", 0);
		r->bind[r->binds++] = addr_parse("::", 0);
	}
	for (int i = 0; i < r->binds; i++) {
		if (r->bind[i].sa.sa_family == AF_INET)
			r->bind[i].in.sin_port = htons((uint16_t)r->port);
		else
			r->bind[i].in6.sin6_port = htons((uint16_t)r->port);
		open_one(r, &r->bind[i]);
	}
}

static void open_signals(struct receiver *r)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die("signalfd: %s", strerror(errno));
	r->fd[r->sockets] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void open_timer(struct receiver *r)
{
	struct timespec ts = {
		.tv_sec = (time_t)(r->interval_ms / 1000),
		.tv_nsec = (long)(r->interval_ms % 1000 * NS_PER_MS),
	};
	struct itimerspec its = { ts, ts };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &its, NULL))
		die("timerfd: %s", strerror(errno));
	r->fd[r->sockets + 1] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void open_series(struct receiver *r)
{
	char *path = NULL;

	if (!r->interval_ms)
		return;
	if (!r->series && asprintf(&path, "%s.series", r->report) < 0)
		die("out of memory");
	if (!r->series)
		r->series = path;
	r->series_file = fopen(r->series, "w");
	if (!r->series_file)
		die("%s: %s", r->series, strerror(errno));
}

static void prepare_batch(struct receiver *r)
{
	r->slot = calloc(BATCH, sizeof(*r->slot));
	if (!r->slot)
		die("out of memory");
	for (int i = 0; i < BATCH; i++) {
		struct slot *s = &r->slot[i];

		s->iov = (struct iovec){ s->data, sizeof(s->data) };
		r->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &s->from, .msg_iov = &s->iov, .msg_iovlen = 1,
			.msg_control = s->control,
		};
	}
}

/* The two clocks drift apart only when somebody sets the time: once a second is enough. */
static void refresh_clocks(struct receiver *r)
{
	uint64_t now = clock_mono();

	if (r->ahead_at_ns && now - r->ahead_at_ns < NS_PER_S)
		return;
	r->real_ahead = clock_real_ahead();
	r->ahead_at_ns = now;
}

static void read_control(struct receiver *r, struct msghdr *m, struct arrival *a)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		const void *data = CMSG_DATA(c);

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec ts;

			memcpy(&ts, data, sizeof(ts));
			a->at_ns = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec -
				   (uint64_t)r->real_ahead;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
			a->tos = *(const uint8_t *)data;
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
			   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			int value;

			memcpy(&value, data, sizeof(value));
			a->ttl = (uint8_t)value;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
			int value;

			memcpy(&value, data, sizeof(value));
			a->tos = (uint8_t)value;
		}
	}
}

static void take(struct receiver *r, struct mmsghdr *m, const struct slot *s)
{
	struct arrival a = { .at_ns = clock_mono(), .from = &s->from };
	struct traffic_head head;
	enum traffic_fault fault;
	struct flow *f;

	r->packets++;
	if (m->msg_hdr.msg_flags & MSG_TRUNC) {
		r->truncated++;
		return;
	}
	fault = traffic_read(s->data, m->msg_len, &head);
	if (fault == TRAFFIC_FOREIGN) {
		r->foreign++;
		return;
	}
	read_control(r, &m->msg_hdr, &a);
	a.corrupt = fault == TRAFFIC_CORRUPT;
	f = flow_get(&r->table, &head);
	if (f)
		flow_add(f, &head, &a);
}

static int take_batch(struct receiver *r, int fd)
{
	int n;

	for (int i = 0; i < BATCH; i++) {
		r->msg[i].msg_hdr.msg_namelen = sizeof(r->slot[i].from);
		r->msg[i].msg_hdr.msg_controllen = CONTROL;
	}
	n = recvmmsg(fd, r->msg, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		take(r, &r->msg[i], &r->slot[i]);
	return n < 0 ? 0 : n;
}

/* Takes what lies in the sockets, one batch each, so that signals get their turn. */
static int take_all(struct receiver *r)
{
	int n = 0;

	refresh_clocks(r);
	for (int i = 0; i < r->sockets; i++)
		n += take_batch(r, r->fd[i].fd);
	return n;
}

static uint64_t overflowed(const struct receiver *r)
{
	uint64_t sum = 0;

	for (int i = 0; i < r->sockets; i++)
		sum += overflow_socket(r->fd[i].fd);
	return sum;
}

static void write_report(struct receiver *r, bool final)
{
	uint64_t checksum = overflow_checksum() - r->checksum_before;
	uint64_t dropped = overflowed(r);
	struct json j;

	refresh_clocks(r);
	json_begin(&j, r->report);
	json_object(&j, NULL);
	json_str(&j, "role", "recv");
	json_bool(&j, "final", final);
	json_u64(&j, "port", r->port);
	json_u64(&j, "packets", r->packets);
	/* The kernel counts a bad checksum as a drop of the socket, too. */
	json_u64(&j, "receiver_overflow", dropped > checksum ? dropped - checksum : 0);
	json_u64(&j, "checksum_errors", checksum);
	json_u64(&j, "softnet_dropped", overflow_softnet() - r->softnet_before);
	json_u64(&j, "foreign", r->foreign + r->table.refused);
	json_u64(&j, "truncated", r->truncated);
	json_array(&j, "flows");
	for (unsigned int i = 0; i < FLOW_BUCKETS; i++)
		for (struct flow *f = r->table.bucket[i]; f; f = f->next)
			flow_report(f, &j, r->real_ahead, r->ranges);
	json_array_end(&j);
	json_object_end(&j);
	json_publish(&j);
}

static void write_series(struct receiver *r)
{
	uint64_t now = clock_real();

	if (!r->series_file)
		return;
	for (unsigned int i = 0; i < FLOW_BUCKETS; i++)
		for (struct flow *f = r->table.bucket[i]; f; f = f->next)
			flow_series(f, r->series_file, now);
	fflush(r->series_file);
}

/* Return: true when it is time to end. */
static bool take_signals(struct receiver *r)
{
	struct signalfd_siginfo si;
	bool end = false;

	while (read(r->fd[r->sockets].fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGUSR1)
			write_report(r, false);
		else
			end = true;
	}
	return end;
}

static void take_timer(struct receiver *r)
{
	uint64_t ticks;

	if (r->interval_ms && read(r->fd[r->sockets + 1].fd, &ticks, sizeof(ticks)) > 0)
		write_series(r);
}

static void receive(struct receiver *r)
{
	nfds_t fds = (nfds_t)r->sockets + 1 + (r->interval_ms ? 1 : 0);

	do {
		if (poll(r->fd, fds, -1) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		take_all(r);
		take_timer(r);
	} while (!take_signals(r));
}

static void drain(struct receiver *r)
{
	uint64_t quiet_since = clock_mono();

	while (clock_mono() - quiet_since < r->drain_ms * NS_PER_MS) {
		poll(r->fd, (nfds_t)r->sockets, 20);
		if (take_all(r))
			quiet_since = clock_mono();
	}
	while (take_all(r))
		;
}

static int add_bind(char *arg, void *to)
{
	struct receiver *r = to;

	if (r->binds == SOCKETS)
		return -1;
	r->bind[r->binds++] = addr_parse(arg, 0);
	return 0;
}

int traffic_recv(int argc, char **argv)
{
	struct receiver r = { .drain_ms = 500, .ranges = 64 };
	const struct opt table[] = {
		{ .name = "port", .kind = OPT_U64, .to = &r.port, .need = true },
		{ .name = "report", .kind = OPT_STR, .to = &r.report, .need = true },
		{ .name = "bind", .kind = OPT_CALL, .to = &r, .call = add_bind },
		{ .name = "device", .kind = OPT_STR, .to = &r.device },
		{ .name = "drain", .kind = OPT_U64, .to = &r.drain_ms },
		{ .name = "ranges", .kind = OPT_U64, .to = &r.ranges },
		{ .name = "interval", .kind = OPT_U64, .to = &r.interval_ms },
		{ .name = "series", .kind = OPT_STR, .to = &r.series },
		{ .kind = OPT_END },
	};

	if (opt_parse(table, argc, argv).words)
		die("recv: a word too many: %s", argv[0]);
	if (!r.port || r.port > 65535)
		die("--port: 1 to 65535");
	prepare_batch(&r);
	open_sockets(&r);
	open_signals(&r);
	if (r.interval_ms)
		open_timer(&r);
	open_series(&r);
	r.checksum_before = overflow_checksum();
	r.softnet_before = overflow_softnet();
	write_report(&r, false);
	receive(&r);
	drain(&r);
	write_series(&r);
	write_report(&r, true);
	return EXIT_PASS;
}
