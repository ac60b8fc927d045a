/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One slice as this node knows it: what is durable, what the kernel was last
 * read to be, and what works for it. All on the loop.
 *
 * Terms name nodes by their parity: a slice's cp-term, fp-term and owner-term
 * are odd or even, and each node knows which of the two is its own. Giving
 * mastership away adds one; taking it goes to one's own next above all known.
 */
#ifndef SLICED_SLICE_H
#define SLICED_SLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "definition.h"
#include "kern.h"
#include "node.h"
#include "store.h"

struct backup;
struct cp;
struct slices;

#define SLICE_HASH_LEN	64	/* a release, hex digits */
#define SLICE_WHY_LEN	400

struct slice_terms {
	uint64_t	cp;
	uint64_t	fp;
	uint64_t	owner;	/* its parity names who claims when nobody is master */
};

enum slice_phase {
	SLICE_PLACING,		/* the kernel is being made to be as defined */
	SLICE_PLACED,		/* it is */
	SLICE_TROUBLE,		/* it could not be: slice->why; tried again */
	SLICE_LEAVING,		/* being undefined */
};

struct slice {
	struct slice		*next;
	struct slices		*slices;
	char			name[NETSLICE_NAME_LEN];

	/* durable: changed only when the transaction is on the disk */
	struct definition	*def;
	uint64_t		def_seq;
	char			current[SLICE_HASH_LEN + 1];	/* release that runs, "" none */
	char			target[SLICE_HASH_LEN + 1];	/* release wanted, "" none */
	uint64_t		gen_next;	/* first generation number never used */
	struct slice_terms	terms;
	uint8_t			parity;		/* of this node's own terms: 0 or 1 */
	char			home[NODE_ID_LEN + 1];
	char			peer[NODE_NAME_LEN];	/* the other node, "" none */

	/* as last read */
	struct kern_slice	kernel;

	/* live */
	enum slice_phase	phase;
	char			why[SLICE_WHY_LEN];	/* of the last trouble, "" none */
	unsigned int		holds;		/* upgrades that own it: edits and claims wait */
	char			hold_why[64];
	struct cp		*cp;		/* its control plane here: cp.h */
	struct backup		*backup;	/* its hot backup: backup.h */
	struct claim		*claim;
	struct place		*place;		/* a placement under way */
	uint64_t		def_loaded;	/* the definition that the worker has: def_seq */
};

/* ---- pure ---- */

/* The lowest term above @above with the parity of this node (@mine), or of the other. */
static inline uint64_t slice_term_next(const struct slice *slice, uint64_t above, bool mine)
{
	uint64_t parity = mine ? slice->parity : slice->parity ^ 1;

	return above + 1 + ((above + 1) % 2 != parity);
}

static inline bool slice_term_mine(const struct slice *slice, uint64_t term)
{
	return term && term % 2 == slice->parity;
}
static inline bool slice_is_owner(const struct slice *slice)
{
	return slice_term_mine(slice, slice->terms.owner);
}
/* By its term this node decides the slice's routes. */
static inline bool slice_is_cp_master(const struct slice *slice)
{
	return slice_term_mine(slice, slice->terms.cp);
}

/* ---- terms, durable ---- */

/*
 * Terms change in the transaction of whoever changes them, with its journal:
 * add the statements with slice_tx_terms(), and when the transaction is done
 * say so with slice_terms_now(). Equal ones are left out.
 */
void slice_tx_terms(struct store_tx *tx, const struct slice *slice,
		    const struct slice_terms *to);
void slice_terms_now(struct slice *slice, const struct slice_terms *to);
/* Alone, where no journal goes with it. */
typedef void (*slice_done)(void *arg, int code, const char *why);
void slice_terms_set(struct slice *slice, const struct slice_terms *to, slice_done done,
		     void *arg);

/* ---- holds ---- */

/* An upgrade is under way: edits of the definition are refused, nothing is claimed, routes go on. */
void slice_hold(struct slice *slice, const char *why);
void slice_release(struct slice *slice);

/* Reads the kernel's state into slice->kernel. */
void slice_look(struct slice *slice, slice_done done, void *arg);

#endif
