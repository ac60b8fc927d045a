/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a frame says on a LAN: which address is at which MAC, which address is
 * asked for, and what a refresh frame of netslice states.
 */
#ifndef TOOLS_WIRE_H
#define TOOLS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define WIRE_NAME	16

enum wire_kind { WIRE_DATA, WIRE_ARP, WIRE_NS, WIRE_NA, WIRE_REFRESH, WIRE_CONTROL };

struct wire {
	uint64_t at_ns;			/* CLOCK_REALTIME, the kernel's stamp */
	int ifindex;
	uint16_t vlan;			/* 0: untagged, or a priority tag */
	enum wire_kind kind;
	uint8_t dst[MAC_LEN], src[MAC_LEN];
	uint16_t ethertype;
	bool says;			/* @said is at @said_mac */
	struct ip said;
	uint8_t said_mac[MAC_LEN];
	bool asks;			/* somebody with an address wants @asked */
	struct ip asked;
	bool router;			/* NA: flag R */
	uint64_t fp_term;		/* refresh, marker, probe */
	char slice[WIRE_NAME + 1], port[WIRE_NAME + 1];
};

/* Reads an untagged Ethernet frame (the tag travels beside it). Return: false when it is too short. */
bool wire_read(const uint8_t *frame, size_t len, struct wire *out);

const char *wire_kind_text(enum wire_kind kind);

#endif
