/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * netslice: the contract between the kernel module and user space.
 *
 * A generic netlink family "netslice", version 1. This header and the YNL
 * specification Documentation/netlink/specs/netslice.yaml say the same thing;
 * a check holds them equal.
 *
 * Rules that hold for every request:
 *  - unknown attributes are refused (strict validation);
 *  - every refusal carries an extack with the text and, where there is one,
 *    the attribute that caused it;
 *  - a refused request has changed nothing;
 *  - whatever changes routes or generations carries the slice's cp-term, and
 *    whatever changes roles or leases its fp-term; an older term is refused
 *    with ESTALE, a newer one too, for raising a term is a request of its own.
 */
#ifndef _UAPI_LINUX_NETSLICE_H
#define _UAPI_LINUX_NETSLICE_H

#include <linux/types.h>

#define NETSLICE_GENL_NAME	"netslice"
#define NETSLICE_GENL_VERSION	1
#define NETSLICE_MCGRP_EVENTS	"events"

/* The link kind of a slice device. */
#define NETSLICE_LINK_KIND	"netslice"

/* Lengths, the terminating NUL included. */
#define NETSLICE_NAME_LEN	16	/* slice, port, owner */
#define NETSLICE_RELEASE_LEN	64

#define NETSLICE_MAX_SLICES	4096	/* per network namespace */
#define NETSLICE_MAX_PORTS	64	/* per slice */
#define NETSLICE_MAX_GATEWAYS	16	/* virtual addresses per port */
#define NETSLICE_MAX_NEXTHOPS	32	/* members of one route */
#define NETSLICE_MAX_ROUTES	1024	/* in one request */
#define NETSLICE_MAX_ENTRIES	1024	/* slices in one switch request */
#define NETSLICE_WEIGHT_MAX	256

#define NETSLICE_DIGEST_LEN	16	/* 128 bits, two little-endian lanes */
#define NETSLICE_DIGEST_BUCKETS	1024

