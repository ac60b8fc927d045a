// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "opt.h"
#include "overflow.h"

#ifndef SO_MEMINFO
#define SO_MEMINFO	55
#endif

uint64_t overflow_socket(int fd)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		die("SO_MEMINFO: %s", strerror(errno));
	return info[SK_MEMINFO_DROPS];
}

/* /proc/net/snmp has a line of names, then one of values, for each protocol. */
static uint64_t checksum_v4(void)
{
	FILE *f = fopen("/proc/self/net/snmp", "r");
	char names[1024], values[1024];
	uint64_t found = 0;

	if (!f)
		return 0;
	while (fgets(names, sizeof(names), f) && fgets(values, sizeof(values), f)) {
		char *n, *v, *save_n, *save_v;

		if (strncmp(names, "Udp: ", 5))
			continue;
		n = strtok_r(names, " \n", &save_n);
		v = strtok_r(values, " \n", &save_v);
		for (; n && v; n = strtok_r(NULL, " \n", &save_n), v = strtok_r(NULL, " \n", &save_v))
			if (!strcmp(n, "InCsumErrors"))
				found = strtoull(v, NULL, 10);
	}
	fclose(f);
	return found;
}

static uint64_t checksum_v6(void)
{
	FILE *f = fopen("/proc/self/net/snmp6", "r");
	unsigned long long value, found = 0;
	char name[128];

	if (!f)
		return 0;
	while (fscanf(f, "%127s %llu", name, &value) == 2)
		if (!strcmp(name, "Udp6InCsumErrors"))
			found = value;
	fclose(f);
	return found;
}

uint64_t overflow_checksum(void)
{
	return checksum_v4() + checksum_v6();
}

uint64_t overflow_softnet(void)
{
	FILE *f = fopen("/proc/self/net/softnet_stat", "r");
	unsigned int processed, dropped;
	char rest[512];
	uint64_t sum = 0;

	if (!f)
		return 0;
	while (fscanf(f, "%x %x%511[^\n]", &processed, &dropped, rest) == 3)
		sum += dropped;
	fclose(f);
	return sum;
}
