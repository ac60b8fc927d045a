// SPDX-License-Identifier: GPL-2.0-only
/* Counters, per CPU. Bytes are those of the frame, Ethernet header included. */
#include "generation.h"
#include "packet.h"
#include "port.h"
#include "slice.h"
#include "stats.h"

/**
 * netslice_count_received() - a frame came in
 * @port: by this port
 * @len: of the frame
 * @vmac: it was sent to the port's virtual MAC
 *
 * Context: BH off.
 */
void netslice_count_received(struct netslice_port *port, unsigned int len, bool vmac)
{
	struct netslice_port_stats *s = this_cpu_ptr(port->stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->rx_packets);
	u64_stats_add(&s->rx_bytes, len);
	if (vmac)
		u64_stats_inc(&s->vmac_rx);
	u64_stats_update_end(&s->syncp);
}

/**
 * netslice_count_sent() - a frame went out
 * @port: by this port
 * @len: of the frame
 *
 * Context: BH off.
 */
void netslice_count_sent(struct netslice_port *port, unsigned int len)
{
	struct netslice_port_stats *s = this_cpu_ptr(port->stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->tx_packets);
	u64_stats_add(&s->tx_bytes, len);
	u64_stats_update_end(&s->syncp);
}

/**
 * netslice_count_forwarded() - a packet that came in went out, whole or in fragments
 * @path: of the packet
 * @len: of the frame that it came in
 *
 * Context: BH off.
 */
void netslice_count_forwarded(const struct netslice_path *path, unsigned int len)
{
	struct netslice_pcpu_stats *s = this_cpu_ptr(path->slice->stats);
	struct netslice_gen_stats *g = this_cpu_ptr(path->gen->stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->c[NETSLICE_C_FORWARDED]);
	u64_stats_add(&s->c[NETSLICE_C_FORWARDED_BYTES], len);
	u64_stats_update_end(&s->syncp);

	u64_stats_update_begin(&g->syncp);
	u64_stats_inc(&g->packets);
	u64_stats_add(&g->bytes, len);
	u64_stats_update_end(&g->syncp);
}

/**
 * netslice_stats_slice() - sums of a slice's counters
 * @slice: the slice
 * @sum: filled in
 *
 * Context: any.
 */
void netslice_stats_slice(const struct netslice_slice *slice, u64 sum[__NETSLICE_C_MAX])
{
	u64 value[__NETSLICE_C_MAX];
	unsigned int start;
	int cpu, i;

	memset(sum, 0, sizeof(value));
	for_each_possible_cpu(cpu) {
		const struct netslice_pcpu_stats *s = per_cpu_ptr(slice->stats, cpu);

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			for (i = 0; i < __NETSLICE_C_MAX; i++)
				value[i] = u64_stats_read(&s->c[i]);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		for (i = 0; i < __NETSLICE_C_MAX; i++)
			sum[i] += value[i];
	}
}

/**
 * netslice_stats_port() - sums of a port's counters
 * @port: the port
 * @rx_packets: filled in, as are the others
 * @rx_bytes: frames received by the module
 * @tx_packets: frames sent by the module
 * @tx_bytes: their bytes
 *
 * Context: any.
 */
void netslice_stats_port(const struct netslice_port *port, u64 *rx_packets, u64 *rx_bytes,
			 u64 *tx_packets, u64 *tx_bytes)
{
	u64 value[4];
	unsigned int start;
	int cpu;

	*rx_packets = *rx_bytes = *tx_packets = *tx_bytes = 0;
	for_each_possible_cpu(cpu) {
		const struct netslice_port_stats *s = per_cpu_ptr(port->stats, cpu);

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			value[0] = u64_stats_read(&s->rx_packets);
			value[1] = u64_stats_read(&s->rx_bytes);
			value[2] = u64_stats_read(&s->tx_packets);
			value[3] = u64_stats_read(&s->tx_bytes);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		*rx_packets += value[0];
		*rx_bytes += value[1];
		*tx_packets += value[2];
		*tx_bytes += value[3];
	}
}

/**
 * netslice_stats_gen() - sums of a generation's counters
 * @gen: the generation
 * @packets: filled in: packets that it forwarded
 * @bytes: filled in: their bytes
 *
 * Context: any.
 */
void netslice_stats_gen(const struct netslice_generation *gen, u64 *packets, u64 *bytes)
{
	unsigned int start;
	u64 p, b;
	int cpu;

	*packets = *bytes = 0;
	for_each_possible_cpu(cpu) {
		const struct netslice_gen_stats *s = per_cpu_ptr(gen->stats, cpu);

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			p = u64_stats_read(&s->packets);
			b = u64_stats_read(&s->bytes);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		*packets += p;
		*bytes += b;
	}
}
