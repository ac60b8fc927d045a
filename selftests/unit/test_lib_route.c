// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/lib/attrs.c agent/lib/name.c agent/lib/route.c agent/lib/digest.c */
/* link: agent/lib/msg.c agent/lib/err.c */
/*
 * Routes as they cross the wire: round trips, and everything that may not pass.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netslice.h"

static struct nsl_route make(const char *dst, unsigned int nexthops)
{
	struct nsl_route r;
	unsigned int i;

	memset(&r, 0, sizeof(r));
	ck_assert_int_eq(nsl_route_parse_dst(&r, dst, NULL), 0);
	r.nexthops = nexthops;
	for (i = 0; i < nexthops; i++) {
		snprintf(r.nexthop[i].port, sizeof(r.nexthop[i].port), "port-%u", i);
		r.nexthop[i].weight = (uint16_t)(i % 2 ? 1 : i + 2);
		r.nexthop[i].via_len = i % 3 == 0 ? 0 : i % 3 == 1 ? 16 : r.dst_len;
		memset(r.nexthop[i].via, (int)i, r.nexthop[i].via_len);
	}
	return r;
}

static void same(const struct nsl_route *a, const struct nsl_route *b)
{
	unsigned int i;

	ck_assert_int_eq(nsl_route_cmp(a, b), 0);
	ck_assert_uint_eq(a->type, b->type);
	ck_assert_uint_eq(a->has_owner, b->has_owner);
	ck_assert_uint_eq(a->owner, b->owner);
	ck_assert_uint_eq(a->nexthops, b->nexthops);
	for (i = 0; i < a->nexthops; i++) {
		ck_assert_str_eq(a->nexthop[i].port, b->nexthop[i].port);
		ck_assert_uint_eq(a->nexthop[i].weight, b->nexthop[i].weight);
		ck_assert_uint_eq(a->nexthop[i].via_len, b->nexthop[i].via_len);
		ck_assert_mem_eq(a->nexthop[i].via, b->nexthop[i].via, a->nexthop[i].via_len);
	}
}

static size_t sample(uint8_t *run, size_t size)
{
	struct nsl_route r[4] = {
		make("10.0.0.0/8", 1), make("default", NETSLICE_MAX_NEXTHOPS),
		make("2001:db8::/32", 3), make("192.0.2.1", 0),
	};
	size_t len = 0;
	unsigned int i;

	r[2].has_owner = true;
	r[2].owner = 9;
	r[3].type = NETSLICE_ROUTE_BLACKHOLE;
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(nsl_route_put(run, size, &len, &r[i]), 0);
	return len;
}

START_TEST(test_round_trip)
{
	struct nsl_route want[2] = { make("10.0.0.0/8", 1), make("default", NETSLICE_MAX_NEXTHOPS) };
	uint8_t run[8192];
	size_t len = sample(run, sizeof(run)), pos = 0;
	unsigned int count = 0;
	struct nsl_route got;

	ck_assert_int_eq(nsl_routes_validate(run, len, &count, NULL), 0);
	ck_assert_uint_eq(count, 4);
	ck_assert_int_eq(nsl_route_next(run, len, &pos, &got, NULL), 1);
	same(&got, &want[0]);
	ck_assert_int_eq(nsl_route_next(run, len, &pos, &got, NULL), 1);
	same(&got, &want[1]);
	ck_assert_int_eq(nsl_route_next(run, len, &pos, &got, NULL), 1);
	ck_assert_uint_eq(got.owner, 9);
	ck_assert_int_eq(nsl_route_next(run, len, &pos, &got, NULL), 1);
	ck_assert_uint_eq(got.type, NETSLICE_ROUTE_BLACKHOLE);
	ck_assert_int_eq(nsl_route_next(run, len, &pos, &got, NULL), 0);
}
END_TEST

/* A run may stand at any address, and end anywhere: no byte beyond is read. */
START_TEST(test_truncated_at_every_byte)
{
	uint8_t run[8192], *part;
	size_t len = sample(run, sizeof(run)), cut, bounds[5] = { 0 }, pos = 0;
	struct nsl_route r;
	unsigned int n = 0, i;

	while (nsl_route_next(run, len, &pos, &r, NULL) > 0)
		bounds[++n] = pos;
	for (cut = 0; cut < len; cut++) {
		bool whole = false;

		part = malloc(cut + 1);
		memcpy(part + 1, run, cut);
		for (i = 0; i <= n; i++)
			whole |= bounds[i] == cut;
		/* Padding at the end may be missing: the attribute is whole. */
		if (whole)
			ck_assert_int_eq(nsl_routes_validate(part + 1, cut, NULL, NULL), 0);
		else if (!nsl_routes_validate(part + 1, cut, NULL, NULL))
			ck_assert_uint_lt(4 - cut % 4, 4);
		free(part);
	}
}
END_TEST

