/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands on the foundation, in the order of beginning. @init registers
 * handlers, commands and watchers, and reads what it needs from the store
 * (waiting: the loop does not run yet). @exit frees: by then all questions,
 * transactions and jobs have ended and nothing calls back any more.
 */
#ifndef SLICED_MODULES_H
#define SLICED_MODULES_H

struct nsl_err;
struct sliced;

struct module {
	const char	*name;
	int		(*init)(struct sliced *sliced, struct nsl_err *err);
	void		(*exit)(struct sliced *sliced);
};

/* Ends with a NULL name. */
extern const struct module modules[];

#endif
