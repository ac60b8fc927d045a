/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Definitions: what the operator wants of a slice, kept by sliced. */
#ifndef SLICECTL_DEFINE_H
#define SLICECTL_DEFINE_H

#include "ctl.h"

int slice_define(struct ctl *ctl, struct args *args);
int slice_undefine(struct ctl *ctl, struct args *args);
int slice_definition(struct ctl *ctl, struct args *args);
int slice_status(struct ctl *ctl, struct args *args);

#endif /* SLICECTL_DEFINE_H */
