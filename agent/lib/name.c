// SPDX-License-Identifier: GPL-2.0-or-later
#include "attrs.h"

#define NAMES(table) { table, sizeof(table) / sizeof(*(table)) }

static const char *const roles[] = {
	[NETSLICE_ROLE_STANDBY] = "standby", [NETSLICE_ROLE_READY] = "ready",
	[NETSLICE_ROLE_MASTER] = "master", [NETSLICE_ROLE_DRAINING] = "draining",
};

static const char *const leases[] = {
	[NETSLICE_LEASE_NONE] = "none", [NETSLICE_LEASE_DRAIN] = "drain",
	[NETSLICE_LEASE_RECLAIM] = "reclaim",
};

static const char *const port_kinds[] = {
	[NETSLICE_PORT_LAN] = "lan", [NETSLICE_PORT_ROUTED] = "routed",
};

static const char *const port_states[] = {
	[NETSLICE_PORT_ABSENT] = "absent", [NETSLICE_PORT_DOWN] = "down",
	[NETSLICE_PORT_UP] = "up",
};

static const char *const gen_states[] = {
	[NETSLICE_GEN_BUILDING] = "building", [NETSLICE_GEN_SEALED] = "sealed",
	[NETSLICE_GEN_ACTIVE] = "active", [NETSLICE_GEN_PREVIOUS] = "previous",
};

static const char *const route_types[] = {
	[NETSLICE_ROUTE_UNICAST] = "unicast", [NETSLICE_ROUTE_BLACKHOLE] = "blackhole",
	[NETSLICE_ROUTE_UNREACHABLE] = "unreachable", [NETSLICE_ROUTE_PROHIBIT] = "prohibit",
	[NETSLICE_ROUTE_PUNT] = "punt",
};

static const char *const frames[] = {
	[NETSLICE_FRAME_REFRESH] = "refresh", [NETSLICE_FRAME_MARKER] = "marker",
	[NETSLICE_FRAME_PROBE] = "probe",
};

static const char *const counters[] = {
	[NETSLICE_C_FORWARDED] = "forwarded",
	[NETSLICE_C_FORWARDED_BYTES] = "forwarded-bytes",
	[NETSLICE_C_PUNTED] = "punted",
	[NETSLICE_C_PASSED] = "passed",
	[NETSLICE_C_ANSWERED] = "answered",
	[NETSLICE_C_CONTROL] = "control",
	[NETSLICE_C_LOCAL_OUT] = "local-out",
	[NETSLICE_C_TOO_BIG] = "too-big",
	[NETSLICE_C_FRAGMENTED] = "fragmented",
	[NETSLICE_C_DROP_STANDBY] = "drop-standby",
	[NETSLICE_C_DROP_NO_GENERATION] = "drop-no-generation",
	[NETSLICE_C_DROP_HEADER] = "drop-header",
	[NETSLICE_C_DROP_MARTIAN] = "drop-martian",
	[NETSLICE_C_DROP_NO_ROUTE] = "drop-no-route",
	[NETSLICE_C_DROP_BLACKHOLE] = "drop-blackhole",
	[NETSLICE_C_DROP_UNREACHABLE] = "drop-unreachable",
	[NETSLICE_C_DROP_PROHIBIT] = "drop-prohibit",
	[NETSLICE_C_DROP_PORT_DOWN] = "drop-port-down",
	[NETSLICE_C_DROP_NEIGHBOUR] = "drop-neighbour",
	[NETSLICE_C_DROP_PROGRAM] = "drop-program",
	[NETSLICE_C_DROP_LOOP] = "drop-loop",
	[NETSLICE_C_DROP_ROLE] = "drop-role",
	[NETSLICE_C_DROP_NO_MEMORY] = "drop-no-memory",
	[NETSLICE_C_DROP_TRANSMIT] = "drop-transmit",
};

static const char *const events[] = {
	[NETSLICE_EVENT_SLICE_NEW] = "slice-new",
	[NETSLICE_EVENT_SLICE_DEL] = "slice-del",
	[NETSLICE_EVENT_SLICE_SET] = "slice-set",
	[NETSLICE_EVENT_PORT_ADD] = "port-add",
	[NETSLICE_EVENT_PORT_DEL] = "port-del",
	[NETSLICE_EVENT_PORT_STATE] = "port-state",
	[NETSLICE_EVENT_GATEWAY_ADD] = "gateway-add",
	[NETSLICE_EVENT_GATEWAY_DEL] = "gateway-del",
	[NETSLICE_EVENT_ROUTE_NEW] = "route-new",
	[NETSLICE_EVENT_ROUTE_DEL] = "route-del",
	[NETSLICE_EVENT_GEN_STAGE] = "gen-stage",
	[NETSLICE_EVENT_GEN_SEAL] = "gen-seal",
	[NETSLICE_EVENT_GEN_DROP] = "gen-drop",
	[NETSLICE_EVENT_GEN_SWITCH] = "gen-switch",
	[NETSLICE_EVENT_GEN_COMMIT] = "gen-commit",
	[NETSLICE_EVENT_GEN_ROLLBACK] = "gen-rollback",
	[NETSLICE_EVENT_CONFIRM_EXPIRED] = "confirm-expired",
	[NETSLICE_EVENT_TERM] = "term",
	[NETSLICE_EVENT_ROLE] = "role",
	[NETSLICE_EVENT_LEASE_EXPIRED] = "lease-expired",
	[NETSLICE_EVENT_OUTRANKED] = "outranked",
	[NETSLICE_EVENT_MARKER] = "marker",
	[NETSLICE_EVENT_PROBE] = "probe",
};

