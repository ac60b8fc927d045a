// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decisions stand in one function for each state (handover_give.c, handover_take.c). Such a function looks at the
 * facts and does the first thing that is to be done, then returns: the answer
 * to it, or the next event, leads to the next look. What is only to be said is
 * said on each look, but once between two runs of the repeat timer.
 *
 * The letters K1 to K11 are the kernel calls of Documentation/handover-model.md.
 */
#include "handover.h"

#include <errno.h>
#include <string.h>

#include "handover_int.h"

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

/* ---- doing ------------------------------------------------------------- */

void handover_say(struct handover *h, enum handover_step step)
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

void handover_journal(struct handover *h, enum handover_state state, uint64_t cp_term,
		    uint64_t fp_term)
{
	h->busy = HANDOVER_JOURNAL;
	h->next = state;
	h->next_cp = cp_term;
	h->next_fp = fp_term;
	h->ops->journal(h->arg, state, cp_term, fp_term);
}

void handover_call(struct handover *h, const struct handover_call *c)
{
	h->busy = HANDOVER_CALL;
	h->ops->call(h->arg, c);
}

/* ROLE_SET to @role from what the kernel has now; the rest of @c is the caller's. */
void handover_call_role(struct handover *h, uint8_t role, struct handover_call *c)
{
	c->what = HANDOVER_CALL_ROLE;
	c->fp_term = h->kernel.fp_term;
	c->role = role;
	c->role_expect = h->kernel.role;
	handover_call(h, c);
}

/* The kernel's cp-term follows the journal's. Return: true if a call was made. */
bool handover_raise_cp(struct handover *h)
{
	struct handover_call c = {
		.what = HANDOVER_CALL_CP_TERM,
		.cp_expect = h->kernel.cp_term,
		.cp_term = h->cp_term,
	};

	if (h->kernel.cp_term >= h->cp_term)
		return false;
	handover_call(h, &c);
	return true;
}

/* So does the fp-term of a kernel that is not master. */
bool handover_raise_fp(struct handover *h)
{
	struct handover_call c = {
		.what = HANDOVER_CALL_FP_TERM,
		.fp_term = h->kernel.fp_term,
		.fp_term_new = h->fp_term,
	};

	if (h->kernel.fp_term >= h->fp_term)
		return false;
	handover_call(h, &c);
	return true;
}

bool handover_set_cp(struct handover *h, bool master)
{
	if (h->cp_known && h->cp_master == master)
		return false;
	h->busy = HANDOVER_CP;
	h->cp_master = master;
	h->ops->cp_role(h->arg, master, h->cp_term);
	return true;
}

void handover_finish(struct handover *h, enum handover_end end)
{
	if (h->finished)
		return;
	h->finished = true;
	h->ops->limit(h->arg, 0);
	h->ops->progress(h->arg, end == HANDOVER_END_COMPLETE ? "complete" : "rolled-back");
	h->ops->finish(h->arg, end);
}

void handover_probe(struct handover *h)
{
	if (h->sent & 1U << 31)
		return;
	h->sent |= 1U << 31;
	h->ops->mark(h->arg, NETSLICE_FRAME_PROBE, h->p.attempt + HANDOVER_COOKIE_PROBE,
		     h->kernel.fp_term);
	h->ops->repeat(h->arg, h->p.repeat_ms);
}

/* A switch may have heard none of the kernel's announcements: once for each repeat. */
void handover_announce(struct handover *h)
{
	if (h->sent & 1U << 30)
		return;
	h->sent |= 1U << 30;
	h->ops->announce(h->arg, h->kernel.fp_term);
	h->ops->repeat(h->arg, h->p.repeat_ms);
}

void handover_trail(struct handover *h)
{
	if (h->sent & 1U << 31)
		return;
	h->sent |= 1U << 31;
	h->ops->mark(h->arg, NETSLICE_FRAME_MARKER, h->p.attempt + HANDOVER_COOKIE_TRAIL,
		     h->kernel.fp_term);
	h->ops->repeat(h->arg, h->p.repeat_ms);
}

void handover_mark_drain(struct handover *h, unsigned int cookie)
{
	h->marked = true;
	h->ops->mark(h->arg, NETSLICE_FRAME_MARKER, h->p.attempt + cookie, h->kernel.fp_term);
}

/*
 * Takeover: this node owns the slice, is not master, and no lease of its own
 * runs: it was rebooted, or the other node's lease ended unconfirmed. Only the
 * LANs' silence shows that nobody is master. The new term is journalled first.
 */
void handover_claim(struct handover *h, uint32_t boot_ms)
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
		handover_journal(h, h->state, h->cp_term, h->fp_term + 2);
	} else {
		handover_call_role(h, NETSLICE_ROLE_MASTER, &master);
	}
}


/* ---- deciding ----------------------------------------------------------- */

static void decide(struct handover *h)
{
	handover_decide_fn fn = h->p.giver ? handover_give[h->state] : handover_take[h->state];

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
	if (err && h->state == HANDOVER_TAKING && !handover_is_role(h, NETSLICE_ROLE_MASTER))
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
