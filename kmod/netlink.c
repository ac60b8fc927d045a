// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: what each request may carry. Policies do the
 * checking; an attribute that a policy does not name is refused.
 */
#include <linux/module.h>
#include <net/genetlink.h>

#include "netlink.h"
#include "nl.h"

#define NETSLICE_P_NAME		{ .type = NLA_NUL_STRING, .len = NETSLICE_NAME_LEN - 1 }
#define NETSLICE_P_ADDRESS	NLA_POLICY_RANGE(NLA_BINARY, 4, 16)

static struct netlink_range_validation netslice_nl_ifindex = { .min = 1, .max = S32_MAX };
static struct netlink_range_validation netslice_nl_fd = { .max = S32_MAX };

static struct netlink_range_validation netslice_nl_ktime = { .min = 1, .max = KTIME_MAX };

/* Who asks, and for which slice. */
#define NETSLICE_P_WHO \
	[NETSLICE_A_SLICE] = NETSLICE_P_NAME, \
	[NETSLICE_A_OWNER] = NETSLICE_P_NAME, \
	[NETSLICE_A_FORCE] = { .type = NLA_FLAG }

static const struct nla_policy netslice_nl_get_policy[NETSLICE_A_MAX + 1] = {
	[NETSLICE_A_SLICE] = NETSLICE_P_NAME,
	[NETSLICE_A_PORT] = NETSLICE_P_NAME,
};

static const struct nla_policy netslice_nl_slice_new_policy[NETSLICE_A_MAX + 1] = {
	[NETSLICE_A_SLICE] = NETSLICE_P_NAME,
	[NETSLICE_A_OWNER] = NETSLICE_P_NAME,
	[NETSLICE_A_GEN_FIRST] = NLA_POLICY_MIN(NLA_U64, 1),
	[NETSLICE_A_CP_TERM] = { .type = NLA_U64 },
	[NETSLICE_A_FP_TERM] = { .type = NLA_U64 },
};

static const struct nla_policy netslice_nl_who_policy[NETSLICE_A_MAX + 1] = {
	NETSLICE_P_WHO,
};

static const struct nla_policy netslice_nl_slice_set_policy[NETSLICE_A_MAX + 1] = {
	NETSLICE_P_WHO,
	[NETSLICE_A_NEW_OWNER] = NETSLICE_P_NAME,
	[NETSLICE_A_REFRESH_MS] = NLA_POLICY_RANGE(NLA_U32, 100, 10000),
	[NETSLICE_A_ANNOUNCE_COUNT] = NLA_POLICY_RANGE(NLA_U32, 1, 100),
	[NETSLICE_A_ANNOUNCE_MS] = NLA_POLICY_RANGE(NLA_U32, 5, 1000),
};

static const struct nla_policy netslice_nl_port_policy[NETSLICE_A_MAX + 1] = {
	NETSLICE_P_WHO,
	[NETSLICE_A_PORT] = NETSLICE_P_NAME,
	[NETSLICE_A_IFINDEX] = NLA_POLICY_FULL_RANGE(NLA_U32, &netslice_nl_ifindex),
	[NETSLICE_A_PORT_KIND] = NLA_POLICY_MAX(NLA_U8, NETSLICE_PORT_KIND_MAX),
	[NETSLICE_A_VMAC] = NLA_POLICY_EXACT_LEN(ETH_ALEN),
	[NETSLICE_A_BYPASS_NETFILTER] = { .type = NLA_FLAG },
};

static const struct nla_policy netslice_nl_gateway_policy[NETSLICE_A_MAX + 1] = {
	NETSLICE_P_WHO,
	[NETSLICE_A_PORT] = NETSLICE_P_NAME,
	[NETSLICE_A_ADDRESS] = NETSLICE_P_ADDRESS,
};

static const struct nla_policy netslice_nl_route_change_policy[NETSLICE_A_MAX + 1] = {
	NETSLICE_P_WHO,
	[NETSLICE_A_CP_TERM] = { .type = NLA_U64 },
	[NETSLICE_A_GEN] = { .type = NLA_U64 },
	[NETSLICE_A_ROUTE] = NLA_POLICY_NESTED(netslice_nl_route_policy),
	[NETSLICE_A_ROUTE_FLAGS] = NLA_POLICY_MASK(NLA_U32, NETSLICE_ROUTE_F_CREATE |
						   NETSLICE_ROUTE_F_REPLACE),
};

static const struct nla_policy netslice_nl_route_get_policy[NETSLICE_A_MAX + 1] = {
	[NETSLICE_A_SLICE] = NETSLICE_P_NAME,
	[NETSLICE_A_GEN] = { .type = NLA_U64 },
	[NETSLICE_A_FAMILY] = { .type = NLA_U8 },
	[NETSLICE_A_ADDRESS] = NETSLICE_P_ADDRESS,
};

