// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/super.c */
/* link: agent/sliced/log.c */
/* needs: /proc */
/*
 * The supervising parent. This program is its own child: started with
 * SUPER_CHILD it does what its argument says, by how often it was started.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sliced/super.h"

static char trace[] = "/tmp/netslice-super-XXXXXX";

/* --- the child --- */

/* A letter for each life: r restart, k killed, x exit 1, 0 exit 0, w wait for a signal. */
static int child(const char *lives, const char *path)
{
	int fd = open(path, O_RDWR | O_APPEND);
	off_t life = lseek(fd, 0, SEEK_END) / (off_t)sizeof(pid_t);
	pid_t pid = getpid();

	if (write(fd, &pid, sizeof(pid)) != sizeof(pid))
		return 99;
	switch (lives[life]) {
	case 'r':
		return EXIT_RESTART;
	case 'k':
		raise(SIGKILL);
		return 99;
	case 'x':
		return 1;
	case 'w':
		pause();	/* SIGTERM ends it */
		return 99;
	default:
		return 0;
	}
}

/* --- the tests --- */

static void setup(void)
{
	strcpy(trace + strlen(trace) - 6, "XXXXXX");
	close(mkstemp(trace));
}

static void teardown(void)
{
	unlink(trace);
}

static pid_t start(const char *lives)
{
	char *argv[] = { (char *)"test_super", (char *)lives, trace, NULL };
	pid_t pid = fork();

	if (!pid)
		_exit(super_run(argv));
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The process ids of all lives so far. */
static int lives(pid_t *pids)
{
	FILE *file = fopen(trace, "r");
	size_t count = fread(pids, sizeof(*pids), 16, file);

	fclose(file);
	return (int)count;
}

START_TEST(test_restart)
{
	pid_t pids[16];

	ck_assert_int_eq(end_of(start("rrr0")), 0);
	ck_assert_int_eq(lives(pids), 4);
	ck_assert_int_ne(pids[0], pids[1]);
	ck_assert_int_ne(pids[1], pids[2]);
}
END_TEST

START_TEST(test_killed)
{
	pid_t pids[16];

	ck_assert_int_eq(end_of(start("kk0")), 0);
	ck_assert_int_eq(lives(pids), 3);
}
END_TEST

/* One that refuses to start is not started again; one that has run is. */
START_TEST(test_refusal)
{
	pid_t pids[16];

	ck_assert_int_eq(end_of(start("x0")), 1);
	ck_assert_int_eq(lives(pids), 1);
	ck_assert_int_eq(truncate(trace, 0), 0);
	ck_assert_int_eq(end_of(start("rx0")), 0);
	ck_assert_int_eq(lives(pids), 3);
}
END_TEST

START_TEST(test_stop)
{
	pid_t pids[16];
	pid_t pid = start("w");
	int status;

	while (!lives(pids))
		usleep(1000);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(lives(pids), 1);
	ck_assert_int_ne(kill(pids[0], 0), 0);
}
END_TEST

/* The parent is killed: the child does not stay behind. */
START_TEST(test_parent_killed)
{
	pid_t pids[16];
	pid_t pid = start("w");
	int status;
	int i;

	while (!lives(pids))
		usleep(1000);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	/* whoever inherits it may not reap it: dead is dead or a zombie */
	for (i = 0; i < 30000; i++) {
		char path[64], text[128] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/stat", pids[0]);
		file = fopen(path, "r");
		if (!file)
			return;
		ck_assert_ptr_nonnull(fgets(text, sizeof(text), file));
		fclose(file);
		if (strstr(text, ") Z "))
			return;
		usleep(1000);
	}
	ck_abort_msg("the child lives");
}
END_TEST

int main(int argc, char *argv[])
{
	SRunner *runner;
	Suite *suite;
	TCase *tc;
	int failed;

	if (argc == 4 && !strcmp(argv[3], SUPER_CHILD))
		return child(argv[1], argv[2]);
	suite = suite_create("super");
	tc = tcase_create("super");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_restart);
	tcase_add_test(tc, test_killed);
	tcase_add_test(tc, test_refusal);
	tcase_add_test(tc, test_stop);
	tcase_add_test(tc, test_parent_killed);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
