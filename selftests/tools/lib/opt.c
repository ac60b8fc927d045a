// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opt.h"

const char *opt_program = "tool";

static void say(const char *fmt, va_list ap)
{
	fprintf(stderr, "%s: ", opt_program);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	exit(EXIT_CANNOT);
}

void warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

uint64_t opt_number(const char *text, const char *what, uint64_t max)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || strchr(text, '-') || value > max)
		die("%s: \"%s\" is no number of 0 to %llu", what, text,
		    (unsigned long long)max);
	return value;
}

static double number_double(const char *text, const char *what)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if (errno || end == text || *end || !(value >= 0))
		die("%s: \"%s\" is no number", what, text);
	return value;
}

static const struct opt *find(const struct opt *table, const char *name)
{
	for (; table->kind != OPT_END; table++)
		if (!strcmp(table->name, name))
			return table;
	die("no option --%s", name);
}

static void store(const struct opt *o, char *arg)
{
	switch (o->kind) {
	case OPT_STR:
		*(const char **)o->to = arg;
		break;
	case OPT_U64:
		*(uint64_t *)o->to = opt_number(arg, o->name, UINT64_MAX);
		break;
	case OPT_DBL:
		*(double *)o->to = number_double(arg, o->name);
		break;
	case OPT_CALL:
		/* A copy, for calls cut it up, and ps(1) shall show what was given. */
		if (o->call(strdup(arg), o->to))
			die("--%s: cannot read \"%s\"", o->name, arg);
		break;
	default:
		break;
	}
}

static void check_needed(const struct opt *table, const bool *seen)
{
	for (int i = 0; table[i].kind != OPT_END; i++)
		if (table[i].need && !seen[i])
			die("--%s is needed", table[i].name);
}

struct opt_rest opt_parse(const struct opt *table, int argc, char **argv)
{
	struct opt_rest rest = { .word = argv };
	bool seen[64] = { false };

	for (int i = 0; i < argc; i++) {
		const struct opt *o;

		if (!strcmp(argv[i], "--")) {
			rest.after = argc - i - 1;
			rest.tail = argv + i + 1;
			break;
		}
		if (strncmp(argv[i], "--", 2)) {
			argv[rest.words++] = argv[i];
			continue;
		}
		o = find(table, argv[i] + 2);
		seen[o - table] = true;
		if (o->kind == OPT_FLAG) {
			*(bool *)o->to = true;
			continue;
		}
		if (++i >= argc)
			die("--%s wants a value", o->name);
		store(o, argv[i]);
	}
	check_needed(table, seen);
	return rest;
}
