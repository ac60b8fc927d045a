// SPDX-License-Identifier: GPL-2.0-only
/*
 * The path of a packet: where it comes in, what it is, where it goes.
 *
 * The rx handler sees every frame of a port before VLANs, bridges and protocols
 * do, and in the order of these questions: is it of this port's untagged LAN, to
 * which MAC was it sent, which protocol is it. Only IP that was sent to the
 * node's own MAC or to the virtual one is forwarded. The virtual MAC is compared
 * here, for to the stack a frame to it is one for somebody else.
 *
 * A packet is handled wholly by the generation and the role that were there when
 * it came: both are read once.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/ipv6.h>

#include "forward.h"
#include "gateway.h"
#include "generation.h"
#include "icmp.h"
#include "nhg.h"
#include "packet.h"
#include "port.h"
#include "program.h"
#include "slice.h"
#include "stats.h"
#include "trace.h"

enum netslice_to {
	NETSLICE_TO_OTHER,
	NETSLICE_TO_GROUP,
	NETSLICE_TO_OWN,
	NETSLICE_TO_VMAC,
};

static enum netslice_to netslice_frame_to(const struct netslice_port *port,
					  const struct sk_buff *skb)
{
	const u8 *dest = eth_hdr(skb)->h_dest;

	if (port->kind == NETSLICE_PORT_LAN && ether_addr_equal(dest, port->vmac))
		return NETSLICE_TO_VMAC;
	if (ether_addr_equal(dest, skb->dev->dev_addr))
		return NETSLICE_TO_OWN;
	return is_multicast_ether_addr(dest) ? NETSLICE_TO_GROUP : NETSLICE_TO_OTHER;
}

/**
 * netslice_punt() - hand a packet to the Linux stack
 * @path: of the packet
 * @skb: the packet
 *
 * Context: BH off, RCU.
 * Return: NETSLICE_C_PUNTED, or NETSLICE_C_DROP_LOOP if it came from there.
 */
enum netslice_counter netslice_punt(const struct netslice_path *path, struct sk_buff *skb)
{
	return path->in ? NETSLICE_C_PUNTED : netslice_drop(skb, NETSLICE_C_DROP_LOOP);
}

/**
 * netslice_refuse() - a destination without next hops
 * @path: of the packet
 * @nhg: its group, or NULL: no route
 * @skb: the packet
 *
 * Context: BH off, RCU.
 * Return: what became of it.
 */
enum netslice_counter netslice_refuse(const struct netslice_path *path,
				      const struct netslice_nhg *nhg, struct sk_buff *skb)
{
	if (!nhg)
		return netslice_icmp_unreachable(path, skb, NETSLICE_C_DROP_NO_ROUTE);
	switch (nhg->type) {
	case NETSLICE_ROUTE_PUNT:
		return netslice_punt(path, skb);
	case NETSLICE_ROUTE_BLACKHOLE:
		return netslice_drop(skb, NETSLICE_C_DROP_BLACKHOLE);
	case NETSLICE_ROUTE_PROHIBIT:
		return netslice_icmp_unreachable(path, skb, NETSLICE_C_DROP_PROHIBIT);
	default:
		return netslice_icmp_unreachable(path, skb, NETSLICE_C_DROP_UNREACHABLE);
	}
}

/* Off the skb comes what its way in left on it and its way out must not find. */
static void netslice_cleanse(struct sk_buff *skb)
{
	skb_orphan(skb);
	skb_forward_csum(skb);
	skb_clear_tstamp(skb);
	nf_reset_ct(skb);
}

static enum netslice_counter netslice_admit(const struct netslice_path *path, struct sk_buff *skb)
{
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		return netslice_admit4(path, skb);
	case htons(ETH_P_IPV6):
		return netslice_admit6(path, skb);
	default:
		return netslice_drop(skb, NETSLICE_C_DROP_PROGRAM);
	}
}

/*
 * The program sees what is about to be looked up, and neither ND nor what is for
 * the node itself. Whatever it made of the packet is then looked at anew.
 */
