// SPDX-License-Identifier: GPL-2.0-only
/*
 * FP roles, terms and the mastership lease.
 *
 * Everything here is under role_lock, a spinlock, because two things change a
 * role without being asked: the end of a lease, and a refresh frame of a higher
 * fp-term. Both arrive in softirq. Events are emitted after the lock is released.
 *
 * The lease's timer may be about to run while the lease is changed. So it looks,
 * under the lock, whether there is a lease and whether its end has come: only
 * then it acts. A lease that is changed in between has armed the timer anew.
 */
#include <linux/hrtimer.h>
#include <linux/netlink.h>
#include <linux/rculist.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "event.h"
#include "gateway.h"
#include "netns.h"
#include "port.h"
#include "role.h"
#include "slice.h"

/* What LEASE_RECLAIM adds: the other node, which had the lease, was at + 1. */
#define NETSLICE_RECLAIM_TERMS	2

/* Terms stay so low that no reclaim can overflow. */
#define NETSLICE_TERM_MAX	(U64_MAX - NETSLICE_RECLAIM_TERMS)

static void netslice_evidence_reset(struct netslice_slice *slice)
{
	struct netslice_port *port;

	rcu_read_lock();
	list_for_each_entry_rcu(port, &slice->ports, list)
		netslice_port_evidence_reset(port);
	rcu_read_unlock();
}

/* The highest fp-term that the other node showed on any port. */
static u64 netslice_term_heard(const struct netslice_slice *slice)
{
	struct netslice_port *port;
	u64 term = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(port, &slice->ports, list) {
		spin_lock_bh(&port->evidence_lock);
		term = max(term, port->peer_fp_term);
		spin_unlock_bh(&port->evidence_lock);
	}
	rcu_read_unlock();
	return term;
}

/* May the slice be master with @term? Never again with one that it had or heard. */
static bool netslice_term_fresh(const struct netslice_slice *slice, u64 term)
{
	lockdep_assert_held(&slice->role_lock);
	return term > slice->fp_term_used && term > netslice_term_heard(slice);
}

static void netslice_role_apply(struct netslice_slice *slice, u8 role, bool answer)
{
	lockdep_assert_held(&slice->role_lock);
	if (role != slice->role)
		netslice_evidence_reset(slice);
	if (role != NETSLICE_ROLE_MASTER)
		netslice_announce_stop(slice);
	WRITE_ONCE(slice->answer, answer);
	if (role == slice->role)
		return;
	WRITE_ONCE(slice->role, role);
	if (role == NETSLICE_ROLE_MASTER) {
		slice->fp_term_used = slice->fp_term;
		netslice_announce_start(slice);
	}
}

static void netslice_lease_stop(struct netslice_slice *slice)
{
	lockdep_assert_held(&slice->role_lock);
	slice->lease_action = NETSLICE_LEASE_NONE;
	/* It may be waiting for role_lock; then it finds that there is no lease. */
	hrtimer_try_to_cancel(&slice->lease_timer);
}

static void netslice_lease_start(struct netslice_slice *slice, ktime_t until, u8 action)
{
	lockdep_assert_held(&slice->role_lock);
	slice->lease_action = action;
	slice->lease_end = until;
	hrtimer_start(&slice->lease_timer, slice->lease_end, HRTIMER_MODE_ABS_SOFT);
}

/* Return: true if the lease has ended by itself, and its action was done. */
static bool netslice_lease_expire(struct netslice_slice *slice)
{
	u8 action = slice->lease_action;

	lockdep_assert_held(&slice->role_lock);
	if (action == NETSLICE_LEASE_NONE || ktime_before(ktime_get_boottime(), slice->lease_end))
		return false;
	slice->lease_action = NETSLICE_LEASE_NONE;
	if (action == NETSLICE_LEASE_DRAIN) {
		netslice_role_apply(slice, NETSLICE_ROLE_DRAINING, false);
	} else if (netslice_term_fresh(slice, slice->fp_term + NETSLICE_RECLAIM_TERMS)) {
		slice->fp_term += NETSLICE_RECLAIM_TERMS;
		netslice_role_apply(slice, NETSLICE_ROLE_MASTER, true);
	}
	return true;
}

static enum hrtimer_restart netslice_lease_timer(struct hrtimer *timer)
{
	struct netslice_slice *slice = container_of(timer, struct netslice_slice, lease_timer);
	bool expired;

	spin_lock_bh(&slice->role_lock);
	expired = netslice_lease_expire(slice);
	spin_unlock_bh(&slice->role_lock);
	if (expired)
		netslice_event(slice, NETSLICE_EVENT_LEASE_EXPIRED, NULL, GFP_ATOMIC);
	return HRTIMER_NORESTART;
}

