// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/wire.c */
/* link: agent/sliced/wire_join.c */
/* link: agent/sliced/flow.c */
/*
 * Bulk of several slices over one connection: order within a slice, turns
 * between slices, windows, and a receiver that believes nothing.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sliced/flow.h"

static uint8_t big[4 * FLOW_WINDOW];

static struct wire_head head_of(const char *slice)
{
	struct wire_head head = { .type = WIRE_ROUTES, .flags = WIRE_F_BULK };

	strcpy(head.slice, slice);
	return head;
}

static void add(struct flows *flows, const char *slice, const void *data, size_t len)
{
	struct wire_head head = head_of(slice);

	ck_assert_int_eq(flows_add(flows, &head, data, len), 0);
}

START_TEST(test_order)
{
	struct flows *flows = flows_new();
	struct flow_frame frame;
	unsigned int i;
	uint8_t byte;

	for (i = 0; i < 100; i++) {
		byte = (uint8_t)i;
		add(flows, "red", &byte, 1);
	}
	for (i = 0; i < 100; i++) {
		ck_assert(flows_next(flows, &frame));
		ck_assert_uint_eq(frame.head.length, 1);
		ck_assert_uint_eq(frame.body[0], i);
	}
	ck_assert(!flows_next(flows, &frame));
	flows_free(flows);
}
END_TEST

/* A slice with much does not keep one with little waiting. */
START_TEST(test_turns)
{
	struct flows *flows = flows_new();
	struct flow_frame frame;
	unsigned int seen[2] = { 0, 0 };
	unsigned int i;

	add(flows, "red", big, 20 * WIRE_FRAME_MAX);
	add(flows, "blue", big, 20 * WIRE_FRAME_MAX);
	ck_assert(flows_next(flows, &frame));
	add(flows, "green", "x", 1);
	for (i = 0; i < 3; i++) {
		ck_assert(flows_next(flows, &frame));
		if (!strcmp(frame.head.slice, "green"))
			break;
		seen[!strcmp(frame.head.slice, "red")]++;
	}
	ck_assert_str_eq(frame.head.slice, "green");
	ck_assert_uint_le(seen[0], 1);
	ck_assert_uint_le(seen[1], 1);
	flows_free(flows);
}
END_TEST

/* A message in pieces; all but the last say that more comes. */
START_TEST(test_pieces)
{
	struct flows *flows = flows_new();
	struct flow_frame frame;
	size_t len = 3 * WIRE_FRAME_MAX + 5;
	size_t got = 0;

	memset(big, 7, len);
	add(flows, "red", big, len);
	ck_assert_uint_eq(flows_queued(flows, "red"), len);
	while (flows_next(flows, &frame)) {
		ck_assert_int_eq(!!(frame.head.flags & WIRE_F_MORE),
				 got + frame.head.length < len);
		ck_assert_mem_eq(frame.body, big + got, frame.head.length);
		got += frame.head.length;
	}
	ck_assert_uint_eq(got, len);
	ck_assert_uint_eq(flows_queued(flows, "red"), 0);
	flows_free(flows);
}
END_TEST

static size_t drain(struct flows *flows, const char *slice)
{
	struct flow_frame frame;
	size_t bytes = 0;

	while (flows_next(flows, &frame)) {
		ck_assert_str_eq(frame.head.slice, slice);
		bytes += frame.head.length + WIRE_HEADER_LEN;
	}
	return bytes;
}

START_TEST(test_window)
{
	struct flows *flows = flows_new();
	size_t sent;

	add(flows, "red", big, sizeof(big));
	sent = drain(flows, "red");
	ck_assert_uint_le(sent, FLOW_WINDOW);
	ck_assert_uint_gt(sent, FLOW_WINDOW - WIRE_FRAME_MAX - WIRE_HEADER_LEN);
	/* another slice is not held up by that */
	add(flows, "blue", "x", 1);
	ck_assert_uint_eq(drain(flows, "blue"), 1 + WIRE_HEADER_LEN);
	ck_assert_int_eq(flows_credit(flows, "red", (uint32_t)sent), 0);
	ck_assert_uint_gt(drain(flows, "red"), 0);
	flows_free(flows);
}
END_TEST

START_TEST(test_credit_from_nowhere)
{
	struct flows *flows = flows_new();

	ck_assert_int_eq(flows_credit(flows, "red", 1), -EPROTO);
	add(flows, "red", "x", 1);
	drain(flows, "red");
	ck_assert_int_eq(flows_credit(flows, "red", 2 + WIRE_HEADER_LEN), -EPROTO);
	ck_assert_int_eq(flows_credit(flows, "red", 1 + WIRE_HEADER_LEN), 0);
	flows_free(flows);
}
END_TEST

START_TEST(test_receiver)
{
	struct flows *flows = flows_new();
	uint32_t frame = 64 * 1024;
	uint32_t told = 0;
	unsigned int i;

	for (i = 0; i < FLOW_WINDOW / frame; i++)
		ck_assert_int_eq(flows_taken(flows, "red", frame), 0);
	ck_assert_int_eq(flows_taken(flows, "red", 1), -EPROTO);
	for (i = 0; i < FLOW_WINDOW / frame; i++)
		told += flows_return(flows, "red", frame);
	ck_assert_uint_gt(told, FLOW_WINDOW - FLOW_OWED);
	ck_assert_int_eq(flows_taken(flows, "red", told), 0);
	flows_free(flows);
}
END_TEST

