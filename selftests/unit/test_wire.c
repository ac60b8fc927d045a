// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/wire.c */
/* link: agent/sliced/wire_join.c */
/*
 * Frames between two sliced: what is written is read again, and nothing else
 * is taken.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sliced/wire.h"
#include "sliced/wire_join.h"

static struct wire_head good_head(void)
{
	struct wire_head head = {
		.length = 77,
		.type = WIRE_START,
		.flags = WIRE_F_REQUEST,
		.seq = 0x0102030405060708ULL,
		.tag = 0xfffffffffffffff0ULL,
	};

	strcpy(head.slice, "red");
	return head;
}

START_TEST(test_round_trip)
{
	struct wire_head in = good_head();
	uint8_t raw[WIRE_HEADER_LEN];
	struct wire_head out;
	const char *why;

	ck_assert_int_eq(wire_put_head(raw, &in, &why), 0);
	ck_assert_int_eq(wire_get_head(raw, &out, &why), 0);
	ck_assert_uint_eq(out.length, in.length);
	ck_assert_uint_eq(out.type, in.type);
	ck_assert_uint_eq(out.flags, in.flags);
	ck_assert_uint_eq(out.seq, in.seq);
	ck_assert_uint_eq(out.tag, in.tag);
	ck_assert_str_eq(out.slice, in.slice);
	/* network order, as wire.h says */
	ck_assert_int_eq(raw[3], 77);
	ck_assert_int_eq(raw[5], WIRE_START);
	ck_assert_int_eq(raw[8], 0x01);
	ck_assert_int_eq(raw[24], 'r');
}
END_TEST

static const struct bad {
	const char *what;
	void (*spoil)(struct wire_head *head);
} bad[];

static void spoil_length(struct wire_head *h) { h->length = WIRE_FRAME_MAX + 1; }
static void spoil_type(struct wire_head *h) { h->type = 0; }
static void spoil_seq(struct wire_head *h) { h->seq = 0; }
static void spoil_flags(struct wire_head *h) { h->flags |= 0x8000; }
static void spoil_both(struct wire_head *h) { h->flags |= WIRE_F_REPLY; }
static void spoil_refused(struct wire_head *h) { h->flags |= WIRE_F_REFUSED; }
static void spoil_tag(struct wire_head *h) { h->tag = 0; }
static void spoil_tag_extra(struct wire_head *h) { h->flags = 0; }
static void spoil_bulk(struct wire_head *h) { h->flags = WIRE_F_REPLY | WIRE_F_BULK; }
static void spoil_slash(struct wire_head *h) { strcpy(h->slice, "a/b"); }
static void spoil_dots(struct wire_head *h) { strcpy(h->slice, ".."); }
static void spoil_long(struct wire_head *h) { strcpy(h->slice, "0123456789abcdef"); }

static void spoil_more(struct wire_head *h)
{
	h->flags |= WIRE_F_MORE;
	h->length = 0;
}

static const struct bad bad[] = {
	{ "too long", spoil_length }, { "type 0", spoil_type }, { "seq 0", spoil_seq },
	{ "unknown flag", spoil_flags }, { "request and reply", spoil_both },
	{ "refused request", spoil_refused }, { "request without tag", spoil_tag },
	{ "tag without request", spoil_tag_extra }, { "bulk reply", spoil_bulk },
	{ "slash", spoil_slash }, { "dots", spoil_dots }, { "long name", spoil_long },
	{ "empty with more", spoil_more },
};

#define BAD_COUNT	(int)(sizeof(bad) / sizeof(bad[0]))

/* Neither written nor read: the bytes are made behind the codec's back. */
START_TEST(test_bad_head)
{
	struct wire_head head = good_head();
	uint8_t raw[WIRE_HEADER_LEN];
	const char *why = NULL;
	uint64_t n;

	ck_assert_int_eq(wire_put_head(raw, &head, &why), 0);
	bad[_i].spoil(&head);
	raw[0] = (uint8_t)(head.length >> 24);
	raw[1] = (uint8_t)(head.length >> 16);
	raw[2] = (uint8_t)(head.length >> 8);
	raw[3] = (uint8_t)head.length;
	raw[4] = (uint8_t)(head.type >> 8);
	raw[5] = (uint8_t)head.type;
	raw[6] = (uint8_t)(head.flags >> 8);
	raw[7] = (uint8_t)head.flags;
	for (n = 0; n < 8; n++) {
		raw[8 + n] = (uint8_t)(head.seq >> (56 - 8 * n));
		raw[16 + n] = (uint8_t)(head.tag >> (56 - 8 * n));
	}
	memcpy(raw + 24, head.slice, WIRE_SLICE_LEN);
	ck_assert_msg(wire_get_head(raw, &head, &why) == -EPROTO, "%s was read", bad[_i].what);
	ck_assert_ptr_nonnull(why);
	head = good_head();
	bad[_i].spoil(&head);
	ck_assert_msg(wire_put_head(raw, &head, &why) == -EINVAL, "%s was written",
		      bad[_i].what);
}
END_TEST

