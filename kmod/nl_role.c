// SPDX-License-Identifier: GPL-2.0-only
/* Requests about terms, roles, leases, and the frames between nodes. */
#include <linux/netdevice.h>
#include <linux/timekeeping.h>

#include "gateway.h"
#include "netns.h"
#include "nl.h"
#include "port.h"
#include "role.h"
#include "slice.h"

/* A term that is to be raised: [0] what it must be now, [1] what it is to become. */
static int netslice_nl_term(struct genl_info *info, int attr, int expect, u64 term[2],
			    const u64 **raise)
{
	struct nlattr *a = info->attrs[attr], *e = info->attrs[expect];

	*raise = NULL;
	if (!a && !e)
		return 0;
	if (netslice_nl_need(info, attr) || netslice_nl_need(info, expect))
		return -EINVAL;
	term[0] = nla_get_u64(e);
	term[1] = nla_get_u64(a);
	*raise = term;
	return 0;
}

int netslice_nl_term_raise(struct sk_buff *skb, struct genl_info *info)
{
	const u64 *raise_cp, *raise_fp;
	struct netslice_nl_ctx ctx;
	u64 cp[2], fp[2];
	int err;

	err = netslice_nl_term(info, NETSLICE_A_CP_TERM, NETSLICE_A_CP_TERM_EXPECT, cp, &raise_cp);
	if (!err)
		err = netslice_nl_term(info, NETSLICE_A_FP_TERM, NETSLICE_A_FP_TERM_EXPECT, fp,
				       &raise_fp);
	if (err)
		return err;
	if (!raise_cp && !raise_fp) {
		NL_SET_ERR_MSG(info->extack, "neither CP_TERM nor FP_TERM is there to be raised");
		return -EINVAL;
	}
	err = netslice_nl_begin(info, NETSLICE_NL_CHANGE, &ctx);
	if (err)
		return err;
	err = netslice_term_raise(ctx.slice, raise_cp, raise_fp, info->extack);
	netslice_nl_end(&ctx);
	return err;
}

/* What the request says of the lease: LEASE_MS from now, or LEASE_UNTIL. */
static int netslice_nl_lease(struct genl_info *info, struct netslice_lease_change *lease)
{
	struct nlattr *ms = info->attrs[NETSLICE_A_LEASE_MS];
	struct nlattr *until = info->attrs[NETSLICE_A_LEASE_UNTIL];
	struct nlattr *action = info->attrs[NETSLICE_A_LEASE_ACTION];
	struct nlattr *expect = info->attrs[NETSLICE_A_LEASE_EXPECT];

	lease->keep = nla_get_flag(info->attrs[NETSLICE_A_LEASE_KEEP]);
	lease->action = action ? nla_get_u8(action) : NETSLICE_LEASE_NONE;
	lease->check = expect;
	lease->expect = expect ? nla_get_u8(expect) : NETSLICE_LEASE_NONE;
	if ((ms && until) || (lease->keep && (ms || until || action))) {
		NL_SET_ERR_MSG_ATTR(info->extack, ms ? ms : until,
				    "only one of LEASE_MS, LEASE_UNTIL and LEASE_KEEP");
		return -EINVAL;
	}
	if (ms && nla_get_u32(ms))
		lease->until = ktime_add_ms(ktime_get_boottime(), nla_get_u32(ms));
	if (until)
		lease->until = nla_get_u64(until);
	if (lease->until || lease->action == NETSLICE_LEASE_NONE)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, action, "a lease action needs a time");
	return -EINVAL;
}

static int netslice_nl_role_change(struct genl_info *info, struct netslice_role_change *change)
{
	static const int needed[] = {
		NETSLICE_A_FP_TERM, NETSLICE_A_ROLE, NETSLICE_A_ROLE_EXPECT,
	};
	struct nlattr **attrs = info->attrs;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(needed); i++)
		if (netslice_nl_need(info, needed[i]))
			return -EINVAL;
	change->fp_term = nla_get_u64(attrs[NETSLICE_A_FP_TERM]);
	change->role = nla_get_u8(attrs[NETSLICE_A_ROLE]);
	change->expect = nla_get_u8(attrs[NETSLICE_A_ROLE_EXPECT]);
	change->answer = nla_get_flag(attrs[NETSLICE_A_ANSWER]);
	if (attrs[NETSLICE_A_FP_TERM_NEW])
		change->fp_term_new = nla_get_u64(attrs[NETSLICE_A_FP_TERM_NEW]);
	if (attrs[NETSLICE_A_NOT_AFTER])
		change->not_after = nla_get_u64(attrs[NETSLICE_A_NOT_AFTER]);
	return netslice_nl_lease(info, &change->lease);
}

