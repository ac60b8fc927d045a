/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines from and to sliced, on the socket that a worker is given. */
#ifndef STATIC_LINE_H
#define STATIC_LINE_H

#include <stddef.h>

struct nsl_jw;

/*
 * The next line without its newline, valid until the next call. NULL: the end,
 * or @timeout_ms went by first (*@timeout is then true).
 */
char *line_read(int timeout_ms, int *timeout, size_t *len);
/* One finished object as a line; @w is emptied. What cannot be said ends the worker. */
void line_write(struct nsl_jw *w);

#endif
