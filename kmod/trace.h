/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: a generation became active, a role changed, a packet was dropped. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM netslice

#if !defined(NETSLICE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define NETSLICE_TRACE_H

#include <linux/tracepoint.h>
#include <uapi/linux/netslice.h>

#ifndef NETSLICE_TRACE_ONCE
#define NETSLICE_TRACE_ONCE

/* Names are copied here, by length: __assign_str() differs between kernels. */
static inline void netslice_trace_name(char to[NETSLICE_NAME_LEN], const char *name)
{
	strscpy(to, name, NETSLICE_NAME_LEN);
}

#endif

/* By request, by rollback or by the confirm timer; 0 for no generation. */
TRACE_EVENT(netslice_switch,
	TP_PROTO(const char *slice, u64 from, u64 to),
	TP_ARGS(slice, from, to),
	TP_STRUCT__entry(
		__array(char, slice, NETSLICE_NAME_LEN)
		__field(u64, from)
		__field(u64, to)
	),
	TP_fast_assign(
		netslice_trace_name(__entry->slice, slice);
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("slice=%s from=%llu to=%llu", __entry->slice, __entry->from, __entry->to)
);

TRACE_EVENT(netslice_role,
	TP_PROTO(const char *slice, u8 from, u8 to, u64 fp_term),
	TP_ARGS(slice, from, to, fp_term),
	TP_STRUCT__entry(
		__array(char, slice, NETSLICE_NAME_LEN)
		__field(u8, from)
		__field(u8, to)
		__field(u64, fp_term)
	),
	TP_fast_assign(
		netslice_trace_name(__entry->slice, slice);
		__entry->from = from;
		__entry->to = to;
		__entry->fp_term = fp_term;
	),
	TP_printk("slice=%s from=%u to=%u fp_term=%llu", __entry->slice, __entry->from,
		  __entry->to, __entry->fp_term)
);

/* @port: that it came in by, empty if the Linux stack sent it. @why: enum netslice_counter. */
TRACE_EVENT(netslice_drop,
	TP_PROTO(const char *slice, const char *port, u32 why),
	TP_ARGS(slice, port, why),
	TP_STRUCT__entry(
		__array(char, slice, NETSLICE_NAME_LEN)
		__array(char, port, NETSLICE_NAME_LEN)
		__field(u32, why)
	),
	TP_fast_assign(
		netslice_trace_name(__entry->slice, slice);
		netslice_trace_name(__entry->port, port);
		__entry->why = why;
	),
	TP_printk("slice=%s port=%s why=%s", __entry->slice, __entry->port,
		  __print_symbolic(__entry->why,
			{ NETSLICE_C_TOO_BIG, "too-big" },
			{ NETSLICE_C_DROP_STANDBY, "standby" },
			{ NETSLICE_C_DROP_NO_GENERATION, "no-generation" },
			{ NETSLICE_C_DROP_HEADER, "header" },
			{ NETSLICE_C_DROP_MARTIAN, "martian" },
			{ NETSLICE_C_DROP_NO_ROUTE, "no-route" },
			{ NETSLICE_C_DROP_BLACKHOLE, "blackhole" },
			{ NETSLICE_C_DROP_UNREACHABLE, "unreachable" },
			{ NETSLICE_C_DROP_PROHIBIT, "prohibit" },
			{ NETSLICE_C_DROP_PORT_DOWN, "port-down" },
			{ NETSLICE_C_DROP_NEIGHBOUR, "neighbour" },
			{ NETSLICE_C_DROP_PROGRAM, "program" },
			{ NETSLICE_C_DROP_LOOP, "loop" },
			{ NETSLICE_C_DROP_ROLE, "role" },
			{ NETSLICE_C_DROP_NO_MEMORY, "no-memory" },
			{ NETSLICE_C_DROP_TRANSMIT, "transmit" }))
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
