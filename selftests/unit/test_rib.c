// SPDX-License-Identifier: GPL-2.0-or-later
/* link: kmod/rib.c */
/* link: kmod/nhg.c */
/* link: kmod/routes.c */
/* link: kmod/table.c */
/* link: kmod/table_node.c */
/* link: kmod/digest.c */
/* link: selftests/unit/shim/shim.c */
/*
 * The rib: what each request does and refuses, how groups are shared, numbered and
 * seen by readers beside a writer, what it takes of memory.
 */

#include "ribtest.h"

START_TEST(test_semantics)
{
	start();
	ck_assert_int_eq(add("10.0.0.0/8", 5, 1, 0), -ENOENT);
	ck_assert_int_eq(add("10.0.0.0/8", 5, 1, REPLACE), -ENOENT);
	ck_assert_int_eq(add("10.0.0.0/8", 5, 1, CREATE), NETSLICE_RIB_CREATED);
	ck_assert_int_eq(add("10.0.0.0/8", 6, 1, CREATE), -EEXIST);
	ck_assert_int_eq(add("10.0.0.0/8", 5, 1, CREATE | REPLACE | EXCL), -EEXIST);
	ck_assert_int_eq(add("10.0.0.0/8", 5, 1, CREATE | REPLACE), NETSLICE_RIB_UNCHANGED);
	ck_assert_int_eq(add("10.0.0.0/8", 5, 2, REPLACE), NETSLICE_RIB_REPLACED);
	ck_assert_int_eq(add("10.0.0.0/8", 6, 2, CREATE | REPLACE), NETSLICE_RIB_REPLACED);
	ck_assert_int_eq(add("10.0.0.0/9", 6, 2, CREATE | EXCL), NETSLICE_RIB_CREATED);
	ck_assert_int_eq(add("2001:db8::/32", 6, 2, CREATE), NETSLICE_RIB_CREATED);
	ck_assert_uint_eq(netslice_rib_count(&rib, AF_INET), 2);
	ck_assert_uint_eq(netslice_rib_count(&rib, AF_INET6), 1);
	ck_assert_uint_eq(netslice_rib_count(&rib, AF_UNSPEC), 3);
	ck_assert_uint_eq(rib.groups.count, 1);
	ck_assert_int_eq(del("10.0.0.0/10"), -ENOENT);
	ck_assert_int_eq(del("10.0.0.0/8"), 0);
	ck_assert_int_eq(del("10.0.0.0/8"), -ENOENT);
	ck_assert_uint_eq(netslice_rib_count(&rib, AF_INET), 1);
	finish();
}
END_TEST

START_TEST(test_bad_prefixes)
{
	struct netslice_prefix p = prefix("10.0.0.0/8");

	start();
	ck_assert_int_eq(netslice_prefix_check(&p), 0);
	p.addr[3] = 1;
	ck_assert_int_eq(netslice_prefix_check(&p), -EINVAL);
	p = prefix("10.128.0.0/9");
	p.addr[1] |= 0x40;
	ck_assert_int_eq(netslice_rib_del(&rib, &p, NULL), -EINVAL);
	p = prefix("10.0.0.0/33");
	ck_assert_int_eq(netslice_prefix_check(&p), -ERANGE);
	p = prefix("::/129");
	ck_assert_int_eq(netslice_prefix_check(&p), -ERANGE);
	p = prefix("::1/128");
	ck_assert_int_eq(netslice_prefix_check(&p), 0);
	p.plen = 127;
	ck_assert_int_eq(netslice_prefix_check(&p), -EINVAL);
	p.family = 77;
	ck_assert_int_eq(netslice_prefix_check(&p), -EAFNOSUPPORT);
	ck_assert_int_eq(add("10.0.0.1/8", 5, 0, CREATE), -EINVAL);
	finish();
}
END_TEST

START_TEST(test_bad_groups)
{
	struct netslice_nhg_member m[NETSLICE_MAX_NEXTHOPS + 1];
	struct netslice_nhg_spec spec = { .member = m };
	struct netslice_prefix p = prefix("10.0.0.0/8");
	unsigned int i;

	start();
	for (i = 0; i < ARRAY_SIZE(m); i++)
		m[i] = via(0, 0x0a000001 + i, 1);
#define refused(err) \
	ck_assert_int_eq(netslice_rib_add(&rib, &p, &spec, 0, CREATE, NULL), err)
	refused(-EINVAL);			/* unicast without next hop */
	spec.count = NETSLICE_MAX_NEXTHOPS + 1;
	refused(-E2BIG);
	spec.count = 1;
	spec.type = NETSLICE_ROUTE_BLACKHOLE;
	refused(-EINVAL);			/* blackhole with next hop */
	spec.type = NETSLICE_ROUTE_TYPE_MAX + 1;
	refused(-EINVAL);
	spec.type = NETSLICE_ROUTE_UNICAST;
	m[0].weight = 0;
	refused(-ERANGE);
	m[0].weight = 257;
	refused(-ERANGE);
	m[0] = via(0, 1, 1);
	m[0].gw_family = 99;
	refused(-EAFNOSUPPORT);
	m[0] = via(0, 1, 1);
	m[0].name[0] = 0;
	refused(-EINVAL);
	memset(m[0].name, 'x', sizeof(m[0].name));
	refused(-EINVAL);
	m[0] = m[1];
	m[0].weight = 9;
	spec.count = 2;
	refused(-EEXIST);
	m[0] = via(0, 1, 256);
	refused(NETSLICE_RIB_CREATED);
#undef refused
	finish();
}
END_TEST

