// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/lib/attrs.c agent/lib/name.c agent/lib/route.c agent/lib/digest.c */
/* link: agent/lib/msg.c agent/lib/refusal.c agent/lib/err.c */
/*
 * The codec of the netlink family: what is written is read again, and whatever
 * else comes in is refused or skipped without a byte read beyond it.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include "lib/attrs.h"
#include "lib/netslice.h"

static uint64_t buf[NSL_MSG_SIZE / sizeof(uint64_t)];

/* Every attribute with a value that no other one has. */
static void fill(struct nsl_attrs *a)
{
	unsigned int attr;
	char text[16];

	memset(a, 0, sizeof(*a));
	for (attr = 1; attr <= NETSLICE_A_MAX; attr++) {
		const struct nsl_attr_spec *spec = nsl_attr_spec(attr);

		snprintf(text, sizeof(text), "value-%u", attr);
		if (spec->kind == NSL_KIND_TEXT)
			ck_assert_int_eq(nsl_set_string(a, attr, text), 0);
		else if (spec->kind == NSL_KIND_U8 || spec->kind == NSL_KIND_FLAG)
			ck_assert_int_eq(nsl_set_number(a, attr, attr), 0);
		else if (spec->kind == NSL_KIND_U32)
			ck_assert_int_eq(nsl_set_number(a, attr, attr * 1000003U), 0);
		else if (spec->kind == NSL_KIND_U64)
			ck_assert_int_eq(nsl_set_number(a, attr, UINT64_MAX - attr), 0);
	}
	nsl_set_vmac(a, (const uint8_t *)"\x02\x11\x22\x33\x44\x55");
	nsl_set_digest(a, (const uint8_t *)"0123456789abcdef");
	nsl_set_address(a, "0123456789abcdef", 16);
}

static struct nlmsghdr *build(const struct nsl_attrs *a)
{
	struct nsl_msg m;

	ck_assert_int_eq(nsl_msg_begin(&m, buf, sizeof(buf), NETSLICE_CMD_SLICE_GET, false), 0);
	ck_assert_int_eq(nsl_msg_put(&m, a), 0);
	return m.nlh;
}

START_TEST(test_every_attribute_is_known)
{
	unsigned int attr;

	for (attr = 1; attr <= NETSLICE_A_MAX; attr++) {
		ck_assert_msg(nsl_attr_spec(attr) != NULL, "attribute %u", attr);
		ck_assert_int_eq(nsl_value(NSL_ATTR, nsl_name(NSL_ATTR, attr)), (int)attr);
		if (attr != NETSLICE_A_PAD)
			ck_assert_int_ne(nsl_attr_spec(attr)->kind, NSL_KIND_NONE);
	}
	ck_assert_ptr_null(nsl_attr_spec(NETSLICE_A_MAX + 1));
	ck_assert_ptr_null(nsl_attr_spec(0));
}
END_TEST

START_TEST(test_every_number_has_a_name)
{
	static const struct {
		enum nsl_names table;
		unsigned int first, last;
	} all[] = {
		{ NSL_ROLE, 0, NETSLICE_ROLE_MAX }, { NSL_LEASE, 0, NETSLICE_LEASE_MAX },
		{ NSL_PORT_KIND, 0, NETSLICE_PORT_KIND_MAX },
		{ NSL_ROUTE_TYPE, 0, NETSLICE_ROUTE_TYPE_MAX },
		{ NSL_FRAME, 1, NETSLICE_FRAME_KIND_MAX }, { NSL_COUNTER, 0, NETSLICE_C_MAX },
		{ NSL_EVENT, 1, NETSLICE_EVENT_MAX }, { NSL_CMD, 1, NETSLICE_CMD_MAX },
	};
	unsigned int i, v;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		for (v = all[i].first; v <= all[i].last; v++)
			ck_assert_int_eq(nsl_value(all[i].table, nsl_name(all[i].table, v)),
					 (int)v);
		ck_assert_str_eq(nsl_name(all[i].table, v), "?");
	}
	ck_assert_int_eq(nsl_value(NSL_ROLE, "Master"), -1);
	ck_assert_int_eq(nsl_value(NSL_ROLE, ""), -1);
}
END_TEST

