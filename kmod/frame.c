// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refresh frames, markers and probes: what the nodes of a pair tell each other
 * on the LAN itself, where their words meet the packets that they are about.
 *
 * A marker proves that what its sender had queued before is out. It therefore
 * goes once by each transmit queue, through the queueing discipline as data does,
 * and with the lowest priority, so that a band that is served first cannot carry
 * it past another. A discipline that keeps flows apart (fq_codel) may still let it
 * overtake a flow that has a backlog: what then comes late is put right by the
 * announcements that follow.
 */
#include <linux/etherdevice.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/pkt_sched.h>
#include <net/sock.h>

#include "event.h"
#include "frame.h"
#include "gateway.h"
#include "packet.h"
#include "port.h"
#include "role.h"
#include "slice.h"

/* As many frames of a marker are told apart. */
#define NETSLICE_MARKER_MAX	(8 * (unsigned int)sizeof_field(struct netslice_port, marker_seen))

/*
 * Terms rise by one or two at a time, and the other node's are known by better
 * ways than the LAN. One so far above is somebody else's: taken for true, it would
 * leave no term that this slice could be master with.
 */
#define NETSLICE_TERM_LEAP	(1ULL << 32)

static const u8 netslice_frame_group[ETH_ALEN] = NETSLICE_FRAME_GROUP;

/*
 * A socket that never opens its mouth. Which queue a packet takes is decided by
 * its socket's mapping first, and only then by XPS or a hash; with this as its
 * socket a frame takes the queue that it is meant for.
 */
static struct socket *netslice_frame_socket;
static DEFINE_SPINLOCK(netslice_frame_socket_lock);

/**
 * struct netslice_frame_out - a frame to be sent
 * @kind: enum netslice_frame_kind
 * @index: of the transmit queue, if @total is more than 1
 * @total: frames of its kind
 * @fp_term: the sender's
 * @cookie: of a marker or probe
 * @dest: MAC
 * @source: MAC
 */
struct netslice_frame_out {
	u8 kind;
	u16 index;
	u16 total;
	u64 fp_term;
	u64 cookie;
	const u8 *dest;
	const u8 *source;
};

static void netslice_frame_fill(struct netslice_frame *frame, const struct netslice_port *port,
				const struct netslice_frame_out *out)
{
	memset(frame, 0, sizeof(*frame));
	frame->magic = htonl(NETSLICE_FRAME_MAGIC);
	frame->version = NETSLICE_FRAME_VERSION;
	frame->kind = out->kind;
	frame->index = htons(out->index);
	frame->total = htons(out->total);
	frame->fp_term = cpu_to_be64(out->fp_term);
	frame->cookie = cpu_to_be64(out->cookie);
	strscpy(frame->slice, port->slice->name, sizeof(frame->slice));
	strscpy(frame->port, port->name, sizeof(frame->port));
}

