/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines of the test tools: long options from a table, positional
 * words kept in their order, everything after "--" left alone.
 */
#ifndef TOOLS_OPT_H
#define TOOLS_OPT_H

#include <stdbool.h>
#include <stdint.h>

enum opt_kind { OPT_END, OPT_FLAG, OPT_STR, OPT_U64, OPT_DBL, OPT_CALL };

/* Exit status of every tool: 0 passed, 1 the measurement failed, 2 usage or cannot run. */
enum { EXIT_PASS, EXIT_FAIL, EXIT_CANNOT };

struct opt {
	const char *name;		/* without the dashes */
	enum opt_kind kind;
	void *to;			/* bool, const char *, uint64_t, double, or the call's */
	int (*call)(char *arg, void *to);
	bool need;
};

struct opt_rest {
	int words;			/* positional words, in argv[0..words) */
	char **word;
	int after;			/* what follows "--" */
	char **tail;
};

extern const char *opt_program;		/* leads every message */

/* Parses argv[0..argc) by the table; on any fault says which and exits 2. */
struct opt_rest opt_parse(const struct opt *table, int argc, char **argv);

__attribute__((noreturn, format(printf, 1, 2)))
void die(const char *fmt, ...);

__attribute__((format(printf, 1, 2)))
void warn(const char *fmt, ...);

/* Whole-string number, decimal or 0x; exits 2 with @what when it is none or above @max. */
uint64_t opt_number(const char *text, const char *what, uint64_t max);

#endif
