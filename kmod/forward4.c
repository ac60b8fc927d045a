// SPDX-License-Identifier: GPL-2.0-only
/* The path of an IPv4 packet. */
#include <linux/inet.h>
#include <linux/ip.h>
#include <net/ip.h>
#include <net/route.h>

#include "forward.h"
#include "fragment.h"
#include "generation.h"
#include "flow.h"
#include "icmp.h"
#include "locals.h"
#include "output.h"
#include "packet.h"
#include "slice.h"

/* Header whole and true, and nothing behind the packet. */
static enum netslice_counter netslice_check4(struct sk_buff *skb)
{
	const struct iphdr *iph;
	unsigned int len;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return NETSLICE_C_DROP_HEADER;
	iph = ip_hdr(skb);
	if (iph->version != 4 || iph->ihl < 5 || !pskb_may_pull(skb, iph->ihl * 4))
		return NETSLICE_C_DROP_HEADER;
	iph = ip_hdr(skb);
	len = iph_totlen(skb, iph);
	if (len < iph->ihl * 4 || len > skb->len || ip_fast_csum(iph, iph->ihl))
		return NETSLICE_C_DROP_HEADER;
	if (pskb_trim_rcsum(skb, len))
		return NETSLICE_C_DROP_NO_MEMORY;
	skb_set_transport_header(skb, ip_hdr(skb)->ihl * 4);
	return NETSLICE_C_FORWARDED;
}

/* Class E, the broadcast address among it. */
static bool netslice_reserved4(__be32 addr)
{
	return (addr & htonl(0xf0000000)) == htonl(0xf0000000);
}

/* 0/8, which the kernel's own test takes for ordinary addresses but the first. */
static bool netslice_zeronet4(__be32 addr)
{
	return !(addr & htonl(0xff000000));
}

static bool netslice_martian4(__be32 addr)
{
	return netslice_zeronet4(addr) || ipv4_is_loopback(addr) || ipv4_is_multicast(addr) ||
	       ipv4_is_linklocal_169(addr) || netslice_reserved4(addr);
}

/* Packets for the node itself, and those that the stack answers. */
static bool netslice_punted4(const struct netslice_slice *slice, const struct iphdr *iph)
{
	return ipv4_is_multicast(iph->daddr) || ipv4_is_lbcast(iph->daddr) ||
	       netslice_local4(slice, iph->daddr);
}

static enum netslice_counter netslice_send4(const struct netslice_path *path,
					    const struct netslice_nhg *nhg, struct sk_buff *skb)
{
	struct netslice_hop hop;
	bool fits;

	if (!netslice_hop_select(&hop, nhg, nhg->count > 1 ? netslice_flow_hash4(skb) : 0))
		return netslice_drop(skb, NETSLICE_C_DROP_PORT_DOWN);
	fits = netslice_hop_fits(&hop, skb);
	if (unlikely(!fits) && (ip_hdr(skb)->frag_off & htons(IP_DF)) && !skb->ignore_df)
		return netslice_icmp_too_big(path, skb, hop.mtu);
	if (!netslice_hop_writable(&hop, skb))
		return netslice_drop(skb, NETSLICE_C_DROP_NO_MEMORY);
	if (path->in) {
		ip_decrease_ttl(ip_hdr(skb));
		skb->priority = rt_tos2priority(ip_hdr(skb)->tos);
	}
	return likely(fits) ? netslice_output(path, &hop, skb) :
			      netslice_fragment(path, &hop, skb);
}

/**
 * netslice_admit4() - may an IPv4 packet be forwarded?
 * @path: of the packet
 * @skb: the packet, not shared, data at the network header
 *
 * Context: BH off, RCU.
 * Return: NETSLICE_C_FORWARDED if it may; else what became of it.
 */
enum netslice_counter netslice_admit4(const struct netslice_path *path, struct sk_buff *skb)
{
	enum netslice_counter what = netslice_check4(skb);
	const struct iphdr *iph;

	if (unlikely(what != NETSLICE_C_FORWARDED))
		return netslice_drop(skb, what);
	iph = ip_hdr(skb);
	if (netslice_punted4(path->slice, iph))
		return netslice_punt(path, skb);
	if (unlikely(netslice_martian4(iph->saddr) || netslice_martian4(iph->daddr)))
		return netslice_drop(skb, NETSLICE_C_DROP_MARTIAN);
	if (path->in && unlikely(iph->ihl > 5 || iph->ttl <= 1))
		return netslice_punt(path, skb);
	return NETSLICE_C_FORWARDED;
}

/**
 * netslice_route4() - send an IPv4 packet on its way
 * @path: of the packet, with a generation
 * @skb: the packet, admitted
 *
 * Context: BH off, RCU.
 * Return: what became of it.
 */
enum netslice_counter netslice_route4(const struct netslice_path *path, struct sk_buff *skb)
{
	const struct netslice_nhg *nhg = netslice_rib_lookup4(&path->gen->rib, ip_hdr(skb)->daddr);

	if (unlikely(!nhg || nhg->type != NETSLICE_ROUTE_UNICAST))
		return netslice_refuse(path, nhg, skb);
	return netslice_send4(path, nhg, skb);
}