static int netslice_fp_term_check(const struct netslice_slice *slice, u64 term,
				  struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&slice->role_lock);
	if (slice->dead) {
		NL_SET_ERR_MSG(extack, "the slice is being removed");
		return -ENODEV;
	}
	if (term == slice->fp_term)
		return 0;
	if (term < slice->fp_term)
		NETSLICE_ERR_FMT(extack, "the fp-term is older than the slice's",
				 "fp-term %llu is older than the slice's, %llu",
				 term, slice->fp_term);
	else
		NETSLICE_ERR_FMT(extack, "the fp-term is newer than the slice's: raise it first",
				 "fp-term %llu is newer than the slice's, %llu: raise it first",
				 term, slice->fp_term);
	return -ESTALE;
}

/* Is @action one that a lease in @role may have? */
static int netslice_lease_fits(const struct netslice_slice *slice, u8 role, u64 fp_term, u8 action,
			       struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&slice->role_lock);
	switch (action) {
	case NETSLICE_LEASE_DRAIN:
		if (role == NETSLICE_ROLE_MASTER)
			return 0;
		NL_SET_ERR_MSG(extack, "only a master's lease can end with draining");
		return -EINVAL;
	case NETSLICE_LEASE_RECLAIM:
		if (role != NETSLICE_ROLE_DRAINING && role != NETSLICE_ROLE_STANDBY) {
			NL_SET_ERR_MSG(extack,
				       "only draining or standby can reclaim mastership");
			return -EINVAL;
		}
		if (!READ_ONCE(slice->cp_term) || !fp_term) {
			NL_SET_ERR_MSG(extack, "a slice without both terms stays standby");
			return -EINVAL;
		}
		return 0;
	default:
		NL_SET_ERR_MSG(extack, "a lease needs an action: drain or reclaim");
		return -EINVAL;
	}
}

/* Is the lease that runs the one that the caller expects? */
static int netslice_lease_expected(const struct netslice_slice *slice,
				   const struct netslice_lease_change *lease,
				   struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&slice->role_lock);
	if (!lease->check || lease->expect == slice->lease_action)
		return 0;
	NL_SET_ERR_MSG(extack, "the lease that was expected does not run (any more)");
	return -ESTALE;
}

static int netslice_lease_timely(ktime_t until, struct netlink_ext_ack *extack)
{
	if (ktime_before(ktime_get_boottime(), until))
		return 0;
	NL_SET_ERR_MSG(extack, "the time limit has passed");
	return -ETIME;
}

/* May the lease of a change that leads to @role and @fp_term be as it says? */
static int netslice_lease_check(const struct netslice_slice *slice, u8 role, u64 fp_term,
				const struct netslice_lease_change *lease,
				struct netlink_ext_ack *extack)
{
	int err;

	err = netslice_lease_expected(slice, lease, extack);
	if (err)
		return err;
	if (lease->keep) {
		if (slice->lease_action == NETSLICE_LEASE_NONE)
			return 0;
		return netslice_lease_fits(slice, role, fp_term, slice->lease_action, extack);
	}
	if (!lease->until)
		return 0;
	err = netslice_lease_fits(slice, role, fp_term, lease->action, extack);
	return err ? err : netslice_lease_timely(lease->until, extack);
}

static void netslice_lease_apply(struct netslice_slice *slice,
				 const struct netslice_lease_change *lease)
{
	if (lease->keep)
		return;
	netslice_lease_stop(slice);
	if (lease->until)
		netslice_lease_start(slice, lease->until, lease->action);
}

static int netslice_term_new_check(const struct netslice_slice *slice,
				   const struct netslice_role_change *change, u64 term,
				   struct netlink_ext_ack *extack)
{
	if (change->fp_term_new && change->fp_term_new <= slice->fp_term) {
		NL_SET_ERR_MSG(extack, "a term can only be raised");
		return -ESTALE;
	}
	if (term > NETSLICE_TERM_MAX) {
		NL_SET_ERR_MSG(extack, "the new term is too high");
		return -ERANGE;
	}
	if (change->role == NETSLICE_ROLE_MASTER && slice->role != NETSLICE_ROLE_MASTER &&
	    !netslice_term_fresh(slice, term)) {
		NL_SET_ERR_MSG(extack,
			       "becoming master needs a higher fp-term than any had or heard before");
		return -ESTALE;
	}
	return 0;
}

