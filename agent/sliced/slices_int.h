/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of slices.h. */
#ifndef SLICED_SLICES_INT_H
#define SLICED_SLICES_INT_H

#include "slices.h"

struct event;

struct cp_ops;

struct slices {
	struct sliced	*sliced;
	struct {
		const struct cp_ops	*ops;
		void			*arg;
	} cp_watch[4];
	size_t		cp_watches;
	struct slice	*first;
	struct slice	*gone;		/* undefined: callbacks under way still know them */
	struct event	*begin;		/* the loop runs: all slices start */
	struct event	*retry;
};

/* Never NULL: without memory the daemon ends, the slices forward, and it is started again. */
void *slices_alloc(size_t size);
void slices_nomem(void) __attribute__((noreturn));
char *slices_dup(const char *text);

/* Terms, role or holds have changed: is there something to claim or to bring into the kernel? */
void slices_changed(struct slice *slice);
/* The slice as the kernel lacks it, or again: definition, terms, then its worker. */
void slice_place(struct slice *slice, slice_done done, void *arg);
/* Not before a change that needs the placement under way to end. */
bool slice_placing(const struct slice *slice);

/* From a row of SLICE_ALL. NULL with @err. */
struct slice *slice_from_row(struct slices *slices, const struct store_row *row,
			     struct nsl_err *err);
struct slice *slice_add(struct slices *slices, const char *name);
void slice_gone(struct slice *slice);
void slices_retry_soon(struct slices *slices);
void slice_trouble(struct slice *slice, const char *why);

/* ctl_slice.c */
int ctl_slice_init(struct slices *slices);

/* claim.c: becoming master where nobody is. */
void claim_look(struct slice *slice);
void claim_free(struct slice *slice);

/* cp.c */
void cp_routes_changed(struct slice *slice);
void cp_free(struct slice *slice);

#endif
