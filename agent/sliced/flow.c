// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Slices are found by a hash of their name, and served from a ring: whoever
 * has sent a frame goes to the ring's end, so that a slice with much to send
 * delays another by at most one frame for each slice that sends.
 */
#include "flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FLOW_BUCKETS	128

struct flow_msg {
	struct flow_msg		*next;
	struct wire_head	head;
	size_t			len;
	size_t			sent;
	uint8_t			data[];
};

struct flow {
	struct flow		*next;		/* in its bucket */
	char			slice[WIRE_SLICE_LEN + 1];
	struct flow		*ring_next;
	bool			in_ring;	/* has something queued */
	struct flow_msg		*first;
	struct flow_msg		**last;
	size_t			queued;
	uint32_t		credit;
	uint32_t		unreturned;	/* in: received, not given back */
	uint32_t		owed;		/* in: given back, not yet told */
	struct wire_join	join;
	void			(*mark)(void *arg);
	void			*mark_arg;
	size_t			mark_at;
};

struct flows {
	struct flow	*bucket[FLOW_BUCKETS];
	unsigned int	count;
	struct flow	*ring_first;
	struct flow	**ring_last;
	struct flow_msg	*done;		/* its last frame was handed out: free it next time */
};

static unsigned int flow_hash(const char *slice)
{
	uint32_t hash = 2166136261U;

	for (; *slice; slice++)
		hash = (hash ^ (uint8_t)*slice) * 16777619U;
	return hash % FLOW_BUCKETS;
}

static struct flow *flow_find(const struct flows *flows, const char *slice)
{
	struct flow *flow = flows->bucket[flow_hash(slice)];

	while (flow && strcmp(flow->slice, slice))
		flow = flow->next;
	return flow;
}

static int flow_get(struct flows *flows, const char *slice, struct flow **out)
{
	struct flow **bucket = &flows->bucket[flow_hash(slice)];
	struct flow *flow = flow_find(flows, slice);

	*out = flow;
	if (flow)
		return 0;
	if (flows->count >= FLOW_SLICES || strlen(slice) > WIRE_SLICE_LEN)
		return -E2BIG;
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return -ENOMEM;
	strcpy(flow->slice, slice);
	flow->last = &flow->first;
	flow->credit = FLOW_WINDOW;
	flow->next = *bucket;
	*bucket = flow;
	flows->count++;
	*out = flow;
	return 0;
}

/**
 * flows_new - the flows of a new connection
 *
 * Return: them, or NULL.
 */
struct flows *flows_new(void)
{
	struct flows *flows = calloc(1, sizeof(*flows));

	if (flows)
		flows->ring_last = &flows->ring_first;
	return flows;
}

static void flow_free(struct flow *flow)
{
	struct flow_msg *msg;

	while ((msg = flow->first)) {
		flow->first = msg->next;
		free(msg);
	}
	wire_join_free(&flow->join);
	free(flow);
}

/**
 * flows_free - the connection is gone
 * @flows: its flows, or NULL
 */
void flows_free(struct flows *flows)
{
	struct flow *flow;
	unsigned int i;

	if (!flows)
		return;
	for (i = 0; i < FLOW_BUCKETS; i++) {
		while ((flow = flows->bucket[i])) {
			flows->bucket[i] = flow->next;
			flow_free(flow);
		}
	}
	free(flows->done);
	free(flows);
}

static void flow_ring_add(struct flows *flows, struct flow *flow)
{
	flow->in_ring = true;
	flow->ring_next = NULL;
	*flows->ring_last = flow;
	flows->ring_last = &flow->ring_next;
}

static void flow_ring_del(struct flows *flows, struct flow **at)
{
	struct flow *flow = *at;

	*at = flow->ring_next;
	if (!*at)
		flows->ring_last = at;
	flow->in_ring = false;
}

/**
 * flows_add - queue a message
 * @flows: the connection's
 * @head: its type, flags, tag and slice
 * @data: its body, copied
 * @len: of @data
 *
 * Return: 0, -ENOMEM, -E2BIG.
 */
int flows_add(struct flows *flows, const struct wire_head *head, const void *data, size_t len)
{
	struct flow_msg *msg;
	struct flow *flow;
	int err = flow_get(flows, head->slice, &flow);

	if (err)
		return err;
	msg = malloc(sizeof(*msg) + len);
	if (!msg)
		return -ENOMEM;
	msg->next = NULL;
	msg->head = *head;
	msg->len = len;
	msg->sent = 0;
	if (len)
		memcpy(msg->data, data, len);
	*flow->last = msg;
	flow->last = &msg->next;
	flow->queued += len;
	if (!flow->in_ring)
		flow_ring_add(flows, flow);
	return 0;
}

static uint32_t flow_frame_len(const struct flow_msg *msg)
{
	size_t left = msg->len - msg->sent;

	return left < WIRE_FRAME_MAX ? (uint32_t)left : WIRE_FRAME_MAX;
}

