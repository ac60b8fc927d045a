// SPDX-License-Identifier: GPL-2.0-only
/* ARP for virtual addresses. */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/in.h>
#include <net/arp.h>
#include <net/neighbour.h>

#include "gateway.h"
#include "locals.h"
#include "packet.h"
#include "port.h"
#include "slice.h"

/* What follows the ARP header between Ethernet and IPv4. */
struct netslice_arp {
	struct arphdr hdr;
	u8 sender_mac[ETH_ALEN];
	__be32 sender;
	u8 target_mac[ETH_ALEN];
	__be32 target;
} __packed;

static const struct netslice_arp *netslice_arp_get(struct sk_buff *skb)
{
	const struct netslice_arp *arp;

	if (!pskb_may_pull(skb, sizeof(*arp)))
		return NULL;
	arp = (const struct netslice_arp *)skb_network_header(skb);
	if (arp->hdr.ar_hrd != htons(ARPHRD_ETHER) || arp->hdr.ar_pro != htons(ETH_P_IP) ||
	    arp->hdr.ar_hln != ETH_ALEN || arp->hdr.ar_pln != sizeof(arp->target))
		return NULL;
	return arp;
}

/* A host that asks will soon be sent to: know it, as the stack would. */
static void netslice_arp_learn(const struct netslice_port *port, struct net_device *dev,
			       const struct netslice_arp *arp)
{
	struct neighbour *neigh;
	u8 mac[ETH_ALEN];
	__be32 addr = arp->sender;

	if (!is_valid_ether_addr(arp->sender_mac) || netslice_local4(port->slice, addr) ||
	    !netslice_gateway_onlink4(port, addr))
		return;
	ether_addr_copy(mac, arp->sender_mac);
	neigh = neigh_event_ns(&arp_tbl, mac, &addr, dev);
	if (neigh)
		neigh_release(neigh);
}

static void netslice_arp_send(int op, struct net_device *dev, const struct netslice_port *port,
			      __be32 sender, __be32 target, const u8 *target_mac)
{
	struct sk_buff *skb;

	skb = arp_create(op, ETH_P_ARP, target, dev, sender, target_mac, port->vmac, target_mac);
	if (!skb)
		return;
	/* Says the virtual MAC, and need not come from it. */
	ether_addr_copy(((struct ethhdr *)skb->data)->h_source,
			netslice_gateway_source(port, dev));
	dev_queue_xmit(skb);
}

/**
 * netslice_gateway_arp() - an ARP packet came in
 * @port: by this port
 * @skb: the packet
 *
 * All that asks for a virtual address, or speaks as one, ends here: the stack
 * holds these addresses too, on the slice device, and would answer.
 *
 * Context: softirq, RCU.
 * Return: NETSLICE_C_PASSED if it is about other addresses; else it is gone.
 */
enum netslice_counter netslice_gateway_arp(struct netslice_port *port, struct sk_buff *skb)
{
	const struct netslice_arp *arp = netslice_arp_get(skb);
	enum netslice_counter what = NETSLICE_C_DROP_ROLE;

	if (!arp)
		return NETSLICE_C_PASSED;
	if (netslice_gateway_has4(port, arp->sender))
		return netslice_drop(skb, what);
	if (!netslice_gateway_has4(port, arp->target))
		return NETSLICE_C_PASSED;
	if (arp->hdr.ar_op == htons(ARPOP_REQUEST) && netslice_gateway_answers(port->slice)) {
		netslice_arp_learn(port, skb->dev, arp);
		netslice_arp_send(ARPOP_REPLY, skb->dev, port, arp->target, arp->sender,
				  arp->sender_mac);
		what = NETSLICE_C_ANSWERED;
	}
	consume_skb(skb);
	return what;
}

/**
 * netslice_arp_announce() - tell the LAN where an IPv4 virtual address is
 * @port: of the address
 * @dev: its device
 * @vip: the address
 *
 * A request for the address itself (RFC 5227, 2.3), to all: RFC 826 has every host
 * that knows the address take the MAC over, whatever the opcode; and of the two a
 * request is what more implementations heed.
 *
 * Context: BH off, RCU.
 */
void netslice_arp_announce(struct netslice_port *port, struct net_device *dev,
			   const struct netslice_vip *vip)
{
	static const u8 nobody[ETH_ALEN];
	__be32 addr = vip->addr.s6_addr32[3];
	struct sk_buff *skb;

	skb = arp_create(ARPOP_REQUEST, ETH_P_ARP, addr, dev, addr, dev->broadcast, port->vmac,
			 nobody);
	if (skb)
		dev_queue_xmit(skb);
}
