// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports.
 *
 * A port outlives its device: while next hops or virtual addresses name it, it
 * stays, absent, and is filled again by a port of the same name. It is the only
 * thing in the module that refers to a net device, so that a device can go at any
 * moment and has nobody to wait for.
 *
 * References come and go one by one, also where a generation is freed without
 * nn->lock. What nothing needs is then taken off the list in one place,
 * netslice_ports_reap(), under nn->lock; since references rise only under that
 * lock, a port found with its list's alone cannot get another.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/netfilter.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "compat.h"
#include "event.h"
#include "filter.h"
#include "forward.h"
#include "locals.h"
#include "netns.h"
#include "port.h"
#include "role.h"
#include "slice.h"

/*
 * Both nodes derive a virtual MAC from the names of slice and port. The key has
 * no secret: it only keeps these addresses apart from other uses of the hash.
 */
static const siphash_key_t netslice_vmac_key = {
	{ 0x6e6574736c696365ULL, 0x7669727475616c20ULL }
};

static void netslice_port_derive_vmac(const struct netslice_port *port, u8 vmac[ETH_ALEN])
{
	char names[2][NETSLICE_NAME_LEN] = {};
	__le64 hash;

	strscpy(names[0], port->slice->name, sizeof(names[0]));
	strscpy(names[1], port->name, sizeof(names[1]));
	hash = cpu_to_le64(siphash(names, sizeof(names), &netslice_vmac_key));
	memcpy(vmac, &hash, ETH_ALEN);
	vmac[0] = (vmac[0] | 0x02) & ~0x01;
}

/**
 * netslice_port_find() - the port of a name
 * @slice: its slice
 * @name: the slice's name for it
 *
 * Context: nn->lock or RCU.
 * Return: the port, with or without a device; NULL if there is none.
 */
struct netslice_port *netslice_port_find(const struct netslice_slice *slice, const char *name)
{
	struct netslice_port *port;

	list_for_each_entry_rcu(port, &slice->ports, list, lockdep_is_held(&slice->nn->lock))
		if (!strncmp(port->name, name, sizeof(port->name)))
			return port;
	return NULL;
}

static struct net_device *netslice_port_dev(const struct netslice_port *port)
{
	return rcu_dereference_protected(port->dev, lockdep_is_held(&port->slice->nn->lock));
}

static int netslice_port_check_name(const struct netslice_slice *slice, const char *name,
				    struct netlink_ext_ack *extack)
{
	if (!dev_valid_name(name)) {
		NL_SET_ERR_MSG(extack, "a port's name must be one that a net device may have");
		return -EINVAL;
	}
	if (slice->nports >= NETSLICE_MAX_PORTS) {
		NL_SET_ERR_MSG(extack, "the slice has 64 ports already");
		return -ENOSPC;
	}
	return 0;
}

static struct netslice_port *netslice_port_new(struct netslice_slice *slice, const char *name,
					       struct netlink_ext_ack *extack)
{
	struct netslice_port *port;
	int err;

	err = netslice_port_check_name(slice, name, extack);
	if (err)
		return ERR_PTR(err);
	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);
	if (!port)
		return ERR_PTR(-ENOMEM);
	port->stats = __netdev_alloc_pcpu_stats(struct netslice_port_stats, GFP_KERNEL_ACCOUNT);
	if (!port->stats) {
		kfree(port);
		return ERR_PTR(-ENOMEM);
	}
	port->slice = slice;
	port->kind = NETSLICE_PORT_LAN;
	strscpy(port->name, name, sizeof(port->name));
	netslice_port_derive_vmac(port, port->vmac);
	refcount_set(&port->ref, 1);
	spin_lock_init(&port->evidence_lock);
	list_add_tail_rcu(&port->list, &slice->ports);
	slice->nports++;
	return port;
}

static void netslice_port_free_rcu(struct rcu_head *rcu)
{
	struct netslice_port *port = container_of(rcu, struct netslice_port, rcu);

	free_percpu(port->stats);
	kfree(port);
}

/**
 * netslice_ports_reap() - free the ports that nothing needs
 * @slice: their slice
 *
 * Context: nn->lock.
 */
