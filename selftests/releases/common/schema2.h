/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Schema 2 of the test releases: next hops have names, routes refer to them. */
#ifndef RELEASES_SCHEMA2_H
#define RELEASES_SCHEMA2_H

#include "workers/static/static.h"

extern const struct static_schema static_schema2;
/* Schema 1 with the way to schema 2. */
extern const struct static_schema static_schema1_old;

#endif
