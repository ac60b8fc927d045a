// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/routeset.c agent/lib/route.c agent/lib/digest.c agent/lib/err.c */
/* link: agent/lib/attrs.c agent/lib/name.c */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sliced/routeset.h"

static struct nsl_route route4(unsigned int n, const char *port, const char *via)
{
	struct nsl_route r = { .dst = { 10, (uint8_t)(n >> 8), (uint8_t)n }, .dst_len = 4, .plen = 24 };

	r.nexthops = 1;
	r.nexthop[0].weight = 1;
	strcpy(r.nexthop[0].port, port);
	if (via) {
		inet_pton(AF_INET, via, r.nexthop[0].via);
		r.nexthop[0].via_len = 4;
	}
	return r;
}

static struct nsl_route route6(unsigned int n)
{
	struct nsl_route r = {
		.dst = { 0x20, 1, (uint8_t)(n >> 8), (uint8_t)n }, .dst_len = 16, .plen = 48,
		.type = NETSLICE_ROUTE_BLACKHOLE,
	};

	return r;
}

static void put(struct routeset *set, struct nsl_route r)
{
	ck_assert_int_eq(routeset_put(set, &r), 0);
}

static struct routeset *filled(unsigned int first, unsigned int count)
{
	struct routeset *set = routeset_new();
	unsigned int i;

	ck_assert_ptr_nonnull(set);
	for (i = first; i < first + count; i++) {
		put(set, route4(i, "west", "10.0.0.1"));
		put(set, route6(i));
	}
	return set;
}

/* Count and digest as they are without any set. */
static void digest_is(const struct routeset *set, unsigned int first, unsigned int count)
{
	struct nsl_digest d = { 0 };
	struct nsl_route r;
	unsigned int i;

	for (i = first; i < first + count; i++) {
		r = route4(i, "west", "10.0.0.1");
		nsl_digest_add(&d, &r);
		r = route6(i);
		nsl_digest_add(&d, &r);
	}
	ck_assert_mem_eq(routeset_digest(set), &d, sizeof(d));
}

START_TEST(test_put_and_delete)
{
	struct routeset *set = filled(0, 1000);
	struct nsl_route r = route4(5, "", NULL), got;
	unsigned int i;

	ck_assert_uint_eq(routeset_count(set), 2000);
	digest_is(set, 0, 1000);
	ck_assert(routeset_find(set, &r, &got));
	ck_assert_str_eq(got.nexthop[0].port, "west");
	for (i = 0; i < 500; i++) {
		r = route4(i, "", NULL);
		ck_assert_int_eq(routeset_del(set, &r), 0);
		ck_assert_int_eq(routeset_del(set, &r), -ENOENT);
		r = route6(i);
		ck_assert_int_eq(routeset_del(set, &r), 0);
	}
	ck_assert_uint_eq(routeset_count(set), 1000);
	digest_is(set, 500, 500);
	routeset_clear(set);
	ck_assert_uint_eq(routeset_count(set), 0);
	digest_is(set, 0, 0);
	put(set, route6(3));
	ck_assert_uint_eq(routeset_count(set), 1);
	routeset_free(set);
}
END_TEST

START_TEST(test_replace)
{
	struct routeset *set = filled(0, 10);
	struct nsl_route r = route4(3, "east", NULL), got;

	put(set, r);
	ck_assert_uint_eq(routeset_count(set), 20);
	ck_assert(routeset_find(set, &r, &got));
	ck_assert_str_eq(got.nexthop[0].port, "east");
	ck_assert_uint_eq(got.nexthop[0].via_len, 0);
	put(set, route4(3, "west", "10.0.0.1"));
	digest_is(set, 0, 10);
	routeset_free(set);
}
END_TEST

START_TEST(test_refused)
{
	struct routeset *set = routeset_new();
	struct nsl_route r = route4(1, "west", NULL);

	r.nexthops = 0;
	ck_assert_int_eq(routeset_put(set, &r), -EINVAL);
	r = route4(1, "west", NULL);
	r.plen = 8;
	ck_assert_int_eq(routeset_put(set, &r), -EINVAL);
	ck_assert_uint_eq(routeset_count(set), 0);
	digest_is(set, 0, 0);
	routeset_free(set);
}
END_TEST

/* Runs are cut anywhere between routes, and give the same set again. */
START_TEST(test_runs)
{
	struct routeset *set = filled(0, 300), *again = routeset_new();
	size_t pos = 0, len = 0, all;
	uint8_t buf[600];
	void *flat;

	while (routeset_run(set, &pos, buf, sizeof(buf), 7, &len)) {
		ck_assert_int_eq(nsl_routes_validate(buf, len, NULL, NULL), 0);
		ck_assert_int_eq(routeset_apply(again, buf, len, false), 0);
	}
	ck_assert_uint_eq(len, 0);
	ck_assert(routeset_equal(set, again));
	digest_is(again, 0, 300);
	flat = routeset_flat(set, &all);
	ck_assert_int_eq(routeset_apply(again, flat, all, true), 0);
	ck_assert_uint_eq(routeset_count(again), 0);
	free(flat);
	routeset_free(set);
	routeset_free(again);
}
END_TEST

START_TEST(test_diff)
{
	struct routeset *have = filled(0, 100), *want = filled(20, 100);
	struct routeset *add = routeset_new(), *del = routeset_new();
	size_t pos = 0;
	struct nsl_route r;

	put(want, route4(50, "east", NULL));
	ck_assert(!routeset_equal(have, want));
	ck_assert_int_eq(routeset_diff(have, want, add, del), 0);
	ck_assert_uint_eq(routeset_count(add), 41);
	ck_assert_uint_eq(routeset_count(del), 40);
	while (routeset_next(add, &pos, &r))
		put(have, r);
	for (pos = 0; routeset_next(del, &pos, &r);)
		ck_assert_int_eq(routeset_del(have, &r), 0);
	ck_assert(routeset_equal(have, want));
	ck_assert_mem_eq(routeset_digest(have), routeset_digest(want), sizeof(struct nsl_digest));
	routeset_free(add);
	add = routeset_copy(want);
	ck_assert(routeset_equal(add, want));
	routeset_free(have);
	routeset_free(want);
	routeset_free(add);
	routeset_free(del);
}
END_TEST

/* The kernel may give the members of a route in another order than they were told. */
START_TEST(test_order_of_members)
{
	struct nsl_route one = route4(1, "west", "10.0.0.1"), two;
	struct routeset *a = routeset_new(), *b = routeset_new();

	one.nexthop[1] = one.nexthop[0];
	strcpy(one.nexthop[1].port, "east");
	one.nexthops = 2;
	two = one;
	two.nexthop[0] = one.nexthop[1];
	two.nexthop[1] = one.nexthop[0];
	put(a, one);
	put(b, two);
	ck_assert(routeset_equal(a, b));
	put(b, route4(1, "west", "10.0.0.2"));
	ck_assert(!routeset_equal(a, b));
	routeset_free(a);
	routeset_free(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("routeset");
	TCase *tc = tcase_create("sets");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, test_put_and_delete);
	tcase_add_test(tc, test_replace);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_runs);
	tcase_add_test(tc, test_diff);
	tcase_add_test(tc, test_order_of_members);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
