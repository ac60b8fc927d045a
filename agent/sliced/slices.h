/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All slices of this node: read from the store at start, brought into the
 * kernel where they are lacking there, left alone where they stand.
 */
#ifndef SLICED_SLICES_H
#define SLICED_SLICES_H

#include "slice.h"

struct nsl_jw;
struct sliced;

int slices_init(struct sliced *sliced, struct nsl_err *err);
void slices_exit(struct sliced *sliced);
struct slice *slices_find(struct slices *slices, const char *name);
struct slice *slices_next(struct slices *slices, const struct slice *after);	/* NULL starts, ends */
struct sliced *slices_sliced(struct slices *slices);

/* What a new slice is to be; for the standby of a slice, what its master's node said. */
struct slice_spec {
	const struct definition	*def;		/* copied */
	const char		*current;	/* release hash, NULL or "" none */
	const char		*target;
	const char		*home;		/* id of the node that is home */
	const char		*peer;		/* name of the other node, "" none */
	struct slice_terms	terms;
	uint8_t			parity;		/* of this node's own terms */
};

/*
 * Define or change: store first, then kernel. Changing: definition, and
 * release where @spec gives one; terms, home, peer and parity stay. @done
 * when the kernel is as defined; -EBUSY while the slice is held, unless @force
 * (the upgrade itself). @made: the slice, valid for 0.
 */
typedef void (*slices_done)(void *arg, int code, const char *why, struct slice *slice);
void slices_define(struct slices *slices, const struct slice_spec *spec, bool force,
		   slices_done done, void *arg);
/* Kernel first, then store. -EBUSY while it is held. The slice is gone when @done is called. */
void slices_undefine(struct slices *slices, struct slice *slice, slice_done done, void *arg);

/*
 * The release or the definition of an upgrade has become true: durable, then
 * in force (the definition's ports and gateways are placed). NULL leaves a
 * member as it is.
 */
void slice_set_release(struct slice *slice, const char *current, const char *target,
		       slice_done done, void *arg);

/* The definition as it is, validated against this node: 0 or -EINVAL with the reason. */
int slices_check(struct slices *slices, const struct definition *def, struct nsl_err *err);

/* Members of an open object: what `slice.status` shows of it. */
void slice_status(const struct slice *slice, struct nsl_jw *w);

#endif
