/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic netlink family: parsing and replies, no decisions. */
#ifndef NETSLICE_NETLINK_H
#define NETSLICE_NETLINK_H

#include <net/genetlink.h>

extern struct genl_family netslice_genl_family;

int netslice_netlink_init(void);
void netslice_netlink_exit(void);

#endif
