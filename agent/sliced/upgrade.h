/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upgrades: plans that are under way or were, one run for each slice of a
 * plan on each of the two nodes. What a run does stands in give.c (the node
 * that is master: A) and take.c (the other: B), the handover itself in move.c.
 */
#ifndef SLICED_UPGRADE_H
#define SLICED_UPGRADE_H

struct nsl_err;
struct sliced;

int upgrades_init(struct sliced *sliced, struct nsl_err *err);
void upgrades_exit(struct sliced *sliced);

#endif
