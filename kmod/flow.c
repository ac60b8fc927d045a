// SPDX-License-Identifier: GPL-2.0-only
/* Hash of a flow, equal on both nodes of a pair. */
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "flow.h"

#define NETSLICE_FLOW_SEED	0x6e736c63

/* Source and destination port, or 0 where there are none to be seen. */
static u32 netslice_flow_ports(const struct sk_buff *skb, int offset, u8 protocol)
{
	const u32 *ports;
	u32 buffer;

	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		ports = skb_header_pointer(skb, offset, sizeof(buffer), &buffer);
		return ports ? ntohl((__force __be32)*ports) : 0;
	default:
		return 0;
	}
}

/**
 * netslice_flow_hash4() - hash of an IPv4 packet's flow
 * @skb: the packet
 *
 * Fragments go by their addresses alone, so that all of one packet stay
 * together.
 *
 * Context: any.
 * Return: the hash.
 */
u32 netslice_flow_hash4(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	u32 ports = 0;

	if (!ip_is_fragment(iph))
		ports = netslice_flow_ports(skb, skb_network_offset(skb) + iph->ihl * 4,
					    iph->protocol);
	return jhash_3words(ntohl(iph->saddr), ntohl(iph->daddr), ports,
			    NETSLICE_FLOW_SEED + iph->protocol);
}

/**
 * netslice_flow_hash6() - hash of an IPv6 packet's flow
 * @skb: the packet
 *
 * Where the sender set a flow label, it stands for the ports (RFC 6438).
 *
 * Context: any.
 * Return: the hash.
 */
u32 netslice_flow_hash6(const struct sk_buff *skb)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	u32 words[9];
	int i;

	for (i = 0; i < 4; i++) {
		words[i] = ntohl(hdr->saddr.s6_addr32[i]);
		words[4 + i] = ntohl(hdr->daddr.s6_addr32[i]);
	}
	words[8] = ntohl(ip6_flowlabel(hdr));
	if (!words[8])
		words[8] = netslice_flow_ports(skb, skb_network_offset(skb) + sizeof(*hdr),
					       hdr->nexthdr);
	return jhash2(words, ARRAY_SIZE(words), NETSLICE_FLOW_SEED);
}
