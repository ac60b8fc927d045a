// SPDX-License-Identifier: GPL-2.0-or-later
/* link: kmod/digest.c */
/* link: selftests/unit/shim/shim.c */
/*
 * The digest: its published vectors, that order does not matter, that it follows
 * changes, and that it sees every field that it is meant to see.
 */

#include <arpa/inet.h>
#include <linux/slab.h>
#include <linux/netslice.h>
#include <linux/netslice_digest.h>

#include "digest.h"
#include "oracle.h"

struct vector {
	const char *prefix;
	u8 plen, type;
	const char *members;
	unsigned int bucket;
	struct netslice_digest_value hash;
};

#define VECTOR(prefix, plen, type, members, bucket, lane0, lane1) \
	{ prefix, plen, type, members, bucket, { { lane0, lane1 } } },

static const struct vector vectors[] = { NETSLICE_DIGEST_VECTORS(VECTOR) };

static u8 parse_address(const char *text, u8 *addr)
{
	memset(addr, 0, 16);
	if (inet_pton(AF_INET, text, addr) == 1)
		return NETSLICE_DIGEST_IPV4;
	if (inet_pton(AF_INET6, text, addr) == 1)
		return NETSLICE_DIGEST_IPV6;
	ck_assert_str_eq(text, "on-link");
	return NETSLICE_DIGEST_ONLINK;
}

static unsigned int parse_members(const char *text, struct netslice_digest_member *m)
{
	char copy[200], *save = NULL, *item, port[16], gateway[64];
	unsigned int n = 0, weight;
	u8 addr[16], family;

	snprintf(copy, sizeof(copy), "%s", text);
	for (item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		ck_assert_int_eq(sscanf(item, "%15s %63s %u", port, gateway, &weight), 3);
		family = parse_address(gateway, addr);
		netslice_digest_member_set(&m[n++], port, family, addr, weight);
	}
	return n;
}

static void vector_hash(const struct vector *v, struct netslice_digest_value *hash)
{
	struct netslice_digest_member m[NETSLICE_DIGEST_MEMBERS_MAX];
	unsigned int n = parse_members(v->members, m);
	struct netslice_digest_value group;
	u8 addr[16], family;

	netslice_digest_members_sort(m, n);
	netslice_digest_group_hash(v->type, 0, m, n, &group);
	family = parse_address(v->prefix, addr);
	netslice_digest_record_hash(family, addr, v->plen, v->type, &group, hash);
}

/* From the paper that defines SipHash: key 00..0f, message 00..0e */
START_TEST(test_siphash)
{
	static const u64 key[2] = { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL };
	u8 message[15], i;

	for (i = 0; i < sizeof(message); i++)
		message[i] = i;
	ck_assert(netslice_digest_siphash(message, 15, key) == 0xa129ca6149be45e5ULL);
	ck_assert(netslice_digest_siphash(message, 0, key) == 0x726fdb47dd0e0e31ULL);
	ck_assert(netslice_digest_siphash(message, 8, key) == 0x93f5f5799a932462ULL);
}
END_TEST

START_TEST(test_vectors)
{
	static const u64 sum[] = NETSLICE_DIGEST_VECTORS_SUM;
	struct netslice_digest_value hash, total = { { 0, 0 } };
	unsigned int i;
	u8 addr[16], family;

	ck_assert_uint_ge(ARRAY_SIZE(vectors), 4);
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		vector_hash(&vectors[i], &hash);
		ck_assert_msg(netslice_digest_equal(&hash, &vectors[i].hash),
			      "%s/%u: %016llx %016llx", vectors[i].prefix,
			      vectors[i].plen, hash.lane[0], hash.lane[1]);
		family = parse_address(vectors[i].prefix, addr);
		ck_assert_uint_eq(netslice_digest_bucket(family, addr, vectors[i].plen),
				  vectors[i].bucket);
		netslice_digest_plus(&total, &hash);
	}
	ck_assert(total.lane[0] == sum[0] && total.lane[1] == sum[1]);
}
END_TEST

