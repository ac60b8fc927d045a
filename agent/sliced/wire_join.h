/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the frames of a message together. Pure. */
#ifndef SLICED_WIRE_JOIN_H
#define SLICED_WIRE_JOIN_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct wire_join {
	struct wire_head	head;	/* of the message's first frame */
	uint8_t			*data;
	size_t			len;
	size_t			size;
	bool			open;	/* a message has begun and not ended */
};

/*
 * Takes a frame in. 1: *@out and *@len are the whole message, valid until the
 * next call; 0: more must come; -EPROTO with *@why, or -ENOMEM.
 * @max: the longest message of this type.
 */
int wire_join(struct wire_join *join, const struct wire_head *head, const uint8_t *body,
	      uint32_t max, const uint8_t **out, size_t *len, const char **why);
void wire_join_free(struct wire_join *join);

#endif
