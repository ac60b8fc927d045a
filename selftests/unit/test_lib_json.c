// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/lib/json.c agent/lib/jsonscan.c agent/lib/jsonw.c agent/lib/err.c */
/*
 * JSON from outside: what is refused, what getters say, and that what is
 * written is read again.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/jsonw.h"

/* From memory of exactly its size, so that a byte too many is seen. */
static struct nsl_json *parse(const char *text, size_t len, struct nsl_err *err)
{
	char *copy = malloc(len ? len : 1);
	struct nsl_json *v;

	memcpy(copy, text, len);
	v = nsl_json_parse(copy, len, err);
	free(copy);
	return v;
}

static const char *const good[] = {
	"{}", "[]", "0", "-0", "1", "-1", "1.5", "1e3", "1E+3", "1e-3", "\"\"", "true", "false",
	"null", " \t\r\n{ \"a\" : [ 1 , 2 ] }\n", "\"\\u00e9\\ud83d\\ude00\\n\\\"\\/\"",
	"{\"a\":1,\"A\":2}", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "[[],{}]",
};

START_TEST(test_good)
{
	struct nsl_err err;
	struct nsl_json *v = parse(good[_i], strlen(good[_i]), &err);

	ck_assert_msg(v != NULL, "%s: %s", good[_i], err.text);
	nsl_json_free(v);
}
END_TEST

#define TEXT(s) { s, sizeof(s) - 1 }
static const struct {
	const char *text;
	size_t len;
} bad[] = {
	TEXT(""), TEXT(" "), TEXT("{"), TEXT("}"), TEXT("[1,]"), TEXT("{\"a\"}"), TEXT("{\"a\":}"),
	TEXT("{\"a\":1,}"), TEXT("{a:1}"), TEXT("{'a':1}"), TEXT("[1 2]"), TEXT("[1]]"),
	TEXT("{} {}"), TEXT("{}x"), TEXT("1 2"), TEXT("nul"), TEXT("nullx"), TEXT("True"),
	TEXT("01"), TEXT("-"), TEXT("+1"), TEXT("1."), TEXT(".5"), TEXT("1e"), TEXT("1e+"),
	TEXT("0x10"), TEXT("NaN"), TEXT("Infinity"), TEXT("[1e999]"), TEXT("-1e999"),
	TEXT("1.2.3"), TEXT("--1"), TEXT("\""), TEXT("\"a"), TEXT("\"\\\""), TEXT("\"\\x\""),
	TEXT("\"\\u12\""), TEXT("\"\\u12g4\""), TEXT("\"\\u0000\""), TEXT("\"\\ud800\""),
	TEXT("\"\\udc00\""), TEXT("\"\\ud800\\u0041\""), TEXT("\"\n\""), TEXT("\"\t\""),
	TEXT("\"a\0b\""), TEXT("{}\0"), TEXT("\0"), TEXT("[1\0]"), TEXT("\"\xff\""),
	TEXT("\"\xc0\x80\""), TEXT("\"\xc1\xbf\""), TEXT("\"\xe0\x80\x80\""),
	TEXT("\"\xed\xa0\x80\""), TEXT("\"\xf4\x90\x80\x80\""), TEXT("\"\xf5\x80\x80\x80\""),
	TEXT("\"\xe2\x82\""), TEXT("\"\x80\""), TEXT("\"\xc3\""), TEXT("{\"a\":1,\"a\":2}"),
	TEXT("{\"b\":{\"a\":1,\"c\":2,\"a\":3}}"), TEXT("{\"a\":1,\"\\u0061\":2}"),
	TEXT("\v1"), TEXT("\xef\xbb\xbf{}"), TEXT("// x\n1"), TEXT("/* x */1"), TEXT("[,1]"),
	TEXT("[1,,2]"), TEXT("{1:2}"), TEXT("{\"a\" 1}"), TEXT("{\"a\":1 \"b\":2}"),
};

START_TEST(test_bad)
{
	struct nsl_err err = { .text = "" };
	struct nsl_json *v = parse(bad[_i].text, bad[_i].len, &err);

	ck_assert_msg(v == NULL, "%s was taken", bad[_i].text);
	ck_assert_uint_gt(strlen(err.text), 0);
	ck_assert_int_ne(err.code, 0);
}
END_TEST