START_TEST(test_key_bytes)
{
	static const u64 key[2][2] = { NETSLICE_DIGEST_KEY0, NETSLICE_DIGEST_KEY1 };

	ck_assert(netslice_digest_le64((const u8 *)"netslice") == key[0][0]);
	ck_assert(netslice_digest_le64((const u8 *)"-digest0") == key[0][1]);
	ck_assert(netslice_digest_le64((const u8 *)"netslice") == key[1][0]);
	ck_assert(netslice_digest_le64((const u8 *)"-digest1") == key[1][1]);
}
END_TEST

START_TEST(test_layout)
{
	ck_assert_uint_eq(sizeof(struct netslice_digest_member), 40);
	ck_assert_uint_eq(sizeof(struct netslice_digest_group), 8);
	ck_assert_uint_eq(sizeof(struct netslice_digest_record), 40);
	ck_assert_uint_eq(offsetof(struct netslice_digest_member, gateway), 24);
	ck_assert_uint_eq(offsetof(struct netslice_digest_record, prefix), 8);
	ck_assert_uint_eq(offsetof(struct netslice_digest_record, group), 24);
	ck_assert_uint_eq(NETSLICE_DIGEST_PORT_LEN, NETSLICE_NAME_LEN);
	ck_assert_uint_eq(NETSLICE_DIGEST_MEMBERS_MAX, NETSLICE_MAX_NEXTHOPS);
	ck_assert_uint_eq(sizeof(struct netslice_digest_value), NETSLICE_DIGEST_LEN);
}
END_TEST

START_TEST(test_pack)
{
	static const u8 want[16] = { 8, 7, 6, 5, 4, 3, 2, 1, 0xf, 0xe, 0xd, 0xc, 0xb,
				     0xa, 9, 0 };
	struct netslice_digest_value v = { { 0x0102030405060708ULL,
					     0x00090a0b0c0d0e0fULL } }, back;
	u8 wire[16];

	netslice_digest_pack(&v, wire);
	ck_assert_mem_eq(wire, want, 16);
	netslice_digest_unpack(&back, wire);
	ck_assert(netslice_digest_equal(&v, &back));
}
END_TEST

/* Every byte of member, group head and record changes both lanes */
START_TEST(test_every_field_counts)
{
	struct netslice_digest_member m[2], changed[2];
	struct netslice_digest_value a, b, g;
	u8 addr[16] = { 10 };
	unsigned int i;

	netslice_digest_member_set(&m[0], "a", NETSLICE_DIGEST_IPV4, "\1\2\3\4", 1);
	netslice_digest_member_set(&m[1], "b", NETSLICE_DIGEST_ONLINK, NULL, 2);
	netslice_digest_group_hash(0, 0, m, 2, &a);
	for (i = 0; i < sizeof(m); i++) {
		memcpy(changed, m, sizeof(m));
		((u8 *)changed)[i] ^= 1;
		netslice_digest_group_hash(0, 0, changed, 2, &b);
		ck_assert(a.lane[0] != b.lane[0] && a.lane[1] != b.lane[1]);
	}
	netslice_digest_group_hash(1, 0, m, 2, &b);
	ck_assert(!netslice_digest_equal(&a, &b));
	netslice_digest_group_hash(0, 1, m, 2, &b);
	ck_assert(!netslice_digest_equal(&a, &b));
	netslice_digest_group_hash(0, 0, m, 1, &b);
	ck_assert(!netslice_digest_equal(&a, &b));

	netslice_digest_record_hash(NETSLICE_DIGEST_IPV4, addr, 8, 0, &a, &g);
	netslice_digest_record_hash(NETSLICE_DIGEST_IPV6, addr, 8, 0, &a, &b);
	ck_assert(g.lane[0] != b.lane[0] && g.lane[1] != b.lane[1]);
	netslice_digest_record_hash(NETSLICE_DIGEST_IPV4, addr, 9, 0, &a, &b);
	ck_assert(g.lane[0] != b.lane[0] && g.lane[1] != b.lane[1]);
	netslice_digest_record_hash(NETSLICE_DIGEST_IPV4, addr, 8, 1, &a, &b);
	ck_assert(g.lane[0] != b.lane[0] && g.lane[1] != b.lane[1]);
	a.lane[1]++;
	netslice_digest_record_hash(NETSLICE_DIGEST_IPV4, addr, 8, 0, &a, &b);
	ck_assert(g.lane[0] != b.lane[0] && g.lane[1] != b.lane[1]);
}
END_TEST

