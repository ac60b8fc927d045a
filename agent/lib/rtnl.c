// SPDX-License-Identifier: GPL-2.0-or-later
#include "rtnl.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "rtnl_talk.h"

/* Tables that netslice takes for the VRFs it makes, where they are free. */
#define TABLE_FIRST	10001U
#define TABLE_LAST	19999U

struct nsl_rtnl {
	struct nsl_sock sock;
	uint32_t seq;
	char rx[NSL_RECV_SIZE] __attribute__((aligned(8)));
};

/**
 * nsl_rtnl_open - open an rtnetlink socket
 * @out: gets it
 * @netns: name of a network namespace under /run/netns, NULL for the current one
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_rtnl_open(struct nsl_rtnl **out, const char *netns, struct nsl_err *err)
{
	struct nsl_rtnl *rt = calloc(1, sizeof(*rt));
	int ret;

	*out = NULL;
	if (!rt)
		return nsl_err_set(err, ENOMEM, "out of memory");
	ret = nsl_sock_open(&rt->sock, NETLINK_ROUTE, netns, err);
	if (ret) {
		free(rt);
		return ret;
	}
	*out = rt;
	return 0;
}

void nsl_rtnl_close(struct nsl_rtnl *rt)
{
	if (!rt)
		return;
	nsl_sock_close(&rt->sock);
	free(rt);
}

/* One message of an answer: 1 for more to come, 0 at its end. */
static int talk_message(const struct nlmsghdr *nlh, nsl_rtnl_fn fn, void *ctx,
			struct nsl_err *err)
{
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE)
		return nsl_parse_error(nlh, NULL, err);
	if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && fn)
		fn(nlh, ctx);
	return 1;
}

static int talk_answer(struct nsl_rtnl *rt, nsl_rtnl_fn fn, void *ctx, struct nsl_err *err)
{
	const struct nlmsghdr *nlh;
	int ret = 1, left;
	ssize_t n;

	while (ret > 0) {
		n = mnl_socket_recvfrom(rt->sock.nl, rt->rx, sizeof(rt->rx));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return nsl_err_set(err, errno, "the kernel's answer: %s",
					   strerror(errno));
		left = (int)n;
		for (nlh = (void *)rt->rx; ret > 0 && mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			if (nlh->nlmsg_seq == rt->seq)
				ret = talk_message(nlh, fn, ctx, err);
	}
	return ret;
}

/**
 * nsl_rtnl_talk - send a request and wait for its answer
 * @rt: the socket
 * @nlh: the request, with its flags
 * @fn: called with each message of the answer, may be NULL
 * @ctx: for @fn
 * @err: the kernel's reason
 *
 * Return: 0 or a negative errno.
 */
int nsl_rtnl_talk(struct nsl_rtnl *rt, struct nlmsghdr *nlh, nsl_rtnl_fn fn, void *ctx,
		  struct nsl_err *err)
{
	/* A dump ends without an acknowledgement, whatever is asked. */
	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = ++rt->seq;
	if (mnl_socket_sendto(rt->sock.nl, nlh, nlh->nlmsg_len) < 0)
		return nsl_err_set(err, errno, "sending to the kernel: %s", strerror(errno));
	return talk_answer(rt, fn, ctx, err);
}

/**
 * nsl_rtnl_begin - start a request
 * @buf: NSL_RTNL_SIZE bytes
 * @type: RTM_*
 * @flags: NLM_F_*
 * @head: the family's header
 * @size: of @head
 *
 * Return: the message.
 */
struct nlmsghdr *nsl_rtnl_begin(void *buf, uint16_t type, uint16_t flags, const void *head,
				size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	memcpy(mnl_nlmsg_put_extra_header(nlh, size), head, size);
	return nlh;
}

/* ---- addresses ---- */

static int addr_change(struct nsl_rtnl *rt, uint16_t type, uint16_t flags, int ifindex,
		       const void *addr, size_t len, uint8_t plen, struct nsl_err *err)
{
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	struct ifaddrmsg head = {
		.ifa_family = len == 4 ? AF_INET : AF_INET6,
		.ifa_prefixlen = plen,
		.ifa_flags = IFA_F_NODAD,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = (unsigned int)ifindex,
	};
	struct nlmsghdr *nlh;

	if (len == 4)
		head.ifa_flags = 0;
	nlh = nsl_rtnl_begin(buf, type, flags, &head, sizeof(head));
	mnl_attr_put(nlh, IFA_LOCAL, len, addr);
	mnl_attr_put(nlh, IFA_ADDRESS, len, addr);
	return nsl_rtnl_talk(rt, nlh, NULL, NULL, err);
}

/**
 * nsl_addr_add - give a device an address; one that it has already is no fault
 * @rt: the socket
 * @ifindex: the device
 * @addr: the address
 * @len: 4 or 16
 * @plen: prefix length
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_addr_add(struct nsl_rtnl *rt, int ifindex, const void *addr, size_t len,
		 uint8_t plen, struct nsl_err *err)
{
	int ret = addr_change(rt, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, addr, len,
			      plen, err);

	return ret == -EEXIST ? 0 : ret;
}

/**
 * nsl_addr_del - take an address off a device; one that is not there is no fault
 * @rt: the socket
 * @ifindex: the device
 * @addr: the address
 * @len: 4 or 16
 * @plen: prefix length
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_addr_del(struct nsl_rtnl *rt, int ifindex, const void *addr, size_t len,
		 uint8_t plen, struct nsl_err *err)
{
	int ret = addr_change(rt, RTM_DELADDR, 0, ifindex, addr, len, plen, err);

	return ret == -EADDRNOTAVAIL ? 0 : ret;
}

/* ---- routes ---- */

static struct nlmsghdr *default_begin(void *buf, uint16_t type, uint16_t flags, uint8_t family,
				      uint32_t table, bool unreachable)
{
	struct rtmsg head = {
		.rtm_family = family,
		.rtm_table = RT_TABLE_UNSPEC,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = unreachable || family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = unreachable ? RTN_UNREACHABLE : RTN_UNICAST,
	};
	struct nlmsghdr *nlh = nsl_rtnl_begin(buf, type, flags, &head, sizeof(head));

	mnl_attr_put_u32(nlh, RTA_TABLE, table);
	mnl_attr_put_u32(nlh, RTA_PRIORITY,
			 unreachable ? NSL_METRIC_UNREACHABLE : NSL_METRIC_SLICE);
	return nlh;
}

static int default_add(struct nsl_rtnl *rt, uint8_t family, uint32_t table, int ifindex,
		       struct nsl_err *err)
{
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	struct nlmsghdr *nlh;

	nlh = default_begin(buf, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, family, table,
			    !ifindex);
	if (ifindex)
		mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)ifindex);
	return nsl_rtnl_talk(rt, nlh, NULL, NULL, err);
}

