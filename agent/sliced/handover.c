// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decisions stand in one function for each state. Such a function looks at the
 * facts and does the first thing that is to be done, then returns: the answer
 * to it, or the next event, leads to the next look. What is only to be said is
 * said on each look, but once between two runs of the repeat timer.
 *
 * The letters K1 to K11 are the kernel calls of Documentation/handover.md.
 */
#include "handover.h"

#include <errno.h>
#include <linux/netslice.h>
#include <string.h>

static const char *const state_names[HANDOVER_STATE_COUNT] = {
	[HANDOVER_HOT] = "hot",
	[HANDOVER_CP_GRANTED] = "cp-granted",
	[HANDOVER_HANDING] = "handing",
	[HANDOVER_GRANTED] = "granted",
	[HANDOVER_ROLLING] = "rolling",
	[HANDOVER_COMMITTING] = "committing",
	[HANDOVER_DONE] = "done",
	[HANDOVER_BACK] = "back",
	[HANDOVER_PREPARING] = "preparing",
	[HANDOVER_TAKING] = "taking",
	[HANDOVER_COMPLETE] = "complete",
	[HANDOVER_OWNER] = "owner",
	[HANDOVER_VOID] = "void",
};

static const char *const step_names[HANDOVER_STEP_COUNT] = {
	[HANDOVER_CPGRANT] = "cp-grant",
	[HANDOVER_READY] = "ready",
	[HANDOVER_DRAINED] = "drained",
	[HANDOVER_REQUEST] = "request",
	[HANDOVER_GRANT] = "grant",
	[HANDOVER_TAKEN] = "taken",
	[HANDOVER_VERIFIED] = "verified",
	[HANDOVER_COMMITTED] = "committed",
	[HANDOVER_COMPLETED] = "completed",
	[HANDOVER_DONE_ALL] = "done",
	[HANDOVER_ROLLBACK] = "rollback",
	[HANDOVER_TAKEBACK] = "takeback",
	[HANDOVER_VOIDED] = "void",
	[HANDOVER_BACK_AT] = "back",
	[HANDOVER_FOLLOWED] = "followed",
};

