/* SPDX-License-Identifier: GPL-2.0-only */
/* The last steps: a next hop's port, its neighbour, the Ethernet header, the device. */
#ifndef NETSLICE_OUTPUT_H
#define NETSLICE_OUTPUT_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "compat.h"
#include "nhg.h"
#include "packet.h"

/**
 * struct netslice_hop - a next hop that is there
 * @member: of the next-hop group
 * @port: its port
 * @dev: the port's device, up, valid under RCU
 * @mtu: of @dev
 */
struct netslice_hop {
	const struct netslice_nhg_member *member;
	struct netslice_port *port;
	struct net_device *dev;
	unsigned int mtu;
};

/* Context of all: BH off, RCU. False if no member is up. */
bool netslice_hop_select(struct netslice_hop *hop, const struct netslice_nhg *nhg, u32 flow_hash);

/* True if the packet, or what a GSO packet will become, fits the next hop. */
static inline bool netslice_hop_fits(const struct netslice_hop *hop, const struct sk_buff *skb)
{
	return skb->len <= hop->mtu ||
	       (skb_is_gso(skb) && skb_gso_validate_network_len(skb, hop->mtu));
}

/* Room for the Ethernet header and a header that nobody else sees. */
static inline bool netslice_hop_writable(const struct netslice_hop *hop, struct sk_buff *skb)
{
	return !skb_cow_head(skb, LL_RESERVED_SPACE(hop->dev));
}

/*
 * Send a packet whose headers are final; netslice_hop_writable() was true.
 * Counts the frame on the port.
 */
enum netslice_counter netslice_output(const struct netslice_path *path,
				      const struct netslice_hop *hop, struct sk_buff *skb);

#endif
