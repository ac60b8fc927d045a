// SPDX-License-Identifier: GPL-2.0-only
/*
 * The receive filter of a lan port's device: the virtual MAC, the group that the
 * nodes of a pair talk to each other by, and for each IPv6 virtual address the
 * group that it is solicited by. All of it is there from joining to leaving,
 * whatever the role: nothing has to be programmed at a handover.
 */
#include <linux/etherdevice.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>

#include "filter.h"
#include "netns.h"
#include "port.h"
#include "slice.h"

static const u8 netslice_frame_group[ETH_ALEN] = NETSLICE_FRAME_GROUP;

static void netslice_filter_solicited(const struct netslice_vip *vip, u8 mac[ETH_ALEN])
{
	struct in6_addr group;

	addrconf_addr_solict_mult(&vip->addr, &group);
	ipv6_eth_mc_map(&group, mac);
}

/**
 * netslice_filter_vip_add() - let in what solicits a virtual address
 * @dev: device of the port
 * @vip: the address; nothing is to do for IPv4, where requests are broadcast
 *
 * Context: rtnl_lock.
 * Return: 0 or an error.
 */
int netslice_filter_vip_add(struct net_device *dev, const struct netslice_vip *vip)
{
	u8 mac[ETH_ALEN];

	if (vip->family != AF_INET6)
		return 0;
	netslice_filter_solicited(vip, mac);
	return dev_mc_add(dev, mac);
}

/**
 * netslice_filter_vip_del() - the reverse of netslice_filter_vip_add()
 * @dev: device of the port
 * @vip: the address
 *
 * Context: rtnl_lock.
 */
void netslice_filter_vip_del(struct net_device *dev, const struct netslice_vip *vip)
{
	u8 mac[ETH_ALEN];

	if (vip->family != AF_INET6)
		return;
	netslice_filter_solicited(vip, mac);
	dev_mc_del(dev, mac);
}

static const struct netslice_vips *netslice_filter_vips(const struct netslice_port *port)
{
	return rcu_dereference_protected(port->vips, lockdep_is_held(&port->slice->nn->lock));
}

static void netslice_filter_vips_del(const struct netslice_vips *vips, unsigned int n,
				     struct net_device *dev)
{
	while (n--)
		netslice_filter_vip_del(dev, &vips->vip[n]);
}

static int netslice_filter_vips_add(const struct netslice_vips *vips, struct net_device *dev)
{
	unsigned int i;
	int err;

	for (i = 0; vips && i < vips->n; i++) {
		err = netslice_filter_vip_add(dev, &vips->vip[i]);
		if (err) {
			netslice_filter_vips_del(vips, i, dev);
			return err;
		}
	}
	return 0;
}

/**
 * netslice_filter_join() - a device becomes a port's
 * @port: the port
 * @dev: the device
 *
 * Context: rtnl_lock and nn->lock.
 * Return: 0 or an error.
 */
int netslice_filter_join(struct netslice_port *port, struct net_device *dev)
{
	int err;

	if (port->kind != NETSLICE_PORT_LAN)
		return 0;
	err = dev_uc_add(dev, port->vmac);
	if (err)
		return err;
	err = dev_mc_add(dev, netslice_frame_group);
	if (err)
		goto uc_del;
	err = netslice_filter_vips_add(netslice_filter_vips(port), dev);
	if (err)
		goto mc_del;
	return 0;

mc_del:
	dev_mc_del(dev, netslice_frame_group);
uc_del:
	dev_uc_del(dev, port->vmac);
	return err;
}

/**
 * netslice_filter_leave() - the reverse of netslice_filter_join()
 * @port: the port
 * @dev: the device
 *
 * Context: rtnl_lock and nn->lock.
 */
void netslice_filter_leave(struct netslice_port *port, struct net_device *dev)
{
	const struct netslice_vips *vips = netslice_filter_vips(port);

	if (port->kind != NETSLICE_PORT_LAN)
		return;
	if (vips)
		netslice_filter_vips_del(vips, vips->n, dev);
	dev_mc_del(dev, netslice_frame_group);
	dev_uc_del(dev, port->vmac);
}
