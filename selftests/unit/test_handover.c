// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/handover.c agent/sliced/handover_give.c agent/sliced/handover_take.c */
/*
 * Two machines of the handover, with a kernel each that knows roles, terms and
 * leases, a link that loses, doubles, delays and reorders, and operations that
 * take time, on one simulated clock. Runs differ by their seed; each must keep
 * the rules at every instant and come to rest.
 */
#include <check.h>
#include <errno.h>
#include <linux/netslice.h>
#include <stdlib.h>
#include <string.h>

#include "sliced/handover.h"

#define MS	1000000ULL
#define QUEUE	4096
#define ATTEMPT	400ULL

struct node;

struct item {
	uint64_t	at;
	uint64_t	order;
	void		(*run)(struct node *n, struct item *it);
	struct node	*node;
	struct handover_msg msg;
	struct handover_call call;
	int		err;
	uint64_t	serial;
	unsigned int	life;
};

struct node {
	struct sim		*sim;
	struct node		*peer;
	struct handover		h;
	struct handover_kernel	k;
	uint64_t		lease_until;
	uint64_t		lease_serial, repeat_serial, limit_serial;
	unsigned int		life;
	/* the journal */
	enum handover_state	state;
	uint64_t		cp, fp;
	bool			cp_master;
	bool			ended;
	enum handover_end	end;
	bool			healthy;
	bool			listening;
	uint64_t		booted;
};

struct sim {
	uint64_t	now;
	uint64_t	order;
	unsigned int	seed;
	unsigned int	loss;		/* percent */
	unsigned int	lan_loss;	/* percent of markers, probes, announcements */
	struct node	*learnt;	/* where the LAN sends frames to the virtual MAC */
	bool		cut;		/* the link is down */
	struct item	q[QUEUE];
	unsigned int	n;
	struct node	a, b;
	unsigned int	both_masters;
	uint64_t	mastered;	/* times that a node became master */
	bool		refuse_master;
};

static unsigned int rnd(struct sim *s, unsigned int n)
{
	s->seed = s->seed * 1103515245U + 12345U;
	return (s->seed >> 8) % n;
}

static struct item *post(struct node *n, uint64_t delay,
			 void (*run)(struct node *n, struct item *it))
{
	struct sim *s = n->sim;
	struct item *it = &s->q[s->n++];

	ck_assert_uint_lt(s->n, QUEUE);
	memset(it, 0, sizeof(*it));
	it->at = s->now + delay;
	it->order = s->order++;
	it->run = run;
	it->node = n;
	it->life = n->life;
	return it;
}

/* The LAN learns the virtual MAC from what its master says, if it hears it. */
static void announce(struct node *n)
{
	if (rnd(n->sim, 100) >= n->sim->lan_loss)
		n->sim->learnt = n;
}

/* ---- the kernel -------------------------------------------------------- */

static void check_masters(struct sim *s)
{
	s->mastered++;
	if (s->a.k.role == NETSLICE_ROLE_MASTER && s->b.k.role == NETSLICE_ROLE_MASTER)
		s->both_masters++;
}

static void lease_fires(struct node *n, struct item *it)
{
	if (it->serial != n->lease_serial || n->k.lease == NETSLICE_LEASE_NONE)
		return;
	if (n->k.lease == NETSLICE_LEASE_DRAIN) {
		n->k.role = NETSLICE_ROLE_DRAINING;
		n->k.answer = false;
	} else {
		n->k.role = NETSLICE_ROLE_MASTER;
		n->k.fp_term += 2;
	}
	n->k.lease = NETSLICE_LEASE_NONE;
	check_masters(n->sim);
	if (n->k.role == NETSLICE_ROLE_MASTER)
		announce(n);
	if (n->h.ops)
		handover_kernel_changed(&n->h, &n->k);
}

static void kernel_lease(struct node *n, uint8_t action, uint64_t until)
{
	n->k.lease = action;
	n->lease_until = until;
	n->lease_serial++;
	if (action != NETSLICE_LEASE_NONE)
		post(n, until > n->sim->now ? until - n->sim->now : 0, lease_fires)->serial =
			n->lease_serial;
}

