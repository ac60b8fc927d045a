// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: /proc */
/* link: agent/sliced/workers.c */
/* link: agent/sliced/worker.c */
/* link: agent/sliced/worker_ask.c */
/* link: agent/sliced/worker_hear.c */
/* link: agent/sliced/worker_proc.c */
/* link: agent/sliced/spawn.c */
/* link: agent/sliced/bundle.c */
/* link: agent/sliced/manifest.c */
/* link: agent/sliced/wire.c */
/* link: agent/sliced/work.c */
/* link: agent/sliced/mailbox.c */
/* link: agent/sliced/log.c */
/* link: agent/lib/err.c agent/lib/json.c agent/lib/jsonscan.c agent/lib/jsonw.c */
/* link: agent/lib/routejson.c agent/lib/route.c agent/lib/name.c agent/lib/digest.c agent/lib/attrs.c */
/*
 * The CP supervisor with real processes: this program is its own worker, and
 * the name of the slice says what is wrong with it.
 */
#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "lib/netslice.h"
#include "sliced/bundle.h"
#include "sliced/release.h"
#include "sliced/sliced.h"
#include "sliced/work.h"
#include "sliced/workers_int.h"
#include "worker_play.h"

#define LIMIT_S		120
#define HASH		"1111111111111111111111111111111111111111111111111111111111111111"
#define DEFINITION	"{\"name\":\"s\",\"schema\":1,\"config\":{}}"

/* --- what the supervisor stands on --- */

static char top[] = "/tmp/netslice-workers-XXXXXX";	/* closed to the worker's user */
static char dir[sizeof(top) + 8];
static struct sliced sliced;
static struct manifest *manifest;
static struct release rel;
static int holds;

const struct release *release_find(struct releases *rs, const char *hash)
{
	(void)rs;
	return strcmp(hash, HASH) ? NULL : &rel;
}

const struct release *release_hold(const struct release *r)
{
	holds++;
	return r;
}

void release_put(const struct release *r)
{
	holds -= r == &rel;
}

int ctl_worker_init(struct workers *ws, struct nsl_err *err)
{
	(void)ws;
	(void)err;
	return 0;
}

/* --- the owner --- */

static struct {
	struct worker *w;
	unsigned int ready, begins, adds, dels, batches, states, healthy, restarted, failed;
	uint64_t count;
	char cause[300];
	char state[800];
	const char *stop_in;	/* the callback that stops it */
	/* the last answer */
	unsigned int answers;
	int error;
	enum worker_type type;
	char text[300];
} own;

static void maybe_stop(const char *where)
{
	if (own.stop_in && !strcmp(own.stop_in, where)) {
		worker_stop(own.w);
		own.w = NULL;
	}
}

static void on_ready(void *arg)
{
	ck_assert_ptr_eq(arg, &own);
	own.ready++;
	maybe_stop("ready");
}

static void on_begin(void *arg)
{
	(void)arg;
	own.begins++;
	own.adds = own.dels = 0;
	maybe_stop("begin");
}

static void on_route(void *arg, bool del, const struct nsl_route *r)
{
	(void)arg;
	ck_assert_int_eq(nsl_route_check(r, NULL) && !del, 0);
	if (del)
		own.dels++;
	else
		own.adds++;
	maybe_stop("route");
}

static void on_end(void *arg, uint64_t count)
{
	(void)arg;
	own.count = count;
	maybe_stop("end");
}

static void on_batch(void *arg)
{
	(void)arg;
	own.batches++;
	maybe_stop("batch");
}

static void on_state(void *arg, bool full, uint64_t seq, uint64_t since, const char *data)
{
	(void)arg;
	(void)since;
	ck_assert(full);
	ck_assert_uint_eq(seq, 9);
	own.states++;
	snprintf(own.state, sizeof(own.state), "%s", data);
	maybe_stop("state");
}

static void on_healthy(void *arg)
{
	(void)arg;
	own.healthy++;
	maybe_stop("healthy");
}

static void on_restarted(void *arg, const char *cause)
{
	(void)arg;
	own.restarted++;
	snprintf(own.cause, sizeof(own.cause), "%s", cause);
	maybe_stop("restarted");
}

static void on_failed(void *arg, const char *cause)
{
	(void)arg;
	own.failed++;
	snprintf(own.cause, sizeof(own.cause), "%s", cause);
	maybe_stop("failed");
}

static const struct worker_ops ops = {
	.ready = on_ready, .routes_begin = on_begin, .route = on_route, .routes_end = on_end,
	.routes_batch = on_batch, .state = on_state, .healthy = on_healthy,
	.restarted = on_restarted, .failed = on_failed,
};