START_TEST(test_too_many_slices)
{
	struct flows *flows = flows_new();
	struct wire_head head = head_of("x");
	char name[16];
	int i;

	for (i = 0; i < FLOW_SLICES; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		ck_assert_int_eq(flows_taken(flows, name, 1), 0);
	}
	ck_assert_int_eq(flows_taken(flows, "one-more", 1), -E2BIG);
	ck_assert_int_eq(flows_add(flows, &head, "", 0), -E2BIG);
	flows_free(flows);
}
END_TEST

static void count_mark(void *arg)
{
	++*(int *)arg;
}

START_TEST(test_mark)
{
	struct flows *flows = flows_new();
	struct flow_frame frame;
	void (*fn)(void *arg);
	int called = 0;
	void *arg;

	add(flows, "red", big, 4 * WIRE_FRAME_MAX);
	ck_assert_int_eq(flows_set_mark(flows, "red", count_mark, &called), 0);
	ck_assert_int_eq(flows_set_mark(flows, "red", count_mark, &called), -EBUSY);
	ck_assert(!flows_marked(flows, false, &fn, &arg));
	ck_assert(flows_next(flows, &frame));
	ck_assert(!flows_marked(flows, false, &fn, &arg));
	ck_assert(flows_next(flows, &frame));
	ck_assert(flows_marked(flows, false, &fn, &arg));
	fn(arg);
	ck_assert_int_eq(called, 1);
	ck_assert(!flows_marked(flows, true, &fn, &arg));
	flows_free(flows);
}
END_TEST

/*
 * Sender and receiver joined by hand, at random: everything arrives, whole and
 * in order in each slice, and neither ever breaks the other's rules.
 */
#define SLICES	5
#define MESSAGES 200

struct pipe_end {
	struct flows *out;
	struct flows *in;
	unsigned int sent[SLICES];
	unsigned int got[SLICES];
	uint32_t held[SLICES];	/* credit not given back yet */
};

static void slice_name(int slice, char name[8])
{
	memcpy(name, "slice0", 7);
	name[5] = (char)('0' + slice);
}

static void pipe_send(struct pipe_end *p, int slice)
{
	size_t len = 4 + (size_t)(random() % 4 ? random() % 3000 : random() % (2 * FLOW_WINDOW));
	uint8_t *data;
	char name[16];

	if (p->sent[slice] == MESSAGES)
		return;
	data = malloc(len);
	memset(data, (int)(p->sent[slice] & 0xff), len);
	memcpy(data, &p->sent[slice], 4);
	slice_name(slice, name);
	add(p->out, name, data, len);
	p->sent[slice]++;
	free(data);
}

static void pipe_credit(struct pipe_end *p, int slice)
{
	char name[16];
	uint32_t now;

	slice_name(slice, name);
	now = flows_return(p->in, name, p->held[slice]);
	p->held[slice] = 0;
	if (now)
		ck_assert_int_eq(flows_credit(p->out, name, now), 0);
}

static void pipe_receive(struct pipe_end *p, const struct flow_frame *frame)
{
	int slice = frame->head.slice[5] - '0';
	const uint8_t *out;
	const char *why;
	size_t len;
	int rc;

	ck_assert_int_eq(flows_taken(p->in, frame->head.slice,
				     frame->head.length + WIRE_HEADER_LEN), 0);
	p->held[slice] += frame->head.length + WIRE_HEADER_LEN;
	rc = wire_join(flows_join(p->in, frame->head.slice), &frame->head, frame->body,
		       2 * FLOW_WINDOW + 4, &out, &len, &why);
	ck_assert_int_ge(rc, 0);
	if (!rc)
		return;
	ck_assert_mem_eq(out, &p->got[slice], 4);
	if (len > 4)
		ck_assert_int_eq(out[len - 1], p->got[slice] & 0xff);
	p->got[slice]++;
}

START_TEST(test_random)
{
	struct pipe_end p = { .out = flows_new(), .in = flows_new() };
	struct flow_frame frame;
	int slice;
	int idle = 0;

	srandom((unsigned int)_i);
	while (idle < 3) {
		for (slice = 0; slice < SLICES; slice++) {
			if (random() % 3 == 0)
				pipe_send(&p, slice);
			if (random() % 3 == 0)
				pipe_credit(&p, slice);
		}
		idle++;
		while (random() % 8 && flows_next(p.out, &frame)) {
			pipe_receive(&p, &frame);
			idle = 0;
		}
		for (slice = 0; idle && slice < SLICES; slice++) {
			pipe_credit(&p, slice);
			if (p.sent[slice] < MESSAGES || flows_queued(p.out, "slice0"))
				idle = 0;
		}
	}
	while (flows_next(p.out, &frame)) {
		pipe_receive(&p, &frame);
		pipe_credit(&p, frame.head.slice[5] - '0');
	}
	for (slice = 0; slice < SLICES; slice++)
		ck_assert_uint_eq(p.got[slice], MESSAGES);
	flows_free(p.out);
	flows_free(p.in);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flow");
	TCase *tc = tcase_create("flow");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, test_order);
	tcase_add_test(tc, test_turns);
	tcase_add_test(tc, test_pieces);
	tcase_add_test(tc, test_window);
	tcase_add_test(tc, test_credit_from_nowhere);
	tcase_add_test(tc, test_receiver);
	tcase_add_test(tc, test_too_many_slices);
	tcase_add_test(tc, test_mark);
	tcase_add_loop_test(tc, test_random, 0, 3);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
