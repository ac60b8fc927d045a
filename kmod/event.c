// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifications. A listener that cannot keep up sees ENOBUFS on its socket, and
 * so it does when memory for an event is lacking: it knows that it must read
 * anew, and EVENT_SEQ tells it how much it missed.
 */
#include <linux/netdevice.h>
#include <net/genetlink.h>

#include "edit.h"
#include "event.h"
#include "netlink.h"
#include "netns.h"
#include "nl.h"
#include "port.h"
#include "role.h"
#include "slice.h"

#define NETSLICE_EVENT_SIZE (16 * 1024)

/* Is it about a frame of another node? */
static bool netslice_event_heard(u8 event)
{
	return event == NETSLICE_EVENT_MARKER || event == NETSLICE_EVENT_PROBE;
}

static int netslice_event_head(struct sk_buff *skb, struct netslice_slice *slice, u8 event,
			       const struct netslice_event_info *info, u64 event_seq)
{
	bool heard = netslice_event_heard(event);
	struct netslice_role_state role;

	netslice_role_look(slice, &role);
	if (nla_put_u8(skb, NETSLICE_A_EVENT, event) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_EVENT_SEQ, event_seq) ||
	    nla_put_string(skb, NETSLICE_A_SLICE, slice->name) ||
	    nla_put_u32(skb, NETSLICE_A_SLICE_IFINDEX, slice->dev->ifindex) ||
	    nla_put_u8(skb, NETSLICE_A_ROLE, role.role) ||
	    (role.answer && nla_put_flag(skb, NETSLICE_A_ANSWER)) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_CP_TERM, READ_ONCE(slice->cp_term)) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_FP_TERM, heard ? info->fp_term : role.fp_term) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_SEQ, READ_ONCE(slice->seq)))
		return -EMSGSIZE;
	return 0;
}

static int netslice_event_frame(struct sk_buff *skb, const struct netslice_event_info *info,
				u8 event)
{
	if (!netslice_event_heard(event))
		return 0;
	if (netslice_nl_put_u64(skb, NETSLICE_A_COOKIE, info->cookie))
		return -EMSGSIZE;
	if (event == NETSLICE_EVENT_MARKER &&
	    (nla_put_u32(skb, NETSLICE_A_MARKER_COUNT, info->marker_count) ||
	     nla_put_u32(skb, NETSLICE_A_MARKER_TOTAL, info->marker_total)))
		return -EMSGSIZE;
	return 0;
}

static int netslice_event_port(struct sk_buff *skb, const struct netslice_event_info *info)
{
	const struct netslice_port *port = info->port;
	struct net_device *dev;
	int ifindex = 0;

	if (!port)
		return 0;
	rcu_read_lock();
	dev = rcu_dereference(port->dev);
	if (dev)
		ifindex = dev->ifindex;
	rcu_read_unlock();
	if (nla_put_string(skb, NETSLICE_A_PORT, port->name) ||
	    nla_put_u8(skb, NETSLICE_A_PORT_STATE, netslice_port_state(port)) ||
	    (ifindex && nla_put_u32(skb, NETSLICE_A_IFINDEX, ifindex)))
		return -EMSGSIZE;
	if (info->vip)
		return netslice_nl_put_vip(skb, info->vip);
	return 0;
}

static int netslice_event_fill(struct sk_buff *skb, u8 event,
			       const struct netslice_event_info *info)
{
	if (info->gen && netslice_nl_put_u64(skb, NETSLICE_A_GEN, info->gen))
		return -EMSGSIZE;
	if (netslice_event_frame(skb, info, event))
		return -EMSGSIZE;
	return netslice_event_port(skb, info);
}

/* As many routes as fit; at least one. Return: how many, or an error. */
static int netslice_event_routes(struct sk_buff *skb, const struct netslice_route_spec *routes,
				 unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (netslice_nl_put_route_spec(skb, &routes[i]))
			break;
	return i || !n ? (int)i : -EMSGSIZE;
}

/* Sends one message. Return: routes that it told of, or an error. */
static int netslice_event_send(struct netslice_slice *slice, u8 event, u64 event_seq,
			       const struct netslice_event_info *info, unsigned int first,
			       gfp_t gfp)
{
	size_t size = info->nroutes ? NETSLICE_EVENT_SIZE : NLMSG_GOODSIZE;
	struct net *net = slice->nn->net;
	struct sk_buff *skb;
	void *header;
	int n;

	skb = genlmsg_new(size, gfp);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put(skb, 0, 0, &netslice_genl_family, 0, NETSLICE_CMD_EVENT);
	if (!header || netslice_event_head(skb, slice, event, info, event_seq) ||
	    netslice_event_fill(skb, event, info)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	n = netslice_event_routes(skb, info->routes + first, info->nroutes - first);
	if (n < 0) {
		nlmsg_free(skb);
		return n;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&netslice_genl_family, net, skb, 0, 0, gfp);
	return n;
}

void netslice_event(struct netslice_slice *slice, enum netslice_event event,
		    const struct netslice_event_info *info, gfp_t gfp)
{
	static const struct netslice_event_info none;
	struct net *net = slice->nn->net;
	unsigned int done = 0;
	u64 event_seq;
	int n;

	if (!netslice_event_heard(event))
		atomic64_inc(&slice->nn->change_seq);
	event_seq = atomic64_inc_return(&slice->nn->event_seq);
	if (!genl_has_listeners(&netslice_genl_family, net, 0))
		return;
	if (!info)
		info = &none;
	do {
		n = netslice_event_send(slice, event, event_seq, info, done, gfp);
		if (n < 0) {
			/* Negative here, as netlink_set_err() turns it round. */
			genl_set_err(&netslice_genl_family, net, 0, 0, -ENOBUFS);
			return;
		}
		done += n;
	} while (done < info->nroutes);
}
