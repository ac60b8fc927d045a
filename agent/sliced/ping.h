/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question of ICMP: does an address answer, seen from a device? */
#ifndef SLICED_PING_H
#define SLICED_PING_H

#include <stdint.h>

/* Waits: for a work thread. 0, -ETIMEDOUT, or what the socket said. @len: 4 or 16. */
int ping_wait(const char *device, const uint8_t *address, uint8_t len, unsigned int tries,
	      unsigned int timeout_ms);

#endif
