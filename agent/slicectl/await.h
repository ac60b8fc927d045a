/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for evidence: on events, and what the kernel shows after each. */
#ifndef SLICECTL_AWAIT_H
#define SLICECTL_AWAIT_H

#include "ctl.h"

int await_ports(struct ctl *ctl, struct args *args);
int await_role(struct ctl *ctl, struct args *args);

#endif /* SLICECTL_AWAIT_H */
