// SPDX-License-Identifier: GPL-2.0-or-later
/* The node that takes a slice: B of Documentation/handover-model.md. */
#include "handover_int.h"

static void decide_b_hot(struct handover *h)
{
	if (h->abort || handover_heard(h, HANDOVER_BACK_AT))
		handover_journal(h, HANDOVER_VOID, h->cp_term, h->fp_term);
	else if (handover_heard(h, HANDOVER_CPGRANT) && h->peer_cp_term > h->cp_term)
		handover_journal(h, HANDOVER_PREPARING, h->peer_cp_term, h->fp_term);
}

static bool b_gives_up(const struct handover *h)
{
	return h->abort || handover_heard(h, HANDOVER_BACK_AT) || handover_heard(h, HANDOVER_TAKEBACK) ||
	       handover_request_late(h) || (h->limit_hit && !h->request_ns);
}

static void decide_preparing(struct handover *h)
{
	struct handover_call ready = { 0 };	/* K1 */

	if (b_gives_up(h)) {
		handover_journal(h, HANDOVER_VOID, h->cp_term, h->fp_term);
		return;
	}
	if (handover_raise_cp(h) || handover_raise_fp(h) || handover_set_cp(h, true))
		return;
	h->ops->progress(h->arg, "cp-switched");
	if (handover_is_role(h, NETSLICE_ROLE_STANDBY)) {
		handover_call_role(h, NETSLICE_ROLE_READY, &ready);
		return;
	}
	if (!handover_heard(h, HANDOVER_DRAINED) || (!h->markers && h->p.lan_ports)) {
		handover_say(h, HANDOVER_READY);
		return;
	}
	if (!h->request_ns)
		h->request_ns = h->ops->boottime_ns(h->arg);
	if (handover_heard(h, HANDOVER_GRANT))
		handover_journal(h, HANDOVER_TAKING, h->cp_term, h->fp_base + 1);
	else
		handover_say(h, HANDOVER_REQUEST);
}

/* B is master by lease: is it well, and what do both nodes make of it? */
static void decide_verified(struct handover *h)
{
	struct handover_call keep = {		/* K6 */
		.lease_check = true,
		.lease_expect = NETSLICE_LEASE_DRAIN,
	};

	if (handover_heard(h, HANDOVER_COMMITTED)) {
		handover_call_role(h, NETSLICE_ROLE_MASTER, &keep);
		return;
	}
	if (h->limit_hit || h->abort)
		h->verdict = h->verdict > 0 ? 1 : -1;
	if (h->verdict > 0) {
		handover_say(h, HANDOVER_VERIFIED);
	} else if (h->verdict < 0) {
		h->ops->progress(h->arg, "rolling-back");
		handover_say(h, HANDOVER_ROLLBACK);
	} else if (!h->evidence && h->p.lan_ports) {
		handover_announce(h);
		handover_say(h, HANDOVER_TAKEN);
	} else if (!h->configuring) {
		h->configuring = true;
		h->ops->progress(h->arg, "configure");
		h->ops->configure(h->arg);
	} else {
		handover_say(h, HANDOVER_TAKEN);
	}
	if (h->evidence)
		handover_trail(h);
}

static void take(struct handover *h)
{
	struct handover_call master = {		/* K4 */
		.fp_term_new = h->fp_base + 1,
		.lease_action = NETSLICE_LEASE_DRAIN,
		.lease_until = h->request_ns + h->p.lease_ms * 1000000ULL,
	};

	handover_call_role(h, NETSLICE_ROLE_MASTER, &master);
}

static void give_back(struct handover *h)
{
	struct handover_call drain = {		/* K11 */
		.answer = true,
		.lease_check = true,
		.lease_expect = NETSLICE_LEASE_DRAIN,
	};

	handover_call_role(h, NETSLICE_ROLE_DRAINING, &drain);
}

