// SPDX-License-Identifier: GPL-2.0-only
/*
 * ICMP errors that the module answers itself, sent through the slice device.
 *
 * What is expired or has options is punted, and the stack answers. Too big and
 * unreachable it could not answer: in its own table everything goes to the slice
 * device, whose MTU is not the next hop's.
 *
 * IPv4 takes the context from the skb's route. The route given here is the one
 * that the answer will take, from the slice's VRF to the packet's source, and not
 * one made by input, which would depend on forwarding and reverse-path sysctls.
 * It leads to the slice device, and so into the slice's active generation. IPv6
 * takes the VRF from skb->dev, the port. Where the port has no VRF any more
 * nothing is answered: it would leave through the main table.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "icmp.h"
#include "slice.h"

static void netslice_icmp_send4(struct sk_buff *skb, u8 code, u32 info)
{
	struct flowi4 fl4 = {
		.daddr = ip_hdr(skb)->saddr,
		.flowi4_oif = l3mdev_master_ifindex_rcu(skb->dev),
		.flowi4_proto = IPPROTO_ICMP,
	};
	struct rtable *rt;

	if (!fl4.flowi4_oif)
		return;
	rt = ip_route_output_key(dev_net(skb->dev), &fl4);
	if (IS_ERR(rt))
		return;
	skb_dst_drop(skb);
	skb_dst_set(skb, &rt->dst);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	icmp_send(skb, ICMP_DEST_UNREACH, code, htonl(info));
}

static void netslice_icmp_send6(struct sk_buff *skb, u8 type, u8 code, u32 info)
{
	if (!l3mdev_master_ifindex_rcu(skb->dev))
		return;
	skb_dst_drop(skb);
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	IP6CB(skb)->iif = skb->dev->ifindex;
	icmpv6_send(skb, type, code, info);
}

static void netslice_icmp_unreachable4(struct sk_buff *skb, enum netslice_counter why)
{
	switch (why) {
	case NETSLICE_C_DROP_NO_ROUTE:
		netslice_icmp_send4(skb, ICMP_NET_UNREACH, 0);
		break;
	case NETSLICE_C_DROP_PROHIBIT:
		netslice_icmp_send4(skb, ICMP_PKT_FILTERED, 0);
		break;
	default:
		netslice_icmp_send4(skb, ICMP_HOST_UNREACH, 0);
	}
}

static void netslice_icmp_unreachable6(struct sk_buff *skb, enum netslice_counter why)
{
	switch (why) {
	case NETSLICE_C_DROP_NO_ROUTE:
		netslice_icmp_send6(skb, ICMPV6_DEST_UNREACH, ICMPV6_NOROUTE, 0);
		break;
	case NETSLICE_C_DROP_PROHIBIT:
		netslice_icmp_send6(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED, 0);
		break;
	default:
		netslice_icmp_send6(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
	}
}

/**
 * netslice_icmp_unreachable() - refuse a packet to its sender
 * @path: of the packet
 * @skb: the packet; is gone afterwards
 * @why: the counter that it goes under
 *
 * Context: BH off, RCU.
 * Return: @why.
 */
enum netslice_counter netslice_icmp_unreachable(const struct netslice_path *path,
						struct sk_buff *skb, enum netslice_counter why)
{
	if (!path->in)
		dst_link_failure(skb);
	else if (skb->protocol == htons(ETH_P_IP))
		netslice_icmp_unreachable4(skb, why);
	else
		netslice_icmp_unreachable6(skb, why);
	return netslice_drop(skb, why);
}

/**
 * netslice_icmp_too_big() - tell the sender of a packet what fits
 * @path: of the packet
 * @skb: the packet; is gone afterwards
 * @mtu: of the next hop
 *
 * A packet of the stack's own has a route, in which the stack keeps the path MTU.
 *
 * Context: BH off, RCU.
 * Return: NETSLICE_C_TOO_BIG.
 */
enum netslice_counter netslice_icmp_too_big(const struct netslice_path *path,
					    struct sk_buff *skb, unsigned int mtu)
{
	if (!path->in)
		skb_dst_update_pmtu_no_confirm(skb, mtu);
	else if (skb->protocol == htons(ETH_P_IP))
		netslice_icmp_send4(skb, ICMP_FRAG_NEEDED, mtu);
	else
		netslice_icmp_send6(skb, ICMPV6_PKT_TOOBIG, 0, max_t(u32, mtu, IPV6_MIN_MTU));
	return netslice_drop(skb, NETSLICE_C_TOO_BIG);
}
