// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/bundle.c agent/sliced/manifest.c */
/* link: agent/lib/err.c agent/lib/json.c agent/lib/jsonscan.c agent/lib/jsonw.c */
/*
 * Bundles from directories and tar files: what is whole gets its place, what is
 * not leaves nothing behind.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "sliced/bundle.h"

static char dir[] = "/tmp/netslice-bundle-XXXXXX";
static char top[64];
static char src[64];
static struct bundle b;

static void run(const char *fmt, ...)
{
	char command[2000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	ck_assert_msg(!system(command), "%s", command);
}

/* A bundle of two files whose manifest is right. */
static void make_source(void)
{
	run("mkdir -p %s/lib && cd %s && echo worker > worker && echo data > lib/data && "
	    "printf '{\"name\":\"t\",\"version\":\"1\",\"schemas\":[1],\"worker\":\"worker\",'"
	    "'\"files\":{\"worker\":\"%%s\", \"lib/data\":\"%%s\"}}\\n' "
	    "$(sha256sum < worker | cut -c-64) $(sha256sum < lib/data | cut -c-64) > manifest.json",
	    src, src);
}

static void setup(void)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(top, sizeof(top), "%s/releases", dir);
	snprintf(src, sizeof(src), "%s/src", dir);
	ck_assert_int_eq(mkdir(top, 0755), 0);
	make_source();
	memset(&b, 0, sizeof(b));
}

static void teardown(void)
{
	bundle_drop(&b);
	run("rm -rf %s", dir);
}

static unsigned int entries(const char *path)
{
	struct dirent *entry;
	unsigned int count = 0;
	DIR *d = opendir(path);

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)))
		count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(d);
	return count;
}

static void check_place(void)
{
	char path[200];
	struct stat st;

	ck_assert_uint_eq(entries(top), 1);
	snprintf(path, sizeof(path), "%s/%s/worker", top, b.hash);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	snprintf(path, sizeof(path), "%s/%s/lib/data", top, b.hash);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	snprintf(path, sizeof(path), "%s/%s", top, b.hash);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	/* the release's name is the hash of its manifest */
	run("test $(sha256sum < %s/%s/manifest.json | cut -c-64) = %s", top, b.hash, b.hash);
}

static void import_good(const char *path)
{
	struct nsl_err err = { 0 };

	ck_assert_msg(!bundle_import(top, path, &b, &err), "%s", err.text);
	ck_assert_str_eq(b.manifest->name, "t");
	ck_assert_uint_gt(b.size, 12);
	ck_assert_msg(!bundle_publish(top, &b, false, &err), "%s", err.text);
	check_place();
}

START_TEST(test_directory)
{
	import_good(src);
}
END_TEST

static const char *const tars[] = {
	"tar -C %s -cf %s .", "tar -C %s -czf %s worker lib manifest.json",
	"tar -C %s -cJf %s manifest.json worker lib/data", "tar --format=pax -C %s -cf %s .",
	"tar --zstd -C %s -cf %s .",
};

START_TEST(test_tar)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/t.tar", dir);
	run(tars[_i], src, path);
	import_good(path);
}
END_TEST

/* The same content has the same name, however its manifest was written. */
START_TEST(test_twice)
{
	struct nsl_err err = { 0 };
	char first[MANIFEST_HASH_LEN + 1];

	import_good(src);
	strcpy(first, b.hash);
	bundle_drop(&b);
	run("cd %s && python3 -c 'import json; m = json.load(open(\"manifest.json\")); "
	    "json.dump(m, open(\"manifest.json\", \"w\"), indent=3, sort_keys=True)'", src);
	ck_assert_int_eq(bundle_import(top, src, &b, &err), 0);
	ck_assert_str_eq(b.hash, first);
	ck_assert_int_eq(bundle_publish(top, &b, false, &err), 0);
	bundle_drop(&b);
	ck_assert_uint_eq(entries(top), 1);
}
END_TEST

static const struct {
	const char *how;	/* in the source's directory */
	const char *says;
} wrong[] = {
	{ "echo changed > worker", "worker: its hash is" },
	{ "echo changed > lib/data", "lib/data: its hash is" },
	{ "rm worker", "worker: is missing" },
	{ "rm manifest.json", "manifest.json: is missing" },
	{ "echo x > extra", "extra: is not listed" },
	{ "echo x > lib/extra", "lib/extra: is not listed" },
	{ "echo x > .hidden", ".hidden" },
	{ "ln -s /etc/passwd link", "link" },
	{ "rm worker && ln -s /bin/sh worker", "worker" },
	{ "rm -r lib && ln -s /etc lib", "lib" },
	{ "rm manifest.json && ln -s /etc/passwd manifest.json", "manifest.json" },
	{ "mkfifo pipe", "pipe" },
	{ "echo '{' > manifest.json", "manifest.json" },
	{ "head -c 300000 /dev/zero > manifest.json", "manifest.json" },
	{ "truncate -s 65M big", "more than" },
	{ "mkdir -p 1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h/i && touch 1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h/i/x",
	  "deep" },
	{ "for i in $(seq 1030); do : > f$i; done", "" },
};

static void refused(const char *path, const char *says)
{
	struct nsl_err err = { 0 };

	ck_assert_int_lt(bundle_import(top, path, &b, &err), 0);
	ck_assert_msg(err.text[0] && strstr(err.text, says), "%s: %s", says, err.text);
	ck_assert_ptr_null(b.dir);
	ck_assert_uint_eq(entries(top), 0);
}

