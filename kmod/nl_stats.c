// SPDX-License-Identifier: GPL-2.0-only
/* Counters: of a slice, then of each port, then of each generation; a message each. */
#include "generation.h"
#include "netns.h"
#include "nl.h"
#include "port.h"
#include "slice.h"
#include "stats.h"

static int netslice_nl_stats_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, NETSLICE_STATS_A_PAD);
}

static int netslice_nl_stats_put_slice(struct sk_buff *skb, const struct netslice_slice *slice)
{
	u64 sum[__NETSLICE_C_MAX];

	netslice_stats_slice(slice, sum);
	return nla_put(skb, NETSLICE_STATS_A_COUNTERS, sizeof(sum), sum);
}

static int netslice_nl_stats_put_port(struct sk_buff *skb, const struct netslice_port *port)
{
	u64 rx_packets, rx_bytes, tx_packets, tx_bytes;

	netslice_stats_port(port, &rx_packets, &rx_bytes, &tx_packets, &tx_bytes);
	if (nla_put_string(skb, NETSLICE_STATS_A_PORT, port->name) ||
	    netslice_nl_stats_u64(skb, NETSLICE_STATS_A_RX_PACKETS, rx_packets) ||
	    netslice_nl_stats_u64(skb, NETSLICE_STATS_A_RX_BYTES, rx_bytes) ||
	    netslice_nl_stats_u64(skb, NETSLICE_STATS_A_TX_PACKETS, tx_packets) ||
	    netslice_nl_stats_u64(skb, NETSLICE_STATS_A_TX_BYTES, tx_bytes))
		return -EMSGSIZE;
	return 0;
}

static int netslice_nl_stats_put_gen(struct sk_buff *skb, const struct netslice_generation *gen)
{
	u64 packets, bytes;

	netslice_stats_gen(gen, &packets, &bytes);
	if (netslice_nl_stats_u64(skb, NETSLICE_STATS_A_GEN, gen->id) ||
	    netslice_nl_stats_u64(skb, NETSLICE_STATS_A_TX_PACKETS, packets) ||
	    netslice_nl_stats_u64(skb, NETSLICE_STATS_A_TX_BYTES, bytes))
		return -EMSGSIZE;
	return 0;
}

/* One message: of @port or @gen where given, of the slice otherwise. */
static int netslice_nl_stats_msg(struct sk_buff *skb, struct netlink_callback *cb,
				 const struct netslice_slice *slice,
				 const struct netslice_port *port,
				 const struct netslice_generation *gen)
{
	struct nlattr *nest;
	void *header;
	int err;

	header = netslice_nl_dump_put(skb, cb, NETSLICE_CMD_STATS_GET);
	if (!header)
		return -EMSGSIZE;
	if (nla_put_string(skb, NETSLICE_A_SLICE, slice->name))
		goto cancel;
	nest = nla_nest_start(skb, NETSLICE_A_STATS);
	if (!nest)
		goto cancel;
	if (port)
		err = netslice_nl_stats_put_port(skb, port);
	else if (gen)
		err = netslice_nl_stats_put_gen(skb, gen);
	else
		err = netslice_nl_stats_put_slice(skb, slice);
	if (err)
		goto cancel;
	nla_nest_end(skb, nest);
	genlmsg_end(skb, header);
	return 0;
cancel:
	genlmsg_cancel(skb, header);
	return -EMSGSIZE;
}

static int netslice_nl_stats_fill(struct sk_buff *skb, struct netlink_callback *cb,
				  struct netslice_slice *slice, unsigned long *item)
{
	const struct netslice_generation *gens[] = {
		slice->previous, netslice_gen_find(slice, 0), slice->standby,
	};
	struct netslice_port *port;
	unsigned long i = 0;
	unsigned int g;

	if (i++ >= *item) {
		if (netslice_nl_stats_msg(skb, cb, slice, NULL, NULL))
			return -EMSGSIZE;
		(*item)++;
	}
	for (g = 0; g < ARRAY_SIZE(gens); g++) {
		if (i++ < *item)
			continue;
		if (gens[g] && netslice_nl_stats_msg(skb, cb, slice, NULL, gens[g]))
			return -EMSGSIZE;
		(*item)++;
	}
	list_for_each_entry(port, &slice->ports, list) {
		if (i++ < *item)
			continue;
		if (netslice_nl_stats_msg(skb, cb, slice, port, NULL))
			return -EMSGSIZE;
		(*item)++;
	}
	return 0;
}

int netslice_nl_stats_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return netslice_nl_dump(skb, cb, netslice_nl_stats_fill);
}
