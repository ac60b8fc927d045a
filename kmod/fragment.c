// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPv4 packets that are too big for their next hop and may be cut.
 *
 * ip_do_fragment() cuts, and takes device and MTU from the packet's route. The
 * route is made here, on the stack, for this one packet; the fragments carry it
 * without a reference to netslice_fragment_out(), which finds through it where
 * they go, and takes it off.
 */
#include <linux/ip.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/route.h>

#include "compat.h"
#include "fragment.h"
#include "slice.h"
#include "stats.h"

struct netslice_fragment_route {
	struct rtable rt;
	const struct netslice_path *path;
	const struct netslice_hop *hop;
	enum netslice_counter what;
};

static unsigned int netslice_fragment_mtu(const struct dst_entry *dst)
{
	return dst->dev->mtu;
}

static struct dst_ops netslice_fragment_ops = {
	.family = AF_INET,
	.mtu = netslice_fragment_mtu,
};

static int netslice_fragment_out(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct netslice_fragment_route *r;

	r = container_of(skb_rtable(skb), struct netslice_fragment_route, rt);
	skb_dst_drop(skb);
	if (netslice_hop_writable(r->hop, skb))
		r->what = netslice_output(r->path, r->hop, skb);
	else
		r->what = netslice_drop(skb, NETSLICE_C_DROP_NO_MEMORY);
	/* The rest of a packet that lost a fragment is of no use to anybody. */
	return r->what == NETSLICE_C_FORWARDED ? 0 : -ENOBUFS;
}

static enum netslice_counter netslice_fragment_one(const struct netslice_path *path,
						   const struct netslice_hop *hop,
						   struct sk_buff *skb)
{
	struct netslice_fragment_route r = {
		.path = path,
		.hop = hop,
		.what = NETSLICE_C_DROP_NO_MEMORY,
	};

	netslice_compat_dst_init(&r.rt.dst, &netslice_fragment_ops, DST_NOCOUNT);
	r.rt.dst.dev = hop->dev;
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, &r.rt.dst);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	/* Cut to the device's MTU, whatever sockets have learnt. */
	IPCB(skb)->flags = IPSKB_FORWARDED;
	ip_do_fragment(dev_net(hop->dev), NULL, skb, netslice_fragment_out);
	return r.what;
}

/* Several packets that GRO made one: cut where they were joined, then each by itself. */
static enum netslice_counter netslice_fragment_gso(const struct netslice_path *path,
						   const struct netslice_hop *hop,
						   struct sk_buff *skb)
{
	enum netslice_counter what = NETSLICE_C_FORWARDED, one;
	struct sk_buff *segs, *seg, *next;

	segs = skb_gso_segment(skb, netif_skb_features(skb) & ~NETIF_F_GSO_MASK);
	if (IS_ERR_OR_NULL(segs))
		return netslice_drop(skb, NETSLICE_C_DROP_NO_MEMORY);
	consume_skb(skb);
	skb_list_walk_safe(segs, seg, next) {
		skb_mark_not_on_list(seg);
		one = netslice_fragment_one(path, hop, seg);
		if (one != NETSLICE_C_FORWARDED)
			what = one;
	}
	return what;
}

/**
 * netslice_fragment() - send an IPv4 packet in fragments
 * @path: of the packet
 * @hop: where it goes
 * @skb: the packet, TTL already counted down; is gone afterwards
 *
 * Context: BH off, RCU.
 * Return: what became of it.
 */
enum netslice_counter netslice_fragment(const struct netslice_path *path,
					const struct netslice_hop *hop, struct sk_buff *skb)
{
	enum netslice_counter what;

	skb->dev = hop->dev;
	what = skb_is_gso(skb) ? netslice_fragment_gso(path, hop, skb) :
				 netslice_fragment_one(path, hop, skb);
	if (what == NETSLICE_C_FORWARDED)
		netslice_count(path->slice->stats, NETSLICE_C_FRAGMENTED);
	return what;
}
