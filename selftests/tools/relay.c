// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * relay - passes UDP on and does to chosen packets what a bad network does
 *
 * Only here so that the other tools can be shown to notice it. Packets are
 * counted from 0 in the order of their arrival.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/addr.h"
#include "lib/opt.h"

#define CHOSEN	64

static const char usage[] =
"usage: relay --listen PORT --to ADDR --port PORT [--drop N,...] [--double N,...]\n"
"             [--swap N,...] [--spoil N,...] [--mark N,...] [--hold MS]\n"
"  --swap N sends packet N after N+1; --spoil changes its last byte; --mark\n"
"  sends it with DSCP 46; --hold waits so long before packet 100: a gap\n"
"  without a loss.\n";

struct chosen {
	uint64_t n[CHOSEN];
	int count;
};

struct relay {
	uint64_t listen, port, hold_ms;
	const char *to;
	struct chosen drop, twice, swap, spoil, mark;
	int in, out;
	uint8_t kept[65536];
	ssize_t kept_len;
};

static int add_chosen(char *arg, void *to)
{
	struct chosen *c = to;
	char *save, *word;

	for (word = strtok_r(arg, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (c->count == CHOSEN)
			return -1;
		c->n[c->count++] = opt_number(word, "packet", UINT64_MAX);
	}
	return 0;
}

static bool is_chosen(const struct chosen *c, uint64_t n)
{
	for (int i = 0; i < c->count; i++)
		if (c->n[i] == n)
			return true;
	return false;
}

static void open_sockets(struct relay *r)
{
	union sock_addr to = addr_parse(r->to, (uint16_t)r->port);
	union sock_addr at = addr_parse(to.sa.sa_family == AF_INET ? "0.0.0.0" : "::",
					(uint16_t)r->listen);

	r->in = socket(to.sa.sa_family, SOCK_DGRAM, 0);
	r->out = socket(to.sa.sa_family, SOCK_DGRAM, 0);
	if (r->in < 0 || r->out < 0 || bind(r->in, &at.sa, addr_len(&at)) ||
	    connect(r->out, &to.sa, addr_len(&to)))
		die("socket: %s", strerror(errno));
}

static void set_mark(const struct relay *r, bool on)
{
	int tos = on ? 46 << 2 : 0;

	if (setsockopt(r->out, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)) |
	    setsockopt(r->out, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos)))
		return;		/* one of the two is of the other family */
}

static void pass(struct relay *r, const uint8_t *data, ssize_t len)
{
	if (send(r->out, data, (size_t)len, 0) < 0)
		warn("send: %s", strerror(errno));
}

static void handle(struct relay *r, uint64_t n, uint8_t *data, ssize_t len)
{
	if (r->hold_ms && n == 100)
		usleep((useconds_t)r->hold_ms * 1000);
	if (is_chosen(&r->spoil, n))
		data[len - 1] ^= 1;
	if (is_chosen(&r->drop, n))
		return;
	if (is_chosen(&r->swap, n)) {
		memcpy(r->kept, data, (size_t)len);
		r->kept_len = len;
		return;
	}
	set_mark(r, is_chosen(&r->mark, n));
	pass(r, data, len);
	if (is_chosen(&r->twice, n))
		pass(r, data, len);
	if (r->kept_len)
		pass(r, r->kept, r->kept_len);
	r->kept_len = 0;
}

int main(int argc, char **argv)
{
	static struct relay r;
	static uint8_t data[65536];
	const struct opt table[] = {
		{ .name = "listen", .kind = OPT_U64, .to = &r.listen, .need = true },
		{ .name = "to", .kind = OPT_STR, .to = &r.to, .need = true },
		{ .name = "port", .kind = OPT_U64, .to = &r.port, .need = true },
		{ .name = "drop", .kind = OPT_CALL, .to = &r.drop, .call = add_chosen },
		{ .name = "double", .kind = OPT_CALL, .to = &r.twice, .call = add_chosen },
		{ .name = "swap", .kind = OPT_CALL, .to = &r.swap, .call = add_chosen },
		{ .name = "spoil", .kind = OPT_CALL, .to = &r.spoil, .call = add_chosen },
		{ .name = "mark", .kind = OPT_CALL, .to = &r.mark, .call = add_chosen },
		{ .name = "hold", .kind = OPT_U64, .to = &r.hold_ms },
		{ .kind = OPT_END },
	};

	opt_program = "relay";
	if (argc < 2) {
		fputs(usage, stderr);
		return EXIT_CANNOT;
	}
	opt_parse(table, argc - 1, argv + 1);
	open_sockets(&r);
	for (uint64_t n = 0;; n++) {
		ssize_t len = recv(r.in, data, sizeof(data), 0);

		if (len > 0)
			handle(&r, n, data, len);
	}
}
