// SPDX-License-Identifier: GPL-2.0-or-later
/* Net devices and VRFs over rtnetlink. */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "rtnl_talk.h"

static void link_vrf_data(struct nsl_link *l, const struct nsl_attr *data)
{
	struct nsl_attr a;
	size_t pos = 0;

	while (nsl_attr_next(data->data, data->len, &pos, &a) > 0)
		if (a.type == IFLA_VRF_TABLE)
			nsl_attr_number(&a, &l->table, sizeof(l->table));
}

static void link_info(struct nsl_link *l, const struct nsl_attr *info)
{
	struct nsl_attr a, data = { 0 };
	size_t pos = 0;

	while (nsl_attr_next(info->data, info->len, &pos, &a) > 0) {
		if (a.type == IFLA_INFO_KIND)
			nsl_attr_text(&a, l->kind, sizeof(l->kind));
		else if (a.type == IFLA_INFO_DATA)
			data = a;
	}
	if (!strcmp(l->kind, "vrf"))
		link_vrf_data(l, &data);
}

static void link_attr(struct nsl_link *l, const struct nsl_attr *a)
{
	uint32_t word = 0;

	switch (a->type) {
	case IFLA_IFNAME:
		nsl_attr_text(a, l->name, sizeof(l->name));
		break;
	case IFLA_IFALIAS:
		snprintf(l->alias, sizeof(l->alias), "%.*s", (int)a->len, (const char *)a->data);
		break;
	case IFLA_MASTER:
		nsl_attr_number(a, &word, sizeof(word));
		l->master = (int)word;
		break;
	case IFLA_MTU:
		nsl_attr_number(a, &l->mtu, sizeof(l->mtu));
		break;
	case IFLA_ADDRESS:
		if (!nsl_attr_number(a, l->mac, sizeof(l->mac)))
			l->mac_len = sizeof(l->mac);
		break;
	case IFLA_LINKINFO:
		link_info(l, a);
		break;
	}
}

static bool link_parse(struct nsl_link *l, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(nlh);
	size_t skip = NLMSG_ALIGN(sizeof(*head)), len = mnl_nlmsg_get_payload_len(nlh), pos = 0;
	struct nsl_attr a;

	memset(l, 0, sizeof(*l));
	if (nlh->nlmsg_type != RTM_NEWLINK || len < skip)
		return false;
	l->ifindex = head->ifi_index;
	l->up = head->ifi_flags & IFF_UP;
	l->running = head->ifi_flags & IFF_RUNNING;
	while (nsl_attr_next((const char *)head + skip, len - skip, &pos, &a) > 0)
		link_attr(l, &a);
	return true;
}

static void link_one(const struct nlmsghdr *nlh, void *ctx)
{
	link_parse(ctx, nlh);
}

/**
 * nsl_link_by_name - look a net device up
 * @rt: the socket
 * @name: its name
 * @l: gets it
 * @err: why not; @err->attr is "device"
 *
 * Return: 0, -ENODEV when there is none, or another negative errno.
 */
int nsl_link_by_name(struct nsl_rtnl *rt, const char *name, struct nsl_link *l,
		     struct nsl_err *err)
{
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	struct nlmsghdr *nlh;
	int ret;

	memset(l, 0, sizeof(*l));
	if (!name[0] || strlen(name) >= IFNAMSIZ)
		return nsl_err_set(err, EINVAL, "device \"%.60s\": no valid name", name);
	nlh = nsl_rtnl_begin(buf, RTM_GETLINK, 0, &head, sizeof(head));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	ret = nsl_rtnl_talk(rt, nlh, link_one, l, err);
	return ret ? nsl_err_prefix(err, "device \"%s\"", name), ret : 0;
}

/**
 * nsl_link_by_index - look a net device up
 * @rt: the socket
 * @ifindex: its index
 * @l: gets it
 * @err: why not
 *
 * Return: 0, -ENODEV when there is none, or another negative errno.
 */
int nsl_link_by_index(struct nsl_rtnl *rt, int ifindex, struct nsl_link *l,
		      struct nsl_err *err)
{
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	int ret;