/**
 * nsl_defaults_add - let everything in a VRF find the slice, and nothing else
 * @rt: the socket
 * @table: the VRF's table
 * @slice_ifindex: the slice device, up
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_defaults_add(struct nsl_rtnl *rt, uint32_t table, int slice_ifindex,
		     struct nsl_err *err)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 2 && !ret; i++) {
		ret = default_add(rt, families[i], table, 0, err);
		if (!ret)
			ret = default_add(rt, families[i], table, slice_ifindex, err);
	}
	return ret ? nsl_err_prefix(err, "default route in table %u", table) : 0;
}

/**
 * nsl_defaults_del - the reverse; routes that are not there are no fault
 * @rt: the socket
 * @table: the VRF's table
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_defaults_del(struct nsl_rtnl *rt, uint32_t table, struct nsl_err *err)
{
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 4 && !ret; i++) {
		struct nlmsghdr *nlh = default_begin(buf, RTM_DELROUTE, 0,
						     i & 1 ? AF_INET6 : AF_INET, table, i & 2);

		ret = nsl_rtnl_talk(rt, nlh, NULL, NULL, err);
		if (ret == -ESRCH || ret == -ENODEV || ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

/* ---- tables ---- */

struct table_use {
	bool used[TABLE_LAST - TABLE_FIRST + 1];
};

static void table_note(struct table_use *u, uint32_t table)
{
	if (table >= TABLE_FIRST && table <= TABLE_LAST)
		u->used[table - TABLE_FIRST] = true;
}

static void table_of_link(const struct nsl_link *l, void *ctx)
{
	table_note(ctx, l->table);
}

static void table_of_route(const struct nlmsghdr *nlh, void *ctx)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(nlh);
	size_t len, pos = 0;
	struct nsl_attr a;
	uint32_t table;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*head))
		return;
	len = mnl_nlmsg_get_payload_len(nlh) - NLMSG_ALIGN(sizeof(*head));
	while (nsl_attr_next((const char *)head + NLMSG_ALIGN(sizeof(*head)), len, &pos, &a) > 0)
		if (a.type == RTA_TABLE && !nsl_attr_number(&a, &table, sizeof(table)))
			table_note(ctx, table);
}

static int tables_of_routes(struct nsl_rtnl *rt, uint8_t family, struct table_use *u,
			    struct nsl_err *err)
{
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	struct rtmsg head = { .rtm_family = family };

	return nsl_rtnl_talk(rt, nsl_rtnl_begin(buf, RTM_GETROUTE, NLM_F_DUMP, &head,
						sizeof(head)), table_of_route, u, err);
}

/**
 * nsl_vrf_free_table - find a table that no VRF has and that holds no route
 * @rt: the socket
 * @table: gets its number
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_vrf_free_table(struct nsl_rtnl *rt, uint32_t *table, struct nsl_err *err)
{
	struct table_use *u = calloc(1, sizeof(*u));
	uint32_t i;
	int ret;

	if (!u)
		return nsl_err_set(err, ENOMEM, "out of memory");
	ret = nsl_link_each(rt, table_of_link, u, err);
	if (!ret)
		ret = tables_of_routes(rt, AF_INET, u, err);
	if (!ret)
		ret = tables_of_routes(rt, AF_INET6, u, err);
	for (i = 0; !ret && i <= TABLE_LAST - TABLE_FIRST && u->used[i]; i++)
		;
	if (!ret && i > TABLE_LAST - TABLE_FIRST)
		ret = nsl_err_set(err, ENOSPC, "no routing table from %u to %u is free",
				  TABLE_FIRST, TABLE_LAST);
	if (!ret)
		*table = TABLE_FIRST + i;
	free(u);
	return ret;
}
