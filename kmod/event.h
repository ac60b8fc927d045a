/* SPDX-License-Identifier: GPL-2.0-only */
/* Notifications to the multicast group. */
#ifndef NETSLICE_EVENT_H
#define NETSLICE_EVENT_H

#include <linux/types.h>

#include <uapi/linux/netslice.h>

struct netslice_port;
struct netslice_route_spec;
struct netslice_slice;
struct netslice_vip;

/**
 * struct netslice_event_info - what an event is about; unused members are zero
 * @port: of PORT_*, GATEWAY_*, MARKER, PROBE
 * @vip: of GATEWAY_*
 * @gen: number of a generation
 * @cookie, @fp_term: of MARKER, PROBE
 * @marker_count, @marker_total: of MARKER
 * @routes, @nroutes: of ROUTE_*
 */
struct netslice_event_info {
	const struct netslice_port *port;
	const struct netslice_vip *vip;
	u64 gen;
	u64 cookie;
	u64 fp_term;
	u16 marker_count;
	u16 marker_total;
	const struct netslice_route_spec *routes;
	unsigned int nroutes;
};

/**
 * netslice_event() - tell those who listen
 * @slice: whose event it is; its terms, role, active generation and seq go along
 * @event: what happened
 * @info: may be NULL
 * @gfp: GFP_ATOMIC in softirq and under spinlocks
 *
 * Context: any but with role_lock held. Costs nothing when nobody listens.
 */
void netslice_event(struct netslice_slice *slice, enum netslice_event event,
		    const struct netslice_event_info *info, gfp_t gfp);

#endif
