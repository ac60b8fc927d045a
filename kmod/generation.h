/* SPDX-License-Identifier: GPL-2.0-only */
/* Generations: complete forwarding states of a slice, swapped as a whole. */
#ifndef NETSLICE_GENERATION_H
#define NETSLICE_GENERATION_H

#include <linux/netdevice.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>

#include "rib.h"

#include <uapi/linux/netslice.h>

struct bpf_prog;
struct netlink_ext_ack;
struct netslice_slice;

/* Per CPU. */
struct netslice_gen_stats {
	u64_stats_t packets, bytes;
	struct u64_stats_sync syncp;
};

/**
 * struct netslice_generation - one forwarding state
 * @rib: routes of both families; readers under RCU, writers under nn->lock
 * @prog: forwarding program, or NULL; never changes once the generation is made
 * @stats: what it moved
 * @slice: its slice, whose device it holds a reference to until it is freed
 * @dev_tracker: of that reference
 * @id: its number, never repeated in the slice's life
 * @state: enum netslice_gen_state, under nn->lock
 * @release: name and version of the software that it belongs to
 * @schema: of that release
 * @lacks: changes of the active generation that it could not take, while previous
 * @free_work: frees it after a grace period, outside all locks
 */
struct netslice_generation {
	struct netslice_rib rib;
	struct bpf_prog *prog;
	struct netslice_gen_stats __percpu *stats;
	struct netslice_slice *slice;
	netdevice_tracker dev_tracker;
	u64 id;
	u8 state;
	char release[NETSLICE_RELEASE_LEN];
	u32 schema;
	u64 lacks;
	struct rcu_work free_work;
};

/**
 * struct netslice_gen_spec - a generation to be staged
 * @id: must be higher than slice->gen_last, and not lower than gen_first was
 * @copy: start with the active generation's routes
 * @prog: forwarding program, the reference passes to the generation on success
 */
struct netslice_gen_spec {
	u64 id;
	bool copy;
	const char *release;
	u32 schema;
	struct bpf_prog *prog;
};

/**
 * struct netslice_seal - what the caller believes a generation holds
 */
struct netslice_seal {
	u32 routes4;
	u32 routes6;
	u8 digest[NETSLICE_DIGEST_LEN];
};

/**
 * struct netslice_switch - one slice of a switch, commit or rollback request
 * @cp_term: must equal the slice's
 * @gen: to become active (switch only)
 * @expect: active now, 0 for none
 * @confirm_ms: 0 for no confirm timer
 * @lacks: filled in by rollback
 * @attr: of the entry, for extack
 */
struct netslice_switch {
	struct netslice_slice *slice;
	u64 cp_term;
	u64 gen;
	u64 expect;
	u32 confirm_ms;
	u64 lacks;
	const struct nlattr *attr;
};

/* All: Context: nn->lock. */
int netslice_gen_stage(struct netslice_slice *slice, const struct netslice_gen_spec *spec,
		       struct netlink_ext_ack *extack);
int netslice_gen_seal(struct netslice_slice *slice, u64 id, const struct netslice_seal *seal,
		      struct netlink_ext_ack *extack);
int netslice_gen_drop(struct netslice_slice *slice, u64 id, struct netlink_ext_ack *extack);
/* id 0: the active one. Not found: NULL. */
struct netslice_generation *netslice_gen_find(struct netslice_slice *slice, u64 id);

/* Everything is checked first, then nothing can fail: all slices or none. */
int netslice_gen_switch(struct netslice_switch *v, unsigned int n, struct netlink_ext_ack *extack);
int netslice_gen_commit(struct netslice_switch *v, unsigned int n, struct netlink_ext_ack *extack);
int netslice_gen_rollback(struct netslice_switch *v, unsigned int n,
			  struct netlink_ext_ack *extack);
/* Milliseconds until the confirm timer rolls back; 0 when none runs. */
u32 netslice_gen_confirm_left(const struct netslice_slice *slice);

/* A slice begins or ends. destroy frees all of its generations. */
void netslice_gen_init(struct netslice_slice *slice, u64 gen_first);
void netslice_gen_destroy(struct netslice_slice *slice);

int netslice_generation_init(void);	/* the work queue that frees them */
void netslice_generation_exit(void);	/* flushes it */

#endif
