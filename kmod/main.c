// SPDX-License-Identifier: GPL-2.0-only
/* Order of init, and its mirror. */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <net/rtnetlink.h>
#include <net/genetlink.h>

#include "frame.h"
#include "generation.h"
#include "locals.h"
#include "netlink.h"
#include "netns.h"
#include "port.h"
#include "slice.h"

static int __init netslice_init(void)
{
	int err;

	err = netslice_generation_init();
	if (err)
		return err;
	err = netslice_frame_init();
	if (err)
		goto generation_exit;
	err = netslice_netns_init();
	if (err)
		goto frame_exit;
	err = netslice_port_init();
	if (err)
		goto netns_exit;
	err = netslice_locals_init();
	if (err)
		goto port_exit;
	err = netslice_slice_init();
	if (err)
		goto locals_exit;
	err = netslice_netlink_init();
	if (err)
		goto slice_exit;
	return 0;

slice_exit:
	netslice_slice_exit();
locals_exit:
	netslice_locals_exit();
port_exit:
	netslice_port_exit();
netns_exit:
	netslice_netns_exit();
frame_exit:
	netslice_frame_exit();
generation_exit:
	netslice_generation_exit();
	rcu_barrier();
	return err;
}

static void __exit netslice_exit(void)
{
	netslice_netlink_exit();
	netslice_slice_exit();
	netslice_locals_exit();
	netslice_port_exit();
	netslice_netns_exit();
	netslice_frame_exit();
	netslice_generation_exit();
	/* Ports, tables and address lists are freed by callbacks in this module. */
	rcu_barrier();
}

module_init(netslice_init);
module_exit(netslice_exit);
MODULE_DESCRIPTION("Network slices whose forwarding state is swapped as a whole");
MODULE_LICENSE("GPL");
MODULE_ALIAS_RTNL_LINK("netslice");
MODULE_ALIAS_GENL_FAMILY("netslice");