void netslice_ports_reap(struct netslice_slice *slice)
{
	struct netslice_port *port, *next;

	lockdep_assert_held(&slice->nn->lock);
	list_for_each_entry_safe(port, next, &slice->ports, list) {
		if (refcount_read(&port->ref) > 1 || rcu_access_pointer(port->dev) ||
		    rcu_access_pointer(port->vips))
			continue;
		list_del_rcu(&port->list);
		slice->nports--;
		call_rcu(&port->rcu, netslice_port_free_rcu);
	}
}

/**
 * netslice_port_hold() - take a reference
 * @port: the port
 *
 * Context: nn->lock.
 */
void netslice_port_hold(struct netslice_port *port)
{
	lockdep_assert_held(&port->slice->nn->lock);
	refcount_inc(&port->ref);
}

/**
 * netslice_port_put() - give a reference back
 * @port: the port
 *
 * Context: any; netslice_ports_reap() is to follow.
 */
void netslice_port_put(struct netslice_port *port)
{
	/* The list's own is not given back here. */
	refcount_dec(&port->ref);
}

/**
 * netslice_port_get() - find a port, or make an absent one, for a next hop
 * @slice: its slice
 * @name: the slice's name for it
 * @extack: says why not
 *
 * Context: nn->lock.
 * Return: the port with a reference, or an error pointer.
 */
struct netslice_port *netslice_port_get(struct netslice_slice *slice, const char *name,
					struct netlink_ext_ack *extack)
{
	struct netslice_port *port;

	lockdep_assert_held(&slice->nn->lock);
	port = netslice_port_find(slice, name);
	if (!port)
		port = netslice_port_new(slice, name, extack);
	if (!IS_ERR(port))
		netslice_port_hold(port);
	return port;
}

static bool netslice_netfilter_forwards(const struct net *net)
{
	bool found = false;
#ifdef CONFIG_NETFILTER
	const struct nf_hook_entries *hooks;

	rcu_read_lock();
	hooks = rcu_dereference(net->nf.hooks_ipv4[NF_INET_FORWARD]);
	found = hooks && hooks->num_hook_entries;
	hooks = rcu_dereference(net->nf.hooks_ipv6[NF_INET_FORWARD]);
	found = found || (hooks && hooks->num_hook_entries);
	rcu_read_unlock();
#endif
	return found;
}

static int netslice_port_check_vrf(const struct netslice_slice *slice, struct net_device *dev,
				   struct netlink_ext_ack *extack)
{
	struct net_device *vrf = netdev_master_upper_dev_get(slice->dev);

	if (!vrf || !netif_is_l3_master(vrf)) {
		NL_SET_ERR_MSG(extack, "put the slice device into a VRF first");
		return -EINVAL;
	}
	if (netdev_master_upper_dev_get(dev) != vrf) {
		NL_SET_ERR_MSG(extack, "put the device into the slice's VRF first");
		return -EINVAL;
	}
	return 0;
}

static int netslice_port_check_dev(const struct netslice_slice *slice, struct net_device *dev,
				   struct netlink_ext_ack *extack)
{
	if (!net_eq(dev_net(dev), slice->nn->net)) {
		NL_SET_ERR_MSG(extack, "the device is in another namespace than the slice");
		return -EXDEV;
	}
	if ((dev->flags & IFF_LOOPBACK) || dev->rtnl_link_ops == &netslice_link_ops ||
	    netif_is_l3_master(dev)) {
		NL_SET_ERR_MSG(extack, "loopback, slice and VRF devices cannot be ports");
		return -EINVAL;
	}
	if (dev->type != ARPHRD_ETHER || dev->addr_len != ETH_ALEN) {
		NL_SET_ERR_MSG(extack, "only Ethernet devices can be ports");
		return -EINVAL;
	}
	if (rtnl_dereference(dev->rx_handler) == netslice_rx) {
		NL_SET_ERR_MSG(extack, "the device is a port already");
		return -EBUSY;
	}
	if (netdev_is_rx_handler_busy(dev)) {
		NL_SET_ERR_MSG(extack,
			       "the device is in use by another (bridge, bond, macvlan ...)");
		return -EBUSY;
	}
	return netslice_port_check_vrf(slice, dev, extack);
}