START_TEST(test_changed_bytes)
{
	uint8_t run[8192], *copy;
	size_t len = sample(run, sizeof(run)), i;
	unsigned int value;

	for (i = 0; i < len; i++) {
		for (value = 0; value < 256; value += 15) {
			copy = malloc(len);
			memcpy(copy, run, len);
			copy[i] = (uint8_t)value;
			nsl_routes_validate(copy, len, NULL, NULL);
			nsl_route_keys_validate(copy, len, NULL, NULL);
			free(copy);
		}
	}
}
END_TEST

typedef void (*spoil_fn)(struct nsl_route *r);

static void bits_beyond(struct nsl_route *r) { r->dst[3] = 1; }
static void long_plen(struct nsl_route *r) { r->plen = 33; }
static void odd_family(struct nsl_route *r) { r->dst_len = 5; }
static void unknown_type(struct nsl_route *r) { r->type = NETSLICE_ROUTE_TYPE_MAX + 1; }
static void no_member(struct nsl_route *r) { r->nexthops = 0; }
static void many_members(struct nsl_route *r) { r->nexthops = NETSLICE_MAX_NEXTHOPS + 1; }
static void blackhole_by(struct nsl_route *r) { r->type = NETSLICE_ROUTE_BLACKHOLE; }
static void no_port(struct nsl_route *r) { r->nexthop[0].port[0] = '\0'; }
static void no_end(struct nsl_route *r) { memset(r->nexthop[0].port, 'x', NETSLICE_NAME_LEN); }
static void no_weight(struct nsl_route *r) { r->nexthop[0].weight = 0; }
static void heavy(struct nsl_route *r) { r->nexthop[0].weight = 257; }
static void odd_via(struct nsl_route *r) { r->nexthop[0].via_len = 6; }

static const spoil_fn spoils[] = {
	bits_beyond, long_plen, odd_family, unknown_type, no_member, many_members, blackhole_by,
	no_port, no_end, no_weight, heavy, odd_via,
};

START_TEST(test_what_may_not_be)
{
	struct nsl_route r = make("10.0.0.0/8", 1);
	uint8_t run[4096];
	struct nsl_err err;
	size_t len = 0;

	spoils[_i](&r);
	ck_assert_int_eq(nsl_route_check(&r, &err), -EINVAL);
	ck_assert_uint_gt(strlen(err.text), 0);
	if (spoils[_i] != no_member)
		ck_assert_int_eq(nsl_route_put(run, sizeof(run), &len, &r), -EINVAL);
}
END_TEST

START_TEST(test_ipv6_by_ipv4)
{
	struct nsl_route r = make("2001:db8::/32", 1);

	r.nexthop[0].via_len = 4;
	ck_assert_int_eq(nsl_route_check(&r, NULL), -EINVAL);
	r = make("10.0.0.0/8", 1);
	r.nexthop[0].via_len = 16;
	ck_assert_int_eq(nsl_route_check(&r, NULL), 0);
}
END_TEST

