// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "clock.h"
#include "opt.h"
#include "ring.h"

#define BLOCK_SIZE	(256u << 10)
#define BLOCKS		32u
#define FRAME_SIZE	2048u
#define RETIRE_MS	20u
#define STAMP_LIMIT	(60 * NS_PER_S)

static void option(int fd, int level, int name, const void *value, socklen_t len, const char *what)
{
	if (setsockopt(fd, level, name, value, len))
		die("%s: %s", what, strerror(errno));
}

/* Bound last: a socket without protocol hears nothing, so no frame slips by the filter. */
void ring_open(struct ring *r, const struct sock_fprog *filter)
{
	struct tpacket_req3 req = {
		.tp_block_size = BLOCK_SIZE, .tp_block_nr = BLOCKS,
		.tp_frame_size = FRAME_SIZE, .tp_frame_nr = BLOCK_SIZE / FRAME_SIZE * BLOCKS,
		.tp_retire_blk_tov = RETIRE_MS,
	};
	struct sockaddr_ll any = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int version = TPACKET_V3, on = 1;

	*r = (struct ring){ .fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) };
	if (r->fd < 0)
		die("packet socket: %s", strerror(errno));
	option(r->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version), "TPACKET_V3");
	option(r->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on), "SO_TIMESTAMPNS");
	if (filter)
		option(r->fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof(*filter), "filter");
	option(r->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req), "PACKET_RX_RING");
	r->map = mmap(NULL, (size_t)BLOCK_SIZE * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (r->map == MAP_FAILED)
		die("ring: %s", strerror(errno));
	if (bind(r->fd, (struct sockaddr *)&any, sizeof(any)))
		die("packet socket: %s", strerror(errno));
}

/* A stamp that is not of CLOCK_REALTIME (a sender's pacing time, say) is none. */
static uint64_t stamp(const struct tpacket3_hdr *h)
{
	uint64_t at = (uint64_t)h->tp_sec * NS_PER_S + h->tp_nsec;
	uint64_t now = clock_real();

	return at > now + NS_PER_S || at + STAMP_LIMIT < now ? now : at;
}

static void give(const struct tpacket3_hdr *h,
		 void (*take)(const struct ring_frame *f, void *arg), void *arg)
{
	const uint8_t *base = (const uint8_t *)h;
	const struct sockaddr_ll *ll = (const void *)(base + TPACKET_ALIGN(sizeof(*h)));
	struct ring_frame f = {
		.data = base + h->tp_mac,
		.len = h->tp_snaplen,
		.at_ns = stamp(h),
		.ifindex = ll->sll_ifindex,
		.pkttype = ll->sll_pkttype,
		.tagged = h->tp_status & TP_STATUS_VLAN_VALID,
	};

	if (f.tagged) {
		f.tci = (uint16_t)h->hv1.tp_vlan_tci;
		f.vlan = f.tci & 0xfff;
	}
	take(&f, arg);
}

uint64_t ring_read(struct ring *r, void (*take)(const struct ring_frame *f, void *arg), void *arg)
{
	uint64_t frames = 0;

	for (;;) {
		struct tpacket_block_desc *b = (void *)(r->map + (size_t)r->next * BLOCK_SIZE);
		const struct tpacket3_hdr *h;
		uint32_t n;

		if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			return frames;
		n = b->hdr.bh1.num_pkts;
		h = (const void *)((const uint8_t *)b + b->hdr.bh1.offset_to_first_pkt);
		for (uint32_t i = 0; i < n; i++) {
			give(h, take, arg);
			h = (const void *)((const uint8_t *)h + h->tp_next_offset);
		}
		frames += n;
		__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		r->next = (r->next + 1) % BLOCKS;
	}
}

uint64_t ring_drops(struct ring *r)
{
	struct tpacket_stats_v3 stats;
	socklen_t len = sizeof(stats);

	if (getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		die("PACKET_STATISTICS: %s", strerror(errno));
	r->drops += stats.tp_drops;
	return r->drops;
}
