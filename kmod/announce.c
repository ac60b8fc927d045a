// SPDX-License-Identifier: GPL-2.0-only
/*
 * Announcements of a new master, and its refresh frames ever after.
 *
 * One timer serves both. What it does is decided under role_lock and done outside
 * of it, for a transmit may lead anywhere. The handler runs in softirq within an
 * RCU read side: after a change of role and synchronize_net(), nothing of the old
 * role is on its way out any more.
 */
#include <linux/netdevice.h>
#include <linux/rculist.h>
#include <linux/timer.h>

#include "gateway.h"
#include "port.h"
#include "slice.h"

/**
 * netslice_announce_start() - begin to announce as master
 * @slice: the slice
 *
 * The first announcement goes with the next timer tick.
 *
 * Context: role_lock held (bh).
 */
void netslice_announce_start(struct netslice_slice *slice)
{
	lockdep_assert_held(&slice->role_lock);
	slice->announce_left = slice->announce_count;
	mod_timer(&slice->announce_timer, jiffies);
}

/**
 * netslice_announce_stop() - be silent
 * @slice: the slice
 *
 * A handler that runs at this moment looks at the role first, under role_lock.
 *
 * Context: role_lock held (bh).
 */
void netslice_announce_stop(struct netslice_slice *slice)
{
	lockdep_assert_held(&slice->role_lock);
	slice->announce_left = 0;
	del_timer(&slice->announce_timer);
}

static void netslice_announce_port(struct netslice_port *port, struct net_device *dev)
{
	const struct netslice_vips *vips = rcu_dereference(port->vips);
	unsigned int i;

	for (i = 0; vips && i < vips->n; i++) {
		if (vips->vip[i].family == AF_INET)
			netslice_arp_announce(port, dev, &vips->vip[i]);
		else
			netslice_nd_announce(port, dev, &vips->vip[i]);
	}
}

static void netslice_announce_slice(struct netslice_slice *slice, bool announce, u64 fp_term)
{
	struct netslice_port *port;
	struct net_device *dev;

	list_for_each_entry_rcu(port, &slice->ports, list) {
		dev = rcu_dereference(port->dev);
		if (port->kind != NETSLICE_PORT_LAN || !dev || !netif_running(dev))
			continue;
		if (announce)
			netslice_announce_port(port, dev);
		netslice_frame_refresh(port, dev, fp_term);
	}
}

/**
 * netslice_announce_timer() - announce, or only refresh
 * @timer: the slice's announce_timer
 *
 * Context: softirq.
 */
void netslice_announce_timer(struct timer_list *timer)
{
	struct netslice_slice *slice = container_of(timer, struct netslice_slice, announce_timer);
	bool master, announce = false;
	unsigned int next;
	u64 fp_term;

	rcu_read_lock();
	spin_lock_bh(&slice->role_lock);
	master = slice->role == NETSLICE_ROLE_MASTER;
	fp_term = slice->fp_term;
	if (master) {
		announce = slice->announce_left > 0;
		if (announce)
			slice->announce_left--;
		next = slice->announce_left ? slice->announce_ms : slice->refresh_ms;
		mod_timer(&slice->announce_timer, jiffies + msecs_to_jiffies(next));
	}
	spin_unlock_bh(&slice->role_lock);
	if (master)
		netslice_announce_slice(slice, announce, fp_term);
	rcu_read_unlock();
}