static void on_answer(void *arg, const struct worker_answer *a)
{
	ck_assert_ptr_eq(arg, &own);
	own.answers++;
	own.error = a->error;
	own.type = a->msg ? a->msg->type : WORKER_ERROR;
	snprintf(own.text, sizeof(own.text), "%s", a->text);
	maybe_stop("answer");
}

/* --- the ground --- */

static void copy_self(const char *to)
{
	char block[65536];
	int in = open("/proc/self/exe", O_RDONLY);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t len;

	while ((len = read(in, block, sizeof(block))) > 0)
		ck_assert_int_eq(write(out, block, (size_t)len), len);
	ck_assert_int_eq(fchmod(out, 0755), 0);
	close(in);
	close(out);
}

static void make_release(void)
{
	char command[200], hash[80] = "", text[600], path[100];
	struct nsl_err err = { 0 };
	FILE *p;

	snprintf(path, sizeof(path), "%s/worker", dir);
	copy_self(path);
	snprintf(command, sizeof(command), "sha256sum %s", path);
	p = popen(command, "r");
	ck_assert_int_eq(fscanf(p, "%64s", hash), 1);
	pclose(p);
	snprintf(text, sizeof(text), "{\"name\":\"t\",\"version\":\"1\",\"schemas\":[1,2],"
		 "\"worker\":\"worker\",\"files\":{\"worker\":\"%s\"}}", hash);
	manifest = manifest_parse(text, strlen(text), &err);
	ck_assert_msg(manifest, "%s", err.text);
	rel = (struct release){ .hash = HASH, .name = "t", .version = "1", .manifest = manifest,
				.dir = dir };
}

static void setup(void)
{
	struct nsl_err err = { 0 };
	struct workers_params *p;

	signal(SIGPIPE, SIG_IGN);
	strcpy(top + strlen(top) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(dir, sizeof(dir), "%s/rel", top);
	ck_assert_int_eq(mkdir(dir, 0755), 0);
	make_release();
	sliced.base = event_base_new();
	sliced.work = work_new(sliced.base);
	ck_assert_msg(!workers_init(&sliced, &err), "%s", err.text);
	p = workers_params(sliced.workers);
	p->memory = 0;		/* the sanitizer's worker has no use for a limit */
	p->poll_ms = 20;
	p->restart_ms = 20;
	p->hello_ms = p->answer_ms = p->healthy_ms = 60000;
	memset(&own, 0, sizeof(own));
}

static void tick(void)
{
	const struct timeval tv = { .tv_usec = 2000 };

	event_base_loopexit(sliced.base, &tv);
	ck_assert_int_ge(event_base_dispatch(sliced.base), 0);
}

#define until(condition) do {						\
	const time_t end_ = time(NULL) + LIMIT_S;			\
	while (!(condition)) {						\
		ck_assert_msg(time(NULL) < end_, "never: " #condition	\
			      "; cause: %s", own.cause);		\
		tick();							\
	}								\
} while (0)

static void teardown(void)
{
	char path[100];

	worker_stop(own.w);
	until(!sliced.workers->first);
	work_stop(sliced.work);
	workers_exit(&sliced);
	work_free(sliced.work);
	event_base_free(sliced.base);
	manifest_free(manifest);
	snprintf(path, sizeof(path), "%s/worker", dir);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
	ck_assert_int_eq(rmdir(top), 0);
	ck_assert_int_eq(holds, 0);
}

static void start(const char *slice)
{
	struct nsl_err err = { 0 };

	own.w = workers_start(sliced.workers, slice, HASH, &ops, &own, &err);
	ck_assert_msg(own.w, "%s", err.text);
}

static void start_healthy(const char *slice)
{
	start(slice);
	worker_load(own.w, DEFINITION, 0, on_answer, &own);
	until(own.healthy);
}

/* --- tests --- */

START_TEST(test_good)
{
	start_healthy("good");
	ck_assert_uint_eq(own.ready, 1);
	ck_assert_uint_eq(own.answers, 1);
	ck_assert_int_eq(own.error, 0);
	ck_assert_int_eq(own.type, WORKER_LOADED);
	until(own.dels);
	ck_assert_uint_eq(own.begins, 1);
	ck_assert_uint_eq(own.count, 2);
	ck_assert_uint_eq(own.adds, 2);
	ck_assert_uint_eq(own.batches, 1);
	worker_become(own.w, WORKER_MASTER, 7, 0, on_answer, &own);
	ck_assert_uint_eq(own.answers, 1);	/* never from inside */
	until(own.answers == 2);
	ck_assert_int_eq(own.type, WORKER_BECAME);
	worker_restore(own.w, true, 4, "{\"a\":1}", 0, on_answer, &own);
	until(own.answers == 3);
	worker_backup(own.w, true, 0, 0, on_answer, &own);
	until(own.answers == 4);
	ck_assert_uint_eq(own.states, 1);
	ck_assert_ptr_nonnull(strstr(own.state, "load become restore "));
	worker_health(own.w, 0, on_answer, &own);
	until(own.answers == 5);
	ck_assert_int_eq(own.type, WORKER_HEALTH);
	ck_assert_uint_eq(own.failed + own.restarted, 0);
}
END_TEST