static const struct nla_policy netslice_nl_gen_policy[NETSLICE_A_MAX + 1] = {
	NETSLICE_P_WHO,
	[NETSLICE_A_CP_TERM] = { .type = NLA_U64 },
	[NETSLICE_A_GEN] = NLA_POLICY_MIN(NLA_U64, 1),
	[NETSLICE_A_GEN_COPY] = { .type = NLA_FLAG },
	[NETSLICE_A_RELEASE] = { .type = NLA_NUL_STRING, .len = NETSLICE_RELEASE_LEN - 1 },
	[NETSLICE_A_SCHEMA] = { .type = NLA_U32 },
	[NETSLICE_A_PROG_FD] = NLA_POLICY_FULL_RANGE(NLA_U32, &netslice_nl_fd),
	[NETSLICE_A_ROUTES4] = { .type = NLA_U32 },
	[NETSLICE_A_ROUTES6] = { .type = NLA_U32 },
	[NETSLICE_A_DIGEST] = NLA_POLICY_EXACT_LEN(NETSLICE_DIGEST_LEN),
};

static const struct nla_policy netslice_nl_digest_policy[NETSLICE_A_MAX + 1] = {
	[NETSLICE_A_SLICE] = NETSLICE_P_NAME,
	[NETSLICE_A_GEN] = { .type = NLA_U64 },
	[NETSLICE_A_BUCKET_FIRST] = { .type = NLA_U32 },
	[NETSLICE_A_BUCKET_COUNT] = { .type = NLA_U32 },
};

const struct nla_policy netslice_nl_entry_policy[NETSLICE_A_MAX + 1] = {
	[NETSLICE_A_SLICE] = NETSLICE_P_NAME,
	[NETSLICE_A_CP_TERM] = { .type = NLA_U64 },
	[NETSLICE_A_GEN] = NLA_POLICY_MIN(NLA_U64, 1),
	[NETSLICE_A_GEN_EXPECT] = { .type = NLA_U64 },
	[NETSLICE_A_CONFIRM_MS] = { .type = NLA_U32 },
};

static const struct nla_policy netslice_nl_switch_policy[NETSLICE_A_MAX + 1] = {
	[NETSLICE_A_OWNER] = NETSLICE_P_NAME,
	[NETSLICE_A_FORCE] = { .type = NLA_FLAG },
	[NETSLICE_A_ENTRY] = NLA_POLICY_NESTED(netslice_nl_entry_policy),
};

static const struct nla_policy netslice_nl_role_policy[NETSLICE_A_MAX + 1] = {
	NETSLICE_P_WHO,
	[NETSLICE_A_CP_TERM] = { .type = NLA_U64 },
	[NETSLICE_A_CP_TERM_EXPECT] = { .type = NLA_U64 },
	[NETSLICE_A_FP_TERM] = { .type = NLA_U64 },
	[NETSLICE_A_FP_TERM_EXPECT] = { .type = NLA_U64 },
	[NETSLICE_A_ROLE] = NLA_POLICY_MAX(NLA_U8, NETSLICE_ROLE_MAX),
	[NETSLICE_A_ROLE_EXPECT] = NLA_POLICY_MAX(NLA_U8, NETSLICE_ROLE_MAX),
	[NETSLICE_A_ANSWER] = { .type = NLA_FLAG },
	[NETSLICE_A_LEASE_MS] = { .type = NLA_U32 },
	[NETSLICE_A_LEASE_ACTION] = NLA_POLICY_MAX(NLA_U8, NETSLICE_LEASE_MAX),
	[NETSLICE_A_LEASE_UNTIL] = NLA_POLICY_FULL_RANGE(NLA_U64, &netslice_nl_ktime),
	[NETSLICE_A_LEASE_EXPECT] = NLA_POLICY_MAX(NLA_U8, NETSLICE_LEASE_MAX),
	[NETSLICE_A_LEASE_KEEP] = { .type = NLA_FLAG },
	[NETSLICE_A_NOT_AFTER] = NLA_POLICY_FULL_RANGE(NLA_U64, &netslice_nl_ktime),
	[NETSLICE_A_FP_TERM_NEW] = NLA_POLICY_MIN(NLA_U64, 1),
};

static const struct nla_policy netslice_nl_mark_policy[NETSLICE_A_MAX + 1] = {
	NETSLICE_P_WHO,
	[NETSLICE_A_FP_TERM] = { .type = NLA_U64 },
	[NETSLICE_A_PORT] = NETSLICE_P_NAME,
	[NETSLICE_A_MARK_KIND] = NLA_POLICY_RANGE(NLA_U8, NETSLICE_FRAME_MARKER,
						  NETSLICE_FRAME_PROBE),
	[NETSLICE_A_COOKIE] = { .type = NLA_U64 },
};

/*
 * Changes are for who may administer the network namespace, which an
 * unprivileged user may own; what may be looked at, anybody may look at.
 */
#define NETSLICE_OP_CHANGE(command, handler, attrs) { \
	.cmd = NETSLICE_CMD_##command, \
	.doit = netslice_nl_##handler, \
	.policy = attrs, \
	.maxattr = NETSLICE_A_MAX, \
	.flags = GENL_UNS_ADMIN_PERM, \
}

