/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a plan to an upgrade: what would be refused, on both nodes, and the start. */
#ifndef SLICED_BEGIN_H
#define SLICED_BEGIN_H

#include <stdbool.h>

struct nsl_err;
struct peer_msg;
struct plan;
struct upgrade;
struct upgrades;

enum begin_kind {
	BEGIN_CHECK,	/* nothing is started */
	BEGIN_UPGRADE,
	BEGIN_BACK,	/* to the release that it came from, with the configuration of then */
};

/*
 * Checks @plan here, then on the other node, then starts. @plan is taken over.
 * @done: @up for 0 (NULL of a check); @why names all that is refused.
 */
typedef void (*begin_done)(void *arg, int code, const char *why, struct upgrade *up);
void begin(struct upgrades *us, struct plan *plan, enum begin_kind kind, begin_done done,
	   void *arg);
/* Takes one slice back. */
void begin_back(struct upgrades *us, const char *slice, begin_done done, void *arg);
/* The slices that are this node's since @up return to the other one, at the new release. */
void begin_home(struct upgrade *up);

/* The other node's side. Does this node mind? -EBUSY with the reason. */
int begin_minds(struct upgrades *us, const struct plan *plan, struct nsl_err *err);
void begin_on_check(void *arg, const struct peer_msg *msg);

#endif
