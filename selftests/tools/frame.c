// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * frame - sends any frame, awaits frames
 *
 * `send` takes hex or a template; bytes may be overwritten and the end cut
 * off, for what no honest stack sends. `expect` listens before it runs the
 * command that follows "--", so that nothing is missed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/addr.h"
#include "lib/clock.h"
#include "lib/craft.h"
#include "lib/json.h"
#include "lib/match.h"
#include "lib/opt.h"

#define PATCHES	16
#define POLL_MS	20

static const char usage[] =
"usage: frame send IF (--hex HEX | TEMPLATE key=value...) [--set OFFSET=HEX]...\n"
"                  [--cut BYTES] [--repeat N] [--interval MS] [--print]\n"
"       frame expect IF [--filter key=value,...] [--count N] [--timeout S]\n"
"                  [--exact | --none] [--out] [--print] [-- COMMAND...]\n"
"  expect ends at --count (1) matching frames, 1 if they did not come within\n"
"  --timeout (5) seconds. --exact waits for all that time and wants neither\n"
"  fewer nor more, --none wants none. --out sees what IF sends, too.\n";

struct patch {
	size_t at;
	uint8_t byte[256];
	int len;
};

struct sender {
	struct frame frame;
	struct patch patch[PATCHES];
	int patches;
	const char *hex;
	uint64_t cut, repeat, interval_ms;
	bool print;
};

struct waiter {
	struct match match;
	uint64_t count, seen;
	double timeout;
	bool exact, none, out, print;
	struct ring ring;
};

static int index_of(const char *ifname)
{
	int index = (int)if_nametoindex(ifname);

	if (!index)
		die("no device %s", ifname);
	return index;
}

static void mac_of(const char *ifname, uint8_t out[MAC_LEN])
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { 0 };

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", ifname);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &req))
		die("%s: %s", ifname, strerror(errno));
	memcpy(out, req.ifr_hwaddr.sa_data, MAC_LEN);
	close(fd);
}

static int add_patch(char *arg, void *to)
{
	struct sender *s = to;
	struct patch *p = &s->patch[s->patches];
	char *hex = strchr(arg, '=');

	if (!hex || s->patches == PATCHES)
		return -1;
	*hex++ = '\0';
	p->at = opt_number(arg, "--set", CRAFT_MAX);
	p->len = hex_parse(hex, p->byte, sizeof(p->byte));
	s->patches++;
	return p->len < 0 ? -1 : 0;
}

static void print_frame(const uint8_t *byte, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", byte[i]);
	putchar('\n');
}

static void build(struct sender *s, const struct opt_rest *rest)
{
	uint8_t own[MAC_LEN];

	if (s->hex) {
		int len = hex_parse(s->hex, s->frame.byte, sizeof(s->frame.byte));

		if (len < 0)
			die("--hex: cannot read it");
		s->frame.len = (size_t)len;
	} else if (rest->words > 1) {
		mac_of(rest->word[0], own);
		craft(&s->frame, own, rest->word + 1, rest->words - 1);
	} else {
		die("--hex or a template is needed");
	}
	for (int i = 0; i < s->patches; i++) {
		if (s->patch[i].at + (size_t)s->patch[i].len > s->frame.len)
			die("--set beyond the frame of %zu bytes", s->frame.len);
		memcpy(s->frame.byte + s->patch[i].at, s->patch[i].byte, (size_t)s->patch[i].len);
	}
	if (s->cut > s->frame.len)
		die("--cut: the frame has %zu bytes", s->frame.len);
	s->frame.len -= s->cut;
}

static void transmit(const struct sender *s, const char *ifname)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = index_of(ifname) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	uint64_t due = clock_mono();

	if (fd < 0)
		die("packet socket: %s", strerror(errno));
	for (uint64_t i = 0; i < s->repeat; i++) {
		clock_sleep_until(due);
		due += s->interval_ms * NS_PER_MS;
		while (sendto(fd, s->frame.byte, s->frame.len, 0, (struct sockaddr *)&to,
			      sizeof(to)) < 0) {
			if (errno != ENOBUFS && errno != EINTR)
				die("%s: %s", ifname, strerror(errno));
			usleep(1000);
		}
	}
	close(fd);
}