START_TEST(test_deleted_ones)
{
	struct nsl_route r = make("10.0.0.0/8", 0);
	uint8_t run[64];
	unsigned int n;
	size_t len = 0;

	ck_assert_int_eq(nsl_route_put(run, sizeof(run), &len, &r), 0);
	ck_assert_int_eq(nsl_routes_validate(run, len, &n, NULL), -EBADMSG);
	ck_assert_int_eq(nsl_route_keys_validate(run, len, &n, NULL), 0);
	ck_assert_uint_eq(n, 1);
}
END_TEST

/* Attributes that a good route never has. */
START_TEST(test_strange_attributes)
{
	uint64_t space[64];
	struct nlmsghdr *nlh;
	struct nlattr *nest, *hop;
	struct nsl_err err;
	int fault;

	for (fault = 0; fault < 6; fault++) {
		nlh = mnl_nlmsg_put_header(space);
		nest = mnl_attr_nest_start(nlh, fault == 5 ? NETSLICE_A_PORT : NETSLICE_A_ROUTE);
		mnl_attr_put_u32(nlh, NETSLICE_ROUTE_A_DST, htonl(0x0a000000));
		if (fault != 1)
			mnl_attr_put_u8(nlh, NETSLICE_ROUTE_A_PLEN, 8);
		if (fault == 2)
			mnl_attr_put_u8(nlh, NETSLICE_ROUTE_A_PLEN, 8);
		if (fault == 3)
			mnl_attr_put_u8(nlh, NETSLICE_ROUTE_A_MAX + 1, 8);
		hop = mnl_attr_nest_start(nlh, NETSLICE_ROUTE_A_NEXTHOP);
		mnl_attr_put_strz(nlh, NETSLICE_NEXTHOP_A_PORT, "west");
		if (fault == 4)
			mnl_attr_put_u8(nlh, NETSLICE_NEXTHOP_A_MAX + 1, 8);
		mnl_attr_nest_end(nlh, hop);
		mnl_attr_nest_end(nlh, nest);
		ck_assert_int_eq(nsl_routes_validate(mnl_nlmsg_get_payload(nlh),
						     mnl_nlmsg_get_payload_len(nlh), NULL, &err),
				 fault ? -EBADMSG : 0);
		if (fault)
			ck_assert_int_eq(strncmp(err.text, "route 1: ", 9), 0);
	}
}
END_TEST

START_TEST(test_full_run)
{
	struct nsl_route r = make("10.0.0.0/8", 4);
	uint8_t run[100];
	size_t len = 0;

	ck_assert_int_eq(nsl_route_put(run, sizeof(run), &len, &r), -EMSGSIZE);
	ck_assert_uint_eq(len, 0);
}
END_TEST

START_TEST(test_messages_of_many)
{
	static uint64_t space[NSL_MSG_SIZE / 8];
	static uint8_t run[3000 * 64];
	struct nsl_route r = make("10.0.0.0/32", 1), got;
	unsigned int i, total = 0, messages = 0;
	size_t len = 0, pos = 0, at;
	struct nsl_reply reply;
	struct nsl_msg m;
	int n;

	for (i = 0; i < 3000; i++) {
		r.dst[2] = (uint8_t)(i >> 8);
		r.dst[3] = (uint8_t)i;
		ck_assert_int_eq(nsl_route_put(run, sizeof(run), &len, &r), 0);
	}
	while (pos < len) {
		nsl_msg_begin(&m, space, sizeof(space), NETSLICE_CMD_ROUTE_NEW, false);
		n = nsl_msg_put_route_attrs(&m, run, len, &pos);
		ck_assert_int_gt(n, 0);
		ck_assert_int_le(n, NETSLICE_MAX_ROUTES);
		ck_assert_int_eq(nsl_msg_put_route_attrs(&m, run, len, &pos),
				 0);
		ck_assert_int_eq(nsl_parse(m.nlh, &reply, NULL), 0);
		ck_assert_uint_eq(reply.a.routes, (unsigned int)n);
		for (at = 0; nsl_route_next(reply.attrs, reply.len, &at, &got, NULL) > 0; total++)
			ck_assert_uint_eq(got.dst[2] * 256U + got.dst[3], total);
		messages++;
	}
	ck_assert_uint_eq(total, 3000);
	ck_assert_uint_eq(messages, 3);
}
END_TEST