START_TEST(test_limits)
{
	struct netslice_rib_config small = config;
	char text[32];
	unsigned int i;

	start();
	netslice_rib_destroy(&rib);
	small.max_routes = 10;
	small.max_groups = 3;
	ck_assert_int_eq(netslice_rib_init(&rib, &small), 0);
	for (i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), i % 2 ? "10.%u.0.0/16" : "2001:%u::/32", i);
		ck_assert_int_eq(add(text, 5 + i % 3, 0, CREATE), NETSLICE_RIB_CREATED);
	}
	ck_assert_int_eq(add("11.0.0.0/8", 5, 0, CREATE), -ENOSPC);
	ck_assert_int_eq(add("10.1.0.0/16", 5, 1, REPLACE), NETSLICE_RIB_REPLACED);
	ck_assert_int_eq(add("10.1.0.0/16", 9, 1, REPLACE), -EDQUOT);
	ck_assert_int_eq(del("10.1.0.0/16"), 0);
	ck_assert_int_eq(add("11.0.0.0/8", 9, 0, CREATE), -EDQUOT);
	ck_assert_int_eq(add("11.0.0.0/8", 5, 0, CREATE), NETSLICE_RIB_CREATED);
	finish();
}
END_TEST

/* Members in another order are the same group; another weight is not */
START_TEST(test_groups_are_shared)
{
	struct netslice_nhg_member m[2];
	struct netslice_nhg_spec spec = { .count = 2, .member = m };
	struct netslice_prefix p = prefix("10.0.0.0/8");

	start();
	m[0] = via(1, 7, 1);
	m[1] = via(0, 9, 2);
	ck_assert_int_eq(netslice_rib_add(&rib, &p, &spec, 0, CREATE, NULL), 0);
	m[0] = via(0, 9, 2);
	m[1] = via(1, 7, 1);
	p.plen = 9;
	ck_assert_int_eq(netslice_rib_add(&rib, &p, &spec, 0, CREATE, NULL), 0);
	ck_assert_uint_eq(rib.groups.count, 1);
	ck_assert_int_eq(port_refs(), 2);
	m[1].weight = 3;
	p.plen = 10;
	ck_assert_int_eq(netslice_rib_add(&rib, &p, &spec, 0, CREATE, NULL), 0);
	ck_assert_uint_eq(rib.groups.count, 2);
	ck_assert(netslice_rib_uses_port(&rib, &ports[0]));
	ck_assert(!netslice_rib_uses_port(&rib, &ports[2]));
	finish();
}
END_TEST

/* --- groups under readers --- */

/* Numbers are given again only after a grace period; memory is bounded */
START_TEST(test_group_numbers)
{
	const struct netslice_nhg *held;
	unsigned int i;

	start();
	netslice_rib_publish(&rib);
	ck_assert_int_eq(add("10.0.0.0/8", 10, 0, CREATE), 0);
	rcu_read_lock();
	held = netslice_rib_lookup4(&rib, cpu_to_be32(0x0a000001));
	ck_assert_ptr_nonnull(held);
	rcu_read_unlock();
	ck_assert_int_eq(add("10.0.0.0/8", 11, 0, REPLACE), NETSLICE_RIB_REPLACED);
	/* No grace period yet: the old one still stands under its number */
	ck_assert_ptr_eq(netslice_nhg_find(&rib.groups, held->id), held);
	ck_assert_int_eq(add("11.0.0.0/8", 12, 0, CREATE), 0);
	ck_assert_ptr_eq(netslice_nhg_find(&rib.groups, held->id), held);
	for (i = 0; i < 3000; i++) {
		ck_assert_int_eq(add("10.0.0.0/8", 10 + i % 50, 0, REPLACE),
				 NETSLICE_RIB_REPLACED);
		rcu_barrier();
	}
	ck_assert_uint_lt(rib.groups.next, 20);
	finish();
}
END_TEST

