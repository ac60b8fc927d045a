// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master.h"
#include "opt.h"

struct ask {
	struct nlmsghdr h;
	struct ifinfomsg i;
};

static int find_master(struct nlmsghdr *h)
{
	struct rtattr *a = IFLA_RTA(NLMSG_DATA(h));
	int left = (int)IFLA_PAYLOAD(h), master = 0;

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_MASTER)
			memcpy(&master, RTA_DATA(a), sizeof(master));
	return master;
}

int master_of(int ifindex)
{
	struct ask ask = {
		.h = { .nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETLINK,
		       .nlmsg_flags = NLM_F_REQUEST },
		.i = { .ifi_index = ifindex },
	};
	union {
		struct nlmsghdr h;
		uint8_t room[32768];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n;

	if (fd < 0 || send(fd, &ask, sizeof(ask), 0) < 0)
		die("rtnetlink: %s", strerror(errno));
	n = recv(fd, &answer, sizeof(answer), 0);
	close(fd);
	if (n < 0 || !NLMSG_OK(&answer.h, (size_t)n) || answer.h.nlmsg_type != RTM_NEWLINK)
		die("rtnetlink: no answer about device %d", ifindex);
	return find_master(&answer.h);
}
