/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Losses that are not the network's: in a socket's own queue, by a checksum,
 * or in the backlog of a CPU. Each is told apart so that none is taken for a
 * packet that a router lost.
 */
#ifndef TOOLS_OVERFLOW_H
#define TOOLS_OVERFLOW_H

#include <stdint.h>

/*
 * Packets that the kernel dropped at this socket since it was opened. Asked of
 * the socket (SO_MEMINFO), not taken from SO_RXQ_OVFL's messages: those ride on
 * the next packet, and after the last one there is none.
 */
uint64_t overflow_socket(int fd);
/* UDP checksum errors of this network namespace, both families. */
uint64_t overflow_checksum(void);
/* Frames dropped because a CPU's backlog was full; of the whole machine. */
uint64_t overflow_softnet(void);

#endif
