// SPDX-License-Identifier: GPL-2.0-or-later
/* link: kmod/rib.c */
/* link: kmod/nhg.c */
/* link: kmod/routes.c */
/* link: kmod/table.c */
/* link: kmod/table_node.c */
/* link: kmod/digest.c */
/* link: selftests/unit/shim/shim.c */
/*
 * The rib: that routes, groups, tables and digest stay equal, whatever is changed,
 * copied, undone or refused for want of memory; and dumps under change.
 */

#include "ribtest.h"

/* Values are numbers of spec_make() plus one */
static struct oracle want4, want6;

static struct oracle *want_of(u8 family)
{
	return family == AF_INET ? &want4 : &want6;
}

static void want_start(void)
{
	memset(&want4, 0, sizeof(want4));
	memset(&want6, 0, sizeof(want6));
	want4.bits = 32;
	want6.bits = 128;
}

static void random_prefix(struct netslice_prefix *p, unsigned int kind)
{
	struct oracle_prefix op;

	p->family = oracle_below(2) ? AF_INET : AF_INET6;
	oracle_prefix_random(want_of(p->family), kind % ORACLE_KINDS, &op);
	p->plen = op.plen;
	memcpy(p->addr, op.addr, 16);
}

static int random_change(unsigned int kind, struct netslice_rib_undo *undo)
{
	struct netslice_nhg_member m[NETSLICE_MAX_NEXTHOPS];
	struct netslice_nhg_spec spec;
	struct oracle_prefix *there;
	struct netslice_prefix p;
	struct oracle *o;
	unsigned int n;
	int err;

	random_prefix(&p, kind);
	o = want_of(p.family);
	if (o->n && oracle_below(2)) {
		there = &o->p[oracle_below(o->n)];
		p.plen = there->plen;
		memcpy(p.addr, there->addr, 16);
	}
	there = oracle_find(o, p.addr, p.plen);
	if (there && oracle_below(2)) {
		err = netslice_rib_del(&rib, &p, undo);
		if (!err)
			oracle_del(o, there);
		return err;
	}
	n = oracle_below(60);
	spec_make(n, &spec, m);
	err = netslice_rib_add(&rib, &p, &spec, 0, CREATE | REPLACE, undo);
	if (err >= 0)
		oracle_set(o, p.addr, p.plen, n + 1);
	return err;
}

static void spec_digest(unsigned int n, struct netslice_digest_value *group)
{
	struct netslice_nhg_member m[NETSLICE_MAX_NEXTHOPS];
	struct netslice_digest_member c[NETSLICE_MAX_NEXTHOPS];
	struct netslice_nhg_spec spec;
	unsigned int i;

	spec_make(n, &spec, m);
	for (i = 0; i < spec.count; i++)
		netslice_digest_member_set(&c[i], m[i].name,
					   m[i].gw_family ? NETSLICE_DIGEST_IPV4 : 0,
					   &m[i].gw4, m[i].weight);
	netslice_digest_members_sort(c, spec.count);
	netslice_digest_group_hash(spec.type, 0, c, spec.count, group);
}

static void want_digest(const struct oracle *o, u8 family,
			struct netslice_digest_value *bucket)
{
	struct netslice_nhg_member m[NETSLICE_MAX_NEXTHOPS];
	struct netslice_digest_value group, hash;
	struct netslice_nhg_spec spec;
	unsigned int i;

	for (i = 0; i < o->n; i++) {
		const struct oracle_prefix *p = &o->p[i];

		spec_make(p->value - 1, &spec, m);
		spec_digest(p->value - 1, &group);
		netslice_digest_record_hash(family, p->addr, p->plen, spec.type,
					    &group, &hash);
		netslice_digest_plus(&bucket[netslice_digest_bucket(family, p->addr, p->plen)],
				     &hash);
	}
}

