/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bulk of the slices on one connection. Pure.
 *
 * Out: each slice has a queue of messages and a window of credit; slices that
 * have both something to send and credit for it are served in turn, a frame
 * each. In: what the other end has sent and was not yet given back is counted,
 * so that one that ignores its window is found out; what is given back is
 * gathered into few credit messages.
 */
#ifndef SLICED_FLOW_H
#define SLICED_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"
#include "wire_join.h"

#define FLOW_WINDOW	(1024U * 1024)
#define FLOW_OWED	(256U * 1024)	/* give back when so much has gathered */
#define FLOW_SLICES	4096

struct flows;

/* What leaves: a frame without its sequence number, which the connection gives. */
struct flow_frame {
	struct wire_head	head;
	const uint8_t		*body;	/* valid until the next flows_*() call */
};

struct flows *flows_new(void);
void flows_free(struct flows *flows);

/* Queue a message: type, flags, tag and slice of @head. 0, -ENOMEM or -E2BIG (too many slices). */
int flows_add(struct flows *flows, const struct wire_head *head, const void *data, size_t len);
/* The next frame that may go; false: none may. It is gone from the queue. */
bool flows_next(struct flows *flows, struct flow_frame *frame);
/* Bytes that wait, of one slice. */
size_t flows_queued(const struct flows *flows, const char *slice);
/* Credit came: 0, or -EPROTO: more than the window. */
int flows_credit(struct flows *flows, const char *slice, uint32_t bytes);

/* A bulk frame came: 0, -EPROTO: beyond its window, -E2BIG, -ENOMEM. */
int flows_taken(struct flows *flows, const char *slice, uint32_t bytes);
/* Give back: returns what to send as credit now, 0 for not yet. */
uint32_t flows_return(struct flows *flows, const char *slice, uint32_t bytes);
/* Where messages of a slice are put together; the slice is there after flows_taken(). */
struct wire_join *flows_join(struct flows *flows, const char *slice);

/* Called with each slice whose queue has fallen below the mark set for it. */
int flows_set_mark(struct flows *flows, const char *slice, void (*fn)(void *arg), void *arg);
/* One function whose mark is reached (all: whose mark is set), taken off; false: none. */
bool flows_marked(struct flows *flows, bool all, void (**fn)(void *arg), void **arg);

#endif
