// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/slicectl/daemon.c agent/lib/err.c */
/* link: agent/lib/json.c agent/lib/jsonscan.c agent/lib/jsonw.c */
/*
 * slicectl's side of the control socket, against a daemon that says what each
 * test wants it to, byte by byte.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slicectl/daemon.h"

static char folder[] = "/tmp/test_slicectl_daemon.XXXXXX";
static char path[64], heard[256];
static int listener = -1;
static unsigned int events;

static void setup(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/sock", folder);
	strcpy(addr.sun_path, path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
}

static void teardown(void)
{
	close(listener);
	unlink(path);
	rmdir(folder);
}

/* The daemon: reads one line, keeps it in a file, answers in pieces of @step bytes. */
static pid_t answer_with(const char *text, size_t len, size_t step)
{
	pid_t pid = fork();
	char line[512];
	ssize_t n;
	size_t at;
	int fd;

	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	fd = accept(listener, NULL, NULL);
	n = recv(fd, line, sizeof(line), 0);
	if (n <= 0 || line[n - 1] != '\n' ||
	    strncmp(line, "{\"id\":1,\"cmd\":\"test.cmd\",\"args\":{\"name\":\"a \\\"b\\\"\"}}", 51))
		_exit(1);
	for (at = 0; at < len; at += step)
		send(fd, text + at, len - at < step ? len - at : step, MSG_NOSIGNAL);
	_exit(0);
}

static void write_args(struct nsl_jw *w, void *ctx)
{
	nsl_jw_str(w, "name", ctx);
}

static void on_event(const struct nsl_json *event, void *ctx)
{
	(void)ctx;
	ck_assert_ptr_nonnull(nsl_json_member(event, "n"));
	events++;
}

static int on_result(const struct nsl_json *result, void *ctx)
{
	const char *text = "";

	(void)ctx;
	nsl_json_get_str(result, "says", &text, NULL);
	snprintf(heard, sizeof(heard), "%s", text);
	return 0;
}

static int ask(const char *text, size_t len, size_t step, struct nsl_err *err)
{
	struct ctl ctl = { .socket = path };
	struct daemon_request request = {
		.cmd = "test.cmd", .args = write_args, .event = on_event, .result = on_result,
		.ctx = (char *)"a \"b\"",
	};
	pid_t pid = answer_with(text, len, step);
	int ret = daemon_ask(&ctl, &request), status;

	*err = ctl.err;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	return ret;
}

#define TEXT(s) { s, sizeof(s) - 1 }
static const struct {
	const char *text;
	size_t len;
} good[] = {
	TEXT("{\"id\":1,\"ok\":true,\"result\":{\"says\":\"yes\"}}\n"),
	TEXT("{\"id\":1,\"event\":{\"n\":1}}\n{\"id\":1,\"event\":{\"n\":2}}\n"
	     "{\"id\":1,\"ok\":true,\"result\":{\"says\":\"yes\"}}\n"),
};

START_TEST(test_good)
{
	static const size_t steps[] = { 1, 7, 4096 };
	struct nsl_err err;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		events = 0;
		heard[0] = '\0';
		ck_assert_int_eq(ask(good[_i].text, good[_i].len, steps[i], &err), 0);
		ck_assert_str_eq(heard, "yes");
		ck_assert_uint_eq(events, _i ? 2 : 0);
	}
}
END_TEST

static const struct {
	const char *text, *says;
} bad[] = {
	{ "", "ended the connection" },
	{ "{\"id\":1,\"ok\":true", "ended the connection" },
	{ "hello\n", "sliced's answer: line 1" },
	{ "{\"id\":1}\n", "sliced's answer: ok: is missing" },
	{ "{\"id\":1,\"ok\":1}\n", "sliced's answer: ok: must be true or false" },
	{ "{\"id\":1,\"ok\":false}\n", "refused without a reason" },
	{ "{\"id\":1,\"ok\":false,\"error\":{\"code\":\"x\",\"text\":\"no\"}}\n", "no" },
	{ "{\"id\":1,\"ok\":false,\"error\":{\"text\":\"is taken\",\"arg\":\"name\"}}\n",
	  "name: is taken" },
	{ "{\"id\":1,\"ok\":false,\"error\":{\"text\":\"args.pin: too short\"}}\n",
	  "pin: too short" },
};

START_TEST(test_bad)
{
	struct nsl_err err;

	ck_assert_int_lt(ask(bad[_i].text, strlen(bad[_i].text), 4096, &err), 0);
	ck_assert_msg(strstr(err.text, bad[_i].says) != NULL, "%s", err.text);
}
END_TEST

START_TEST(test_nobody_there)
{
	struct ctl ctl = { .socket = "/nonexistent/sliced.sock" };
	struct daemon_request request = { .cmd = "status" };

	ck_assert_int_eq(daemon_ask(&ctl, &request), -ENOENT);
	ck_assert_ptr_nonnull(strstr(ctl.err.text, "is the daemon sliced running?"));
}
END_TEST

/* A line of more than a buffer, as a long history is. */
START_TEST(test_long)
{
	size_t len = 300000, head;
	char *text = malloc(len + 100);
	struct nsl_err err;

	head = (size_t)sprintf(text, "{\"id\":1,\"ok\":true,\"result\":{\"says\":\"");
	memset(text + head, 'x', len);
	head += len + (size_t)sprintf(text + head + len, "\"}}\n");
	ck_assert_int_eq(ask(text, head, 65536, &err), 0);
	ck_assert_uint_eq(strlen(heard), sizeof(heard) - 1);
	free(text);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("slicectl: daemon");
	TCase *tc = tcase_create("daemon");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_good, 0, sizeof(good) / sizeof(*good));
	tcase_add_loop_test(tc, test_bad, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_test(tc, test_nobody_there);
	tcase_add_test(tc, test_long);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(suite());
	int failed;

	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
