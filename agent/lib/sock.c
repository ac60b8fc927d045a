// SPDX-License-Identifier: GPL-2.0-or-later
#include "sock.h"

#include <fcntl.h>
#include <linux/genetlink.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "attr.h"

static int netns_open(const char *netns, struct nsl_err *err)
{
	char path[128];
	int fd;

	if (!netns[0] || strchr(netns, '/') || strlen(netns) > 100)
		return nsl_err_set(err, EINVAL, "network namespace \"%.100s\": no valid name", netns);
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return nsl_err_set(err, errno, "network namespace \"%s\": %s", netns,
				   strerror(errno));
	return fd;
}

/**
 * nsl_netns_enter - move the calling thread into a named network namespace
 * @netns: name under /run/netns
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_netns_enter(const char *netns, struct nsl_err *err)
{
	int fd = netns_open(netns, err), ret = 0;

	if (fd < 0)
		return fd;
	if (setns(fd, CLONE_NEWNET))
		ret = nsl_err_set(err, errno, "network namespace \"%s\": %s", netns,
				  strerror(errno));
	close(fd);
	return ret;
}

static int sock_make(struct nsl_sock *s, int bus, struct nsl_err *err)
{
	s->nl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!s->nl)
		return nsl_err_set(err, errno, "netlink socket: %s", strerror(errno));
	if (mnl_socket_bind(s->nl, 0, MNL_SOCKET_AUTOPID)) {
		int ret = nsl_err_set(err, errno, "netlink socket: %s", strerror(errno));

		nsl_sock_close(s);
		return ret;
	}
	return 0;
}

static int sock_make_in(struct nsl_sock *s, int bus, const char *netns, struct nsl_err *err)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), ret;

	if (home < 0)
		return nsl_err_set(err, errno, "/proc/thread-self/ns/net: %s", strerror(errno));
	ret = nsl_netns_enter(netns, err);
	if (!ret) {
		ret = sock_make(s, bus, err);
		if (setns(home, CLONE_NEWNET) && !ret) {
			ret = nsl_err_set(err, errno, "back from network namespace \"%s\": %s",
					  netns, strerror(errno));
			nsl_sock_close(s);
		}
	}
	close(home);
	return ret;
}

/**
 * nsl_sock_open - open a netlink socket
 * @s: gets it
 * @bus: NETLINK_GENERIC or NETLINK_ROUTE
 * @netns: name of the network namespace to open it in, NULL for the current one
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_sock_open(struct nsl_sock *s, int bus, const char *netns, struct nsl_err *err)
{
	const int on = 1;
	int ret, fd;

	memset(s, 0, sizeof(*s));
	ret = netns ? sock_make_in(s, bus, netns, err) : sock_make(s, bus, err);
	if (ret)
		return ret;
	fd = mnl_socket_get_fd(s->nl);
	/* Old kernels lack these; then there is no extack, and no more. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return 0;
}

void nsl_sock_close(struct nsl_sock *s)
{
	if (s->nl)
		mnl_socket_close(s->nl);
	s->nl = NULL;
}

static void family_group(struct nsl_sock *s, const struct nsl_attr *nest)
{
	struct nsl_attr group, a;
	size_t pos = 0, inner;

	while (nsl_attr_next(nest->data, nest->len, &pos, &group) > 0) {
		char name[GENL_NAMSIZ] = "";
		uint32_t id = 0;

		inner = 0;
		while (nsl_attr_next(group.data, group.len, &inner, &a) > 0) {
			if (a.type == CTRL_ATTR_MCAST_GRP_NAME)
				nsl_attr_text(&a, name, sizeof(name));
			else if (a.type == CTRL_ATTR_MCAST_GRP_ID)
				nsl_attr_number(&a, &id, sizeof(id));
		}
		if (!strcmp(name, NETSLICE_MCGRP_EVENTS))
			s->group = id;
	}
}

static int family_reply(const struct nlmsghdr *nlh, void *ctx)
{
	const char *attrs = (const char *)mnl_nlmsg_get_payload(nlh) + GENL_HDRLEN;
	size_t len = mnl_nlmsg_get_payload_len(nlh), pos = 0;
	struct nsl_sock *s = ctx;
	struct nsl_attr a;

	if (len < GENL_HDRLEN)
		return MNL_CB_ERROR;
	while (nsl_attr_next(attrs, len - GENL_HDRLEN, &pos, &a) > 0) {
		if (a.type == CTRL_ATTR_FAMILY_ID)
			nsl_attr_number(&a, &s->family, sizeof(s->family));
		else if (a.type == CTRL_ATTR_MCAST_GROUPS)
			family_group(s, &a);
	}
	return MNL_CB_OK;
}

static int family_ask(struct nsl_sock *s)
{
	char buf[NSL_RECV_SIZE] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;
	ssize_t n;
	int ret;

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = 1;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, NETSLICE_GENL_NAME);
	if (mnl_socket_sendto(s->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(s->nl, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		ret = mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(s->nl),
				 family_reply, s);
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : 0;
}

/**
 * nsl_sock_family - find out the ids of the family and of its group
 * @s: a NETLINK_GENERIC socket
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_sock_family(struct nsl_sock *s, struct nsl_err *err)
{
	int ret = family_ask(s);

	if (ret == -ENOENT)
		return nsl_err_set(err, ENOENT,
				   "the kernel has no family \"%s\": is the module netslice loaded?",
				   NETSLICE_GENL_NAME);
	if (ret)
		return nsl_err_set(err, -ret, "family \"%s\": %s", NETSLICE_GENL_NAME,
				   strerror(-ret));
	if (!s->family || !s->group)
		return nsl_err_set(err, EPROTO, "family \"%s\" has no group \"%s\"",
				   NETSLICE_GENL_NAME, NETSLICE_MCGRP_EVENTS);
	return 0;
}
