// SPDX-License-Identifier: GPL-2.0-or-later
/* link: kmod/table.c */
/* link: kmod/table_node.c */
/* link: selftests/unit/shim/shim.c */
/*
 * Longest-prefix match against an oracle that looks at every prefix.
 */

#include <linux/slab.h>
#include <linux/rcupdate.h>

#include "oracle.h"
#include "table.h"

static struct oracle model;
static struct netslice_table table;
static struct mutex lock;

static void start(unsigned int bits, uint64_t seed)
{
	oracle_seed(seed);
	model.bits = bits;
	model.n = 0;
	mutex_init(&lock);
	mutex_lock(&lock);
	ck_assert_int_eq(netslice_table_init(&table, bits, &lock, GFP_KERNEL), 0);
}

static void finish(void)
{
	rcu_barrier();
	netslice_table_destroy(&table);
	mutex_unlock(&lock);
	rcu_barrier();
	ck_assert_int_eq(shim_alloc_live(), 0);
}

static int table_set(struct netslice_table *t, const struct oracle_prefix *p)
{
	return netslice_table_insert(t, p->addr, p->plen, p->value, GFP_KERNEL);
}

static int table_del(struct netslice_table *t, const struct oracle *o,
		     const struct oracle_prefix *p)
{
	const struct oracle_prefix *cover = oracle_match(o, p->addr, p->plen);

	return netslice_table_remove(t, p->addr, p->plen, cover ? cover->plen : 0,
				     cover ? cover->value : 0, GFP_KERNEL);
}

static void verify_address(const struct netslice_table *t, const uint8_t *addr,
			   const char *when)
{
	uint32_t want = oracle_lookup(&model, addr);
	uint32_t got = netslice_table_lookup(t, addr);

	must(want == got, "%s: %02x%02x%02x%02x...%02x: want %u, got %u", when,
	     addr[0], addr[1], addr[2], addr[3], addr[model.bits / 8 - 1], want, got);
}

static void verify(const struct netslice_table *t, unsigned int samples,
		   const char *when)
{
	struct oracle_prefix p;
	unsigned int i, which;
	uint8_t addr[16];

	for (i = 0; i < samples; i++) {
		oracle_prefix_random(&model, i % ORACLE_KINDS, &p);
		verify_address(t, p.addr, when);
		if (!model.n)
			continue;
		for (which = 0; which < 4; which++) {
			oracle_edge(&model, &model.p[oracle_below(model.n)], which, addr);
			verify_address(t, addr, when);
		}
	}
}

static unsigned int root_bits(void)
{
	return rcu_dereference_check(table.root, true)->bits;
}

/* A number of routes for which a root has the size that this one has now */
static u32 routes_for_root(void)
{
	static const u32 routes[] = { 0, 32, 2048, 131072 };

	return routes[root_bits() / 6];
}

/* The shape must follow from the routes alone, not from the way to them */
static void verify_shape(const char *when)
{
	struct netslice_table fresh;
	unsigned int i;

	must(!netslice_table_init(&fresh, model.bits, NULL, GFP_KERNEL), "init");
	for (i = model.n; i--;)
		must(!table_set(&fresh, &model.p[i]), "insert");
	must(!netslice_table_fit(&fresh, routes_for_root(), GFP_KERNEL), "fit");
	must(fresh.nodes == table.nodes, "%s: %u nodes, from scratch %u", when,
	     table.nodes, fresh.nodes);
	must(fresh.bytes == table.bytes, "%s: %zu bytes, from scratch %zu", when,
	     table.bytes, fresh.bytes);
	netslice_table_destroy(&fresh);
}

static void change_once(enum oracle_kind kind)
{
	struct oracle_prefix p, *there;

	oracle_prefix_random(&model, kind, &p);
	if (model.n && oracle_below(3) == 0)
		p = model.p[oracle_below(model.n)];
	there = oracle_find(&model, p.addr, p.plen);
	if (there && oracle_below(2)) {
		must(!table_del(&table, &model, there), "remove");
		oracle_del(&model, there);
		return;
	}
	p.value = 1 + oracle_below(5);
	must(!table_set(&table, &p), "insert");
	oracle_set(&model, p.addr, p.plen, p.value);
}

static const unsigned int widths[] = { 32, 128 };

