// SPDX-License-Identifier: GPL-2.0-or-later
#include "schema2.h"

static const struct static_schema *const schemas[] = {
	&static_schema1_old, &static_schema2, NULL
};

const struct static_version static_version = {
	.version = "1.1",
	.schemas = schemas,
};
