// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/ctl.c */
/* link: agent/sliced/log.c */
/* link: agent/lib/err.c */
/* link: agent/lib/json.c */
/* link: agent/lib/jsonscan.c */
/* link: agent/lib/jsonw.c */
/*
 * The control socket: each request is answered once under its id, now or
 * later, and a client that goes away leaves nothing behind.
 */
#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "sliced/ctl.h"
#include "sliced/ctl_int.h"

#define LIMIT_S		60

static char dir[] = "/tmp/netslice-ctl-XXXXXX";
static struct event_base *base;
static struct ctl *ctl;
static struct ctl_req *waiting[40];	/* of "wait" and "watch" */
static int waits;
static int gone;
static int fd = -1;
static char in[65536];
static size_t in_len;

static void run_echo(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct nsl_jw w = { 0 };
	const char *text = "nothing";

	ck_assert_ptr_eq(arg, &ctl);
	nsl_json_get_str(args, "text", &text, NULL);
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "text", text);
	nsl_jw_end(&w);
	ctl_ok(req, &w);
}

static void run_fail(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct nsl_err err = { 0 };
	const char *text;

	(void)arg;
	if (nsl_json_need_str(args, "text", &text, &err) < 0)
		ctl_fail_err(req, &err);
	else
		ctl_fail(req, "busy", "text", "not \"%s\"", text);
}

static void run_wait(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	(void)arg;
	(void)args;
	waiting[waits++] = req;
}

static void on_gone(void *arg)
{
	ck_assert_ptr_eq(arg, &gone);
	gone++;
}

static void run_watch(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	(void)arg;
	(void)args;
	waiting[waits++] = req;
	ctl_on_gone(req, on_gone, &gone);
}

static const char *const text_args[] = { "text", NULL };
static const struct ctl_command commands[] = {
	{ .name = "echo", .run = run_echo, .allowed = text_args },
	{ .name = "fail", .run = run_fail, .allowed = text_args },
	{ .name = "wait", .run = run_wait },
	{ .name = "watch", .run = run_watch },
	{ 0 }
};