	memset(l, 0, sizeof(*l));
	ret = nsl_rtnl_talk(rt, nsl_rtnl_begin(buf, RTM_GETLINK, 0, &head, sizeof(head)),
			    link_one, l, err);
	return ret ? nsl_err_prefix(err, "device %d", ifindex), ret : 0;
}

struct each {
	nsl_link_fn fn;
	void *ctx;
};

static void link_many(const struct nlmsghdr *nlh, void *ctx)
{
	const struct each *each = ctx;
	struct nsl_link l;

	if (link_parse(&l, nlh))
		each->fn(&l, each->ctx);
}

/**
 * nsl_link_each - look at all net devices
 * @rt: the socket; not to be used by @fn
 * @fn: called with each
 * @ctx: for @fn
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_link_each(struct nsl_rtnl *rt, nsl_link_fn fn, void *ctx, struct nsl_err *err)
{
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	struct each each = { fn, ctx };

	return nsl_rtnl_talk(rt, nsl_rtnl_begin(buf, RTM_GETLINK, NLM_F_DUMP, &head,
						sizeof(head)), link_many, &each, err);
}

static int link_change(struct nsl_rtnl *rt, int ifindex, unsigned int flags,
		       unsigned int change, const int *master, struct nsl_err *err)
{
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	struct ifinfomsg head = {
		.ifi_family = AF_UNSPEC, .ifi_index = ifindex,
		.ifi_flags = flags, .ifi_change = change,
	};
	struct nlmsghdr *nlh = nsl_rtnl_begin(buf, RTM_NEWLINK, 0, &head, sizeof(head));

	if (master)
		mnl_attr_put_u32(nlh, IFLA_MASTER, (uint32_t)*master);
	return nsl_rtnl_talk(rt, nlh, NULL, NULL, err);
}

int nsl_link_up(struct nsl_rtnl *rt, int ifindex, bool up, struct nsl_err *err)
{
	return link_change(rt, ifindex, up ? IFF_UP : 0, IFF_UP, NULL, err);
}

/**
 * nsl_link_enslave - make a device a member of another, or of none
 * @rt: the socket
 * @ifindex: the device
 * @master: the other, 0 for none
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_link_enslave(struct nsl_rtnl *rt, int ifindex, int master, struct nsl_err *err)
{
	return link_change(rt, ifindex, 0, 0, &master, err);
}

int nsl_link_del(struct nsl_rtnl *rt, int ifindex, struct nsl_err *err)
{
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };

	return nsl_rtnl_talk(rt, nsl_rtnl_begin(buf, RTM_DELLINK, 0, &head, sizeof(head)),
			     NULL, NULL, err);
}

/* Not taken when a device is made: a request of its own. */
static int link_alias(struct nsl_rtnl *rt, const char *name, const char *alias,
		      struct nsl_err *err)
{
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC };
	struct nlmsghdr *nlh = nsl_rtnl_begin(buf, RTM_NEWLINK, 0, &head, sizeof(head));

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_strz(nlh, IFLA_IFALIAS, alias);
	return nsl_rtnl_talk(rt, nlh, NULL, NULL, err);
}

/**
 * nsl_vrf_add - make a VRF, up
 * @rt: the socket
 * @name: its name
 * @table: its routing table
 * @alias: its alias, NULL for none
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_vrf_add(struct nsl_rtnl *rt, const char *name, uint32_t table, const char *alias,
		struct nsl_err *err)
{
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	struct ifinfomsg head = {
		.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP,
	};
	struct nlattr *info, *data;
	struct nlmsghdr *nlh;
	int ret;

	nlh = nsl_rtnl_begin(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "vrf");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_VRF_TABLE, table);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	ret = nsl_rtnl_talk(rt, nlh, NULL, NULL, err);
	if (!ret && alias)
		ret = link_alias(rt, name, alias, err);
	return ret ? nsl_err_prefix(err, "VRF \"%s\"", name), ret : 0;
}