static int kernel_role(struct node *n, const struct handover_call *c)
{
	uint64_t now = n->sim->now;
	uint64_t until = c->lease_until ? c->lease_until : now + c->lease_ms * MS;

	if (c->fp_term != n->k.fp_term || c->role_expect != n->k.role)
		return -ESTALE;
	if (c->lease_check && c->lease_expect != n->k.lease)
		return -ESTALE;
	if ((c->lease_until && c->lease_until <= now) || (c->not_after && c->not_after <= now))
		return -ETIME;
	if (c->fp_term_new && c->fp_term_new <= n->k.fp_term)
		return -ESTALE;
	if (c->role == NETSLICE_ROLE_MASTER && n->k.role != NETSLICE_ROLE_MASTER) {
		if (!c->fp_term_new)
			return -ESTALE;
		if (n == &n->sim->b && n->sim->refuse_master)
			return -EIO;
		announce(n);
	}
	if (c->fp_term_new)
		n->k.fp_term = c->fp_term_new;
	n->k.role = c->role;
	n->k.answer = c->answer;
	if (!c->lease_keep)
		kernel_lease(n, c->lease_action, until);
	check_masters(n->sim);
	return 0;
}

static int kernel_call(struct node *n, const struct handover_call *c)
{
	switch (c->what) {
	case HANDOVER_CALL_CP_TERM:
		if (c->cp_expect != n->k.cp_term || c->cp_term <= n->k.cp_term)
			return -ESTALE;
		n->k.cp_term = c->cp_term;
		return 0;
	case HANDOVER_CALL_FP_TERM:
		if (c->fp_term != n->k.fp_term || c->fp_term_new <= n->k.fp_term)
			return -ESTALE;
		n->k.fp_term = c->fp_term_new;
		return 0;
	case HANDOVER_CALL_LEASE_END:
		if (c->fp_term != n->k.fp_term || c->lease_expect != n->k.lease)
			return -ESTALE;
		kernel_lease(n, NETSLICE_LEASE_NONE, 0);
		return 0;
	default:
		return kernel_role(n, c);
	}
}

/* ---- operations --------------------------------------------------------- */

/* What a daemon had asked for and not got when it died, it never gets. */
static void journal_done(struct node *n, struct item *it)
{
	if (it->life != n->life)
		return;
	n->state = (enum handover_state)it->call.role;
	n->cp = it->call.cp_term;
	n->fp = it->call.fp_term;
	handover_journalled(&n->h, 0);
}

static void op_journal(void *arg, enum handover_state state, uint64_t cp, uint64_t fp)
{
	struct node *n = arg;
	struct item *it = post(n, (1 + rnd(n->sim, 20)) * MS, journal_done);

	it->call.role = (uint8_t)state;
	it->call.cp_term = cp;
	it->call.fp_term = fp;
}

static void call_answered(struct node *n, struct item *it)
{
	if (it->life == n->life)
		handover_called(&n->h, it->err, &n->k);
}

static void call_arrives(struct node *n, struct item *it)
{
	int err;

	if (it->life != n->life)
		return;
	err = kernel_call(n, &it->call);
	post(n, rnd(n->sim, 10) * MS, call_answered)->err = err;
}

static void op_call(void *arg, const struct handover_call *call)
{
	struct node *n = arg;
	struct item *it = post(n, rnd(n->sim, 10) * MS, call_arrives);

	it->call = *call;
}

static void cp_answered(struct node *n, struct item *it)
{
	if (it->life != n->life)
		return;
	n->cp_master = it->err;
	handover_cp_done(&n->h, 0);
}

static void op_cp_role(void *arg, bool master, uint64_t cp_term)
{
	struct node *n = arg;

	(void)cp_term;
	post(n, rnd(n->sim, 30) * MS, cp_answered)->err = master;
}

static void marker_arrives(struct node *n, struct item *it)
{
	if (it->life != n->life)
		return;
	handover_marker(&n->h, it->msg.attempt);
	if (it->msg.attempt == ATTEMPT + HANDOVER_COOKIE_TRAIL)
		handover_quiet(&n->h);
	if (it->msg.attempt == ATTEMPT + HANDOVER_COOKIE_PROBE)
		handover_evidence(&n->h);
}

static void op_mark(void *arg, uint8_t kind, uint64_t cookie, uint64_t fp_term)
{
	struct node *n = arg;

	(void)fp_term;
	if (kind == NETSLICE_FRAME_PROBE && n->sim->learnt != n->peer)
		return;
	if (rnd(n->sim, 100) < n->sim->lan_loss)
		return;
	post(n->peer, (1 + rnd(n->sim, 40)) * MS, marker_arrives)->msg.attempt = cookie;
}

static void op_announce(void *arg, uint64_t fp_term)
{
	if (((struct node *)arg)->k.role == NETSLICE_ROLE_MASTER &&
	    ((struct node *)arg)->k.fp_term == fp_term)
		announce(arg);
}

