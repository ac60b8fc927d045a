/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which frames a filter of the form "key=value,key=value" means. */
#ifndef TOOLS_MATCH_H
#define TOOLS_MATCH_H

#include <stdbool.h>

#include "ring.h"

#define MATCH_TERMS	16

struct match {
	struct match_term {
		const struct match_key *key;
		char *value;
	} term[MATCH_TERMS];
	int terms;
};

/* Exits 2 with the key or value that is wrong. */
void match_parse(struct match *m, char *text);
bool match_frame(const struct match *m, const struct ring_frame *f);

extern const char match_usage[];

#endif