static void verify_digest(const struct netslice_rib *r)
{
	static struct netslice_digest_value want[NETSLICE_DIGEST_BUCKETS];
	static struct netslice_digest_value got[NETSLICE_DIGEST_BUCKETS];
	struct netslice_digest_value total, sum = { { 0, 0 } };
	unsigned int i;

	memset(want, 0, sizeof(want));
	want_digest(&want4, NETSLICE_DIGEST_IPV4, want);
	want_digest(&want6, NETSLICE_DIGEST_IPV6, want);
	netslice_rib_digest_buckets(r, got);
	ck_assert_mem_eq(want, got, sizeof(want));
	for (i = 0; i < NETSLICE_DIGEST_BUCKETS; i++)
		netslice_digest_plus(&sum, &got[i]);
	netslice_rib_digest(r, &total);
	ck_assert(netslice_digest_equal(&sum, &total));
}

static void verify_group(const struct netslice_nhg *nhg, u32 value)
{
	struct netslice_digest_value hash;

	if (!value) {
		must(!nhg, "a route where none is");
		return;
	}
	must(nhg, "no route where one is");
	spec_digest(value - 1, &hash);
	must(netslice_digest_equal(&hash, &nhg->hash), "another group");
}

static void verify_lookup(const struct netslice_rib *r, u8 family, const u8 *addr)
{
	const struct netslice_nhg *nhg;
	struct in6_addr addr6;
	__be32 addr4;

	memcpy(&addr4, addr, sizeof(addr4));
	memcpy(&addr6, addr, sizeof(addr6));
	rcu_read_lock();
	nhg = family == AF_INET ? netslice_rib_lookup4(r, addr4) :
				  netslice_rib_lookup6(r, &addr6);
	verify_group(nhg, oracle_lookup(want_of(family), addr));
	rcu_read_unlock();
}

static void verify_lookups(const struct netslice_rib *r, unsigned int samples)
{
	unsigned int i, which;
	u8 addr[16];

	for (i = 0; i < samples; i++) {
		u8 family = i % 2 ? AF_INET : AF_INET6;
		struct oracle *o = want_of(family);
		struct oracle_prefix p;

		oracle_prefix_random(o, i / 2 % ORACLE_KINDS, &p);
		verify_lookup(r, family, p.addr);
		for (which = 0; o->n && which < 4; which++) {
			oracle_edge(o, &o->p[oracle_below(o->n)], which, addr);
			verify_lookup(r, family, addr);
		}
	}
}

/* A full dump: in order, complete, nothing twice */
static void verify_dump(const struct netslice_rib *r)
{
	struct netslice_prefix last = { 0 };
	struct netslice_route route;
	const struct oracle_prefix *p;
	unsigned int n = 0;

	for (; !netslice_rib_next(r, &last, &route); n++) {
		int order = (int)route.prefix.family - last.family;

		if (!order)
			order = memcmp(route.prefix.addr, last.addr, 16);
		if (!order)
			order = (int)route.prefix.plen - last.plen;
		must(order > 0, "out of order");
		p = oracle_find(want_of(route.prefix.family), route.prefix.addr,
				route.prefix.plen);
		must(p, "a route that is not there");
		verify_group(route.nhg, p->value);
		last = route.prefix;
	}
	ck_assert_uint_eq(n, want4.n + want6.n);
	ck_assert_uint_eq(netslice_rib_count(r, AF_INET), want4.n);
	ck_assert_uint_eq(netslice_rib_count(r, AF_INET6), want6.n);
}

/* References of groups are the routes that use them, those of ports the members */
static void verify_refs(const struct netslice_rib *r)
{
	struct netslice_route route = { 0 };
	static u32 refs[65536];
	unsigned int groups = 0;
	long members = 0;

	memset(refs, 0, sizeof(refs));
	while (!netslice_rib_next(r, &route.prefix, &route)) {
		must(route.nhg->id < ARRAY_SIZE(refs), "group %u", route.nhg->id);
		if (!refs[route.nhg->id]++) {
			groups++;
			members += route.nhg->count;
		}
	}
	memset(&route, 0, sizeof(route));
	while (!netslice_rib_next(r, &route.prefix, &route))
		must(refs[route.nhg->id] == route.nhg->refs, "group %u: %u of %u",
		     route.nhg->id, route.nhg->refs, refs[route.nhg->id]);
	ck_assert_uint_eq(r->groups.count, groups);
	if (r == &rib)
		ck_assert_int_eq(port_refs(), members);
}

