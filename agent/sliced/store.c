// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The only code that knows SQLite. The loop owns a transaction while it builds
 * it, the queue and then the thread own it until it is posted back, and the
 * loop frees it after its callback: nobody ever shares one.
 *
 * The database handle belongs to the thread from its start to its end.
 */
#include "store.h"

#include "lib/err.h"
#include "log.h"
#include "mailbox.h"
#include "store_schema.h"
#include "store_tx.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORE_BUSY_MS	5000

struct store {
	sqlite3		*db;
	sqlite3_stmt	*stmt[STORE_SQL_COUNT];
	struct mailbox	*mailbox;
	pthread_t	thread;
	bool		running;
	pthread_mutex_t	lock;		/* protects what follows */
	pthread_cond_t	more;
	pthread_cond_t	waited;		/* a transaction with wait set is finished */
	struct store_tx	*first;
	struct store_tx	**last;
	bool		stop;
	bool		stopped;	/* nothing is accepted any more; the loop's */
};

#define STORE_SQL(name, sql)	[SQL_##name] = sql,
static const char *const store_sql_text[STORE_SQL_COUNT] = {
#include "store_sql.h"
};
#undef STORE_SQL

/* --- in the thread: running one transaction --- */

static int store_errno(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	default:
		return -EIO;
	}
}

static int store_broken(struct store *store, struct store_tx *tx, int rc)
{
	snprintf(tx->text, sizeof(tx->text), "the store: %s", sqlite3_errmsg(store->db));
	return store_errno(rc);
}

static int store_bind_one(sqlite3_stmt *stmt, int pos, const struct store_value *v)
{
	switch (v->kind) {
	case STORE_INT:
		return sqlite3_bind_int64(stmt, pos, v->number);
	case STORE_TEXT:
		return sqlite3_bind_text(stmt, pos, v->data, (int)v->len, SQLITE_STATIC);
	case STORE_BLOB:
		return sqlite3_bind_blob64(stmt, pos, v->data, v->len, SQLITE_STATIC);
	default:
		return sqlite3_bind_null(stmt, pos);
	}
}

static int store_bind(sqlite3_stmt *stmt, const struct store_step *step)
{
	unsigned int i;
	int rc = SQLITE_OK;

	if (sqlite3_bind_parameter_count(stmt) != (int)step->param_count)
		return SQLITE_MISUSE;
	for (i = 0; i < step->param_count && rc == SQLITE_OK; i++)
		rc = store_bind_one(stmt, (int)i + 1, &step->param[i]);
	return rc;
}

static int store_copy_column(sqlite3_stmt *stmt, int col, struct store_value *v)
{
	switch (sqlite3_column_type(stmt, col)) {
	case SQLITE_INTEGER:
		v->kind = STORE_INT;
		v->number = sqlite3_column_int64(stmt, col);
		return 0;
	case SQLITE_NULL:
		return 0;
	case SQLITE_BLOB:
		return store_value_set(v, STORE_BLOB, sqlite3_column_blob(stmt, col),
				       (size_t)sqlite3_column_bytes(stmt, col));
	default:
		return store_value_set(v, STORE_TEXT, sqlite3_column_text(stmt, col),
				       (size_t)sqlite3_column_bytes(stmt, col));
	}
}

static int store_copy_row(sqlite3_stmt *stmt, struct store_tx *tx, unsigned int step)
{
	int columns = sqlite3_column_count(stmt);
	struct store_row *row = store_tx_row(tx, step, (unsigned int)columns);
	int err = row ? 0 : -ENOMEM;
	int col;

	for (col = 0; col < columns && !err; col++)
		err = store_copy_column(stmt, col, &row->value[col]);
	return err;
}

static int store_run_rows(struct store *store, struct store_tx *tx, unsigned int index,
			  sqlite3_stmt *stmt, unsigned int *rows)
{
	int rc;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (store_copy_row(stmt, tx, index))
			return store_broken(store, tx, SQLITE_NOMEM);
		++*rows;
	}
	if (rc != SQLITE_DONE)
		return store_broken(store, tx, rc);
	if (!sqlite3_column_count(stmt))
		*rows = (unsigned int)sqlite3_changes(store->db);
	return 0;
}

