// SPDX-License-Identifier: GPL-2.0-or-later
#include "jsonw.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "utf8.h"

static bool jw_room(struct nsl_jw *w, size_t more)
{
	size_t size = w->size ? w->size : 256;
	char *text;

	if (w->failed)
		return false;
	if (w->len + more + 1 <= w->size)
		return true;
	while (size < w->len + more + 1)
		size *= 2;
	text = realloc(w->text, size);
	if (!text) {
		w->failed = true;
		return false;
	}
	w->text = text;
	w->size = size;
	return true;
}

static void jw_put(struct nsl_jw *w, const char *s, size_t n)
{
	if (!jw_room(w, n))
		return;
	memcpy(w->text + w->len, s, n);
	w->len += n;
	w->text[w->len] = '\0';
}

static void jw_puts(struct nsl_jw *w, const char *s)
{
	jw_put(w, s, strlen(s));
}

static void jw_line(struct nsl_jw *w)
{
	unsigned int i;

	if (!w->pretty || (!w->depth && !w->len))
		return;
	jw_puts(w, "\n");
	for (i = 0; i < w->depth; i++)
		jw_puts(w, "    ");
}

static void jw_escape(struct nsl_jw *w, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *at = strchr(from, c);
	char text[8];

	if (at)
		snprintf(text, sizeof(text), "\\%c", to[at - from]);
	else
		snprintf(text, sizeof(text), "\\u%04x", c);
	jw_puts(w, text);
}

/* What is no UTF-8 becomes U+FFFD: the output is valid whatever comes in. */
static void jw_quote(struct nsl_jw *w, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;
	size_t len = strlen(value), n;

	jw_puts(w, "\"");
	for (; len; s += n, len -= n) {
		n = nsl_utf8_len(s, len);
		if (!n) {
			jw_puts(w, "\xef\xbf\xbd");
			n = 1;
		} else if (n == 1 && (*s < 0x20 || *s == '"' || *s == '\\')) {
			jw_escape(w, *s);
		} else {
			jw_put(w, (const char *)s, n);
		}
	}
	jw_puts(w, "\"");
}

/* What stands before a value: the comma, the line, the name. */
static void jw_before(struct nsl_jw *w, const char *name)
{
	bool in_object = w->depth && !w->array[w->depth - 1];

	if (in_object != !!name)
		w->failed = true;
	if (w->comma)
		jw_puts(w, ",");
	jw_line(w);
	if (name) {
		jw_quote(w, name);
		jw_puts(w, w->pretty ? ": " : ":");
	}
	w->comma = true;
}

static void jw_open(struct nsl_jw *w, const char *name, bool array)
{
	jw_before(w, name);
	if (w->depth >= NSL_JW_DEPTH) {
		w->failed = true;
		return;
	}
	w->array[w->depth++] = array;
	w->comma = false;
	jw_puts(w, array ? "[" : "{");
}

void nsl_jw_object(struct nsl_jw *w, const char *name)
{
	jw_open(w, name, false);
}

void nsl_jw_array(struct nsl_jw *w, const char *name)
{
	jw_open(w, name, true);
}

/**
 * nsl_jw_end - close the object or array that was opened last
 * @w: the writer
 */
void nsl_jw_end(struct nsl_jw *w)
{
	bool some = w->comma, array;

	if (!w->depth) {
		w->failed = true;
		return;
	}
	array = w->array[--w->depth];
	if (some)
		jw_line(w);
	jw_puts(w, array ? "]" : "}");
	w->comma = true;
}

void nsl_jw_str(struct nsl_jw *w, const char *name, const char *value)
{
	jw_before(w, name);
	jw_quote(w, value);
}

void nsl_jw_fmt(struct nsl_jw *w, const char *name, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		w->failed = true;
		return;
	}
	nsl_jw_str(w, name, text);
	free(text);
}

void nsl_jw_u64(struct nsl_jw *w, const char *name, uint64_t value)
{
	char text[24];

	jw_before(w, name);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	jw_puts(w, text);
}

void nsl_jw_u64s(struct nsl_jw *w, const char *name, uint64_t value)
{
	nsl_jw_fmt(w, name, "%" PRIu64, value);
}

void nsl_jw_i64(struct nsl_jw *w, const char *name, int64_t value)
{
	char text[24];

	jw_before(w, name);
	snprintf(text, sizeof(text), "%" PRId64, value);
	jw_puts(w, text);
}

void nsl_jw_bool(struct nsl_jw *w, const char *name, bool value)
{
	jw_before(w, name);
	jw_puts(w, value ? "true" : "false");
}

void nsl_jw_null(struct nsl_jw *w, const char *name)
{
	jw_before(w, name);
	jw_puts(w, "null");
}

static void jw_number(struct nsl_jw *w, const char *name, const struct nsl_json *value)
{
	char text[40];
	uint64_t whole;
	double number;

	if (!nsl_json_u64(value, &whole, NULL)) {
		nsl_jw_u64(w, name, whole);
		return;
	}
	if (nsl_json_double(value, &number, NULL))
		w->failed = true;
	else if (number < 0 && number > -9e15 && number == (double)(int64_t)number)
		nsl_jw_i64(w, name, (int64_t)number);
	else {
		jw_before(w, name);
		snprintf(text, sizeof(text), "%.17g", number);
		jw_puts(w, text);
	}
}

static void jw_children(struct nsl_jw *w, const struct nsl_json *value)
{
	const struct nsl_json *v;

	nsl_json_for_each(v, value)
		nsl_jw_json(w, nsl_json_name(v), v);
	nsl_jw_end(w);
}

/**
 * nsl_jw_json - write a value that was read, members in the same order
 * @w: the writer
 * @name: its name here, which may be another than it had
 * @value: the value
 */
void nsl_jw_json(struct nsl_jw *w, const char *name, const struct nsl_json *value)
{
	const char *text = "";
	bool flag = false;

	switch (nsl_json_type(value)) {
	case NSL_JSON_NULL:
		nsl_jw_null(w, name);
		break;
	case NSL_JSON_BOOL:
		nsl_json_bool(value, &flag, NULL);
		nsl_jw_bool(w, name, flag);
		break;
	case NSL_JSON_NUMBER:
		jw_number(w, name, value);
		break;
	case NSL_JSON_STRING:
		nsl_json_str(value, &text, NULL);
		nsl_jw_str(w, name, text);
		break;
	case NSL_JSON_ARRAY:
		nsl_jw_array(w, name);
		jw_children(w, value);
		break;
	case NSL_JSON_OBJECT:
		nsl_jw_object(w, name);
		jw_children(w, value);
		break;
	}
}

/**
 * nsl_jw_take - take the text out of the writer
 * @w: the writer, empty afterwards
 *
 * Return: the text, to be freed by the caller, or NULL when memory ran out or
 * the writer was used wrongly (something left open, a name too many).
 */
char *nsl_jw_take(struct nsl_jw *w)
{
	char *text = w->text;
	bool good = text && !w->failed && !w->depth;

	if (!good)
		free(text);
	memset(w, 0, sizeof(*w));
	return good ? text : NULL;
}

void nsl_jw_reset(struct nsl_jw *w)
{
	free(w->text);
	memset(w, 0, sizeof(*w));
}
