// SPDX-License-Identifier: GPL-2.0-or-later
/* The node that gives a slice: A of Documentation/handover-model.md. */
#include "handover_int.h"

/* Mastership again: the kernel has a later term where something was drained. */
static void take_back(struct handover *h, bool drained)
{
	uint64_t cp = h->state == HANDOVER_HOT ? h->cp_term : h->cp_term + 1;

	handover_journal(h, HANDOVER_BACK, cp, drained ? h->fp_base + 2 : h->fp_base);
}

static void decide_a_hot(struct handover *h)
{
	if (h->abort || handover_orphaned(h))
		take_back(h, false);
	else
		handover_journal(h, HANDOVER_CP_GRANTED, h->cp_term + 1, h->fp_term);
}

static void decide_cp_granted(struct handover *h)
{
	if (handover_unwanted(h) || handover_orphaned(h)) {
		take_back(h, false);
		return;
	}
	if (handover_raise_cp(h) || handover_set_cp(h, false))
		return;
	h->ops->progress(h->arg, "cp-switched");
	if (handover_heard(h, HANDOVER_READY))
		handover_journal(h, HANDOVER_HANDING, h->cp_term, h->fp_term);
	else
		handover_say(h, HANDOVER_CPGRANT);
}

static void decide_handing(struct handover *h)
{
	struct handover_call drain = {		/* K2 */
		.answer = true,
		.lease_action = NETSLICE_LEASE_RECLAIM,
		.lease_ms = h->p.lease_ms + h->p.guard_ms,
	};

	if (handover_returned(h)) {
		take_back(h, true);
	} else if (handover_unwanted(h) || handover_orphaned(h)) {
		take_back(h, !handover_is_role(h, NETSLICE_ROLE_MASTER));
	} else if (handover_is_role(h, NETSLICE_ROLE_MASTER)) {
		handover_call_role(h, NETSLICE_ROLE_DRAINING, &drain);
	} else if (!h->marked) {
		handover_mark_drain(h, HANDOVER_COOKIE_DRAIN);
		handover_say(h, HANDOVER_DRAINED);
	} else if (handover_heard(h, HANDOVER_REQUEST)) {
		handover_journal(h, HANDOVER_GRANTED, h->cp_term, h->fp_base + 1);
	} else {
		/* a marker may have been lost with a link that was down */
		if (!(h->sent & 1U << HANDOVER_DRAINED))
			handover_mark_drain(h, HANDOVER_COOKIE_DRAIN);
		handover_say(h, HANDOVER_DRAINED);
	}
}

/* VOIDED: may A take mastership back at once? Only while its own lease proves that it gave it. */
static bool void_usable(const struct handover *h)
{
	return handover_heard(h, HANDOVER_VOIDED) && handover_leased(h, NETSLICE_LEASE_RECLAIM) &&
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

	if (handover_returned(h) || void_usable(h)) {
		take_back(h, true);
	} else if (handover_heard(h, HANDOVER_VERIFIED)) {
		handover_journal(h, HANDOVER_COMMITTING, h->cp_term, h->fp_term);
	} else if (handover_orphaned(h)) {
		outlive_grant(h);
	} else if (h->abort) {
		handover_journal(h, HANDOVER_ROLLING, h->cp_term, h->fp_term);
	} else if (!h->muted && handover_is_role(h, NETSLICE_ROLE_DRAINING) &&
		   handover_leased(h, NETSLICE_LEASE_RECLAIM)) {
		h->muted = true;
		handover_call_role(h, NETSLICE_ROLE_DRAINING, &mute);
	} else if (!handover_heard(h, HANDOVER_TAKEN)) {
		if (h->muted)
			handover_say(h, HANDOVER_GRANT);
	} else {
		h->ops->progress(h->arg, "fp-switched");
		if (h->quiet && handover_is_role(h, NETSLICE_ROLE_DRAINING))
			handover_call_role(h, NETSLICE_ROLE_STANDBY, &rest);
		else if (!h->quiet)
			handover_probe(h);
	}
}

