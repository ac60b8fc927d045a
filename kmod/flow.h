/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hash of a flow, for the choice among several next hops.
 *
 * Not skb_get_hash(): its key differs from boot to boot and from card to card,
 * while both nodes of a pair have to choose alike, before and after a handover.
 */
#ifndef NETSLICE_FLOW_H
#define NETSLICE_FLOW_H

#include <linux/skbuff.h>
#include <linux/types.h>

/* Context: the network header has been checked and is in the linear part. */
u32 netslice_flow_hash4(const struct sk_buff *skb);
u32 netslice_flow_hash6(const struct sk_buff *skb);

#endif