static enum netslice_counter netslice_program(const struct netslice_path *path,
					      struct sk_buff *skb)
{
	if (!netslice_program_run(path->gen->prog, skb))
		return netslice_drop(skb, NETSLICE_C_DROP_PROGRAM);
	return netslice_admit(path, skb);
}

static enum netslice_counter netslice_forward(const struct netslice_path *path,
					      struct sk_buff *skb)
{
	enum netslice_counter what = netslice_admit(path, skb);

	if (what != NETSLICE_C_FORWARDED)
		return what;
	if (unlikely(!path->gen))
		return netslice_drop(skb, NETSLICE_C_DROP_NO_GENERATION);
	if (path->in) {
		netslice_cleanse(skb);
		if (path->gen->prog)
			what = netslice_program(path, skb);
		if (what != NETSLICE_C_FORWARDED)
			return what;
	}
	return skb->protocol == htons(ETH_P_IP) ? netslice_route4(path, skb) :
						  netslice_route6(path, skb);
}

static enum netslice_counter netslice_receive_ip(struct netslice_port *port, struct sk_buff *skb,
						 enum netslice_to to)
{
	struct netslice_slice *slice = port->slice;
	struct netslice_path path = {
		.slice = slice,
		.in = port,
		.gen = rcu_dereference(slice->active),
		.role = READ_ONCE(slice->role),
	};
	unsigned int len = skb->len + ETH_HLEN;
	enum netslice_counter what;

	if (to == NETSLICE_TO_VMAC && path.role == NETSLICE_ROLE_STANDBY)
		return netslice_drop(skb, NETSLICE_C_DROP_STANDBY);
	if (unlikely(skb_warn_if_lro(skb)))
		return netslice_drop(skb, NETSLICE_C_DROP_HEADER);
	skb->pkt_type = PACKET_HOST;
	what = netslice_forward(&path, skb);
	if (likely(what == NETSLICE_C_FORWARDED))
		netslice_count_forwarded(&path, len);
	return what;
}

static enum netslice_counter netslice_receive_group(struct netslice_port *port,
						    struct sk_buff *skb)
{
	enum netslice_counter what = NETSLICE_C_PASSED;

	if (skb->protocol == htons(ETH_P_IPV6))
		what = netslice_gateway_ns(port, skb);
	return what == NETSLICE_C_PASSED ? NETSLICE_C_PUNTED : what;
}

static enum netslice_counter netslice_receive_arp(struct netslice_port *port, struct sk_buff *skb,
						  enum netslice_to to)
{
	enum netslice_counter what = netslice_gateway_arp(port, skb);

	if (what != NETSLICE_C_PASSED || to == NETSLICE_TO_OTHER)
		return what;
	if (to == NETSLICE_TO_VMAC) {
		if (READ_ONCE(port->slice->role) == NETSLICE_ROLE_STANDBY)
			return netslice_drop(skb, NETSLICE_C_DROP_STANDBY);
		skb->pkt_type = PACKET_HOST;
	}
	return NETSLICE_C_PUNTED;
}

static enum netslice_counter netslice_receive(struct netslice_port *port, struct sk_buff *skb)
{
	enum netslice_to to = netslice_frame_to(port, skb);
	bool tagged = skb_vlan_tag_present(skb) && skb_vlan_tag_get_id(skb);
	bool control = skb->protocol == htons(NETSLICE_ETH_P);

	netslice_count_received(port, skb->len + ETH_HLEN,
				to == NETSLICE_TO_VMAC && !tagged && !control);
	if (tagged)
		return NETSLICE_C_PASSED;
	switch (skb->protocol) {
	case htons(NETSLICE_ETH_P):
		return netslice_frame_rx(port, skb);
	case htons(ETH_P_ARP):
		__vlan_hwaccel_clear_tag(skb);
		return netslice_receive_arp(port, skb, to);
	case htons(ETH_P_IP):
	case htons(ETH_P_IPV6):
		break;
	default:
		return NETSLICE_C_PASSED;
	}
	__vlan_hwaccel_clear_tag(skb);
	if (to == NETSLICE_TO_OTHER)
		return NETSLICE_C_PASSED;
	if (to == NETSLICE_TO_GROUP)
		return netslice_receive_group(port, skb);
	return netslice_receive_ip(port, skb, to);
}