static int store_run_step(struct store *store, struct store_tx *tx, unsigned int index)
{
	const struct store_step *step = &tx->step[index];
	sqlite3_stmt *stmt = store->stmt[step->sql];
	unsigned int rows = 0;
	int rc = store_bind(stmt, step);
	int err;

	if (rc == SQLITE_OK)
		err = store_run_rows(store, tx, index, stmt, &rows);
	else
		err = store_broken(store, tx, rc);
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	if (!err && step->expect != STORE_ANY && rows != step->expect) {
		snprintf(tx->text, sizeof(tx->text), "%s matched %u rows instead of %u",
			 store_tx_sql_name(step->sql), rows, step->expect);
		return -ESTALE;
	}
	return err;
}

static int store_exec(struct store *store, struct store_tx *tx, const char *sql)
{
	int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_broken(store, tx, rc);
}

static int store_run_steps(struct store *store, struct store_tx *tx)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < tx->step_count && !err; i++)
		err = store_run_step(store, tx, i);
	return err;
}

static void store_run(struct store *store, struct store_tx *tx)
{
	int err;

	if (tx->failed) {
		tx->error = -ENOMEM;
		snprintf(tx->text, sizeof(tx->text), "out of memory");
		return;
	}
	err = store_exec(store, tx, "BEGIN IMMEDIATE");
	if (!err) {
		err = store_run_steps(store, tx);
		if (!err)
			err = store_exec(store, tx, "COMMIT");
		if (err)
			sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	}
	tx->error = err;
}

/* --- the queue between loop and thread --- */

static struct store_tx *store_next(struct store *store)
{
	struct store_tx *tx;

	pthread_mutex_lock(&store->lock);
	while (!store->first && !store->stop)
		pthread_cond_wait(&store->more, &store->lock);
	tx = store->first;
	if (tx) {
		store->first = tx->next;
		if (!store->first)
			store->last = &store->first;
	}
	pthread_mutex_unlock(&store->lock);
	return tx;
}

static void store_finished(struct store *store, struct store_tx *tx)
{
	if (!tx->wait) {
		mailbox_post(store->mailbox, &tx->letter);
		return;
	}
	pthread_mutex_lock(&store->lock);
	tx->finished = true;
	pthread_cond_signal(&store->waited);
	pthread_mutex_unlock(&store->lock);
}

static void *store_thread(void *arg)
{
	struct store *store = arg;
	struct store_tx *tx;

	while ((tx = store_next(store))) {
		store_run(store, tx);
		store_finished(store, tx);
	}
	return NULL;
}

static void store_queue(struct store *store, struct store_tx *tx)
{
	pthread_mutex_lock(&store->lock);
	tx->next = NULL;
	*store->last = tx;
	store->last = &tx->next;
	pthread_cond_signal(&store->more);
	pthread_mutex_unlock(&store->lock);
}

static void store_letter_open(struct letter *letter)
{
	store_tx_report((struct store_tx *)letter);
}

/**
 * store_commit - run a transaction and go on
 * @tx: what to do, gone after this
 * @done: called on the loop when it is on the disk, or has changed nothing
 * @arg: for @done
 *
 * Context: the loop. @done is not called from inside this call.
 */
void store_commit(struct store_tx *tx, store_done done, void *arg)
{
	if (tx->store->stopped) {
		store_tx_drop(tx);
		return;
	}
	tx->letter.open = store_letter_open;
	tx->done = done;
	tx->arg = arg;
	store_queue(tx->store, tx);
}

/**
 * store_commit_wait - run a transaction and wait for it
 * @tx: what to do, gone after this
 * @done: called before this returns
 * @arg: for @done
 *
 * Context: before the loop runs: initialisation may wait for the disk.
 */
void store_commit_wait(struct store_tx *tx, store_done done, void *arg)
{
	struct store *store = tx->store;

	tx->wait = true;
	store_commit(tx, done, arg);
	pthread_mutex_lock(&store->lock);
	while (!tx->finished)
		pthread_cond_wait(&store->waited, &store->lock);
	pthread_mutex_unlock(&store->lock);
	store_tx_report(tx);
}

/* --- opening and closing --- */

static int store_fail(struct store *store, const char *what, struct nsl_err *err)
{
	return nsl_err_set(err, EIO, "%s: %s", what,
			   store->db ? sqlite3_errmsg(store->db) : "out of memory");
}

static int store_version(struct store *store, int *version, struct nsl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &stmt, NULL);

	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		*version = sqlite3_column_int(stmt, 0);
	else
		rc = SQLITE_ERROR;
	sqlite3_finalize(stmt);
	return rc == SQLITE_OK ? 0 : store_fail(store, "reading the store's version", err);
}