START_TEST(test_wrong_directory)
{
	run("cd %s && %s", src, wrong[_i].how);
	refused(src, wrong[_i].says);
}
END_TEST

START_TEST(test_wrong_tar)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/t.tar", dir);
	run("cd %s && %s", src, wrong[_i].how);
	run("tar -C %s -czf %s .", src, path);
	refused(path, strcmp(wrong[_i].says, "deep") ? wrong[_i].says : "");
}
END_TEST

static const struct {
	const char *how;	/* writes $T */
	const char *says;
} tricks[] = {
	{ "tar -C $S -cf $T . && tar -C $S -rf $T worker", "worker: stands twice" },
	{ "echo x > $D/out; tar -P -C $S -cf $T manifest.json ../out", "out" },
	{ "tar -P -C $S -cf $T $S/worker", "must be relative" },
	{ "ln $S/worker $S/zlink; tar -C $S -cf $T worker zlink manifest.json", "is a link" },
	{ "head -c 100000 /dev/urandom > $T", "not a tar" },
	{ ": > $T", "" },
	{ "tar -C $S -cf $T . && truncate -s 1500 $T", "" },
	{ "tar -C $S -czf $T . && truncate -s 200 $T", "" },
	{ "tar -C $D -cf $T src", "" },
};

START_TEST(test_trick)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/t.tar", dir);
	run("D=%s; S=%s; T=%s; %s", dir, src, path, tricks[_i].how);
	refused(path, tricks[_i].says);
}
END_TEST

START_TEST(test_nothing)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/none", dir);
	refused(path, "No such file");
	refused("/dev/null", "neither");
}
END_TEST

/* Part by part, as it comes from the other node. */
START_TEST(test_parts)
{
	struct nsl_err err = { 0 };
	char text[1000] = "", path[100];
	FILE *f;

	snprintf(path, sizeof(path), "%s/manifest.json", src);
	f = fopen(path, "r");
	ck_assert_uint_gt(fread(text, 1, sizeof(text), f), 0);
	fclose(f);
	ck_assert_int_eq(bundle_stage(top, &b, &err), 0);
	ck_assert_int_eq(bundle_append(&b, "manifest.json", 0, text, strlen(text), &err), 0);
	ck_assert_int_eq(bundle_append(&b, "lib/data", 0, "da", 2, &err), 0);
	ck_assert_int_eq(bundle_append(&b, "lib/data", 2, "ta\n", 3, &err), 0);
	ck_assert_int_lt(bundle_append(&b, "lib/data", 9, "x", 1, &err), 0);
	ck_assert_int_lt(bundle_append(&b, "lib/data", 0, "x", 1, &err), 0);
	ck_assert_int_lt(bundle_append(&b, "../out", 0, "x", 1, &err), 0);
	ck_assert_int_lt(bundle_verify(&b, &err), 0);	/* no worker yet */
	manifest_free(b.manifest);
	b.manifest = NULL;
	ck_assert_int_eq(bundle_append(&b, "worker", 0, "worker\n", 7, &err), 0);
	ck_assert_msg(!bundle_verify(&b, &err), "%s", err.text);
	ck_assert_int_eq(bundle_publish(top, &b, false, &err), 0);
	check_place();
}
END_TEST

static bool knows(void *arg, const char *hash)
{
	return !strcmp(arg, hash);
}

START_TEST(test_clean)
{
	struct nsl_err err = { 0 };
	char path[200];

	import_good(src);
	run("cd %s && mkdir -p .tmp-abc/x .tmp-def && touch .tmp-abc/x/y && cp -r %s "
	    "$(printf %%064d 7) && mkdir other", top, b.hash);
	ck_assert_msg(!bundle_clean(top, knows, b.hash, &err), "%s", err.text);
	ck_assert_uint_eq(entries(top), 2);	/* and "other", which is not ours */
	run("rmdir %s/other", top);
	check_place();
	snprintf(path, sizeof(path), "%s/%s", top, b.hash);
	ck_assert_int_eq(bundle_look(path, b.hash, &err), 0);
	run("chmod -R u+w %s && rm %s/lib/data", path, path);
	ck_assert_int_lt(bundle_look(path, b.hash, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "lib/data"));
	ck_assert_int_eq(bundle_remove(top, b.hash, &err), 0);
	ck_assert_uint_eq(entries(top), 0);
	ck_assert_int_eq(bundle_remove(top, b.hash, &err), 0);	/* once more hurts nothing */
}
END_TEST

START_TEST(test_replace)
{
	struct nsl_err err = { 0 };

	import_good(src);
	run("echo broken > %s/%s/worker", top, b.hash);
	bundle_drop(&b);
	ck_assert_int_eq(bundle_import(top, src, &b, &err), 0);
	ck_assert_msg(!bundle_publish(top, &b, true, &err), "%s", err.text);
	check_place();
	run("grep -q worker %s/%s/worker", top, b.hash);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bundle");
	TCase *tc = tcase_create("bundle");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_directory);
	tcase_add_loop_test(tc, test_tar, 0, (int)(sizeof(tars) / sizeof(tars[0])));
	tcase_add_test(tc, test_twice);
	tcase_add_loop_test(tc, test_wrong_directory, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_loop_test(tc, test_wrong_tar, 0, (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_loop_test(tc, test_trick, 0, (int)(sizeof(tricks) / sizeof(tricks[0])));
	tcase_add_test(tc, test_nothing);
	tcase_add_test(tc, test_parts);
	tcase_add_test(tc, test_clean);
	tcase_add_test(tc, test_replace);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