/**
 * enum netslice_cmd - requests, and the one notification
 *
 * In brackets: attributes of struct netslice_attr that the request needs, then
 * after a semicolon those that it may have. SLICE always means the name.
 *
 * @NETSLICE_CMD_SLICE_NEW: make a slice and its device
 *	[SLICE; GEN_FIRST, OWNER, CP_TERM, FP_TERM]
 * @NETSLICE_CMD_SLICE_DEL: remove a slice and its device [SLICE; OWNER, FORCE]
 * @NETSLICE_CMD_SLICE_GET: one slice, or all (dump) [; SLICE]
 * @NETSLICE_CMD_SLICE_SET: change what is settable
 *	[SLICE; OWNER, FORCE, NEW_OWNER, REFRESH_MS, ANNOUNCE_COUNT, ANNOUNCE_MS]
 * @NETSLICE_CMD_PORT_ADD: make a net device a port. It must be a member of the
 *	slice device's VRF already.
 *	[SLICE, PORT, IFINDEX; PORT_KIND, VMAC, BYPASS_NETFILTER, OWNER, FORCE]
 *	A port name that routes already use, or that was removed while routes
 *	use it, is filled again.
 * @NETSLICE_CMD_PORT_DEL: take the device off; routes through it go down
 *	[SLICE, PORT; OWNER, FORCE]
 * @NETSLICE_CMD_PORT_GET: dump the ports of one slice, or of all [; SLICE, PORT]
 * @NETSLICE_CMD_GATEWAY_ADD: a virtual address on a lan port
 *	[SLICE, PORT, ADDRESS; OWNER, FORCE]
 * @NETSLICE_CMD_GATEWAY_DEL: the reverse [SLICE, PORT, ADDRESS; OWNER, FORCE]
 * @NETSLICE_CMD_GATEWAY_GET: dump [; SLICE]
 * @NETSLICE_CMD_ROUTE_NEW: add or replace routes, all or none
 *	[SLICE, CP_TERM, ROUTE...; GEN, ROUTE_FLAGS, OWNER, FORCE]
 *	Without GEN: the active generation, and previous with it while the
 *	switch is not committed.
 * @NETSLICE_CMD_ROUTE_DEL: remove routes, all or none
 *	[SLICE, CP_TERM, ROUTE...; GEN, OWNER, FORCE]
 * @NETSLICE_CMD_ROUTE_GET: as dump, the routes of a generation
 *	[SLICE; GEN, FAMILY]; else the route for a destination
 *	[SLICE, ADDRESS; GEN]
 * @NETSLICE_CMD_GEN_STAGE: make the standby generation, number GEN, which must
 *	be higher than any that the slice has had
 *	[SLICE, CP_TERM, GEN; GEN_COPY, RELEASE, SCHEMA, PROG_FD, OWNER, FORCE]
 * @NETSLICE_CMD_GEN_SEAL: freeze it if it is what the caller believes
 *	[SLICE, CP_TERM, GEN, ROUTES4, ROUTES6, DIGEST; OWNER, FORCE]
 * @NETSLICE_CMD_GEN_DROP: free the standby generation
 *	[SLICE, CP_TERM, GEN; OWNER, FORCE]
 * @NETSLICE_CMD_GEN_GET: dump the generations of one slice, or of all [; SLICE]
 * @NETSLICE_CMD_DIGEST_GET: the digest of a generation and of a range of its
 *	buckets [SLICE; GEN, BUCKET_FIRST, BUCKET_COUNT]
 * @NETSLICE_CMD_GEN_SWITCH: the sealed generations become active, the active
 *	ones previous, in all of the slices named or in none
 *	[ENTRY...; FORCE, OWNER], ENTRY = [SLICE, CP_TERM, GEN, GEN_EXPECT; CONFIRM_MS]
 *	GEN_EXPECT is the generation active now, 0 for none.
 * @NETSLICE_CMD_GEN_COMMIT: free previous and stop the confirm timer
 *	[ENTRY...], ENTRY = [SLICE, CP_TERM, GEN_EXPECT]
 * @NETSLICE_CMD_GEN_ROLLBACK: previous becomes active again; the reply says in
 *	LACKS how many changes it could not take
 *	[ENTRY...], ENTRY = [SLICE, CP_TERM, GEN_EXPECT]
 * @NETSLICE_CMD_TERM_RAISE: raise one term or both; compare values needed
 *	[SLICE; CP_TERM with CP_TERM_EXPECT, FP_TERM with FP_TERM_EXPECT, OWNER, FORCE]
 * @NETSLICE_CMD_ROLE_SET: change the forwarding plane's role
 *	[SLICE, FP_TERM, ROLE, ROLE_EXPECT; FP_TERM_NEW, ANSWER, LEASE_MS or
 *	LEASE_UNTIL with LEASE_ACTION, LEASE_KEEP, LEASE_EXPECT, NOT_AFTER,
 *	OWNER, FORCE]
 *	Any role but standby needs both terms to be other than 0. A slice becomes
 *	master only with an fp-term higher than any with which it was master
 *	here before and than any heard from the LAN: ESTALE otherwise. Without
 *	a new lease and without LEASE_KEEP a lease that runs is ended. A
 *	LEASE_UNTIL that has passed is refused with ETIME.
 *	Answered after a grace period: no CPU still acts in the old role.
 * @NETSLICE_CMD_LEASE_SET: set, extend (LEASE_MS from now, or LEASE_UNTIL) or
 *	end (LEASE_MS 0) the lease without changing the role. Ending one that
 *	does not run (any more) is refused with ESTALE.
 *	[SLICE, FP_TERM, LEASE_MS or LEASE_UNTIL; LEASE_ACTION, LEASE_EXPECT,
 *	ROLE_EXPECT, OWNER, FORCE]
 * @NETSLICE_CMD_MARK: send a marker or a probe out of all lan ports or one
 *	[SLICE, FP_TERM, MARK_KIND, COOKIE; PORT, OWNER, FORCE]
 * @NETSLICE_CMD_ANNOUNCE: master: start the announcements again
 *	[SLICE, FP_TERM; OWNER, FORCE]
 * @NETSLICE_CMD_STATS_GET: counters of one slice, or of all (dump) [; SLICE]
 * @NETSLICE_CMD_EVENT: notification only: EVENT, SLICE, EVENT_SEQ and what
 *	the event is about
 */
