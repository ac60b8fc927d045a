// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slices and their devices.
 *
 * The slice lives in its device's private area, and so it goes when the last
 * reference to the device does. Generations hold such references until they are
 * freed: unregistering waits for them, and they wait for nothing but a grace
 * period.
 *
 * The device has no layer 2: what the stack transmits on it is an IP packet that
 * is looked up in the active generation. It is point-to-point so that IPv4 makes
 * one neighbour entry for it and not one for each destination.
 */
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/stringhash.h>
#include <net/addrconf.h>
#include <net/ip_tunnels.h>

#include "compat.h"
#include "event.h"
#include "forward.h"
#include "generation.h"
#include "locals.h"
#include "netns.h"
#include "port.h"
#include "role.h"
#include "slice.h"
#include "stats.h"

#define NETSLICE_REFRESH_MS	1000
#define NETSLICE_ANNOUNCE_COUNT	5
#define NETSLICE_ANNOUNCE_MS	50

static const struct net_device_ops netslice_slice_ops = {
	.ndo_start_xmit = netslice_xmit,
	.ndo_get_stats64 = dev_get_tstats64,
};

static void netslice_slice_setup(struct net_device *dev)
{
	dev->netdev_ops = &netslice_slice_ops;
	dev->header_ops = &ip_tunnel_header_ops;
	dev->rtnl_link_ops = &netslice_link_ops;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_NOARP | IFF_POINTOPOINT;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	dev->needs_free_netdev = true;
	dev->needed_headroom = LL_MAX_HEADER;
	/* What the node itself sends mostly fits then, and is not lost to find out. */
	dev->mtu = ETH_DATA_LEN;
	dev->min_mtu = IPV6_MIN_MTU;
	dev->max_mtu = IP_MAX_MTU;
	/* The path MTU and errors are told to the route of what the stack sends. */
	netif_keep_dst(dev);
	netslice_compat_dev_setup(dev);
}

static void netslice_slice_free(struct net_device *dev)
{
	struct netslice_slice *slice = netslice_slice_of(dev);

	WARN_ON(!list_empty(&slice->ports));
	netslice_locals_free(slice);
	free_percpu(slice->stats);
}

static u32 netslice_slice_key(const char *name)
{
	return full_name_hash(NULL, name, strnlen(name, NETSLICE_NAME_LEN));
}

/**
 * netslice_slice_find() - the slice of a name
 * @nn: namespace
 * @name: of the slice
 *
 * Context: nn->lock or RCU.
 * Return: the slice, NULL if there is none or it is being removed.
 */
struct netslice_slice *netslice_slice_find(struct netslice_net *nn, const char *name)
{
	struct netslice_slice *slice;

	hash_for_each_possible_rcu(nn->names, slice, hash, netslice_slice_key(name),
				   lockdep_is_held(&nn->lock))
		if (!strncmp(slice->name, name, NETSLICE_NAME_LEN))
			return slice;
	return NULL;
}

/* Everything that needs no undo but free_percpu(). */
static int netslice_slice_prepare(struct netslice_slice *slice, struct net_device *dev,
				  const struct netslice_slice_spec *spec)
{
	slice->stats = __netdev_alloc_pcpu_stats(struct netslice_pcpu_stats, GFP_KERNEL_ACCOUNT);
	if (!slice->stats)
		return -ENOMEM;
	slice->dev = dev;
	slice->nn = netslice_pernet(dev_net(dev));
	INIT_LIST_HEAD(&slice->ports);
	INIT_LIST_HEAD(&slice->list);
	INIT_HLIST_NODE(&slice->hash);
	strscpy(slice->owner, spec->owner, sizeof(slice->owner));
	slice->cp_term = spec->cp_term;
	slice->refresh_ms = NETSLICE_REFRESH_MS;
	slice->announce_count = NETSLICE_ANNOUNCE_COUNT;
	slice->announce_ms = NETSLICE_ANNOUNCE_MS;
	netslice_role_init(slice, spec->fp_term);
	netslice_gen_init(slice, spec->gen_first);
	return 0;
}

