// SPDX-License-Identifier: GPL-2.0-only
/* Neighbour discovery for IPv6 virtual addresses. */
#include <linux/etherdevice.h>
#include <linux/icmpv6.h>
#include <linux/ipv6.h>
#include <net/addrconf.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/neighbour.h>

#include "gateway.h"
#include "locals.h"
#include "packet.h"
#include "port.h"
#include "slice.h"

/* A neighbour advertisement, and its option with the target's MAC. */
struct netslice_na {
	struct icmp6hdr hdr;
	struct in6_addr target;
	u8 type;
	u8 units;
	u8 mac[ETH_ALEN];
} __packed __aligned(4);

/**
 * struct netslice_solicit - a neighbour solicitation, checked
 * @target: whom it is for
 * @sender: who asks; unspecified in duplicate address detection
 * @mac: of the sender by its option, else that of the frame
 * @told: the option was there
 */
struct netslice_solicit {
	struct in6_addr target;
	struct in6_addr sender;
	u8 mac[ETH_ALEN];
	bool told;
};

/* Options: each has a length other than 0 (RFC 4861, 7.1.1). */
static bool netslice_solicit_options(const u8 *opt, unsigned int len, struct netslice_solicit *ns)
{
	while (len) {
		unsigned int size;

		if (len < 2)
			return false;
		size = opt[1] * 8;
		if (!size || size > len)
			return false;
		if (opt[0] == ND_OPT_SOURCE_LL_ADDR && size == 8) {
			ether_addr_copy(ns->mac, opt + 2);
			ns->told = true;
		}
		opt += size;
		len -= size;
	}
	return true;
}

/* What RFC 4861, 7.1.1 asks of a solicitation. */
static bool netslice_solicit_check(struct sk_buff *skb, struct netslice_solicit *ns)
{
	unsigned int len = ntohs(ipv6_hdr(skb)->payload_len);
	const struct ipv6hdr *ip;
	const struct nd_msg *msg;

	if (len < sizeof(*msg) || !pskb_may_pull(skb, sizeof(*ip) + len))
		return false;
	ip = ipv6_hdr(skb);
	msg = (const struct nd_msg *)(ip + 1);
	if (ip->hop_limit != 255 || msg->icmph.icmp6_code ||
	    ipv6_addr_is_multicast(&msg->target) ||
	    csum_ipv6_magic(&ip->saddr, &ip->daddr, len, IPPROTO_ICMPV6,
			    csum_partial(msg, len, 0)))
		return false;
	ns->target = msg->target;
	ns->sender = ip->saddr;
	ns->told = false;
	ether_addr_copy(ns->mac, eth_hdr(skb)->h_source);
	if (!netslice_solicit_options(msg->opt, len - sizeof(*msg), ns))
		return false;
	if (ipv6_addr_any(&ns->sender))
		return !ns->told && ipv6_addr_is_solict_mult(&ip->daddr);
	return !ipv6_addr_is_multicast(&ns->sender) && !ipv6_addr_loopback(&ns->sender);
}

/* A solicitation at all, for a virtual address of the port, true or not? */
static bool netslice_solicit_ours(const struct netslice_port *port, struct sk_buff *skb)
{
	const struct ipv6hdr *ip;
	const struct nd_msg *msg;

	if (!pskb_may_pull(skb, sizeof(*ip) + sizeof(*msg)))
		return false;
	ip = ipv6_hdr(skb);
	msg = (const struct nd_msg *)(ip + 1);
	return ip->version == 6 && ip->nexthdr == IPPROTO_ICMPV6 &&
	       msg->icmph.icmp6_type == NDISC_NEIGHBOUR_SOLICITATION &&
	       netslice_gateway_has6(port, &msg->target);
}

static void netslice_nd_learn(const struct netslice_port *port, struct net_device *dev,
			      struct netslice_solicit *ns)
{
	struct neighbour *neigh;

	/* Without IPv6 in the kernel its table was never set up. */
	if (!ns->told || !is_valid_ether_addr(ns->mac) || !ipv6_mod_enabled() ||
	    netslice_local6(port->slice, &ns->sender) ||
	    !netslice_gateway_onlink6(port, &ns->sender))
		return;
	neigh = neigh_event_ns(&nd_tbl, ns->mac, &ns->sender, dev);
	if (neigh)
		neigh_release(neigh);
}

static void netslice_na_fill(struct netslice_na *na, const struct in6_addr *target,
			     const u8 *mac, bool solicited)
{
	memset(na, 0, sizeof(*na));
	na->hdr.icmp6_type = NDISC_NEIGHBOUR_ADVERTISEMENT;
	/* Without R the hosts would strike the router off their lists (RFC 4861, 7.2.5). */
	na->hdr.icmp6_router = 1;
	na->hdr.icmp6_solicited = solicited;
	na->hdr.icmp6_override = 1;
	na->target = *target;
	na->type = ND_OPT_TARGET_LL_ADDR;
	na->units = sizeof(*na) / 8 - 3;
	ether_addr_copy(na->mac, mac);
}

