// SPDX-License-Identifier: GPL-2.0-only
/* The bodies of the tracepoints. */
#include <linux/module.h>

#ifndef __CHECKER__
#define CREATE_TRACE_POINTS
#endif
#include "trace.h"