static int find_name(const char *const *names, int count, const char *name)
{
	int i;

	for (i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

const char *handover_state_name(enum handover_state state)
{
	return (unsigned int)state < HANDOVER_STATE_COUNT ? state_names[state] : "?";
}

const char *handover_step_name(enum handover_step step)
{
	return (unsigned int)step < HANDOVER_STEP_COUNT ? step_names[step] : "?";
}

int handover_state_value(const char *name)
{
	return find_name(state_names, HANDOVER_STATE_COUNT, name);
}

int handover_step_value(const char *name)
{
	return find_name(step_names, HANDOVER_STEP_COUNT, name);
}

/* ---- facts ------------------------------------------------------------- */

static bool heard(const struct handover *h, enum handover_step step)
{
	return h->heard & 1U << step;
}

static bool is_role(const struct handover *h, uint8_t role)
{
	return h->kernel.role == role;
}

/* A's kernel took mastership back by itself, or was told to. */
static bool returned(const struct handover *h)
{
	return is_role(h, NETSLICE_ROLE_MASTER) && h->kernel.fp_term > h->fp_base;
}

static bool leased(const struct handover *h, uint8_t action)
{
	return h->kernel.lease == action;
}

static bool unwanted(const struct handover *h)
{
	return h->abort || h->limit_hit;
}

static bool request_late(const struct handover *h)
{
	return h->request_ns &&
	       h->ops->boottime_ns(h->arg) >= h->request_ns + h->p.lease_ms * 1000000ULL;
}

/* ---- doing ------------------------------------------------------------- */

static void say(struct handover *h, enum handover_step step)
{
	struct handover_msg msg = {
		.step = step,
		.attempt = h->p.attempt,
		.cp_term = h->cp_term,
		.fp_term = h->fp_term,
		.detail = "",
	};

	if (h->sent & 1U << step)
		return;
	h->sent |= 1U << step;
	if (step == HANDOVER_VOIDED)
		msg.fp_term = h->was_master ? h->fp_base + 1 : h->fp_base;
	h->ops->send(h->arg, &msg);
	h->ops->repeat(h->arg, h->p.repeat_ms);
}

static void journal(struct handover *h, enum handover_state state, uint64_t cp_term,
		    uint64_t fp_term)
{
	h->busy = HANDOVER_JOURNAL;
	h->next = state;
	h->next_cp = cp_term;
	h->next_fp = fp_term;
	h->ops->journal(h->arg, state, cp_term, fp_term);
}

static void call(struct handover *h, const struct handover_call *c)
{
	h->busy = HANDOVER_CALL;
	h->ops->call(h->arg, c);
}

/* ROLE_SET to @role from what the kernel has now; the rest of @c is the caller's. */
static void call_role(struct handover *h, uint8_t role, struct handover_call *c)
{
	c->what = HANDOVER_CALL_ROLE;
	c->fp_term = h->kernel.fp_term;
	c->role = role;
	c->role_expect = h->kernel.role;
	call(h, c);
}

/* The kernel's cp-term follows the journal's. Return: true if a call was made. */
static bool raise_cp(struct handover *h)
{
	struct handover_call c = {
		.what = HANDOVER_CALL_CP_TERM,
		.cp_expect = h->kernel.cp_term,
		.cp_term = h->cp_term,
	};

	if (h->kernel.cp_term >= h->cp_term)
		return false;
	call(h, &c);
	return true;
}

/* So does the fp-term of a kernel that is not master. */
static bool raise_fp(struct handover *h)
{
	struct handover_call c = {
		.what = HANDOVER_CALL_FP_TERM,
		.fp_term = h->kernel.fp_term,
		.fp_term_new = h->fp_term,
	};

	if (h->kernel.fp_term >= h->fp_term)
		return false;
	call(h, &c);
	return true;
}

static bool set_cp(struct handover *h, bool master)
{
	if (h->cp_known && h->cp_master == master)
		return false;
	h->busy = HANDOVER_CP;
	h->cp_master = master;
	h->ops->cp_role(h->arg, master, h->cp_term);
	return true;
}

static void finish(struct handover *h, enum handover_end end)
{
	if (h->finished)
		return;
	h->finished = true;
	h->ops->limit(h->arg, 0);
	h->ops->progress(h->arg, end == HANDOVER_END_COMPLETE ? "complete" : "rolled-back");
	h->ops->finish(h->arg, end);
}

static void probe(struct handover *h)
{
	if (h->sent & 1U << 31)
		return;
	h->sent |= 1U << 31;
	h->ops->mark(h->arg, NETSLICE_FRAME_PROBE, h->p.attempt + HANDOVER_COOKIE_PROBE,
		     h->kernel.fp_term);
	h->ops->repeat(h->arg, h->p.repeat_ms);
}

static void trail(struct handover *h)
{
	if (h->sent & 1U << 31)
		return;
	h->sent |= 1U << 31;
	h->ops->mark(h->arg, NETSLICE_FRAME_MARKER, h->p.attempt + HANDOVER_COOKIE_TRAIL,
		     h->kernel.fp_term);
	h->ops->repeat(h->arg, h->p.repeat_ms);
}

static void mark_drain(struct handover *h, unsigned int cookie)
{
	h->marked = true;
	h->ops->mark(h->arg, NETSLICE_FRAME_MARKER, h->p.attempt + cookie, h->kernel.fp_term);
}

/*
 * Takeover: this node owns the slice, is not master, and no lease of its own
 * runs: it was rebooted, or the other node's lease ended unconfirmed. Only the
 * LANs' silence shows that nobody is master. The new term is journalled first.
 */
static void claim(struct handover *h, uint32_t boot_ms)
{
	struct handover_call master = {		/* K10 */
		.fp_term_new = h->fp_term,
		.lease_check = true,
		.lease_expect = NETSLICE_LEASE_NONE,
		.not_after = h->silent_until,
	};

	if (h->ops->boottime_ns(h->arg) >= h->silent_until) {
		h->ops->listen(h->arg, boot_ms);
		h->ops->repeat(h->arg, h->p.repeat_ms);
	} else if (h->fp_term <= h->kernel.fp_term) {
		journal(h, h->state, h->cp_term, h->fp_term + 2);
	} else {
		call_role(h, NETSLICE_ROLE_MASTER, &master);
	}
}

/* Not master, and nothing in the kernel that will change it. */
static bool orphaned(const struct handover *h)
{
	return !is_role(h, NETSLICE_ROLE_MASTER) && leased(h, NETSLICE_LEASE_NONE);
}

/* ---- A ------------------------------------------------------------------ */

/* Mastership again: the kernel has a later term where something was drained. */
static void take_back(struct handover *h, bool drained)
{
	uint64_t cp = h->state == HANDOVER_HOT ? h->cp_term : h->cp_term + 1;

	journal(h, HANDOVER_BACK, cp, drained ? h->fp_base + 2 : h->fp_base);
}

static void decide_a_hot(struct handover *h)
{
	if (h->abort || orphaned(h))
		take_back(h, false);
	else
		journal(h, HANDOVER_CP_GRANTED, h->cp_term + 1, h->fp_term);
}

static void decide_cp_granted(struct handover *h)
{
	if (unwanted(h) || orphaned(h)) {
		take_back(h, false);
		return;
	}
	if (raise_cp(h) || set_cp(h, false))
		return;
	h->ops->progress(h->arg, "cp-switched");
	if (heard(h, HANDOVER_READY))
		journal(h, HANDOVER_HANDING, h->cp_term, h->fp_term);
	else
		say(h, HANDOVER_CPGRANT);
}

static void decide_handing(struct handover *h)
{
	struct handover_call drain = {		/* K2 */
		.answer = true,
		.lease_action = NETSLICE_LEASE_RECLAIM,
		.lease_ms = h->p.lease_ms + h->p.guard_ms,
	};

	if (returned(h)) {
		take_back(h, true);
	} else if (unwanted(h) || orphaned(h)) {
		take_back(h, !is_role(h, NETSLICE_ROLE_MASTER));
	} else if (is_role(h, NETSLICE_ROLE_MASTER)) {
		call_role(h, NETSLICE_ROLE_DRAINING, &drain);
	} else if (!h->marked) {
		mark_drain(h, HANDOVER_COOKIE_DRAIN);
		say(h, HANDOVER_DRAINED);
	} else if (heard(h, HANDOVER_REQUEST)) {
		journal(h, HANDOVER_GRANTED, h->cp_term, h->fp_base + 1);
	} else {
		/* a marker may have been lost with a link that was down */
		if (!(h->sent & 1U << HANDOVER_DRAINED))
			mark_drain(h, HANDOVER_COOKIE_DRAIN);
		say(h, HANDOVER_DRAINED);
	}
}

/* VOIDED: may A take mastership back at once? Only while its own lease proves that it gave it. */
static bool void_usable(const struct handover *h)
{
	return heard(h, HANDOVER_VOIDED) && leased(h, NETSLICE_LEASE_RECLAIM) &&
	       (!h->peer_was_master || h->markers || h->limit_hit || !h->p.lan_ports);
}

/*
 * A was rebooted while B had its grant: B may be master for as long as its lease
 * runs, and may be let keep it. After that, only silence counts.
 */
static void outlive_grant(struct handover *h)
{
	uint32_t both = h->p.lease_ms + h->p.guard_ms;

	if (h->ops->boottime_ns(h->arg) < h->silent_until) {
		take_back(h, true);
		return;
	}
	h->ops->listen(h->arg, both);
	h->ops->repeat(h->arg, h->p.repeat_ms);
}

static void decide_granted(struct handover *h)
{
	struct handover_call mute = {		/* K3 */
		.lease_action = NETSLICE_LEASE_RECLAIM,
		.lease_ms = h->p.lease_ms + h->p.guard_ms,
		.lease_check = true,
		.lease_expect = NETSLICE_LEASE_RECLAIM,
	};
	struct handover_call rest = { .lease_keep = true };	/* K8 */

	if (returned(h) || void_usable(h)) {
		take_back(h, true);
	} else if (heard(h, HANDOVER_VERIFIED)) {
		journal(h, HANDOVER_COMMITTING, h->cp_term, h->fp_term);
	} else if (orphaned(h)) {
		outlive_grant(h);
	} else if (h->abort) {
		journal(h, HANDOVER_ROLLING, h->cp_term, h->fp_term);
	} else if (!h->muted && is_role(h, NETSLICE_ROLE_DRAINING) &&
		   leased(h, NETSLICE_LEASE_RECLAIM)) {
		h->muted = true;
		call_role(h, NETSLICE_ROLE_DRAINING, &mute);
	} else if (!heard(h, HANDOVER_TAKEN)) {
		if (h->muted)
			say(h, HANDOVER_GRANT);
	} else {
		h->ops->progress(h->arg, "fp-switched");
		if (h->quiet && is_role(h, NETSLICE_ROLE_DRAINING))
			call_role(h, NETSLICE_ROLE_STANDBY, &rest);
		else if (!h->quiet)
			probe(h);
	}
}

static void decide_rolling(struct handover *h)
{
	struct handover_call accept = { .lease_keep = true };	/* K8b */

	h->ops->progress(h->arg, "rolling-back");
	if (returned(h) || void_usable(h))
		take_back(h, true);
	else if (is_role(h, NETSLICE_ROLE_STANDBY) && leased(h, NETSLICE_LEASE_RECLAIM))
		call_role(h, NETSLICE_ROLE_DRAINING, &accept);
	else if (orphaned(h))
		outlive_grant(h);
	else
		say(h, HANDOVER_TAKEBACK);
}

/* Once B has what it needs, A stops forwarding as soon as nothing comes any more. */
static bool come_to_rest(struct handover *h)
{
	struct handover_call rest = { .lease_keep = true };

	if (!h->quiet || !is_role(h, NETSLICE_ROLE_DRAINING))
		return false;
	call_role(h, NETSLICE_ROLE_STANDBY, &rest);
	return true;
}

static void decide_committing(struct handover *h)
{
	struct handover_call end = {		/* K5 */
		.what = HANDOVER_CALL_LEASE_END,
		.fp_term = h->kernel.fp_term,
		.lease_check = true,
		.lease_expect = NETSLICE_LEASE_RECLAIM,
	};

	if (returned(h)) {
		take_back(h, true);
	} else if (leased(h, NETSLICE_LEASE_RECLAIM)) {
		call(h, &end);
	} else if (heard(h, HANDOVER_COMPLETED)) {
		journal(h, HANDOVER_DONE, h->cp_term, h->fp_term);
	} else if (h->ops->boottime_ns(h->arg) < h->silent_until) {
		/* B did not hear it in time: its lease has ended, nobody is master */
		take_back(h, true);
	} else if (!come_to_rest(h)) {
		say(h, HANDOVER_COMMITTED);
		h->ops->listen(h->arg, 0);
		if (!h->quiet && heard(h, HANDOVER_TAKEN))
			probe(h);
	}
}

static void decide_done(struct handover *h)
{
	if (come_to_rest(h) || set_cp(h, false))
		return;
	say(h, HANDOVER_DONE_ALL);
	if (is_role(h, NETSLICE_ROLE_STANDBY) && (raise_fp(h) || raise_cp(h)))
		return;
	if (is_role(h, NETSLICE_ROLE_STANDBY))
		finish(h, HANDOVER_END_COMPLETE);
	else
		probe(h);
}

static void decide_back(struct handover *h)
{
	struct handover_call again = {		/* K7 */
		.fp_term_new = h->fp_term,
		.lease_check = true,
		.lease_expect = NETSLICE_LEASE_RECLAIM,
	};

	h->ops->progress(h->arg, "rolling-back");
	if (!is_role(h, NETSLICE_ROLE_MASTER)) {
		if (leased(h, NETSLICE_LEASE_RECLAIM))
			call_role(h, NETSLICE_ROLE_MASTER, &again);
		else
			claim(h, 0);
		return;
	}
	if (raise_cp(h) || set_cp(h, true))
		return;
	if (h->evidence)
		trail(h);
	if (!heard(h, HANDOVER_FOLLOWED))
		say(h, HANDOVER_BACK_AT);
	finish(h, HANDOVER_END_ROLLED_BACK);
}

/* ---- B ------------------------------------------------------------------ */

static void decide_b_hot(struct handover *h)
{
	if (h->abort || heard(h, HANDOVER_BACK_AT))
		journal(h, HANDOVER_VOID, h->cp_term, h->fp_term);
	else if (heard(h, HANDOVER_CPGRANT) && h->peer_cp_term > h->cp_term)
		journal(h, HANDOVER_PREPARING, h->peer_cp_term, h->fp_term);
}

static bool b_gives_up(const struct handover *h)
{
	return h->abort || heard(h, HANDOVER_BACK_AT) || heard(h, HANDOVER_TAKEBACK) ||
	       request_late(h) || (h->limit_hit && !h->request_ns);
}

static void decide_preparing(struct handover *h)
{
	struct handover_call ready = { 0 };	/* K1 */

	if (b_gives_up(h)) {
		journal(h, HANDOVER_VOID, h->cp_term, h->fp_term);
		return;
	}
	if (raise_cp(h) || raise_fp(h) || set_cp(h, true))
		return;
	h->ops->progress(h->arg, "cp-switched");
	if (is_role(h, NETSLICE_ROLE_STANDBY)) {
		call_role(h, NETSLICE_ROLE_READY, &ready);
		return;
	}
	if (!heard(h, HANDOVER_DRAINED) || (!h->markers && h->p.lan_ports)) {
		say(h, HANDOVER_READY);
		return;
	}
	if (!h->request_ns)
		h->request_ns = h->ops->boottime_ns(h->arg);
	if (heard(h, HANDOVER_GRANT))
		journal(h, HANDOVER_TAKING, h->cp_term, h->fp_base + 1);
	else
		say(h, HANDOVER_REQUEST);
}

/* B is master by lease: is it well, and what do both nodes make of it? */
static void decide_verified(struct handover *h)
{
	struct handover_call keep = {		/* K6 */
		.lease_check = true,
		.lease_expect = NETSLICE_LEASE_DRAIN,
	};

	if (heard(h, HANDOVER_COMMITTED)) {
		call_role(h, NETSLICE_ROLE_MASTER, &keep);
		return;
	}
	if (h->limit_hit || h->abort)
		h->verdict = h->verdict > 0 ? 1 : -1;
	if (h->verdict > 0) {
		say(h, HANDOVER_VERIFIED);
	} else if (h->verdict < 0) {
		h->ops->progress(h->arg, "rolling-back");
		say(h, HANDOVER_ROLLBACK);
	} else if (!h->evidence && h->p.lan_ports) {
		say(h, HANDOVER_TAKEN);
	} else if (!h->configuring) {
		h->configuring = true;
		h->ops->progress(h->arg, "configure");
		h->ops->configure(h->arg);
	} else {
		say(h, HANDOVER_TAKEN);
	}
	if (h->evidence)
		trail(h);
}

static void take(struct handover *h)
{
	struct handover_call master = {		/* K4 */
		.fp_term_new = h->fp_base + 1,
		.lease_action = NETSLICE_LEASE_DRAIN,
		.lease_until = h->request_ns + h->p.lease_ms * 1000000ULL,
	};

	call_role(h, NETSLICE_ROLE_MASTER, &master);
}

static void give_back(struct handover *h)
{
	struct handover_call drain = {		/* K11 */
		.answer = true,
		.lease_check = true,
		.lease_expect = NETSLICE_LEASE_DRAIN,
	};

	call_role(h, NETSLICE_ROLE_DRAINING, &drain);
}

static void decide_taking(struct handover *h)
{
	if (is_role(h, NETSLICE_ROLE_MASTER)) {
		h->was_master = true;
		h->ops->progress(h->arg, "fp-switched");
		if (raise_cp(h) || set_cp(h, true))
			return;
		if (leased(h, NETSLICE_LEASE_NONE))
			journal(h, HANDOVER_COMPLETE, h->cp_term, h->fp_term);
		else if (heard(h, HANDOVER_TAKEBACK))
			give_back(h);
		else
			decide_verified(h);
	} else if (h->was_master) {
		/* drained by request, or because the lease ended */
		if (!h->marked)
			mark_drain(h, HANDOVER_COOKIE_RETURN);
		journal(h, HANDOVER_VOID, h->cp_term, h->fp_base + 1);
	} else if (h->refused || b_gives_up(h)) {
		journal(h, HANDOVER_VOID, h->cp_term, h->fp_base);
	} else {
		take(h);
	}
}

static void decide_complete(struct handover *h)
{
	if (heard(h, HANDOVER_DONE_ALL)) {
		journal(h, HANDOVER_OWNER, h->cp_term, h->fp_term);
		return;
	}
	if (raise_cp(h) || set_cp(h, true))
		return;
	say(h, HANDOVER_COMPLETED);
	/* A may still wait for the trail of the last frame that came its way */
	trail(h);
}

static void decide_owner(struct handover *h)
{
	if (orphaned(h)) {
		claim(h, 0);
		return;
	}
	if (!raise_cp(h) && !set_cp(h, true))
		finish(h, HANDOVER_END_COMPLETE);
}

/*
 * A is master again: B follows its terms. Until then B forwards what still
 * comes its way.
 */
static void decide_void(struct handover *h)
{
	struct handover_call rest = { 0 }, mute = { 0 };

	h->ops->progress(h->arg, "rolling-back");
	if (is_role(h, NETSLICE_ROLE_READY)) {
		call_role(h, NETSLICE_ROLE_STANDBY, &rest);
		return;
	}
	if (is_role(h, NETSLICE_ROLE_DRAINING) && h->kernel.answer) {
		/* A may become master as soon as it hears VOIDED: one of both answers */
		call_role(h, NETSLICE_ROLE_DRAINING, &mute);
		return;
	}
	if (!heard(h, HANDOVER_BACK_AT)) {
		if (is_role(h, NETSLICE_ROLE_DRAINING) && !(h->sent & 1U << HANDOVER_VOIDED))
			mark_drain(h, HANDOVER_COOKIE_RETURN);
		say(h, HANDOVER_VOIDED);
		return;
	}
	if (h->peer_cp_term > h->cp_term || h->peer_fp_term > h->fp_term) {
		journal(h, HANDOVER_VOID,
			h->peer_cp_term > h->cp_term ? h->peer_cp_term : h->cp_term,
			h->peer_fp_term > h->fp_term ? h->peer_fp_term : h->fp_term);
		return;
	}
	if (is_role(h, NETSLICE_ROLE_DRAINING) && h->quiet) {
		call_role(h, NETSLICE_ROLE_STANDBY, &rest);
		return;
	}
	if (raise_cp(h) || set_cp(h, false))
		return;
	if (is_role(h, NETSLICE_ROLE_STANDBY) && raise_fp(h))
		return;
	say(h, HANDOVER_FOLLOWED);
	if (is_role(h, NETSLICE_ROLE_STANDBY))
		finish(h, HANDOVER_END_ROLLED_BACK);
	else
		probe(h);
}

/* ---- deciding ----------------------------------------------------------- */

typedef void (*decide_fn)(struct handover *h);

static const decide_fn deciders[2][HANDOVER_STATE_COUNT] = {
	{	/* B */
		[HANDOVER_HOT] = decide_b_hot,
		[HANDOVER_PREPARING] = decide_preparing,
		[HANDOVER_TAKING] = decide_taking,
		[HANDOVER_COMPLETE] = decide_complete,
		[HANDOVER_OWNER] = decide_owner,
		[HANDOVER_VOID] = decide_void,
	}, {	/* A */
		[HANDOVER_HOT] = decide_a_hot,
		[HANDOVER_CP_GRANTED] = decide_cp_granted,
		[HANDOVER_HANDING] = decide_handing,
		[HANDOVER_GRANTED] = decide_granted,
		[HANDOVER_ROLLING] = decide_rolling,
		[HANDOVER_COMMITTING] = decide_committing,
		[HANDOVER_DONE] = decide_done,
		[HANDOVER_BACK] = decide_back,
	}
};

static void decide(struct handover *h)
{
	decide_fn fn = deciders[h->p.giver][h->state];

	if (h->busy == HANDOVER_IDLE && fn)
		fn(h);
}

/* How long a state may last before this node gives up, where it may. */
static uint32_t limit_of(const struct handover *h)
{
	switch (h->state) {
	case HANDOVER_CP_GRANTED:
	case HANDOVER_HANDING:
	case HANDOVER_GRANTED:
	case HANDOVER_PREPARING:
		return h->p.step_ms;
	case HANDOVER_TAKING:
		return h->p.verify_ms;
	default:
		return 0;
	}
}

static void enter(struct handover *h, enum handover_state state)
{
	h->state = state;
	h->limit_hit = false;
	h->sent = 0;
	h->ops->limit(h->arg, limit_of(h));
}

void handover_init(struct handover *h, const struct handover_params *params,
		   const struct handover_ops *ops, void *arg)
{
	memset(h, 0, sizeof(*h));
	h->p = *params;
	h->ops = ops;
	h->arg = arg;
}

void handover_start(struct handover *h, enum handover_state state, uint64_t cp_term,
		    uint64_t fp_term, uint64_t fp_base, const struct handover_kernel *kernel)
{
	bool taking = state == HANDOVER_PREPARING || state == HANDOVER_TAKING;

	h->cp_term = cp_term;
	h->fp_term = fp_term;
	h->fp_base = fp_base;
	h->kernel = *kernel;
	/* a worker that was not told yet is standby; after a restart nobody knows */
	h->cp_known = state == HANDOVER_HOT &&
		      (!h->p.giver || kernel->role == NETSLICE_ROLE_MASTER);
	h->cp_master = state == HANDOVER_HOT && h->p.giver;
	h->was_master = !h->p.giver && kernel->fp_term > fp_base && state != HANDOVER_HOT;
	/* a request that was made lives in memory only: without it B cannot become master */
	if (taking && kernel->role != NETSLICE_ROLE_MASTER && !h->was_master)
		h->abort = true;
	enter(h, state);
	decide(h);
}

void handover_journalled(struct handover *h, int err)
{
	h->busy = HANDOVER_IDLE;
	if (err) {
		/* the state is what it was: tried again by the repeat timer */
		h->ops->repeat(h->arg, h->p.repeat_ms);
		return;
	}
	h->cp_term = h->next_cp;
	h->fp_term = h->next_fp;
	if (h->state != h->next)
		enter(h, h->next);
	decide(h);
}

void handover_called(struct handover *h, int err, const struct handover_kernel *kernel)
{
	h->busy = HANDOVER_IDLE;
	if (kernel)
		h->kernel = *kernel;
	if (err && h->state == HANDOVER_TAKING && !is_role(h, NETSLICE_ROLE_MASTER))
		h->refused = true;
	if (err) {
		/* what was read tells what to do; not at once, lest it spins */
		h->ops->repeat(h->arg, h->p.repeat_ms);
		if (!h->refused)
			return;
	}
	decide(h);
}

void handover_cp_done(struct handover *h, int err)
{
	h->busy = HANDOVER_IDLE;
	h->cp_known = !err;
	if (err) {
		if (handover_may_abort(h))
			h->abort = true;
		h->ops->repeat(h->arg, h->p.repeat_ms);
		return;
	}
	decide(h);
}

/* What a message of the past must not do: an end that was reached stays. */
static void settle_repeat(struct handover *h, enum handover_step step)
{
	if (h->state == HANDOVER_DONE && step == HANDOVER_COMPLETED)
		h->sent &= ~(1U << HANDOVER_DONE_ALL);
	if (h->state == HANDOVER_BACK && step != HANDOVER_FOLLOWED)
		h->sent &= ~(1U << HANDOVER_BACK_AT);
	if (h->state == HANDOVER_VOID && step == HANDOVER_BACK_AT)
		h->sent &= ~(1U << HANDOVER_FOLLOWED);
	if (h->state == HANDOVER_COMMITTING && step == HANDOVER_VERIFIED)
		h->sent &= ~(1U << HANDOVER_COMMITTED);
}

void handover_message(struct handover *h, const struct handover_msg *msg)
{
	if (msg->attempt != h->p.attempt)
		return;
	if (h->finished)
		settle_repeat(h, msg->step);
	h->heard |= 1U << msg->step;
	if (msg->step == HANDOVER_CPGRANT || msg->step == HANDOVER_BACK_AT) {
		h->peer_cp_term = msg->cp_term;
		h->peer_fp_term = msg->fp_term;
	}
	if (msg->step == HANDOVER_VOIDED)
		h->peer_was_master = msg->fp_term > h->fp_base;
	if (h->p.giver && (msg->step == HANDOVER_ROLLBACK || msg->step == HANDOVER_VOIDED))
		h->abort = true;
	decide(h);
}

void handover_kernel_changed(struct handover *h, const struct handover_kernel *kernel)
{
	h->kernel = *kernel;
	decide(h);
}

void handover_marker(struct handover *h, uint64_t cookie)
{
	unsigned int mine = h->p.giver ? HANDOVER_COOKIE_RETURN : HANDOVER_COOKIE_DRAIN;

	if (cookie != h->p.attempt + mine)
		return;
	h->markers = true;
	decide(h);
}

void handover_evidence(struct handover *h)
{
	h->evidence = true;
	decide(h);
}

void handover_quiet(struct handover *h)
{
	h->quiet = true;
	decide(h);
}

void handover_silent(struct handover *h, uint64_t until_ns)
{
	h->silent_until = until_ns;
	decide(h);
}

void handover_verdict(struct handover *h, bool healthy)
{
	if (h->verdict)
		return;
	h->verdict = healthy ? 1 : -1;
	decide(h);
}

void handover_abort(struct handover *h)
{
	h->abort = true;
	decide(h);
}

void handover_repeat(struct handover *h)
{
	h->sent = 0;
	decide(h);
}

void handover_limit(struct handover *h)
{
	h->limit_hit = true;
	decide(h);
}

bool handover_may_abort(const struct handover *h)
{
	switch (h->state) {
	case HANDOVER_COMMITTING:
	case HANDOVER_DONE:
	case HANDOVER_COMPLETE:
	case HANDOVER_OWNER:
		return false;
	default:
		return true;
	}
}