START_TEST(test_truncated)
{
	static const char text[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\xc3\xa9\",{\"b\":null}],\"c\":true}";
	struct nsl_json *v;
	size_t len;

	for (len = 0; len < sizeof(text) - 1; len++) {
		v = parse(text, len, NULL);
		ck_assert_ptr_null(v);
	}
	v = parse(text, len, NULL);
	ck_assert_ptr_nonnull(v);
	nsl_json_free(v);
}
END_TEST

START_TEST(test_depth)
{
	char text[2 * NSL_JSON_DEPTH + 4];
	struct nsl_json *v;
	struct nsl_err err;

	memset(text, '[', NSL_JSON_DEPTH);
	memset(text + NSL_JSON_DEPTH, ']', NSL_JSON_DEPTH);
	v = parse(text, 2 * NSL_JSON_DEPTH, &err);
	ck_assert_ptr_nonnull(v);
	nsl_json_free(v);
	memset(text, '[', NSL_JSON_DEPTH + 1);
	memset(text + NSL_JSON_DEPTH + 1, ']', NSL_JSON_DEPTH + 1);
	ck_assert_ptr_null(parse(text, 2 * NSL_JSON_DEPTH + 2, &err));
	ck_assert_str_eq(err.text, "line 1, column 33: nested too deeply");
}
END_TEST

START_TEST(test_size)
{
	char *text = malloc(NSL_JSON_SIZE + 1);
	struct nsl_json *v;

	memset(text, ' ', NSL_JSON_SIZE + 1);
	text[0] = '1';
	v = nsl_json_parse(text, NSL_JSON_SIZE, NULL);
	ck_assert_ptr_nonnull(v);
	nsl_json_free(v);
	ck_assert_ptr_null(nsl_json_parse(text, NSL_JSON_SIZE + 1, NULL));
	free(text);
}
END_TEST

static const char plan[] =
	"{\"plan\":{\"slices\":[{\"name\":\"red\",\"gen\":\"18446744073709551615\"},"
	"{\"name\":7,\"gen\":9007199254740993,\"limit\":300,\"on\":true}]},\"x\":1.5}";

START_TEST(test_getters)
{
	struct nsl_json *v = parse(plan, sizeof(plan) - 1, NULL);
	const struct nsl_json *p, *slices, *red, *other;
	struct nsl_err err;
	const char *text;
	char name[4];
	uint64_t big;
	uint32_t small = 0;
	bool on;

	ck_assert_int_eq(nsl_json_need_object(v, "plan", &p, &err), 1);
	ck_assert_int_eq(nsl_json_need_array(p, "slices", &slices, &err), 1);
	ck_assert_uint_eq(nsl_json_count(slices), 2);
	red = nsl_json_first(slices);
	other = nsl_json_next(red);
	ck_assert_int_eq(nsl_json_get_str(red, "name", &text, &err), 1);
	ck_assert_str_eq(text, "red");
	ck_assert_int_eq(nsl_json_get_text(red, "name", name, sizeof(name), &err), 1);
	ck_assert_int_eq(nsl_json_get_text(red, "name", name, 3, &err), -EINVAL);
	ck_assert_str_eq(err.text, "plan.slices[0].name: must not be longer than 2 bytes");
	ck_assert_int_eq(nsl_json_get_u64(red, "gen", &big, &err), 1);
	ck_assert_uint_eq(big, UINT64_MAX);
	ck_assert_int_eq(nsl_json_get_u64(red, "Gen", &big, &err), 0);
	ck_assert_int_eq(nsl_json_need_u64(red, "Gen", &big, &err), -EINVAL);
	ck_assert_str_eq(err.text, "plan.slices[0].Gen: is missing");
	ck_assert_int_eq(nsl_json_get_str(other, "name", &text, &err), -EINVAL);
	ck_assert_str_eq(err.text, "plan.slices[1].name: must be a string");
	ck_assert_int_eq(nsl_json_get_u64(other, "gen", &big, &err), -EINVAL);
	ck_assert_int_eq(nsl_json_get_u32(other, "limit", 1, 300, &small, &err), 1);
	ck_assert_int_eq(nsl_json_get_u32(other, "limit", 1, 299, &small, &err), -EINVAL);
	ck_assert_str_eq(err.text, "plan.slices[1].limit: must be a whole number from 1 to 299");
	ck_assert_int_eq(nsl_json_get_bool(other, "on", &on, &err), 1);
	ck_assert(on);
	ck_assert_int_eq(nsl_json_get_u64(v, "x", &big, &err), -EINVAL);
	ck_assert_str_eq(err.text, "x: must be a whole number from 0, written in decimal");
	ck_assert_int_eq(nsl_json_is(v, NSL_JSON_ARRAY, &err), -EINVAL);
	ck_assert_str_eq(err.text, "(top level): must be an array");
	ck_assert_ptr_null(nsl_json_member(slices, "name"));
	nsl_json_free(v);
}
END_TEST

START_TEST(test_only)
{
	static const char *const names[] = { "plan", NULL }, *const more[] = { "x", "plan", NULL };
	struct nsl_json *v = parse(plan, sizeof(plan) - 1, NULL);
	struct nsl_err err;

	ck_assert_int_eq(nsl_json_only(v, more, &err), 0);
	ck_assert_int_eq(nsl_json_only(v, names, &err), -EINVAL);
	ck_assert_str_eq(err.text, "x: unknown member");
	nsl_json_free(v);
}
END_TEST

static const char *const not_u64[] = {
	"\"\"", "\"-1\"", "\"+1\"", "\"01\"", "\" 1\"", "\"1 \"", "\"1x\"", "\"0x1\"",
	"\"18446744073709551616\"", "\"99999999999999999999\"", "-1", "1.5", "9007199254740992",
	"true", "null", "[]", "1e300",
};

START_TEST(test_numbers)
{
	struct nsl_json *v = parse(not_u64[_i], strlen(not_u64[_i]), NULL);
	uint64_t value;

	ck_assert_ptr_nonnull(v);
	ck_assert_msg(nsl_json_u64(v, &value, NULL) == -EINVAL, "%s", not_u64[_i]);
	nsl_json_free(v);
}
END_TEST

START_TEST(test_written)
{
	struct nsl_jw w = { 0 };
	char *text;

	nsl_jw_object(&w, NULL);
	nsl_jw_u64(&w, "number", UINT64_MAX);
	nsl_jw_u64s(&w, "string", UINT64_MAX);
	nsl_jw_i64(&w, "negative", INT64_MIN);
	nsl_jw_str(&w, "text", "a\"\\\n\x01\xff\xc3\xa9");
	nsl_jw_array(&w, "list");
	nsl_jw_bool(&w, NULL, true);
	nsl_jw_null(&w, NULL);
	nsl_jw_object(&w, NULL);
	nsl_jw_end(&w);
	nsl_jw_fmt(&w, NULL, "%d%%", 5);
	nsl_jw_end(&w);
	nsl_jw_end(&w);
	text = nsl_jw_take(&w);
	ck_assert_str_eq(text, "{\"number\":18446744073709551615,"
			 "\"string\":\"18446744073709551615\",\"negative\":-9223372036854775808,"
			 "\"text\":\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9\","
			 "\"list\":[true,null,{},\"5%\"]}");
	free(text);
}
END_TEST

START_TEST(test_written_wrongly)
{
	struct nsl_jw w = { 0 };
	int i;

	nsl_jw_object(&w, NULL);
	ck_assert_ptr_null(nsl_jw_take(&w));
	nsl_jw_str(&w, "name", "no object");
	ck_assert_ptr_null(nsl_jw_take(&w));
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, NULL, "no name");
	nsl_jw_end(&w);
	ck_assert_ptr_null(nsl_jw_take(&w));
	nsl_jw_end(&w);
	ck_assert_ptr_null(nsl_jw_take(&w));
	for (i = 0; i <= NSL_JW_DEPTH; i++)
		nsl_jw_array(&w, NULL);
	ck_assert_ptr_null(nsl_jw_take(&w));
	ck_assert_ptr_null(nsl_jw_take(&w));
}
END_TEST

