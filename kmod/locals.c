// SPDX-License-Identifier: GPL-2.0-only
/*
 * The addresses of the node itself in a slice: packets to them go to the Linux stack.
 *
 * A hash for each slice, of addresses by device. It is made anew, in place, from
 * the devices' own lists whenever a port joins or leaves or an IPv4 address
 * changes, all under rtnl_lock; what a scan does not find any more is removed.
 * IPv6 addresses also come and go in softirq, without that lock: these are put in
 * and taken out one by one. A scan reads a device's list under the list's own
 * lock, so that an address that goes meanwhile is either not seen by it or is
 * taken out behind it.
 */
#include <linux/hash.h>
#include <linux/inetdevice.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>

#include "compat.h"
#include "forward.h"
#include "locals.h"
#include "netns.h"
#include "port.h"
#include "slice.h"

#define NETSLICE_LOCALS_BITS	7

/**
 * struct netslice_local - an address on a device
 * @node: in the hash
 * @addr: the address, IPv4 as a mapped one
 * @ifindex: of the device
 * @scan: number of the last scan that found it
 * @rcu: to free it
 */
struct netslice_local {
	struct hlist_node node;
	struct in6_addr addr;
	int ifindex;
	unsigned int scan;
	struct rcu_head rcu;
};

/**
 * struct netslice_locals - the hash
 * @lock: serialises changes (bh)
 * @scan: number of the current scan
 * @dead: takes no address any more
 * @rcu: to free it
 * @hash: the addresses; read under RCU
 */
struct netslice_locals {
	spinlock_t lock;
	unsigned int scan;
	bool dead;
	struct rcu_head rcu;
	struct hlist_head hash[1 << NETSLICE_LOCALS_BITS];
};

static u32 netslice_local_key(const struct in6_addr *addr)
{
	return hash_32((__force u32)(addr->s6_addr32[0] ^ addr->s6_addr32[1] ^
				     addr->s6_addr32[2] ^ addr->s6_addr32[3]),
		       NETSLICE_LOCALS_BITS);
}

static bool netslice_locals_has(const struct netslice_slice *slice, const struct in6_addr *addr)
{
	const struct netslice_locals *locals = rcu_dereference(slice->locals);
	const struct netslice_local *local;

	if (unlikely(!locals))
		return false;
	hlist_for_each_entry_rcu(local, &locals->hash[netslice_local_key(addr)], node)
		if (ipv6_addr_equal(&local->addr, addr))
			return true;
	return false;
}

/**
 * netslice_local4() - is that an address of the node itself?
 * @slice: in this slice
 * @addr: the address; broadcast addresses of the ports count too
 *
 * Context: RCU.
 * Return: true if it is.
 */
bool netslice_local4(const struct netslice_slice *slice, __be32 addr)
{
	struct in6_addr mapped;

	ipv6_addr_set_v4mapped(addr, &mapped);
	return netslice_locals_has(slice, &mapped);
}

/**
 * netslice_local6() - is that an address of the node itself?
 * @slice: in this slice
 * @addr: the address
 *
 * Context: RCU.
 * Return: true if it is.
 */
bool netslice_local6(const struct netslice_slice *slice, const struct in6_addr *addr)
{
	/* IPv4 addresses are kept in this form; on the wire it has no business. */
	return !ipv6_addr_v4mapped(addr) && netslice_locals_has(slice, addr);
}

static struct netslice_local *netslice_locals_find(struct netslice_locals *locals,
						   const struct in6_addr *addr, int ifindex)
{
	struct netslice_local *local;

	hlist_for_each_entry(local, &locals->hash[netslice_local_key(addr)], node)
		if (local->ifindex == ifindex && ipv6_addr_equal(&local->addr, addr))
			return local;
	return NULL;
}

static int netslice_locals_add(struct netslice_locals *locals, const struct in6_addr *addr,
			       int ifindex)
{
	struct netslice_local *local;
	int err = 0;

	spin_lock_bh(&locals->lock);
	if (locals->dead)
		goto unlock;
	local = netslice_locals_find(locals, addr, ifindex);
	if (!local) {
		local = kzalloc(sizeof(*local), GFP_ATOMIC | __GFP_ACCOUNT);
		if (!local) {
			err = -ENOMEM;
			goto unlock;
		}
		local->addr = *addr;
		local->ifindex = ifindex;
		hlist_add_head_rcu(&local->node, &locals->hash[netslice_local_key(addr)]);
	}
	local->scan = locals->scan;
unlock:
	spin_unlock_bh(&locals->lock);
	return err;
}

static void netslice_locals_unlink(struct netslice_local *local)
{
	hlist_del_rcu(&local->node);
	kfree_rcu(local, rcu);
}