START_TEST(test_member_order)
{
	struct netslice_digest_member m[NETSLICE_DIGEST_MEMBERS_MAX], moved;
	struct netslice_digest_value a, b;
	unsigned int i, j, round;
	char port[16];

	oracle_seed(1);
	for (i = 0; i < ARRAY_SIZE(m); i++) {
		u8 addr[16] = { 192, 0, 2, i / 4 };

		snprintf(port, sizeof(port), "p%u", i % 4);
		netslice_digest_member_set(&m[i], port, i % 2 ? NETSLICE_DIGEST_IPV4 :
					   NETSLICE_DIGEST_IPV6, addr, 1 + i % 3);
	}
	netslice_digest_members_sort(m, ARRAY_SIZE(m));
	for (i = 1; i < ARRAY_SIZE(m); i++)
		ck_assert_int_lt(netslice_digest_member_cmp(&m[i - 1], &m[i]), 0);
	netslice_digest_group_hash(0, 0, m, ARRAY_SIZE(m), &a);
	for (round = 0; round < 50; round++) {
		for (i = ARRAY_SIZE(m) - 1; i; i--) {
			j = oracle_below(i + 1);
			moved = m[i];
			m[i] = m[j];
			m[j] = moved;
		}
		netslice_digest_members_sort(m, ARRAY_SIZE(m));
		netslice_digest_group_hash(0, 0, m, ARRAY_SIZE(m), &b);
		ck_assert(netslice_digest_equal(&a, &b));
	}
}
END_TEST

/* Names longer than a port's may be are cut, not read beyond */
START_TEST(test_long_name)
{
	struct netslice_digest_member m;

	netslice_digest_member_set(&m, "abcdefghijklmnopqrst", 0, NULL, 1);
	ck_assert_mem_eq(m.port, "abcdefghijklmno\0", 16);
}
END_TEST

#define SET 3000

static void set_hash(unsigned int i, struct netslice_digest_value *hash,
		     unsigned int *bucket)
{
	struct netslice_digest_value group = { { i % 7, i % 5 } };
	u8 addr[16] = { i >> 16, i >> 8, i };
	u8 family = i % 3 ? NETSLICE_DIGEST_IPV4 : NETSLICE_DIGEST_IPV6;

	netslice_digest_record_hash(family, addr, 24, 0, &group, hash);
	*bucket = netslice_digest_bucket(family, addr, 24);
}

static void set_change(struct netslice_digest *d, unsigned int i, bool add)
{
	struct netslice_digest_value hash;
	unsigned int bucket;

	set_hash(i, &hash, &bucket);
	if (add)
		netslice_digest_add(d, bucket, &hash);
	else
		netslice_digest_sub(d, bucket, &hash);
}

static void sum_of_buckets(const struct netslice_digest *d,
			   struct netslice_digest_value *sum)
{
	unsigned int i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < NETSLICE_DIGEST_BUCKETS; i++)
		netslice_digest_plus(sum, &d->bucket[i]);
}

/* Whatever way leads to a set of routes, its digest is the same */
START_TEST(test_incremental)
{
	struct netslice_digest d, fresh;
	struct netslice_digest_value sum;
	bool in[SET] = { false };
	unsigned int i, j;

	oracle_seed(7);
	netslice_digest_init(&d);
	netslice_digest_init(&fresh);
	ck_assert_int_eq(netslice_digest_expand(&d, GFP_KERNEL), 0);
	ck_assert_int_eq(netslice_digest_expand(&fresh, GFP_KERNEL), 0);
	for (i = 0; i < 20000; i++) {
		j = oracle_below(SET);
		set_change(&d, j, !in[j]);
		in[j] = !in[j];
	}
	for (i = SET; i--;)
		if (in[i])
			set_change(&fresh, i, true);
	ck_assert(netslice_digest_equal(&d.total, &fresh.total));
	ck_assert_mem_eq(d.bucket, fresh.bucket,
			 NETSLICE_DIGEST_BUCKETS * sizeof(*d.bucket));
	sum_of_buckets(&d, &sum);
	ck_assert(netslice_digest_equal(&d.total, &sum));
	for (i = 0; i < SET; i++)
		if (in[i])
			set_change(&d, i, false);
	ck_assert(!d.total.lane[0] && !d.total.lane[1]);
	netslice_digest_destroy(&d);
	netslice_digest_destroy(&fresh);
	ck_assert_int_eq(shim_alloc_live(), 0);
}
END_TEST

