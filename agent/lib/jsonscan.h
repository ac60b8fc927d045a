/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NSL_JSONSCAN_H
#define NSL_JSONSCAN_H

#include <stddef.h>

#include "err.h"

int nsl_json_scan(const char *text, size_t len, unsigned int max_depth, struct nsl_err *err);

#endif /* NSL_JSONSCAN_H */
