/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLICECTL_WATCH_H
#define SLICECTL_WATCH_H

#include "ctl.h"

int watch_upgrade(struct ctl *ctl, const char *id);

#endif /* SLICECTL_WATCH_H */
