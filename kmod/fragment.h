/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4 packets that are too big for their next hop and may be cut. */
#ifndef NETSLICE_FRAGMENT_H
#define NETSLICE_FRAGMENT_H

#include <linux/skbuff.h>

#include "output.h"
#include "packet.h"

/*
 * Send an IPv4 packet, final but for its length, in fragments; is gone afterwards.
 * Context: BH off, RCU. Counts FRAGMENTED.
 */
enum netslice_counter netslice_fragment(const struct netslice_path *path,
					const struct netslice_hop *hop, struct sk_buff *skb);

#endif
