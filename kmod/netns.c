// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's state of one network namespace.
 *
 * Registered as a subsystem, not as a device: subsystems end after all devices
 * of a namespace, so that the slice devices are gone when this state goes.
 */
#include <linux/bug.h>
#include <net/netns/generic.h>

#include "netns.h"

static unsigned int netslice_net_id __read_mostly;

/**
 * netslice_pernet() - the module's state of a namespace
 * @net: the namespace
 *
 * Context: any.
 * Return: never NULL while the module is loaded and the namespace alive.
 */
struct netslice_net *netslice_pernet(const struct net *net)
{
	return net_generic(net, netslice_net_id);
}

static int __net_init netslice_net_init(struct net *net)
{
	struct netslice_net *nn = netslice_pernet(net);

	nn->net = net;
	mutex_init(&nn->lock);
	INIT_LIST_HEAD(&nn->slices);
	hash_init(nn->names);
	atomic64_set(&nn->event_seq, 0);
	atomic64_set(&nn->change_seq, 0);
	return 0;
}

static void __net_exit netslice_net_exit(struct net *net)
{
	struct netslice_net *nn = netslice_pernet(net);

	WARN_ON(!list_empty(&nn->slices) || nn->nslices);
	mutex_destroy(&nn->lock);
}

static struct pernet_operations netslice_net_ops = {
	.init = netslice_net_init,
	.exit = netslice_net_exit,
	.id = &netslice_net_id,
	.size = sizeof(struct netslice_net),
};

/**
 * netslice_netns_init() - give every namespace its state
 *
 * Context: process.
 * Return: 0 or an error.
 */
int netslice_netns_init(void)
{
	return register_pernet_subsys(&netslice_net_ops);
}

/**
 * netslice_netns_exit() - take it away
 *
 * Context: process; no slice device exists any more.
 */
void netslice_netns_exit(void)
{
	unregister_pernet_subsys(&netslice_net_ops);
}
