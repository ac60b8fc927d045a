// SPDX-License-Identifier: GPL-2.0-or-later
#include "modules.h"

#include <stddef.h>

#include "release.h"
#include "workers.h"

const struct module modules[] = {
	{ "releases", releases_init, releases_exit },
	{ "workers", workers_init, workers_exit },
	{ NULL, NULL, NULL }
};
