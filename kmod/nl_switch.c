// SPDX-License-Identifier: GPL-2.0-only
/* Switch, commit and rollback: one request, many slices, all of them or none. */
#include <linux/slab.h>

#include "generation.h"
#include "netns.h"
#include "nl.h"
#include "slice.h"

typedef int (*netslice_nl_switch_fn)(struct netslice_switch *v, unsigned int n,
				     struct netlink_ext_ack *extack);

static int netslice_nl_entry_need(struct genl_info *info, struct nlattr *entry,
				  struct nlattr **attrs, int attr)
{
	if (attrs[attr])
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, entry, "a required attribute is missing in the entry");
	NL_SET_ERR_ATTR_MISS(info->extack, entry, attr);
	return -EINVAL;
}

static int netslice_nl_entry_check(struct genl_info *info, struct nlattr *entry,
				   struct nlattr **attrs, bool to)
{
	if (netslice_nl_entry_need(info, entry, attrs, NETSLICE_A_SLICE) ||
	    netslice_nl_entry_need(info, entry, attrs, NETSLICE_A_CP_TERM) ||
	    netslice_nl_entry_need(info, entry, attrs, NETSLICE_A_GEN_EXPECT))
		return -EINVAL;
	if (to)
		return netslice_nl_entry_need(info, entry, attrs, NETSLICE_A_GEN);
	if (!attrs[NETSLICE_A_GEN] && !attrs[NETSLICE_A_CONFIRM_MS])
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, entry, "only a switch takes GEN and CONFIRM_MS");
	return -EINVAL;
}

static int netslice_nl_entry(struct genl_info *info, struct netslice_net *nn,
			     struct nlattr *entry, bool to, struct netslice_switch *v)
{
	struct nlattr *attrs[NETSLICE_A_MAX + 1];
	int err;

	err = nla_parse_nested(attrs, NETSLICE_A_MAX, entry, netslice_nl_entry_policy,
			       info->extack);
	if (!err)
		err = netslice_nl_entry_check(info, entry, attrs, to);
	if (err)
		return err;
	v->attr = entry;
	v->slice = netslice_slice_find(nn, nla_data(attrs[NETSLICE_A_SLICE]));
	if (!v->slice) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[NETSLICE_A_SLICE],
				    "there is no slice of that name");
		return -ENOENT;
	}
	v->cp_term = nla_get_u64(attrs[NETSLICE_A_CP_TERM]);
	v->expect = nla_get_u64(attrs[NETSLICE_A_GEN_EXPECT]);
	v->gen = to ? nla_get_u64(attrs[NETSLICE_A_GEN]) : 0;
	v->confirm_ms = attrs[NETSLICE_A_CONFIRM_MS] ?
		nla_get_u32(attrs[NETSLICE_A_CONFIRM_MS]) : 0;
	return netslice_slice_check_owner(v->slice, netslice_nl_owner(info->attrs),
					  nla_get_flag(info->attrs[NETSLICE_A_FORCE]),
					  info->extack);
}

static int netslice_nl_entries_count(struct genl_info *info)
{
	struct nlattr *attr;
	unsigned int n = 0;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem)
		n += nla_type(attr) == NETSLICE_A_ENTRY;
	if (!n)
		return netslice_nl_need(info, NETSLICE_A_ENTRY);
	if (n > NETSLICE_MAX_ENTRIES) {
		NL_SET_ERR_MSG(info->extack, "more than 1024 entries in one request");
		return -E2BIG;
	}
	return n;
}

static int netslice_nl_entries(struct genl_info *info, struct netslice_net *nn, bool to,
			       struct netslice_switch *v)
{
	struct nlattr *attr;
	int rem, err;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != NETSLICE_A_ENTRY)
			continue;
		err = netslice_nl_entry(info, nn, attr, to, v++);
		if (err)
			return err;
	}
	return 0;
}

/* How many changes each slice's generation lacks: one ENTRY for each slice. */
static int netslice_nl_lacks(struct genl_info *info, const struct netslice_switch *v, int n)
{
	struct sk_buff *msg;
	struct nlattr *nest;
	void *header;
	int i;

	msg = netslice_nl_reply_new(info, NETSLICE_CMD_GEN_ROLLBACK, n * 64 + 64, &header);
	if (!msg)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		nest = nla_nest_start(msg, NETSLICE_A_ENTRY);
		if (!nest || nla_put_string(msg, NETSLICE_A_SLICE, v[i].slice->name) ||
		    netslice_nl_put_u64(msg, NETSLICE_A_LACKS, v[i].lacks)) {
			nlmsg_free(msg);
			return -EMSGSIZE;
		}
		nla_nest_end(msg, nest);
	}
	return netslice_nl_reply(info, msg, header);
}

static int netslice_nl_switch(struct genl_info *info, bool to, netslice_nl_switch_fn fn,
			      bool lacks)
{
	struct netslice_nl_ctx ctx;
	struct netslice_switch *v;
	int n, err;

	n = netslice_nl_entries_count(info);
	if (n < 0)
		return n;
	v = kvcalloc(n, sizeof(*v), GFP_KERNEL);
	if (!v)
		return -ENOMEM;
	err = netslice_nl_begin(info, 0, &ctx);
	if (err)
		goto free;
	err = netslice_nl_entries(info, ctx.nn, to, v);
	if (!err)
		err = fn(v, n, info->extack);
	/* It is done: a reply that cannot be sent does not undo it. */
	if (!err && lacks)
		netslice_nl_lacks(info, v, n);
	netslice_nl_end(&ctx);
free:
	kvfree(v);
	return err;
}

int netslice_nl_gen_switch(struct sk_buff *skb, struct genl_info *info)
{
	return netslice_nl_switch(info, true, netslice_gen_switch, false);
}

int netslice_nl_gen_commit(struct sk_buff *skb, struct genl_info *info)
{
	return netslice_nl_switch(info, false, netslice_gen_commit, false);
}

int netslice_nl_gen_rollback(struct sk_buff *skb, struct genl_info *info)
{
	return netslice_nl_switch(info, false, netslice_gen_rollback, true);
}
