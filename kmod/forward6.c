// SPDX-License-Identifier: GPL-2.0-only
/* The path of an IPv6 packet. */
#include <linux/icmpv6.h>
#include <linux/ipv6.h>
#include <net/ipv6.h>

#include "forward.h"
#include "flow.h"
#include "gateway.h"
#include "generation.h"
#include "icmp.h"
#include "locals.h"
#include "output.h"
#include "packet.h"
#include "slice.h"

/* Header whole and true, and nothing behind the packet. */
static enum netslice_counter netslice_check6(struct sk_buff *skb)
{
	const struct ipv6hdr *hdr;
	unsigned int len;

	if (!pskb_may_pull(skb, sizeof(*hdr)))
		return NETSLICE_C_DROP_HEADER;
	hdr = ipv6_hdr(skb);
	if (hdr->version != 6)
		return NETSLICE_C_DROP_HEADER;
	skb_set_transport_header(skb, sizeof(*hdr));
	len = ntohs(hdr->payload_len);
	/* The length of a jumbogram is in its hop-by-hop header: the stack's business. */
	if (!len && hdr->nexthdr == NEXTHDR_HOP)
		return NETSLICE_C_FORWARDED;
	len += sizeof(*hdr);
	if (len > skb->len)
		return NETSLICE_C_DROP_HEADER;
	if (pskb_trim_rcsum(skb, len))
		return NETSLICE_C_DROP_NO_MEMORY;
	return NETSLICE_C_FORWARDED;
}

static bool netslice_martian6(const struct in6_addr *addr)
{
	return ipv6_addr_any(addr) || ipv6_addr_loopback(addr) || ipv6_addr_v4mapped(addr) ||
	       ipv6_addr_is_multicast(addr) || ipv6_addr_type(addr) & IPV6_ADDR_LINKLOCAL;
}

/* For the node itself. A solicitation sent to a virtual address is the gateway's to answer. */
static enum netslice_counter netslice_local_in6(const struct netslice_path *path,
						struct sk_buff *skb)
{
	enum netslice_counter what;

	if (path->in && ipv6_hdr(skb)->nexthdr == IPPROTO_ICMPV6) {
		what = netslice_gateway_ns(path->in, skb);
		if (what != NETSLICE_C_PASSED)
			return what;
	}
	return netslice_punt(path, skb);
}

static enum netslice_counter netslice_send6(const struct netslice_path *path,
					    const struct netslice_nhg *nhg, struct sk_buff *skb)
{
	struct netslice_hop hop;

	if (!netslice_hop_select(&hop, nhg, nhg->count > 1 ? netslice_flow_hash6(skb) : 0))
		return netslice_drop(skb, NETSLICE_C_DROP_PORT_DOWN);
	if (unlikely(!netslice_hop_fits(&hop, skb)))
		return netslice_icmp_too_big(path, skb, hop.mtu);
	if (!netslice_hop_writable(&hop, skb))
		return netslice_drop(skb, NETSLICE_C_DROP_NO_MEMORY);
	if (path->in)
		ipv6_hdr(skb)->hop_limit--;
	return netslice_output(path, &hop, skb);
}

/**
 * netslice_admit6() - may an IPv6 packet be forwarded?
 * @path: of the packet
 * @skb: the packet, not shared, data at the network header
 *
 * Context: BH off, RCU.
 * Return: NETSLICE_C_FORWARDED if it may; else what became of it.
 */
enum netslice_counter netslice_admit6(const struct netslice_path *path, struct sk_buff *skb)
{
	enum netslice_counter what = netslice_check6(skb);
	const struct ipv6hdr *hdr;

	if (unlikely(what != NETSLICE_C_FORWARDED))
		return netslice_drop(skb, what);
	hdr = ipv6_hdr(skb);
	if (ipv6_addr_is_multicast(&hdr->daddr))
		return netslice_punt(path, skb);
	if (netslice_local6(path->slice, &hdr->daddr))
		return netslice_local_in6(path, skb);
	if (unlikely(netslice_martian6(&hdr->saddr) || netslice_martian6(&hdr->daddr)))
		return netslice_drop(skb, NETSLICE_C_DROP_MARTIAN);
	if (path->in && unlikely(hdr->nexthdr == NEXTHDR_HOP || hdr->hop_limit <= 1))
		return netslice_punt(path, skb);
	return NETSLICE_C_FORWARDED;
}

/**
 * netslice_route6() - send an IPv6 packet on its way
 * @path: of the packet, with a generation
 * @skb: the packet, admitted
 *
 * Context: BH off, RCU.
 * Return: what became of it.
 */
enum netslice_counter netslice_route6(const struct netslice_path *path, struct sk_buff *skb)
{
	const struct netslice_nhg *nhg;

	nhg = netslice_rib_lookup6(&path->gen->rib, &ipv6_hdr(skb)->daddr);
	if (unlikely(!nhg || nhg->type != NETSLICE_ROUTE_UNICAST))
		return netslice_refuse(path, nhg, skb);
	return netslice_send6(path, nhg, skb);
}
