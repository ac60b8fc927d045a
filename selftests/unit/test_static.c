// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/workers/static/schema1.c agent/workers/static/routes.c agent/workers/static/line.c */
/* link: selftests/releases/common/schema2.c */
/* link: agent/lib/err.c agent/lib/json.c agent/lib/jsonscan.c agent/lib/jsonw.c */
/* link: agent/lib/routejson.c agent/lib/route.c agent/lib/name.c agent/lib/digest.c agent/lib/attrs.c */
/*
 * The worker "static" and the test releases' second schema: what is migrated
 * means the same routes; what is told as changes makes the new set of the old.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../releases/common/schema2.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "lib/routejson.h"

#define WEST	"\"via\":\"10.1.0.10\",\"port\":\"west\""
#define CONFIG	"{\"routes\":[{\"dst\":\"10.9.0.0/16\"," WEST "},{\"dst\":\"10.8.0.0/16\"," WEST "}," \
		"{\"dst\":\"fd00::/64\",\"port\":\"west\"},{\"dst\":\"10.7.0.0/16\",\"type\":\"blackhole\"}," \
		"{\"dst\":\"10.6.0.0/16\",\"nexthops\":[{" WEST "},{\"via\":\"10.2.0.10\",\"port\":\"east\"," \
		"\"weight\":3}]},{\"dst\":\"0.0.0.0/0\",\"type\":\"punt\"}]}"

static struct nsl_err err;

static struct nsl_json *json(const char *text)
{
	struct nsl_json *v = nsl_json_parse(text, strlen(text), &err);

	ck_assert_msg(v, "%s", err.text);
	return v;
}

static int read_text(const struct static_schema *schema, const char *text, struct routes *rs)
{
	struct nsl_json *v = json(text);
	int ret = schema->read(v, rs, &err);

	if (!ret)
		ret = routes_sort(rs, &err);
	nsl_json_free(v);
	return ret;
}

static struct nsl_digest digest(const struct routes *rs)
{
	struct nsl_digest d = { 0 };
	size_t i;

	for (i = 0; i < rs->count; i++)
		nsl_digest_add(&d, &rs->route[i]);
	return d;
}

static char *migrate(const char *text)
{
	struct nsl_json *v = json(text), *out;
	struct nsl_jw w = { 0 }, c = { 0 };
	char *made, *config;

	nsl_jw_object(&w, NULL);
	ck_assert_msg(!static_schema1_old.migrate(v, &w, &err), "%s", err.text);
	nsl_jw_end(&w);
	made = nsl_jw_take(&w);
	out = json(made);
	nsl_jw_json(&c, NULL, nsl_json_member(out, "config"));
	config = nsl_jw_take(&c);
	nsl_json_free(out);
	nsl_json_free(v);
	free(made);
	return config;
}

START_TEST(test_migrate)
{
	struct routes old = { 0 }, new = { 0 };
	char *config = migrate(CONFIG);
	struct nsl_digest a, b;

	ck_assert_int_eq(read_text(&static_schema1, CONFIG, &old), 0);
	ck_assert_msg(!read_text(&static_schema2, config, &new), "%s: %s", err.text, config);
	ck_assert_uint_eq(new.count, 6);
	a = digest(&old);
	b = digest(&new);
	ck_assert(!memcmp(&a, &b, sizeof(a)));
	ck_assert_ptr_null(strstr(config, "hop-4"));	/* each set of next hops once */
	ck_assert_ptr_nonnull(strstr(config, "hop-3"));
	free(config);
	routes_free(&old);
	routes_free(&new);
}
END_TEST

START_TEST(test_migrate_nothing)
{
	struct routes rs = { 0 };
	char *config = migrate("{}");

	ck_assert_int_eq(read_text(&static_schema2, config, &rs), 0);
	ck_assert_uint_eq(rs.count, 0);
	free(config);
	routes_free(&rs);
}
END_TEST

static const struct {
	const struct static_schema *schema;
	const char *text;
	const char *says;
} wrong[] = {
	{ &static_schema1, "{\"route\":[]}", "route" },
	{ &static_schema1, "{\"routes\":[{\"dst\":\"10.0.0.0/8\"}]}", "port" },
	{ &static_schema1, "{\"routes\":[{\"dst\":\"10.0.0.0/8\",\"port\":\"w\"},"
	  "{\"dst\":\"10.0.0.0/8\",\"type\":\"punt\"}]}", "10.0.0.0/8 stands twice" },
	{ &static_schema2, "{\"routes\":[{\"dst\":\"10.0.0.0/8\",\"port\":\"w\"}]}", "port" },
	{ &static_schema2, "{\"routes\":[{\"dst\":\"10.0.0.0/8\"}]}", "either to or type" },
	{ &static_schema2, "{\"routes\":[{\"dst\":\"10.0.0.0/8\",\"to\":\"x\"}]}", "no next hops x" },
	{ &static_schema2, "{\"next_hops\":{\"x\":[]},\"routes\":[{\"dst\":\"10.0.0.0/8\",\"to\":\"x\"}]}",
	  "" },
	{ &static_schema2, "{\"next_hops\":{\"x\":[{\"via\":\"fd00::1\",\"port\":\"w\"},{\"via\":\"x\","
	  "\"port\":\"w\"}]},\"routes\":[{\"dst\":\"10.0.0.0/8\",\"to\":\"x\"}]}", "IP address" },
	{ &static_schema2, "{\"routes\":[{\"dst\":\"10.0.0.0/8\",\"type\":\"unicast\"}]}", "unicast" },
};

