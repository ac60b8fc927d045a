// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/store.c */
/* link: agent/sliced/store_tx.c */
/* link: agent/sliced/store_schema.c */
/* link: agent/sliced/mailbox.c */
/* link: agent/sliced/log.c */
/* link: agent/lib/err.c */
/*
 * The store: all of a transaction or nothing, in order, each callback once
 * and on the loop, and what was reported done is there after the next start.
 */
#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "sliced/store.h"

static char dir[] = "/tmp/netslice-store-XXXXXX";
static struct event_base *base;
static struct store *store;

static void store_start(void)
{
	struct nsl_err err = { 0 };

	base = event_base_new();
	store = store_open(base, dir, &err);
	ck_assert_msg(store, "%s", err.text);
}

static void store_end(void)
{
	store_close(store);
	event_base_free(base);
}

static void setup(void)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	store_start();
}

static void teardown(void)
{
	char command[128];

	store_end();
	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* What a callback saw. */
struct seen {
	int calls;
	int order;
	int error;
	char text[256];
	unsigned int rows;
	int64_t number;
	uint64_t big;
	char first[64];
	unsigned int step;
	bool null;
};

static int order;

static void see(void *arg, const struct store_result *res)
{
	const struct store_row *row = store_row_at(res, res->row_count ? res->row_count - 1 : 0);
	struct seen *seen = arg;

	seen->calls++;
	seen->order = ++order;
	seen->error = res->error;
	snprintf(seen->text, sizeof(seen->text), "%s", res->text);
	seen->rows = res->row_count;
	if (!row)
		return;
	seen->step = store_row_step(row);
	snprintf(seen->first, sizeof(seen->first), "%s", store_text(row, 0));
	seen->number = store_int(row, 2);
	seen->big = store_u64(row, 6);
	seen->null = store_null(row, 4);
}

/* The loop, until there were so many callbacks. */
static void until(const struct seen *seen)
{
	while (!seen->calls)
		ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
}

static void slice_new(struct store_tx *tx, const char *name, uint64_t cp_term)
{
	store_add(tx, SQL_SLICE_NEW, "ssissuuussui", name, "{}", (int64_t)1, NULL, NULL,
		  (uint64_t)1, cp_term, (uint64_t)1, NULL, NULL, (uint64_t)1, (int64_t)1);
}

START_TEST(test_rows)
{
	struct seen made = { 0 }, read = { 0 }, none = { 0 };
	struct store_tx *tx = store_tx_new(store);

	slice_new(tx, "red", 0xfffffffffffffff0ULL);
	slice_new(tx, "blue", 7);
	store_commit(tx, see, &made);
	tx = store_tx_new(store);
	store_add(tx, SQL_SLICE_GET, "s", "blue");
	store_add(tx, SQL_SLICE_GET, "s", "red");
	store_commit(tx, see, &read);
	tx = store_tx_new(store);
	store_add(tx, SQL_SLICE_GET, "s", "green");
	store_commit(tx, see, &none);
	ck_assert_int_eq(made.calls, 0);	/* never from inside */
	until(&none);
	ck_assert_int_eq(made.error, 0);
	ck_assert_int_eq(read.error, 0);
	ck_assert_uint_eq(read.rows, 2);
	ck_assert_uint_eq(read.step, 1);
	ck_assert_str_eq(read.first, "red");
	ck_assert_int_eq(read.number, 1);
	ck_assert(read.null);
	ck_assert(read.big == 0xfffffffffffffff0ULL);
	ck_assert_uint_eq(none.rows, 0);
	ck_assert_int_lt(made.order, read.order);
	ck_assert_int_lt(read.order, none.order);
}
END_TEST

/* A compare that fails takes everything before it back. */
START_TEST(test_expect)
{
	struct seen made = { 0 }, first = { 0 }, late = { 0 }, after = { 0 };
	struct store_tx *tx = store_tx_new(store);

	slice_new(tx, "red", 5);
	store_commit(tx, see, &made);
	tx = store_tx_new(store);
	store_add(tx, SQL_SLICE_CP_TERM, "suu", "red", (uint64_t)5, (uint64_t)6);
	store_expect(tx, 1);
	store_commit(tx, see, &first);
	tx = store_tx_new(store);
	slice_new(tx, "blue", 1);
	store_add(tx, SQL_SLICE_CP_TERM, "suu", "red", (uint64_t)5, (uint64_t)8);
	store_expect(tx, 1);
	store_commit(tx, see, &late);
	tx = store_tx_new(store);
	store_add(tx, SQL_SLICE_ALL, "");
	store_commit(tx, see, &after);
	until(&after);
	ck_assert_int_eq(first.error, 0);
	ck_assert_int_eq(late.error, -ESTALE);
	ck_assert_ptr_nonnull(strstr(late.text, "SLICE_CP_TERM"));
	ck_assert_uint_eq(after.rows, 1);
	ck_assert_uint_eq(after.big, 6);
}
END_TEST

START_TEST(test_constraint)
{
	struct seen twice = { 0 };
	struct store_tx *tx = store_tx_new(store);

	slice_new(tx, "red", 5);
	slice_new(tx, "red", 5);
	store_commit(tx, see, &twice);
	until(&twice);
	ck_assert_int_eq(twice.error, -EEXIST);
	ck_assert_uint_gt(strlen(twice.text), 0);
}
END_TEST

/* A generation's number is never handed out twice. */
START_TEST(test_gen_take)
{
	struct seen a = { 0 }, b = { 0 }, c = { 0 };
	struct store_tx *tx = store_tx_new(store);

	slice_new(tx, "red", 5);
	store_add(tx, SQL_SLICE_GEN_TAKE, "suu", "red", (uint64_t)1, (uint64_t)2);
	store_expect(tx, 1);
	store_commit(tx, see, &a);
	tx = store_tx_new(store);
	store_add(tx, SQL_SLICE_GEN_TAKE, "suu", "red", (uint64_t)1, (uint64_t)2);
	store_expect(tx, 1);
	store_commit(tx, see, &b);
	tx = store_tx_new(store);
	store_add(tx, SQL_SLICE_GEN_TAKE, "suu", "red", (uint64_t)2, (uint64_t)1);
	store_expect(tx, 1);
	store_commit(tx, see, &c);
	until(&c);
	ck_assert_int_eq(a.error, 0);
	ck_assert_int_eq(b.error, -ESTALE);
	ck_assert_int_eq(c.error, -ESTALE);
}
END_TEST

/* Callbacks of what was accepted come at the close, what then is asked is refused, and done stays done. */
static void chain(void *arg, const struct store_result *res)
{
	struct seen *seen = arg;
	struct store_tx *tx;

	ck_assert_int_eq(res->error, 0);
	seen[0].calls++;
	tx = store_tx_new(store);
	slice_new(tx, "never", 1);
	store_commit(tx, see, &seen[1]);
}

START_TEST(test_close_and_open)
{
	struct seen seen[2] = { { 0 }, { 0 } };
	struct seen after = { 0 };
	struct store_tx *tx = store_tx_new(store);

	slice_new(tx, "red", 5);
	store_commit(tx, chain, seen);
	store_stop(store);
	ck_assert_int_eq(seen[0].calls, 1);
	ck_assert_int_eq(seen[1].calls, 1);
	ck_assert_int_eq(seen[1].error, -ESHUTDOWN);
	tx = store_tx_new(store);
	slice_new(tx, "dropped", 1);
	store_commit(tx, see, &after);
	store_end();
	ck_assert_int_eq(after.calls, 0);
	store_start();
	tx = store_tx_new(store);
	store_add(tx, SQL_SLICE_ALL, "");
	store_commit_wait(tx, see, &after);
	ck_assert_int_eq(after.calls, 1);
	ck_assert_uint_eq(after.rows, 1);
	ck_assert_str_eq(after.first, "red");
}
END_TEST

static void see_blob(void *arg, const struct store_result *res)
{
	const struct store_row *row = store_row_at(res, 0);
	struct seen *seen = arg;
	size_t len = 0;
	const char *data;

	ck_assert_ptr_nonnull(row);
	data = store_blob(row, 1, &len);
	ck_assert_uint_eq(len, 5);
	ck_assert_mem_eq(data, "a\0b\0c", 5);
	/* wrong kinds and columns that are not there read as nothing */
	ck_assert_str_eq(store_text(row, 0), "");
	ck_assert_int_eq(store_int(row, 1), 0);
	ck_assert_int_eq(store_int(row, 99), 0);
	ck_assert(store_null(row, 99));
	ck_assert_ptr_null(store_row_at(res, 1));
	seen->calls++;
}

START_TEST(test_blob)
{
	struct seen seen = { 0 };
	struct store_tx *tx = store_tx_new(store);

	store_add(tx, SQL_KEEP_PUT, "ssubi", "red", "cp", (uint64_t)9, "a\0b\0c", (size_t)5,
		  (int64_t)1);
	store_add(tx, SQL_KEEP_GET, "ss", "red", "cp");
	store_commit_wait(tx, see_blob, &seen);
	ck_assert_int_eq(seen.calls, 1);
}
END_TEST

/* Older data does not overwrite newer. */
START_TEST(test_keep_seq)
{
	struct seen seen = { 0 };
	struct store_tx *tx = store_tx_new(store);

	store_add(tx, SQL_KEEP_PUT, "ssubi", "red", "cp", (uint64_t)9, "new", (size_t)3,
		  (int64_t)1);
	store_commit_wait(tx, NULL, NULL);
	tx = store_tx_new(store);
	store_add(tx, SQL_KEEP_PUT, "ssubi", "red", "cp", (uint64_t)8, "old", (size_t)3,
		  (int64_t)1);
	store_expect(tx, 1);
	store_commit_wait(tx, see, &seen);
	ck_assert_int_eq(seen.error, -ESTALE);
}
END_TEST

START_TEST(test_newer_schema)
{
	const uint8_t version[4] = { 0, 0, 0, 99 };
	struct nsl_err err = { 0 };
	char path[128];
	FILE *file;

	store_close(store);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	file = fopen(path, "r+");
	ck_assert_ptr_nonnull(file);
	/* where SQLite's file format has user_version */
	ck_assert_int_eq(fseek(file, 60, SEEK_SET), 0);
	ck_assert_uint_eq(fwrite(version, 4, 1, file), 1);
	ck_assert_int_eq(fclose(file), 0);
	store = store_open(base, dir, &err);
	ck_assert_ptr_null(store);
	ck_assert_ptr_nonnull(strstr(err.text, "schema 99"));
}
END_TEST

START_TEST(test_not_a_database)
{
	struct nsl_err err = { 0 };
	char path[128];
	FILE *file;

	store_close(store);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	file = fopen(path, "w");
	ck_assert_int_gt(fprintf(file, "this is not a database, it is a text of some length "
				 "that is longer than a header, so that SQLite reads it ....."), 0);
	fclose(file);
	store = store_open(base, dir, &err);
	ck_assert_ptr_null(store);
	ck_assert_ptr_nonnull(strstr(err.text, path));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tc = tcase_create("store");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_rows);
	tcase_add_test(tc, test_expect);
	tcase_add_test(tc, test_constraint);
	tcase_add_test(tc, test_gen_take);
	tcase_add_test(tc, test_close_and_open);
	tcase_add_test(tc, test_blob);
	tcase_add_test(tc, test_keep_seq);
	tcase_add_test(tc, test_newer_schema);
	tcase_add_test(tc, test_not_a_database);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
