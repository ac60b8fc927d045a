// SPDX-License-Identifier: GPL-2.0-only
/* Virtual addresses of lan ports: a list that is replaced as a whole. */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "event.h"
#include "filter.h"
#include "netns.h"
#include "port.h"
#include "slice.h"

static struct netslice_vips *netslice_vips(const struct netslice_port *port)
{
	return rcu_dereference_protected(port->vips, lockdep_is_held(&port->slice->nn->lock));
}

static bool netslice_vip_valid(const struct netslice_vip *vip)
{
	__be32 addr = vip->addr.s6_addr32[3];

	if (vip->family == AF_INET)
		return !ipv4_is_zeronet(addr) && !ipv4_is_loopback(addr) &&
		       !ipv4_is_multicast(addr) && !ipv4_is_lbcast(addr);
	return !ipv6_addr_any(&vip->addr) && !ipv6_addr_loopback(&vip->addr) &&
	       !ipv6_addr_is_multicast(&vip->addr) && !ipv6_addr_v4mapped(&vip->addr);
}

/* Return: its place in @vips, or -1. */
static int netslice_vip_index(const struct netslice_vips *vips, const struct netslice_vip *vip)
{
	unsigned int i;

	for (i = 0; vips && i < vips->n; i++)
		if (vips->vip[i].family == vip->family &&
		    ipv6_addr_equal(&vips->vip[i].addr, &vip->addr))
			return i;
	return -1;
}

/* Link-local addresses belong to their link, all others to the slice. */
static const struct netslice_port *netslice_vip_holder(const struct netslice_port *port,
						       const struct netslice_vip *vip)
{
	bool local = vip->family == AF_INET6 &&
		     ipv6_addr_type(&vip->addr) & IPV6_ADDR_LINKLOCAL;
	const struct netslice_port *other;

	list_for_each_entry(other, &port->slice->ports, list)
		if ((other == port || !local) &&
		    netslice_vip_index(netslice_vips(other), vip) >= 0)
			return other;
	return NULL;
}

static int netslice_vip_check(const struct netslice_port *port, const struct netslice_vip *vip,
			      struct netlink_ext_ack *extack)
{
	const struct netslice_vips *vips = netslice_vips(port);

	if (port->kind != NETSLICE_PORT_LAN) {
		NL_SET_ERR_MSG(extack, "only a lan port has virtual addresses");
		return -EINVAL;
	}
	if (!netslice_vip_valid(vip)) {
		NL_SET_ERR_MSG(extack, "that address cannot be a host's");
		return -EINVAL;
	}
	if (netslice_vip_holder(port, vip)) {
		NL_SET_ERR_MSG(extack, "the slice has that virtual address already");
		return -EEXIST;
	}
	if (vips && vips->n >= NETSLICE_MAX_GATEWAYS) {
		NL_SET_ERR_MSG(extack, "the port has 16 virtual addresses already");
		return -ENOSPC;
	}
	return 0;
}

static struct netslice_vips *netslice_vips_alloc(unsigned int n)
{
	struct netslice_vips *vips;

	vips = kzalloc(struct_size(vips, vip, n), GFP_KERNEL_ACCOUNT);
	if (vips)
		vips->n = n;
	return vips;
}

static void netslice_vips_replace(struct netslice_port *port, struct netslice_vips *vips)
{
	struct netslice_vips *old = netslice_vips(port);

	rcu_assign_pointer(port->vips, vips);
	if (old)
		kfree_rcu(old, rcu);
}

static void netslice_vip_event(struct netslice_port *port, const struct netslice_vip *vip,
			       enum netslice_event event)
{
	netslice_event(port->slice, event,
		       &(struct netslice_event_info){ .port = port, .vip = vip }, GFP_KERNEL);
}

/**
 * netslice_port_vip_add() - give a port a virtual address
 * @port: a lan port, with or without a device
 * @vip: the address
 * @extack: says why not
 *
 * Context: rtnl_lock and nn->lock. Emits GATEWAY_ADD.
 * Return: 0, -EINVAL, -EEXIST, -ENOSPC, -ENOMEM or what the device's filter says.
 */
int netslice_port_vip_add(struct netslice_port *port, const struct netslice_vip *vip,
			  struct netlink_ext_ack *extack)
{
	struct net_device *dev = rtnl_dereference(port->dev);
	struct netslice_vips *old, *vips;
	int err;

	ASSERT_RTNL();
	lockdep_assert_held(&port->slice->nn->lock);
	err = netslice_vip_check(port, vip, extack);
	if (err)
		return err;
	old = netslice_vips(port);
	vips = netslice_vips_alloc(old ? old->n + 1 : 1);
	if (!vips)
		return -ENOMEM;
	err = dev ? netslice_filter_vip_add(dev, vip) : 0;
	if (err) {
		NL_SET_ERR_MSG(extack, "the device does not take the address's group");
		kfree(vips);
		return err;
	}
	if (old)
		memcpy(vips->vip, old->vip, old->n * sizeof(old->vip[0]));
	vips->vip[vips->n - 1] = *vip;
	netslice_vips_replace(port, vips);
	netslice_vip_event(port, vip, NETSLICE_EVENT_GATEWAY_ADD);
	return 0;
}

/**
 * netslice_port_vip_del() - take a virtual address away
 * @port: the port; it may be gone afterwards
 * @vip: the address
 * @extack: says why not
 *
 * Context: rtnl_lock and nn->lock. Emits GATEWAY_DEL.
 * Return: 0, -ENOENT or -ENOMEM.
 */
int netslice_port_vip_del(struct netslice_port *port, const struct netslice_vip *vip,
			  struct netlink_ext_ack *extack)
{
	struct net_device *dev = rtnl_dereference(port->dev);
	struct netslice_vips *old, *vips = NULL;
	int at;

	ASSERT_RTNL();
	lockdep_assert_held(&port->slice->nn->lock);
	old = netslice_vips(port);
	at = netslice_vip_index(old, vip);
	if (at < 0) {
		NL_SET_ERR_MSG(extack, "the port has no such virtual address");
		return -ENOENT;
	}
	if (old->n > 1) {
		vips = netslice_vips_alloc(old->n - 1);
		if (!vips)
			return -ENOMEM;
		memcpy(vips->vip, old->vip, at * sizeof(old->vip[0]));
		memcpy(vips->vip + at, old->vip + at + 1,
		       (vips->n - at) * sizeof(old->vip[0]));
	}
	if (dev)
		netslice_filter_vip_del(dev, vip);
	netslice_vips_replace(port, vips);
	netslice_vip_event(port, vip, NETSLICE_EVENT_GATEWAY_DEL);
	netslice_ports_reap(port->slice);
	return 0;
}