START_TEST(test_attributes_round_trip)
{
	struct nsl_attrs in;
	struct nsl_reply out;
	unsigned int attr;

	fill(&in);
	ck_assert_int_eq(nsl_parse(build(&in), &out, NULL), 0);
	ck_assert_int_eq(out.cmd, NETSLICE_CMD_SLICE_GET);
	for (attr = 1; attr <= NETSLICE_A_MAX; attr++) {
		ck_assert_msg(nsl_has_attr(&in, attr) == nsl_has_attr(&out.a, attr),
			      "%s", nsl_name(NSL_ATTR, attr));
		ck_assert_msg(nsl_get_number(&in, attr) == nsl_get_number(&out.a, attr),
			      "%s", nsl_name(NSL_ATTR, attr));
		ck_assert_str_eq(nsl_get_string(&in, attr), nsl_get_string(&out.a, attr));
	}
	ck_assert_mem_eq(in.vmac, out.a.vmac, 6);
	ck_assert_mem_eq(in.digest, out.a.digest, 16);
	ck_assert_int_eq(out.a.address_len, 16);
	ck_assert_mem_eq(in.address, out.a.address, 16);
	ck_assert(nsl_has(&out.a, FORCE));
}
END_TEST

START_TEST(test_truncated_at_every_byte)
{
	const struct nlmsghdr *nlh;
	size_t head = NLMSG_HDRLEN + GENL_HDRLEN, whole, len;
	struct nsl_attrs in;
	struct nsl_attrs out;
	uint8_t *part;

	fill(&in);
	nlh = build(&in);
	whole = nlh->nlmsg_len - head;
	for (len = 0; len < whole; len++) {
		part = malloc(len ? len : 1);
		memcpy(part, (const uint8_t *)nlh + head, len);
		nsl_attrs_parse(&out, part, len, NULL);
		free(part);
	}
}
END_TEST

/* xorshift: the same bytes in every run */
static uint32_t noise(void)
{
	static uint32_t x = 0x6e736c63;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

START_TEST(test_noise)
{
	size_t head = NLMSG_HDRLEN + GENL_HDRLEN, len, i, pos;
	struct nsl_attrs in, out;
	struct nsl_stats stats;
	struct nsl_route route;
	uint8_t *bytes;
	int round;

	fill(&in);
	for (round = 0; round < 20000; round++) {
		const struct nlmsghdr *nlh = build(&in);

		len = nlh->nlmsg_len - head;
		bytes = malloc(len);
		memcpy(bytes, (const uint8_t *)nlh + head, len);
		for (i = 0; i < 4; i++)
			bytes[noise() % len] = (uint8_t)noise();
		nsl_attrs_parse(&out, bytes, len, NULL);
		for (pos = 0; nsl_route_next(bytes, len, &pos, &route, NULL) > 0; )
			;
		for (pos = 0; nsl_stats_next(bytes, len, &pos, &stats, NULL) > 0; )
			;
		for (pos = 0; nsl_entry_next(bytes, len, &pos, &out, NULL) > 0; )
			;
		free(bytes);
	}
}
END_TEST

START_TEST(test_wrong_lengths_are_refused)
{
	static const struct {
		uint16_t type, len;
	} bad[] = {
		{ NETSLICE_A_CP_TERM, 4 }, { NETSLICE_A_ROLE, 4 }, { NETSLICE_A_IFINDEX, 8 },
		{ NETSLICE_A_VMAC, 5 }, { NETSLICE_A_ADDRESS, 6 }, { NETSLICE_A_DIGEST, 15 },
		{ NETSLICE_A_BUCKETS, 17 }, { NETSLICE_A_ANSWER, 1 }, { NETSLICE_A_SLICE, 17 },
		{ NETSLICE_A_SLICE, 0 },
	};
	struct nsl_err err;
	struct nsl_reply r;
	struct nsl_msg m;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char value[32] = "";

		nsl_msg_begin(&m, buf, sizeof(buf), NETSLICE_CMD_SLICE_GET, false);
		mnl_attr_put(m.nlh, bad[i].type, bad[i].len, value);
		ck_assert_int_eq(nsl_parse(m.nlh, &r, &err), -EBADMSG);
		ck_assert_ptr_nonnull(strstr(err.text, nsl_name(NSL_ATTR, bad[i].type)));
	}
}
END_TEST

START_TEST(test_unknown_attributes_are_skipped)
{
	struct nsl_reply r;
	struct nsl_msg m;

	nsl_msg_begin(&m, buf, sizeof(buf), NETSLICE_CMD_SLICE_GET, false);
	mnl_attr_put_u32(m.nlh, NETSLICE_A_MAX + 1, 7);
	mnl_attr_put_u32(m.nlh, 0x3fff, 7);
	mnl_attr_put_strz(m.nlh, NETSLICE_A_SLICE, "red");
	ck_assert_int_eq(nsl_parse(m.nlh, &r, NULL), 0);
	ck_assert_str_eq(r.a.slice, "red");
}
END_TEST

