// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watch - reads the wire and judges who speaks for the virtual MACs
 *
 * Runs where the LANs' bridges are, listens on the bridge ports that it is
 * told, and knows from which node each frame came. The rules stand in
 * lib/owner.h. A run in which frames were missed does not pass.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/inorder.h"
#include "lib/opt.h"
#include "lib/owner.h"
#include "lib/ring.h"

#define TICK_MS		50
#define SETTLE_MS	200	/* for the ring's last block at the end */

static const char usage[] =
"usage: watch --port IFNAME=NODE[@DOMAIN]... --vmac MAC=SLICE[/PORT]...\n"
"             [--vip ADDR=SLICE[/PORT]]... --verdict FILE [--log FILE]\n"
"             [--silence MS] [--min-epoch MS] [--late-answer MS] [--hold MS]\n"
"             [--handovers N] [--allow-unseen] [--log-all]\n"
"  NODE `host...` is where hosts are; all others are routers. DOMAIN is the\n"
"  port's bridge unless given. Limits: --silence 5000, --min-epoch 50,\n"
"  --late-answer 0 (how long the old master's answers may still arrive).\n"
"  --handovers: exactly so many on every segment. Ends on SIGTERM; SIGUSR1\n"
"  writes the verdict so far. The verdict exists as soon as it listens.\n"
"  Exit status: 0 passed, 1 not, 2 usage.\n";

struct watch {
	struct watchlist list;
	struct owner_limits limit;
	struct owners owners;
	struct inorder order;
	struct ring ring;
	const char *verdict, *log;
	uint64_t silence_ms, min_epoch_ms, late_answer_ms, hold_ms;
	int signals;
};

static void take_frame(const struct ring_frame *f, void *arg)
{
	struct watch *w = arg;
	struct wire wire = { .at_ns = f->at_ns, .ifindex = f->ifindex, .vlan = f->vlan };

	if (f->pkttype == PACKET_OUTGOING || !wire_read(f->data, f->len, &wire))
		return;
	inorder_add(&w->order, &wire);
}

static void judge(const struct wire *wire, void *arg)
{
	struct watch *w = arg;

	owners_see(&w->owners, wire);
}

static bool write_verdict(struct watch *w, bool final)
{
	uint64_t drops = ring_drops(&w->ring);
	bool passed = final && !w->owners.violations && !drops && w->owners.frames;
	struct json j;

	json_begin(&j, w->verdict);
	json_object(&j, NULL);
	json_bool(&j, "passed", passed);
	json_bool(&j, "final", final);
	json_u64(&j, "missed_frames", drops);
	json_u64(&j, "out_of_order", w->order.late);
	owners_report(&w->owners, &j);
	json_object_end(&j);
	json_publish(&j);
	return passed;
}

static void open_signals(struct watch *w)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->signals < 0)
		die("signalfd: %s", strerror(errno));
}

/* Return: true when it is time to end. */
static bool take_signals(struct watch *w)
{
	struct signalfd_siginfo si;
	bool end = false;

	while (read(w->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGUSR1)
			write_verdict(w, false);
		else
			end = true;
	}
	return end;
}

static void run(struct watch *w)
{
	struct pollfd fd[] = {
		{ .fd = w->ring.fd, .events = POLLIN },
		{ .fd = w->signals, .events = POLLIN },
	};
	uint64_t now;

	do {
		if (poll(fd, 2, TICK_MS) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		ring_read(&w->ring, take_frame, w);
		now = clock_real() - w->hold_ms * NS_PER_MS;
		inorder_give(&w->order, now, judge, w);
		owners_tick(&w->owners, now, false);
	} while (!take_signals(w));
}

static void settle(struct watch *w)
{
	uint64_t end = clock_mono() + SETTLE_MS * NS_PER_MS;
	struct pollfd fd = { .fd = w->ring.fd, .events = POLLIN };

	while (clock_mono() < end) {
		poll(&fd, 1, TICK_MS);
		ring_read(&w->ring, take_frame, w);
	}
	inorder_give(&w->order, UINT64_MAX, judge, w);
	owners_tick(&w->owners, clock_real(), true);
}

static int set_handovers(char *arg, void *to)
{
	struct owner_limits *limit = to;

	limit->expect_handovers = opt_number(arg, "--handovers", UINT64_MAX);
	limit->expect_set = true;
	return 0;
}

static void read_options(struct watch *w, int argc, char **argv)
{
	const struct opt table[] = {
		{ .name = "port", .kind = OPT_CALL, .to = &w->list, .call = watchlist_add_port, .need = true },
		{ .name = "vmac", .kind = OPT_CALL, .to = &w->list, .call = watchlist_add_vmac, .need = true },
		{ .name = "vip", .kind = OPT_CALL, .to = &w->list, .call = watchlist_add_vip },
		{ .name = "verdict", .kind = OPT_STR, .to = &w->verdict, .need = true },
		{ .name = "log", .kind = OPT_STR, .to = &w->log },
		{ .name = "silence", .kind = OPT_U64, .to = &w->silence_ms },
		{ .name = "min-epoch", .kind = OPT_U64, .to = &w->min_epoch_ms },
		{ .name = "late-answer", .kind = OPT_U64, .to = &w->late_answer_ms },
		{ .name = "hold", .kind = OPT_U64, .to = &w->hold_ms },
		{ .name = "handovers", .kind = OPT_CALL, .to = &w->limit, .call = set_handovers },
		{ .name = "allow-unseen", .kind = OPT_FLAG, .to = &w->limit.allow_unseen },
		{ .name = "log-all", .kind = OPT_FLAG, .to = &w->limit.log_all },
		{ .kind = OPT_END },
	};

	if (opt_parse(table, argc, argv).words)
		die("a word too many: %s", argv[0]);
	w->limit.silence_ns = w->silence_ms * NS_PER_MS;
	w->limit.min_epoch_ns = w->min_epoch_ms * NS_PER_MS;
	w->limit.late_answer_ns = w->late_answer_ms * NS_PER_MS;
}

int main(int argc, char **argv)
{
	static struct watch w = { .silence_ms = 5000, .min_epoch_ms = 50, .hold_ms = 500 };
	struct sock_fprog filter;
	FILE *log = NULL;

	opt_program = "watch";
	if (argc < 2) {
		fputs(usage, stderr);
		return EXIT_CANNOT;
	}
	read_options(&w, argc - 1, argv + 1);
	if (w.log && !(log = fopen(w.log, "w")))
		die("%s: %s", w.log, strerror(errno));
	owners_init(&w.owners, &w.list, &w.limit, log);
	filter = watchlist_filter(&w.list);
	ring_open(&w.ring, &filter);
	open_signals(&w);
	write_verdict(&w, false);
	run(&w);
	settle(&w);
	if (write_verdict(&w, true))
		return EXIT_PASS;
	warn("%llu violations, %llu frames missed, %llu seen",
	     (unsigned long long)w.owners.violations, (unsigned long long)w.ring.drops,
	     (unsigned long long)w.owners.frames);
	return EXIT_FAIL;
}