enum netslice_cmd {
	NETSLICE_CMD_UNSPEC,
	NETSLICE_CMD_SLICE_NEW,
	NETSLICE_CMD_SLICE_DEL,
	NETSLICE_CMD_SLICE_GET,
	NETSLICE_CMD_SLICE_SET,
	NETSLICE_CMD_PORT_ADD,
	NETSLICE_CMD_PORT_DEL,
	NETSLICE_CMD_PORT_GET,
	NETSLICE_CMD_GATEWAY_ADD,
	NETSLICE_CMD_GATEWAY_DEL,
	NETSLICE_CMD_GATEWAY_GET,
	NETSLICE_CMD_ROUTE_NEW,
	NETSLICE_CMD_ROUTE_DEL,
	NETSLICE_CMD_ROUTE_GET,
	NETSLICE_CMD_GEN_STAGE,
	NETSLICE_CMD_GEN_SEAL,
	NETSLICE_CMD_GEN_DROP,
	NETSLICE_CMD_GEN_GET,
	NETSLICE_CMD_DIGEST_GET,
	NETSLICE_CMD_GEN_SWITCH,
	NETSLICE_CMD_GEN_COMMIT,
	NETSLICE_CMD_GEN_ROLLBACK,
	NETSLICE_CMD_TERM_RAISE,
	NETSLICE_CMD_ROLE_SET,
	NETSLICE_CMD_LEASE_SET,
	NETSLICE_CMD_MARK,
	NETSLICE_CMD_ANNOUNCE,
	NETSLICE_CMD_STATS_GET,
	NETSLICE_CMD_EVENT,
	__NETSLICE_CMD_MAX
};
#define NETSLICE_CMD_MAX (__NETSLICE_CMD_MAX - 1)