static void msg_arrives(struct node *n, struct item *it)
{
	handover_message(&n->h, &it->msg);
}

static void op_send(void *arg, const struct handover_msg *msg)
{
	struct node *n = arg;
	struct sim *s = n->sim;
	unsigned int copies = 1 + (rnd(s, 10) == 0);

	while (copies--) {
		if (s->cut || rnd(s, 100) < s->loss)
			continue;
		/* some are so late that they come after much else has happened */
		post(n->peer, (1 + rnd(s, rnd(s, 20) ? 60 : 3000)) * MS, msg_arrives)->msg = *msg;
	}
}

static void repeat_fires(struct node *n, struct item *it)
{
	if (it->life == n->life && it->serial == n->repeat_serial)
		handover_repeat(&n->h);
}

static void op_repeat(void *arg, uint32_t ms)
{
	struct node *n = arg;

	n->repeat_serial++;
	if (ms)
		post(n, ms * MS, repeat_fires)->serial = n->repeat_serial;
}

static void limit_fires(struct node *n, struct item *it)
{
	if (it->life == n->life && it->serial == n->limit_serial)
		handover_limit(&n->h);
}

static void op_limit(void *arg, uint32_t ms)
{
	struct node *n = arg;

	n->limit_serial++;
	if (ms)
		post(n, ms * MS, limit_fires)->serial = n->limit_serial;
}

static uint64_t op_boottime(void *arg)
{
	struct node *n = arg;

	return n->sim->now;
}

static void configured(struct node *n, struct item *it)
{
	if (it->life == n->life)
		handover_verdict(&n->h, n->healthy);
}

static void op_configure(void *arg)
{
	struct node *n = arg;

	post(n, rnd(n->sim, 300) * MS, configured);
}

/* Silence is heard over three seconds; it is no evidence if the other was master meanwhile. */
static void listened(struct node *n, struct item *it)
{
	n->listening = false;
	if (it->life != n->life)
		return;
	if (n->peer->k.role != NETSLICE_ROLE_MASTER && it->serial == n->sim->mastered)
		handover_silent(&n->h, n->sim->now + 1000 * MS);
}

static void op_listen(void *arg, uint32_t boot_ms)
{
	struct node *n = arg;
	uint64_t ready = n->booted + boot_ms * MS;
	struct item *it;

	if (n->listening)
		return;
	n->listening = true;
	it = post(n, (ready > n->sim->now ? ready - n->sim->now : 0) + 3000 * MS, listened);
	it->serial = n->sim->mastered;
}

static void op_progress(void *arg, const char *word)
{
	(void)arg;
	(void)word;
}

static void op_finish(void *arg, enum handover_end end)
{
	struct node *n = arg;

	ck_assert(!n->ended || n->end == end);
	n->ended = true;
	n->end = end;
}

static const struct handover_ops ops = {
	.journal = op_journal,
	.call = op_call,
	.cp_role = op_cp_role,
	.mark = op_mark,
	.announce = op_announce,
	.send = op_send,
	.repeat = op_repeat,
	.limit = op_limit,
	.boottime_ns = op_boottime,
	.configure = op_configure,
	.listen = op_listen,
	.progress = op_progress,
	.finish = op_finish,
};

/* ---- runs ---------------------------------------------------------------- */

static void node_begin(struct node *n, bool giver)
{
	struct handover_params p = {
		.giver = giver,
		.attempt = ATTEMPT,
		.lease_ms = 8000,
		.guard_ms = 2000,
		.step_ms = 3000,
		.verify_ms = 4000,
		.repeat_ms = 100,
		.lan_ports = 2,
	};

	n->life++;
	n->listening = false;
	handover_init(&n->h, &p, &ops, n);
	handover_start(&n->h, n->state, n->cp, n->fp, 10, &n->k);
}

static struct sim *sim_new(unsigned int seed, unsigned int loss)
{
	struct sim *s = calloc(1, sizeof(*s));

	ck_assert_ptr_nonnull(s);
	s->now = 1000 * MS;
	s->seed = seed * 2654435761U + 1;
	s->loss = loss;
	s->a.sim = s->b.sim = s;
	s->a.peer = &s->b;
	s->b.peer = &s->a;
	s->a.cp = s->b.cp = 4;
	s->a.fp = s->b.fp = 10;
	s->a.k = s->b.k = (struct handover_kernel){ .cp_term = 4, .fp_term = 10 };
	s->a.k.role = NETSLICE_ROLE_MASTER;
	s->learnt = &s->a;
	s->a.cp_master = true;
	s->a.healthy = s->b.healthy = true;
	return s;
}

