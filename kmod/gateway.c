// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who speaks for the virtual addresses.
 *
 * The master does, with the virtual MAC. Draining, with the answer flag, speaks
 * too, but its frames come from the port's own MAC, with the virtual one inside:
 * the hosts learn what they knew, the switches nothing. No other role says a word,
 * and the stack never does, for what concerns a virtual address ends here.
 */
#include <linux/etherdevice.h>
#include <net/ipv6.h>

#include "gateway.h"
#include "generation.h"
#include "nhg.h"
#include "port.h"
#include "slice.h"

/**
 * netslice_gateway_answers() - does the slice speak for its virtual addresses?
 * @slice: the slice
 *
 * Context: RCU; the answer holds until the read side ends.
 * Return: true if it does.
 */
bool netslice_gateway_answers(const struct netslice_slice *slice)
{
	switch (READ_ONCE(slice->role)) {
	case NETSLICE_ROLE_MASTER:
		return true;
	case NETSLICE_ROLE_DRAINING:
		return READ_ONCE(slice->answer);
	default:
		return false;
	}
}

/**
 * netslice_gateway_source() - the MAC that an answer's frame comes from
 * @port: the port
 * @dev: its device
 *
 * Context: RCU.
 * Return: the virtual MAC for a master, else the device's own.
 */
const u8 *netslice_gateway_source(const struct netslice_port *port, const struct net_device *dev)
{
	return READ_ONCE(port->slice->role) == NETSLICE_ROLE_MASTER ? port->vmac : dev->dev_addr;
}

/**
 * netslice_gateway_has4() - is that a virtual address of the port?
 * @port: the port
 * @addr: the address
 *
 * Context: RCU.
 * Return: true if it is.
 */
bool netslice_gateway_has4(const struct netslice_port *port, __be32 addr)
{
	const struct netslice_vips *vips = rcu_dereference(port->vips);
	unsigned int i;

	for (i = 0; vips && i < vips->n; i++)
		if (vips->vip[i].family == AF_INET && vips->vip[i].addr.s6_addr32[3] == addr)
			return true;
	return false;
}

/**
 * netslice_gateway_has6() - is that a virtual address of the port?
 * @port: the port
 * @addr: the address
 *
 * Context: RCU.
 * Return: true if it is.
 */
bool netslice_gateway_has6(const struct netslice_port *port, const struct in6_addr *addr)
{
	const struct netslice_vips *vips = rcu_dereference(port->vips);
	unsigned int i;

	for (i = 0; vips && i < vips->n; i++)
		if (vips->vip[i].family == AF_INET6 && ipv6_addr_equal(&vips->vip[i].addr, addr))
			return true;
	return false;
}

static bool netslice_onlink(const struct netslice_port *port, const struct netslice_nhg *nhg)
{
	int i;

	if (!nhg || nhg->type != NETSLICE_ROUTE_UNICAST)
		return false;
	for (i = 0; i < nhg->count; i++)
		if (nhg->member[i].port == port && nhg->member[i].gw_family == AF_UNSPEC)
			return true;
	return false;
}

/**
 * netslice_gateway_onlink4() - does the address live on the port's LAN?
 * @port: the port
 * @addr: the address
 *
 * By the slice's own routes: whoever asks from elsewhere is answered, and not
 * remembered, or a host could fill the neighbour table with whatever it likes.
 *
 * Context: RCU.
 * Return: true if it does.
 */
bool netslice_gateway_onlink4(const struct netslice_port *port, __be32 addr)
{
	const struct netslice_generation *gen = rcu_dereference(port->slice->active);

	return gen && netslice_onlink(port, netslice_rib_lookup4(&gen->rib, addr));
}

/**
 * netslice_gateway_onlink6() - does the address live on the port's LAN?
 * @port: the port
 * @addr: the address; link-local ones do
 *
 * Context: RCU.
 * Return: true if it does.
 */
bool netslice_gateway_onlink6(const struct netslice_port *port, const struct in6_addr *addr)
{
	const struct netslice_generation *gen = rcu_dereference(port->slice->active);

	if (ipv6_addr_type(addr) & IPV6_ADDR_LINKLOCAL)
		return true;
	return gen && netslice_onlink(port, netslice_rib_lookup6(&gen->rib, addr));
}