START_TEST(test_confined)
{
	start_healthy("good");
	worker_backup(own.w, true, 0, 0, on_answer, &own);
	until(own.states);
	ck_assert_ptr_nonnull(strstr(own.state, "\"files\":4,\"nnp\":1,\"group\":true,\"home\":false"));
	if (!getuid())
		ck_assert_ptr_null(strstr(own.state, "\"uid\":0,"));
}
END_TEST

START_TEST(test_migrates)
{
	start_healthy("migrates");
	ck_assert_int_eq(own.error, 0);
	ck_assert_int_eq(own.type, WORKER_MIGRATED);
}
END_TEST

/* What it does not take is told, and no failure. */
START_TEST(test_choosy)
{
	start("choosy");
	worker_load(own.w, DEFINITION, 0, on_answer, &own);
	until(own.answers);
	ck_assert_int_eq(own.error, -EREMOTEIO);
	ck_assert_str_eq(own.text, "not this one");
	ck_assert_uint_eq(own.failed + own.healthy, 0);
	ck_assert_int_eq(worker_status(own.w), WORKER_READY);
}
END_TEST

static void expect_failed(const char *slice, const char *says)
{
	start(slice);
	worker_load(own.w, DEFINITION, 0, on_answer, &own);
	until(own.failed);
	ck_assert_msg(strstr(own.cause, says), "%s: %s", slice, own.cause);
	ck_assert_uint_eq(own.answers, 1);
	ck_assert_int_eq(worker_status(own.w), WORKER_FAILED);
	ck_assert_int_eq(worker_pid(own.w), 0);
	worker_become(own.w, WORKER_MASTER, 1, 0, on_answer, &own);
	until(own.answers == 2);
	ck_assert_int_eq(own.error, -EPIPE);
	ck_assert_uint_eq(own.failed, 1);
	ck_assert_uint_eq(own.restarted + own.healthy, 0);
}

START_TEST(test_exits)
{
	expect_failed("exits", "status 3; its last words: nothing to do here");
	ck_assert_int_eq(own.error, -EPIPE);
}
END_TEST

START_TEST(test_mute)
{
	workers_params(sliced.workers)->hello_ms = 300;
	expect_failed("mute", "did not say hello");
}
END_TEST

START_TEST(test_sick)
{
	workers_params(sliced.workers)->healthy_ms = 300;
	expect_failed("sick", "did not become healthy within 300 ms: of sick");
}
END_TEST

START_TEST(test_endless)
{
	expect_failed("endless", "longer than");
}
END_TEST

/* Whether it was well before or not, since it is not started again: a breach is the end. */
START_TEST(test_breach)
{
	workers_params(sliced.workers)->poll_ms = 60000;
	workers_params(sliced.workers)->restarts = 0;
	start(breaches[_i].slice);
	worker_load(own.w, DEFINITION, 0, on_answer, &own);
	until(own.failed);
	ck_assert_msg(strstr(own.cause, breaches[_i].cause), "%s: %s", breaches[_i].slice,
		      own.cause);
	ck_assert_uint_eq(own.answers, 1);
	if (!strcmp(breaches[_i].slice, "half-route"))
		ck_assert_uint_eq(own.adds, 2);		/* nothing of the wrong batch */
}
END_TEST

START_TEST(test_no_answer)
{
	start_healthy("silent");
	worker_become(own.w, WORKER_MASTER, 1, 100, on_answer, &own);
	until(own.answers == 2);
	ck_assert_int_eq(own.error, -ETIMEDOUT);
	ck_assert_uint_eq(own.failed, 0);
}
END_TEST

/* It dies when it was well: all is given again, and its routes come again. */
START_TEST(test_restart)
{
	pid_t before;

	start_healthy("good");
	worker_restore(own.w, true, 4, "{\"a\":1}", 0, on_answer, &own);
	worker_restore(own.w, false, 5, "{\"a\":2}", 0, on_answer, &own);
	worker_become(own.w, WORKER_MASTER, 7, 0, on_answer, &own);
	until(own.answers == 4);
	before = worker_pid(own.w);
	kill(before, SIGKILL);
	until(own.restarted);
	ck_assert_ptr_nonnull(strstr(own.cause, "signal 9"));
	ck_assert_int_ne(worker_pid(own.w), before);
	ck_assert_uint_eq(own.begins, 2);
	worker_backup(own.w, true, 0, 0, on_answer, &own);
	until(own.states);
	ck_assert_ptr_nonnull(strstr(own.state, "\"load restore restore become \""));
	ck_assert_uint_eq(own.ready, 1);
	ck_assert_uint_eq(own.failed, 0);
}
END_TEST