static bool sim_step(struct sim *s, uint64_t until)
{
	unsigned int i, first = 0;
	struct item it;

	for (i = 1; i < s->n; i++)
		if (s->q[i].at < s->q[first].at ||
		    (s->q[i].at == s->q[first].at && s->q[i].order < s->q[first].order))
			first = i;
	if (!s->n || s->q[first].at > until)
		return false;
	it = s->q[first];
	s->q[first] = s->q[--s->n];
	s->now = it.at;
	it.run(it.node, &it);
	return true;
}

static void sim_run(struct sim *s, uint64_t ms)
{
	uint64_t until = s->now + ms * MS;

	while (sim_step(s, until) && !(s->a.ended && s->b.ended))
		;
	if (!(s->a.ended && s->b.ended))
		s->now = until;
}

static void check_rest(struct sim *s, unsigned int seed)
{
	const struct node *m = s->a.k.role == NETSLICE_ROLE_MASTER ? &s->a : &s->b;
	const struct node *o = m->peer;

	ck_assert_msg(!s->both_masters, "seed %u: two masters", seed);
	ck_assert_msg(s->a.ended && s->b.ended, "seed %u: not at rest: A %s role %u, B %s role %u",
		      seed, handover_state_name(s->a.h.state), s->a.k.role,
		      handover_state_name(s->b.h.state), s->b.k.role);
	ck_assert_msg(s->a.end == s->b.end, "seed %u: the nodes disagree", seed);
	ck_assert_msg(m->k.role == NETSLICE_ROLE_MASTER, "seed %u: no master", seed);
	ck_assert_uint_eq(m->k.lease, NETSLICE_LEASE_NONE);
	ck_assert_uint_eq(o->k.role, NETSLICE_ROLE_STANDBY);
	ck_assert_msg(m->cp_master && !o->cp_master, "seed %u: CP: A %s %d, B %s %d", seed, handover_state_name(s->a.h.state), s->a.cp_master, handover_state_name(s->b.h.state), s->b.cp_master);
	ck_assert_msg(m->k.cp_term == o->k.cp_term, "seed %u: cp-terms differ", seed);
	ck_assert_msg((m == &s->b) == (s->a.end == HANDOVER_END_COMPLETE),
		      "seed %u: master and outcome do not fit", seed);
}

START_TEST(clean_link_completes)
{
	struct sim *s = sim_new((unsigned int)_i, 0);

	node_begin(&s->a, true);
	node_begin(&s->b, false);
	sim_run(s, 60000);
	check_rest(s, (unsigned int)_i);
	ck_assert_int_eq(s->a.end, HANDOVER_END_COMPLETE);
	ck_assert_uint_eq(s->b.k.fp_term, 11);
	ck_assert_uint_eq(s->b.k.cp_term, 5);
	free(s);
}
END_TEST

START_TEST(lossy_link_comes_to_rest)
{
	struct sim *s = sim_new((unsigned int)_i, 30);

	node_begin(&s->a, true);
	node_begin(&s->b, false);
	sim_run(s, 120000);
	check_rest(s, (unsigned int)_i);
	free(s);
}
END_TEST

/* Markers, probes and announcements are said again until they have arrived. */
START_TEST(lossy_lan_completes)
{
	struct sim *s = sim_new((unsigned int)_i, 0);

	s->lan_loss = 60;
	node_begin(&s->a, true);
	node_begin(&s->b, false);
	sim_run(s, 120000);
	check_rest(s, (unsigned int)_i);
	ck_assert_int_eq(s->a.end, HANDOVER_END_COMPLETE);
	free(s);
}
END_TEST

START_TEST(lossy_lan_rolls_back)
{
	struct sim *s = sim_new((unsigned int)_i, 10);

	s->lan_loss = 60;
	s->b.healthy = false;
	node_begin(&s->a, true);
	node_begin(&s->b, false);
	sim_run(s, 120000);
	check_rest(s, (unsigned int)_i);
	ck_assert_int_eq(s->a.end, HANDOVER_END_ROLLED_BACK);
	free(s);
}
END_TEST

START_TEST(bad_health_rolls_back)
{
	struct sim *s = sim_new((unsigned int)_i, (unsigned int)_i % 30);

	s->b.healthy = false;
	node_begin(&s->a, true);
	node_begin(&s->b, false);
	sim_run(s, 120000);
	check_rest(s, (unsigned int)_i);
	ck_assert_int_eq(s->a.end, HANDOVER_END_ROLLED_BACK);
	free(s);
}
END_TEST