static int netslice_port_check_spec(const struct netslice_slice *slice,
				    const struct netslice_port_spec *spec,
				    struct netlink_ext_ack *extack)
{
	if (spec->kind > NETSLICE_PORT_KIND_MAX) {
		NL_SET_ERR_MSG(extack, "there is no such kind of port");
		return -EINVAL;
	}
	if (spec->vmac && spec->kind != NETSLICE_PORT_LAN) {
		NL_SET_ERR_MSG(extack, "only lan ports have a virtual MAC");
		return -EINVAL;
	}
	if (spec->vmac && (!is_valid_ether_addr(spec->vmac) || !is_local_ether_addr(spec->vmac))) {
		NL_SET_ERR_MSG(extack, "a virtual MAC must be unicast and locally administered");
		return -EINVAL;
	}
	if (!spec->bypass && netslice_netfilter_forwards(slice->nn->net)) {
		NL_SET_ERR_MSG(extack,
			       "netfilter forward hooks are there and would not see the packets");
		return -EPERM;
	}
	return 0;
}

static int netslice_port_check_free(const struct netslice_port *port, u8 kind,
				    struct netlink_ext_ack *extack)
{
	if (netslice_port_dev(port)) {
		NL_SET_ERR_MSG(extack, "the slice has a port of that name already");
		return -EEXIST;
	}
	if (kind != NETSLICE_PORT_LAN && rcu_access_pointer(port->vips)) {
		NL_SET_ERR_MSG(extack, "the port has virtual addresses: it must be a lan port");
		return -EINVAL;
	}
	return 0;
}

static void netslice_port_detach(struct netslice_port *port, struct net_device *dev)
{
	RCU_INIT_POINTER(port->dev, NULL);
	/* Waits until no CPU receives here any more, nor uses port->dev. */
	netdev_rx_handler_unregister(dev);
	netslice_filter_leave(port, dev);
	netdev_put(dev, &port->dev_tracker);
}

static int netslice_port_attach(struct netslice_port *port, struct net_device *dev,
				struct netlink_ext_ack *extack)
{
	int err;

	err = netslice_filter_join(port, dev);
	if (err) {
		NL_SET_ERR_MSG(extack, "the device does not take the virtual MAC into its filter");
		return err;
	}
	netdev_hold(dev, &port->dev_tracker, GFP_KERNEL);
	rcu_assign_pointer(port->dev, dev);
	err = netdev_rx_handler_register(dev, netslice_rx, port);
	if (err) {
		NL_SET_ERR_MSG(extack, "the device does not allow a receive handler");
		RCU_INIT_POINTER(port->dev, NULL);
		synchronize_net();
		netslice_filter_leave(port, dev);
		netdev_put(dev, &port->dev_tracker);
		return err;
	}
	err = netslice_locals_refresh(port->slice);
	if (err)
		netslice_port_detach(port, dev);
	return err;
}

static int netslice_port_fill(struct netslice_port *port, const struct netslice_port_spec *spec,
			      struct netlink_ext_ack *extack)
{
	u8 vmac[ETH_ALEN];
	int err;

	if (spec->vmac)
		ether_addr_copy(vmac, spec->vmac);
	else
		netslice_port_derive_vmac(port, vmac);
	if (spec->kind == NETSLICE_PORT_LAN && ether_addr_equal(vmac, spec->dev->dev_addr)) {
		NL_SET_ERR_MSG(extack, "the virtual MAC is the device's own");
		return -EINVAL;
	}
	/* No packet looks at these while the port is absent. */
	port->kind = spec->kind;
	ether_addr_copy(port->vmac, vmac);
	port->bypass = spec->bypass;
	err = netslice_port_attach(port, spec->dev, extack);
	if (!err)
		port->last_state = netslice_port_state(port);
	return err;
}

/**
 * netslice_port_add() - make a net device a port
 * @slice: the slice
 * @spec: the port wanted
 * @extack: says why not
 *
 * Context: rtnl_lock and nn->lock. Emits PORT_ADD.
 * Return: 0 or an error.
 */
int netslice_port_add(struct netslice_slice *slice, const struct netslice_port_spec *spec,
		      struct netlink_ext_ack *extack)
{
	struct netslice_port *port;
	int err;

	ASSERT_RTNL();
	lockdep_assert_held(&slice->nn->lock);
	err = netslice_port_check_spec(slice, spec, extack);
	if (!err)
		err = netslice_port_check_dev(slice, spec->dev, extack);
	if (err)
		return err;
	port = netslice_port_get(slice, spec->name, extack);
	if (IS_ERR(port))
		return PTR_ERR(port);
	err = netslice_port_check_free(port, spec->kind, extack);
	if (!err) {
		dev_disable_lro(spec->dev);
		err = netslice_port_fill(port, spec, extack);
	}
	if (!err)
		netslice_event(slice, NETSLICE_EVENT_PORT_ADD,
			       &(struct netslice_event_info){ .port = port }, GFP_KERNEL);
	netslice_port_put(port);
	netslice_ports_reap(slice);
	return err;
}

