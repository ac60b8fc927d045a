/* SPDX-License-Identifier: GPL-2.0-only */
/* The addresses of the node itself in a slice: packets to them go to the Linux stack. */
#ifndef NETSLICE_LOCALS_H
#define NETSLICE_LOCALS_H

#include <linux/in6.h>
#include <linux/types.h>

struct netslice_slice;

/*
 * Addresses on a slice's ports, its device and its VRF, kept by inetaddr and
 * inet6addr notifiers (which may run in softirq for IPv6) and by a scan when a
 * port joins or leaves.
 */

/* Context: RCU read side. */
bool netslice_local4(const struct netslice_slice *slice, __be32 addr);
bool netslice_local6(const struct netslice_slice *slice, const struct in6_addr *addr);

/* Context: rtnl_lock. Scan again: a port or the VRF changed. */
int netslice_locals_refresh(struct netslice_slice *slice);
/* Context: process; the slice is dead and no packet reaches it any more. */
void netslice_locals_free(struct netslice_slice *slice);

int netslice_locals_init(void);	/* notifiers */
void netslice_locals_exit(void);

#endif