START_TEST(test_wrong)
{
	struct routes rs = { 0 };

	ck_assert_int_lt(read_text(wrong[_i].schema, wrong[_i].text, &rs), 0);
	ck_assert_msg(err.text[0] && strstr(err.text, wrong[_i].says), "%s: %s", wrong[_i].text,
		      err.text);
	routes_free(&rs);
}
END_TEST

/* --- what is told --- */

/*
 * In a process of its own, as a worker is: its socket is descriptor 3, which
 * here is the test library's.
 */
static int told(const struct routes *old, const struct routes *rs)
{
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	pid = fork();
	if (!pid) {
		if (dup2(ends[1], 3) != 3)
			_exit(1);
		if (old)
			routes_say_changes(old, rs);
		else
			routes_say_all(rs);
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	close(ends[1]);
	return ends[0];
}

static struct nsl_digest heard;
static unsigned int adds, dels;

static void read_told(const struct nsl_json *v, bool del, struct nsl_route *r)
{
	const char *dst;

	if (!del) {
		ck_assert_int_eq(nsl_route_from_json(v, r, &err), 0);
		return;
	}
	memset(r, 0, sizeof(*r));
	ck_assert_int_gt(nsl_json_need_str(v, "dst", &dst, &err), 0);
	ck_assert_int_eq(nsl_route_parse_dst(r, dst, &err), 0);
}

static void hear(const char *line, size_t len, const struct routes *old)
{
	struct nsl_json *msg = nsl_json_parse(line, len, &err);
	const struct nsl_json *v;
	struct nsl_route r;
	const char *op;
	size_t i;

	ck_assert_int_gt(nsl_json_need_str(msg, "op", &op, &err), 0);
	for (v = nsl_json_member(msg, "routes"), v = v ? nsl_json_first(v) : NULL; v;
	     v = nsl_json_next(v)) {
		bool del = !strcmp(op, "del");

		read_told(v, del, &r);
		for (i = 0; old && i < old->count; i++) {
			if (!nsl_route_cmp(&old->route[i], &r))
				nsl_digest_del(&heard, &old->route[i]);
		}
		if (!del)
			nsl_digest_add(&heard, &r);
		adds += !del;
		dels += del;
	}
	nsl_json_free(msg);
}

static void hear_all(const struct routes *old, const struct routes *rs)
{
	FILE *f = fdopen(told(old, rs), "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	adds = dels = 0;
	while ((len = getline(&line, &size, f)) > 0)
		hear(line, (size_t)len - 1, old);
	free(line);
	fclose(f);
	wait(NULL);
}

static void many(struct routes *rs, unsigned int first, unsigned int count, unsigned int weight)
{
	struct nsl_route r = { .dst_len = 4, .plen = 24, .nexthops = 1 };
	unsigned int i;

	strcpy(r.nexthop[0].port, "west");
	r.nexthop[0].weight = (uint16_t)weight;
	for (i = first; i < first + count; i++) {
		r.dst[0] = 10;
		r.dst[1] = (uint8_t)(i >> 8);
		r.dst[2] = (uint8_t)i;
		ck_assert_int_eq(routes_add(rs, &r, &err), 0);
	}
	ck_assert_int_eq(routes_sort(rs, &err), 0);
}

START_TEST(test_told)
{
	struct routes a = { 0 }, b = { 0 };
	struct nsl_digest want;

	memset(&heard, 0, sizeof(heard));
	many(&a, 0, 1200, 1);
	hear_all(NULL, &a);
	want = digest(&a);
	ck_assert_uint_eq(adds, 1200);
	ck_assert(!memcmp(&heard, &want, sizeof(want)));
	/* 100 go, 50 change, 30 are new */
	many(&b, 100, 50, 7);
	many(&b, 150, 1080, 1);
	hear_all(&a, &b);
	want = digest(&b);
	ck_assert_uint_eq(adds, 80);
	ck_assert_uint_eq(dels, 100);
	ck_assert(!memcmp(&heard, &want, sizeof(want)));
	routes_free(&a);
	routes_free(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("static");
	TCase *tc = tcase_create("static");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, test_migrate);
	tcase_add_test(tc, test_migrate_nothing);
	tcase_add_loop_test(tc, test_wrong, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(tc, test_told);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
