// SPDX-License-Identifier: GPL-2.0-or-later
#include "modules.h"

#include <stddef.h>

const struct module modules[] = {
	{ NULL, NULL, NULL }
};
