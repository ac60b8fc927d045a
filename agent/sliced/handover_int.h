/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the handover share: facts to decide by, and ways to act. */
#ifndef SLICED_HANDOVER_INT_H
#define SLICED_HANDOVER_INT_H

#include <linux/netslice.h>

#include "handover.h"

/* ---- facts ------------------------------------------------------------- */

static inline bool handover_heard(const struct handover *h, enum handover_step step)
{
	return h->heard & 1U << step;
}

static inline bool handover_is_role(const struct handover *h, uint8_t role)
{
	return h->kernel.role == role;
}

/* A's kernel took mastership back by itself, or was told to. */
static inline bool handover_returned(const struct handover *h)
{
	return handover_is_role(h, NETSLICE_ROLE_MASTER) && h->kernel.fp_term > h->fp_base;
}

static inline bool handover_leased(const struct handover *h, uint8_t action)
{
	return h->kernel.lease == action;
}

static inline bool handover_unwanted(const struct handover *h)
{
	return h->abort || h->limit_hit;
}

static inline bool handover_request_late(const struct handover *h)
{
	return h->request_ns &&
	       h->ops->boottime_ns(h->arg) >= h->request_ns + h->p.lease_ms * 1000000ULL;
}

/* Not master, and nothing in the kernel that will change it. */
static inline bool handover_orphaned(const struct handover *h)
{
	return !handover_is_role(h, NETSLICE_ROLE_MASTER) && handover_leased(h, NETSLICE_LEASE_NONE);
}

/* ---- acts: each documented where it is, in handover.c ------------------- */

void handover_say(struct handover *h, enum handover_step step);
void handover_journal(struct handover *h, enum handover_state state, uint64_t cp_term, uint64_t fp_term);
void handover_call(struct handover *h, const struct handover_call *c);
void handover_call_role(struct handover *h, uint8_t role, struct handover_call *c);
bool handover_raise_cp(struct handover *h);
bool handover_raise_fp(struct handover *h);
bool handover_set_cp(struct handover *h, bool master);
void handover_finish(struct handover *h, enum handover_end end);
void handover_probe(struct handover *h);
void handover_announce(struct handover *h);
void handover_trail(struct handover *h);
void handover_mark_drain(struct handover *h, unsigned int cookie);
void handover_claim(struct handover *h, uint32_t boot_ms);

typedef void (*handover_decide_fn)(struct handover *h);

/* One decision for each state: of A in handover_give.c, of B in handover_take.c. */
extern const handover_decide_fn handover_give[HANDOVER_STATE_COUNT];
extern const handover_decide_fn handover_take[HANDOVER_STATE_COUNT];

#endif
