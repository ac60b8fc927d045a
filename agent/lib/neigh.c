// SPDX-License-Identifier: GPL-2.0-or-later
/* Neighbour tables over rtnetlink. */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "rtnl_talk.h"

static const struct {
	uint16_t state;
	const char *name;
} states[] = {
	{ NUD_INCOMPLETE, "incomplete" }, { NUD_REACHABLE, "reachable" },
	{ NUD_STALE, "stale" }, { NUD_DELAY, "delay" }, { NUD_PROBE, "probe" },
	{ NUD_FAILED, "failed" }, { NUD_NOARP, "noarp" }, { NUD_PERMANENT, "permanent" },
	{ NUD_NONE, "none" },
};

const char *nsl_neigh_state_name(uint16_t state)
{
	unsigned int i;

	for (i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (states[i].state == state)
			return states[i].name;
	return "?";
}

int nsl_neigh_state_value(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (!strcmp(states[i].name, name))
			return states[i].state;
	return -1;
}

static int neigh_change(struct nsl_rtnl *rt, uint16_t type, uint16_t flags,
			const struct nsl_neigh *n, struct nsl_err *err)
{
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	struct ndmsg head = {
		.ndm_family = n->addr_len == 4 ? AF_INET : AF_INET6,
		.ndm_ifindex = n->ifindex,
		.ndm_state = n->state,
		.ndm_flags = n->flags,
	};
	struct nlmsghdr *nlh = nsl_rtnl_begin(buf, type, flags, &head, sizeof(head));

	mnl_attr_put(nlh, NDA_DST, n->addr_len, n->addr);
	if (n->has_lladdr)
		mnl_attr_put(nlh, NDA_LLADDR, sizeof(n->lladdr), n->lladdr);
	return nsl_rtnl_talk(rt, nlh, NULL, NULL, err);
}

/**
 * nsl_neigh_set - make or change an entry
 * @rt: the socket
 * @n: the entry
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_neigh_set(struct nsl_rtnl *rt, const struct nsl_neigh *n, struct nsl_err *err)
{
	return neigh_change(rt, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, n, err);
}

int nsl_neigh_del(struct nsl_rtnl *rt, const struct nsl_neigh *n, struct nsl_err *err)
{
	struct nsl_neigh key = *n;

	key.state = 0;
	key.flags = 0;
	key.has_lladdr = false;
	return neigh_change(rt, RTM_DELNEIGH, 0, &key, err);
}

struct each {
	int ifindex;
	nsl_neigh_fn fn;
	void *ctx;
};

static void neigh_attr(struct nsl_neigh *n, const struct nsl_attr *a)
{
	if (a->type == NDA_DST && (a->len == 4 || a->len == 16)) {
		memcpy(n->addr, a->data, a->len);
		n->addr_len = (uint8_t)a->len;
	} else if (a->type == NDA_LLADDR && !nsl_attr_number(a, n->lladdr, sizeof(n->lladdr))) {
		n->has_lladdr = true;
	}
}

static void neigh_one(const struct nlmsghdr *nlh, void *ctx)
{
	const struct ndmsg *head = mnl_nlmsg_get_payload(nlh);
	size_t skip = NLMSG_ALIGN(sizeof(*head)), len = mnl_nlmsg_get_payload_len(nlh), pos = 0;
	const struct each *each = ctx;
	struct nsl_neigh n = { 0 };
	struct nsl_attr a;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || len < skip)
		return;
	n.ifindex = head->ndm_ifindex;
	n.state = head->ndm_state;
	n.flags = head->ndm_flags;
	while (nsl_attr_next((const char *)head + skip, len - skip, &pos, &a) > 0)
		neigh_attr(&n, &a);
	if (n.addr_len && (!each->ifindex || each->ifindex == n.ifindex))
		each->fn(&n, each->ctx);
}

/**
 * nsl_neigh_each - look at the entries of both families
 * @rt: the socket; not to be used by @fn
 * @ifindex: of one device, 0 for all
 * @fn: called with each
 * @ctx: for @fn
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_neigh_each(struct nsl_rtnl *rt, int ifindex, nsl_neigh_fn fn, void *ctx,
		   struct nsl_err *err)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	uint32_t buf[NSL_RTNL_SIZE / sizeof(uint32_t)];
	struct each each = { ifindex, fn, ctx };
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 2 && !ret; i++) {
		struct ndmsg head = { .ndm_family = families[i] };
		struct nlmsghdr *nlh = nsl_rtnl_begin(buf, RTM_GETNEIGH, NLM_F_DUMP, &head,
						      sizeof(head));

		if (ifindex)
			mnl_attr_put_u32(nlh, NDA_IFINDEX, (uint32_t)ifindex);
		ret = nsl_rtnl_talk(rt, nlh, neigh_one, &each, err);
	}
	return ret;
}