/* Adding, replacing and deleting in any order; all kinds, both families, live or not */
START_TEST(test_random_changes)
{
	unsigned int bits = widths[_i % 2], i;
	enum oracle_kind kind = _i / 2 % ORACLE_KINDS;

	start(bits, 1000 + _i);
	if (_i / 2 / ORACLE_KINDS)
		netslice_table_publish(&table);
	for (i = 0; i < 1500; i++) {
		change_once(kind);
		if (i % 4 == 0)
			verify(&table, 4, "changing");
		if (i % 64 == 0)
			rcu_barrier();
	}
	verify(&table, 200, "changed");
	verify_shape("changed");
	while (model.n) {
		i = oracle_below(model.n);
		must(!table_del(&table, &model, &model.p[i]), "remove");
		oracle_del(&model, &model.p[i]);
		if (model.n % 16 == 0)
			verify(&table, 4, "emptying");
	}
	ck_assert_uint_eq(table.nodes, 0);
	verify_shape("emptied");
	finish();
}
END_TEST

/* Roots of every size give the same answers, on the way up and on the way down */
START_TEST(test_root_sizes)
{
	static const u32 counts[] = { 31, 32, 2047, 2048, 131072, 65536, 65535, 1024,
				      1023, 16, 15, 0, 131072, 0 };
	static const u32 want[] = { 0, 6, 6, 12, 18, 18, 12, 12, 6, 6, 0, 0, 18, 0 };
	unsigned int i, j;

	start(widths[_i % 2], 2000 + _i);
	if (_i / 2)
		netslice_table_publish(&table);
	for (i = 0; i < 300; i++)
		change_once(i % ORACLE_KINDS);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		ck_assert_int_eq(netslice_table_fit(&table, counts[i], GFP_KERNEL), 0);
		ck_assert_uint_eq(root_bits(), want[i]);
		verify(&table, 50, "fitted");
		for (j = 0; j < 40; j++)
			change_once(j % ORACLE_KINDS);
		verify(&table, 50, "changed at this size");
		verify_shape("fitted");
		rcu_barrier();
	}
	finish();
}
END_TEST

START_TEST(test_every_length)
{
	unsigned int bits = widths[_i], plen;
	struct oracle_prefix p;

	start(bits, 3000);
	for (plen = 0; plen <= bits; plen++) {
		memset(&p, 0, sizeof(p));
		memset(p.addr, 0xc3, bits / 8);
		oracle_cut(p.addr, plen);
		p.plen = plen;
		p.value = plen + 1;
		must(!table_set(&table, &p), "insert");
		oracle_set(&model, p.addr, plen, p.value);
		verify(&table, 8, "nesting");
	}
	verify_shape("nested");
	/* From the middle outwards, so that covers are missing on both sides */
	for (plen = 0; plen <= bits; plen++) {
		unsigned int at = plen % 2 ? bits / 2 - (plen + 1) / 2 :
					     bits / 2 + plen / 2;
		struct oracle_prefix *there;

		memset(p.addr, 0xc3, bits / 8);
		oracle_cut(p.addr, at);
		there = oracle_find(&model, p.addr, at);
		must(there, "length %u is lost", at);
		must(!table_del(&table, &model, there), "remove");
		oracle_del(&model, there);
		verify(&table, 8, "unnesting");
	}
	ck_assert_uint_eq(table.nodes, 0);
	finish();
}
END_TEST

START_TEST(test_extremes)
{
	static const uint8_t zeros[16], ones[16] = {
		255, 255, 255, 255, 255, 255, 255, 255,
		255, 255, 255, 255, 255, 255, 255, 255,
	};
	unsigned int bits = widths[_i];

	start(bits, 0);
	ck_assert_uint_eq(netslice_table_lookup(&table, zeros), 0);
	ck_assert_uint_eq(netslice_table_lookup(&table, ones), 0);
	ck_assert_int_eq(netslice_table_insert(&table, ones, bits,
					       NETSLICE_TABLE_VALUE_MAX, GFP_KERNEL), 0);
	ck_assert_int_eq(netslice_table_insert(&table, zeros, bits, 1, GFP_KERNEL), 0);
	ck_assert_uint_eq(netslice_table_lookup(&table, ones), NETSLICE_TABLE_VALUE_MAX);
	ck_assert_uint_eq(netslice_table_lookup(&table, zeros), 1);
	ck_assert_int_eq(netslice_table_insert(&table, zeros, 0, 7, GFP_KERNEL), 0);
	ck_assert_uint_eq(netslice_table_lookup(&table, (const u8 *)"abcdefghijklmnop"), 7);
	ck_assert_uint_eq(netslice_table_lookup(&table, ones), NETSLICE_TABLE_VALUE_MAX);
	ck_assert_int_eq(netslice_table_remove(&table, zeros, 0, 0, 0, GFP_KERNEL), 0);
	ck_assert_int_eq(netslice_table_remove(&table, ones, bits, 0, 0, GFP_KERNEL), 0);
	ck_assert_uint_eq(netslice_table_lookup(&table, ones), 0);
	finish();
}
END_TEST

