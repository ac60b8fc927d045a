// SPDX-License-Identifier: GPL-2.0-only
/*
 * FP roles, terms and the mastership lease.
 *
 * Everything here is under role_lock, a spinlock, because two things change a
 * role without being asked: the end of a lease, and a refresh frame of a higher
 * fp-term. Both arrive in softirq. Events are emitted after the lock is released.
 *
 * A lease is over when its end has come, not when its timer gets to run: every
 * request looks first, under the lock, so that a late timer (a busy CPU, a system
 * that slept) changes nothing. The timer itself looks in the same way, and does
 * nothing when the lease was changed while it waited for the lock.
 *
 * Two masters cannot have the same term: a slice becomes master only with a term
 * above all with which it was master here, and above all that it heard.
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
#include "trace.h"

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

/* The highest fp-term heard on the ports, and on those that there were. */
static u64 netslice_term_heard(const struct netslice_slice *slice)
{
	const struct netslice_port *port;
	u64 heard = slice->fp_term_heard;

	lockdep_assert_held(&slice->role_lock);
	rcu_read_lock();
	list_for_each_entry_rcu(port, &slice->ports, list)
		heard = max(heard, READ_ONCE(port->peer_fp_term));
	rcu_read_unlock();
	return heard;
}

/* May the slice be master with this term? */
static bool netslice_term_is_new(const struct netslice_slice *slice, u64 term)
{
	lockdep_assert_held(&slice->role_lock);
	return term > slice->fp_term_used && term > netslice_term_heard(slice);
}

static void netslice_role_apply(struct netslice_slice *slice, u8 role, bool answer)
{
	lockdep_assert_held(&slice->role_lock);
	if (role == NETSLICE_ROLE_MASTER)
		slice->fp_term_used = slice->fp_term;
	else
		netslice_announce_stop(slice);
	WRITE_ONCE(slice->answer, answer);
	if (role == slice->role)
		return;
	netslice_evidence_reset(slice);
	trace_netslice_role(slice->name, slice->role, role, slice->fp_term);
	WRITE_ONCE(slice->role, role);
	if (role == NETSLICE_ROLE_MASTER)
		netslice_announce_start(slice);
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
	hrtimer_start(&slice->lease_timer, until, HRTIMER_MODE_ABS_SOFT);
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
	} else if (netslice_term_is_new(slice, slice->fp_term + NETSLICE_RECLAIM_TERMS)) {
		slice->fp_term += NETSLICE_RECLAIM_TERMS;
		netslice_role_apply(slice, NETSLICE_ROLE_MASTER, true);
	}
	return true;
}

/* Return: for netslice_role_unlock(). */
static bool netslice_role_lock(struct netslice_slice *slice)
	__acquires(&slice->role_lock)
{
	spin_lock_bh(&slice->role_lock);
	return netslice_lease_expire(slice);
}

static void netslice_role_unlock(struct netslice_slice *slice, bool expired)
	__releases(&slice->role_lock)
{
	spin_unlock_bh(&slice->role_lock);
	if (expired)
		netslice_event(slice, NETSLICE_EVENT_LEASE_EXPIRED, NULL, GFP_ATOMIC);
}

static enum hrtimer_restart netslice_lease_timer(struct hrtimer *timer)
{
	struct netslice_slice *slice = container_of(timer, struct netslice_slice, lease_timer);

	netslice_role_unlock(slice, netslice_role_lock(slice));
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

/* Does a lease with @action fit @role? */
static int netslice_lease_fits(const struct netslice_slice *slice, u8 role, u8 action,
			       struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&slice->role_lock);
	if (action == NETSLICE_LEASE_DRAIN) {
		if (role == NETSLICE_ROLE_MASTER)
			return 0;
		NL_SET_ERR_MSG(extack, "only a master's lease can end with draining");
		return -EINVAL;
	}
	if (action != NETSLICE_LEASE_RECLAIM) {
		NL_SET_ERR_MSG(extack, "a lease needs an action: drain or reclaim");
		return -EINVAL;
	}
	if (role == NETSLICE_ROLE_MASTER) {
		NL_SET_ERR_MSG(extack, "a master has no mastership to reclaim");
		return -EINVAL;
	}
	if (!READ_ONCE(slice->cp_term) || !slice->fp_term) {
		NL_SET_ERR_MSG(extack, "a slice without both terms stays standby");
		return -EINVAL;
	}
	return 0;
}

