// SPDX-License-Identifier: GPL-2.0-or-later
#include "ping.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

struct echo {
	uint8_t		type;
	uint8_t		code;
	uint16_t	sum;
	uint16_t	id;
	uint16_t	seq;
	uint64_t	nonce;
};

static uint16_t ping_sum(const struct echo *e)
{
	const uint8_t *p = (const uint8_t *)e;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < sizeof(*e); i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	return htons((uint16_t)~sum);
}

static int ping_open(const char *device, uint8_t len)
{
	int fd = len == 4 ? socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)
			  : socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	int err;

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)))
		return fd;
	err = errno;
	close(fd);
	return -err;
}

static int ping_send(int fd, const uint8_t *address, uint8_t len, struct echo *e)
{
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	ssize_t sent;

	if (len == 4) {
		memcpy(&to4.sin_addr, address, 4);
		e->type = ICMP_ECHO;
		e->sum = 0;
		e->sum = ping_sum(e);
		sent = sendto(fd, e, sizeof(*e), 0, (struct sockaddr *)&to4, sizeof(to4));
	} else {
		memcpy(&to6.sin6_addr, address, 16);
		e->type = ICMP6_ECHO_REQUEST;	/* the kernel adds the checksum */
		sent = sendto(fd, e, sizeof(*e), 0, (struct sockaddr *)&to6, sizeof(to6));
	}
	return sent < 0 ? -errno : 0;
}

static bool ping_is_answer(const uint8_t *buf, size_t got, uint8_t len, const struct echo *e)
{
	const struct echo *r;
	size_t skip = 0;

	if (len == 4 && got > 0)
		skip = (size_t)(buf[0] & 15) * 4;	/* its IP header comes with it */
	if (got < skip + sizeof(*r))
		return false;
	r = (const struct echo *)(buf + skip);
	return r->type == (len == 4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) &&
	       !memcmp(&r->nonce, &e->nonce, sizeof(r->nonce));
}

static int ping_receive(int fd, uint8_t len, const struct echo *e, unsigned int timeout_ms)
{
	uint64_t end = clock_boot_ms() + timeout_ms, now;
	uint8_t buf[2048] __attribute__((aligned(8)));
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while ((now = clock_boot_ms()) < end) {
		ssize_t got;

		if (poll(&p, 1, (int)(end - now)) <= 0)
			continue;
		got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (got > 0 && ping_is_answer(buf, (size_t)got, len, e))
			return 0;
	}
	return -ETIMEDOUT;
}

int ping_wait(const char *device, const uint8_t *address, uint8_t len, unsigned int tries,
	      unsigned int timeout_ms)
{
	struct echo e = { 0 };
	int fd = ping_open(device, len), ret = -ETIMEDOUT;

	if (fd < 0)
		return fd;
	if (getrandom(&e.nonce, sizeof(e.nonce), 0) != sizeof(e.nonce))
		e.nonce = clock_boot_ms();
	while (tries--) {
		e.seq++;
		ret = ping_send(fd, address, len, &e);
		if (!ret)
			ret = ping_receive(fd, len, &e, timeout_ms);
		if (!ret)
			break;
	}
	close(fd);
	return ret;
}