static void netslice_port_clear(struct netslice_port *port)
{
	struct net_device *dev = netslice_port_dev(port);

	if (!dev)
		return;
	netslice_port_detach(port, dev);
	/* The port may go; what was heard on it stays true. */
	netslice_role_heard(port->slice, READ_ONCE(port->peer_fp_term));
	port->bypass = false;
	netslice_event(port->slice, NETSLICE_EVENT_PORT_DEL,
		       &(struct netslice_event_info){ .port = port }, GFP_KERNEL);
}

/**
 * netslice_port_remove() - take the device off a port
 * @port: the port; it may be gone afterwards
 *
 * Routes that name it stay, and are down.
 *
 * Context: rtnl_lock and nn->lock. Emits PORT_DEL.
 */
void netslice_port_remove(struct netslice_port *port)
{
	struct netslice_slice *slice = port->slice;

	ASSERT_RTNL();
	lockdep_assert_held(&slice->nn->lock);
	netslice_port_clear(port);
	netslice_locals_refresh(slice);
	netslice_ports_reap(slice);
}

/**
 * netslice_ports_clear() - take the devices off all ports of a slice
 * @slice: the slice
 *
 * Context: rtnl_lock and nn->lock. Emits PORT_DEL for each. The caller refreshes
 * the slice's local addresses and reaps its ports.
 */
void netslice_ports_clear(struct netslice_slice *slice)
{
	struct netslice_port *port;

	ASSERT_RTNL();
	lockdep_assert_held(&slice->nn->lock);
	list_for_each_entry(port, &slice->ports, list)
		netslice_port_clear(port);
}

/**
 * netslice_ports_destroy() - take everything off the ports of a slice that dies
 * @slice: the slice
 *
 * Context: rtnl_lock and nn->lock. Emits PORT_DEL for each.
 */
void netslice_ports_destroy(struct netslice_slice *slice)
{
	struct netslice_vips *vips;
	struct netslice_port *port;

	netslice_ports_clear(slice);
	list_for_each_entry(port, &slice->ports, list) {
		vips = rcu_replace_pointer(port->vips, NULL, lockdep_is_held(&slice->nn->lock));
		if (vips)
			kfree_rcu(vips, rcu);
	}
}

/**
 * netslice_port_state() - is a port absent, down or up?
 * @port: the port
 *
 * Context: any.
 * Return: enum netslice_port_state.
 */
u8 netslice_port_state(const struct netslice_port *port)
{
	struct net_device *dev;
	u8 state = NETSLICE_PORT_ABSENT;

	rcu_read_lock();
	dev = rcu_dereference(port->dev);
	if (dev)
		state = netif_running(dev) && netif_carrier_ok(dev) ? NETSLICE_PORT_UP :
								      NETSLICE_PORT_DOWN;
	rcu_read_unlock();
	return state;
}

static u64 netslice_port_vmac_sum(const struct netslice_port *port)
{
	const struct netslice_port_stats *stats;
	unsigned int start;
	u64 sum = 0, one;
	int cpu;

	for_each_possible_cpu(cpu) {
		stats = per_cpu_ptr(port->stats, cpu);
		do {
			start = u64_stats_fetch_begin(&stats->syncp);
			one = u64_stats_read(&stats->vmac_rx);
		} while (u64_stats_fetch_retry(&stats->syncp, start));
		sum += one;
	}
	return sum;
}

/**
 * netslice_port_vmac_rx() - frames to the virtual MAC since the last change of role
 * @port: the port
 *
 * Context: any.
 * Return: how many.
 */
u64 netslice_port_vmac_rx(const struct netslice_port *port)
{
	return netslice_port_vmac_sum(port) - READ_ONCE(port->vmac_rx_base);
}

/**
 * netslice_port_evidence_reset() - the role changes: count anew
 * @port: the port
 *
 * What was heard from the other node stays: it says which of its frames it was.
 *
 * Context: any.
 */
void netslice_port_evidence_reset(struct netslice_port *port)
{
	WRITE_ONCE(port->vmac_rx_base, netslice_port_vmac_sum(port));
}