static int netslice_role_fits(const struct netslice_slice *slice,
			      const struct netslice_role_change *change, u64 term,
			      struct netlink_ext_ack *extack)
{
	if (change->expect != slice->role) {
		NL_SET_ERR_MSG(extack, "the slice has not the role that was expected");
		return -ESTALE;
	}
	if (change->role > NETSLICE_ROLE_MAX) {
		NL_SET_ERR_MSG(extack, "there is no such role");
		return -EINVAL;
	}
	if (change->role != NETSLICE_ROLE_STANDBY && (!term || !READ_ONCE(slice->cp_term))) {
		NL_SET_ERR_MSG(extack, "a slice without both terms stays standby");
		return -EINVAL;
	}
	if (change->answer && change->role != NETSLICE_ROLE_DRAINING) {
		NL_SET_ERR_MSG(extack, "answering is a choice for draining only");
		return -EINVAL;
	}
	return 0;
}

static int netslice_role_check(const struct netslice_slice *slice,
			       const struct netslice_role_change *change,
			       struct netlink_ext_ack *extack)
{
	u64 term = change->fp_term_new ? change->fp_term_new : slice->fp_term;
	int err;

	err = netslice_fp_term_check(slice, change->fp_term, extack);
	if (!err && change->not_after)
		err = netslice_lease_timely(change->not_after, extack);
	if (!err)
		err = netslice_role_fits(slice, change, term, extack);
	if (!err)
		err = netslice_term_new_check(slice, change, term, extack);
	if (!err)
		err = netslice_lease_check(slice, change->role, term, &change->lease, extack);
	return err;
}

/**
 * netslice_role_set() - change the FP role
 * @slice: the slice
 * @change: the role wanted, and what is expected now
 * @extack: says why not
 *
 * A lease that runs ends, unless @change keeps it or brings another. Asking for
 * the role that the slice has changes its lease and term, and as draining whether
 * it answers.
 *
 * Context: process. The caller runs synchronize_net() before it answers: until
 * then a CPU may still act in the old role. Emits ROLE.
 * Return: 0, -ESTALE for a compare value, -ETIME, -EINVAL, -ERANGE, -ENODEV.
 */
int netslice_role_set(struct netslice_slice *slice, const struct netslice_role_change *change,
		      struct netlink_ext_ack *extack)
{
	int err;

	spin_lock_bh(&slice->role_lock);
	err = netslice_role_check(slice, change, extack);
	if (!err) {
		if (change->fp_term_new)
			slice->fp_term = change->fp_term_new;
		netslice_lease_apply(slice, &change->lease);
		netslice_role_apply(slice, change->role,
				    change->answer || change->role == NETSLICE_ROLE_MASTER);
	}
	spin_unlock_bh(&slice->role_lock);
	if (!err)
		netslice_event(slice, NETSLICE_EVENT_ROLE, NULL, GFP_KERNEL);
	return err;
}

static int netslice_lease_set_check(const struct netslice_slice *slice, u64 fp_term, const u8 *role,
				    const struct netslice_lease_change *lease,
				    struct netlink_ext_ack *extack)
{
	int err;

	err = netslice_fp_term_check(slice, fp_term, extack);
	if (err)
		return err;
	if (role && *role != slice->role) {
		NL_SET_ERR_MSG(extack, "the slice has not the role that was expected");
		return -ESTALE;
	}
	if (!lease->until && slice->lease_action == NETSLICE_LEASE_NONE) {
		NL_SET_ERR_MSG(extack, "no lease runs (any more)");
		return -ESTALE;
	}
	return netslice_lease_check(slice, slice->role, slice->fp_term, lease, extack);
}

/**
 * netslice_lease_set() - begin, extend or end the lease; the role stays
 * @slice: the slice
 * @fp_term: must equal the slice's
 * @role: what the role must be, or NULL
 * @lease: what is wanted; action NONE: that of the lease that runs
 * @extack: says why not
 *
 * Context: process.
 * Return: 0, -ESTALE for a compare value or a lease that has ended, -ETIME,
 * -EINVAL, -ERANGE, -ENODEV.
 */
int netslice_lease_set(struct netslice_slice *slice, u64 fp_term, const u8 *role,
		       const struct netslice_lease_change *lease,
		       struct netlink_ext_ack *extack)
{
	struct netslice_lease_change wanted = *lease;
	int err;

	spin_lock_bh(&slice->role_lock);
	if (wanted.until && wanted.action == NETSLICE_LEASE_NONE)
		wanted.action = slice->lease_action;
	err = netslice_lease_set_check(slice, fp_term, role, &wanted, extack);
	if (!err)
		netslice_lease_apply(slice, &wanted);
	spin_unlock_bh(&slice->role_lock);
	return err;
}

static int netslice_term_check(u64 now, const u64 *change, struct netlink_ext_ack *extack)
{
	if (change[0] != now) {
		NETSLICE_ERR_FMT(extack, "the term is not the expected one",
				 "the term is %llu, not %llu", now, change[0]);
		return -ESTALE;
	}
	if (change[1] <= now) {
		NL_SET_ERR_MSG(extack, "a term can only be raised");
		return -EINVAL;
	}
	if (change[1] > NETSLICE_TERM_MAX) {
		NL_SET_ERR_MSG(extack, "the new term is too high");
		return -ERANGE;
	}
	return 0;
}