static struct sk_buff *netslice_frame_build(struct netslice_port *port, struct net_device *dev,
					    const struct netslice_frame_out *out)
{
	struct sk_buff *skb;

	skb = alloc_skb(LL_RESERVED_SPACE(dev) + sizeof(struct netslice_frame) +
			dev->needed_tailroom, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, LL_RESERVED_SPACE(dev));
	skb_reset_network_header(skb);
	netslice_frame_fill(skb_put(skb, sizeof(struct netslice_frame)), port, out);
	skb->dev = dev;
	skb->protocol = htons(NETSLICE_ETH_P);
	skb->priority = out->kind == NETSLICE_FRAME_REFRESH ? TC_PRIO_CONTROL : TC_PRIO_BULK;
	if (dev_hard_header(skb, dev, NETSLICE_ETH_P, out->dest, out->source, skb->len) < 0) {
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

static bool netslice_frame_send(struct netslice_port *port, struct net_device *dev,
				const struct netslice_frame_out *out)
{
	struct sock *sk = netslice_frame_socket->sk;
	struct sk_buff *skb;
	int rc;

	skb = netslice_frame_build(port, dev, out);
	if (!skb)
		return false;
	if (out->total == 1) {
		/* net_xmit_eval() is a macro that looks twice. */
		rc = dev_queue_xmit(skb);
		return !net_xmit_eval(rc);
	}
	spin_lock_bh(&netslice_frame_socket_lock);
	sk_tx_queue_set(sk, out->index);
	skb_set_owner_w(skb, sk);
	rc = dev_queue_xmit(skb);
	spin_unlock_bh(&netslice_frame_socket_lock);
	return !net_xmit_eval(rc);
}

/**
 * netslice_frame_refresh() - say that the master is here
 * @port: a lan port
 * @dev: its device
 * @fp_term: the master's
 *
 * Context: BH off, RCU.
 */
void netslice_frame_refresh(struct netslice_port *port, struct net_device *dev, u64 fp_term)
{
	struct netslice_frame_out out = {
		.kind = NETSLICE_FRAME_REFRESH,
		.total = 1,
		.fp_term = fp_term,
		.dest = netslice_frame_group,
		.source = port->vmac,
	};

	netslice_frame_send(port, dev, &out);
}

static bool netslice_frame_mark_port(struct netslice_port *port, struct net_device *dev, u8 kind,
				     u64 fp_term, u64 cookie)
{
	bool marker = kind == NETSLICE_FRAME_MARKER;
	struct netslice_frame_out out = {
		.kind = kind,
		.total = marker ? clamp(READ_ONCE(dev->real_num_tx_queues), 1U,
					NETSLICE_MARKER_MAX) : 1,
		.fp_term = fp_term,
		.cookie = cookie,
		.dest = marker ? netslice_frame_group : port->vmac,
		.source = dev->dev_addr,
	};

	for (out.index = 0; out.index < out.total; out.index++)
		if (!netslice_frame_send(port, dev, &out))
			return false;
	return true;
}

/**
 * netslice_frame_mark() - send a marker or a probe
 * @slice: by the lan ports of this slice
 * @only: by this port alone, or NULL
 * @kind: NETSLICE_FRAME_MARKER or NETSLICE_FRAME_PROBE
 * @fp_term: the sender's
 * @cookie: by which the other node knows it
 *
 * Context: process, BH off, RCU.
 * Return: number of ports that it left by.
 */
int netslice_frame_mark(struct netslice_slice *slice, struct netslice_port *only, u8 kind,
			u64 fp_term, u64 cookie)
{
	struct netslice_port *port;
	struct net_device *dev;
	int n = 0;

	list_for_each_entry_rcu(port, &slice->ports, list) {
		dev = rcu_dereference(port->dev);
		if ((only && port != only) || port->kind != NETSLICE_PORT_LAN || !dev ||
		    !netif_running(dev) || !netif_carrier_ok(dev))
			continue;
		n += netslice_frame_mark_port(port, dev, kind, fp_term, cookie);
	}
	return n;
}

/* Somebody speaks as master, with a term that is not believed if @far. */
static void netslice_frame_note_refresh(struct netslice_port *port, u64 term, bool far)
{
	spin_lock_bh(&port->evidence_lock);
	if (far || term >= port->peer_fp_term)
		port->peer_seen = ktime_get_boottime();
	if (!far && term > port->peer_fp_term)
		WRITE_ONCE(port->peer_fp_term, term);
	spin_unlock_bh(&port->evidence_lock);
}

static void netslice_frame_hear_refresh(struct netslice_port *port,
					const struct netslice_frame *frame)
{
	u64 term = be64_to_cpu(frame->fp_term);
	struct netslice_role_state state;
	bool higher, far;

	netslice_role_look(port->slice, &state);
	/* A master's own, come back by a loop. */
	if (state.role == NETSLICE_ROLE_MASTER && term == state.fp_term)
		return;
	higher = term > state.fp_term;
	far = higher && term - state.fp_term > NETSLICE_TERM_LEAP;
	netslice_frame_note_refresh(port, term, far);
	/* In any role: it may be master by now, by a request that was before this evidence. */
	if (higher && !far)
		netslice_role_heard(port->slice, term);
}

/* Returns true when the last of a marker's frames is in. Under evidence_lock. */
static bool netslice_frame_note_marker(struct netslice_port *port, u64 cookie, u16 index,
				       u16 total)
{
	if (port->marker_cookie != cookie || port->marker_total != total) {
		port->marker_cookie = cookie;
		port->marker_total = total;
		port->marker_count = 0;
		bitmap_zero(port->marker_seen, NETSLICE_MARKER_MAX);
	}
	if (__test_and_set_bit(index, port->marker_seen))
		return false;
	return ++port->marker_count == total;
}

static void netslice_frame_hear_marker(struct netslice_port *port,
				       const struct netslice_frame *frame)
{
	struct netslice_event_info info = {
		.port = port,
		.cookie = be64_to_cpu(frame->cookie),
		.fp_term = be64_to_cpu(frame->fp_term),
		.marker_count = ntohs(frame->total),
		.marker_total = ntohs(frame->total),
	};
	bool whole;

	spin_lock_bh(&port->evidence_lock);
	whole = netslice_frame_note_marker(port, info.cookie, ntohs(frame->index),
					   info.marker_total);
	spin_unlock_bh(&port->evidence_lock);
	if (whole)
		netslice_event(port->slice, NETSLICE_EVENT_MARKER, &info, GFP_ATOMIC);
}

static void netslice_frame_hear_probe(struct netslice_port *port,
				      const struct netslice_frame *frame)
{
	struct netslice_event_info info = {
		.port = port,
		.cookie = be64_to_cpu(frame->cookie),
		.fp_term = be64_to_cpu(frame->fp_term),
	};

	spin_lock_bh(&port->evidence_lock);
	port->probe_cookie = info.cookie;
	spin_unlock_bh(&port->evidence_lock);
	netslice_event(port->slice, NETSLICE_EVENT_PROBE, &info, GFP_ATOMIC);
}

/* Addressed as its kind must be? */
static bool netslice_frame_addressed(const struct netslice_port *port, const struct sk_buff *skb,
				     u8 kind)
{
	const struct ethhdr *eth = eth_hdr(skb);

	if (kind == NETSLICE_FRAME_PROBE)
		return ether_addr_equal(eth->h_dest, port->vmac);
	return ether_addr_equal(eth->h_dest, netslice_frame_group);
}

static bool netslice_frame_valid(const struct netslice_port *port, const struct sk_buff *skb,
				 const struct netslice_frame *frame)
{
	unsigned int total = ntohs(frame->total);
	char name[NETSLICE_NAME_LEN] = {};

	if (frame->magic != htonl(NETSLICE_FRAME_MAGIC) ||
	    frame->version != NETSLICE_FRAME_VERSION ||
	    !total || total > NETSLICE_MARKER_MAX || ntohs(frame->index) >= total)
		return false;
	strscpy(name, port->slice->name, sizeof(name));
	if (memcmp(frame->slice, name, sizeof(name)))
		return false;
	memset(name, 0, sizeof(name));
	strscpy(name, port->name, sizeof(name));
	if (memcmp(frame->port, name, sizeof(name)))
		return false;
	return netslice_frame_addressed(port, skb, frame->kind);
}

/**
 * netslice_frame_rx() - a frame of NETSLICE_ETH_P came in
 * @port: by this port
 * @skb: the frame, data behind its Ethernet header
 *
 * Context: softirq, RCU.
 * Return: NETSLICE_C_PASSED if it is not for this port; else NETSLICE_C_CONTROL, and
 * it is gone.
 */
enum netslice_counter netslice_frame_rx(struct netslice_port *port, struct sk_buff *skb)
{
	const struct netslice_frame *frame;

	if (port->kind != NETSLICE_PORT_LAN || !pskb_may_pull(skb, sizeof(*frame)))
		return NETSLICE_C_PASSED;
	frame = (const struct netslice_frame *)skb->data;
	if (!netslice_frame_valid(port, skb, frame))
		return NETSLICE_C_PASSED;
	switch (frame->kind) {
	case NETSLICE_FRAME_REFRESH:
		netslice_frame_hear_refresh(port, frame);
		break;
	case NETSLICE_FRAME_MARKER:
		netslice_frame_hear_marker(port, frame);
		break;
	case NETSLICE_FRAME_PROBE:
		netslice_frame_hear_probe(port, frame);
		break;
	default:
		return NETSLICE_C_PASSED;
	}
	consume_skb(skb);
	return NETSLICE_C_CONTROL;
}

/**
 * netslice_frame_init() - make what sending a marker needs
 *
 * Context: process.
 * Return: 0 or an error.
 */
int netslice_frame_init(void)
{
	return sock_create_kern(&init_net, PF_INET, SOCK_DGRAM, IPPROTO_UDP,
				&netslice_frame_socket);
}

/**
 * netslice_frame_exit() - the reverse; frames still queued keep the socket's memory
 *
 * Context: process.
 */
void netslice_frame_exit(void)
{
	sock_release(netslice_frame_socket);
}