START_TEST(test_read_and_written)
{
	static const char text[] =
		"{\"a\":[1,-2,1.5,\"x\",{\"b\":null,\"c\":false}],\"d\":{},\"e\":[]}";
	struct nsl_json *v = parse(text, sizeof(text) - 1, NULL), *again;
	struct nsl_jw w = { 0 }, pretty = { .pretty = true };
	char *out;

	nsl_jw_json(&w, NULL, v);
	out = nsl_jw_take(&w);
	ck_assert_str_eq(out, text);
	free(out);
	nsl_jw_json(&pretty, NULL, v);
	out = nsl_jw_take(&pretty);
	again = parse(out, strlen(out), NULL);
	ck_assert_ptr_nonnull(again);
	free(out);
	nsl_jw_json(&w, NULL, again);
	out = nsl_jw_take(&w);
	ck_assert_str_eq(out, text);
	free(out);
	nsl_json_free(again);
	nsl_json_free(v);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("lib: json");
	TCase *tc = tcase_create("json");

	tcase_add_loop_test(tc, test_good, 0, sizeof(good) / sizeof(*good));
	tcase_add_loop_test(tc, test_bad, 0, sizeof(bad) / sizeof(*bad));
	tcase_add_test(tc, test_truncated);
	tcase_add_test(tc, test_depth);
	tcase_add_test(tc, test_size);
	tcase_add_test(tc, test_getters);
	tcase_add_test(tc, test_only);
	tcase_add_loop_test(tc, test_numbers, 0, sizeof(not_u64) / sizeof(*not_u64));
	tcase_add_test(tc, test_written);
	tcase_add_test(tc, test_written_wrongly);
	tcase_add_test(tc, test_read_and_written);
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