/* Who has the old array of groups may go on reading it */
START_TEST(test_group_array_grows)
{
	struct netslice_nhg_array *old;
	char text[32];
	unsigned int i;

	start();
	netslice_rib_publish(&rib);
	old = rcu_dereference_check(rib.groups.array, true);
	for (i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "10.%u.0.0/16", i);
		ck_assert_int_eq(add(text, 10 + i, 0, CREATE), 0);
	}
	ck_assert_ptr_ne(old, rcu_dereference_check(rib.groups.array, true));
	for (i = 1; i < old->size; i++)
		ck_assert_ptr_eq(rcu_dereference_check(old->slot[i], true),
				 netslice_nhg_find(&rib.groups, i));
	rcu_barrier();
	finish();
}
END_TEST

#define READERS 3

static bool stop;
static unsigned long lookups;

/* 10/8 goes to one of the groups 4 to 59, all of whose members are consistent */
static void *reader(void *arg)
{
	const struct netslice_nhg_member *m;
	const struct netslice_nhg *nhg;
	u32 i = (uintptr_t)arg;
	unsigned long n = 0;
	void *bad = NULL;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && !bad) {
		i = i * 1664525 + 1013904223;
		rcu_read_lock();
		nhg = netslice_rib_lookup4(&rib, cpu_to_be32(0x0a000000 | i >> 8));
		m = nhg ? netslice_nhg_select(nhg, i) : NULL;
		if (!m || m->port != &ports[m->port_id] ||
		    strcmp(m->name, ports[m->port_id].name))
			bad = (void *)1;
		rcu_read_unlock();
		n++;
	}
	__atomic_add_fetch(&lookups, n, __ATOMIC_RELAXED);
	return bad;
}

START_TEST(test_readers_beside_writer)
{
	struct netslice_nhg_member m[NETSLICE_MAX_NEXTHOPS];
	struct netslice_nhg_spec spec;
	pthread_t thread[READERS];
	struct netslice_route was;
	unsigned int i;
	void *bad;

	start();
	ck_assert_int_eq(add("10.0.0.0/8", 5, 0, CREATE), 0);
	netslice_rib_publish(&rib);
	oracle_seed(700);
	for (i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, reader,
						(void *)(uintptr_t)i), 0);
	for (i = 0; i < 15000; i++) {
		struct netslice_prefix p = { .family = AF_INET, .addr = { 10 } };

		p.plen = 8 + oracle_below(12);
		p.addr[1] = oracle_random();
		p.addr[2] = oracle_random();
		oracle_cut(p.addr, p.plen);
		spec_make(4 + oracle_below(56), &spec, m);
		if (p.plen > 8 && oracle_below(2) && !netslice_rib_get(&rib, &p, &was))
			must(!netslice_rib_del(&rib, &p, NULL), "delete");
		else
			must(netslice_rib_add(&rib, &p, &spec, 0, CREATE | REPLACE,
					      NULL) >= 0, "add");
		if (i % 40 == 0)
			rcu_barrier();
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < READERS; i++) {
		pthread_join(thread[i], &bad);
		ck_assert_ptr_null(bad);
	}
	ck_assert_uint_gt(lookups, 0);
	finish();
}
END_TEST

/* What the design promises of small and big slices */
START_TEST(test_memory)
{
	struct netslice_nhg_member m = via(0, 1, 1);
	struct netslice_nhg_spec spec = { .count = 1, .member = &m };
	struct netslice_prefix p = { .family = AF_INET, .plen = 24 };
	unsigned int i, n = _i ? 200000 : 100;
	size_t bytes;

	start();
	config.max_routes = n;
	netslice_rib_destroy(&rib);
	ck_assert_int_eq(netslice_rib_init(&rib, &config), 0);
	oracle_seed(800);
	strcpy(m.name, "port0");
	for (i = 0; i < n; i++) {
		u64 r = oracle_random();

		memcpy(p.addr, &r, 3);
		m = via(r >> 32 & 3, 1 + (r >> 40 & 15), 1);
		must(netslice_rib_add(&rib, &p, &spec, 0, CREATE | REPLACE, NULL) >= 0,
		     "add");
	}
	bytes = netslice_rib_bytes(&rib);
	n = netslice_rib_count(&rib, AF_INET);
	if (!_i)
		ck_assert_uint_lt(bytes, 24 * 1024);
	else
		ck_assert_uint_lt(bytes / n, 56);
	/* What it says is what it takes, but for rounding */
	ck_assert_uint_le(bytes - sizeof(rib), shim_alloc_bytes());
	ck_assert_uint_gt(bytes, shim_alloc_bytes() * 3 / 4);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rib");
	TCase *tc = tcase_create("rib");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, test_semantics);
	tcase_add_test(tc, test_bad_prefixes);
	tcase_add_test(tc, test_bad_groups);
	tcase_add_test(tc, test_limits);
	tcase_add_test(tc, test_groups_are_shared);
	tcase_add_test(tc, test_group_numbers);
	tcase_add_test(tc, test_group_array_grows);
	tcase_add_test(tc, test_readers_beside_writer);
	tcase_add_loop_test(tc, test_memory, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
