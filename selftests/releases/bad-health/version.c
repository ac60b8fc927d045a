// SPDX-License-Identifier: GPL-2.0-or-later
/* Does all that a worker does, and is never well. */
#include "static.h"

static const struct static_schema *const schemas[] = { &static_schema1, NULL };

const struct static_version static_version = {
	.version = "1.2",
	.schemas = schemas,
	.sick = "this release is never well",
};
