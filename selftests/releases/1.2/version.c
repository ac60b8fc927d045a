// SPDX-License-Identifier: GPL-2.0-or-later
#include "static.h"

static const struct static_schema *const schemas[] = { &static_schema1, NULL };

const struct static_version static_version = {
	.version = "1.2",
	.schemas = schemas,
};