/**
 * netslice_term_raise() - raise one term or both
 * @slice: the slice
 * @cp: [0] expected, [1] new; NULL: leave the cp-term alone
 * @fp: the same for the fp-term
 * @extack: says why not
 *
 * The role stays: a master is then master at the higher term, and says so in its
 * next refresh frame.
 *
 * Context: nn->lock. Emits TERM.
 * Return: 0, -ESTALE, -EINVAL, -ERANGE.
 */
int netslice_term_raise(struct netslice_slice *slice, const u64 *cp, const u64 *fp,
			struct netlink_ext_ack *extack)
{
	int err = 0;

	lockdep_assert_held(&slice->nn->lock);
	spin_lock_bh(&slice->role_lock);
	if (cp)
		err = netslice_term_check(slice->cp_term, cp, extack);
	if (!err && fp)
		err = netslice_term_check(slice->fp_term, fp, extack);
	if (!err && cp)
		WRITE_ONCE(slice->cp_term, cp[1]);
	if (!err && fp)
		slice->fp_term = fp[1];
	spin_unlock_bh(&slice->role_lock);
	if (!err)
		netslice_event(slice, NETSLICE_EVENT_TERM, NULL, GFP_KERNEL);
	return err;
}

/**
 * netslice_role_look() - role, fp-term and lease as they are at one moment
 * @slice: the slice
 * @state: filled in
 *
 * Context: any but with role_lock held.
 */
void netslice_role_look(struct netslice_slice *slice, struct netslice_role_state *state)
{
	s64 left = 0;

	spin_lock_bh(&slice->role_lock);
	state->fp_term = slice->fp_term;
	state->role = slice->role;
	state->answer = slice->answer;
	state->lease_action = slice->lease_action;
	if (slice->lease_action != NETSLICE_LEASE_NONE)
		left = ktime_ms_delta(slice->lease_end, ktime_get_boottime());
	spin_unlock_bh(&slice->role_lock);
	state->lease_ms = clamp_t(s64, left, 0, U32_MAX);
}

/**
 * netslice_role_heard() - a refresh frame of another master was heard
 * @slice: the slice
 * @fp_term: the frame's
 *
 * A master that hears a higher fp-term is silent at once.
 *
 * Context: softirq, RCU. Emits OUTRANKED if it was so.
 */
void netslice_role_heard(struct netslice_slice *slice, u64 fp_term)
{
	bool outranked;

	if (READ_ONCE(slice->role) != NETSLICE_ROLE_MASTER)
		return;
	spin_lock_bh(&slice->role_lock);
	outranked = slice->role == NETSLICE_ROLE_MASTER && fp_term > slice->fp_term;
	if (outranked) {
		netslice_lease_stop(slice);
		netslice_role_apply(slice, NETSLICE_ROLE_DRAINING, false);
	}
	spin_unlock_bh(&slice->role_lock);
	if (outranked)
		netslice_event(slice, NETSLICE_EVENT_OUTRANKED, NULL, GFP_ATOMIC);
}

/**
 * netslice_role_init() - a slice begins as standby
 * @slice: the slice
 * @fp_term: 0 where the caller has none
 *
 * Context: process; nobody else sees the slice.
 */
void netslice_role_init(struct netslice_slice *slice, u64 fp_term)
{
	spin_lock_init(&slice->role_lock);
	slice->fp_term = fp_term;
	slice->role = NETSLICE_ROLE_STANDBY;
	slice->answer = false;
	slice->lease_action = NETSLICE_LEASE_NONE;
	hrtimer_init(&slice->lease_timer, CLOCK_BOOTTIME, HRTIMER_MODE_ABS_SOFT);
	slice->lease_timer.function = netslice_lease_timer;
	timer_setup(&slice->announce_timer, netslice_announce_timer, 0);
}

/**
 * netslice_role_stop() - the slice dies: no role changes any more, no timer runs
 * @slice: the slice
 *
 * Context: process, nn->lock. Waits for the timers.
 */
void netslice_role_stop(struct netslice_slice *slice)
{
	lockdep_assert_held(&slice->nn->lock);
	spin_lock_bh(&slice->role_lock);
	slice->dead = true;
	netslice_lease_stop(slice);
	netslice_role_apply(slice, NETSLICE_ROLE_STANDBY, false);
	spin_unlock_bh(&slice->role_lock);
	hrtimer_cancel(&slice->lease_timer);
	timer_shutdown_sync(&slice->announce_timer);
}
