// SPDX-License-Identifier: GPL-2.0-or-later
#include "err.h"

#include <stdio.h>
#include <string.h>

/**
 * nsl_err_set - say what went wrong
 * @err: where to, may be NULL
 * @code: positive errno, 0 for none
 * @fmt: printf format of the text
 *
 * Return: -@code, or -1 where @code is 0, so that callers can return it.
 */
int nsl_err_set(struct nsl_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		memset(err, 0, sizeof(*err));
		err->code = code;
		va_start(ap, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
	}
	return code ? -code : -1;
}

/**
 * nsl_err_prefix - say where it went wrong: "PREFIX: TEXT"
 * @err: an error that is set, may be NULL
 * @fmt: printf format of the prefix
 *
 * Return: what nsl_err_set() returned for this error.
 */
int nsl_err_prefix(struct nsl_err *err, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	size_t used;
	va_list ap;

	if (!err)
		return -1;
	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", old);
	return err->code ? -err->code : -1;
}
