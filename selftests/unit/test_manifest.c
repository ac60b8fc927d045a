// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/manifest.c */
/* link: agent/lib/err.c agent/lib/json.c agent/lib/jsonscan.c agent/lib/jsonw.c */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "sliced/manifest.h"

#define H1	"1111111111111111111111111111111111111111111111111111111111111111"
#define H2	"abcdef2222222222222222222222222222222222222222222222222222222222"

static struct manifest *parse(const char *text, struct nsl_err *err)
{
	memset(err, 0, sizeof(*err));
	return manifest_parse(text, strlen(text), err);
}

START_TEST(test_good)
{
	struct nsl_err err;
	struct manifest *m = parse(" { \"version\":\"1.1\", \"schemas\":[1,2,5],\"files\":"
				   "{\"w/work\":\"" H1 "\",\"a.bpf.o\":\"" H2 "\"},\"worker\":"
				   "\"w/work\",\"program\":\"a.bpf.o\",\"name\":\"base\"}\n", &err);

	ck_assert_msg(m, "%s", err.text);
	ck_assert_str_eq(m->name, "base");
	ck_assert_str_eq(m->version, "1.1");
	ck_assert_str_eq(m->worker->path, "w/work");
	ck_assert_str_eq(m->program->hash, H2);
	ck_assert_uint_eq(m->file_count, 2);
	ck_assert(manifest_reads(m, 2) && !manifest_reads(m, 3));
	ck_assert_uint_eq(manifest_schema(m), 5);
	ck_assert_ptr_null(manifest_file(m, "w"));
	ck_assert_str_eq(m->text, "{\"format\":1,\"name\":\"base\",\"version\":\"1.1\","
			 "\"schemas\":[1,2,5],\"worker\":\"w/work\",\"program\":\"a.bpf.o\","
			 "\"changes_routes\":false,\"files\":{\"a.bpf.o\":\"" H2 "\","
			 "\"w/work\":\"" H1 "\"}}");
	manifest_free(m);
}
END_TEST

/* The canonical form is its own canonical form. */
START_TEST(test_canonical)
{
	struct nsl_err err;
	struct manifest *m = parse("{\"name\":\"x\",\"version\":\"1\",\"schemas\":[1],\"worker\":\"w\","
				   "\"changes_routes\":true,\"files\":{\"w\":\"" H1 "\"}}", &err);
	struct manifest *again = parse(m->text, &err);

	ck_assert_msg(again, "%s", err.text);
	ck_assert_str_eq(m->text, again->text);
	ck_assert(again->changes_routes);
	manifest_free(m);
	manifest_free(again);
}
END_TEST

#define BEGIN	"{\"name\":\"b\",\"version\":\"1\",\"schemas\":[1],\"worker\":\"w\""
#define FILES	",\"files\":{\"w\":\"" H1 "\"}}"
#define FILE2(path) BEGIN ",\"files\":{\"w\":\"" H1 "\",\"" path "\":\"" H2 "\"}}"

