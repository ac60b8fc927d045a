/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that name many slices: switch, commit, rollback. */
#ifndef SLICECTL_ENTRIES_H
#define SLICECTL_ENTRIES_H

#include "ctl.h"

int entries_switch(struct ctl *ctl, int argc, char **argv);
int entries_commit(struct ctl *ctl, int argc, char **argv);
int entries_rollback(struct ctl *ctl, int argc, char **argv);

#endif /* SLICECTL_ENTRIES_H */