/* Is what is to become of the lease possible, in @role with @term? */
static int netslice_lease_check(const struct netslice_slice *slice, u8 role, u64 term,
				const struct netslice_lease_change *lease,
				struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&slice->role_lock);
	if (lease->check && lease->expect != slice->lease_action) {
		NL_SET_ERR_MSG(extack, "the lease that runs is not the one that was expected");
		return -ESTALE;
	}
	if (lease->keep)
		return slice->lease_action == NETSLICE_LEASE_NONE ? 0 :
			netslice_lease_fits(slice, role, slice->lease_action, extack);
	if (!lease->until)
		return 0;
	if (!ktime_before(ktime_get_boottime(), lease->until)) {
		NL_SET_ERR_MSG(extack, "the lease's end has passed already");
		return -ETIME;
	}
	if (lease->action == NETSLICE_LEASE_RECLAIM && term > NETSLICE_TERM_MAX) {
		NL_SET_ERR_MSG(extack, "the fp-term is too high to be reclaimed");
		return -ERANGE;
	}
	return netslice_lease_fits(slice, role, lease->action, extack);
}

/* What becomes of the fp-term: kept or raised, and new for a new master. */
static int netslice_role_check_term(const struct netslice_slice *slice,
				    const struct netslice_role_change *change, u64 term,
				    struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&slice->role_lock);
	if (change->fp_term_new && change->fp_term_new <= slice->fp_term) {
		NL_SET_ERR_MSG(extack, "the new fp-term is not higher than the slice's");
		return -ESTALE;
	}
	if (term > NETSLICE_TERM_MAX) {
		NL_SET_ERR_MSG(extack, "the new fp-term is too high");
		return -ERANGE;
	}
	if (change->role == NETSLICE_ROLE_STANDBY)
		return 0;
	if (!term || !READ_ONCE(slice->cp_term)) {
		NL_SET_ERR_MSG(extack, "a slice without both terms stays standby");
		return -EINVAL;
	}
	if (change->role != NETSLICE_ROLE_MASTER || slice->role == NETSLICE_ROLE_MASTER ||
	    netslice_term_is_new(slice, term))
		return 0;
	NL_SET_ERR_MSG(extack, "a new master needs an fp-term that no master was heard with");
	return -ESTALE;
}

static int netslice_role_check(const struct netslice_slice *slice,
			       const struct netslice_role_change *change, u64 term,
			       struct netlink_ext_ack *extack)
{
	int err = netslice_fp_term_check(slice, change->fp_term, extack);

	if (err)
		return err;
	if (change->not_after && ktime_after(ktime_get_boottime(), change->not_after)) {
		NL_SET_ERR_MSG(extack, "the time for this change has passed");
		return -ETIME;
	}
	if (change->expect != slice->role) {
		NL_SET_ERR_MSG(extack, "the slice has not the role that was expected");
		return -ESTALE;
	}
	if (change->role > NETSLICE_ROLE_MAX) {
		NL_SET_ERR_MSG(extack, "there is no such role");
		return -EINVAL;
	}
	if (change->answer && change->role != NETSLICE_ROLE_DRAINING) {
		NL_SET_ERR_MSG(extack, "answering is a choice for draining only");
		return -EINVAL;
	}
	err = netslice_role_check_term(slice, change, term, extack);
	if (err)
		return err;
	return netslice_lease_check(slice, change->role, term, &change->lease, extack);
}

/* Cannot fail. */
static void netslice_role_change(struct netslice_slice *slice,
				 const struct netslice_role_change *change, u64 term)
{
	const struct netslice_lease_change *lease = &change->lease;

	slice->fp_term = term;
	netslice_role_apply(slice, change->role,
			    change->answer || change->role == NETSLICE_ROLE_MASTER);
	if (lease->keep)
		return;
	netslice_lease_stop(slice);
	if (lease->until)
		netslice_lease_start(slice, lease->until, lease->action);
}

/**
 * netslice_role_set() - change the FP role
 * @slice: the slice
 * @change: the role wanted, and what is expected now
 * @extack: says why not
 *
 * A lease that runs ends, unless @change keeps it or brings another. Asking for
 * the role that the slice has changes term, lease, and whether it answers.
 *
 * Context: process. The caller runs synchronize_net() before it answers: until
 * then a CPU may still act in the old role. Emits ROLE.
 * Return: 0, -ESTALE for a compare value, -ETIME, -EINVAL, -ERANGE, -ENODEV.
 */