/* Top-level attributes, and those of an ENTRY, which uses the same numbers. */
enum netslice_attr {
	NETSLICE_A_UNSPEC,
	NETSLICE_A_PAD,
	NETSLICE_A_SLICE,		/* string: name of the slice and its device */
	NETSLICE_A_SLICE_IFINDEX,	/* u32: the slice device */
	NETSLICE_A_VRF_IFINDEX,		/* u32: its VRF, 0 for none */
	NETSLICE_A_OWNER,		/* string: tag of who made the slice; a change by another is refused */
	NETSLICE_A_NEW_OWNER,		/* string: hand the slice over */
	NETSLICE_A_FORCE,		/* flag: change it though the owner is another */
	NETSLICE_A_CP_TERM,		/* u64 */
	NETSLICE_A_CP_TERM_EXPECT,	/* u64 */
	NETSLICE_A_FP_TERM,		/* u64 */
	NETSLICE_A_FP_TERM_EXPECT,	/* u64 */
	NETSLICE_A_ROLE,		/* u8: enum netslice_role */
	NETSLICE_A_ROLE_EXPECT,		/* u8: enum netslice_role */
	NETSLICE_A_ANSWER,		/* flag, with DRAINING: still answer ARP and ND for virtual addresses */
	NETSLICE_A_LEASE_MS,		/* u32: milliseconds of CLOCK_BOOTTIME; in replies what is left */
	NETSLICE_A_LEASE_ACTION,	/* u8: enum netslice_lease */
	NETSLICE_A_LEASE_UNTIL,		/* u64: nanoseconds of CLOCK_BOOTTIME, instead of LEASE_MS */
	NETSLICE_A_LEASE_EXPECT,	/* u8: enum netslice_lease: this lease must be running, NONE: none */
	NETSLICE_A_LEASE_KEEP,		/* flag: the lease that runs goes on unchanged */
	NETSLICE_A_NOT_AFTER,		/* u64: nanoseconds of CLOCK_BOOTTIME: refuse with ETIME once that has passed */
	NETSLICE_A_FP_TERM_NEW,		/* u64: raise the fp-term to this in the same step */
	NETSLICE_A_REFRESH_MS,		/* u32: interval of refresh frames, 100..10000 */
	NETSLICE_A_ANNOUNCE_COUNT,	/* u32: announcements after becoming master, 1..100 */
	NETSLICE_A_ANNOUNCE_MS,		/* u32: between them, 5..1000 */
	NETSLICE_A_SEQ,			/* u64: changes made to the active generation so far */
	NETSLICE_A_PORT,		/* string: the slice's name for the port */
	NETSLICE_A_PORT_KIND,		/* u8: enum netslice_port_kind */
	NETSLICE_A_IFINDEX,		/* u32: the port's device; absent in replies when it is gone */
	NETSLICE_A_VMAC,		/* 6 bytes: virtual MAC, locally administered, unicast */
	NETSLICE_A_BYPASS_NETFILTER,	/* flag: join although netfilter forward hooks will not see the packets */
	NETSLICE_A_PORT_STATE,		/* u8: enum netslice_port_state */
	NETSLICE_A_MARKER_COOKIE,	/* u64: cookie of the last marker heard on the port */
	NETSLICE_A_MARKER_COUNT,	/* u32: frames of it heard, one for each of the sender's transmit queues */
	NETSLICE_A_MARKER_TOTAL,	/* u32: frames of it that the sender sent */
	NETSLICE_A_PROBE_COOKIE,	/* u64: cookie of the last probe heard on the port */
	NETSLICE_A_PEER_FP_TERM,	/* u64: highest fp-term in refresh frames heard on the port */
	NETSLICE_A_PEER_SEEN_MS,	/* u64: since the last of them; absent when none was heard */
	NETSLICE_A_VMAC_RX,		/* u64: frames to the virtual MAC since the last change of role */
	NETSLICE_A_ADDRESS,		/* 4 or 16 bytes, network order */
	NETSLICE_A_FAMILY,		/* u8: AF_INET or AF_INET6 */
	NETSLICE_A_ROUTE,		/* nest: enum netslice_route_attr, may stand many times */
	NETSLICE_A_ROUTE_FLAGS,		/* u32: NETSLICE_ROUTE_F_* */
	NETSLICE_A_GEN,			/* u64: number of a generation */
	NETSLICE_A_GEN_EXPECT,		/* u64 */
	NETSLICE_A_GEN_FIRST,		/* u64: lowest number that the slice's first generation may have */
	NETSLICE_A_GEN_STATE,		/* u8: enum netslice_gen_state */
	NETSLICE_A_GEN_COPY,		/* flag: start as a copy of the active generation's routes */
	NETSLICE_A_RELEASE,		/* string */
	NETSLICE_A_SCHEMA,		/* u32 */
	NETSLICE_A_PROG_FD,		/* u32: file descriptor of a BPF program of type sched_cls */
	NETSLICE_A_PROG_ID,		/* u32: id of the loaded program; absent for none */
	NETSLICE_A_ROUTES4,		/* u32: number of IPv4 routes */
	NETSLICE_A_ROUTES6,		/* u32 */
	NETSLICE_A_DIGEST,		/* 16 bytes: see linux/netslice_digest.h */
	NETSLICE_A_BUCKET_FIRST,	/* u32 */
	NETSLICE_A_BUCKET_COUNT,	/* u32 */
	NETSLICE_A_BUCKETS,		/* binary: BUCKET_COUNT digests */
	NETSLICE_A_CONFIRM_MS,		/* u32: roll back unless committed by then; in replies what is left */
	NETSLICE_A_LACKS,		/* u64: changes that previous could not take */
	NETSLICE_A_ENTRY,		/* nest of these attributes, may stand many times */
	NETSLICE_A_MARK_KIND,		/* u8: enum netslice_frame_kind, MARKER or PROBE */
	NETSLICE_A_COOKIE,		/* u64 */
	NETSLICE_A_STATS,		/* nest: enum netslice_stats_attr */
	NETSLICE_A_EVENT,		/* u8: enum netslice_event */
	NETSLICE_A_EVENT_SEQ,		/* u64: counts the events of a network namespace */
	__NETSLICE_A_MAX
};
#define NETSLICE_A_MAX (__NETSLICE_A_MAX - 1)

