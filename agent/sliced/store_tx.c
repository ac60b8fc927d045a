// SPDX-License-Identifier: GPL-2.0-or-later
/* Building a transaction and reading what it gave: memory only, no SQLite. */
#include "store_tx.h"

#include "log.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define STORE_SQL(name, sql)	[SQL_##name] = #name,
static const char *const store_sql_names[STORE_SQL_COUNT] = {
#include "store_sql.h"
};
#undef STORE_SQL

const char *store_tx_sql_name(enum store_sql sql)
{
	return store_sql_names[sql];
}

int store_value_set(struct store_value *v, enum store_kind kind, const void *data, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	v->kind = kind;
	v->data = copy;
	v->len = len;
	return 0;
}

/* Room for one more: the capacity is the power of two that holds the count. */
static void *store_grow(void *array, unsigned int count, size_t size)
{
	if (count & (count - 1))
		return array;
	return reallocarray(array, count ? 2UL * count : 1UL, size);
}

struct store_row *store_tx_row(struct store_tx *tx, unsigned int step, unsigned int columns)
{
	struct store_row *rows = store_grow(tx->row, tx->row_count, sizeof(*rows));
	struct store_row *row;

	if (!rows)
		return NULL;
	tx->row = rows;
	row = &rows[tx->row_count];
	row->step = step;
	row->columns = columns;
	row->value = calloc(columns ? columns : 1, sizeof(*row->value));
	if (!row->value)
		return NULL;
	tx->row_count++;
	return row;
}

/**
 * store_tx_new - begin to build a transaction
 * @store: where it will run
 *
 * Return: it. Without memory for these few bytes the daemon ends: it could
 * not tell the caller's callback either.
 */
struct store_tx *store_tx_new(struct store *store)
{
	struct store_tx *tx = calloc(1, sizeof(*tx));

	if (!tx) {
		log_error("out of memory");
		abort();
	}
	tx->store = store;
	return tx;
}

static void store_values_free(struct store_value *v, unsigned int count)
{
	while (count)
		free(v[--count].data);
}

/**
 * store_tx_drop - give a transaction up
 * @tx: it, or NULL; not handed over
 */
void store_tx_drop(struct store_tx *tx)
{
	unsigned int i;

	if (!tx)
		return;
	for (i = 0; i < tx->step_count; i++)
		store_values_free(tx->step[i].param, tx->step[i].param_count);
	for (i = 0; i < tx->row_count; i++) {
		store_values_free(tx->row[i].value, tx->row[i].columns);
		free(tx->row[i].value);
	}
	free(tx->step);
	free(tx->row);
	free(tx);
}

static int store_param_text(struct store_value *v, const char *text)
{
	return text ? store_value_set(v, STORE_TEXT, text, strlen(text)) : 0;
}

static int store_param_blob(struct store_value *v, va_list *ap)
{
	const void *data = va_arg(*ap, const void *);
	size_t len = va_arg(*ap, size_t);

	return store_value_set(v, STORE_BLOB, data, len);
}

static int store_param(struct store_value *v, char kind, va_list *ap)
{
	switch (kind) {
	case 'i':
		v->kind = STORE_INT;
		v->number = va_arg(*ap, int64_t);
		return 0;
	case 'u':
		v->kind = STORE_INT;
		v->number = (int64_t)va_arg(*ap, uint64_t);
		return 0;
	case 's':
		return store_param_text(v, va_arg(*ap, const char *));
	case 'b':
		return store_param_blob(v, ap);
	case 'n':
		return 0;
	default:
		assert(!"a letter that store_add() does not know");
		return -EINVAL;
	}
}

/**
 * store_add - add a statement
 * @tx: the transaction
 * @sql: which one
 * @fmt: a letter for each parameter, see store.h
 */
void store_add(struct store_tx *tx, enum store_sql sql, const char *fmt, ...)
{
	struct store_step *steps = store_grow(tx->step, tx->step_count, sizeof(*steps));
	struct store_step *step;
	va_list ap;

	if (!steps) {
		tx->failed = true;
		return;
	}
	tx->step = steps;
	step = &steps[tx->step_count++];
	memset(step, 0, sizeof(*step));
	step->sql = sql;
	step->expect = STORE_ANY;
	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		assert(step->param_count < STORE_PARAMS);
		if (store_param(&step->param[step->param_count++], *fmt, &ap))
			tx->failed = true;
	}
	va_end(ap);
}

/**
 * store_expect - the last statement added must touch so many rows
 * @tx: the transaction
 * @rows: changed, or returned by a SELECT
 */
void store_expect(struct store_tx *tx, unsigned int rows)
{
	if (tx->step_count)
		tx->step[tx->step_count - 1].expect = rows;
}

void store_tx_report(struct store_tx *tx)
{
	const struct store_result res = {
		.error = tx->error,
		.text = tx->text,
		.row_count = tx->error ? 0 : tx->row_count,
		.rows = tx->row,
	};

	if (tx->done)
		tx->done(tx->arg, &res);
	else if (tx->error)
		log_error("%s", tx->text);
	store_tx_drop(tx);
}

/* --- rows --- */

static const struct store_value *store_value_at(const struct store_row *row, unsigned int column)
{
	static const struct store_value none;

	return column < row->columns ? &row->value[column] : &none;
}

int64_t store_int(const struct store_row *row, unsigned int column)
{
	const struct store_value *v = store_value_at(row, column);

	return v->kind == STORE_INT ? v->number : 0;
}

uint64_t store_u64(const struct store_row *row, unsigned int column)
{
	return (uint64_t)store_int(row, column);
}

const char *store_text(const struct store_row *row, unsigned int column)
{
	const struct store_value *v = store_value_at(row, column);

	return v->kind == STORE_TEXT ? v->data : "";
}

const void *store_blob(const struct store_row *row, unsigned int column, size_t *len)
{
	const struct store_value *v = store_value_at(row, column);
	bool there = v->kind == STORE_BLOB || v->kind == STORE_TEXT;

	*len = there ? v->len : 0;
	return there ? v->data : "";
}

bool store_null(const struct store_row *row, unsigned int column)
{
	return store_value_at(row, column)->kind == STORE_NONE;
}

unsigned int store_row_step(const struct store_row *row)
{
	return row->step;
}

const struct store_row *store_row_at(const struct store_result *res, unsigned int index)
{
	return index < res->row_count ? &res->rows[index] : NULL;
}
