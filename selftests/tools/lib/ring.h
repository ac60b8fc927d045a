/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One packet socket with a TPACKET_V3 ring over all devices of the namespace;
 * a classic BPF filter keeps what is wanted. What the kernel had no room for
 * is counted: who judges by this ring must not pass when frames were missed.
 */
#ifndef TOOLS_RING_H
#define TOOLS_RING_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	int fd;
	uint8_t *map;
	unsigned int next;		/* block to be read next */
	uint64_t drops;
};

struct ring_frame {
	const uint8_t *data;
	size_t len;
	uint64_t at_ns;			/* CLOCK_REALTIME */
	int ifindex;
	int pkttype;
	uint16_t vlan;
	bool tagged;			/* @vlan may be 0 then */
	uint16_t tci;
};

void ring_open(struct ring *r, const struct sock_fprog *filter);
/* Calls @take for every frame that lies ready. Return: frames. */
uint64_t ring_read(struct ring *r, void (*take)(const struct ring_frame *f, void *arg), void *arg);
/* Frames missed since ring_open(). */
uint64_t ring_drops(struct ring *r);

#endif
