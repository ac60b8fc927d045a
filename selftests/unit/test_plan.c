// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/plan.c agent/sliced/definition.c */
/* link: agent/lib/json.c agent/lib/jsonscan.c agent/lib/jsonw.c agent/lib/err.c agent/lib/name.c agent/lib/attrs.c */
/* Plans: what is read, what is assumed, and what is refused with which words. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "sliced/plan.h"

static struct plan *read_plan(const char *text, struct nsl_err *err)
{
	memset(err, 0, sizeof(*err));
	return plan_parse(text, strlen(text), err);
}

START_TEST(defaults)
{
	struct nsl_err err;
	struct plan *p = read_plan("{\"slices\":[{\"slice\":\"red\",\"release\":\"base 1.1\"}]}",
				   &err);

	ck_assert_msg(p, "%s", err.text);
	ck_assert_str_eq(p->peer, "");
	ck_assert_int_eq(p->reset, PLAN_RESET_SLICE);
	ck_assert_uint_eq(p->lease_ms, 30000);
	ck_assert_uint_eq(p->guard_ms, 10000);
	ck_assert_uint_eq(p->handovers, 1);
	ck_assert(p->redundant && !p->home && !p->operator);
	ck_assert_str_eq(p->slices[0].release, "base-1.1");
	ck_assert_uint_eq(p->slices[0].order, 1);
	plan_free(p);
}
END_TEST

START_TEST(everything)
{
	static const char text[] =
		"{\"peer\":\"second\",\"reset\":\"agent\",\"slices\":["
		"{\"slice\":\"red\",\"release\":\"base 1.1\",\"order\":2,\"checks\":["
		"{\"ping\":\"10.1.0.10\"},{\"ping\":\"fd00::1\"},{\"routes\":1000}]},"
		"{\"slice\":\"blue\",\"release\":\"base-2.0\",\"order\":1},"
		"{\"slice\":\"green\",\"release\":\"abcdef0123456789\",\"order\":2}],"
		"\"lease_ms\":60000,\"guard_ms\":7000,\"health_ms\":5000,\"handovers\":2,"
		"\"redundant\":true,\"home\":true,\"confirm\":\"operator\"}";
	struct nsl_err err;
	struct plan *p = read_plan(text, &err);
	const struct plan_slice *red;

	ck_assert_msg(p, "%s", err.text);
	ck_assert_str_eq(p->text, text);
	ck_assert_int_eq(p->reset, PLAN_RESET_AGENT);
	ck_assert(p->home && p->operator);
	ck_assert_uint_eq(p->guard_ms, 7000);
	/* by order; those of equal order as written */
	ck_assert_str_eq(p->slices[0].slice, "blue");
	ck_assert_str_eq(p->slices[1].slice, "red");
	ck_assert_str_eq(p->slices[2].slice, "green");
	red = plan_slice(p, "red");
	ck_assert_uint_eq(red->check_count, 3);
	ck_assert_uint_eq(red->checks[0].address_len, 4);
	ck_assert_uint_eq(red->checks[1].address_len, 16);
	ck_assert_uint_eq(red->checks[2].routes, 1000);
	ck_assert_ptr_null(plan_slice(p, "black"));
	plan_free(p);
}
END_TEST

static const struct {
	const char *text;
	const char *says;
} wrong[] = {
	{ "[]", "object" },
	{ "{}", "slices" },
	{ "{\"slices\":[]}", "slices: must have 1 to 1024 slices" },
	{ "{\"slices\":[{\"slice\":\"red\"}]}", "slices[0].release" },
	{ "{\"slices\":[{\"release\":\"a b\"}]}", "slices[0].slice" },
	{ "{\"slices\":[{\"slice\":\"a/b\",\"release\":\"a b\"}]}", "slices[0].slice" },
	{ "{\"slices\":[{\"slice\":\"a\",\"release\":\"a b c\"}]}", "slices[0].release" },
	{ "{\"slices\":[{\"slice\":\"a\",\"release\":\"\"}]}", "slices[0].release" },
	{ "{\"slices\":[{\"slice\":\"a\",\"release\":\"x\"},{\"slice\":\"a\",\"release\":\"y\"}]}",
	  "slices[1].slice: stands in the plan twice" },
	{ "{\"slices\":[{\"slice\":\"a\",\"release\":\"x\",\"colour\":1}]}", "colour" },
	{ "{\"slices\":[{\"slice\":\"a\",\"release\":\"x\",\"order\":-1}]}", "slices[0].order" },
	{ "{\"slices\":[{\"slice\":\"a\",\"release\":\"x\",\"checks\":[{\"ping\":\"host\"}]}]}",
	  "slices[0].checks[0].ping: must be an address" },
	{ "{\"slices\":[{\"slice\":\"a\",\"release\":\"x\",\"checks\":[{}]}]}",
	  "slices[0].checks[0]: must be one of" },
	{ "{\"slices\":[{\"slice\":\"a\",\"release\":\"x\",\"checks\":[{\"routes\":1,"
	  "\"ping\":\"10.0.0.1\"}]}]}", "slices[0].checks[0]: must be one of" },
	{ "{\"reset\":\"box\",\"slices\":[{\"slice\":\"a\",\"release\":\"x\"}]}",
	  "reset: must be \"slice\" or \"agent\"" },
	{ "{\"confirm\":\"me\",\"slices\":[{\"slice\":\"a\",\"release\":\"x\"}]}", "confirm" },
	{ "{\"lease_ms\":10,\"slices\":[{\"slice\":\"a\",\"release\":\"x\"}]}", "lease_ms" },
	{ "{\"lease_ms\":100000,\"guard_ms\":1000,\"slices\":[{\"slice\":\"a\",\"release\":\"x\"}]}",
	  "guard_ms: must be a tenth" },
	{ "{\"redundant\":false,\"home\":true,\"slices\":[{\"slice\":\"a\",\"release\":\"x\"}]}",
	  "home" },
	{ "{\"redundant\":1,\"slices\":[{\"slice\":\"a\",\"release\":\"x\"}]}", "redundant" },
	{ "{\"slices\":[{\"slice\":\"a\",\"release\":\"x\"}]} x", "" },
};

START_TEST(refused)
{
	struct nsl_err err;
	struct plan *p = read_plan(wrong[_i].text, &err);

	ck_assert_msg(!p, "accepted: %s", wrong[_i].text);
	ck_assert_msg(*err.text && strstr(err.text, wrong[_i].says), "%s: %s", wrong[_i].text,
		      err.text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tc = tcase_create("plan");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, defaults);
	tcase_add_test(tc, everything);
	tcase_add_loop_test(tc, refused, 0, (int)(sizeof(wrong) / sizeof(*wrong)));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