static const struct {
	const char *text, *shown;
} good_dst[] = {
	{ "10.0.0.0/8", "10.0.0.0/8" }, { "default", "0.0.0.0/0" }, { "default6", "::/0" },
	{ "192.0.2.1", "192.0.2.1/32" }, { "2001:DB8::/32", "2001:db8::/32" },
	{ "::1", "::1/128" }, { "0.0.0.0/0", "0.0.0.0/0" },
};
static const char *const bad_dst[] = {
	"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8",
	"10.0.0.1/8", "10.0.0/8", "2001:db8::/129", "2001:db8::1/32", "x", "10.0.0.0/8/8",
	"1111111111111111111111111111111111111111111111111111111111111111111111111111/8",
};

START_TEST(test_destinations)
{
	struct nsl_route r;
	char text[64];
	unsigned int i;

	memset(&r, 0, sizeof(r));
	for (i = 0; i < sizeof(good_dst) / sizeof(*good_dst); i++) {
		ck_assert_int_eq(nsl_route_parse_dst(&r, good_dst[i].text, NULL), 0);
		nsl_route_format_dst(&r, text, sizeof(text));
		ck_assert_str_eq(text, good_dst[i].shown);
	}
	for (i = 0; i < sizeof(bad_dst) / sizeof(*bad_dst); i++)
		ck_assert_msg(nsl_route_parse_dst(&r, bad_dst[i], NULL) == -EINVAL, "%s",
			      bad_dst[i]);
}
END_TEST

START_TEST(test_digest)
{
	struct nsl_route a = make("10.0.0.0/8", 3), b = make("2001:db8::/32", 1), turned = a;
	struct nsl_digest one = { 0 }, two = { 0 };
	uint8_t x[NETSLICE_DIGEST_LEN], y[NETSLICE_DIGEST_LEN];

	turned.nexthop[0] = a.nexthop[2];
	turned.nexthop[2] = a.nexthop[0];
	turned.has_owner = true;
	nsl_digest_add(&one, &a);
	nsl_digest_add(&one, &b);
	nsl_digest_add(&two, &b);
	nsl_digest_add(&two, &turned);
	nsl_digest_pack(&one, x);
	nsl_digest_pack(&two, y);
	ck_assert_mem_eq(x, y, sizeof(x));
	ck_assert_uint_eq(one.routes4, 1);
	ck_assert_uint_eq(one.routes6, 1);
	turned.nexthop[0].weight++;
	nsl_digest_del(&two, &a);
	nsl_digest_add(&two, &turned);
	nsl_digest_pack(&two, y);
	ck_assert_mem_ne(x, y, sizeof(x));
	ck_assert_uint_lt(nsl_digest_bucket(&a), NETSLICE_DIGEST_BUCKETS);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("lib: routes");
	TCase *tc = tcase_create("routes");

	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_truncated_at_every_byte);
	tcase_add_test(tc, test_changed_bytes);
	tcase_add_loop_test(tc, test_what_may_not_be, 0, sizeof(spoils) / sizeof(*spoils));
	tcase_add_test(tc, test_ipv6_by_ipv4);
	tcase_add_test(tc, test_deleted_ones);
	tcase_add_test(tc, test_strange_attributes);
	tcase_add_test(tc, test_full_run);
	tcase_add_test(tc, test_messages_of_many);
	tcase_add_test(tc, test_destinations);
	tcase_add_test(tc, test_digest);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(suite());
	int failed;

	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
