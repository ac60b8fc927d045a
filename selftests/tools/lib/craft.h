/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames from a template and words of the form key=value. */
#ifndef TOOLS_CRAFT_H
#define TOOLS_CRAFT_H

#include <stddef.h>
#include <stdint.h>

#define CRAFT_MAX	9216u

struct frame {
	uint8_t byte[CRAFT_MAX];
	size_t len;
};

/*
 * @words[0] is the template; exits 2 with the word that is wrong. Without src=
 * the source is @own: bridges drop a source of zeros.
 */
void craft(struct frame *f, const uint8_t own[6], char **words, int n);

/* Templates and keys, for the usage text. */
extern const char craft_usage[];

#endif