/* FORWARDED is counted where its length is known. */
static void netslice_count_fate(struct netslice_slice *slice, const struct netslice_port *in,
				enum netslice_counter what)
{
	netslice_count(slice->stats, what);
	if (what >= NETSLICE_C_DROP_STANDBY || what == NETSLICE_C_TOO_BIG)
		trace_netslice_drop(slice->name, in ? in->name : "", what);
}

/**
 * netslice_rx() - a frame came in by a port
 * @pskb: the frame
 *
 * Context: softirq, RCU; rx handler.
 * Return: whether the stack goes on with it.
 */
rx_handler_result_t netslice_rx(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;
	struct netslice_port *port = rcu_dereference(skb->dev->rx_handler_data);
	enum netslice_counter what;

	if (unlikely(skb->pkt_type == PACKET_LOOPBACK))
		return RX_HANDLER_PASS;
	skb = skb_share_check(skb, GFP_ATOMIC);
	*pskb = skb;
	what = likely(skb) ? netslice_receive(port, skb) : NETSLICE_C_DROP_NO_MEMORY;
	if (what != NETSLICE_C_FORWARDED)
		netslice_count_fate(port->slice, port, what);
	return netslice_goes_up(what) ? RX_HANDLER_PASS : RX_HANDLER_CONSUMED;
}

/* Whatever a device or packet socket may hand over, data is then the network header. */
static bool netslice_xmit_ready(struct sk_buff *skb)
{
	int offset = skb_network_offset(skb);

	if (skb->protocol != htons(ETH_P_IP) && skb->protocol != htons(ETH_P_IPV6))
		return false;
	if (offset < 0 || !pskb_may_pull(skb, offset))
		return false;
	__skb_pull(skb, offset);
	return true;
}

/* Multicast of the stack's own (MLD, mDNS) finds no link behind the slice device. */
static bool netslice_xmit_group(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IPV6) && skb->len >= sizeof(struct ipv6hdr) &&
	       skb_headlen(skb) >= sizeof(struct ipv6hdr) &&
	       ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr);
}

static enum netslice_counter netslice_send(struct netslice_slice *slice, struct sk_buff *skb)
{
	struct netslice_path path = {
		.slice = slice,
		.gen = rcu_dereference(slice->active),
		.role = READ_ONCE(slice->role),
	};

	return netslice_forward(&path, skb);
}

/**
 * netslice_xmit() - the stack sends a packet through the slice device
 * @skb: the packet
 * @dev: the slice device
 *
 * It goes where the slice's active generation says, its TTL untouched: the stack
 * has counted it down if it forwards it.
 *
 * Context: BH off; ndo_start_xmit.
 * Return: NETDEV_TX_OK.
 */
netdev_tx_t netslice_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct netslice_slice *slice = netslice_slice_of(dev);
	enum netslice_counter what = NETSLICE_C_DROP_HEADER;
	unsigned int len = skb->len;

	rcu_read_lock();
	if (!netslice_xmit_ready(skb)) {
		kfree_skb(skb);
		netslice_count_fate(slice, NULL, what);
	} else if (netslice_xmit_group(skb)) {
		kfree_skb(skb);
	} else {
		what = netslice_send(slice, skb);
		netslice_count_fate(slice, NULL, what == NETSLICE_C_FORWARDED ?
				    NETSLICE_C_LOCAL_OUT : what);
	}
	rcu_read_unlock();
	if (what == NETSLICE_C_FORWARDED)
		dev_sw_netstats_tx_add(dev, 1, len);
	else
		DEV_STATS_INC(dev, tx_dropped);
	return NETDEV_TX_OK;
}
