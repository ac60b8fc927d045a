/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receiver's account of one flow, keyed by flow id and the sender's run.
 *
 * Longest gap: over all first copies in order of arrival, the time between one
 * and the one before it, less the nominal interval that the packet states.
 * Times of arrival are the kernel's, taken where the packet was received, so a
 * receiver that was not scheduled makes no gap. A stall of the sender does; it
 * is in the sender's report as longest_send_gap_ms.
 */
#ifndef TOOLS_FLOW_H
#define TOOLS_FLOW_H

#include "addr.h"
#include "json.h"
#include "seq.h"
#include "traffic.h"

struct arrival {
	uint64_t at_ns;			/* CLOCK_MONOTONIC */
	uint8_t tos, ttl;
	bool corrupt;
	const union sock_addr *from;
};

struct flow {
	struct flow *next;
	uint32_t id;
	uint64_t run;
	char from[ADDR_TEXT];
	struct seq seq;
	uint64_t corrupt;
	uint64_t dscp[64], ecn[4];
	uint8_t ttl_min, ttl_max;
	uint64_t last_at_ns, first_at_ns;
	uint64_t gap_ns, gap_seq, gap_at_ns;
	int64_t delay_min_ns, delay_max_ns, delay_sum_ns;
	uint64_t told_distinct, told_duplicated, told_reordered;	/* by the last line of the series */
};

#define FLOW_BUCKETS	256u

struct flow_table {
	struct flow *bucket[FLOW_BUCKETS];
	uint64_t flows, refused;
};

/* Finds or makes the flow; NULL (counted) when there are absurdly many. */
struct flow *flow_get(struct flow_table *t, const struct traffic_head *h);
void flow_add(struct flow *f, const struct traffic_head *h, const struct arrival *a);
/* @real_ahead turns times of arrival into CLOCK_REALTIME; @ranges limits the list of what is missing. */
void flow_report(const struct flow *f, struct json *j, int64_t real_ahead, uint64_t ranges);
void flow_series(struct flow *f, FILE *out, uint64_t real_ns);

#endif