static void netslice_locals_del(struct netslice_locals *locals, const struct in6_addr *addr,
				int ifindex)
{
	struct netslice_local *local;

	spin_lock_bh(&locals->lock);
	local = netslice_locals_find(locals, addr, ifindex);
	if (local)
		netslice_locals_unlink(local);
	spin_unlock_bh(&locals->lock);
}

/* Remove what the current scan did not find; all of it once dead. */
static void netslice_locals_sweep(struct netslice_locals *locals)
{
	struct netslice_local *local;
	struct hlist_node *next;
	unsigned int i;

	spin_lock_bh(&locals->lock);
	for (i = 0; i < ARRAY_SIZE(locals->hash); i++)
		hlist_for_each_entry_safe(local, next, &locals->hash[i], node)
			if (locals->dead || local->scan != locals->scan)
				netslice_locals_unlink(local);
	spin_unlock_bh(&locals->lock);
}

static int netslice_locals_scan4(struct netslice_locals *locals, struct net_device *dev)
{
	struct in_device *in_dev = __in_dev_get_rtnl(dev);
	const struct in_ifaddr *ifa;
	struct in6_addr addr;
	int err = 0;

	if (!in_dev)
		return 0;
	in_dev_for_each_ifa_rtnl(ifa, in_dev) {
		ipv6_addr_set_v4mapped(ifa->ifa_local, &addr);
		err = netslice_locals_add(locals, &addr, dev->ifindex) ?: err;
		if (!ifa->ifa_broadcast || ipv4_is_lbcast(ifa->ifa_broadcast))
			continue;
		ipv6_addr_set_v4mapped(ifa->ifa_broadcast, &addr);
		err = netslice_locals_add(locals, &addr, dev->ifindex) ?: err;
	}
	return err;
}

static int netslice_locals_scan6(struct netslice_locals *locals, struct net_device *dev)
{
	struct inet6_dev *idev = __in6_dev_get(dev);
	const struct inet6_ifaddr *ifa;
	const struct ifacaddr6 *aca;
	int err = 0;

	if (!idev)
		return 0;
	read_lock_bh(&idev->lock);
	list_for_each_entry(ifa, &idev->addr_list, if_list)
		err = netslice_locals_add(locals, &ifa->addr, dev->ifindex) ?: err;
	for (aca = netslice_compat_anycast(idev->ac_list); aca;
	     aca = netslice_compat_anycast(aca->aca_next))
		err = netslice_locals_add(locals, &aca->aca_addr, dev->ifindex) ?: err;
	read_unlock_bh(&idev->lock);
	return err;
}

static int netslice_locals_scan_dev(struct netslice_locals *locals, struct net_device *dev)
{
	int err4 = netslice_locals_scan4(locals, dev);
	int err6 = netslice_locals_scan6(locals, dev);

	return err4 ?: err6;
}

static int netslice_locals_scan(struct netslice_slice *slice, struct netslice_locals *locals)
{
	struct net_device *dev = netdev_master_upper_dev_get(slice->dev);
	struct netslice_port *port;
	int err;

	err = netslice_locals_scan_dev(locals, slice->dev);
	if (dev && netif_is_l3_master(dev))
		err = netslice_locals_scan_dev(locals, dev) ?: err;
	rcu_read_lock();
	list_for_each_entry_rcu(port, &slice->ports, list) {
		/* Changes under rtnl_lock only. */
		dev = rtnl_dereference(port->dev);
		if (dev)
			err = netslice_locals_scan_dev(locals, dev) ?: err;
	}
	rcu_read_unlock();
	return err;
}

static struct netslice_locals *netslice_locals_make(struct netslice_slice *slice)
{
	struct netslice_locals *locals = rtnl_dereference(slice->locals);

	if (locals)
		return locals;
	locals = kzalloc(sizeof(*locals), GFP_KERNEL_ACCOUNT);
	if (!locals)
		return NULL;
	spin_lock_init(&locals->lock);
	rcu_assign_pointer(slice->locals, locals);
	return locals;
}

/**
 * netslice_locals_refresh() - scan the addresses of a slice again
 * @slice: the slice
 *
 * Context: rtnl_lock.
 * Return: 0 or -ENOMEM; then some address may be missing.
 */
int netslice_locals_refresh(struct netslice_slice *slice)
{
	struct netslice_locals *locals;
	int err;

	ASSERT_RTNL();
	locals = netslice_locals_make(slice);
	if (!locals)
		return -ENOMEM;
	spin_lock_bh(&locals->lock);
	locals->scan++;
	spin_unlock_bh(&locals->lock);
	err = netslice_locals_scan(slice, locals);
	netslice_locals_sweep(locals);
	return err;
}

/**
 * netslice_locals_free() - a slice ends
 * @slice: the slice, dead: no packet reaches it any more
 *
 * Context: process.
 */