static void netslice_na_address(struct ipv6hdr *ip, const struct in6_addr *source,
				const struct in6_addr *dest)
{
	memset(ip, 0, sizeof(*ip));
	ip->version = 6;
	ip->payload_len = htons(sizeof(struct netslice_na));
	ip->nexthdr = IPPROTO_ICMPV6;
	ip->hop_limit = 255;
	ip->saddr = *source;
	ip->daddr = *dest;
}

static void netslice_na_send(const struct netslice_port *port, struct net_device *dev,
			     const struct in6_addr *target, const struct in6_addr *dest,
			     const u8 *dest_mac, bool solicited)
{
	struct netslice_na *na;
	struct ipv6hdr *ip;
	struct sk_buff *skb;

	skb = alloc_skb(LL_RESERVED_SPACE(dev) + sizeof(*ip) + sizeof(*na) +
			dev->needed_tailroom, GFP_ATOMIC);
	if (!skb)
		return;
	skb_reserve(skb, LL_RESERVED_SPACE(dev));
	skb_reset_network_header(skb);
	ip = skb_put(skb, sizeof(*ip));
	netslice_na_address(ip, target, dest);
	skb_set_transport_header(skb, sizeof(*ip));
	na = skb_put(skb, sizeof(*na));
	netslice_na_fill(na, target, port->vmac, solicited);
	na->hdr.icmp6_cksum = csum_ipv6_magic(&ip->saddr, &ip->daddr, sizeof(*na), IPPROTO_ICMPV6,
					      csum_partial(na, sizeof(*na), 0));
	skb->dev = dev;
	skb->protocol = htons(ETH_P_IPV6);
	skb->priority = TC_PRIO_CONTROL;
	if (dev_hard_header(skb, dev, ETH_P_IPV6, dest_mac, netslice_gateway_source(port, dev),
			    skb->len) < 0)
		kfree_skb(skb);
	else
		dev_queue_xmit(skb);
}

static void netslice_nd_all(struct in6_addr *addr, u8 mac[ETH_ALEN])
{
	ipv6_addr_set(addr, htonl(0xff020000), 0, 0, htonl(1));
	ipv6_eth_mc_map(addr, mac);
}

static void netslice_nd_answer(const struct netslice_port *port, struct net_device *dev,
			       struct netslice_solicit *ns)
{
	struct in6_addr all;
	u8 mac[ETH_ALEN];

	if (ipv6_addr_any(&ns->sender)) {
		/* Somebody is about to take the address: all are told that it is taken. */
		netslice_nd_all(&all, mac);
		netslice_na_send(port, dev, &ns->target, &all, mac, false);
		return;
	}
	netslice_nd_learn(port, dev, ns);
	netslice_na_send(port, dev, &ns->target, &ns->sender, ns->mac, true);
}

/**
 * netslice_gateway_ns() - an IPv6 packet that may be a solicitation came in
 * @port: by this port
 * @skb: the packet, data at its network header; the header need not be checked
 *
 * Context: softirq, RCU.
 * Return: NETSLICE_C_PASSED if it does not ask for a virtual address; else it is gone.
 */
enum netslice_counter netslice_gateway_ns(struct netslice_port *port, struct sk_buff *skb)
{
	enum netslice_counter what = NETSLICE_C_DROP_ROLE;
	struct netslice_solicit ns;

	if (!netslice_solicit_ours(port, skb))
		return NETSLICE_C_PASSED;
	if (!netslice_solicit_check(skb, &ns))
		return netslice_drop(skb, NETSLICE_C_DROP_HEADER);
	if (netslice_gateway_answers(port->slice)) {
		netslice_nd_answer(port, skb->dev, &ns);
		what = NETSLICE_C_ANSWERED;
	}
	consume_skb(skb);
	return what;
}

/**
 * netslice_nd_announce() - tell the LAN where an IPv6 virtual address is
 * @port: of the address
 * @dev: its device
 * @vip: the address
 *
 * An unsolicited advertisement to all nodes, with override (RFC 4861, 7.2.6).
 *
 * Context: BH off, RCU.
 */
void netslice_nd_announce(struct netslice_port *port, struct net_device *dev,
			  const struct netslice_vip *vip)
{
	struct in6_addr all;
	u8 mac[ETH_ALEN];

	netslice_nd_all(&all, mac);
	netslice_na_send(port, dev, &vip->addr, &all, mac, false);
}
