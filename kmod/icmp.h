/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP errors that the module answers itself, sent through the slice device. */
#ifndef NETSLICE_ICMP_H
#define NETSLICE_ICMP_H

#include <linux/skbuff.h>

#include "packet.h"

/*
 * Context of both: BH off, RCU. The skb is whole, with its header as it came in,
 * and is gone afterwards.
 */

/* @why: NETSLICE_C_DROP_NO_ROUTE, _UNREACHABLE or _PROHIBIT. Returns it. */
enum netslice_counter netslice_icmp_unreachable(const struct netslice_path *path,
						struct sk_buff *skb, enum netslice_counter why);
/* Returns NETSLICE_C_TOO_BIG. */
enum netslice_counter netslice_icmp_too_big(const struct netslice_path *path,
					    struct sk_buff *skb, unsigned int mtu);

#endif