static void verify(const struct netslice_rib *r)
{
	verify_dump(r);
	verify_digest(r);
	verify_refs(r);
	verify_lookups(r, 50);
}

START_TEST(test_random_changes)
{
	unsigned int i;

	start();
	want_start();
	oracle_seed(100 + _i);
	if (_i % 2)
		netslice_rib_publish(&rib);
	for (i = 0; i < 8000; i++) {
		must(random_change(i / 1000 + _i, NULL) >= 0, "change");
		if (i % 32 == 0)
			rcu_barrier();
		if (i % 1000 == 0)
			verify(&rib);
	}
	verify(&rib);
	while (want4.n || want6.n) {
		u8 family = want4.n ? AF_INET : AF_INET6;
		struct oracle *o = want_of(family);
		struct oracle_prefix *there = &o->p[oracle_below(o->n)];
		struct netslice_prefix p = { .family = family, .plen = there->plen };

		memcpy(p.addr, there->addr, 16);
		must(!netslice_rib_del(&rib, &p, NULL), "delete");
		oracle_del(o, there);
		if ((want4.n + want6.n) % 500 == 0)
			verify(&rib);
	}
	verify(&rib);
	ck_assert_int_eq(port_refs(), 0);
	finish();
}
END_TEST

START_TEST(test_copy)
{
	struct netslice_rib copy;
	unsigned int i;

	start();
	want_start();
	oracle_seed(200 + _i);
	if (_i % 2)
		netslice_rib_publish(&rib);
	for (i = 0; i < (_i < 2 ? 500 : 6000); i++)
		must(random_change(i, NULL) >= 0, "change");
	ck_assert_int_eq(netslice_rib_init(&copy, &config), 0);
	ck_assert_int_eq(netslice_rib_copy(&copy, &rib), 0);
	verify(&copy);
	/* The original goes; the copy stays, and takes changes */
	rcu_barrier();
	netslice_rib_destroy(&rib);
	verify(&copy);
	rib = copy;
	INIT_LIST_HEAD(&rib.groups.dying);
	for (i = 0; i < 1000; i++)
		must(random_change(i, NULL) >= 0, "change");
	verify(&rib);
	finish();
}
END_TEST

/* Every allocation fails once, in every kind of change: nothing changed */
START_TEST(test_no_memory)
{
	unsigned int i, nth, refused = 0;
	int err;

	start();
	want_start();
	oracle_seed(300 + _i);
	if (_i % 2)
		netslice_rib_publish(&rib);
	for (i = 0; i < 400; i++) {
		uint64_t seed = oracle_random();

		for (nth = 1, err = -ENOMEM; err < 0; nth++) {
			struct netslice_digest_value before, after;

			/* The same change again, with the next allocation failing */
			oracle_seed(seed);
			netslice_rib_digest(&rib, &before);
			shim_alloc_fail_at(nth);
			err = random_change(i, NULL);
			shim_alloc_fail_never();
			if (err >= 0)
				break;
			ck_assert_int_eq(err, -ENOMEM);
			netslice_rib_digest(&rib, &after);
			ck_assert(netslice_digest_equal(&before, &after));
			verify_lookups(&rib, 2);
			if (++refused % 50 == 0)
				verify(&rib);
		}
		if (i % 16 == 0)
			rcu_barrier();
	}
	ck_assert_uint_gt(refused, 400);
	verify(&rib);
	finish();
}
END_TEST