void netslice_locals_free(struct netslice_slice *slice)
{
	struct netslice_locals *locals = rcu_dereference_protected(slice->locals, true);

	if (!locals)
		return;
	RCU_INIT_POINTER(slice->locals, NULL);
	spin_lock_bh(&locals->lock);
	locals->dead = true;
	spin_unlock_bh(&locals->lock);
	netslice_locals_sweep(locals);
	kfree_rcu(locals, rcu);
}

struct netslice_locals_change {
	void (*apply)(struct netslice_slice *slice, const struct netslice_locals_change *change);
	int (*walk)(struct net_device *dev,
		    int (*fn)(struct net_device *lower, struct netdev_nested_priv *priv),
		    struct netdev_nested_priv *priv);
	const struct in6_addr *addr;
	int ifindex;
	bool gone;
};

static int netslice_locals_change_lower(struct net_device *lower, struct netdev_nested_priv *priv)
{
	const struct netslice_locals_change *change = priv->data;

	if (lower->rtnl_link_ops == &netslice_link_ops)
		change->apply(netslice_slice_of(lower), change);
	return 0;
}

/* An address of @dev changed: in which slices? Context: rtnl_lock or RCU, as walk needs it. */
static void netslice_locals_changed(struct net_device *dev,
				    const struct netslice_locals_change *change)
{
	struct netdev_nested_priv priv = { .data = (void *)change };
	struct netslice_port *port;

	if (rcu_access_pointer(dev->rx_handler) == netslice_rx) {
		port = rcu_dereference_rtnl(dev->rx_handler_data);
		change->apply(port->slice, change);
	} else if (dev->rtnl_link_ops == &netslice_link_ops) {
		change->apply(netslice_slice_of(dev), change);
	} else if (netif_is_l3_master(dev)) {
		change->walk(dev, netslice_locals_change_lower, &priv);
	}
}

static void netslice_locals_apply6(struct netslice_slice *slice,
				   const struct netslice_locals_change *change)
{
	struct netslice_locals *locals = rcu_dereference(slice->locals);

	if (!locals)
		return;
	if (change->gone)
		netslice_locals_del(locals, change->addr, change->ifindex);
	else
		netslice_locals_add(locals, change->addr, change->ifindex);
}

static int netslice_locals_event6(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct inet6_ifaddr *ifa = ptr;
	struct netslice_locals_change change = {
		.apply = netslice_locals_apply6,
		.walk = netdev_walk_all_lower_dev_rcu,
		.addr = &ifa->addr,
		.ifindex = ifa->idev->dev->ifindex,
		.gone = event == NETDEV_DOWN,
	};

	if (event != NETDEV_UP && event != NETDEV_DOWN)
		return NOTIFY_DONE;
	rcu_read_lock();
	netslice_locals_changed(ifa->idev->dev, &change);
	rcu_read_unlock();
	return NOTIFY_DONE;
}

/* Two addresses may share a broadcast address: the slice's devices are scanned anew. */
static void netslice_locals_apply4(struct netslice_slice *slice,
				   const struct netslice_locals_change *change)
{
	struct netslice_locals *locals = rtnl_dereference(slice->locals);

	if (!locals)
		return;
	spin_lock_bh(&locals->lock);
	locals->scan++;
	spin_unlock_bh(&locals->lock);
	netslice_locals_scan(slice, locals);
	netslice_locals_sweep(locals);
	/* A VRF may have thousands of slices, and thousands of addresses for each. */
	cond_resched();
}

static int netslice_locals_event4(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct in_ifaddr *ifa = ptr;
	struct netslice_locals_change change = {
		.apply = netslice_locals_apply4,
		.walk = netdev_walk_all_lower_dev,
	};

	/* Under rtnl_lock, and may sleep: so it does between two slices. */
	netslice_locals_changed(ifa->ifa_dev->dev, &change);
	return NOTIFY_DONE;
}

static struct notifier_block netslice_locals_notifier4 = {
	.notifier_call = netslice_locals_event4,
};

static struct notifier_block netslice_locals_notifier6 = {
	.notifier_call = netslice_locals_event6,
};

/**
 * netslice_locals_init() - begin to watch addresses
 *
 * Context: process.
 * Return: 0 or an error.
 */
int netslice_locals_init(void)
{
	int err;

	err = register_inetaddr_notifier(&netslice_locals_notifier4);
	if (err)
		return err;
	err = register_inet6addr_notifier(&netslice_locals_notifier6);
	if (err)
		unregister_inetaddr_notifier(&netslice_locals_notifier4);
	return err;
}

/**
 * netslice_locals_exit() - watch no more
 *
 * Context: process.
 */
void netslice_locals_exit(void)
{
	unregister_inet6addr_notifier(&netslice_locals_notifier6);
	unregister_inetaddr_notifier(&netslice_locals_notifier4);
}