static void decide_rolling(struct handover *h)
{
	struct handover_call accept = { .lease_keep = true };	/* K8b */

	h->ops->progress(h->arg, "rolling-back");
	if (handover_returned(h) || void_usable(h))
		take_back(h, true);
	else if (handover_is_role(h, NETSLICE_ROLE_STANDBY) && handover_leased(h, NETSLICE_LEASE_RECLAIM))
		handover_call_role(h, NETSLICE_ROLE_DRAINING, &accept);
	else if (handover_orphaned(h))
		outlive_grant(h);
	else
		handover_say(h, HANDOVER_TAKEBACK);
}

/* Once B has what it needs, A stops forwarding as soon as nothing comes any more. */
static bool come_to_rest(struct handover *h)
{
	struct handover_call rest = { .lease_keep = true };

	if (!h->quiet || !handover_is_role(h, NETSLICE_ROLE_DRAINING))
		return false;
	handover_call_role(h, NETSLICE_ROLE_STANDBY, &rest);
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

	if (handover_returned(h)) {
		take_back(h, true);
	} else if (handover_leased(h, NETSLICE_LEASE_RECLAIM)) {
		handover_call(h, &end);
	} else if (handover_heard(h, HANDOVER_COMPLETED)) {
		handover_journal(h, HANDOVER_DONE, h->cp_term, h->fp_term);
	} else if (h->ops->boottime_ns(h->arg) < h->silent_until) {
		/* B did not hear it in time: its lease has ended, nobody is master */
		take_back(h, true);
	} else if (!come_to_rest(h)) {
		handover_say(h, HANDOVER_COMMITTED);
		h->ops->listen(h->arg, 0);
		if (!h->quiet && handover_heard(h, HANDOVER_TAKEN))
			handover_probe(h);
	}
}

static void decide_done(struct handover *h)
{
	if (come_to_rest(h) || handover_set_cp(h, false))
		return;
	if (!handover_is_role(h, NETSLICE_ROLE_STANDBY)) {
		handover_probe(h);
		return;
	}
	/* not before: until then B repeats the trail of the last frame that came this way */
	handover_say(h, HANDOVER_DONE_ALL);
	if (!handover_raise_fp(h) && !handover_raise_cp(h))
		handover_finish(h, HANDOVER_END_COMPLETE);
}

static void decide_back(struct handover *h)
{
	struct handover_call again = {		/* K7 */
		.fp_term_new = h->fp_term,
		.lease_check = true,
		.lease_expect = NETSLICE_LEASE_RECLAIM,
	};

	h->ops->progress(h->arg, "rolling-back");
	if (!handover_is_role(h, NETSLICE_ROLE_MASTER)) {
		if (handover_leased(h, NETSLICE_LEASE_RECLAIM))
			handover_call_role(h, NETSLICE_ROLE_MASTER, &again);
		else
			handover_claim(h, 0);
		return;
	}
	if (handover_raise_cp(h) || handover_set_cp(h, true))
		return;
	if (!handover_heard(h, HANDOVER_FOLLOWED)) {
		if (h->evidence)
			handover_trail(h);
		else if (handover_returned(h))
			handover_announce(h);
		handover_say(h, HANDOVER_BACK_AT);
	}
	handover_finish(h, HANDOVER_END_ROLLED_BACK);
}

const handover_decide_fn handover_give[HANDOVER_STATE_COUNT] = {
	[HANDOVER_HOT] = decide_a_hot,
	[HANDOVER_CP_GRANTED] = decide_cp_granted,
	[HANDOVER_HANDING] = decide_handing,
	[HANDOVER_GRANTED] = decide_granted,
	[HANDOVER_ROLLING] = decide_rolling,
	[HANDOVER_COMMITTING] = decide_committing,
	[HANDOVER_DONE] = decide_done,
	[HANDOVER_BACK] = decide_back,
};
