// SPDX-License-Identifier: GPL-2.0-only
/* Requests about slices. */
#include <linux/rtnetlink.h>

#include "event.h"
#include "generation.h"
#include "netns.h"
#include "nl.h"
#include "role.h"
#include "slice.h"

static u64 netslice_nl_u64_or(struct nlattr *attr, u64 otherwise)
{
	return attr ? nla_get_u64(attr) : otherwise;
}

int netslice_nl_slice_new(struct sk_buff *skb, struct genl_info *info)
{
	struct netslice_slice_spec spec = {
		.owner = netslice_nl_owner(info->attrs),
		.cp_term = netslice_nl_u64_or(info->attrs[NETSLICE_A_CP_TERM], 0),
		.fp_term = netslice_nl_u64_or(info->attrs[NETSLICE_A_FP_TERM], 0),
		.gen_first = netslice_nl_u64_or(info->attrs[NETSLICE_A_GEN_FIRST], 1),
	};
	struct netslice_nl_ctx ctx;
	int err;

	err = netslice_nl_need(info, NETSLICE_A_SLICE);
	if (err)
		return err;
	spec.name = nla_data(info->attrs[NETSLICE_A_SLICE]);
	err = netslice_nl_begin(info, NETSLICE_NL_RTNL, &ctx);
	if (err)
		return err;
	mutex_unlock(&ctx.nn->lock);
	err = netslice_slice_create(ctx.nn, &spec, info->extack);
	mutex_lock(&ctx.nn->lock);
	netslice_nl_end(&ctx);
	return err;
}

int netslice_nl_slice_del(struct sk_buff *skb, struct genl_info *info)
{
	struct netslice_nl_ctx ctx;
	LIST_HEAD(kill);
	int err;

	err = netslice_nl_begin(info, NETSLICE_NL_RTNL | NETSLICE_NL_CHANGE, &ctx);
	if (err)
		return err;
	/* The slice stays: only rtnl_lock() holders remove one. */
	mutex_unlock(&ctx.nn->lock);
	netslice_slice_destroy(ctx.slice, &kill);
	unregister_netdevice_many(&kill);
	mutex_lock(&ctx.nn->lock);
	netslice_nl_end(&ctx);
	return 0;
}

static void netslice_nl_slice_timing(struct netslice_slice *slice, struct nlattr **attrs)
{
	spin_lock_bh(&slice->role_lock);
	if (attrs[NETSLICE_A_REFRESH_MS])
		slice->refresh_ms = nla_get_u32(attrs[NETSLICE_A_REFRESH_MS]);
	if (attrs[NETSLICE_A_ANNOUNCE_COUNT])
		slice->announce_count = nla_get_u32(attrs[NETSLICE_A_ANNOUNCE_COUNT]);
	if (attrs[NETSLICE_A_ANNOUNCE_MS])
		slice->announce_ms = nla_get_u32(attrs[NETSLICE_A_ANNOUNCE_MS]);
	spin_unlock_bh(&slice->role_lock);
}

int netslice_nl_slice_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *owner = info->attrs[NETSLICE_A_NEW_OWNER];
	struct netslice_nl_ctx ctx;
	int err;

	err = netslice_nl_begin(info, NETSLICE_NL_CHANGE, &ctx);
	if (err)
		return err;
	netslice_nl_slice_timing(ctx.slice, info->attrs);
	if (owner)
		nla_strscpy(ctx.slice->owner, owner, sizeof(ctx.slice->owner));
	netslice_event(ctx.slice, NETSLICE_EVENT_SLICE_SET, NULL, GFP_KERNEL);
	netslice_nl_end(&ctx);
	return 0;
}

