// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire_join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool wire_join_same(const struct wire_head *a, const struct wire_head *b)
{
	return a->type == b->type && a->tag == b->tag && !strcmp(a->slice, b->slice) &&
	       (a->flags | WIRE_F_MORE) == (b->flags | WIRE_F_MORE);
}

static int wire_join_append(struct wire_join *join, const uint8_t *body, size_t len)
{
	if (join->len + len > join->size) {
		size_t size = 2 * (join->len + len);
		uint8_t *data = realloc(join->data, size);

		if (!data)
			return -ENOMEM;
		join->data = data;
		join->size = size;
	}
	if (len)
		memcpy(join->data + join->len, body, len);
	join->len += len;
	return 0;
}

/* A big message's room is not kept for the small ones that follow. */
static void wire_join_begin(struct wire_join *join, const struct wire_head *head)
{
	if (join->size > 4 * WIRE_FRAME_MAX)
		wire_join_free(join);
	join->head = *head;
	join->len = 0;
	join->open = true;
}

/**
 * wire_join - take a frame in
 * @join: all zero at first
 * @head: the frame's header, checked
 * @body: its body
 * @max: the longest message of this type
 * @out: the message, if it is whole
 * @len: its length
 * @why: what is wrong
 *
 * Return: 1 whole, 0 not yet, -EPROTO, -ENOMEM.
 */
int wire_join(struct wire_join *join, const struct wire_head *head, const uint8_t *body,
	      uint32_t max, const uint8_t **out, size_t *len, const char **why)
{
	if (join->open && !wire_join_same(&join->head, head)) {
		*why = "a message begins before the last one has ended";
		return -EPROTO;
	}
	if (!join->open)
		wire_join_begin(join, head);
	if (join->len + head->length > max) {
		*why = "a message that is too long";
		return -EPROTO;
	}
	if (wire_join_append(join, body, head->length)) {
		*why = "out of memory";
		return -ENOMEM;
	}
	if (head->flags & WIRE_F_MORE)
		return 0;
	join->open = false;
	*out = join->data ? join->data : (const uint8_t *)"";
	*len = join->len;
	return 1;
}

/**
 * wire_join_free - forget what has come
 * @join: empty afterwards, usable again
 */
void wire_join_free(struct wire_join *join)
{
	free(join->data);
	memset(join, 0, sizeof(*join));
}