/* FP role. */
enum netslice_role {
	NETSLICE_ROLE_STANDBY,	/* forwards only what is sent to the node's own MAC */
	NETSLICE_ROLE_READY,	/* forwards for the virtual MAC too, announces nothing */
	NETSLICE_ROLE_MASTER,	/* announces, answers, sends with the virtual MAC */
	NETSLICE_ROLE_DRAINING,	/* was master: forwards, sends with its own MAC, announces nothing, answers only with ANSWER */
	__NETSLICE_ROLE_MAX
};
#define NETSLICE_ROLE_MAX (__NETSLICE_ROLE_MAX - 1)

/* What a lease does when it ends by itself. */
enum netslice_lease {
	NETSLICE_LEASE_NONE,
	NETSLICE_LEASE_DRAIN,	/* master becomes draining, silent: mastership that was never committed */
	NETSLICE_LEASE_RECLAIM,	/* draining or standby becomes master with fp-term + 2 */
	__NETSLICE_LEASE_MAX
};
#define NETSLICE_LEASE_MAX (__NETSLICE_LEASE_MAX - 1)

enum netslice_port_kind {
	NETSLICE_PORT_LAN,	/* a LAN that both nodes share: has a virtual MAC */
	NETSLICE_PORT_ROUTED,	/* a link of its own */
	__NETSLICE_PORT_KIND_MAX
};
#define NETSLICE_PORT_KIND_MAX (__NETSLICE_PORT_KIND_MAX - 1)

enum netslice_port_state {
	NETSLICE_PORT_ABSENT,	/* routes name it, no device is there */
	NETSLICE_PORT_DOWN,	/* device administratively down or without carrier */
	NETSLICE_PORT_UP,
};

enum netslice_gen_state {
	NETSLICE_GEN_BUILDING,	/* standby, takes routes */
	NETSLICE_GEN_SEALED,	/* standby, frozen */
	NETSLICE_GEN_ACTIVE,
	NETSLICE_GEN_PREVIOUS,
};

enum netslice_route_type {
	NETSLICE_ROUTE_UNICAST,
	NETSLICE_ROUTE_BLACKHOLE,	/* dropped in silence */
	NETSLICE_ROUTE_UNREACHABLE,	/* dropped with ICMP host unreachable */
	NETSLICE_ROUTE_PROHIBIT,	/* dropped with ICMP administratively prohibited */
	NETSLICE_ROUTE_PUNT,		/* handed to the Linux stack */
	__NETSLICE_ROUTE_TYPE_MAX
};
#define NETSLICE_ROUTE_TYPE_MAX (__NETSLICE_ROUTE_TYPE_MAX - 1)

#define NETSLICE_ROUTE_F_CREATE		(1U << 0)	/* make what is not there */
#define NETSLICE_ROUTE_F_REPLACE	(1U << 1)	/* replace what is there */

/* Attributes of NETSLICE_A_ROUTE. The family follows from the length of DST. */
enum netslice_route_attr {
	NETSLICE_ROUTE_A_UNSPEC,
	NETSLICE_ROUTE_A_DST,		/* 4 or 16 bytes; bits beyond PLEN must be 0 */
	NETSLICE_ROUTE_A_PLEN,		/* u8 */
	NETSLICE_ROUTE_A_TYPE,		/* u8: enum netslice_route_type, absent: unicast */
	NETSLICE_ROUTE_A_NEXTHOP,	/* nest: enum netslice_nexthop_attr, once for each member; unicast only */
	NETSLICE_ROUTE_A_OWNER,		/* u8: free for user space, as a route's protocol */
	__NETSLICE_ROUTE_A_MAX
};
#define NETSLICE_ROUTE_A_MAX (__NETSLICE_ROUTE_A_MAX - 1)