/* One route more, less or other is seen, and only its bucket differs */
START_TEST(test_difference_is_located)
{
	struct netslice_digest a, b;
	struct netslice_digest_value hash;
	unsigned int i, j, bucket, differ;

	netslice_digest_init(&a);
	netslice_digest_init(&b);
	netslice_digest_expand(&a, GFP_KERNEL);
	netslice_digest_expand(&b, GFP_KERNEL);
	for (i = 0; i < SET; i++) {
		set_change(&a, i, true);
		set_change(&b, i, true);
	}
	for (i = 0; i < SET; i += 97) {
		set_change(&b, i, false);
		ck_assert(!netslice_digest_equal(&a.total, &b.total));
		set_hash(i, &hash, &bucket);
		for (j = 0, differ = 0; j < NETSLICE_DIGEST_BUCKETS; j++)
			if (!netslice_digest_equal(&a.bucket[j], &b.bucket[j])) {
				ck_assert_uint_eq(j, bucket);
				differ++;
			}
		ck_assert_uint_eq(differ, 1);
		set_change(&b, i, true);
	}
	netslice_digest_destroy(&a);
	netslice_digest_destroy(&b);
}
END_TEST

/* Real tables are structured: neighbouring prefixes must still spread */
START_TEST(test_buckets_spread)
{
	static unsigned int count[NETSLICE_DIGEST_BUCKETS];
	unsigned int i, n = 64 * NETSLICE_DIGEST_BUCKETS, most = 0, least = n;

	for (i = 0; i < n; i++) {
		u8 addr4[16] = { 10, i >> 8, i, 0 };
		u8 addr6[16] = { 0x20, 1, 0xd, 0xb8, i >> 8, i };

		if (_i)
			count[netslice_digest_bucket(6, addr6, 48)]++;
		else
			count[netslice_digest_bucket(4, addr4, 24)]++;
	}
	for (i = 0; i < NETSLICE_DIGEST_BUCKETS; i++) {
		most = count[i] > most ? count[i] : most;
		least = count[i] < least ? count[i] : least;
	}
	/* 64 each; random placement stays within 64 +- 6 * 8 */
	ck_assert_uint_lt(most, 64 + 48);
	ck_assert_uint_gt(least, 64 - 48);
}
END_TEST

START_TEST(test_no_memory)
{
	struct netslice_digest d;

	netslice_digest_init(&d);
	shim_alloc_fail_at(1);
	ck_assert_int_eq(netslice_digest_expand(&d, GFP_KERNEL), -ENOMEM);
	shim_alloc_fail_never();
	set_change(&d, 1, true);
	set_change(&d, 1, false);
	ck_assert(!d.total.lane[0] && !d.total.lane[1]);
	netslice_digest_destroy(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("digest");
	TCase *tc = tcase_create("digest");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, test_siphash);
	tcase_add_test(tc, test_vectors);
	tcase_add_test(tc, test_key_bytes);
	tcase_add_test(tc, test_layout);
	tcase_add_test(tc, test_pack);
	tcase_add_test(tc, test_every_field_counts);
	tcase_add_test(tc, test_member_order);
	tcase_add_test(tc, test_long_name);
	tcase_add_test(tc, test_incremental);
	tcase_add_test(tc, test_difference_is_located);
	tcase_add_loop_test(tc, test_buckets_spread, 0, 2);
	tcase_add_test(tc, test_no_memory);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
