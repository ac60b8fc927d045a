/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations of a slice: loading, switching, and edits of the active one.
 *
 * Each function ends with its callback, once and never from inside the call.
 * They carry the cp-term that the kernel was last read to have, in
 * slice->kernel, and the numbers of the caller as compare values.
 */
#ifndef SLICED_GEN_H
#define SLICED_GEN_H

#include <stddef.h>
#include <stdint.h>

#include "routeset.h"
#include "slice.h"

/* @gen: the number taken, for 0. */
typedef void (*gen_taken)(void *arg, int code, const char *why, uint64_t gen);
/* Takes the next number of the slice, durably: it is never used again. */
void gen_take(struct slice *slice, gen_taken done, void *arg);

/* What a new generation is made of. */
struct gen_spec {
	const char	*release;	/* name of it, "" none */
	uint32_t	schema;
	int		prog_fd;	/* forwarding program, -1 none; stays the caller's */
};

void gen_stage(struct slice *slice, uint64_t gen, const struct gen_spec *spec, slice_done done,
	       void *arg);
/* All of @set, as it is now, into the generation that is being built. */
void gen_fill(struct slice *slice, uint64_t gen, const struct routeset *set, slice_done done,
	      void *arg);
/* The kernel compares its count and digest with @digest, which is what we believe. */
void gen_seal(struct slice *slice, uint64_t gen, const struct nsl_digest *digest,
	      slice_done done, void *arg);
/* @expect: the one active now, 0 none. @confirm_ms: 0 no confirm timer. */
void gen_switch(struct slice *slice, uint64_t gen, uint64_t expect, uint32_t confirm_ms,
		slice_done done, void *arg);
void gen_commit(struct slice *slice, uint64_t gen, slice_done done, void *arg);
/* The previous one is active again. @gen: the one active now. */
void gen_rollback(struct slice *slice, uint64_t gen, slice_done done, void *arg);
void gen_drop(struct slice *slice, uint64_t gen, slice_done done, void *arg);

/*
 * All of these, committed at the end: the whole way of a set of routes into
 * force. @set and @spec are copied, the program's descriptor too. What an
 * earlier life left standing is cleared: a standby generation, a switch not committed.
 */
void gen_load(struct slice *slice, const struct gen_spec *spec, const struct routeset *set,
	      gen_taken done, void *arg);
/* The same up to the seal: nothing is switched. */
void gen_prepare(struct slice *slice, const struct gen_spec *spec, const struct routeset *set,
		 gen_taken done, void *arg);

/* ---- reading ---- */

struct gen_info {
	uint64_t		gen;
	uint8_t			state;		/* enum netslice_gen_state */
	char			release[NETSLICE_RELEASE_LEN];
	uint32_t		schema;
	uint32_t		routes4;
	uint32_t		routes6;
	uint8_t			digest[NETSLICE_DIGEST_LEN];
	uint64_t		seq;
	uint64_t		lacks;
	uint32_t		prog_id;	/* 0: none */
};

/* @digest->gen is 0 where there is no such generation. @gen 0: the active one. */
typedef void (*gen_read)(void *arg, int code, const char *why, const struct gen_info *info);
void gen_digest(struct slice *slice, uint64_t gen, gen_read done, void *arg);
/* previous, active, standby, as many as there are */
typedef void (*gen_listed)(void *arg, int code, const struct gen_info *list, size_t count);
void gen_list(struct slice *slice, gen_listed done, void *arg);

/*
 * The routes of a generation, @gen 0 for the active one, at one moment: @info says
 * which, and its digest is that of @set. @set is the callee's: routeset_free().
 */
typedef void (*gen_dumped)(void *arg, int code, const char *why, struct routeset *set,
			   const struct gen_info *info);
void gen_routes(struct slice *slice, uint64_t gen, gen_dumped done, void *arg);
bool gen_is(const struct gen_info *info, const struct nsl_digest *digest);

/* ---- edits of the active generation ---- */

/*
 * A run of NETSLICE_A_ROUTE attributes, validated: put (create or replace) or,
 * with @keys, deleted. One that is not there to be deleted is no failure. Copied.
 */
void gen_edit(struct slice *slice, const void *attrs, size_t len, bool keys, slice_done done,
	      void *arg);
/* Makes the active generation hold exactly @want, by edits of what differs. */
void gen_sync(struct slice *slice, const struct routeset *want, slice_done done, void *arg);

#endif
