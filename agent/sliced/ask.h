/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions that wait for an answer: each gets exactly one end, an answer, the
 * time limit or the loss of the connection, and never from inside ask_new().
 */
#ifndef SLICED_ASK_H
#define SLICED_ASK_H

#include <stdint.h>

#include "peer.h"

struct asks;
struct event_base;

struct asks *asks_new(struct event_base *base);
/* Those that wait end with PEER_DOWN. */
void asks_free(struct asks *asks);
/* The number of a new question, or 0 without memory. */
uint64_t ask_new(struct asks *asks, enum wire_type type, const char *slice,
		 unsigned int timeout_ms, peer_answered fn, void *arg);
/* It could not be sent: its end comes soon. */
void ask_failed(struct asks *asks, uint64_t tag, const char *text);
/* An answer came. -ENOENT: to nothing that waits (too late), -EPROTO: to another question. */
int ask_answer(struct asks *asks, const struct wire_head *head, const uint8_t *data, size_t len);
/* The connection is gone: all end. */
void asks_down(struct asks *asks);
void asks_forget(struct asks *asks, void *arg);

#endif