/* Addresses on a slice device are those that user space puts there. */
static void netslice_slice_no_autoconf(struct net_device *dev)
{
	struct inet6_dev *idev = __in6_dev_get(dev);

	if (idev)
		idev->cnf.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;
}

static void netslice_slice_publish(struct netslice_slice *slice)
{
	struct netslice_net *nn = slice->nn;

	mutex_lock(&nn->lock);
	strscpy(slice->name, slice->dev->name, sizeof(slice->name));
	list_add_tail_rcu(&slice->list, &nn->slices);
	hash_add_rcu(nn->names, &slice->hash, netslice_slice_key(slice->name));
	nn->nslices++;
	netslice_event(slice, NETSLICE_EVENT_SLICE_NEW, NULL, GFP_KERNEL);
	mutex_unlock(&nn->lock);
}

/* @dev is set up and not registered; it stays the caller's when this fails. */
static int netslice_slice_register(struct net_device *dev, const struct netslice_slice_spec *spec,
				   struct netlink_ext_ack *extack)
{
	struct netslice_slice *slice = netslice_slice_of(dev);
	struct netslice_net *nn = netslice_pernet(dev_net(dev));
	int err;

	/* Only rtnl_lock() holders change it. */
	if (READ_ONCE(nn->nslices) >= NETSLICE_MAX_SLICES) {
		NL_SET_ERR_MSG(extack, "the namespace has 4096 slices already");
		return -ENOSPC;
	}
	err = netslice_slice_prepare(slice, dev, spec);
	if (err)
		return err;
	err = register_netdevice(dev);
	if (err) {
		NL_SET_ERR_MSG(extack, "the slice device cannot be registered");
		free_percpu(slice->stats);
		return err;
	}
	/* Not earlier: register_netdevice() would call it when it fails. */
	dev->priv_destructor = netslice_slice_free;
	netslice_slice_no_autoconf(dev);
	netslice_slice_publish(slice);
	return 0;
}

static int netslice_slice_check_name(struct netslice_net *nn, const char *name,
				     struct netlink_ext_ack *extack)
{
	if (!dev_valid_name(name) || strchr(name, '%')) {
		NL_SET_ERR_MSG(extack, "a slice's name must be one that a net device may have");
		return -EINVAL;
	}
	if (__dev_get_by_name(nn->net, name)) {
		NL_SET_ERR_MSG(extack, "a net device of that name is there already");
		return -EEXIST;
	}
	return 0;
}

/**
 * netslice_slice_create() - make a slice and its device
 * @nn: namespace
 * @spec: what it starts with
 * @extack: says why not
 *
 * Context: rtnl_lock, takes nn->lock. Emits SLICE_NEW.
 * Return: 0 or an error.
 */
int netslice_slice_create(struct netslice_net *nn, const struct netslice_slice_spec *spec,
			  struct netlink_ext_ack *extack)
{
	struct net_device *dev;
	int err;

	ASSERT_RTNL();
	err = netslice_slice_check_name(nn, spec->name, extack);
	if (err)
		return err;
	dev = alloc_netdev(sizeof(struct netslice_slice), spec->name, NET_NAME_USER,
			   netslice_slice_setup);
	if (!dev)
		return -ENOMEM;
	dev_net_set(dev, nn->net);
	err = netslice_slice_register(dev, spec, extack);
	if (err)
		free_netdev(dev);
	return err;
}

/**
 * netslice_slice_destroy() - remove a slice and its device
 * @slice: the slice
 * @kill: for unregister_netdevice_many()
 *
 * The device itself is unregistered by the caller, its memory is freed once
 * rtnl_lock is released.
 *
 * Context: rtnl_lock, takes nn->lock. Emits SLICE_DEL.
 */
