/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON to outside: a writer into a growing string. Integers are written digit
 * by digit. Failure to allocate is kept and reported once, by nsl_jw_take().
 *
 *	struct nsl_jw w = { 0 };
 *
 *	nsl_jw_object(&w, NULL);
 *	nsl_jw_str(&w, "slice", "red");
 *	nsl_jw_u64s(&w, "cp_term", term);
 *	nsl_jw_end(&w);
 *	text = nsl_jw_take(&w);
 *
 * @name is the member's name inside an object and NULL inside an array and at
 * the top level.
 */
#ifndef NSL_JSONW_H
#define NSL_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nsl_json;

#define NSL_JW_DEPTH	64

/**
 * struct nsl_jw - a writer; all zero is an empty one
 * @text: what was written so far, terminated by NUL; NULL before the first byte
 * @len: its length
 * @size: allocated
 * @depth: containers open
 * @array: for each of them, is it an array
 * @comma: a value stands before the next one
 * @pretty: indent with newlines; settable before the first value
 * @failed: out of memory, or used wrongly
 */
struct nsl_jw {
	char *text;
	size_t len;
	size_t size;
	unsigned int depth;
	bool array[NSL_JW_DEPTH];
	bool comma;
	bool pretty;
	bool failed;
};

void nsl_jw_object(struct nsl_jw *w, const char *name);
void nsl_jw_array(struct nsl_jw *w, const char *name);
void nsl_jw_end(struct nsl_jw *w);
void nsl_jw_str(struct nsl_jw *w, const char *name, const char *value);
void nsl_jw_fmt(struct nsl_jw *w, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));			/* as a string */
void nsl_jw_u64(struct nsl_jw *w, const char *name, uint64_t value);	/* as a number */
void nsl_jw_u64s(struct nsl_jw *w, const char *name, uint64_t value);	/* as a string */
void nsl_jw_i64(struct nsl_jw *w, const char *name, int64_t value);
void nsl_jw_bool(struct nsl_jw *w, const char *name, bool value);
void nsl_jw_null(struct nsl_jw *w, const char *name);
void nsl_jw_json(struct nsl_jw *w, const char *name, const struct nsl_json *value);

char *nsl_jw_take(struct nsl_jw *w);	/* malloc'd text, the writer is empty again; NULL on failure */
void nsl_jw_reset(struct nsl_jw *w);

#endif /* NSL_JSONW_H */
