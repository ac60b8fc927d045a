/* SPDX-License-Identifier: GPL-2.0-only */
/* The module's state of one network namespace. */
#ifndef NETSLICE_NETNS_H
#define NETSLICE_NETNS_H

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#define NETSLICE_SLICE_HASH_BITS 8

/**
 * struct netslice_net - one network namespace
 * @net: the namespace
 * @lock: protects all control state of the namespace's slices: @slices, @names,
 *	ports, gateways, generations, cp-terms. Taken inside rtnl_lock() where
 *	both are needed. Roles, fp-terms and leases have netslice_slice.role_lock.
 * @slices: struct netslice_slice, in order of creation; read under RCU or @lock
 * @names: the same by name
 * @nslices: how many, under @lock
 * @event_seq: counts events, starts at 1
 * @change_seq: the same, without the frames heard from other nodes, which change
 *	nothing and which anybody on a LAN can send; a dump during which it moved
 *	says so
 */
struct netslice_net {
	struct net *net;
	struct mutex lock;
	struct list_head slices;
	DECLARE_HASHTABLE(names, NETSLICE_SLICE_HASH_BITS);
	unsigned int nslices;
	atomic64_t event_seq;
	atomic64_t change_seq;
};

struct netslice_net *netslice_pernet(const struct net *net);
int netslice_netns_init(void);
void netslice_netns_exit(void);

#endif