#define NETSLICE_OP_DUMP(command, handler, attrs) { \
	.cmd = NETSLICE_CMD_##command, \
	.dumpit = netslice_nl_##handler##_dump, \
	.policy = attrs, \
	.maxattr = NETSLICE_A_MAX, \
}

static const struct genl_ops netslice_nl_ops[] = {
	NETSLICE_OP_CHANGE(SLICE_NEW, slice_new, netslice_nl_slice_new_policy),
	NETSLICE_OP_CHANGE(SLICE_DEL, slice_del, netslice_nl_who_policy),
	{
		.cmd = NETSLICE_CMD_SLICE_GET,
		.doit = netslice_nl_slice_get,
		.dumpit = netslice_nl_slice_dump,
		.policy = netslice_nl_get_policy,
		.maxattr = NETSLICE_A_MAX,
	},
	NETSLICE_OP_CHANGE(SLICE_SET, slice_set, netslice_nl_slice_set_policy),
	NETSLICE_OP_CHANGE(PORT_ADD, port_add, netslice_nl_port_policy),
	NETSLICE_OP_CHANGE(PORT_DEL, port_del, netslice_nl_port_policy),
	NETSLICE_OP_DUMP(PORT_GET, port, netslice_nl_get_policy),
	NETSLICE_OP_CHANGE(GATEWAY_ADD, gateway_add, netslice_nl_gateway_policy),
	NETSLICE_OP_CHANGE(GATEWAY_DEL, gateway_del, netslice_nl_gateway_policy),
	NETSLICE_OP_DUMP(GATEWAY_GET, gateway, netslice_nl_get_policy),
	NETSLICE_OP_CHANGE(ROUTE_NEW, route_new, netslice_nl_route_change_policy),
	NETSLICE_OP_CHANGE(ROUTE_DEL, route_del, netslice_nl_route_change_policy),
	{
		.cmd = NETSLICE_CMD_ROUTE_GET,
		.doit = netslice_nl_route_get,
		.dumpit = netslice_nl_route_dump,
		.policy = netslice_nl_route_get_policy,
		.maxattr = NETSLICE_A_MAX,
	},
	NETSLICE_OP_CHANGE(GEN_STAGE, gen_stage, netslice_nl_gen_policy),
	NETSLICE_OP_CHANGE(GEN_SEAL, gen_seal, netslice_nl_gen_policy),
	NETSLICE_OP_CHANGE(GEN_DROP, gen_drop, netslice_nl_gen_policy),
	NETSLICE_OP_DUMP(GEN_GET, gen, netslice_nl_get_policy),
	{
		.cmd = NETSLICE_CMD_DIGEST_GET,
		.doit = netslice_nl_digest_get,
		.policy = netslice_nl_digest_policy,
		.maxattr = NETSLICE_A_MAX,
	},
	NETSLICE_OP_CHANGE(GEN_SWITCH, gen_switch, netslice_nl_switch_policy),
	NETSLICE_OP_CHANGE(GEN_COMMIT, gen_commit, netslice_nl_switch_policy),
	NETSLICE_OP_CHANGE(GEN_ROLLBACK, gen_rollback, netslice_nl_switch_policy),
	NETSLICE_OP_CHANGE(TERM_RAISE, term_raise, netslice_nl_role_policy),
	NETSLICE_OP_CHANGE(ROLE_SET, role_set, netslice_nl_role_policy),
	NETSLICE_OP_CHANGE(LEASE_SET, lease_set, netslice_nl_role_policy),
	NETSLICE_OP_CHANGE(MARK, mark, netslice_nl_mark_policy),
	NETSLICE_OP_CHANGE(ANNOUNCE, announce, netslice_nl_mark_policy),
	NETSLICE_OP_DUMP(STATS_GET, stats, netslice_nl_get_policy),
};

static const struct genl_multicast_group netslice_nl_groups[] = {
	{ .name = NETSLICE_MCGRP_EVENTS },
};

struct genl_family netslice_genl_family __ro_after_init = {
	.name = NETSLICE_GENL_NAME,
	.version = NETSLICE_GENL_VERSION,
	.maxattr = NETSLICE_A_MAX,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = netslice_nl_ops,
	.n_ops = ARRAY_SIZE(netslice_nl_ops),
	.mcgrps = netslice_nl_groups,
	.n_mcgrps = ARRAY_SIZE(netslice_nl_groups),
};

/**
 * netslice_netlink_init() - register the family
 *
 * Context: module init, last: from then on requests arrive.
 * Return: 0 or an error.
 */
int __init netslice_netlink_init(void)
{
	return genl_register_family(&netslice_genl_family);
}

/**
 * netslice_netlink_exit() - no request is under way afterwards
 *
 * Context: module exit, first.
 */
void netslice_netlink_exit(void)
{
	genl_unregister_family(&netslice_genl_family);
}