START_TEST(test_no_memory_init_and_copy)
{
	struct netslice_rib copy;
	unsigned long failed = 1;
	unsigned int i, nth;
	long refs, live;
	int err;

	start();
	want_start();
	oracle_seed(400);
	for (i = 0; i < 900; i++)
		must(random_change(i, NULL) >= 0, "change");
	refs = port_refs();
	live = shim_alloc_live();
	for (nth = 1; failed; nth++) {
		shim_alloc_fail_at(nth);
		err = netslice_rib_init(&copy, &config);
		if (!err) {
			err = netslice_rib_copy(&copy, &rib);
			failed = shim_alloc_fail_never();
			/* What is only a matter of speed may fail unseen */
			ck_assert(!err || failed);
			if (!err)
				verify(&copy);
			netslice_rib_destroy(&copy);
		}
		shim_alloc_fail_never();
		ck_assert_int_eq(port_refs(), refs);
		ck_assert_int_eq(shim_alloc_live(), live);
	}
	ck_assert_uint_gt(nth, 100);
	finish();
}
END_TEST

/* A request of many routes is taken back as a whole, even without memory */
START_TEST(test_undo)
{
	static struct netslice_rib_undo undo[200];
	static struct oracle before4, before6;
	unsigned int i, n, round;

	start();
	want_start();
	oracle_seed(500 + _i);
	if (_i % 2)
		netslice_rib_publish(&rib);
	for (i = 0; i < 500; i++)
		must(random_change(i, NULL) >= 0, "change");
	for (round = 0; round < 30; round++) {
		before4 = want4;
		before6 = want6;
		n = oracle_below(ARRAY_SIZE(undo));
		for (i = 0; i < n; i++)
			must(random_change(round, &undo[i]) >= 0, "change");
		if (round % 3 == 0) {
			for (i = 0; i < n; i++)
				netslice_rib_forget(&rib, &undo[i]);
		} else {
			shim_alloc_fail_from(1);
			while (n)
				netslice_rib_undo(&rib, &undo[--n]);
			shim_alloc_fail_never();
			want4 = before4;
			want6 = before6;
		}
		rcu_barrier();
		verify(&rib);
	}
	finish();
}
END_TEST

/* A dump that pauses: what was there all the time is shown, once */
START_TEST(test_dump_under_change)
{
	static struct netslice_prefix stays[300];
	static bool shown[300];
	struct netslice_nhg_member m[NETSLICE_MAX_NEXTHOPS];
	struct netslice_prefix last = { 0 };
	struct netslice_route route;
	struct netslice_nhg_spec spec;
	unsigned int i, n = 0;

	start();
	want_start();
	oracle_seed(600 + _i);
	for (i = 0; i < ARRAY_SIZE(stays); i++) {
		do {
			random_prefix(&stays[i], i);
		} while (!netslice_rib_get(&rib, &stays[i], &route));
		spec_make(8, &spec, m);
		ck_assert_int_eq(netslice_rib_add(&rib, &stays[i], &spec, 99, CREATE,
						  NULL), NETSLICE_RIB_CREATED);
	}
	while (!netslice_rib_next(&rib, &last, &route)) {
		last = route.prefix;
		for (i = 0; route.owner == 99 && i < ARRAY_SIZE(stays); i++)
			if (!memcmp(&stays[i], &last, sizeof(last))) {
				ck_assert(!shown[i]);
				shown[i] = true;
				n++;
			}
		/* Others come and go, the one just shown too */
		for (i = 0; i < 5; i++) {
			struct netslice_prefix p;

			random_prefix(&p, i);
			if (i == 4 && route.owner != 99)
				p = last;
			if (netslice_rib_get(&rib, &p, &route)) {
				spec_make(oracle_below(60), &spec, m);
				must(netslice_rib_add(&rib, &p, &spec, 1, CREATE,
						      NULL) >= 0, "add");
			} else if (route.owner != 99) {
				must(!netslice_rib_del(&rib, &p, NULL), "delete");
			}
		}
	}
	ck_assert_uint_eq(n, ARRAY_SIZE(stays));
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rib_changes");
	TCase *tc = tcase_create("rib_changes");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, test_random_changes, 0, 4);
	tcase_add_loop_test(tc, test_copy, 0, 4);
	tcase_add_loop_test(tc, test_no_memory, 0, 4);
	tcase_add_test(tc, test_no_memory_init_and_copy);
	tcase_add_loop_test(tc, test_undo, 0, 4);
	tcase_add_loop_test(tc, test_dump_under_change, 0, 3);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