static int netslice_nl_slice_put_role(struct sk_buff *skb, struct netslice_slice *slice)
{
	struct netslice_role_state role;

	netslice_role_look(slice, &role);
	if (nla_put_u8(skb, NETSLICE_A_ROLE, role.role) ||
	    (role.answer && nla_put_flag(skb, NETSLICE_A_ANSWER)) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_CP_TERM, slice->cp_term) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_FP_TERM, role.fp_term))
		return -EMSGSIZE;
	if (role.lease_action != NETSLICE_LEASE_NONE &&
	    (nla_put_u32(skb, NETSLICE_A_LEASE_MS, role.lease_ms) ||
	     nla_put_u8(skb, NETSLICE_A_LEASE_ACTION, role.lease_action)))
		return -EMSGSIZE;
	return 0;
}

static int netslice_nl_slice_put_gen(struct sk_buff *skb, struct netslice_slice *slice)
{
	const struct netslice_generation *active = netslice_gen_find(slice, 0);
	u32 confirm = netslice_gen_confirm_left(slice);

	if (active && netslice_nl_put_u64(skb, NETSLICE_A_GEN, active->id))
		return -EMSGSIZE;
	if (confirm && nla_put_u32(skb, NETSLICE_A_CONFIRM_MS, confirm))
		return -EMSGSIZE;
	if (netslice_nl_put_u64(skb, NETSLICE_A_GEN_FIRST, slice->gen_last + 1) ||
	    netslice_nl_put_u64(skb, NETSLICE_A_SEQ, slice->seq))
		return -EMSGSIZE;
	return 0;
}

static int netslice_nl_slice_put(struct sk_buff *skb, struct netslice_slice *slice)
{
	const struct net_device *dev;
	int vrf;

	/* Asked for once: the slice device may leave its VRF meanwhile. */
	rcu_read_lock();
	dev = netdev_master_upper_dev_get_rcu(slice->dev);
	vrf = dev ? dev->ifindex : 0;
	rcu_read_unlock();
	if (nla_put_string(skb, NETSLICE_A_SLICE, slice->name) ||
	    nla_put_u32(skb, NETSLICE_A_SLICE_IFINDEX, slice->dev->ifindex) ||
	    nla_put_u32(skb, NETSLICE_A_VRF_IFINDEX, vrf) ||
	    nla_put_string(skb, NETSLICE_A_OWNER, slice->owner) ||
	    nla_put_u32(skb, NETSLICE_A_REFRESH_MS, READ_ONCE(slice->refresh_ms)) ||
	    nla_put_u32(skb, NETSLICE_A_ANNOUNCE_COUNT, READ_ONCE(slice->announce_count)) ||
	    nla_put_u32(skb, NETSLICE_A_ANNOUNCE_MS, READ_ONCE(slice->announce_ms)))
		return -EMSGSIZE;
	if (netslice_nl_slice_put_role(skb, slice))
		return -EMSGSIZE;
	return netslice_nl_slice_put_gen(skb, slice);
}

int netslice_nl_slice_get(struct sk_buff *skb, struct genl_info *info)
{
	struct netslice_nl_ctx ctx;
	struct sk_buff *msg;
	void *header;
	int err;

	msg = netslice_nl_reply_new(info, NETSLICE_CMD_SLICE_GET, NLMSG_DEFAULT_SIZE, &header);
	if (!msg)
		return -ENOMEM;
	err = netslice_nl_begin(info, NETSLICE_NL_SLICE, &ctx);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	err = netslice_nl_slice_put(msg, ctx.slice);
	netslice_nl_end(&ctx);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return netslice_nl_reply(info, msg, header);
}

static int netslice_nl_slice_fill(struct sk_buff *skb, struct netlink_callback *cb,
				  struct netslice_slice *slice, unsigned long *item)
{
	void *header = netslice_nl_dump_put(skb, cb, NETSLICE_CMD_SLICE_GET);

	if (!header)
		return -EMSGSIZE;
	if (netslice_nl_slice_put(skb, slice)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

int netslice_nl_slice_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return netslice_nl_dump(skb, cb, netslice_nl_slice_fill);
}