START_TEST(refused_mastership_rolls_back)
{
	struct sim *s = sim_new((unsigned int)_i, 10);

	s->refuse_master = true;
	node_begin(&s->a, true);
	node_begin(&s->b, false);
	sim_run(s, 120000);
	check_rest(s, (unsigned int)_i);
	ck_assert_int_eq(s->a.end, HANDOVER_END_ROLLED_BACK);
	ck_assert_uint_eq(s->a.k.fp_term, 12);
	free(s);
}
END_TEST

START_TEST(abort_at_any_moment)
{
	struct sim *s = sim_new((unsigned int)_i, 10);
	struct node *who = rnd(s, 2) ? &s->a : &s->b;

	node_begin(&s->a, true);
	node_begin(&s->b, false);
	sim_run(s, rnd(s, 1500));
	if (!who->ended && handover_may_abort(&who->h))
		handover_abort(&who->h);
	sim_run(s, 120000);
	check_rest(s, (unsigned int)_i);
	free(s);
}
END_TEST

START_TEST(daemons_restart_at_any_moment)
{
	struct sim *s = sim_new((unsigned int)_i, 10);
	unsigned int i;

	node_begin(&s->a, true);
	node_begin(&s->b, false);
	for (i = 0; i < 3; i++) {
		struct node *who = rnd(s, 2) ? &s->a : &s->b;

		sim_run(s, rnd(s, 800));
		if (!who->ended)
			node_begin(who, who == &s->a);
	}
	sim_run(s, 120000);
	check_rest(s, (unsigned int)_i);
	free(s);
}
END_TEST

START_TEST(link_cut_at_any_moment)
{
	struct sim *s = sim_new((unsigned int)_i, 5);

	node_begin(&s->a, true);
	node_begin(&s->b, false);
	sim_run(s, rnd(s, 1500));
	s->cut = true;
	sim_run(s, 5000 + rnd(s, 20000));
	s->cut = false;
	sim_run(s, 120000);
	check_rest(s, (unsigned int)_i);
	free(s);
}
END_TEST

/* The kernel forgets role and lease; the daemon loads the terms that are durable. */
static void node_reboot(struct node *n)
{
	kernel_lease(n, NETSLICE_LEASE_NONE, 0);
	n->k = (struct handover_kernel){ .cp_term = n->cp, .fp_term = n->fp };
	n->booted = n->sim->now;
	n->cp_master = false;
	node_begin(n, n == &n->sim->a);
}

START_TEST(nodes_reboot_at_any_moment)
{
	struct sim *s = sim_new((unsigned int)_i, 10);
	unsigned int i;

	node_begin(&s->a, true);
	node_begin(&s->b, false);
	for (i = 0; i < 2; i++) {
		struct node *who = rnd(s, 2) ? &s->a : &s->b;

		sim_run(s, rnd(s, 1200));
		if (!who->ended)
			node_reboot(who);
	}
	sim_run(s, 240000);
	check_rest(s, (unsigned int)_i);
	free(s);
}
END_TEST

START_TEST(names_are_known)
{
	int i;

	for (i = 0; i < HANDOVER_STATE_COUNT; i++)
		ck_assert_int_eq(handover_state_value(handover_state_name(i)), i);
	for (i = 0; i < HANDOVER_STEP_COUNT; i++)
		ck_assert_int_eq(handover_step_value(handover_step_name(i)), i);
	ck_assert_int_eq(handover_state_value("no such state"), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("handover");
	TCase *tc = tcase_create("runs");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, names_are_known);
	tcase_add_loop_test(tc, clean_link_completes, 0, 40);
	tcase_add_loop_test(tc, lossy_link_comes_to_rest, 0, 60);
	tcase_add_loop_test(tc, lossy_lan_completes, 0, 60);
	tcase_add_loop_test(tc, lossy_lan_rolls_back, 0, 60);
	tcase_add_loop_test(tc, bad_health_rolls_back, 0, 60);
	tcase_add_loop_test(tc, refused_mastership_rolls_back, 0, 30);
	tcase_add_loop_test(tc, abort_at_any_moment, 0, 300);
	tcase_add_loop_test(tc, daemons_restart_at_any_moment, 0, 300);
	tcase_add_loop_test(tc, link_cut_at_any_moment, 0, 300);
	tcase_add_loop_test(tc, nodes_reboot_at_any_moment, 0, 300);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
