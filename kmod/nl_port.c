// SPDX-License-Identifier: GPL-2.0-only
/* Requests about ports and their virtual addresses. */
#include <linux/rtnetlink.h>
#include <linux/timekeeping.h>
#include <net/ipv6.h>

#include "netns.h"
#include "nl.h"
#include "port.h"
#include "slice.h"

static struct netslice_port *netslice_nl_port_find(struct genl_info *info,
						   const struct netslice_nl_ctx *ctx)
{
	struct nlattr *name = info->attrs[NETSLICE_A_PORT];
	struct netslice_port *port;

	if (netslice_nl_need(info, NETSLICE_A_PORT))
		return ERR_PTR(-EINVAL);
	port = netslice_port_find(ctx->slice, nla_data(name));
	if (port)
		return port;
	NL_SET_ERR_MSG_ATTR(info->extack, name, "the slice has no port of that name");
	return ERR_PTR(-ENOENT);
}

static int netslice_nl_port_device(struct genl_info *info, struct netslice_port_spec *spec)
{
	struct nlattr *ifindex = info->attrs[NETSLICE_A_IFINDEX];
	int err;

	err = netslice_nl_need(info, NETSLICE_A_PORT);
	if (!err)
		err = netslice_nl_need(info, NETSLICE_A_IFINDEX);
	if (err)
		return err;
	spec->name = nla_data(info->attrs[NETSLICE_A_PORT]);
	spec->dev = __dev_get_by_index(genl_info_net(info), nla_get_u32(ifindex));
	if (!spec->dev) {
		NL_SET_ERR_MSG_ATTR(info->extack, ifindex, "there is no net device of that index");
		return -ENODEV;
	}
	return 0;
}

int netslice_nl_port_add(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct netslice_port_spec spec = {
		.kind = attrs[NETSLICE_A_PORT_KIND] ? nla_get_u8(attrs[NETSLICE_A_PORT_KIND]) :
						      NETSLICE_PORT_LAN,
		.vmac = attrs[NETSLICE_A_VMAC] ? nla_data(attrs[NETSLICE_A_VMAC]) : NULL,
		.bypass = nla_get_flag(attrs[NETSLICE_A_BYPASS_NETFILTER]),
	};
	struct netslice_nl_ctx ctx;
	int err;

	err = netslice_nl_begin(info, NETSLICE_NL_RTNL | NETSLICE_NL_CHANGE, &ctx);
	if (err)
		return err;
	err = netslice_nl_port_device(info, &spec);
	if (!err)
		err = netslice_port_add(ctx.slice, &spec, info->extack);
	netslice_nl_end(&ctx);
	return err;
}

int netslice_nl_port_del(struct sk_buff *skb, struct genl_info *info)
{
	struct netslice_port *port;
	struct netslice_nl_ctx ctx;
	int err;

	err = netslice_nl_begin(info, NETSLICE_NL_RTNL | NETSLICE_NL_CHANGE, &ctx);
	if (err)
		return err;
	port = netslice_nl_port_find(info, &ctx);
	if (IS_ERR(port)) {
		err = PTR_ERR(port);
	} else if (!rcu_access_pointer(port->dev)) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[NETSLICE_A_PORT],
				    "the port has no device; it is kept for the routes that name it");
		err = -ENODEV;
	} else {
		netslice_port_remove(port);
	}
	netslice_nl_end(&ctx);
	return err;
}

static int netslice_nl_port_put_evidence(struct sk_buff *skb, struct netslice_port *port)
{
	u64 marker, probe, term, seen_ms;
	u32 count, total;
	ktime_t seen;

	spin_lock_bh(&port->evidence_lock);
	marker = port->marker_cookie;
	count = port->marker_count;
	total = port->marker_total;
	probe = port->probe_cookie;
	term = port->peer_fp_term;
	seen = port->peer_seen;
	spin_unlock_bh(&port->evidence_lock);

	if (netslice_nl_put_u64(skb, NETSLICE_A_MARKER_COOKIE, marker) ||
	    nla_put_u32(skb, NETSLICE_A_MARKER_COUNT, count) ||
	    nla_put_u32(skb, NETSLICE_A_MARKER_TOTAL, total) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_PROBE_COOKIE, probe) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_VMAC_RX, netslice_port_vmac_rx(port)))
		return -EMSGSIZE;
	if (!seen)
		return 0;
	seen_ms = ktime_ms_delta(ktime_get_boottime(), seen);
	if (netslice_nl_put_u64(skb, NETSLICE_A_PEER_FP_TERM, term) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_PEER_SEEN_MS, seen_ms))
		return -EMSGSIZE;
	return 0;
}

