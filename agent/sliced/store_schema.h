/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables, as migrations: entry N leads from schema N to N + 1. */
#ifndef SLICED_STORE_SCHEMA_H
#define SLICED_STORE_SCHEMA_H

/* Ends with NULL. An entry that was released is never edited: add another. */
extern const char *const store_migrations[];

#endif
