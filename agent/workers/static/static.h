/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker "static": a slice's routes stand in its configuration. What
 * differs between its versions is in one table of the program: which schemas
 * it reads, and how an older one becomes the newest.
 */
#ifndef STATIC_STATIC_H
#define STATIC_STATIC_H

#include <stddef.h>
#include <stdint.h>

#include "routes.h"

struct nsl_err;
struct nsl_json;
struct nsl_jw;

struct static_schema {
	uint32_t	number;
	/* The routes of a configuration, each checked. */
	int		(*read)(const struct nsl_json *config, struct routes *rs,
				struct nsl_err *err);
	/*
	 * Write the same configuration in the next schema, as the object "config"
	 * of @w. NULL in the newest.
	 */
	int		(*migrate)(const struct nsl_json *config, struct nsl_jw *w,
				   struct nsl_err *err);
};

struct static_version {
	const char			*version;
	const struct static_schema	*const *schemas;	/* oldest first, NULL at the end */
	const char			*sick;		/* NULL: well; else what it says */
};

/* Of this program: version.c, or the one of a test release. */
extern const struct static_version static_version;

extern const struct static_schema static_schema1;

#endif