START_TEST(test_copy)
{
	struct netslice_table copy;
	unsigned int i;

	start(widths[_i % 2], 4000 + _i);
	for (i = 0; i < 800; i++)
		change_once(i % ORACLE_KINDS);
	if (_i / 2)
		must(!netslice_table_fit(&table, 2048, GFP_KERNEL), "fit");
	must(!netslice_table_init(&copy, model.bits, &lock, GFP_KERNEL), "init");
	ck_assert_int_eq(netslice_table_copy(&copy, &table, GFP_KERNEL), 0);
	ck_assert_uint_eq(copy.nodes, table.nodes);
	ck_assert_uint_eq(copy.bytes, table.bytes);
	verify(&copy, 300, "copied");
	/* The copy stays when the original changes */
	for (i = 0; i < model.n; i++)
		must(!table_del(&table, &model, &model.p[i]), "remove");
	verify(&copy, 300, "original gone");
	netslice_table_destroy(&copy);
	finish();
}
END_TEST

/* Every allocation of every change fails once: nothing changes, nothing leaks */
START_TEST(test_no_memory)
{
	unsigned int i, nth, refused = 0;

	start(widths[_i % 2], 5000 + _i);
	if (_i / 2 % 2)
		netslice_table_publish(&table);
	for (i = 0; i < 250; i++) {
		struct oracle_prefix p, *there;
		int err = -ENOMEM;

		oracle_prefix_random(&model, i % ORACLE_KINDS, &p);
		if (model.n && oracle_below(2))
			p = model.p[oracle_below(model.n)];
		p.value = 1 + oracle_below(5);
		there = oracle_find(&model, p.addr, p.plen);
		for (nth = 1; err; nth++) {
			u32 nodes = table.nodes;
			size_t bytes = table.bytes;

			shim_alloc_fail_at(nth);
			err = there ? table_del(&table, &model, there) :
				      table_set(&table, &p);
			must(!!err == !!shim_alloc_fail_never(), "a failure was hidden");
			if (!err)
				break;
			ck_assert_int_eq(err, -ENOMEM);
			ck_assert_uint_eq(table.nodes, nodes);
			ck_assert_uint_eq(table.bytes, bytes);
			verify(&table, 5, "refused");
			refused++;
		}
		if (there)
			oracle_del(&model, there);
		else
			oracle_set(&model, p.addr, p.plen, p.value);
		verify(&table, 5, "accepted at last");
	}
	ck_assert_uint_gt(refused, 200);
	verify_shape("after failures");
	finish();
}
END_TEST

START_TEST(test_no_memory_fit_and_copy)
{
	struct netslice_table copy;
	unsigned int i, nth;
	int err = -ENOMEM;

	start(widths[_i], 6000 + _i);
	for (i = 0; i < 400; i++)
		change_once(i % ORACLE_KINDS);
	for (i = 0; i < 3; i++) {
		static const u32 counts[] = { 2048, 100, 0 };

		for (nth = 1, err = -ENOMEM; err; nth++) {
			shim_alloc_fail_at(nth);
			err = netslice_table_fit(&table, counts[i], GFP_KERNEL);
			shim_alloc_fail_never();
			verify(&table, 20, "fitting");
		}
		ck_assert_uint_gt(nth, 2);
		verify_shape("fitted after failures");
	}
	must(!netslice_table_init(&copy, model.bits, &lock, GFP_KERNEL), "init");
	for (nth = 1, err = -ENOMEM; err; nth++) {
		long live = shim_alloc_live();

		shim_alloc_fail_at(nth);
		err = netslice_table_copy(&copy, &table, GFP_KERNEL);
		shim_alloc_fail_never();
		if (err) {
			ck_assert_int_eq(shim_alloc_live(), live);
			ck_assert_uint_eq(copy.nodes, 0);
		}
	}
	ck_assert_uint_gt(nth, table.nodes);
	verify(&copy, 100, "copied at last");
	netslice_table_destroy(&copy);
	shim_alloc_fail_at(1);
	ck_assert_int_eq(netslice_table_init(&copy, 32, NULL, GFP_KERNEL), -ENOMEM);
	shim_alloc_fail_never();
	finish();
}
END_TEST

