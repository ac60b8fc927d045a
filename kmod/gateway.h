/* SPDX-License-Identifier: GPL-2.0-only */
/* Virtual MACs and addresses on the wire: answers, announcements, refresh frames, evidence. */
#ifndef NETSLICE_GATEWAY_H
#define NETSLICE_GATEWAY_H

#include <linux/skbuff.h>
#include <linux/types.h>

struct netslice_port;
struct netslice_slice;

enum netslice_verdict {
	NETSLICE_PASS,		/* not ours: the stack goes on with the skb */
	NETSLICE_CONSUMED,	/* the skb is ours and gone */
};

/* Context: softirq, RCU. An ARP packet, a neighbour solicitation, a NETSLICE_ETH_P frame. */
enum netslice_verdict netslice_gateway_arp(struct netslice_port *port, struct sk_buff *skb);
enum netslice_verdict netslice_gateway_ns(struct netslice_port *port, struct sk_buff *skb);
enum netslice_verdict netslice_frame_rx(struct netslice_port *port, struct sk_buff *skb);

/* Context: role_lock held (bh). Begin announcing as master, or be silent. */
void netslice_announce_start(struct netslice_slice *slice);
void netslice_announce_stop(struct netslice_slice *slice);
/* Body of slice->announce_timer. Context: softirq. */
void netslice_announce_timer(struct timer_list *timer);

/* Context: process or softirq, RCU. Sends on every transmit queue; number of ports reached. */
int netslice_frame_mark(struct netslice_slice *slice, struct netslice_port *only, u8 kind,
			u64 fp_term, u64 cookie);

#endif
