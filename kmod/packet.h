/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of a packet's path know of it.
 *
 * Each step says what became of the packet as the counter that it goes under.
 * NETSLICE_C_PUNTED and NETSLICE_C_PASSED leave the skb with the caller, who
 * hands it up; after any other the skb is gone. Whoever began the path counts.
 */
#ifndef NETSLICE_PACKET_H
#define NETSLICE_PACKET_H

#include <linux/skbuff.h>
#include <linux/types.h>

#include <uapi/linux/netslice.h>

struct netslice_generation;
struct netslice_nhg;
struct netslice_port;
struct netslice_slice;

/**
 * struct netslice_path - one packet's way through a slice
 * @slice: the slice
 * @in: port that it came in by; NULL if the Linux stack sent it
 * @gen: generation that was active when it came, for all of its way; may be NULL
 * @role: FP role then
 */
struct netslice_path {
	struct netslice_slice *slice;
	struct netslice_port *in;
	struct netslice_generation *gen;
	u8 role;
};

static inline bool netslice_goes_up(enum netslice_counter what)
{
	return what == NETSLICE_C_PUNTED || what == NETSLICE_C_PASSED;
}

static inline enum netslice_counter netslice_drop(struct sk_buff *skb, enum netslice_counter why)
{
	kfree_skb(skb);
	return why;
}

/*
 * Context of all: BH off, RCU. The skb is not shared, and its data begins with its
 * network header.
 *
 * First, by family: is it whole and true, is it for others, may it be forwarded?
 * NETSLICE_C_FORWARDED if so, and the skb is still there. Then its way out; nothing
 * that was admitted may have changed since.
 */
enum netslice_counter netslice_admit4(const struct netslice_path *path, struct sk_buff *skb);
enum netslice_counter netslice_admit6(const struct netslice_path *path, struct sk_buff *skb);
enum netslice_counter netslice_route4(const struct netslice_path *path, struct sk_buff *skb);
enum netslice_counter netslice_route6(const struct netslice_path *path, struct sk_buff *skb);

/* To the Linux stack; a packet that came from there would only come again. */
enum netslice_counter netslice_punt(const struct netslice_path *path, struct sk_buff *skb);
/* A group without next hops, or NULL: no route. */
enum netslice_counter netslice_refuse(const struct netslice_path *path,
				      const struct netslice_nhg *nhg, struct sk_buff *skb);

#endif
