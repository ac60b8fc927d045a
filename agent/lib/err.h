/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NSL_ERR_H
#define NSL_ERR_H

#include <stdarg.h>

/**
 * struct nsl_err - why something was refused or failed
 * @text: one line for a person, without a newline, never empty after a failure
 * @code: positive errno, 0 where none applies
 * @attr: name of the offending attribute as "port" or "route 3 nexthop 1 via",
 *	"" where there is none
 * @value: that attribute's value in the request as text, "" if not printable
 * @kernel: the kernel's own extack text, "" if it gave none
 *
 * A function that takes one writes to it only when it fails. NULL is allowed
 * everywhere and means that the caller does not want to know.
 */
struct nsl_err {
	char text[400];
	int code;
	char attr[64];
	char value[64];
	char kernel[160];
};

int nsl_err_set(struct nsl_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int nsl_err_prefix(struct nsl_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* NSL_ERR_H */
