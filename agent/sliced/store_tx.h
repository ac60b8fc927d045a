/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A transaction's insides: for store.c and store_tx.c only. */
#ifndef SLICED_STORE_TX_H
#define SLICED_STORE_TX_H

#include "mailbox.h"
#include "store.h"

#define STORE_PARAMS	12
#define STORE_ANY	0xffffffffU

enum store_kind { STORE_NONE, STORE_INT, STORE_TEXT, STORE_BLOB };

struct store_value {
	enum store_kind	kind;
	int64_t		number;
	void		*data;	/* NUL follows, for TEXT and BLOB */
	size_t		len;
};

struct store_step {
	enum store_sql		sql;
	unsigned int		expect;
	unsigned int		param_count;
	struct store_value	param[STORE_PARAMS];
};

struct store_row {
	unsigned int		step;
	unsigned int		columns;
	struct store_value	*value;
};

struct store_tx {
	struct letter		letter;	/* first: a letter is a transaction */
	struct store_tx		*next;
	struct store		*store;
	struct store_step	*step;
	unsigned int		step_count;
	struct store_row	*row;
	unsigned int		row_count;
	bool			failed;	/* out of memory while building */
	bool			wait;
	bool			finished;
	store_done		done;
	void			*arg;
	int			error;
	char			text[256];
};

int store_value_set(struct store_value *v, enum store_kind kind, const void *data, size_t len);
/* A new row with @columns empty values, or NULL. */
struct store_row *store_tx_row(struct store_tx *tx, unsigned int step, unsigned int columns);
/* Calls the callback and frees. */
void store_tx_report(struct store_tx *tx);
const char *store_tx_sql_name(enum store_sql sql);

#endif
