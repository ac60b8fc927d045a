/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NSL_SYSCTL_H
#define NSL_SYSCTL_H

#include "err.h"

int nsl_sysctl_get(const char *path, long *value, struct nsl_err *err);
int nsl_sysctl_set(const char *path, long value, struct nsl_err *err);
int nsl_sysctl_raise(const char *path, long value, struct nsl_err *err);

#endif /* NSL_SYSCTL_H */