START_TEST(test_what_does_not_fit)
{
	struct nsl_attrs a = { 0 };
	struct nsl_msg m;
	char name[40];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	nsl_set_slice(&a, name);
	nsl_msg_begin(&m, buf, sizeof(buf), NETSLICE_CMD_SLICE_NEW, false);
	ck_assert_int_eq(nsl_msg_put(&m, &a), -EINVAL);
	ck_assert_int_eq(m.err, -EINVAL);
	ck_assert_int_eq(nsl_set_string(&a, NETSLICE_A_SLICE, name), -EINVAL);
	ck_assert_int_eq(nsl_set_number(&a, NETSLICE_A_ROLE, 256), -EINVAL);
	ck_assert_int_eq(nsl_set_number(&a, NETSLICE_A_IFINDEX, 1ULL << 32), -EINVAL);
	ck_assert_int_eq(nsl_set_number(&a, NETSLICE_A_SLICE, 1), -EINVAL);

	fill(&a);
	nsl_msg_begin(&m, buf, 64, NETSLICE_CMD_SLICE_NEW, false);
	ck_assert_int_eq(nsl_msg_put(&m, &a), -EMSGSIZE);
	ck_assert_int_eq(nsl_msg_put_entry(&m, &a), -EMSGSIZE);
	ck_assert_uint_le(m.nlh->nlmsg_len, 64);
	ck_assert_int_eq(nsl_msg_begin(&m, buf, 16, NETSLICE_CMD_SLICE_NEW, false), -EMSGSIZE);
}
END_TEST

START_TEST(test_entries_round_trip)
{
	struct nsl_attrs one = { 0 }, two = { 0 }, got;
	struct nsl_reply r;
	struct nsl_msg m;
	size_t pos = 0;

	nsl_set_slice(&one, "red");
	nsl_set_gen(&one, 5);
	nsl_set_slice(&two, "blue");
	nsl_set_confirm_ms(&two, 60000);
	nsl_msg_begin(&m, buf, sizeof(buf), NETSLICE_CMD_GEN_SWITCH, false);
	ck_assert_int_eq(nsl_msg_put_entry(&m, &one), 0);
	ck_assert_int_eq(nsl_msg_put_entry(&m, &two), 0);
	ck_assert_int_eq(nsl_parse(m.nlh, &r, NULL), 0);
	ck_assert_uint_eq(r.a.entries, 2);
	ck_assert_int_eq(nsl_entry_next(r.attrs, r.len, &pos, &got, NULL), 1);
	ck_assert_str_eq(got.slice, "red");
	ck_assert_uint_eq(got.gen, 5);
	ck_assert_int_eq(nsl_entry_next(r.attrs, r.len, &pos, &got, NULL), 1);
	ck_assert_str_eq(got.slice, "blue");
	ck_assert(!nsl_has(&got, GEN));
	ck_assert_uint_eq(got.confirm_ms, 60000);
	ck_assert_int_eq(nsl_entry_next(r.attrs, r.len, &pos, &got, NULL), 0);
}
END_TEST

START_TEST(test_stats_of_other_versions)
{
	uint64_t counters[__NETSLICE_C_MAX + 3];
	struct nlattr *nest;
	struct nsl_stats s;
	struct nsl_reply r;
	struct nsl_msg m;
	size_t pos, n;

	for (n = 0; n < __NETSLICE_C_MAX + 3; n++)
		counters[n] = n + 1;
	for (n = 0; n <= __NETSLICE_C_MAX + 3; n += __NETSLICE_C_MAX / 2) {
		nsl_msg_begin(&m, buf, sizeof(buf), NETSLICE_CMD_STATS_GET, false);
		nest = mnl_attr_nest_start(m.nlh, NETSLICE_A_STATS);
		mnl_attr_put(m.nlh, NETSLICE_STATS_A_COUNTERS, n * 8, counters);
		mnl_attr_put_u64(m.nlh, NETSLICE_STATS_A_TX_BYTES, 1ULL << 40);
		mnl_attr_nest_end(m.nlh, nest);
		ck_assert_int_eq(nsl_parse(m.nlh, &r, NULL), 0);
		pos = 0;
		ck_assert_int_eq(nsl_stats_next(r.attrs, r.len, &pos, &s, NULL), 1);
		ck_assert_uint_eq(s.counters, n < __NETSLICE_C_MAX ? n : __NETSLICE_C_MAX);
		ck_assert_uint_eq(s.counter[0], n ? 1 : 0);
		ck_assert_uint_eq(s.tx_bytes, 1ULL << 40);
		ck_assert(s.has_io && !s.has_port);
		ck_assert_int_eq(nsl_stats_next(r.attrs, r.len, &pos, &s, NULL), 0);
	}
}
END_TEST