int netslice_role_set(struct netslice_slice *slice, const struct netslice_role_change *change,
		      struct netlink_ext_ack *extack)
{
	bool expired;
	u64 term;
	int err;

	expired = netslice_role_lock(slice);
	term = change->fp_term_new ? change->fp_term_new : slice->fp_term;
	err = netslice_role_check(slice, change, term, extack);
	if (!err)
		netslice_role_change(slice, change, term);
	netslice_role_unlock(slice, expired);
	if (!err)
		netslice_event(slice, NETSLICE_EVENT_ROLE, NULL, GFP_KERNEL);
	return err;
}

static int netslice_lease_change(struct netslice_slice *slice, const u8 *role,
				 const struct netslice_lease_change *change,
				 struct netlink_ext_ack *extack)
{
	struct netslice_lease_change lease = *change;
	int err;

	lockdep_assert_held(&slice->role_lock);
	if (role && *role != slice->role) {
		NL_SET_ERR_MSG(extack, "the slice has not the role that was expected");
		return -ESTALE;
	}
	if (lease.keep) {
		NL_SET_ERR_MSG(extack, "a lease is kept only while the role changes");
		return -EINVAL;
	}
	if (!lease.until && slice->lease_action == NETSLICE_LEASE_NONE) {
		NL_SET_ERR_MSG(extack, "no lease runs");
		return -ESTALE;
	}
	if (lease.until && lease.action == NETSLICE_LEASE_NONE)
		lease.action = slice->lease_action;
	err = netslice_lease_check(slice, slice->role, slice->fp_term, &lease, extack);
	if (err)
		return err;
	netslice_lease_stop(slice);
	if (lease.until)
		netslice_lease_start(slice, lease.until, lease.action);
	return 0;
}

/**
 * netslice_lease_set() - begin, move or end the lease; the role stays
 * @slice: the slice
 * @fp_term: must equal the slice's
 * @role: what the role must be, or NULL
 * @lease: what becomes of it; an action of NONE with an end means that of the
 *	lease that runs
 * @extack: says why not
 *
 * Context: process.
 * Return: 0, -ESTALE (compare values; to be ended, and none runs), -ETIME,
 * -EINVAL, -ERANGE, -ENODEV.
 */
int netslice_lease_set(struct netslice_slice *slice, u64 fp_term, const u8 *role,
		       const struct netslice_lease_change *lease,
		       struct netlink_ext_ack *extack)
{
	bool expired;
	int err;

	expired = netslice_role_lock(slice);
	err = netslice_fp_term_check(slice, fp_term, extack);
	if (!err)
		err = netslice_lease_change(slice, role, lease, extack);
	netslice_role_unlock(slice, expired);
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

static void netslice_term_apply(struct netslice_slice *slice, const u64 *cp, const u64 *fp)
{
	lockdep_assert_held(&slice->role_lock);
	if (cp)
		WRITE_ONCE(slice->cp_term, cp[1]);
	if (!fp)
		return;
	slice->fp_term = fp[1];
	if (slice->role == NETSLICE_ROLE_MASTER)
		slice->fp_term_used = fp[1];
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
	bool expired;
	int err = 0;

	lockdep_assert_held(&slice->nn->lock);
	expired = netslice_role_lock(slice);
	if (cp)
		err = netslice_term_check(slice->cp_term, cp, extack);
	if (!err && fp)
		err = netslice_term_check(slice->fp_term, fp, extack);
	if (!err)
		netslice_term_apply(slice, cp, fp);
	netslice_role_unlock(slice, expired);
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
 * netslice_role_heard() - a refresh frame of another node was heard, on any port
 * @slice: the slice
 * @fp_term: the frame's
 *
 * A master that hears a higher fp-term is silent at once. What was heard bars
 * the slice, in any role, from becoming master with a term that is not higher.
 *
 * Context: softirq, RCU. Emits OUTRANKED if the slice was master.
 */
void netslice_role_heard(struct netslice_slice *slice, u64 fp_term)
{
	bool outranked = false;

	spin_lock_bh(&slice->role_lock);
	if (fp_term > slice->fp_term_heard)
		slice->fp_term_heard = fp_term;
	if (slice->role == NETSLICE_ROLE_MASTER && fp_term > slice->fp_term) {
		netslice_lease_stop(slice);
		netslice_role_apply(slice, NETSLICE_ROLE_DRAINING, false);
		outranked = true;
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