static bool flow_may_send(const struct flow *flow)
{
	return flow->credit >= flow_frame_len(flow->first) + WIRE_HEADER_LEN;
}

static void flow_cut(struct flows *flows, struct flow *flow, struct flow_frame *frame)
{
	struct flow_msg *msg = flow->first;
	uint32_t len = flow_frame_len(msg);

	frame->head = msg->head;
	frame->head.length = len;
	frame->body = msg->data + msg->sent;
	msg->sent += len;
	flow->queued -= len;
	flow->credit -= len + WIRE_HEADER_LEN;
	if (msg->sent < msg->len) {
		frame->head.flags |= WIRE_F_MORE;
		return;
	}
	flow->first = msg->next;
	if (!flow->first)
		flow->last = &flow->first;
	flows->done = msg;
}

/**
 * flows_next - the next frame that may go
 * @flows: the connection's
 * @frame: where to; its body is valid until the next call
 *
 * Return: false if there is none, or none that has credit.
 */
bool flows_next(struct flows *flows, struct flow_frame *frame)
{
	struct flow **at = &flows->ring_first;
	struct flow *flow;

	free(flows->done);
	flows->done = NULL;
	while (*at && !flow_may_send(*at))
		at = &(*at)->ring_next;
	flow = *at;
	if (!flow)
		return false;
	flow_ring_del(flows, at);
	flow_cut(flows, flow, frame);
	if (flow->first)
		flow_ring_add(flows, flow);
	return true;
}

size_t flows_queued(const struct flows *flows, const char *slice)
{
	const struct flow *flow = flow_find(flows, slice);

	return flow ? flow->queued : 0;
}

/**
 * flows_credit - the other end has taken something
 * @flows: the connection's
 * @slice: whose
 * @bytes: how much
 *
 * Return: 0, or -EPROTO: it was never sent so much.
 */
int flows_credit(struct flows *flows, const char *slice, uint32_t bytes)
{
	struct flow *flow = flow_find(flows, slice);

	if (!flow || bytes > FLOW_WINDOW - flow->credit)
		return -EPROTO;
	flow->credit += bytes;
	return 0;
}

/**
 * flows_taken - a bulk frame came in
 * @flows: the connection's
 * @slice: whose
 * @bytes: header and body
 *
 * Return: 0, -EPROTO: the sender had no credit for it, -ENOMEM, -E2BIG.
 */
int flows_taken(struct flows *flows, const char *slice, uint32_t bytes)
{
	struct flow *flow;
	int err = flow_get(flows, slice, &flow);

	if (err)
		return err;
	if (bytes > FLOW_WINDOW - flow->unreturned - flow->owed)
		return -EPROTO;
	flow->unreturned += bytes;
	return 0;
}

/**
 * flows_return - what came in was dealt with
 * @flows: the connection's
 * @slice: whose
 * @bytes: how much of it
 *
 * Return: bytes to tell the sender now, 0 to wait until more has gathered.
 */
uint32_t flows_return(struct flows *flows, const char *slice, uint32_t bytes)
{
	struct flow *flow = flow_find(flows, slice);
	uint32_t now;

	if (!flow)
		return 0;
	if (bytes > flow->unreturned)
		bytes = flow->unreturned;
	flow->unreturned -= bytes;
	flow->owed += bytes;
	if (flow->owed < FLOW_OWED)
		return 0;
	now = flow->owed;
	flow->owed = 0;
	return now;
}

struct wire_join *flows_join(struct flows *flows, const char *slice)
{
	struct flow *flow = flow_find(flows, slice);

	return flow ? &flow->join : NULL;
}

/**
 * flows_set_mark - call back when there is room
 * @flows: the connection's
 * @slice: whose queue is to fall to half of what it is
 * @fn: flows_marked() hands it out then
 * @arg: for @fn
 *
 * Return: 0, -EBUSY: a mark is set already, -ENOMEM, -E2BIG.
 */
int flows_set_mark(struct flows *flows, const char *slice, void (*fn)(void *arg), void *arg)
{
	struct flow *flow;
	int err = flow_get(flows, slice, &flow);

	if (err)
		return err;
	if (flow->mark)
		return -EBUSY;
	flow->mark = fn;
	flow->mark_arg = arg;
	flow->mark_at = flow->queued / 2;
	return 0;
}

/**
 * flows_marked - a mark that is reached
 * @flows: the connection's
 * @all: or any that is set: the connection ends
 * @fn: what was set with it; the mark is taken off
 * @arg: for @fn
 *
 * Return: false if there is none.
 */
bool flows_marked(struct flows *flows, bool all, void (**fn)(void *arg), void **arg)
{
	struct flow *flow;
	unsigned int i;

	for (i = 0; i < FLOW_BUCKETS; i++) {
		for (flow = flows->bucket[i]; flow; flow = flow->next) {
			if (!flow->mark || (!all && flow->queued > flow->mark_at))
				continue;
			*fn = flow->mark;
			*arg = flow->mark_arg;
			flow->mark = NULL;
			return true;
		}
	}
	return false;
}