static int store_migrate_one(struct store *store, int to, struct nsl_err *err)
{
	char *sql = sqlite3_mprintf("BEGIN IMMEDIATE;%s;PRAGMA user_version=%d;COMMIT",
				    store_migrations[to - 1], to);
	int rc = sql ? sqlite3_exec(store->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

	sqlite3_free(sql);
	if (rc == SQLITE_OK)
		return 0;
	store_fail(store, "migrating the store", err);
	sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return -EIO;
}

static int store_migrate(struct store *store, struct nsl_err *err)
{
	int version = 0;
	int newest = 0;

	if (store_version(store, &version, err))
		return -EIO;
	while (store_migrations[newest])
		newest++;
	if (version > newest)
		return nsl_err_set(err, EINVAL,
				   "the store has schema %d, this program knows up to %d",
				   version, newest);
	while (version < newest) {
		if (store_migrate_one(store, ++version, err))
			return -EIO;
	}
	return 0;
}

static int store_prepare(struct store *store, struct nsl_err *err)
{
	int i;

	for (i = 0; i < STORE_SQL_COUNT; i++) {
		if (sqlite3_prepare_v3(store->db, store_sql_text[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &store->stmt[i], NULL) != SQLITE_OK)
			return store_fail(store, store_tx_sql_name((enum store_sql)i), err);
	}
	return 0;
}

static int store_open_db(struct store *store, const char *dir, struct nsl_err *err)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/store.db", dir) >= (int)sizeof(path))
		return nsl_err_set(err, ENAMETOOLONG, "%s: the path is too long", dir);
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
			    SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
		return store_fail(store, path, err);
	sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
	if (sqlite3_exec(store->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			 "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF",
			 NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(store, path, err);
	if (store_migrate(store, err) || store_prepare(store, err)) {
		nsl_err_prefix(err, "%s", path);
		return -EIO;
	}
	return 0;
}

static void store_close_db(struct store *store)
{
	int i;

	for (i = 0; i < STORE_SQL_COUNT; i++)
		sqlite3_finalize(store->stmt[i]);
	sqlite3_close(store->db);
}

/**
 * store_open - open or make the store, and start its thread
 * @base: the loop that callbacks come on
 * @dir: the state directory, which is there
 * @err: why not
 *
 * Context: before the loop runs.
 * Return: the store, or NULL.
 */
struct store *store_open(struct event_base *base, const char *dir, struct nsl_err *err)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store) {
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	store->last = &store->first;
	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->more, NULL);
	pthread_cond_init(&store->waited, NULL);
	if (store_open_db(store, dir, err))
		goto fail;
	store->mailbox = mailbox_new(base);
	if (!store->mailbox || pthread_create(&store->thread, NULL, store_thread, store)) {
		nsl_err_set(err, ENOMEM, "the store's thread does not start");
		goto fail;
	}
	store->running = true;
	return store;

fail:
	store_close(store);
	return NULL;
}

static void store_end_thread(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	store->stop = true;
	pthread_cond_signal(&store->more);
	pthread_mutex_unlock(&store->lock);
	pthread_join(store->thread, NULL);
	store->running = false;
}

/* Callbacks may have asked for more: they are told that it was not done. */
static void store_refuse_rest(struct store *store)
{
	struct store_tx *tx;

	while ((tx = store->first)) {
		store->first = tx->next;
		if (!store->first)
			store->last = &store->first;
		tx->error = -ESHUTDOWN;
		snprintf(tx->text, sizeof(tx->text), "the store is closed");
		store_tx_report(tx);
	}
}

/**
 * store_stop - finish what was accepted
 * @store: the store
 *
 * Every callback is called before this returns; one that asks for more is
 * told -ESHUTDOWN. What is committed afterwards is dropped, without a word.
 *
 * Context: the loop has ended.
 */
void store_stop(struct store *store)
{
	if (!store->running)
		return;
	store_end_thread(store);
	mailbox_free(store->mailbox);
	store->mailbox = NULL;
	store_refuse_rest(store);
	store->stopped = true;
}

/**
 * store_close - close
 * @store: the store, or NULL
 */
void store_close(struct store *store)
{
	if (!store)
		return;
	store_stop(store);
	mailbox_free(store->mailbox);
	store_close_db(store);
	pthread_cond_destroy(&store->waited);
	pthread_cond_destroy(&store->more);
	pthread_mutex_destroy(&store->lock);
	free(store);
}