enum netslice_nexthop_attr {
	NETSLICE_NEXTHOP_A_UNSPEC,
	NETSLICE_NEXTHOP_A_PORT,	/* string: the slice's name for the port */
	NETSLICE_NEXTHOP_A_VIA,		/* 4 or 16 bytes: neighbour; absent: on-link. IPv4 routes may have an IPv6 one */
	NETSLICE_NEXTHOP_A_WEIGHT,	/* u16: 1..256, absent: 1 */
	__NETSLICE_NEXTHOP_A_MAX
};
#define NETSLICE_NEXTHOP_A_MAX (__NETSLICE_NEXTHOP_A_MAX - 1)

/*
 * Counters of a slice. What a packet is counted under is what became of it:
 * each received packet adds one to exactly one of FORWARDED, PUNTED, PASSED
 * and the DROP_* counters; ANSWERED is ARP and ND that the module answered.
 */
enum netslice_counter {
	NETSLICE_C_FORWARDED,		/* sent out of a port */
	NETSLICE_C_FORWARDED_BYTES,
	NETSLICE_C_PUNTED,		/* handed to the Linux stack: local, multicast, options, expired TTL */
	NETSLICE_C_PASSED,		/* not ours: other protocols, tagged frames, frames to other hosts */
	NETSLICE_C_ANSWERED,		/* ARP and ND for virtual addresses */
	NETSLICE_C_CONTROL,		/* refresh frames, markers and probes heard */
	NETSLICE_C_LOCAL_OUT,		/* sent by the Linux stack through the slice device */
	NETSLICE_C_TOO_BIG,		/* ICMP too-big sent, packet dropped */
	NETSLICE_C_FRAGMENTED,		/* IPv4 packets sent in fragments */
	NETSLICE_C_DROP_STANDBY,	/* sent to the virtual MAC of a standby */
	NETSLICE_C_DROP_NO_GENERATION,	/* no generation is active */
	NETSLICE_C_DROP_HEADER,		/* truncated, wrong length, version or checksum */
	NETSLICE_C_DROP_MARTIAN,	/* source or destination that may not be on the wire, link-local included */
	NETSLICE_C_DROP_NO_ROUTE,
	NETSLICE_C_DROP_BLACKHOLE,
	NETSLICE_C_DROP_UNREACHABLE,
	NETSLICE_C_DROP_PROHIBIT,
	NETSLICE_C_DROP_PORT_DOWN,	/* next hop's port absent, down or without carrier */
	NETSLICE_C_DROP_NEIGHBOUR,	/* neighbour failed or its queue is full */
	NETSLICE_C_DROP_PROGRAM,	/* the forwarding program said so */
	NETSLICE_C_DROP_LOOP,		/* punted out of the slice device into itself */
	NETSLICE_C_DROP_ROLE,		/* ARP or ND for a virtual address while not answering */
	NETSLICE_C_DROP_NO_MEMORY,
	NETSLICE_C_DROP_TRANSMIT,	/* the device refused it */
	__NETSLICE_C_MAX
};
#define NETSLICE_C_MAX (__NETSLICE_C_MAX - 1)

enum netslice_stats_attr {
	NETSLICE_STATS_A_UNSPEC,
	NETSLICE_STATS_A_PAD,
	NETSLICE_STATS_A_PORT,		/* string: present when the counters are a port's */
	NETSLICE_STATS_A_GEN,		/* u64: present when the counters are a generation's */
	NETSLICE_STATS_A_COUNTERS,	/* binary: __u64[__NETSLICE_C_MAX], by enum netslice_counter; longer or shorter in other versions */
	NETSLICE_STATS_A_RX_PACKETS,	/* u64: of a port */
	NETSLICE_STATS_A_RX_BYTES,	/* u64 */
	NETSLICE_STATS_A_TX_PACKETS,	/* u64: of a port; of a generation: forwarded by it */
	NETSLICE_STATS_A_TX_BYTES,	/* u64 */
	__NETSLICE_STATS_A_MAX
};
#define NETSLICE_STATS_A_MAX (__NETSLICE_STATS_A_MAX - 1)

