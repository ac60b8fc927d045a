// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "opt.h"
#include "stream.h"

/* Eight bytes follow from each multiple of eight, so that a shift is a mismatch. */
static uint64_t word(uint64_t index)
{
	uint64_t x = (index + 1) * 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

static uint8_t byte_at(uint64_t offset)
{
	return (uint8_t)(word(offset / 8) >> (offset % 8 * 8));
}

void stream_fill(uint64_t offset, uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = byte_at(offset + i);
}

size_t stream_check(uint64_t offset, const uint8_t *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len && buf[i] == byte_at(offset + i); i++)
		;
	return i;
}

uint64_t stream_retransmits(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return 0;
	return info.tcpi_total_retrans;
}

void stream_nonblocking(int fd)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		die("O_NONBLOCK: %s", strerror(errno));
}