void netslice_slice_destroy(struct netslice_slice *slice, struct list_head *kill)
{
	struct netslice_net *nn = slice->nn;

	ASSERT_RTNL();
	mutex_lock(&nn->lock);
	netslice_role_stop(slice);
	hash_del_rcu(&slice->hash);
	list_del_rcu(&slice->list);
	WRITE_ONCE(nn->nslices, nn->nslices - 1);
	netslice_ports_destroy(slice);
	netslice_gen_destroy(slice);
	netslice_ports_reap(slice);
	netslice_event(slice, NETSLICE_EVENT_SLICE_DEL, NULL, GFP_KERNEL);
	mutex_unlock(&nn->lock);
	/* It takes nn->lock, and finds the slice dead. */
	cancel_work_sync(&slice->confirm_work);
	unregister_netdevice_queue(slice->dev, kill);
}

/**
 * netslice_slice_check_owner() - may the caller change the slice?
 * @slice: the slice
 * @owner: whom the caller speaks for, "" for nobody
 * @force: change it whoever owns it
 * @extack: says why not
 *
 * Context: nn->lock.
 * Return: 0 or -EACCES.
 */
int netslice_slice_check_owner(const struct netslice_slice *slice, const char *owner, bool force,
			       struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&slice->nn->lock);
	if (force || !slice->owner[0] || !strncmp(slice->owner, owner, sizeof(slice->owner)))
		return 0;
	NETSLICE_ERR_FMT(extack, "the slice belongs to another owner",
			 "the slice belongs to %s", slice->owner);
	return -EACCES;
}

/**
 * netslice_slice_check_cp_term() - may the caller change routes?
 * @slice: the slice
 * @term: the caller's
 * @extack: says why not
 *
 * Context: nn->lock.
 * Return: 0 or -ESTALE.
 */
int netslice_slice_check_cp_term(const struct netslice_slice *slice, u64 term,
				 struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&slice->nn->lock);
	if (term == slice->cp_term)
		return 0;
	if (term < slice->cp_term)
		NETSLICE_ERR_FMT(extack, "the cp-term is older than the slice's",
				 "cp-term %llu is older than the slice's, %llu",
				 term, slice->cp_term);
	else
		NETSLICE_ERR_FMT(extack, "the cp-term is newer than the slice's: raise it first",
				 "cp-term %llu is newer than the slice's, %llu: raise it first",
				 term, slice->cp_term);
	return -ESTALE;
}

static int netslice_link_validate(struct nlattr *tb[], struct nlattr *data[],
				  struct netlink_ext_ack *extack)
{
	if (!tb[IFLA_ADDRESS])
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_ADDRESS], "a slice device has no link-layer address");
	return -EOPNOTSUPP;
}

/* "ip link add": without terms it stays standby until they are raised. */
static int netslice_link_new(struct net *src_net, struct net_device *dev, struct nlattr *tb[],
			     struct nlattr *data[], struct netlink_ext_ack *extack)
{
	static const struct netslice_slice_spec spec = { .owner = "", .gen_first = 1 };

	return netslice_slice_register(dev, &spec, extack);
}

static void netslice_link_del(struct net_device *dev, struct list_head *head)
{
	netslice_slice_destroy(netslice_slice_of(dev), head);
}

struct rtnl_link_ops netslice_link_ops __read_mostly = {
	.kind = NETSLICE_LINK_KIND,
	.priv_size = sizeof(struct netslice_slice),
	.setup = netslice_slice_setup,
	.validate = netslice_link_validate,
	.newlink = netslice_link_new,
	.dellink = netslice_link_del,
};

/**
 * netslice_slice_init() - make the link kind known
 *
 * Context: process.
 * Return: 0 or an error.
 */
int netslice_slice_init(void)
{
	return rtnl_link_register(&netslice_link_ops);
}

/**
 * netslice_slice_exit() - remove every slice in every namespace
 *
 * Context: process; no request can come in any more.
 */
void netslice_slice_exit(void)
{
	rtnl_link_unregister(&netslice_link_ops);
}
