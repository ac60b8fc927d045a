// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <string.h>

#include "traffic.h"

struct wire {
	uint32_t magic;
	uint32_t flow;
	uint64_t run;
	uint64_t seq;
	uint64_t sent_ns;
	uint32_t interval_ns;
	uint32_t size;
} __attribute__((packed));

_Static_assert(sizeof(struct wire) == TRAFFIC_MIN, "the smallest packet is the head");

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
	return x ^ x >> 29;
}

/* Eight bytes at a time; what is left of the last eight is cut off. */
static uint64_t pattern(const struct traffic_head *h, size_t at)
{
	return mix(h->run ^ h->seq * 0x9e3779b97f4a7c15ULL ^ at);
}

void traffic_fill(uint8_t *buf, size_t size, const struct traffic_head *h)
{
	struct wire w = {
		.magic = htobe32(TRAFFIC_MAGIC),
		.flow = htobe32(h->flow),
		.run = htobe64(h->run),
		.seq = htobe64(h->seq),
		.sent_ns = htobe64(h->sent_ns),
		.interval_ns = htobe32(h->interval_ns),
		.size = htobe32((uint32_t)size),
	};

	memcpy(buf, &w, sizeof(w));
	for (size_t at = sizeof(w); at < size; at += 8) {
		uint64_t p = pattern(h, at);

		memcpy(buf + at, &p, size - at < 8 ? size - at : 8);
	}
}

enum traffic_fault traffic_read(const uint8_t *buf, size_t size, struct traffic_head *h)
{
	struct wire w;

	if (size < sizeof(w))
		return TRAFFIC_FOREIGN;
	memcpy(&w, buf, sizeof(w));
	if (be32toh(w.magic) != TRAFFIC_MAGIC)
		return TRAFFIC_FOREIGN;
	h->flow = be32toh(w.flow);
	h->run = be64toh(w.run);
	h->seq = be64toh(w.seq);
	h->sent_ns = be64toh(w.sent_ns);
	h->interval_ns = be32toh(w.interval_ns);
	if (be32toh(w.size) != size)
		return TRAFFIC_CORRUPT;
	for (size_t at = sizeof(w); at < size; at += 8) {
		uint64_t p = pattern(h, at);

		if (memcmp(buf + at, &p, size - at < 8 ? size - at : 8))
			return TRAFFIC_CORRUPT;
	}
	return TRAFFIC_OK;
}