static const struct {
	const char *text;
	const char *says;
} wrong[] = {
	{ "", "" },
	{ "[]", "object" },
	{ "{}", "name" },
	{ BEGIN "}", "files" },
	{ BEGIN ",\"files\":{}}", "worker" },
	{ BEGIN ",\"files\":{\"w\":\"" H1 "\"},\"more\":1}", "more" },
	{ BEGIN ",\"signature\":\"x\"" FILES, "signature" },
	{ BEGIN ",\"format\":2" FILES, "format" },
	{ BEGIN ",\"program\":\"p\"" FILES, "program" },
	{ BEGIN ",\"program\":\"w\"" FILES, "program" },
	{ BEGIN ",\"program\":7" FILES, "program" },
	{ BEGIN ",\"changes_routes\":1" FILES, "changes_routes" },
	{ BEGIN ",\"files\":{\"w\":\"11\"}}", "files.w" },
	{ BEGIN ",\"files\":{\"w\":\"" H1 "1\"}}", "files.w" },
	{ BEGIN ",\"files\":{\"w\":\"A111111111111111111111111111111111111111111111111111111111111111\"}}",
	  "files.w" },
	{ BEGIN ",\"files\":{\"w\":\"" H1 "\",\"w\":\"" H1 "\"}}", "w" },
	{ FILE2("/etc/passwd"), "/etc/passwd" },
	{ FILE2("../x"), "../x" },
	{ FILE2("a/../x"), "a/../x" },
	{ FILE2("a//x"), "a//x" },
	{ FILE2("a/"), "a/" },
	{ FILE2("."), "." },
	{ FILE2(".tmp-1"), ".tmp-1" },
	{ FILE2("a/.x"), "a/.x" },
	{ FILE2("a b"), "a b" },
	{ FILE2("a\\\\b"), "must be relative" },
	{ FILE2("a\\nb"), "must be relative" },
	{ FILE2("\xc3\xa4"), "must be relative" },
	{ FILE2(""), "must be relative" },
	{ FILE2("w/x"), "a file and a folder" },
	{ FILE2("manifest.json"), "own hash" },
	{ FILE2("manifest.json/x"), "a file and a folder" },
	{ "{\"name\":\"B\",\"version\":\"1\",\"schemas\":[1],\"worker\":\"w\"" FILES, "name" },
	{ "{\"name\":\"\",\"version\":\"1\",\"schemas\":[1],\"worker\":\"w\"" FILES, "name" },
	{ "{\"name\":\"../x\",\"version\":\"1\",\"schemas\":[1],\"worker\":\"w\"" FILES, "name" },
	{ "{\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"version\":\"1\",\"schemas\":[1],"
	  "\"worker\":\"w\"" FILES, "name" },
	{ "{\"name\":\"b\",\"version\":\"1-2\",\"schemas\":[1],\"worker\":\"w\"" FILES, "version" },
	{ "{\"name\":\"b\",\"version\":1,\"schemas\":[1],\"worker\":\"w\"" FILES, "version" },
	{ "{\"name\":\"b\",\"version\":\"1\",\"schemas\":[],\"worker\":\"w\"" FILES, "schemas" },
	{ "{\"name\":\"b\",\"version\":\"1\",\"schemas\":[0],\"worker\":\"w\"" FILES, "schemas[0]" },
	{ "{\"name\":\"b\",\"version\":\"1\",\"schemas\":[1,1],\"worker\":\"w\"" FILES, "schemas[1]" },
	{ "{\"name\":\"b\",\"version\":\"1\",\"schemas\":[2,1],\"worker\":\"w\"" FILES, "schemas[1]" },
	{ "{\"name\":\"b\",\"version\":\"1\",\"schemas\":[1.5],\"worker\":\"w\"" FILES, "schemas[0]" },
	{ "{\"name\":\"b\",\"version\":\"1\",\"schemas\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17],"
	  "\"worker\":\"w\"" FILES, "schemas" },
	{ "{\"name\":\"b\",\"version\":\"1\",\"schemas\":[1]" FILES, "worker" },
};

START_TEST(test_wrong)
{
	struct nsl_err err;

	ck_assert_ptr_null(parse(wrong[_i].text, &err));
	ck_assert_msg(err.text[0] && strstr(err.text, wrong[_i].says), "%s: %s", wrong[_i].text,
		      err.text);
}
END_TEST

/* @count files, the first of them the worker. */
static char *many(unsigned int count)
{
	char *text = malloc(count * 90 + 200);
	size_t len = (size_t)sprintf(text, BEGIN ",\"files\":{\"w\":\"" H1 "\"");
	unsigned int i;

	for (i = 1; i < count; i++)
		len += (size_t)sprintf(text + len, ",\"f%u\":\"" H2 "\"", i);
	strcpy(text + len, "}}");
	return text;
}

START_TEST(test_many)
{
	struct nsl_err err;
	char *text = many(MANIFEST_FILES);
	struct manifest *m = parse(text, &err);

	ck_assert_msg(m, "%s", err.text);
	ck_assert_uint_eq(m->file_count, MANIFEST_FILES);
	manifest_free(m);
	free(text);
	text = many(MANIFEST_FILES + 1);
	ck_assert_ptr_null(parse(text, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "too many"));
	free(text);
}
END_TEST

START_TEST(test_long)
{
	char *text = malloc(MANIFEST_MAX + 100);
	struct nsl_err err;

	memset(text, ' ', MANIFEST_MAX + 100);
	strcpy(text + MANIFEST_MAX + 10, "{}");
	ck_assert_ptr_null(parse(text, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "longer"));
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manifest");
	TCase *tc = tcase_create("manifest");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, test_good);
	tcase_add_test(tc, test_canonical);
	tcase_add_loop_test(tc, test_wrong, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(tc, test_many);
	tcase_add_test(tc, test_long);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
