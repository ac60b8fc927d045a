// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to net devices behind the module's back: ports go with their
 * devices and with their VRF, and a slice device keeps its name.
 *
 * Leaving a VRF cannot be refused, the core does not ask. A port that is no
 * longer in the slice's VRF must not go on forwarding for the slice: it ends.
 */
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/rtnetlink.h>

#include "event.h"
#include "forward.h"
#include "locals.h"
#include "netns.h"
#include "port.h"
#include "slice.h"

static struct netslice_port *netslice_watch_port(const struct net_device *dev)
{
	if (rtnl_dereference(dev->rx_handler) != netslice_rx)
		return NULL;
	return rtnl_dereference(dev->rx_handler_data);
}

static void netslice_watch_remove(struct netslice_port *port)
{
	struct netslice_net *nn = port->slice->nn;

	mutex_lock(&nn->lock);
	netslice_port_remove(port);
	mutex_unlock(&nn->lock);
}

static void netslice_watch_state(struct netslice_port *port)
{
	u8 state = netslice_port_state(port);

	if (state == port->last_state)
		return;
	port->last_state = state;
	netslice_event(port->slice, NETSLICE_EVENT_PORT_STATE,
		       &(struct netslice_event_info){ .port = port }, GFP_KERNEL);
}

static bool netslice_watch_left_vrf(const struct netdev_notifier_changeupper_info *info)
{
	return info->master && !info->linking;
}

static int netslice_watch_port_event(struct netslice_port *port, unsigned long event, void *ptr)
{
	switch (event) {
	case NETDEV_UNREGISTER:
		netslice_watch_remove(port);
		break;
	case NETDEV_CHANGEUPPER:
		if (netslice_watch_left_vrf(ptr))
			netslice_watch_remove(port);
		break;
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		netslice_watch_state(port);
		break;
	case NETDEV_PRE_TYPE_CHANGE:
		return NOTIFY_BAD;
	}
	return NOTIFY_DONE;
}

/* The slice device has another VRF now, or none. */
static void netslice_watch_vrf(struct netslice_slice *slice, bool left)
{
	mutex_lock(&slice->nn->lock);
	if (left)
		netslice_ports_clear(slice);
	netslice_locals_refresh(slice);
	netslice_ports_reap(slice);
	mutex_unlock(&slice->nn->lock);
}

static int netslice_watch_slice_event(struct netslice_slice *slice, unsigned long event, void *ptr)
{
	const struct netdev_notifier_changeupper_info *upper = ptr;

	/* Being made, or being removed. */
	if (hlist_unhashed(&slice->hash))
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_CHANGENAME:
		/* Its name is what the other node knows the slice by. */
		if (strcmp(slice->dev->name, slice->name))
			return notifier_from_errno(-EBUSY);
		break;
	case NETDEV_CHANGEUPPER:
		if (upper->master)
			netslice_watch_vrf(slice, !upper->linking);
		break;
	}
	return NOTIFY_DONE;
}

static int netslice_watch_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct netslice_port *port;

	if (dev->rtnl_link_ops == &netslice_link_ops)
		return netslice_watch_slice_event(netslice_slice_of(dev), event, ptr);
	port = netslice_watch_port(dev);
	return port ? netslice_watch_port_event(port, event, ptr) : NOTIFY_DONE;
}

static struct notifier_block netslice_watch_notifier = {
	.notifier_call = netslice_watch_event,
};

/**
 * netslice_port_init() - begin to watch net devices
 *
 * Context: process.
 * Return: 0 or an error.
 */
int netslice_port_init(void)
{
	return register_netdevice_notifier(&netslice_watch_notifier);
}

/**
 * netslice_port_exit() - end it
 *
 * Context: process; there is no slice any more.
 */
void netslice_port_exit(void)
{
	unregister_netdevice_notifier(&netslice_watch_notifier);
}