static int do_send(int argc, char **argv)
{
	static struct sender s = { .repeat = 1 };
	const struct opt table[] = {
		{ .name = "hex", .kind = OPT_STR, .to = &s.hex },
		{ .name = "set", .kind = OPT_CALL, .to = &s, .call = add_patch },
		{ .name = "cut", .kind = OPT_U64, .to = &s.cut },
		{ .name = "repeat", .kind = OPT_U64, .to = &s.repeat },
		{ .name = "interval", .kind = OPT_U64, .to = &s.interval_ms },
		{ .name = "print", .kind = OPT_FLAG, .to = &s.print },
		{ .kind = OPT_END },
	};
	struct opt_rest rest = opt_parse(table, argc, argv);

	if (!rest.words)
		die("send to which device?");
	build(&s, &rest);
	if (s.print)
		print_frame(s.frame.byte, s.frame.len);
	transmit(&s, rest.word[0]);
	return EXIT_PASS;
}

static void take(const struct ring_frame *f, void *arg)
{
	struct waiter *w = arg;

	if ((f->pkttype == PACKET_OUTGOING && !w->out) || !match_frame(&w->match, f))
		return;
	w->seen++;
	if (w->print)
		print_frame(f->data, f->len);
}

static void listen_on(struct waiter *w, const char *ifname)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)index_of(ifname), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 65535),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	ring_open(&w->ring, &filter);
}

static void run_command(const struct opt_rest *rest)
{
	int status;
	pid_t pid;

	if (!rest->after)
		return;
	pid = fork();
	if (pid == 0) {
		execvp(rest->tail[0], rest->tail);
		warn("%s: %s", rest->tail[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("cannot run the command");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		die("the command failed");
}

static void await(struct waiter *w)
{
	uint64_t end = clock_mono() + (uint64_t)(w->timeout * 1e9);
	struct pollfd fd = { .fd = w->ring.fd, .events = POLLIN };
	bool all = w->exact || w->none;

	while (clock_mono() < end && (all || w->seen < w->count)) {
		poll(&fd, 1, POLL_MS);
		ring_read(&w->ring, take, w);
	}
}

static int verdict(struct waiter *w)
{
	uint64_t drops = ring_drops(&w->ring);
	struct json j = json_line(stdout);
	bool passed = w->none ? !w->seen : w->exact ? w->seen == w->count : w->seen >= w->count;

	passed = passed && (!drops || !(w->none || w->exact));
	json_object(&j, NULL);
	json_bool(&j, "passed", passed);
	json_u64(&j, "matched", w->seen);
	json_u64(&j, "missed_frames", drops);
	json_object_end(&j);
	json_line_end(&j);
	return passed ? EXIT_PASS : EXIT_FAIL;
}

static int set_filter(char *arg, void *to)
{
	match_parse(to, arg);
	return 0;
}

static int do_expect(int argc, char **argv)
{
	static struct waiter w = { .count = 1, .timeout = 5 };
	const struct opt table[] = {
		{ .name = "filter", .kind = OPT_CALL, .to = &w.match, .call = set_filter },
		{ .name = "count", .kind = OPT_U64, .to = &w.count },
		{ .name = "timeout", .kind = OPT_DBL, .to = &w.timeout },
		{ .name = "exact", .kind = OPT_FLAG, .to = &w.exact },
		{ .name = "none", .kind = OPT_FLAG, .to = &w.none },
		{ .name = "out", .kind = OPT_FLAG, .to = &w.out },
		{ .name = "print", .kind = OPT_FLAG, .to = &w.print },
		{ .kind = OPT_END },
	};
	struct opt_rest rest = opt_parse(table, argc, argv);

	if (rest.words != 1)
		die("expect on which one device?");
	listen_on(&w, rest.word[0]);
	run_command(&rest);
	await(&w);
	return verdict(&w);
}

int main(int argc, char **argv)
{
	opt_program = "frame";
	if (argc > 1 && !strcmp(argv[1], "send"))
		return do_send(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "expect"))
		return do_expect(argc - 2, argv + 2);
	fprintf(stderr, "%s%s%s", usage, craft_usage, match_usage);
	return EXIT_CANNOT;
}