int netslice_nl_role_set(struct sk_buff *skb, struct genl_info *info)
{
	struct netslice_role_change change = {};
	struct netslice_nl_ctx ctx;
	int err;

	err = netslice_nl_role_change(info, &change);
	if (err)
		return err;
	err = netslice_nl_begin(info, NETSLICE_NL_CHANGE, &ctx);
	if (err)
		return err;
	err = netslice_role_set(ctx.slice, &change, info->extack);
	netslice_nl_end(&ctx);
	/* The answer is evidence: no CPU acts in the old role any more. */
	if (!err)
		synchronize_net();
	return err;
}

int netslice_nl_lease_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *expect = info->attrs[NETSLICE_A_ROLE_EXPECT];
	struct netslice_lease_change lease = {};
	struct netslice_nl_ctx ctx;
	u8 role;
	int err;

	err = netslice_nl_need(info, NETSLICE_A_FP_TERM);
	if (!err && !info->attrs[NETSLICE_A_LEASE_UNTIL])
		err = netslice_nl_need(info, NETSLICE_A_LEASE_MS);
	if (!err)
		err = netslice_nl_lease(info, &lease);
	if (!err)
		err = netslice_nl_begin(info, NETSLICE_NL_CHANGE, &ctx);
	if (err)
		return err;
	role = expect ? nla_get_u8(expect) : 0;
	err = netslice_lease_set(ctx.slice, nla_get_u64(info->attrs[NETSLICE_A_FP_TERM]),
				 expect ? &role : NULL, &lease, info->extack);
	netslice_nl_end(&ctx);
	return err;
}

static int netslice_nl_fp_term(struct genl_info *info, struct netslice_slice *slice,
			       struct netslice_role_state *state)
{
	int err;

	err = netslice_nl_need(info, NETSLICE_A_FP_TERM);
	if (err)
		return err;
	netslice_role_look(slice, state);
	if (state->fp_term == nla_get_u64(info->attrs[NETSLICE_A_FP_TERM]))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[NETSLICE_A_FP_TERM],
			    "the slice's fp-term is another");
	return -ESTALE;
}

static int netslice_nl_mark_send(struct genl_info *info, struct netslice_slice *slice)
{
	struct nlattr *name = info->attrs[NETSLICE_A_PORT];
	struct netslice_role_state state;
	struct netslice_port *port = NULL;
	int err;

	err = netslice_nl_fp_term(info, slice, &state);
	if (err)
		return err;
	if (name) {
		port = netslice_port_find(slice, nla_data(name));
		if (!port) {
			NL_SET_ERR_MSG_ATTR(info->extack, name,
					    "the slice has no port of that name");
			return -ENOENT;
		}
	}
	local_bh_disable();
	rcu_read_lock();
	err = netslice_frame_mark(slice, port, nla_get_u8(info->attrs[NETSLICE_A_MARK_KIND]),
				  state.fp_term, nla_get_u64(info->attrs[NETSLICE_A_COOKIE]));
	rcu_read_unlock();
	local_bh_enable();
	if (err)
		return err < 0 ? err : 0;
	NL_SET_ERR_MSG(info->extack, "no lan port of the slice is up");
	return -ENETDOWN;
}

int netslice_nl_mark(struct sk_buff *skb, struct genl_info *info)
{
	struct netslice_nl_ctx ctx;
	int err;

	err = netslice_nl_need(info, NETSLICE_A_MARK_KIND);
	if (!err)
		err = netslice_nl_need(info, NETSLICE_A_COOKIE);
	if (!err)
		err = netslice_nl_begin(info, NETSLICE_NL_CHANGE, &ctx);
	if (err)
		return err;
	err = netslice_nl_mark_send(info, ctx.slice);
	netslice_nl_end(&ctx);
	return err;
}

static int netslice_nl_announce_again(struct genl_info *info, struct netslice_slice *slice)
{
	struct netslice_role_state state;
	bool master;
	int err;

	err = netslice_nl_fp_term(info, slice, &state);
	if (err)
		return err;
	spin_lock_bh(&slice->role_lock);
	master = slice->role == NETSLICE_ROLE_MASTER;
	if (master)
		netslice_announce_start(slice);
	spin_unlock_bh(&slice->role_lock);
	if (master)
		return 0;
	NL_SET_ERR_MSG(info->extack, "only the FP master announces");
	return -EPERM;
}

int netslice_nl_announce(struct sk_buff *skb, struct genl_info *info)
{
	struct netslice_nl_ctx ctx;
	int err;

	err = netslice_nl_begin(info, NETSLICE_NL_CHANGE, &ctx);
	if (err)
		return err;
	err = netslice_nl_announce_again(info, ctx.slice);
	netslice_nl_end(&ctx);
	return err;
}
