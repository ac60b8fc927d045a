/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernel versions. LINUX_VERSION_CODE is looked at here and nowhere else. */
#ifndef NETSLICE_COMPAT_H
#define NETSLICE_COMPAT_H

#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/version.h>
#include <net/genetlink.h>

/*
 * A refusal with figures in it. Kernels before 6.2 cannot format: they say
 * @plain, which therefore has to make sense alone.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define NETSLICE_ERR_FMT(extack, plain, fmt, args...) \
	NL_SET_ERR_MSG_FMT(extack, fmt, ##args)
#else
#define NETSLICE_ERR_FMT(extack, plain, fmt, args...) \
	do { \
		if (0) \
			no_printk(fmt, ##args); \
		NL_SET_ERR_MSG(extack, plain); \
	} while (0)
#endif

/* Attributes of a dump request, parsed by the family's policy. */
static inline struct nlattr **netslice_compat_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return genl_dumpit_info(cb)->info.attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* Transmits without a lock of the core's, and stays in its namespace. */
static inline void netslice_compat_dev_setup(struct net_device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	dev->lltx = true;
	dev->netns_immutable = true;
#else
	dev->features |= NETIF_F_LLTX | NETIF_F_NETNS_LOCAL;
#endif
}

#endif