/* What lies behind a name's end would be a way to say something unseen. */
START_TEST(test_name_padding)
{
	struct wire_head head = good_head();
	uint8_t raw[WIRE_HEADER_LEN];
	const char *why;

	ck_assert_int_eq(wire_put_head(raw, &head, &why), 0);
	raw[24 + 10] = 'x';
	ck_assert_int_eq(wire_get_head(raw, &head, &why), -EPROTO);
	raw[24 + 10] = 0;
	ck_assert_int_eq(wire_get_head(raw, &head, &why), 0);
}
END_TEST

/* Any bytes: refused, or written again as they were. */
START_TEST(test_random_heads)
{
	uint8_t raw[WIRE_HEADER_LEN];
	uint8_t again[WIRE_HEADER_LEN];
	struct wire_head head;
	unsigned int taken = 0;
	const char *why;
	int round, bit;

	srandom(4711);
	for (round = 0; round < 200000; round++) {
		head = good_head();
		ck_assert_int_eq(wire_put_head(raw, &head, &why), 0);
		for (bit = random() % 4; bit >= 0; bit--)
			raw[random() % WIRE_HEADER_LEN] ^= (uint8_t)(1 << random() % 8);
		if (wire_get_head(raw, &head, &why))
			continue;
		taken++;
		ck_assert_int_eq(wire_put_head(again, &head, &why), 0);
		ck_assert_mem_eq(raw, again, sizeof(raw));
	}
	ck_assert_uint_gt(taken, 1000);
}
END_TEST

START_TEST(test_types)
{
	unsigned int type, known = 0;

	for (type = 0; type <= 0xffff; type++) {
		const struct wire_info *info = wire_info((uint16_t)type);

		if (!info)
			continue;
		known++;
		ck_assert_uint_eq(info->type, type);
		ck_assert_uint_gt(info->max, 0);
		/* peers.c keeps handlers in an array */
		ck_assert_uint_lt(type, 64);
	}
	ck_assert_uint_gt(known, 20);
	ck_assert_ptr_null(wire_info(0));
}
END_TEST

/* --- putting together --- */

static int feed(struct wire_join *join, const char *text, uint16_t flags, uint32_t max,
		const uint8_t **out, size_t *len)
{
	struct wire_head head = good_head();
	const char *why = "";

	head.flags |= flags;
	head.length = (uint32_t)strlen(text);
	return wire_join(join, &head, (const uint8_t *)text, max, out, len, &why);
}

START_TEST(test_join)
{
	struct wire_join join = { 0 };
	const uint8_t *out = NULL;
	size_t len = 0;

	ck_assert_int_eq(feed(&join, "one ", WIRE_F_MORE, 100, &out, &len), 0);
	ck_assert_int_eq(feed(&join, "two ", WIRE_F_MORE, 100, &out, &len), 0);
	ck_assert_int_eq(feed(&join, "three", 0, 100, &out, &len), 1);
	ck_assert_uint_eq(len, 13);
	ck_assert_mem_eq(out, "one two three", 13);
	/* and the next one starts anew */
	ck_assert_int_eq(feed(&join, "", 0, 100, &out, &len), 1);
	ck_assert_uint_eq(len, 0);
	wire_join_free(&join);
}
END_TEST

START_TEST(test_join_too_long)
{
	struct wire_join join = { 0 };
	const uint8_t *out;
	size_t len;

	ck_assert_int_eq(feed(&join, "12345", WIRE_F_MORE, 9, &out, &len), 0);
	ck_assert_int_eq(feed(&join, "6789", WIRE_F_MORE, 9, &out, &len), 0);
	ck_assert_int_eq(feed(&join, "0", 0, 9, &out, &len), -EPROTO);
	wire_join_free(&join);
}
END_TEST

START_TEST(test_join_mixed)
{
	struct wire_head head = good_head();
	struct wire_join join = { 0 };
	const uint8_t *out;
	const char *why;
	size_t len;

	ck_assert_int_eq(feed(&join, "x", WIRE_F_MORE, 9, &out, &len), 0);
	head.length = 1;
	switch (_i) {
	case 0:
		head.type = WIRE_STATE;
		break;
	case 1:
		head.tag++;
		break;
	case 2:
		strcpy(head.slice, "blue");
		break;
	default:
		head.flags = WIRE_F_REPLY;
	}
	ck_assert_int_eq(wire_join(&join, &head, (const uint8_t *)"y", 9, &out, &len, &why),
			 -EPROTO);
	wire_join_free(&join);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire");
	TCase *tc = tcase_create("wire");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_round_trip);
	tcase_add_loop_test(tc, test_bad_head, 0, BAD_COUNT);
	tcase_add_test(tc, test_name_padding);
	tcase_add_test(tc, test_random_heads);
	tcase_add_test(tc, test_types);
	tcase_add_test(tc, test_join);
	tcase_add_test(tc, test_join_too_long);
	tcase_add_loop_test(tc, test_join_mixed, 0, 4);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