/*
 * Readers beside a writer. Base routes never change, longer ones come and go: a
 * reader may see the one or the other, never anything else and never freed memory.
 */
#define READERS 3
#define FLAPPING 64

static bool stop;
static unsigned long lookups;

static void flapping_address(unsigned int i, uint8_t *addr)
{
	memset(addr, 0, 16);
	addr[0] = 10;
	addr[1] = i % 4;
	addr[2] = i * 37;
	addr[3] = i * 11;
}

static void *reader(void *arg)
{
	unsigned int i = (uintptr_t)arg;
	unsigned long n = 0;
	uint8_t addr[16];
	u32 got;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		i = (i + 1) % FLAPPING;
		flapping_address(i, addr);
		rcu_read_lock();
		got = netslice_table_lookup(&table, addr);
		rcu_read_unlock();
		/* The /8, the /16 of the address, or one of its own */
		if (got != 1 && got != 100 + i % 4 && got / 1000 != i + 1) {
			fprintf(stderr, "address %u: value %u\n", i, got);
			return (void *)1;
		}
		n++;
	}
	__atomic_add_fetch(&lookups, n, __ATOMIC_RELAXED);
	return NULL;
}

/* The third bytes differ, so no prefix of 24 bits or more covers two addresses */
static void flap(unsigned int i)
{
	struct oracle_prefix p = { .plen = 24 + i % 9 }, *there;

	flapping_address(i, p.addr);
	oracle_cut(p.addr, p.plen);
	p.value = (i + 1) * 1000 + oracle_below(3);
	there = oracle_find(&model, p.addr, p.plen);
	if (there && oracle_below(2)) {
		must(!table_del(&table, &model, there), "remove");
		oracle_del(&model, there);
		return;
	}
	must(!table_set(&table, &p), "insert");
	oracle_set(&model, p.addr, p.plen, p.value);
}

static void flap_cover(void)
{
	struct oracle_prefix p = { .addr = { 10, oracle_below(4) }, .plen = 16 };
	struct oracle_prefix *there = oracle_find(&model, p.addr, 16);

	if (there) {
		must(!table_del(&table, &model, there), "remove");
		oracle_del(&model, there);
		return;
	}
	p.value = 100 + p.addr[1];
	must(!table_set(&table, &p), "insert");
	oracle_set(&model, p.addr, 16, p.value);
}

START_TEST(test_readers_beside_writer)
{
	pthread_t thread[READERS];
	struct oracle_prefix p;
	unsigned int i;
	void *bad;

	start(_i ? 128 : 32, 7000 + _i);
	memset(&p, 0, sizeof(p));
	p.addr[0] = 10;
	p.plen = 8;
	p.value = 1;
	must(!table_set(&table, &p), "insert");
	oracle_set(&model, p.addr, p.plen, p.value);
	netslice_table_publish(&table);
	for (i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, reader,
						(void *)(uintptr_t)(i * 17)), 0);
	for (i = 0; i < 20000; i++) {
		flap(oracle_below(FLAPPING));
		if (i % 7 == 0)
			flap_cover();
		if (i % 101 == 0)
			must(!netslice_table_fit(&table, i % 2 ? 3000 : 10, GFP_KERNEL),
			     "fit");
		if (i % 50 == 0)
			rcu_barrier();
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < READERS; i++) {
		pthread_join(thread[i], &bad);
		ck_assert_ptr_null(bad);
	}
	ck_assert_uint_gt(lookups, 0);
	verify(&table, 200, "after all");
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("table");
	TCase *tc = tcase_create("table");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, test_random_changes, 0, 4 * ORACLE_KINDS);
	tcase_add_loop_test(tc, test_root_sizes, 0, 4);
	tcase_add_loop_test(tc, test_every_length, 0, 2);
	tcase_add_loop_test(tc, test_extremes, 0, 2);
	tcase_add_loop_test(tc, test_copy, 0, 4);
	tcase_add_loop_test(tc, test_no_memory, 0, 4);
	tcase_add_loop_test(tc, test_no_memory_fit_and_copy, 0, 2);
	tcase_add_loop_test(tc, test_readers_beside_writer, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