/* What the kernel would answer: the errno, and extack attributes. */
static struct nlmsghdr *refusal(uint64_t *out, int error, const char *text, uint32_t offset,
				uint32_t missing)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(out);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
	e->error = error;
	if (text)
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, text);
	if (offset)
		mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, offset);
	if (missing)
		mnl_attr_put_u32(nlh, NLMSGERR_ATTR_MISS_TYPE, missing);
	return nlh;
}

static uint32_t offset_of(const struct nlmsghdr *nlh, const char *bytes, size_t len)
{
	const uint8_t *at = memmem(nlh, nlh->nlmsg_len, bytes, len);

	ck_assert_ptr_nonnull(at);
	return (uint32_t)(at - NLA_HDRLEN - (const uint8_t *)nlh);
}

START_TEST(test_refusal_names_the_argument)
{
	uint64_t answer[128];
	struct nsl_attrs a = { 0 };
	const struct nlmsghdr *request;
	struct nsl_err err;

	nsl_set_slice(&a, "red");
	nsl_set_port(&a, "wets");
	nsl_set_role(&a, NETSLICE_ROLE_MASTER);
	request = build(&a);
	ck_assert_int_eq(nsl_parse_error(refusal(answer, -ENOENT, "no such port",
						 offset_of(request, "wets", 5), 0),
					 request, &err), -ENOENT);
	ck_assert_str_eq(err.attr, "port");
	ck_assert_str_eq(err.value, "wets");
	ck_assert_str_eq(err.kernel, "no such port");
	ck_assert_str_eq(err.text,
			 "port \"wets\": no such port (kernel: No such file or directory)");

	ck_assert_int_eq(nsl_parse_error(refusal(answer, -EINVAL, NULL,
						 offset_of(request, "\2\0\0\0", 4), 0),
					 request, &err), -EINVAL);
	ck_assert_str_eq(err.attr, "role");
	ck_assert_str_eq(err.value, "master");

	nsl_parse_error(refusal(answer, -EINVAL, "needed", 0, NETSLICE_A_FP_TERM), request, &err);
	ck_assert_str_eq(err.attr, "fp-term");

	ck_assert_int_eq(nsl_parse_error(refusal(answer, 0, NULL, 0, 0), request, &err), 0);
	nsl_parse_error(refusal(answer, -EPERM, NULL, 99999, 0), request, &err);
	ck_assert_str_eq(err.attr, "");
	ck_assert_int_eq(err.code, EPERM);
	ck_assert_int_eq(nsl_parse_error(refusal(answer, -EPERM, NULL, 20, 0), NULL, NULL), -EPERM);
}
END_TEST

START_TEST(test_refusal_within_a_route)
{
	struct nsl_route r = { .dst = { 10, 1 }, .dst_len = 4, .plen = 16, .nexthops = 2 };
	uint64_t answer[128];
	struct nsl_err err;
	struct nsl_msg m;

	strcpy(r.nexthop[0].port, "west");
	strcpy(r.nexthop[1].port, "oddest");
	r.nexthop[0].weight = 1;
	r.nexthop[1].weight = 1;
	nsl_msg_begin(&m, buf, sizeof(buf), NETSLICE_CMD_ROUTE_NEW, false);
	ck_assert_int_eq(nsl_msg_put_route(&m, &r), 0);
	nsl_parse_error(refusal(answer, -ENOENT, "what", offset_of(m.nlh, "oddest", 7), 0),
			m.nlh, &err);
	ck_assert_str_eq(err.attr, "route 10.1.0.0/16 nexthop 2 port");
	ck_assert_str_eq(err.value, "oddest");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("lib: codec");
	TCase *tc = tcase_create("codec");

	tcase_add_test(tc, test_every_attribute_is_known);
	tcase_add_test(tc, test_every_number_has_a_name);
	tcase_add_test(tc, test_attributes_round_trip);
	tcase_add_test(tc, test_truncated_at_every_byte);
	tcase_add_test(tc, test_noise);
	tcase_add_test(tc, test_wrong_lengths_are_refused);
	tcase_add_test(tc, test_unknown_attributes_are_skipped);
	tcase_add_test(tc, test_what_does_not_fit);
	tcase_add_test(tc, test_entries_round_trip);
	tcase_add_test(tc, test_stats_of_other_versions);
	tcase_add_test(tc, test_refusal_names_the_argument);
	tcase_add_test(tc, test_refusal_within_a_route);
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
