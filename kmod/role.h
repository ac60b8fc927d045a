/* SPDX-License-Identifier: GPL-2.0-only */
/* FP roles, terms and the mastership lease: who speaks for a slice's virtual addresses. */
#ifndef NETSLICE_ROLE_H
#define NETSLICE_ROLE_H

#include <linux/ktime.h>
#include <linux/types.h>

struct netlink_ext_ack;
struct netslice_slice;

/**
 * struct netslice_lease_change - what is to become of a lease
 * @until: when it ends, ktime (boottime); 0: it is ended, no action
 * @action: enum netslice_lease
 * @keep: leave the one that runs as it is; @until and @action are 0 then
 * @check: compare @expect
 * @expect: enum netslice_lease that must be running, NONE: none may
 */
struct netslice_lease_change {
	ktime_t until;
	u8 action;
	bool keep;
	bool check;
	u8 expect;
};

/**
 * struct netslice_role_change - a request
 * @fp_term: must equal the slice's
 * @role: wanted
 * @expect: must equal the slice's role
 * @answer: with DRAINING: still answer ARP and ND
 * @fp_term_new: raise the fp-term to it in the same step; 0: leave it
 * @lease: what becomes of the lease
 * @not_after: refuse with -ETIME after this ktime (boottime); 0: no limit
 */
struct netslice_role_change {
	u64 fp_term;
	u64 fp_term_new;
	u8 role;
	u8 expect;
	bool answer;
	struct netslice_lease_change lease;
	ktime_t not_after;
};

/**
 * struct netslice_role_state - one consistent look
 * @lease_ms: what is left
 */
struct netslice_role_state {
	u64 fp_term;
	u8 role;
	bool answer;
	u8 lease_action;
	u32 lease_ms;
};

/*
 * Context: process, nn->lock not needed (role_lock is taken). The caller runs
 * synchronize_net() after releasing its locks and before it answers.
 */
int netslice_role_set(struct netslice_slice *slice, const struct netslice_role_change *change,
		      struct netlink_ext_ack *extack);
/* @role: NULL, or what the role must be. Ending a lease that does not run: -ESTALE. */
int netslice_lease_set(struct netslice_slice *slice, u64 fp_term, const u8 *role,
		       const struct netslice_lease_change *lease,
		       struct netlink_ext_ack *extack);
/* NULL for a term that is not to be raised; [0] expected, [1] new. Context: nn->lock. */
int netslice_term_raise(struct netslice_slice *slice, const u64 *cp, const u64 *fp,
			struct netlink_ext_ack *extack);
void netslice_role_look(struct netslice_slice *slice, struct netslice_role_state *state);

/* Context: softirq. A refresh frame of a higher fp-term was heard. */
void netslice_role_heard(struct netslice_slice *slice, u64 fp_term);

/* Context: process; before a slice is used, and when it dies (waits for timers). */
void netslice_role_init(struct netslice_slice *slice, u64 fp_term);
void netslice_role_stop(struct netslice_slice *slice);

#endif