static int client_new(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/sliced.sock", dir);
	ck_assert_int_eq(connect(s, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return s;
}

static void setup(void)
{
	struct nsl_err err = { 0 };

	signal(SIGPIPE, SIG_IGN);
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	base = event_base_new();
	ctl = ctl_open(base, dir, &err);
	ck_assert_msg(ctl, "%s", err.text);
	ck_assert_int_eq(ctl_register(ctl, commands, &ctl), 0);
	waits = gone = 0;
	in_len = 0;
	fd = client_new();
}

static void teardown(void)
{
	if (fd >= 0)
		close(fd);
	ctl_close(ctl);
	event_base_free(base);
	ck_assert_int_eq(rmdir(dir), 0);	/* the socket is gone too */
}

static void tick(void)
{
	const struct timeval tv = { .tv_usec = 2000 };

	event_base_loopexit(base, &tv);
	ck_assert_int_ge(event_base_dispatch(base), 0);
}

static void say(const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* The next line, without its end. */
static const char *hear(void)
{
	static char line[65536];
	time_t end = time(NULL) + LIMIT_S;
	char *nl;

	while (!(nl = memchr(in, '\n', in_len))) {
		ssize_t got;

		ck_assert_msg(time(NULL) < end, "no answer came");
		tick();
		got = read(fd, in + in_len, sizeof(in) - in_len);
		ck_assert_msg(got != 0, "the socket was closed");
		in_len += got > 0 ? (size_t)got : 0;
	}
	memcpy(line, in, (size_t)(nl - in));
	line[nl - in] = '\0';
	in_len -= (size_t)(nl - in) + 1;
	memmove(in, nl + 1, in_len);
	return line;
}

static void ask(const char *request, const char *answer)
{
	say(request);
	say("\n");
	ck_assert_str_eq(hear(), answer);
}

START_TEST(test_answers)
{
	ask("{\"id\":1,\"cmd\":\"echo\",\"args\":{\"text\":\"x\\n\\\"y\"}}",
	    "{\"id\":1,\"ok\":true,\"result\":{\"text\":\"x\\n\\\"y\"}}");
	ask("{\"id\":\"a \\\"b\",\"cmd\":\"echo\"}",
	    "{\"id\":\"a \\\"b\",\"ok\":true,\"result\":{\"text\":\"nothing\"}}");
	ask("{\"id\":18446744073709551615,\"cmd\":\"echo\"}",
	    "{\"id\":null,\"ok\":false,\"error\":{\"code\":\"invalid\","
	    "\"text\":\"id: must be a whole number or a short string\",\"arg\":\"id\"}}");
	ask("{\"id\":2,\"cmd\":\"fail\",\"args\":{\"text\":\"t\"}}",
	    "{\"id\":2,\"ok\":false,\"error\":{\"code\":\"busy\",\"text\":\"not \\\"t\\\"\","
	    "\"arg\":\"text\"}}");
}
END_TEST

static const struct {
	const char *line;
	const char *id;
	const char *names;
} wrong[] = {
	{ "", "null", "JSON" },
	{ "nonsense", "null", "JSON" },
	{ "[]", "null", "object" },
	{ "{\"cmd\":\"echo\"}", "null", "id" },
	{ "{\"id\":{},\"cmd\":\"echo\"}", "null", "id" },
	{ "{\"id\":-1,\"cmd\":\"echo\"}", "null", "id" },
	{ "{\"id\":1.5,\"cmd\":\"echo\"}", "null", "id" },
	{ "{\"id\":1}", "1", "cmd" },
	{ "{\"id\":1,\"cmd\":7}", "1", "cmd" },
	{ "{\"id\":1,\"cmd\":\"Echo\"}", "1", "no such command" },
	{ "{\"id\":1,\"cmd\":\"echo\",\"args\":[]}", "1", "args" },
	{ "{\"id\":1,\"cmd\":\"echo\",\"args\":{\"Text\":\"\"}}", "1", "Text" },
	{ "{\"id\":1,\"cmd\":\"echo\",\"more\":1}", "1", "more" },
	{ "{\"id\":1,\"cmd\":\"echo\",\"cmd\":\"echo\"}", "null", "cmd" },
	{ "{\"id\":1,\"cmd\":\"fail\"}", "1", "text" },
	{ "{\"id\":1,\"cmd\":\"wait\",\"args\":{\"x\":1}}", "1", "x" },
};

START_TEST(test_wrong)
{
	char begin[64];
	const char *line;

	say(wrong[_i].line);
	say("\n");
	line = hear();
	snprintf(begin, sizeof(begin), "{\"id\":%s,\"ok\":false,\"error\":{", wrong[_i].id);
	ck_assert_msg(!strncmp(line, begin, strlen(begin)), "%s: %s", wrong[_i].line, line);
	ck_assert_msg(strstr(line, wrong[_i].names), "%s: %s", wrong[_i].line, line);
	/* and it goes on */
	ask("{\"id\":9,\"cmd\":\"echo\"}", "{\"id\":9,\"ok\":true,\"result\":{\"text\":\"nothing\"}}");
	ck_assert_int_eq(waits, 0);
}
END_TEST

static void until_waits(int count)
{
	time_t end = time(NULL) + LIMIT_S;

	while (waits < count) {
		ck_assert(time(NULL) < end);
		tick();
	}
}

/* Answers come when they are ready, under their ids. */
START_TEST(test_later)
{
	say("{\"id\":1,\"cmd\":\"wait\"}\n{\"id\":2,\"cmd\":\"wait\"}\n");
	until_waits(2);
	ask("{\"id\":3,\"cmd\":\"echo\"}", "{\"id\":3,\"ok\":true,\"result\":{\"text\":\"nothing\"}}");
	ctl_ok(waiting[1], NULL);
	ck_assert_str_eq(hear(), "{\"id\":2,\"ok\":true,\"result\":{}}");
	ctl_ok(waiting[0], NULL);
	ck_assert_str_eq(hear(), "{\"id\":1,\"ok\":true,\"result\":{}}");
}
END_TEST

START_TEST(test_too_many)
{
	int i;

	for (i = 0; i < 32; i++)
		say("{\"id\":1,\"cmd\":\"wait\"}\n");
	until_waits(32);
	say("{\"id\":5,\"cmd\":\"wait\"}\n");
	ck_assert_ptr_nonnull(strstr(hear(), "\"busy\""));
	for (i = 0; i < 32; i++)
		ctl_ok(waiting[i], NULL);
}
END_TEST

static void put_event(struct ctl_req *req, uint64_t n, int expect)
{
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_u64s(&w, "n", n);
	nsl_jw_end(&w);
	ck_assert_int_eq(ctl_event(req, &w), expect);
}

START_TEST(test_events)
{
	say("{\"id\":1,\"cmd\":\"watch\"}\n");
	until_waits(1);
	put_event(waiting[0], 7, 0);
	ck_assert_str_eq(hear(), "{\"id\":1,\"event\":{\"n\":\"7\"}}");
	close(fd);
	fd = -1;
	while (!gone)
		tick();
	ck_assert_int_eq(gone, 1);
}
END_TEST

/* Nobody reads: memory does not grow without end. */
START_TEST(test_slow_reader)
{
	char text[4096];
	int err = 0;
	int i;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	say("{\"id\":1,\"cmd\":\"watch\"}\n");
	until_waits(1);
	for (i = 0; i < 100000 && !err; i++) {
		struct nsl_jw w = { 0 };

		nsl_jw_object(&w, NULL);
		nsl_jw_str(&w, "t", text);
		nsl_jw_end(&w);
		err = ctl_event(waiting[0], &w);
	}
	ck_assert_int_eq(err, -EAGAIN);
}
END_TEST

/* The command of a client that has gone may still answer. */
START_TEST(test_gone_before_answer)
{
	int i;

	say("{\"id\":1,\"cmd\":\"wait\"}\n");
	until_waits(1);
	close(fd);
	fd = client_new();
	for (i = 0; i < 50; i++)
		tick();
	ctl_ok(waiting[0], NULL);
	ask("{\"id\":3,\"cmd\":\"echo\"}", "{\"id\":3,\"ok\":true,\"result\":{\"text\":\"nothing\"}}");
}
END_TEST

/* As a pipe does: the last answer comes though the client has said all. */
START_TEST(test_half_closed)
{
	int i;

	say("{\"id\":1,\"cmd\":\"wait\"}\n{\"id\":2,\"cmd\":\"watch\"}\n");
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	until_waits(2);
	while (!gone)
		tick();
	for (i = 0; i < 20; i++)
		tick();
	ctl_ok(waiting[0], NULL);
	ck_assert_str_eq(hear(), "{\"id\":1,\"ok\":true,\"result\":{}}");
}
END_TEST

START_TEST(test_mode_and_second)
{
	struct nsl_err err = { 0 };
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/sliced.sock", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0660);
	ck_assert_ptr_null(ctl_open(base, dir, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "another sliced"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ctl");
	TCase *tc = tcase_create("ctl");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 2 * LIMIT_S);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_answers);
	tcase_add_loop_test(tc, test_wrong, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(tc, test_later);
	tcase_add_test(tc, test_too_many);
	tcase_add_test(tc, test_events);
	tcase_add_test(tc, test_slow_reader);
	tcase_add_test(tc, test_gone_before_answer);
	tcase_add_test(tc, test_half_closed);
	tcase_add_test(tc, test_mode_and_second);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
