/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The neighbours of a slice's ports, read on one node and installed on the
 * other, so that its first packets find them: without that a handover makes a gap.
 */
#ifndef SLICED_NEIGHBOURS_H
#define SLICED_NEIGHBOURS_H

#include "slice.h"

struct nsl_err;
struct peer;
struct sliced;

int neighbours_init(struct sliced *sliced, struct nsl_err *err);
void neighbours_exit(struct sliced *sliced);
/* Reads them here and sends them: @done when the other node has installed them. */
void neighbours_send(struct slice *slice, struct peer *peer, slice_done done, void *arg);

#endif
