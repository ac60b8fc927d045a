// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The words of JSON, checked before cJSON sees them. cJSON checks how words
 * stand together; what it lets pass within them is refused here: control
 * characters, bytes that are no UTF-8, NUL in both forms, half surrogate
 * pairs, numbers such as 01, +1 and 1., and white space that is none.
 */
#include "jsonscan.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "utf8.h"

struct scan {
	const char *text;
	size_t len;
	size_t at;
	unsigned int depth;
	unsigned int max_depth;
	struct nsl_err *err;
};

static int scan_refuse(const struct scan *s, const char *why)
{
	size_t line = 1, column = 1, i;

	for (i = 0; i < s->at && i < s->len; i++) {
		column++;
		if (s->text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return nsl_err_set(s->err, EINVAL, "line %zu, column %zu: %s", line, column, why);
}

static char scan_peek(const struct scan *s)
{
	return s->at < s->len ? s->text[s->at] : '\0';
}

static bool scan_digits(struct scan *s)
{
	size_t from = s->at;

	while (s->at < s->len && s->text[s->at] >= '0' && s->text[s->at] <= '9')
		s->at++;
	return s->at > from;
}

static int scan_number(struct scan *s)
{
	bool zero, good;

	if (scan_peek(s) == '-')
		s->at++;
	zero = scan_peek(s) == '0';
	if (zero)
		s->at++;
	good = zero || scan_digits(s);
	if (good && scan_peek(s) == '.') {
		s->at++;
		good = scan_digits(s);
	}
	if (good && (scan_peek(s) == 'e' || scan_peek(s) == 'E')) {
		s->at++;
		if (scan_peek(s) == '+' || scan_peek(s) == '-')
			s->at++;
		good = scan_digits(s);
	}
	if (!good || strchr("+-.0123456789eE", scan_peek(s) ? scan_peek(s) : ' '))
		return scan_refuse(s, "not a number as JSON writes them");
	return 0;
}

/* Four hexadecimal digits at @at, or -1. */
static int scan_hex4(const struct scan *s, size_t at)
{
	int value = 0, i;

	if (at + 4 > s->len)
		return -1;
	for (i = 0; i < 4; i++) {
		char c = s->text[at + i];

		if (c >= '0' && c <= '9')
			value = value * 16 + c - '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			value = value * 16 + (c | 32) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

static int scan_unicode(struct scan *s)
{
	int high = scan_hex4(s, s->at), low;

	if (high < 0)
		return scan_refuse(s, "\\u needs four hexadecimal digits");
	if (!high)
		return scan_refuse(s, "\\u0000 is not accepted");
	s->at += 4;
	if (high < 0xd800 || high > 0xdfff)
		return 0;
	low = s->at + 6 <= s->len && !memcmp(s->text + s->at, "\\u", 2) ?
	      scan_hex4(s, s->at + 2) : -1;
	if (high > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return scan_refuse(s, "half of a surrogate pair");
	s->at += 6;
	return 0;
}

static int scan_escape(struct scan *s)
{
	char c;

	s->at++;
	c = scan_peek(s);
	if (!c || !strchr("\"\\/bfnrtu", c))
		return scan_refuse(s, "unknown escape in a string");
	s->at++;
	return c == 'u' ? scan_unicode(s) : 0;
}

static int scan_string(struct scan *s)
{
	s->at++;
	while (s->at < s->len) {
		unsigned char c = (unsigned char)s->text[s->at];
		size_t n;

		if (c == '"') {
			s->at++;
			return 0;
		}
		if (c < 0x20)
			return scan_refuse(s, "control character in a string");
		if (c == '\\') {
			int ret = scan_escape(s);

			if (ret)
				return ret;
			continue;
		}
		n = nsl_utf8_len((const unsigned char *)s->text + s->at, s->len - s->at);
		if (!n)
			return scan_refuse(s, "invalid UTF-8");
		s->at += n;
	}
	return scan_refuse(s, "string without its end");
}

static int scan_word(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if (s->at + n <= s->len && !memcmp(s->text + s->at, words[i], n)) {
			s->at += n;
			return 0;
		}
	}
	return scan_refuse(s, "not JSON");
}

static int scan_token(struct scan *s)
{
	char c = s->text[s->at];

	switch (c) {
	case ' ': case '\t': case '\n': case '\r': case ',': case ':':
		s->at++;
		return 0;
	case '{': case '[':
		if (++s->depth > s->max_depth)
			return scan_refuse(s, "nested too deeply");
		s->at++;
		return 0;
	case '}': case ']':
		if (!s->depth)
			return scan_refuse(s, "closes what was never opened");
		s->depth--;
		s->at++;
		return 0;
	case '"':
		return scan_string(s);
	default:
		if (c == '-' || (c >= '0' && c <= '9'))
			return scan_number(s);
		return scan_word(s);
	}
}

/**
 * nsl_json_scan - check the words of a JSON text
 * @text: the text
 * @len: its length
 * @max_depth: containers that may be open at once
 * @err: line and column of the first fault
 *
 * Return: 0 or -EINVAL.
 */
int nsl_json_scan(const char *text, size_t len, unsigned int max_depth, struct nsl_err *err)
{
	struct scan s = { .text = text, .len = len, .max_depth = max_depth, .err = err };
	int ret = 0;

	while (!ret && s.at < len)
		ret = scan_token(&s);
	return ret;
}
