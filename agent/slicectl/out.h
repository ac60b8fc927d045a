/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output: one code path prints text and JSON. What is printed is a list of
 * items; each call names the member of the JSON object and the word before the
 * value in the text.
 */
#ifndef SLICECTL_OUT_H
#define SLICECTL_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/jsonw.h"

/**
 * struct out - where output goes
 * @json: print JSON
 * @pretty: and indent it
 * @w: the JSON writer
 * @space: text: a space is due before the next word
 */
struct out {
	bool json;
	bool pretty;
	struct nsl_jw w;
	bool space;
};

void out_begin(struct out *o);			/* the list; without it each item stands alone */
void out_end(struct out *o);
void out_item(struct out *o);			/* an item of it, a line in text */
void out_item_end(struct out *o);
void out_line(struct out *o);			/* text: go on in an indented line */
void out_array(struct out *o, const char *key);	/* a list in an item: further lines in text */
void out_array_end(struct out *o);
void out_part(struct out *o, const char *key);	/* an object in an item; NULL in an array */
void out_part_end(struct out *o);

/* @label NULL: in text the value alone. @key NULL: only in text. */
void out_text(struct out *o, const char *key, const char *label, const char *value);
void out_number(struct out *o, const char *key, const char *label, uint64_t value);
void out_flag(struct out *o, const char *key, const char *label);
void out_hex(struct out *o, const char *key, const char *label, const void *data, size_t len);
void out_mac(struct out *o, const char *key, const char *label, const uint8_t mac[6]);
void out_address(struct out *o, const char *key, const char *label, const void *addr,
		 size_t len);
void out_raw(struct out *o, const char *text);	/* text only */

#endif /* SLICECTL_OUT_H */
