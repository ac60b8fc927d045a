/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both ends of `stream` share: the bytes, and what TCP says of itself. */
#ifndef TOOLS_STREAM_H
#define TOOLS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the stream from @offset on. */
void stream_fill(uint64_t offset, uint8_t *buf, size_t len);
/* Return: how many of the bytes are right, up to the first wrong one. */
size_t stream_check(uint64_t offset, const uint8_t *buf, size_t len);

/* Segments sent again in the connection's life (tcpi_total_retrans). */
uint64_t stream_retransmits(int fd);

void stream_nonblocking(int fd);

int stream_serve(int argc, char **argv);
int stream_run(int argc, char **argv);

#endif
