/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of `watch`: a JSON line for each frame that speaks of an address or
 * a term, and one for each run of data frames of a node (a line each when all
 * are wanted).
 */
#ifndef TOOLS_OWNER_LOG_H
#define TOOLS_OWNER_LOG_H

#include "owner.h"

/* @from, @said: index of the virtual MAC as source and in the payload, or -1. */
void owner_log_frame(struct owners *o, const struct wire *w, const struct watch_port *p, int from,
		     int said);
void owner_log_handover(struct owners *o, const struct segment *s, const struct wire *w, int to);
void owner_log_violation(struct owners *o, const struct violation *v);
/* Writes runs of data frames that have lasted a second, or all. */
void owner_log_runs(struct owners *o, uint64_t now, bool all);

#endif
