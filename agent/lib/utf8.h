/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NSL_UTF8_H
#define NSL_UTF8_H

#include <stddef.h>

/**
 * nsl_utf8_len - length of the UTF-8 character at the start of @s
 * @s: text
 * @len: bytes that may be read
 *
 * Return: 1 to 4, or 0 for what is no UTF-8: overlong forms, surrogates,
 * beyond U+10FFFF, truncated.
 */
static inline size_t nsl_utf8_len(const unsigned char *s, size_t len)
{
	size_t n, i;

	if (!len)
		return 0;
	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

#endif /* NSL_UTF8_H */