static void decide_taking(struct handover *h)
{
	if (handover_is_role(h, NETSLICE_ROLE_MASTER)) {
		h->was_master = true;
		h->ops->progress(h->arg, "fp-switched");
		if (handover_raise_cp(h) || handover_set_cp(h, true))
			return;
		if (handover_leased(h, NETSLICE_LEASE_NONE))
			handover_journal(h, HANDOVER_COMPLETE, h->cp_term, h->fp_term);
		else if (handover_heard(h, HANDOVER_TAKEBACK))
			give_back(h);
		else
			decide_verified(h);
	} else if (h->was_master) {
		/* drained by request, or because the lease ended */
		if (!h->marked)
			handover_mark_drain(h, HANDOVER_COOKIE_RETURN);
		handover_journal(h, HANDOVER_VOID, h->cp_term, h->fp_base + 1);
	} else if (h->refused || b_gives_up(h)) {
		handover_journal(h, HANDOVER_VOID, h->cp_term, h->fp_base);
	} else {
		take(h);
	}
}

static void decide_complete(struct handover *h)
{
	if (handover_heard(h, HANDOVER_DONE_ALL)) {
		handover_journal(h, HANDOVER_OWNER, h->cp_term, h->fp_term);
		return;
	}
	if (handover_raise_cp(h) || handover_set_cp(h, true))
		return;
	handover_say(h, HANDOVER_COMPLETED);
	/* A may still wait for the trail of the last frame that came its way */
	handover_trail(h);
}

static void decide_owner(struct handover *h)
{
	if (handover_orphaned(h)) {
		handover_claim(h, 0);
		return;
	}
	if (!handover_raise_cp(h) && !handover_set_cp(h, true))
		handover_finish(h, HANDOVER_END_COMPLETE);
}

/*
 * A is master again: B follows its terms. Until then B forwards what still
 * comes its way.
 */
static void decide_void(struct handover *h)
{
	struct handover_call rest = { 0 }, mute = { 0 };

	h->ops->progress(h->arg, "rolling-back");
	if (handover_is_role(h, NETSLICE_ROLE_READY)) {
		handover_call_role(h, NETSLICE_ROLE_STANDBY, &rest);
		return;
	}
	if (handover_is_role(h, NETSLICE_ROLE_DRAINING) && h->kernel.answer) {
		/* A may become master as soon as it hears VOIDED: one of both answers */
		handover_call_role(h, NETSLICE_ROLE_DRAINING, &mute);
		return;
	}
	if (!handover_heard(h, HANDOVER_BACK_AT)) {
		if (handover_is_role(h, NETSLICE_ROLE_DRAINING) && !(h->sent & 1U << HANDOVER_VOIDED))
			handover_mark_drain(h, HANDOVER_COOKIE_RETURN);
		handover_say(h, HANDOVER_VOIDED);
		return;
	}
	if (h->peer_cp_term > h->cp_term || h->peer_fp_term > h->fp_term) {
		handover_journal(h, HANDOVER_VOID,
			h->peer_cp_term > h->cp_term ? h->peer_cp_term : h->cp_term,
			h->peer_fp_term > h->fp_term ? h->peer_fp_term : h->fp_term);
		return;
	}
	if (handover_is_role(h, NETSLICE_ROLE_DRAINING) && h->quiet) {
		handover_call_role(h, NETSLICE_ROLE_STANDBY, &rest);
		return;
	}
	if (handover_raise_cp(h) || handover_set_cp(h, false))
		return;
	if (handover_is_role(h, NETSLICE_ROLE_STANDBY) && handover_raise_fp(h))
		return;
	if (!handover_is_role(h, NETSLICE_ROLE_STANDBY)) {
		handover_probe(h);
		return;
	}
	/* not before: until then A repeats the trail of the last frame that came this way */
	handover_say(h, HANDOVER_FOLLOWED);
	handover_finish(h, HANDOVER_END_ROLLED_BACK);
}

const handover_decide_fn handover_take[HANDOVER_STATE_COUNT] = {
	[HANDOVER_HOT] = decide_b_hot,
	[HANDOVER_PREPARING] = decide_preparing,
	[HANDOVER_TAKING] = decide_taking,
	[HANDOVER_COMPLETE] = decide_complete,
	[HANDOVER_OWNER] = decide_owner,
	[HANDOVER_VOID] = decide_void,
};