static int netslice_nl_port_put(struct sk_buff *skb, struct netslice_port *port)
{
	struct net_device *dev;
	int ifindex;

	rcu_read_lock();
	dev = rcu_dereference(port->dev);
	ifindex = dev ? dev->ifindex : 0;
	rcu_read_unlock();
	if (nla_put_string(skb, NETSLICE_A_SLICE, port->slice->name) ||
	    nla_put_string(skb, NETSLICE_A_PORT, port->name) ||
	    nla_put_u8(skb, NETSLICE_A_PORT_KIND, port->kind) ||
	    nla_put_u8(skb, NETSLICE_A_PORT_STATE, netslice_port_state(port)) ||
	    (ifindex && nla_put_u32(skb, NETSLICE_A_IFINDEX, ifindex)) ||
	    (port->bypass && nla_put_flag(skb, NETSLICE_A_BYPASS_NETFILTER)))
		return -EMSGSIZE;
	if (port->kind == NETSLICE_PORT_LAN && nla_put(skb, NETSLICE_A_VMAC, ETH_ALEN, port->vmac))
		return -EMSGSIZE;
	return netslice_nl_port_put_evidence(skb, port);
}

static int netslice_nl_port_fill(struct sk_buff *skb, struct netlink_callback *cb,
				 struct netslice_slice *slice, unsigned long *item)
{
	struct nlattr *only = netslice_nl_dump_attr(cb, NETSLICE_A_PORT);
	struct netslice_port *port;
	unsigned long i = 0;
	void *header;

	list_for_each_entry(port, &slice->ports, list) {
		if (i++ < *item)
			continue;
		if (only && nla_strcmp(only, port->name)) {
			(*item)++;
			continue;
		}
		header = netslice_nl_dump_put(skb, cb, NETSLICE_CMD_PORT_GET);
		if (!header)
			return -EMSGSIZE;
		if (netslice_nl_port_put(skb, port)) {
			genlmsg_cancel(skb, header);
			return -EMSGSIZE;
		}
		genlmsg_end(skb, header);
		(*item)++;
	}
	return 0;
}

int netslice_nl_port_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return netslice_nl_dump(skb, cb, netslice_nl_port_fill);
}

static int netslice_nl_vip(struct genl_info *info, struct netslice_vip *vip)
{
	struct nlattr *addr = info->attrs[NETSLICE_A_ADDRESS];
	int err;

	err = netslice_nl_need(info, NETSLICE_A_ADDRESS);
	if (err)
		return err;
	memset(vip, 0, sizeof(*vip));
	if (nla_len(addr) == sizeof(__be32)) {
		vip->family = AF_INET;
		ipv6_addr_set_v4mapped(nla_get_in_addr(addr), &vip->addr);
		return 0;
	}
	if (nla_len(addr) == sizeof(struct in6_addr)) {
		vip->family = AF_INET6;
		vip->addr = nla_get_in6_addr(addr);
		return 0;
	}
	NL_SET_ERR_MSG_ATTR(info->extack, addr, "an address has 4 or 16 bytes");
	return -EINVAL;
}

static int netslice_nl_gateway_change(struct genl_info *info,
				      int (*change)(struct netslice_port *port,
						    const struct netslice_vip *vip,
						    struct netlink_ext_ack *extack))
{
	struct netslice_port *port;
	struct netslice_nl_ctx ctx;
	struct netslice_vip vip;
	int err;

	err = netslice_nl_vip(info, &vip);
	if (err)
		return err;
	err = netslice_nl_begin(info, NETSLICE_NL_RTNL | NETSLICE_NL_CHANGE, &ctx);
	if (err)
		return err;
	port = netslice_nl_port_find(info, &ctx);
	err = IS_ERR(port) ? PTR_ERR(port) : change(port, &vip, info->extack);
	netslice_nl_end(&ctx);
	return err;
}

int netslice_nl_gateway_add(struct sk_buff *skb, struct genl_info *info)
{
	return netslice_nl_gateway_change(info, netslice_port_vip_add);
}

int netslice_nl_gateway_del(struct sk_buff *skb, struct genl_info *info)
{
	return netslice_nl_gateway_change(info, netslice_port_vip_del);
}

static int netslice_nl_gateway_put(struct sk_buff *skb, struct netlink_callback *cb,
				   const struct netslice_port *port,
				   const struct netslice_vip *vip)
{
	void *header = netslice_nl_dump_put(skb, cb, NETSLICE_CMD_GATEWAY_GET);

	if (!header)
		return -EMSGSIZE;
	if (nla_put_string(skb, NETSLICE_A_SLICE, port->slice->name) ||
	    nla_put_string(skb, NETSLICE_A_PORT, port->name) ||
	    nla_put(skb, NETSLICE_A_VMAC, ETH_ALEN, port->vmac) ||
	    netslice_nl_put_vip(skb, vip)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

static int netslice_nl_gateway_fill(struct sk_buff *skb, struct netlink_callback *cb,
				    struct netslice_slice *slice, unsigned long *item)
{
	struct netslice_port *port;
	struct netslice_vips *vips;
	unsigned long i = 0;
	unsigned int v;

	list_for_each_entry(port, &slice->ports, list) {
		vips = rcu_dereference_protected(port->vips, lockdep_is_held(&slice->nn->lock));
		for (v = 0; vips && v < vips->n; v++) {
			if (i++ < *item)
				continue;
			if (netslice_nl_gateway_put(skb, cb, port, &vips->vip[v]))
				return -EMSGSIZE;
			(*item)++;
		}
	}
	return 0;
}

int netslice_nl_gateway_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return netslice_nl_dump(skb, cb, netslice_nl_gateway_fill);
}
