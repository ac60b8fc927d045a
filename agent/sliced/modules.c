// SPDX-License-Identifier: GPL-2.0-or-later
#include "modules.h"

#include <stddef.h>

#include "backup.h"
#include "kern.h"
#include "neighbours.h"
#include "release.h"
#include "slices.h"
#include "upgrade.h"
#include "workers.h"

const struct module modules[] = {
	{ "kernel", kern_init, kern_exit },
	{ "releases", releases_init, releases_exit },
	{ "workers", workers_init, workers_exit },
	{ "slices", slices_init, slices_exit },
	{ "backups", backups_init, backups_exit },
	{ "neighbours", neighbours_init, neighbours_exit },
	{ "upgrades", upgrades_init, upgrades_exit },
	{ NULL, NULL, NULL }
};
