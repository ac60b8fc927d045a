/* SPDX-License-Identifier: GPL-2.0-only */
/* The path of a packet. */
#ifndef NETSLICE_FORWARD_H
#define NETSLICE_FORWARD_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

/* rx handler of a port; rx_handler_data is its struct netslice_port. */
rx_handler_result_t netslice_rx(struct sk_buff **pskb);

/* ndo_start_xmit of the slice device: what the stack sends, looked up in the active generation. */
netdev_tx_t netslice_xmit(struct sk_buff *skb, struct net_device *dev);

#endif
