// SPDX-License-Identifier: GPL-2.0-or-later
/* link: kmod/routes.c */
/* link: selftests/unit/shim/shim.c */
/*
 * The ordered routes: a B+ tree against a sorted array.
 */

#include <linux/slab.h>

#include "oracle.h"
#include "routes.h"
#include "routes_node.h"

#define MANY 20000
#define CROWD 6000

static struct netslice_routes routes;
static struct oracle cover_model;

/* Sorted, IPv4 addresses zero padded */
static struct netslice_routes_entry model[MANY];
static unsigned int model_n;

static int order(const u8 *addr, u8 plen, const struct netslice_routes_entry *e)
{
	int diff = memcmp(addr, e->addr, 16);

	return diff ? diff : (int)plen - e->plen;
}

/* The first entry that is not before; @found: it is equal */
static unsigned int model_seek(const u8 *addr, u8 plen, bool *found)
{
	unsigned int lo = 0, hi = model_n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (order(addr, plen, &model[mid]) > 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = lo < model_n && !order(addr, plen, &model[lo]);
	return lo;
}

static void same(const struct netslice_routes_entry *a,
		 const struct netslice_routes_entry *b)
{
	must(!memcmp(a->addr, b->addr, 16) && a->plen == b->plen &&
	     a->owner == b->owner && a->group == b->group, "another entry");
}

static void insert(const struct netslice_routes_entry *e)
{
	unsigned int i;
	bool found;

	i = model_seek(e->addr, e->plen, &found);
	must(!found, "there already");
	must(model_n < MANY, "too many");
	must(!netslice_routes_insert(&routes, e, GFP_KERNEL), "insert");
	memmove(&model[i + 1], &model[i], (model_n - i) * sizeof(*e));
	model[i] = *e;
	model_n++;
}

static void delete(unsigned int i)
{
	must(netslice_routes_delete(&routes, model[i].addr, model[i].plen), "delete");
	model_n--;
	memmove(&model[i], &model[i + 1], (model_n - i) * sizeof(*model));
}

static void verify_walk(void)
{
	struct netslice_routes_entry e = { 0 };
	unsigned int i;
	bool more = netslice_routes_first(&routes, &e);

	for (i = 0; i < model_n; i++) {
		must(more, "ends after %u of %u", i, model_n);
		same(&e, &model[i]);
		more = netslice_routes_next(&routes, e.addr, e.plen, &e);
	}
	must(!more, "goes on after the last");
	ck_assert_uint_eq(routes.count, model_n);
}

/* Every node but the root, and the right edge of a sorted load, is used well enough */
static unsigned int nodes_below(const struct netslice_routes_node *node,
				unsigned int level)
{
	unsigned int i, n = 1;

	must(node->n, "an empty node");
	must(node->n <= netslice_routes_max(&routes, level), "an overfull node");
	for (i = 0; level && i < node->n; i++)
		n += nodes_below(*netslice_routes_child(&routes, node, i), level - 1);
	return n;
}

static unsigned int verify_nodes(void)
{
	unsigned int n = routes.root ? nodes_below(routes.root, routes.height) : 0;

	ck_assert_uint_eq(routes.bytes, n * 1024);
	ck_assert_int_eq(shim_alloc_live(), n);
	return n;
}

static void start(unsigned int bits, uint64_t seed)
{
	oracle_seed(seed);
	cover_model.bits = bits;
	cover_model.n = 0;
	model_n = 0;
	netslice_routes_init(&routes, bits);
}

static void finish(void)
{
	netslice_routes_destroy(&routes);
	ck_assert_int_eq(shim_alloc_live(), 0);
}

static void random_entry(struct netslice_routes_entry *e, unsigned int kind)
{
	struct oracle_prefix p;

	oracle_prefix_random(&cover_model, kind % ORACLE_KINDS, &p);
	memcpy(e->addr, p.addr, 16);
	e->plen = p.plen;
	e->owner = oracle_random();
	e->group = oracle_below(1 << 22);
}

static const unsigned int widths[] = { 32, 128 };

START_TEST(test_random)
{
	struct netslice_routes_entry e, got;
	unsigned int i, at;
	bool found;

	start(widths[_i % 2], 10 + _i);
	for (i = 0; i < 36000; i++) {
		random_entry(&e, _i / 2 ? i : ORACLE_UNIFORM);
		at = model_seek(e.addr, e.plen, &found);
		must(netslice_routes_find(&routes, e.addr, e.plen, &got) == found, "find");
		if (found) {
			same(&got, &model[at]);
			if (oracle_below(2)) {
				delete(at);
			} else {
				must(netslice_routes_update(&routes, &e), "update");
				model[at] = e;
			}
			continue;
		}
		must(!netslice_routes_update(&routes, &e), "update of nothing");
		must(!netslice_routes_delete(&routes, e.addr, e.plen), "delete of nothing");
		must(netslice_routes_next(&routes, e.addr, e.plen, &got) ==
		     (at < model_n), "next");
		if (at < model_n)
			same(&got, &model[at]);
		/* Grows, shrinks, grows */
		if (model_n && (model_n == CROWD || (i / 7000 % 2 && oracle_below(3))))
			delete(oracle_below(model_n));
		else
			insert(&e);
		if (i % 9000 == 0) {
			verify_walk();
			verify_nodes();
		}
	}
	verify_walk();
	while (model_n) {
		delete(oracle_below(model_n));
		if (model_n % 500 == 0) {
			verify_walk();
			/* 1 KiB for at least 10 routes, however they were thinned out */
			ck_assert_uint_le(verify_nodes(), model_n / 10 + 8);
		}
	}
	ck_assert_ptr_null(routes.root);
	finish();
}
END_TEST

static void ordered_entry(struct netslice_routes_entry *e, unsigned int i)
{
	memset(e, 0, sizeof(*e));
	e->addr[0] = i >> 16;
	e->addr[1] = i >> 8;
	e->addr[2] = i;
	e->plen = 24;
	e->group = i;
}

/* In order nodes become full; backwards, and backwards above a full node, half full */
START_TEST(test_ordered_loads)
{
	unsigned int i, nodes, per = _i % 2 ? 42 : 84;
	struct netslice_routes_entry e;

	start(widths[_i % 2], 0);
	for (i = 0; i < MANY; i++) {
		if (_i / 2 == 0)
			ordered_entry(&e, i);
		else if (_i / 2 == 1)
			ordered_entry(&e, MANY - i);
		else
			ordered_entry(&e, i < per ? i : 2 * MANY - i);
		insert(&e);
	}
	verify_walk();
	nodes = verify_nodes();
	if (_i / 2 == 0)
		ck_assert_uint_lt(nodes, MANY / per * 21 / 20 + 4);
	else
		ck_assert_uint_lt(nodes, MANY / per * 43 / 20 + 4);
	while (model_n)
		delete(_i % 2 ? 0 : model_n - 1);
	ck_assert_ptr_null(routes.root);
	finish();
}
END_TEST

START_TEST(test_cover)
{
	struct netslice_routes_entry e, got;
	const struct oracle_prefix *want;
	unsigned int i, at;
	bool found;

	start(widths[_i % 2], 30 + _i);
	for (i = 0; i < 8000; i++) {
		random_entry(&e, _i / 2 ? i : ORACLE_DENSE);
		at = model_seek(e.addr, e.plen, &found);
		if (!found && model_n < 3000) {
			insert(&e);
			oracle_set(&cover_model, e.addr, e.plen, e.group);
		} else if (at < model_n) {
			/* First entries of nodes go, and the separators stay */
			oracle_del(&cover_model, oracle_find(&cover_model, model[at].addr,
							     model[at].plen));
			delete(at);
		}
		random_entry(&e, i / 2);
		if (!e.plen)
			continue;
		want = oracle_match(&cover_model, e.addr, e.plen);
		must(netslice_routes_cover(&routes, e.addr, e.plen, &got) == !!want,
		     "cover");
		must(!want || (got.plen == want->plen && got.group == want->value),
		     "cover: /%u, want /%u", got.plen, want ? want->plen : 0);
	}
	finish();
}
END_TEST

/* The entry before may be in the node before, under another parent */
START_TEST(test_cover_across_nodes)
{
	struct netslice_routes_entry e = { .group = 7 }, got;
	unsigned int i, per = _i ? 42 : 84;

	start(widths[_i], 0);
	insert(&e);
	for (i = 1; i < MANY; i++) {
		ordered_entry(&e, i);
		insert(&e);
	}
	ck_assert_uint_ge(routes.height, 2);
	for (i = MANY - 1; i; i--)
		if (i % per < 2)
			delete(i);
	verify_walk();
	for (i = 1; i < MANY; i++) {
		ordered_entry(&e, i);
		must(netslice_routes_cover(&routes, e.addr, 25, &got), "no cover");
		if (i % per < 2)
			must(!got.plen && got.group == 7, "%u: /%u", i, got.plen);
		else
			must(got.plen == 24 && got.group == i, "%u: /%u", i, got.plen);
	}
	finish();
}
END_TEST

START_TEST(test_no_memory)
{
	struct netslice_routes_entry e;
	unsigned int i, nth, refused = 0;
	bool found;

	start(widths[_i], 40);
	for (i = 0; i < 6000; i++) {
		random_entry(&e, ORACLE_UNIFORM);
		model_seek(e.addr, e.plen, &found);
		if (found)
			continue;
		for (nth = 1;; nth++) {
			long live = shim_alloc_live();
			int err;

			shim_alloc_fail_at(nth);
			err = netslice_routes_insert(&routes, &e, GFP_KERNEL);
			shim_alloc_fail_never();
			if (!err)
				break;
			ck_assert_int_eq(err, -ENOMEM);
			ck_assert_int_eq(shim_alloc_live(), live);
			must(!netslice_routes_find(&routes, e.addr, e.plen, &e), "there");
			refused++;
		}
		must(netslice_routes_delete(&routes, e.addr, e.plen), "delete");
		insert(&e);
	}
	verify_walk();
	ck_assert_uint_gt(refused, 50);
	finish();
}
END_TEST

START_TEST(test_copy)
{
	struct netslice_routes copy, original;
	struct netslice_routes_entry e;
	unsigned int i, nth;
	int err = -ENOMEM;
	long live;
	bool found;

	start(widths[_i], 50);
	for (i = 0; i < 5000; i++) {
		random_entry(&e, i);
		model_seek(e.addr, e.plen, &found);
		if (!found)
			insert(&e);
	}
	live = shim_alloc_live();
	for (nth = 1; err; nth += 7) {
		netslice_routes_init(&copy, widths[_i]);
		shim_alloc_fail_at(nth);
		err = netslice_routes_copy(&copy, &routes, GFP_KERNEL);
		shim_alloc_fail_never();
		if (err) {
			ck_assert_int_eq(err, -ENOMEM);
			ck_assert_int_eq(shim_alloc_live(), live);
			ck_assert_uint_eq(copy.bytes, 0);
		}
	}
	original = routes;
	netslice_routes_destroy(&original);
	routes = copy;
	verify_walk();
	verify_nodes();
	finish();
}
END_TEST

START_TEST(test_empty)
{
	struct netslice_routes_entry e = { 0 };

	start(widths[_i], 0);
	ck_assert(!netslice_routes_first(&routes, &e));
	ck_assert(!netslice_routes_find(&routes, e.addr, 0, &e));
	ck_assert(!netslice_routes_next(&routes, e.addr, 0, &e));
	ck_assert(!netslice_routes_cover(&routes, e.addr, 1, &e));
	ck_assert(!netslice_routes_delete(&routes, e.addr, 0));
	insert(&e);
	ck_assert(netslice_routes_cover(&routes, e.addr, 1, &e));
	delete(0);
	ck_assert_int_eq(shim_alloc_live(), 0);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("routes");
	TCase *tc = tcase_create("routes");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, test_random, 0, 4);
	tcase_add_loop_test(tc, test_ordered_loads, 0, 6);
	tcase_add_loop_test(tc, test_cover, 0, 4);
	tcase_add_loop_test(tc, test_cover_across_nodes, 0, 2);
	tcase_add_loop_test(tc, test_no_memory, 0, 2);
	tcase_add_loop_test(tc, test_copy, 0, 2);
	tcase_add_loop_test(tc, test_empty, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
