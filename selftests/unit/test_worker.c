// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/worker.c */
/* link: agent/lib/err.c agent/lib/json.c agent/lib/jsonscan.c agent/lib/jsonw.c */
/* link: agent/lib/route.c agent/lib/name.c agent/lib/digest.c agent/lib/attrs.c */
/* The codec of the worker contract. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/json.h"
#include "lib/netslice.h"
#include "sliced/worker.h"

static int parse(const char *line, struct worker_msg *msg, struct nsl_err *err)
{
	memset(err, 0, sizeof(*err));
	return worker_msg_parse(msg, line, strlen(line), err);
}

static void good(const char *line, struct worker_msg *msg)
{
	struct nsl_err err;

	ck_assert_msg(!parse(line, msg, &err), "%s", err.text);
}

START_TEST(test_good)
{
	struct worker_msg m;

	good("{\"type\":\"hello\",\"contract\":1,\"name\":\"static\",\"version\":\"1.1\","
	     "\"schemas\":[1,2]}", &m);
	ck_assert_int_eq(m.type, WORKER_HELLO);
	ck_assert_str_eq(m.name, "static");
	ck_assert_uint_eq(m.schema_count, 2);
	ck_assert_uint_eq(m.schemas[1], 2);
	worker_msg_free(&m);
	good("{\"type\":\"migrated\",\"id\":\"18446744073709551615\",\"schema\":2,\"config\":{}}", &m);
	ck_assert_uint_eq(m.id, UINT64_MAX);
	ck_assert_ptr_nonnull(m.config);
	worker_msg_free(&m);
	good("{\"type\":\"became\",\"id\":3,\"role\":\"master\",\"cp_term\":\"5\"}", &m);
	ck_assert_int_eq(m.role, WORKER_MASTER);
	ck_assert_uint_eq(m.cp_term, 5);
	worker_msg_free(&m);
	good("{\"type\":\"state\",\"seq\":\"9\",\"full\":false,\"since\":8,\"data\":{\"a\":1}}", &m);
	ck_assert_uint_eq(m.seq, 9);
	ck_assert_uint_eq(m.since, 8);
	ck_assert_uint_eq(m.id, 0);
	worker_msg_free(&m);
	good("{\"type\":\"health\",\"id\":1,\"ok\":false,\"text\":\"no\"}", &m);
	ck_assert(!m.ok);
	ck_assert_str_eq(m.text, "no");
	worker_msg_free(&m);
	good("{\"type\":\"routes\",\"op\":\"full-end\",\"count\":7}", &m);
	ck_assert_int_eq(m.op, WORKER_FULL_END);
	ck_assert_uint_eq(m.count, 7);
	worker_msg_free(&m);
}
END_TEST

static const struct {
	const char *line;
	const char *says;
} wrong[] = {
	{ "", "" },
	{ "{", "" },
	{ "null", "object" },
	{ "{} {}", "" },
	{ "{\"type\":\"hallo\"}", "hallo" },
	{ "{\"type\":1}", "type" },
	{ "{\"type\":\"hello\",\"contract\":1,\"name\":\"x\",\"version\":\"1\"}", "schemas" },
	{ "{\"type\":\"hello\",\"contract\":1,\"name\":\"x\",\"version\":\"1\",\"schemas\":[]}",
	  "schemas" },
	{ "{\"type\":\"hello\",\"contract\":1,\"name\":\"x\",\"version\":\"1\",\"schemas\":[0]}",
	  "schemas" },
	{ "{\"type\":\"hello\",\"contract\":1,\"name\":\"x\",\"version\":"
	  "\"012345678901234567890123456789012\",\"schemas\":[1]}", "version" },
	{ "{\"type\":\"hello\",\"contract\":1,\"name\":\"x\",\"version\":\"1\",\"schemas\":"
	  "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}", "schemas" },
	{ "{\"type\":\"loaded\",\"schema\":1}", "id" },
	{ "{\"type\":\"loaded\",\"id\":0,\"schema\":1}", "id" },
	{ "{\"type\":\"loaded\",\"id\":-1,\"schema\":1}", "id" },
	{ "{\"type\":\"loaded\",\"id\":1}", "schema" },
	{ "{\"type\":\"migrated\",\"id\":1,\"schema\":1,\"config\":[]}", "config" },
	{ "{\"type\":\"became\",\"id\":1,\"role\":\"ready\",\"cp_term\":1}", "ready" },
	{ "{\"type\":\"became\",\"id\":1,\"role\":\"master\"}", "cp_term" },
	{ "{\"type\":\"routes\",\"op\":\"replace\"}", "replace" },
	{ "{\"type\":\"routes\",\"op\":\"add\"}", "routes" },
	{ "{\"type\":\"routes\",\"op\":\"add\",\"routes\":{}}", "routes" },
	{ "{\"type\":\"routes\",\"op\":\"full-end\"}", "count" },
	{ "{\"type\":\"state\",\"seq\":1,\"full\":true}", "data" },
	{ "{\"type\":\"state\",\"seq\":1,\"full\":true,\"data\":[]}", "data" },
	{ "{\"type\":\"state\",\"seq\":1,\"full\":false,\"data\":{}}", "since" },
	{ "{\"type\":\"state\",\"seq\":1,\"full\":false,\"since\":1,\"data\":{}}", "since" },
	{ "{\"type\":\"state\",\"seq\":\"-1\",\"full\":true,\"data\":{}}", "seq" },
	{ "{\"type\":\"health\",\"id\":1,\"ok\":\"yes\"}", "ok" },
	{ "{\"type\":\"error\",\"id\":1}", "text" },
	{ "{\"type\":\"restored\",\"id\":1,\"x\":1}", "x" },
	{ "{\"type\":\"restored\",\"id\":1,\"id\":1}", "id" },
};

START_TEST(test_wrong)
{
	struct worker_msg m;
	struct nsl_err err;

	ck_assert_int_lt(parse(wrong[_i].line, &m, &err), 0);
	worker_msg_free(&m);
	ck_assert_msg(err.text[0] && strstr(err.text, wrong[_i].says), "%s: %s", wrong[_i].line,
		      err.text);
}
END_TEST

START_TEST(test_batch)
{
	char *line = malloc(WORKER_BATCH_MAX * 4 + 100);
	struct worker_msg m;
	struct nsl_err err;
	size_t len;
	int i;

	len = (size_t)sprintf(line, "{\"type\":\"routes\",\"op\":\"add\",\"routes\":[0");
	for (i = 1; i < WORKER_BATCH_MAX; i++)
		len += (size_t)sprintf(line + len, ",0");
	strcpy(line + len, "]}");
	good(line, &m);
	worker_msg_free(&m);
	strcpy(line + len, ",0]}");
	ck_assert_int_lt(parse(line, &m, &err), 0);
	worker_msg_free(&m);
	free(line);
}
END_TEST

START_TEST(test_too_long)
{
	char *line = calloc(1, WORKER_LINE_MAX + 2);
	struct worker_msg m;
	struct nsl_err err;

	memset(line, ' ', WORKER_LINE_MAX + 1);
	ck_assert_int_lt(parse(line, &m, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "longer"));
	worker_msg_free(&m);
	free(line);
}
END_TEST

START_TEST(test_key)
{
	static const char text[] = "[{\"dst\":\"10.0.0.0/8\"},{\"dst\":\"10.0.0.0/8\","
				   "\"port\":\"p\"},{\"dst\":\"x\"},7]";
	struct nsl_json *v = nsl_json_parse(text, strlen(text), NULL);
	const struct nsl_json *at = nsl_json_first(v);
	struct nsl_route r;

	ck_assert_int_eq(worker_route_key(at, &r, NULL), 0);
	ck_assert_uint_eq(r.plen, 8);
	for (at = nsl_json_next(at); at; at = nsl_json_next(at))
		ck_assert_int_lt(worker_route_key(at, &r, NULL), 0);
	nsl_json_free(v);
}
END_TEST

static void line_is(char *line, const char *want)
{
	ck_assert_str_eq(line, want);
	free(line);
}

START_TEST(test_lines)
{
	line_is(worker_load_line(UINT64_MAX, 2, "{\"a\":1}"),
		"{\"type\":\"load\",\"id\":\"18446744073709551615\",\"schema\":2,"
		"\"definition\":{\"a\":1}}\n");
	line_is(worker_become_line(1, WORKER_STANDBY, 9),
		"{\"type\":\"become\",\"id\":\"1\",\"role\":\"standby\",\"cp_term\":\"9\"}\n");
	line_is(worker_backup_line(2, true, 0), "{\"type\":\"backup\",\"id\":\"2\",\"full\":true}\n");
	line_is(worker_backup_line(2, false, 4),
		"{\"type\":\"backup\",\"id\":\"2\",\"full\":false,\"since\":\"4\"}\n");
	line_is(worker_restore_line(3, false, 4, "{}"),
		"{\"type\":\"restore\",\"id\":\"3\",\"full\":false,\"seq\":\"4\",\"data\":{}}\n");
	line_is(worker_health_line(4), "{\"type\":\"health\",\"id\":\"4\"}\n");
	line_is(worker_stop_line(), "{\"type\":\"stop\"}\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("worker");
	TCase *tc = tcase_create("worker");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, test_good);
	tcase_add_loop_test(tc, test_wrong, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(tc, test_batch);
	tcase_add_test(tc, test_too_long);
	tcase_add_test(tc, test_key);
	tcase_add_test(tc, test_lines);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
