/* SPDX-License-Identifier: GPL-2.0-only */
/* Virtual MACs and addresses on the wire: answers, announcements, refresh frames, evidence. */
#ifndef NETSLICE_GATEWAY_H
#define NETSLICE_GATEWAY_H

#include <linux/skbuff.h>
#include <linux/timer.h>
#include <linux/types.h>

#include <uapi/linux/netslice.h>

struct net_device;
struct netslice_port;
struct netslice_slice;
struct netslice_vip;

/*
 * Context: softirq, RCU. An ARP packet, a neighbour solicitation, a NETSLICE_ETH_P
 * frame. NETSLICE_C_PASSED: not ours, the skb goes on; else it is gone.
 */
enum netslice_counter netslice_gateway_arp(struct netslice_port *port, struct sk_buff *skb);
enum netslice_counter netslice_gateway_ns(struct netslice_port *port, struct sk_buff *skb);
enum netslice_counter netslice_frame_rx(struct netslice_port *port, struct sk_buff *skb);

/* Context: BH off, RCU. True if the slice speaks for its virtual addresses now. */
bool netslice_gateway_answers(const struct netslice_slice *slice);
/* The MAC that an answer's frame comes from: the virtual one only while master. */
const u8 *netslice_gateway_source(const struct netslice_port *port, const struct net_device *dev);
bool netslice_gateway_has4(const struct netslice_port *port, __be32 addr);
bool netslice_gateway_has6(const struct netslice_port *port, const struct in6_addr *addr);
/* True if the slice sends packets for the address straight to it, by that port. */
bool netslice_gateway_onlink4(const struct netslice_port *port, __be32 addr);
bool netslice_gateway_onlink6(const struct netslice_port *port, const struct in6_addr *addr);

/* Context: BH off, RCU. Tell the LAN where a virtual address is. */
void netslice_arp_announce(struct netslice_port *port, struct net_device *dev,
			   const struct netslice_vip *vip);
void netslice_nd_announce(struct netslice_port *port, struct net_device *dev,
			  const struct netslice_vip *vip);
void netslice_frame_refresh(struct netslice_port *port, struct net_device *dev, u64 fp_term);

/* Context: role_lock held (bh). Begin announcing as master, or be silent. */
void netslice_announce_start(struct netslice_slice *slice);
void netslice_announce_stop(struct netslice_slice *slice);
/* Body of slice->announce_timer. Context: softirq. */
void netslice_announce_timer(struct timer_list *timer);

/* Context: process, RCU. Sends on every transmit queue; number of ports reached. */
int netslice_frame_mark(struct netslice_slice *slice, struct netslice_port *only, u8 kind,
			u64 fp_term, u64 cookie);

#endif
