/* SPDX-License-Identifier: GPL-2.0-only */
/* A slice: a named forwarding context with a net device of its own. */
#ifndef NETSLICE_SLICE_H
#define NETSLICE_SLICE_H

#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <uapi/linux/netslice.h>

struct netslice_generation;
struct netslice_net;
struct netslice_pcpu_stats;
struct netslice_locals;

/**
 * struct netslice_slice - private area of the slice device
 *
 * Read for each packet:
 * @active: generation that moves packets, or NULL; RCU, written under nn->lock
 * @role: enum netslice_role; READ_ONCE/WRITE_ONCE, written under @role_lock
 * @answer: answers ARP and ND for virtual addresses; as @role
 * @stats: counters, per CPU
 * @locals: hash of the addresses of the node itself in this slice (addresses on
 *	its ports, its device and its VRF): punted without a look at the table;
 *	RCU, written under rtnl_lock by address notifiers
 * @ports: struct netslice_port, RCU list, written under nn->lock
 * @dev: the slice device
 *
 * Under nn->lock:
 * @nn: never changes: a slice device does not move between namespaces
 * @name: of the slice; its device keeps that name, renaming it is refused
 * @list, @hash: in nn->slices, nn->names (RCU)
 * @owner: tag of who made it
 * @cp_term: who may change routes
 * @seq: changes made to the active generation
 * @gen_last: highest generation number ever used
 * @standby: being built or sealed, or NULL
 * @previous: kept for rollback, or NULL
 * @confirm_end: when an uncommitted switch is rolled back (ktime, boottime);
 *	0 when no confirm timer runs
 * @confirm_timer, @confirm_work: CLOCK_BOOTTIME timer that does it
 * @nports: number of ports, absent ones included
 * @dead: being removed; nothing may be added. Written under both locks
 *
 * Under role_lock (bh):
 * @role_lock: protects what follows, and @role and @answer; taken in softirq.
 *	Nested inside nn->lock where both are needed.
 * @fp_term: who may be FP master
 * @fp_term_used: the highest with which this slice was master here
 * @fp_term_heard: the highest that netslice_role_heard() was told of; ports that
 *	are there know what was heard on them
 * @lease_timer: CLOCK_BOOTTIME, softirq; @lease_action what it does
 * @lease_end: when (ktime, boottime)
 * @refresh_ms, @announce_count, @announce_ms: settings
 * @announce_left: announcements still to be made before only refresh frames go
 * @announce_timer: sends announcements, then refresh frames, while master
 */
struct netslice_slice {
	struct netslice_generation __rcu *active;
	u8 role;
	bool answer;
	struct netslice_pcpu_stats __percpu *stats;
	struct netslice_locals __rcu *locals;
	struct list_head ports;
	struct net_device *dev;

	struct netslice_net *nn;
	char name[NETSLICE_NAME_LEN];
	struct list_head list;
	struct hlist_node hash;
	char owner[NETSLICE_NAME_LEN];
	u64 cp_term;
	u64 seq;
	u64 gen_last;
	struct netslice_generation *standby;
	struct netslice_generation *previous;
	ktime_t confirm_end;
	struct hrtimer confirm_timer;
	struct work_struct confirm_work;
	unsigned int nports;
	bool dead;

	spinlock_t role_lock;
	u64 fp_term;
	u64 fp_term_used;
	u64 fp_term_heard;
	struct hrtimer lease_timer;
	ktime_t lease_end;
	u8 lease_action;
	u32 refresh_ms;
	u32 announce_count;
	u32 announce_ms;
	u32 announce_left;
	struct timer_list announce_timer;
};

/**
 * struct netslice_slice_spec - what a new slice starts with
 * @name: of slice and device
 * @owner: tag, may be empty
 * @cp_term, @fp_term: 0 where the caller has none: the slice stays standby
 * @gen_first: lowest number that its first generation may have
 */
struct netslice_slice_spec {
	const char *name;
	const char *owner;
	u64 cp_term;
	u64 fp_term;
	u64 gen_first;
};

extern struct rtnl_link_ops netslice_link_ops;

static inline struct netslice_slice *netslice_slice_of(const struct net_device *dev)
{
	return netdev_priv(dev);
}

/* Context: rtnl_lock, takes nn->lock. Emits SLICE_NEW / SLICE_DEL. */
int netslice_slice_create(struct netslice_net *nn, const struct netslice_slice_spec *spec,
			  struct netlink_ext_ack *extack);
void netslice_slice_destroy(struct netslice_slice *slice, struct list_head *kill);

/* Context: nn->lock or RCU. NULL when there is none. */
struct netslice_slice *netslice_slice_find(struct netslice_net *nn, const char *name);

/* Context: nn->lock. */
int netslice_slice_check_owner(const struct netslice_slice *slice, const char *owner, bool force,
			       struct netlink_ext_ack *extack);
int netslice_slice_check_cp_term(const struct netslice_slice *slice, u64 term,
				 struct netlink_ext_ack *extack);

int netslice_slice_init(void);
void netslice_slice_exit(void);

#endif
