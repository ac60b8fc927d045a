// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Times are milliseconds of CLOCK_REALTIME: for people only, nothing is
 * decided by them. 64-bit counters are stored as SQLite's signed integers,
 * bit for bit. A release is named by its content hash, 64 hex digits.
 */
#include "store_schema.h"

#include <stddef.h>

const char *const store_migrations[] = {
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"

	"CREATE TABLE peer("
	"	name TEXT PRIMARY KEY,"
	"	address TEXT NOT NULL,"
	"	port INTEGER NOT NULL,"
	"	pin TEXT NOT NULL,"
	"	next_pin TEXT"
	") WITHOUT ROWID;"

	"CREATE TABLE slice("
	"	name TEXT PRIMARY KEY,"
	"	definition TEXT NOT NULL,"	/* what the operator wants, JSON */
	"	def_seq INTEGER NOT NULL,"
	"	current TEXT,"			/* release that runs */
	"	target TEXT,"			/* latest: the release wanted */
	"	gen_next INTEGER NOT NULL,"	/* first generation number never used */
	"	cp_term INTEGER NOT NULL,"
	"	fp_term INTEGER NOT NULL,"
	"	home TEXT,"			/* node id that is master when all is well */
	"	peer TEXT,"			/* name of the other node */
	"	owner_term INTEGER NOT NULL,"	/* its parity names who claims when nobody is master */
	"	parity INTEGER NOT NULL"	/* of this node's own terms: 0 or 1 */
	") WITHOUT ROWID;"

	"CREATE TABLE keep("
	"	slice TEXT NOT NULL,"
	"	kind TEXT NOT NULL,"		/* 'config', 'cp', 'neighbours' */
	"	seq INTEGER NOT NULL,"
	"	data BLOB NOT NULL,"
	"	time_ms INTEGER NOT NULL,"
	"	PRIMARY KEY(slice, kind)"
	") WITHOUT ROWID;"

	"CREATE TABLE release("
	"	hash TEXT PRIMARY KEY,"
	"	name TEXT NOT NULL,"
	"	version TEXT NOT NULL,"
	"	manifest TEXT NOT NULL,"
	"	path TEXT NOT NULL,"
	"	size INTEGER NOT NULL,"
	"	time_ms INTEGER NOT NULL,"
	"	UNIQUE(name, version)"
	");"

	"CREATE TABLE upgrade("
	"	id TEXT PRIMARY KEY,"
	"	peer TEXT NOT NULL,"
	"	plan TEXT NOT NULL,"
	"	started_ms INTEGER NOT NULL,"
	"	ended_ms INTEGER"
	");"

	"CREATE TABLE run("
	"	upgrade TEXT NOT NULL REFERENCES upgrade(id),"
	"	slice TEXT NOT NULL,"
	"	role TEXT NOT NULL,"		/* 'first' or 'second': this node's */
	"	from_release TEXT,"
	"	to_release TEXT,"
	"	state TEXT NOT NULL,"
	"	outcome TEXT,"			/* 'complete', 'rolled-back', 'stranded' */
	"	plane TEXT,"			/* 'cp', 'fp', 'node' */
	"	failed_state TEXT,"
	"	cause TEXT,"
	"	data TEXT,"
	"	time_ms INTEGER NOT NULL,"
	"	PRIMARY KEY(upgrade, slice)"
	");"

	"CREATE TABLE journal("
	"	seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	upgrade TEXT NOT NULL,"
	"	slice TEXT NOT NULL,"
	"	state TEXT NOT NULL,"
	"	step TEXT NOT NULL,"
	"	role TEXT NOT NULL,"
	"	cp_term INTEGER NOT NULL,"
	"	fp_term INTEGER NOT NULL,"
	"	gen INTEGER NOT NULL,"
	"	data TEXT,"
	"	time_ms INTEGER NOT NULL"
	");"
	"CREATE INDEX journal_of ON journal(upgrade, slice);",

	NULL
};
