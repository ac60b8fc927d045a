// SPDX-License-Identifier: GPL-2.0-or-later
/* link: kmod/nhg.c */
/* link: selftests/unit/shim/shim.c */
/*
 * How flows are shared among the members of a group: by weight, and so that a
 * member that leaves, or is down, moves no flow but its own.
 */

#include <linux/slab.h>
#include <linux/netslice.h>

#include "nhg.h"
#include "oracle.h"

#define FLOWS 100000

static struct netslice_nhgs groups;
static int port;

static void nothing(void *p)
{
	must(p == &port, "another port");
}

static const struct netslice_nhg_ops ops = { nothing, nothing };

static void start(void)
{
	ck_assert_int_eq(netslice_nhgs_init(&groups, &ops, NULL, 1000, GFP_KERNEL), 0);
}

static void finish(void)
{
	netslice_nhgs_destroy(&groups);
	ck_assert_int_eq(shim_alloc_live(), 0);
}

static struct netslice_nhg_member member(unsigned int i, u16 weight)
{
	struct netslice_nhg_member m = { .port = &port, .port_id = i, .weight = weight,
					 .gw_family = AF_INET };

	snprintf(m.name, sizeof(m.name), "p%u", i % 3);
	m.gw4 = cpu_to_be32(0x0a000000 + i);
	return m;
}

static struct netslice_nhg *group(const struct netslice_nhg_member *m, unsigned int n)
{
	const struct netslice_nhg_spec spec = { .count = n, .member = m };
	struct netslice_nhg *nhg = netslice_nhg_get(&groups, &spec, GFP_KERNEL);

	ck_assert(!IS_ERR(nhg));
	return nhg;
}

static u32 flow(unsigned int i)
{
	return i * 2654435761U ^ i >> 3;
}

/* Each member's share is its weight's, within the grain of 1,024 buckets */
START_TEST(test_shares_follow_weights)
{
	static const u16 weights[][4] = {
		{ 1, 1 }, { 1, 3 }, { 1, 1, 1, 1 }, { 256, 128, 64, 64 }, { 10, 1 },
		{ 256, 256 }, { 1, 2, 3, 4 },
	};
	struct netslice_nhg_member m[4];
	unsigned int i, n, count[4] = { 0 }, sum = 0;
	struct netslice_nhg *nhg;

	start();
	for (n = 0; n < 4 && weights[_i][n]; n++) {
		m[n] = member(n, weights[_i][n]);
		sum += weights[_i][n];
	}
	nhg = group(m, n);
	for (i = 0; i < FLOWS; i++)
		count[netslice_nhg_select(nhg, flow(i))->port_id]++;
	for (i = 0; i < n; i++) {
		double want = (double)weights[_i][i] / sum;
		double got = (double)count[i] / FLOWS;

		/* Four standard deviations of a share of 1,024 random buckets */
		ck_assert_msg((got - want) * (got - want) <
			      16 * want * (1 - want) / NETSLICE_NHG_BUCKETS,
			      "member %u: %f, want %f", i, got, want);
	}
	finish();
}
END_TEST

START_TEST(test_leaving_moves_own_flows_only)
{
	struct netslice_nhg_member m[NETSLICE_MAX_NEXTHOPS];
	unsigned int i, j, n = _i ? NETSLICE_MAX_NEXTHOPS : 4, moved = 0, spread = 0;
	struct netslice_nhg *all, *rest;
	u32 to = 0;

	start();
	for (i = 0; i < n; i++)
		m[i] = member(i, 1 + i % 5);
	all = group(m, n);
	/* The one in the middle leaves */
	m[n / 2] = m[n - 1];
	rest = group(m, n - 1);
	for (i = 0; i < FLOWS; i++) {
		u32 before = netslice_nhg_select(all, flow(i))->port_id;
		u32 after = netslice_nhg_select(rest, flow(i))->port_id;

		if (before == after)
			continue;
		must(before == n / 2, "a flow of member %u moved", before);
		moved++;
		to |= 1U << after;
	}
	ck_assert_uint_gt(moved, 0);
	for (j = 0; j < 32; j++)
		spread += to >> j & 1;
	ck_assert_uint_ge(spread, 3);
	finish();
}
END_TEST

/* Skipping a member chooses as if it had left */
START_TEST(test_skipping_is_leaving)
{
	struct netslice_nhg_member m[6], left[6];
	const struct netslice_nhg_member *got;
	unsigned int i, j, n, set;
	struct netslice_nhg *all, *rest;

	start();
	for (i = 0; i < 6; i++)
		m[i] = member(i, 1 + i);
	all = group(m, 6);
	for (set = 0; set < 64; set++) {
		u32 live = 0;

		for (i = 0, n = 0; i < 6; i++)
			if (set >> i & 1)
				left[n++] = m[i];
		for (j = 0; j < 6; j++)
			live |= (set >> all->member[j].port_id & 1) << j;
		if (!n) {
			ck_assert_ptr_null(netslice_nhg_select_live(all, 1, 0));
			continue;
		}
		rest = group(left, n);
		for (i = 0; i < 2000; i++) {
			got = netslice_nhg_select_live(all, flow(i), live | 0xffffff00);
			must(got->port_id ==
			     netslice_nhg_select(rest, flow(i))->port_id,
			     "members %x, flow %u: %u", set, i, got->port_id);
		}
	}
	finish();
}
END_TEST

/* The choice follows from names and gateways: the same on both nodes of a pair */
START_TEST(test_choice_is_the_same_everywhere)
{
	struct netslice_nhg_member m[8];
	struct netslice_nhg *one, *other;
	struct netslice_nhgs there;
	unsigned int i;

	start();
	for (i = 0; i < 8; i++)
		m[i] = member(i, 1 + i % 2);
	one = group(m, 8);
	there = groups;
	start();
	for (i = 0; i < 8; i++) {
		m[7 - i] = member(i, 1 + i % 2);
		m[7 - i].port_id += 100;
	}
	other = group(m, 8);
	for (i = 0; i < FLOWS; i++)
		must(netslice_nhg_select(one, flow(i))->port_id + 100 ==
		     netslice_nhg_select(other, flow(i))->port_id, "flow %u", i);
	netslice_nhgs_destroy(&there);
	finish();
}
END_TEST

START_TEST(test_none_and_one)
{
	const struct netslice_nhg_spec spec = { .type = NETSLICE_ROUTE_BLACKHOLE };
	struct netslice_nhg_member m = member(0, 256);
	struct netslice_nhg *nhg;

	start();
	nhg = netslice_nhg_get(&groups, &spec, GFP_KERNEL);
	ck_assert_ptr_null(netslice_nhg_select(nhg, 1));
	ck_assert_ptr_null(netslice_nhg_select_live(nhg, 1, ~0U));
	ck_assert_ptr_null(nhg->bucket);
	nhg = group(&m, 1);
	ck_assert_ptr_eq(netslice_nhg_select(nhg, 1), &nhg->member[0]);
	ck_assert_ptr_eq(netslice_nhg_select_live(nhg, 1, 1), &nhg->member[0]);
	ck_assert_ptr_null(netslice_nhg_select_live(nhg, 1, 2));
	ck_assert_ptr_null(nhg->bucket);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nhg");
	TCase *tc = tcase_create("nhg");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, test_shares_follow_weights, 0, 7);
	tcase_add_loop_test(tc, test_leaving_moves_own_flows_only, 0, 2);
	tcase_add_test(tc, test_skipping_is_leaving);
	tcase_add_test(tc, test_choice_is_the_same_everywhere);
	tcase_add_test(tc, test_none_and_one);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
