/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A definition and this node's port map into the kernel: VRF, slice device,
 * ports, the node's addresses, virtual addresses. Only what differs is touched, so
 * that it may be run on a slice that forwards. In work threads.
 */
#ifndef SLICED_APPLY_H
#define SLICED_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "definition.h"
#include "slice.h"

struct config;
struct work;

struct apply_result {
	int		code;
	const char	*why;
	bool		made;		/* the slice was not in the kernel */
	unsigned int	changes;	/* made, or with @look found */
	unsigned int	texts;		/* of the first of them, for people */
	const char	*const *text;
};
typedef void (*apply_done)(void *arg, const struct apply_result *result);

struct apply_spec {
	const struct definition	*def;
	const struct config	*config;
	uint64_t		gen_first;	/* of a slice that is made */
	uint64_t		cp_term;
	uint64_t		fp_term;
	bool			look;		/* change nothing, say what differs */
};

/* Has this node's map each port of the definition? 0 or -ENOENT. */
int apply_check(const struct definition *def, const struct config *config, struct nsl_err *err);
/* Everything is copied. 0, or -ENOMEM, -ESHUTDOWN: then @done is not called. */
int apply_start(struct work *work, const struct apply_spec *spec, apply_done done, void *arg);
/* The slice, its VRF if we made it, and the addresses of @spec's ports are removed. */
int apply_remove(struct work *work, const struct apply_spec *spec, apply_done done, void *arg);

#endif