/* What is asked while it is away waits for it. */
START_TEST(test_asked_while_away)
{
	workers_params(sliced.workers)->restart_ms = 300;
	start_healthy("good");
	kill(worker_pid(own.w), SIGKILL);
	until(worker_status(own.w) == WORKER_WAITING);
	worker_become(own.w, WORKER_MASTER, 7, 0, on_answer, &own);
	until(own.answers == 2);
	ck_assert_int_eq(own.error, 0);
	ck_assert_uint_eq(own.restarted, 1);
}
END_TEST

START_TEST(test_dies_for_ever)
{
	workers_params(sliced.workers)->restarts = 3;
	start("mortal");
	worker_load(own.w, DEFINITION, 0, on_answer, &own);
	until(own.failed);
	ck_assert_uint_eq(own.healthy, 1);
	ck_assert_uint_eq(own.restarted, 3);
}
END_TEST

START_TEST(test_changed_program)
{
	char path[100];
	FILE *f;

	snprintf(path, sizeof(path), "%s/worker", dir);
	f = fopen(path, "a");
	fputs("x", f);
	fclose(f);
	expect_failed("good", "its hash is");
}
END_TEST

static const char *const stops[] = {
	"ready", "begin", "route", "end", "batch", "state", "healthy", "answer", "restarted",
	"failed",
};

/* Stopped in the middle of whatever it is telling. */
START_TEST(test_stop_inside)
{
	const char *where = stops[_i];

	own.stop_in = where;
	start(strcmp(where, "failed") ? "good" : "exits");
	worker_load(own.w, DEFINITION, 0, strcmp(where, "answer") ? NULL : on_answer, &own);
	if (!strcmp(where, "state"))
		worker_backup(own.w, true, 0, 0, NULL, NULL);
	if (!strcmp(where, "restarted")) {
		until(own.healthy);
		kill(worker_pid(own.w), SIGKILL);
	}
	until(!own.w);
	until(!sliced.workers->first);
}
END_TEST

/* One that does not want to end is ended; the handle is gone at once. */
START_TEST(test_stop_deaf)
{
	pid_t pid;

	workers_params(sliced.workers)->stop_ms = 100;
	start_healthy("deaf");
	pid = worker_pid(own.w);
	worker_stop(own.w);
	own.w = NULL;
	until(!sliced.workers->first);
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
}
END_TEST

START_TEST(test_stop_at_once)
{
	start("good");
	worker_stop(own.w);
	own.w = NULL;
	until(!sliced.workers->first);
	ck_assert_uint_eq(own.ready, 0);
}
END_TEST

START_TEST(test_pause)
{
	unsigned int i;

	start("good");
	until(own.ready);
	worker_pause(own.w, true);
	worker_load(own.w, DEFINITION, 0, on_answer, &own);
	for (i = 0; i < 50; i++)
		tick();
	ck_assert_uint_eq(own.answers + own.begins, 0);
	worker_pause(own.w, false);
	until(own.healthy);
	ck_assert_uint_eq(own.answers, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("workers");
	TCase *tc = tcase_create("workers");
	SRunner *runner;
	int failed;

	if (getenv("NETSLICE_SLICE"))
		return worker_main(getenv("NETSLICE_SLICE"));
	tcase_set_timeout(tc, 2 * LIMIT_S);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_good);
	tcase_add_test(tc, test_confined);
	tcase_add_test(tc, test_migrates);
	tcase_add_test(tc, test_choosy);
	tcase_add_test(tc, test_exits);
	tcase_add_test(tc, test_mute);
	tcase_add_test(tc, test_sick);
	tcase_add_test(tc, test_endless);
	tcase_add_loop_test(tc, test_breach, 0, (int)(sizeof(breaches) / sizeof(breaches[0])));
	tcase_add_test(tc, test_no_answer);
	tcase_add_test(tc, test_restart);
	tcase_add_test(tc, test_asked_while_away);
	tcase_add_test(tc, test_dies_for_ever);
	tcase_add_test(tc, test_changed_program);
	tcase_add_loop_test(tc, test_stop_inside, 0, (int)(sizeof(stops) / sizeof(stops[0])));
	tcase_add_test(tc, test_stop_deaf);
	tcase_add_test(tc, test_stop_at_once);
	tcase_add_test(tc, test_pause);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