enum netslice_event {
	NETSLICE_EVENT_UNSPEC,
	NETSLICE_EVENT_SLICE_NEW,
	NETSLICE_EVENT_SLICE_DEL,
	NETSLICE_EVENT_SLICE_SET,
	NETSLICE_EVENT_PORT_ADD,
	NETSLICE_EVENT_PORT_DEL,	/* by request, or its device is gone */
	NETSLICE_EVENT_PORT_STATE,
	NETSLICE_EVENT_GATEWAY_ADD,
	NETSLICE_EVENT_GATEWAY_DEL,
	NETSLICE_EVENT_ROUTE_NEW,	/* active generation only: SEQ, ROUTE... */
	NETSLICE_EVENT_ROUTE_DEL,	/* active generation only: SEQ, ROUTE... */
	NETSLICE_EVENT_GEN_STAGE,
	NETSLICE_EVENT_GEN_SEAL,
	NETSLICE_EVENT_GEN_DROP,
	NETSLICE_EVENT_GEN_SWITCH,
	NETSLICE_EVENT_GEN_COMMIT,
	NETSLICE_EVENT_GEN_ROLLBACK,	/* by request */
	NETSLICE_EVENT_CONFIRM_EXPIRED,	/* rolled back by the confirm timer */
	NETSLICE_EVENT_TERM,
	NETSLICE_EVENT_ROLE,		/* by request */
	NETSLICE_EVENT_LEASE_EXPIRED,	/* ROLE and FP_TERM are what they became */
	NETSLICE_EVENT_OUTRANKED,	/* heard a higher fp-term as master: silent now, draining */
	NETSLICE_EVENT_MARKER,		/* heard: PORT, COOKIE, FP_TERM, MARKER_COUNT, MARKER_TOTAL */
	NETSLICE_EVENT_PROBE,		/* heard: PORT, COOKIE, FP_TERM */
	__NETSLICE_EVENT_MAX
};
#define NETSLICE_EVENT_MAX (__NETSLICE_EVENT_MAX - 1)

/*
 * Frames between the nodes of a pair, on the LANs themselves. All but the
 * probe go to NETSLICE_FRAME_GROUP, which switches flood; the probe goes to
 * the port's virtual MAC, so that it arrives where a host's packets would.
 * The refresh frame has the virtual MAC as source, the others the port's own.
 */
#define NETSLICE_ETH_P		0x88B5	/* IEEE 802, local experimental EtherType 1 */
#define NETSLICE_FRAME_GROUP	{ 0x03, 0x6e, 0x73, 0x6c, 0x69, 0x63 }
#define NETSLICE_FRAME_MAGIC	0x6e736c63	/* "nslc" */
#define NETSLICE_FRAME_VERSION	1

enum netslice_frame_kind {
	NETSLICE_FRAME_UNSPEC,
	NETSLICE_FRAME_REFRESH,	/* the master is here, with this fp-term */
	NETSLICE_FRAME_MARKER,	/* what the sender queued before it is out */
	NETSLICE_FRAME_PROBE,	/* where do frames to the virtual MAC go? */
	__NETSLICE_FRAME_KIND_MAX
};
#define NETSLICE_FRAME_KIND_MAX (__NETSLICE_FRAME_KIND_MAX - 1)

/**
 * struct netslice_frame - payload after the Ethernet header, network order
 * @magic: NETSLICE_FRAME_MAGIC
 * @version: NETSLICE_FRAME_VERSION; others are ignored
 * @kind: enum netslice_frame_kind
 * @index: of a marker: which of the sender's transmit queues this frame went by
 * @total: of a marker: how many frames of it there are; else 1
 * @reserved: 0
 * @fp_term: the sender's
 * @cookie: of a marker or probe, as given in COOKIE; else 0
 * @slice: name of the slice, padded with NUL
 * @port: the slice's name for the port, padded with NUL
 */
struct netslice_frame {
	__be32	magic;
	__u8	version;
	__u8	kind;
	__be16	index;
	__be16	total;
	__be16	reserved;
	__be64	fp_term;
	__be64	cookie;
	__u8	slice[NETSLICE_NAME_LEN];
	__u8	port[NETSLICE_NAME_LEN];
} __attribute__((packed));

#endif /* _UAPI_LINUX_NETSLICE_H */
