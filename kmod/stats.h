/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters, per CPU. */
#ifndef NETSLICE_STATS_H
#define NETSLICE_STATS_H

#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

#include <uapi/linux/netslice.h>

struct netslice_generation;
struct netslice_path;
struct netslice_port;
struct netslice_slice;

struct netslice_pcpu_stats {
	u64_stats_t c[__NETSLICE_C_MAX];
	struct u64_stats_sync syncp;
};

/* Context: BH off. */
static inline void netslice_count(struct netslice_pcpu_stats __percpu *stats,
				  enum netslice_counter c)
{
	struct netslice_pcpu_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->c[c]);
	u64_stats_update_end(&s->syncp);
}

/* Context: BH off. A frame came in by a port; one went out; a packet was forwarded. */
void netslice_count_received(struct netslice_port *port, unsigned int len, bool vmac);
void netslice_count_sent(struct netslice_port *port, unsigned int len);
void netslice_count_forwarded(const struct netslice_path *path, unsigned int len);

/* Sums; Context: any. */
void netslice_stats_slice(const struct netslice_slice *slice, u64 sum[__NETSLICE_C_MAX]);
void netslice_stats_port(const struct netslice_port *port, u64 *rx_packets, u64 *rx_bytes,
			 u64 *tx_packets, u64 *tx_bytes);
void netslice_stats_gen(const struct netslice_generation *gen, u64 *packets, u64 *bytes);

#endif
