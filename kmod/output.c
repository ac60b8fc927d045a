// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last steps: a next hop's port, its neighbour, the Ethernet header, the device.
 *
 * The Ethernet header is written here and not taken from the neighbour's cached
 * one, because the source differs: the master sends with the virtual MAC, which
 * keeps the switches' tables right, and every other role with the port's own.
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/arp.h>
#include <net/ndisc.h>
#include <net/neighbour.h>

#include "generation.h"
#include "output.h"
#include "port.h"
#include "slice.h"
#include "stats.h"

static struct net_device *netslice_hop_dev(const struct netslice_port *port)
{
	struct net_device *dev = rcu_dereference(port->dev);

	return likely(dev && netif_running(dev) && netif_carrier_ok(dev)) ? dev : NULL;
}

/* The flow's own member is down: one of those that are up takes it over. */
static const struct netslice_nhg_member *netslice_hop_other(const struct netslice_nhg *nhg,
							    u32 flow_hash)
{
	u32 live = 0;
	int i;

	for (i = 0; i < nhg->count; i++)
		if (netslice_hop_dev(nhg->member[i].port))
			live |= BIT(i);
	return live ? netslice_nhg_select_live(nhg, flow_hash, live) : NULL;
}

/**
 * netslice_hop_select() - choose the next hop of a flow
 * @hop: filled in
 * @nhg: group of type unicast
 * @flow_hash: of the packet; not looked at if the group has one member
 *
 * Context: RCU.
 * Return: false if no member's port is up.
 */
bool netslice_hop_select(struct netslice_hop *hop, const struct netslice_nhg *nhg, u32 flow_hash)
{
	hop->member = netslice_nhg_select(nhg, flow_hash);
	if (unlikely(!hop->member))
		return false;
	hop->dev = netslice_hop_dev(hop->member->port);
	if (unlikely(!hop->dev)) {
		if (nhg->count == 1)
			return false;
		hop->member = netslice_hop_other(nhg, flow_hash);
		if (!hop->member)
			return false;
		hop->dev = netslice_hop_dev(hop->member->port);
		if (!hop->dev)
			return false;
	}
	hop->port = hop->member->port;
	hop->mtu = READ_ONCE(hop->dev->mtu);
	return true;
}

static struct neighbour *netslice_neigh4(struct net_device *dev, __be32 addr)
{
	struct neighbour *neigh = __ipv4_neigh_lookup_noref(dev, (__force u32)addr);

	return neigh ? neigh : __neigh_create(&arp_tbl, &addr, dev, false);
}

static struct neighbour *netslice_neigh6(struct net_device *dev, const struct in6_addr *addr)
{
	struct neighbour *neigh;

	/* Without IPv6 in the kernel its table was never set up. */
	if (unlikely(!ipv6_mod_enabled()))
		return ERR_PTR(-EAFNOSUPPORT);
	neigh = __ipv6_neigh_lookup_noref(dev, addr);
	return neigh ? neigh : __neigh_create(&nd_tbl, addr, dev, false);
}

static struct neighbour *netslice_hop_neigh(const struct netslice_hop *hop,
					    const struct sk_buff *skb)
{
	const struct netslice_nhg_member *m = hop->member;

	switch (m->gw_family) {
	case AF_INET:
		return netslice_neigh4(hop->dev, m->gw4);
	case AF_INET6:
		return netslice_neigh6(hop->dev, &m->gw6);
	default:
		if (skb->protocol == htons(ETH_P_IP))
			return netslice_neigh4(hop->dev, ip_hdr(skb)->daddr);
		return netslice_neigh6(hop->dev, &ipv6_hdr(skb)->daddr);
	}
}

/*
 * The neighbour is not known to be there. If its address is known the packet can
 * go, and NETSLICE_C_PASSED says so. Else the neighbour's queue has it until the
 * neighbour answers, and it will leave with the port's own MAC as source, even on
 * the master: right for the hosts, and of no use to the switches, which the next
 * packet, or refresh frame, puts right. It counts as sent; a full queue loses its
 * oldest packet for this one, and one loss is counted.
 */
static enum netslice_counter netslice_neigh_wait(struct netslice_port *port,
						 struct neighbour *neigh, struct sk_buff *skb)
{
	unsigned int room = NEIGH_VAR(neigh->parms, QUEUE_LEN_BYTES);
	unsigned int len = skb->len + ETH_HLEN;
	bool full;

	full = READ_ONCE(neigh->arp_queue_len_bytes) + skb->truesize > room || neigh->dead;
	if (!neigh_event_send(neigh, skb))
		return NETSLICE_C_PASSED;
	if (full)
		return NETSLICE_C_DROP_NEIGHBOUR;
	netslice_count_sent(port, len);
	return NETSLICE_C_FORWARDED;
}

static void netslice_push_header(const struct netslice_hop *hop, struct neighbour *neigh,
				 const u8 *source, struct sk_buff *skb)
{
	struct ethhdr *eth = skb_push(skb, ETH_HLEN);
	unsigned int seq;

	do {
		seq = read_seqbegin(&neigh->ha_lock);
		ether_addr_copy(eth->h_dest, neigh->ha);
	} while (read_seqretry(&neigh->ha_lock, seq));
	ether_addr_copy(eth->h_source, source);
	eth->h_proto = skb->protocol;
	skb_reset_mac_header(skb);
}

static enum netslice_counter netslice_transmit(struct netslice_port *port, struct sk_buff *skb)
{
	unsigned int len = skb->len;
	int rc = dev_queue_xmit(skb);

	if (unlikely(net_xmit_eval(rc)))
		return NETSLICE_C_DROP_TRANSMIT;
	netslice_count_sent(port, len);
	return NETSLICE_C_FORWARDED;
}

/**
 * netslice_output() - send a packet to its next hop
 * @path: of the packet
 * @hop: where it goes
 * @skb: the packet, with room for the Ethernet header; is gone afterwards
 *
 * Context: BH off, RCU.
 * Return: what became of it.
 */
enum netslice_counter netslice_output(const struct netslice_path *path,
				      const struct netslice_hop *hop, struct sk_buff *skb)
{
	struct neighbour *neigh = netslice_hop_neigh(hop, skb);
	enum netslice_counter what;
	const u8 *source;

	if (IS_ERR(neigh))
		return netslice_drop(skb, NETSLICE_C_DROP_NEIGHBOUR);
	skb_dst_drop(skb);
	skb->dev = hop->dev;
	if (unlikely(!(READ_ONCE(neigh->nud_state) & NUD_CONNECTED))) {
		what = netslice_neigh_wait(hop->port, neigh, skb);
		if (what != NETSLICE_C_PASSED)
			return what;
	}
	source = hop->port->kind == NETSLICE_PORT_LAN && path->role == NETSLICE_ROLE_MASTER ?
		 hop->port->vmac : hop->dev->dev_addr;
	netslice_push_header(hop, neigh, source, skb);
	return netslice_transmit(hop->port, skb);
}
