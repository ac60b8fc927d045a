// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/kern_look.c agent/lib/attrs.c agent/lib/name.c agent/lib/err.c */
/*
 * What is read of slices and ports, the evidence in it, the requests that calls
 * of a handover become, and terms by parity. The kernel is played by the test.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sliced/kern.h"
#include "sliced/log.h"
#include "sliced/slice.h"

/* ---- the kernel ---- */

static struct {
	uint8_t			cmd[8];
	struct nsl_attrs	attrs[8];
	unsigned int		count;
	int			refuse;		/* of the first request */
	struct nsl_attrs	reply;		/* to SLICE_GET */
	int			look;		/* its code */
	const struct nsl_attrs	*port;
	unsigned int		ports;
} kernel;

void log_at(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

void kern_request(struct kern *k, enum kern_lane lane, uint8_t cmd, const struct nsl_attrs *attrs,
		  kern_reply reply, kern_done done, void *arg)
{
	struct nsl_reply r = { .cmd = cmd, .a = kernel.reply };
	struct nsl_err err = { .text = "refused" };
	int code = cmd == NETSLICE_CMD_SLICE_GET ? kernel.look : kernel.refuse;

	(void)k;
	ck_assert_int_eq(lane, KERN_CONTROL);
	kernel.cmd[kernel.count] = cmd;
	kernel.attrs[kernel.count++] = *attrs;
	if (cmd == NETSLICE_CMD_SLICE_GET && !code)
		reply(arg, &r);
	done(arg, code, &err);
}

void kern_dump(struct kern *k, enum kern_lane lane, uint8_t cmd, const struct nsl_attrs *attrs,
	       kern_reply reply, kern_done done, void *arg)
{
	struct nsl_reply r = { .cmd = cmd };
	struct nsl_err err = { 0 };
	unsigned int i;

	(void)k;
	(void)lane;
	(void)attrs;
	for (i = 0; i < kernel.ports; i++) {
		r.a = kernel.port[i];
		reply(arg, &r);
	}
	done(arg, -EINTR, &err);
}

static void kernel_clear(void)
{
	memset(&kernel, 0, sizeof(kernel));
}

/* ---- looks and calls ---- */

struct seen {
	int			code;
	bool			after;
	struct kern_slice	slice;
	unsigned int		calls;
};

static void looked(void *arg, int code, const struct kern_slice *slice)
{
	struct seen *seen = arg;

	seen->code = code;
	seen->slice = *slice;
	seen->calls++;
}

static void called(void *arg, int code, const struct nsl_err *err, const struct kern_slice *after)
{
	struct seen *seen = arg;

	seen->code = code;
	seen->after = after;
	if (after)
		seen->slice = *after;
	if (code)
		ck_assert_str_eq(err->text, "refused");
	seen->calls++;
}

START_TEST(test_look)
{
	struct seen seen = { 0 };

	kernel.reply.role = NETSLICE_ROLE_MASTER;
	nsl_set_cp_term(&kernel.reply, 5);
	nsl_set_fp_term(&kernel.reply, 7);
	nsl_set_gen(&kernel.reply, 3);
	nsl_set_lease_action(&kernel.reply, NETSLICE_LEASE_DRAIN);
	kern_look(NULL, "red", looked, &seen);
	ck_assert_uint_eq(seen.calls, 1);
	ck_assert(seen.slice.there);
	ck_assert_uint_eq(seen.slice.state.role, NETSLICE_ROLE_MASTER);
	ck_assert_uint_eq(seen.slice.state.lease, NETSLICE_LEASE_DRAIN);
	ck_assert_uint_eq(seen.slice.state.cp_term, 5);
	ck_assert_uint_eq(seen.slice.state.fp_term, 7);
	ck_assert_uint_eq(seen.slice.gen, 3);
	kernel.look = -ENOENT;
	kern_look(NULL, "red", looked, &seen);
	ck_assert_int_eq(seen.code, 0);
	ck_assert(!seen.slice.there);
	kernel.look = -ENODEV;
	kern_look(NULL, "red", looked, &seen);
	ck_assert_int_eq(seen.code, -ENODEV);
}
END_TEST

/* Also after a refusal the slice is read. */
START_TEST(test_call)
{
	const struct handover_call call = {
		.what = HANDOVER_CALL_CP_TERM, .cp_expect = 3, .cp_term = 4,
	};
	struct seen seen = { 0 };

	kernel.refuse = -ESTALE;
	nsl_set_cp_term(&kernel.reply, 9);
	kern_call(NULL, "red", &call, called, &seen);
	ck_assert_int_eq(seen.code, -ESTALE);
	ck_assert(seen.after);
	ck_assert_uint_eq(seen.slice.state.cp_term, 9);
	ck_assert_uint_eq(kernel.count, 2);
	ck_assert_uint_eq(kernel.cmd[0], NETSLICE_CMD_TERM_RAISE);
	ck_assert_uint_eq(kernel.attrs[0].cp_term_expect, 3);
	ck_assert_uint_eq(kernel.attrs[0].cp_term, 4);
	ck_assert(!nsl_has(&kernel.attrs[0], FP_TERM));
	ck_assert_uint_eq(kernel.cmd[1], NETSLICE_CMD_SLICE_GET);
	kernel_clear();
	kernel.look = -ENOENT;
	kern_call(NULL, "red", &call, called, &seen);
	ck_assert_int_eq(seen.code, 0);
	ck_assert(!seen.after);
}
END_TEST

START_TEST(test_role_calls)
{
	struct handover_call drain = {
		.what = HANDOVER_CALL_ROLE, .role = NETSLICE_ROLE_DRAINING,
		.role_expect = NETSLICE_ROLE_MASTER, .fp_term = 3, .answer = true,
		.lease_action = NETSLICE_LEASE_RECLAIM, .lease_ms = 9000,
	};
	struct handover_call take = {
		.what = HANDOVER_CALL_ROLE, .role = NETSLICE_ROLE_MASTER,
		.role_expect = NETSLICE_ROLE_READY, .fp_term = 3, .fp_term_new = 4,
		.lease_action = NETSLICE_LEASE_DRAIN, .lease_until = 12345,
		.lease_check = true, .lease_expect = NETSLICE_LEASE_NONE,
	};
	struct handover_call rest = {
		.what = HANDOVER_CALL_ROLE, .role = NETSLICE_ROLE_STANDBY,
		.role_expect = NETSLICE_ROLE_DRAINING, .fp_term = 3, .lease_keep = true,
	};
	struct nsl_attrs a;

	ck_assert_uint_eq(kern_call_attrs("red", &drain, &a), NETSLICE_CMD_ROLE_SET);
	ck_assert(nsl_has(&a, ANSWER) && nsl_has(&a, LEASE_MS) && !nsl_has(&a, LEASE_UNTIL));
	ck_assert(!nsl_has(&a, FP_TERM_NEW) && !nsl_has(&a, LEASE_EXPECT));
	ck_assert_uint_eq(a.lease_ms, 9000);
	ck_assert_uint_eq(a.lease_action, NETSLICE_LEASE_RECLAIM);
	kern_call_attrs("red", &take, &a);
	ck_assert(nsl_has(&a, LEASE_UNTIL) && !nsl_has(&a, LEASE_MS) && !nsl_has(&a, ANSWER));
	ck_assert_uint_eq(a.lease_until, 12345);
	ck_assert_uint_eq(a.fp_term_new, 4);
	ck_assert(nsl_has(&a, LEASE_EXPECT));
	kern_call_attrs("red", &rest, &a);
	ck_assert(nsl_has(&a, LEASE_KEEP) && !nsl_has(&a, LEASE_ACTION) && !nsl_has(&a, LEASE_MS));
}
END_TEST

START_TEST(test_other_calls)
{
	struct handover_call end = {
		.what = HANDOVER_CALL_LEASE_END, .fp_term = 3, .lease_check = true,
		.lease_expect = NETSLICE_LEASE_RECLAIM,
	};
	struct handover_call raise = {
		.what = HANDOVER_CALL_FP_TERM, .fp_term = 3, .fp_term_new = 5,
	};
	struct nsl_attrs a;

	ck_assert_uint_eq(kern_call_attrs("red", &end, &a), NETSLICE_CMD_LEASE_SET);
	ck_assert(nsl_has(&a, LEASE_MS) && !a.lease_ms);
	ck_assert_uint_eq(a.fp_term, 3);
	ck_assert_uint_eq(a.lease_expect, NETSLICE_LEASE_RECLAIM);
	ck_assert_uint_eq(kern_call_attrs("red", &raise, &a), NETSLICE_CMD_TERM_RAISE);
	ck_assert_uint_eq(a.fp_term_expect, 3);
	ck_assert_uint_eq(a.fp_term, 5);
}
END_TEST

/* ---- evidence ---- */

static struct kern_port lan(const char *name)
{
	struct kern_port p = { .kind = NETSLICE_PORT_LAN, .state = NETSLICE_PORT_UP, .ifindex = 1 };

	strcpy(p.name, name);
	return p;
}

START_TEST(test_evidence)
{
	struct kern_port p[4] = { lan("a"), lan("b"), lan("down"), lan("routed") };

	p[2].state = NETSLICE_PORT_DOWN;
	p[3].kind = NETSLICE_PORT_ROUTED;
	ck_assert_uint_eq(kern_lan_ports(p, 4), 2);
	p[0].marker_cookie = p[1].marker_cookie = 8;
	p[0].marker_count = p[0].marker_total = 2;
	p[1].marker_count = 1;
	p[1].marker_total = 2;
	ck_assert(!kern_all_marked(p, 4, 8));
	p[1].marker_count = 2;
	ck_assert(kern_all_marked(p, 4, 8));
	ck_assert(!kern_all_marked(p, 4, 9));
	ck_assert(!kern_all_evident(p, 4, 5));
	p[0].vmac_rx = 1;
	ck_assert(!kern_all_evident(p, 4, 5));
	p[1].probe_cookie = 5;
	ck_assert(kern_all_evident(p, 4, 5));
	ck_assert(!kern_all_evident(p, 4, 6));
	ck_assert_uint_eq(kern_vmac_rx(p, 4), 1);
	/* a port that was never heard of, and one that is not up, is no evidence against */
	p[0].peer_heard = true;
	p[0].peer_seen_ms = 3000;
	p[0].peer_fp_term = 6;
	p[2].peer_heard = true;
	p[2].peer_fp_term = 8;
	ck_assert(kern_all_silent(p, 4, 3000));
	ck_assert(!kern_all_silent(p, 4, 3001));
	ck_assert_uint_eq(kern_heard_term(p, 4), 8);
	ck_assert(kern_all_marked(NULL, 0, 1) && kern_all_silent(NULL, 0, 1));
}
END_TEST

struct ports_seen {
	struct kern_port	port[4];
	size_t			count;
	int			code;
};

static void ports_seen(void *arg, int code, const struct kern_port *ports, size_t count)
{
	struct ports_seen *seen = arg;

	seen->code = code;
	seen->count = count;
	memcpy(seen->port, ports, count * sizeof(*ports));
}

/* An interrupted dump is as good. */
START_TEST(test_ports)
{
	struct nsl_attrs ports[2] = { 0 };
	struct ports_seen seen = { 0 };

	nsl_set_port(&ports[0], "west");
	nsl_set_ifindex(&ports[0], 7);
	nsl_set_number(&ports[0], NETSLICE_A_PEER_SEEN_MS, 40);
	nsl_set_number(&ports[0], NETSLICE_A_PEER_FP_TERM, 9);
	nsl_set_port(&ports[1], "east");
	kernel.port = ports;
	kernel.ports = 2;
	kern_ports(NULL, "red", ports_seen, &seen);
	ck_assert_int_eq(seen.code, 0);
	ck_assert_uint_eq(seen.count, 2);
	ck_assert_str_eq(seen.port[0].name, "west");
	ck_assert(seen.port[0].peer_heard && seen.port[0].peer_seen_ms == 40);
	ck_assert_uint_eq(seen.port[0].peer_fp_term, 9);
	ck_assert(!seen.port[1].peer_heard && !seen.port[1].ifindex);
}
END_TEST

/* ---- terms ---- */

START_TEST(test_terms)
{
	struct slice odd = { .parity = 1, .terms = { .cp = 3, .owner = 2 } }, even = { .parity = 0 };
	uint64_t t;

	ck_assert_uint_eq(slice_term_next(&odd, 1, true), 3);
	ck_assert_uint_eq(slice_term_next(&odd, 2, true), 3);
	ck_assert_uint_eq(slice_term_next(&odd, 3, false), 4);
	ck_assert_uint_eq(slice_term_next(&even, 3, true), 4);
	ck_assert(slice_is_cp_master(&odd) && !slice_is_owner(&odd));
	ck_assert(!slice_term_mine(&even, 0));	/* no term is nobody's */
	for (t = 0; t < 100; t++) {
		ck_assert(slice_term_mine(&odd, slice_term_next(&odd, t, true)));
		ck_assert(slice_term_mine(&even, slice_term_next(&odd, t, false)));
		ck_assert_uint_gt(slice_term_next(&odd, t, true), t);
		ck_assert_uint_le(slice_term_next(&odd, t, true), t + 2);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kern");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, kernel_clear, NULL);
	tcase_add_test(tc, test_look);
	tcase_add_test(tc, test_call);
	tcase_add_test(tc, test_role_calls);
	tcase_add_test(tc, test_other_calls);
	tcase_add_test(tc, test_evidence);
	tcase_add_test(tc, test_ports);
	tcase_add_test(tc, test_terms);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
