/* SPDX-License-Identifier: GPL-2.0-only */
/* What a port's device must let in beyond its own MAC: its receive filter. */
#ifndef NETSLICE_FILTER_H
#define NETSLICE_FILTER_H

#include <linux/netdevice.h>

struct netslice_port;
struct netslice_vip;

/* Context: rtnl_lock and nn->lock. The same on both nodes and in every role. */
int netslice_filter_join(struct netslice_port *port, struct net_device *dev);
void netslice_filter_leave(struct netslice_port *port, struct net_device *dev);
int netslice_filter_vip_add(struct net_device *dev, const struct netslice_vip *vip);
void netslice_filter_vip_del(struct net_device *dev, const struct netslice_vip *vip);

#endif
