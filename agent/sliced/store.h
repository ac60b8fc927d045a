/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The durable store: SQLite in a thread of its own. The loop builds a
 * transaction, hands it over and goes on; the callback comes on the loop once
 * the transaction is on the disk (synchronous=FULL), or has changed nothing.
 *
 * Transactions run one after the other, in the order given. One that was
 * accepted gets its callback exactly once, also at shutdown.
 */
#ifndef SLICED_STORE_H
#define SLICED_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct nsl_err;
struct store;
struct store_tx;

/* The statements, by name: store_sql.h is the one list of them. */
#define STORE_SQL(name, sql)	SQL_##name,
enum store_sql {
#include "store_sql.h"
	STORE_SQL_COUNT
};
#undef STORE_SQL

/* What became of a transaction. Valid only during the callback. */
struct store_result {
	int			error;		/* 0, or -ESTALE: an expectation failed; -EIO ... */
	const char		*text;		/* why, for people; "" when error is 0 */
	unsigned int		row_count;	/* of all SELECTs, in order */
	const struct store_row	*rows;
};

/* One row; columns by position. Wrong types read as 0, "" or an empty blob. */
int64_t store_int(const struct store_row *row, unsigned int column);
uint64_t store_u64(const struct store_row *row, unsigned int column);
const char *store_text(const struct store_row *row, unsigned int column);
const void *store_blob(const struct store_row *row, unsigned int column, size_t *len);
bool store_null(const struct store_row *row, unsigned int column);
/* Which statement of the transaction gave the row, counted from 0. */
unsigned int store_row_step(const struct store_row *row);
const struct store_row *store_row_at(const struct store_result *res, unsigned int index);

typedef void (*store_done)(void *arg, const struct store_result *res);

/*
 * Opens or makes @dir/store.db (@dir 0700) and migrates its schema: before
 * the loop runs, so this one waits.
 */
struct store *store_open(struct event_base *base, const char *dir, struct nsl_err *err);
/* The loop has ended: runs what was accepted and calls every callback; what comes later is dropped. */
void store_stop(struct store *store);
/* Closes. NULL is fine. */
void store_close(struct store *store);

/*
 * Build: @fmt has a letter for each parameter: i int64_t, u uint64_t,
 * s const char * (NULL is NULL), b const void * with size_t, n none (NULL).
 * Everything is copied. Out of memory is remembered and reported by the end.
 */
struct store_tx *store_tx_new(struct store *store);
void store_add(struct store_tx *tx, enum store_sql sql, const char *fmt, ...);
/* The statement just added must change (or return) exactly @rows rows, else nothing is done: -ESTALE. */
void store_expect(struct store_tx *tx, unsigned int rows);
/*
 * Hand over; the transaction is gone. @done may be NULL: a failure is then
 * logged. Out of memory also arrives in @done, later, never from inside.
 */
void store_commit(struct store_tx *tx, store_done done, void *arg);
/* The same, waiting: only before the loop runs, for what init must know. */
void store_commit_wait(struct store_tx *tx, store_done done, void *arg);
void store_tx_drop(struct store_tx *tx);

#endif
