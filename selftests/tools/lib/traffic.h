/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a packet of `traffic` carries. All numbers are big endian on the wire.
 * @run is drawn by each sender, so that a flow id used again is another flow.
 * @sent_ns is CLOCK_MONOTONIC: sender and receiver share a kernel.
 */
#ifndef TOOLS_TRAFFIC_H
#define TOOLS_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRAFFIC_MAGIC	0x6e537471u
#define TRAFFIC_MIN	40u
#define TRAFFIC_MAX	65507u

struct traffic_head {
	uint32_t flow;
	uint64_t run;
	uint64_t seq;
	uint64_t sent_ns;
	uint32_t interval_ns;
};

/* Fills @size bytes: the head, then a pattern that follows from run and seq. */
void traffic_fill(uint8_t *buf, size_t size, const struct traffic_head *h);

enum traffic_fault { TRAFFIC_OK, TRAFFIC_FOREIGN, TRAFFIC_CORRUPT };

enum traffic_fault traffic_read(const uint8_t *buf, size_t size, struct traffic_head *h);

int traffic_send(int argc, char **argv);
int traffic_recv(int argc, char **argv);
int traffic_sum(int argc, char **argv);

#endif
