// SPDX-License-Identifier: GPL-2.0-or-later
#include "out.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A long list is written as it grows. */
#define FLUSH_AT	65536

void out_begin(struct out *o)
{
	if (!o->json)
		return;
	o->w.pretty = o->pretty;
	nsl_jw_array(&o->w, NULL);
}

static void out_flush(struct out *o, size_t at)
{
	if (o->w.text && o->w.len >= at) {
		fwrite(o->w.text, 1, o->w.len, stdout);
		o->w.len = 0;
	}
}

void out_end(struct out *o)
{
	if (!o->json)
		return;
	nsl_jw_end(&o->w);
	out_flush(o, 1);
	fputc('\n', stdout);
	nsl_jw_reset(&o->w);
}

void out_item(struct out *o)
{
	o->space = false;
	if (!o->json)
		return;
	if (!o->w.depth)
		o->w.pretty = o->pretty;
	nsl_jw_object(&o->w, NULL);
}

void out_item_end(struct out *o)
{
	if (!o->json) {
		fputc('\n', stdout);
		return;
	}
	nsl_jw_end(&o->w);
	if (o->w.depth) {
		out_flush(o, FLUSH_AT);
		return;
	}
	/* Outside of a list every item is a text of its own. */
	out_flush(o, 1);
	fputc('\n', stdout);
	nsl_jw_reset(&o->w);
}

void out_line(struct out *o)
{
	if (!o->json)
		fputs("\n   ", stdout);
	o->space = true;
}

void out_array(struct out *o, const char *key)
{
	if (o->json)
		nsl_jw_array(&o->w, key);
}

void out_array_end(struct out *o)
{
	if (o->json)
		nsl_jw_end(&o->w);
}

void out_part(struct out *o, const char *key)
{
	if (o->json)
		nsl_jw_object(&o->w, key);
}

void out_part_end(struct out *o)
{
	if (o->json)
		nsl_jw_end(&o->w);
}

static void out_label(struct out *o, const char *label)
{
	if (o->space)
		fputc(' ', stdout);
	o->space = true;
	if (label)
		printf("%s ", label);
}

void out_text(struct out *o, const char *key, const char *label, const char *value)
{
	if (o->json) {
		if (key)
			nsl_jw_str(&o->w, key, value);
		return;
	}
	out_label(o, label);
	fputs(value, stdout);
}

void out_number(struct out *o, const char *key, const char *label, uint64_t value)
{
	if (o->json) {
		if (key)
			nsl_jw_u64(&o->w, key, value);
		return;
	}
	out_label(o, label);
	printf("%" PRIu64, value);
}

void out_flag(struct out *o, const char *key, const char *label)
{
	if (o->json) {
		nsl_jw_bool(&o->w, key, true);
		return;
	}
	out_label(o, NULL);
	fputs(label, stdout);
}

void out_hex(struct out *o, const char *key, const char *label, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	char text[2 * 32 + 1] = "";
	size_t i;

	for (i = 0; i < len && i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	out_text(o, key, label, text);
}

void out_mac(struct out *o, const char *key, const char *label, const uint8_t mac[6])
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	out_text(o, key, label, text);
}

void out_address(struct out *o, const char *key, const char *label, const void *addr,
		 size_t len)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(len == 4 ? AF_INET : AF_INET6, addr, text, sizeof(text));
	out_text(o, key, label, text);
}

void out_raw(struct out *o, const char *text)
{
	if (!o->json)
		fputs(text, stdout);
}
