/* SPDX-License-Identifier: GPL-2.0-only */
/* A port: a net device that belongs to one slice, under the slice's own name for it. */
#ifndef NETSLICE_PORT_H
#define NETSLICE_PORT_H

#include <linux/if_ether.h>
#include <linux/in6.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

#include <uapi/linux/netslice.h>

struct netslice_slice;

/**
 * struct netslice_vip - a virtual address of a port
 * @family: AF_INET or AF_INET6
 * @addr: the address; IPv4 in addr.s6_addr32[3], as a mapped address
 */
struct netslice_vip {
	u8 family;
	struct in6_addr addr;
};

/* The virtual addresses of a port; replaced as a whole under RCU. */
struct netslice_vips {
	struct rcu_head rcu;
	unsigned int n;
	struct netslice_vip vip[];
};

/* Per CPU. */
struct netslice_port_stats {
	u64_stats_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	u64_stats_t vmac_rx;
	struct u64_stats_sync syncp;
};

/**
 * struct netslice_port - a port, with or without a device
 * @dev: its device, NULL when absent. RCU; written under rtnl_lock and nn->lock.
 *	The one reference to the device that the module holds: generations refer
 *	to ports, never to devices, so that a device can always go.
 * @slice: never changes
 * @kind: enum netslice_port_kind
 * @vmac: virtual MAC (lan ports); in the device's filter from joining to leaving
 * @vips: virtual addresses
 * @stats: per CPU
 * @list: in slice->ports
 * @name: the slice's name for it
 * @ref: one of the slice's list, one for each next hop of any generation that
 *	names it; rises only under nn->lock. netslice_ports_reap() takes those off
 *	the list that have no device, no gateway and no other reference.
 * @bypass: joined with BYPASS_NETFILTER
 * @last_state: enum netslice_port_state as last told, under rtnl_lock
 * @dev_tracker: of the reference in @dev
 * @evidence_lock: protects what follows (softirq)
 * @marker_cookie, @marker_total, @marker_seen: last marker heard; which of its frames
 * @probe_cookie: last probe heard
 * @peer_fp_term, @peer_seen: highest fp-term in refresh frames, and when (ktime, boottime)
 * @vmac_rx_base: sum of vmac_rx at the last change of role
 */
struct netslice_port {
	struct net_device __rcu *dev;
	struct netslice_slice *slice;
	u8 kind;
	u8 vmac[ETH_ALEN];
	struct netslice_vips __rcu *vips;
	struct netslice_port_stats __percpu *stats;

	struct list_head list;
	char name[NETSLICE_NAME_LEN];
	refcount_t ref;
	bool bypass;
	u8 last_state;
	netdevice_tracker dev_tracker;

	spinlock_t evidence_lock;
	u64 marker_cookie;
	u16 marker_total;
	u16 marker_count;
	DECLARE_BITMAP(marker_seen, 256);
	u64 probe_cookie;
	u64 peer_fp_term;
	ktime_t peer_seen;
	u64 vmac_rx_base;
	struct rcu_head rcu;
};

/**
 * struct netslice_port_spec - a port to be added
 * @name: the slice's name for it
 * @dev: its device, a member of the slice device's VRF
 * @kind: enum netslice_port_kind
 * @vmac: NULL: derived from the names of slice and port
 * @bypass: join although netfilter forward hooks exist in the namespace
 */
struct netslice_port_spec {
	const char *name;
	struct net_device *dev;
	u8 kind;
	const u8 *vmac;
	bool bypass;
};

/* Context: rtnl_lock and nn->lock. Registers the rx handler, filters, LRO off. */
int netslice_port_add(struct netslice_slice *slice, const struct netslice_port_spec *spec,
		      struct netlink_ext_ack *extack);
/*
 * Context: rtnl_lock and nn->lock. Takes the device off; routes that name it stay, down.
 * The port may be gone afterwards.
 */
void netslice_port_remove(struct netslice_port *port);
/* Context: rtnl_lock and nn->lock. Takes the device off every port. */
void netslice_ports_clear(struct netslice_slice *slice);
/* Context: rtnl_lock and nn->lock. Takes everything off: the slice dies. */
void netslice_ports_destroy(struct netslice_slice *slice);
/* Context: nn->lock. Frees, after a grace period, the ports that nothing needs. */
void netslice_ports_reap(struct netslice_slice *slice);
/* Context: nn->lock or RCU. */
struct netslice_port *netslice_port_find(const struct netslice_slice *slice, const char *name);
/* Context: nn->lock. Finds, or makes an absent port, and takes a reference for a next hop. */
struct netslice_port *netslice_port_get(struct netslice_slice *slice, const char *name,
					struct netlink_ext_ack *extack);
/* Context: nn->lock. */
void netslice_port_hold(struct netslice_port *port);
/* Context: any; netslice_ports_reap() is to follow. */
void netslice_port_put(struct netslice_port *port);

/* Context: rtnl_lock (the device's filter changes) and nn->lock. */
int netslice_port_vip_add(struct netslice_port *port, const struct netslice_vip *vip,
			  struct netlink_ext_ack *extack);
int netslice_port_vip_del(struct netslice_port *port, const struct netslice_vip *vip,
			  struct netlink_ext_ack *extack);

/* Context: any. */
u8 netslice_port_state(const struct netslice_port *port);
u64 netslice_port_vmac_rx(const struct netslice_port *port);
void netslice_port_evidence_reset(struct netslice_port *port);

int netslice_port_init(void);	/* notifiers */
void netslice_port_exit(void);

#endif
