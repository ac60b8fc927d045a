/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernel versions. LINUX_VERSION_CODE is looked at here and nowhere else. */
#ifndef NETSLICE_COMPAT_H
#define NETSLICE_COMPAT_H

#include <linux/filter.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/version.h>
#include <net/dst.h>
#include <net/genetlink.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#include <net/gso.h>
#endif

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

/* A route for one packet: no device reference, no count kept. */
static inline void netslice_compat_dst_init(struct dst_entry *dst, struct dst_ops *ops,
					    unsigned short flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	dst_init(dst, ops, NULL, DST_OBSOLETE_NONE, flags);
#else
	dst_init(dst, ops, NULL, 1, DST_OBSOLETE_NONE, flags);
#endif
}

/* What the helpers of a running BPF program keep; around each run since 6.11. */
struct netslice_compat_bpf_context {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	struct bpf_net_context context;
	struct bpf_net_context *set;
#endif
};

static inline void netslice_compat_bpf_begin(struct netslice_compat_bpf_context *c)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	c->set = bpf_net_ctx_set(&c->context);
#endif
}

static inline void netslice_compat_bpf_end(struct netslice_compat_bpf_context *c)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	bpf_net_ctx_clear(c->set);
#endif
}

/* A link of a device's list of anycast addresses, under the list's lock. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#define netslice_compat_anycast(link)	rcu_dereference_protected(link, true)
#else
#define netslice_compat_anycast(link)	(link)
#endif

#endif
