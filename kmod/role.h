/* SPDX-License-Identifier: GPL-2.0-only */
/* FP roles, terms and the mastership lease: who speaks for a slice's virtual addresses. */
#ifndef NETSLICE_ROLE_H
#define NETSLICE_ROLE_H

#include <linux/types.h>

struct netlink_ext_ack;
struct netslice_slice;

/**
 * struct netslice_role_change - a request
 * @fp_term: must equal the slice's
 * @role: wanted
 * @expect: must equal the slice's role
 * @answer: with DRAINING: still answer ARP and ND
 * @lease_ms: 0 for none
 * @lease_action: enum netslice_lease
 */
struct netslice_role_change {
	u64 fp_term;
	u8 role;
	u8 expect;
	bool answer;
	u32 lease_ms;
	u8 lease_action;
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
int netslice_lease_set(struct netslice_slice *slice, u64 fp_term, u32 ms, u8 action,
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