static const char *const cmds[] = {
	[NETSLICE_CMD_SLICE_NEW] = "slice-new",
	[NETSLICE_CMD_SLICE_DEL] = "slice-del",
	[NETSLICE_CMD_SLICE_GET] = "slice-get",
	[NETSLICE_CMD_SLICE_SET] = "slice-set",
	[NETSLICE_CMD_PORT_ADD] = "port-add",
	[NETSLICE_CMD_PORT_DEL] = "port-del",
	[NETSLICE_CMD_PORT_GET] = "port-get",
	[NETSLICE_CMD_GATEWAY_ADD] = "gateway-add",
	[NETSLICE_CMD_GATEWAY_DEL] = "gateway-del",
	[NETSLICE_CMD_GATEWAY_GET] = "gateway-get",
	[NETSLICE_CMD_ROUTE_NEW] = "route-new",
	[NETSLICE_CMD_ROUTE_DEL] = "route-del",
	[NETSLICE_CMD_ROUTE_GET] = "route-get",
	[NETSLICE_CMD_GEN_STAGE] = "gen-stage",
	[NETSLICE_CMD_GEN_SEAL] = "gen-seal",
	[NETSLICE_CMD_GEN_DROP] = "gen-drop",
	[NETSLICE_CMD_GEN_GET] = "gen-get",
	[NETSLICE_CMD_DIGEST_GET] = "digest-get",
	[NETSLICE_CMD_GEN_SWITCH] = "gen-switch",
	[NETSLICE_CMD_GEN_COMMIT] = "gen-commit",
	[NETSLICE_CMD_GEN_ROLLBACK] = "gen-rollback",
	[NETSLICE_CMD_TERM_RAISE] = "term-raise",
	[NETSLICE_CMD_ROLE_SET] = "role-set",
	[NETSLICE_CMD_LEASE_SET] = "lease-set",
	[NETSLICE_CMD_MARK] = "mark",
	[NETSLICE_CMD_ANNOUNCE] = "announce",
	[NETSLICE_CMD_STATS_GET] = "stats-get",
	[NETSLICE_CMD_EVENT] = "event",
};

static const struct {
	const char *const *name;
	unsigned int count;
} tables[] = {
	[NSL_ROLE] = NAMES(roles), [NSL_LEASE] = NAMES(leases),
	[NSL_PORT_KIND] = NAMES(port_kinds), [NSL_PORT_STATE] = NAMES(port_states),
	[NSL_GEN_STATE] = NAMES(gen_states), [NSL_ROUTE_TYPE] = NAMES(route_types),
	[NSL_FRAME] = NAMES(frames), [NSL_COUNTER] = NAMES(counters),
	[NSL_EVENT] = NAMES(events), [NSL_CMD] = NAMES(cmds),
};

_Static_assert(sizeof(counters) / sizeof(*counters) == __NETSLICE_C_MAX, "counter without name");
_Static_assert(sizeof(events) / sizeof(*events) == __NETSLICE_EVENT_MAX, "event without name");
_Static_assert(sizeof(cmds) / sizeof(*cmds) == __NETSLICE_CMD_MAX, "command without name");

static const char *name_or_null(enum nsl_names table, unsigned int value)
{
	if (table == NSL_ATTR)
		return nsl_attr_spec(value) ? nsl_attr_spec(value)->name : NULL;
	return value < tables[table].count ? tables[table].name[value] : NULL;
}

/**
 * nsl_name - the name of a number
 * @table: of what
 * @value: the number
 *
 * Return: its name, "?" for one that this library does not know.
 */
const char *nsl_name(enum nsl_names table, unsigned int value)
{
	const char *name = name_or_null(table, value);

	return name ? name : "?";
}

/**
 * nsl_value - the number of a name
 * @table: of what
 * @name: exactly
 *
 * Return: the number or -1.
 */
int nsl_value(enum nsl_names table, const char *name)
{
	unsigned int count = table == NSL_ATTR ? __NETSLICE_A_MAX : tables[table].count, i;

	for (i = 0; i < count; i++)
		if (name_or_null(table, i) && !strcmp(name_or_null(table, i), name))
			return (int)i;
	return -1;
}
