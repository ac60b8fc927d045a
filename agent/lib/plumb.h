/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What surrounds the family's own requests, so that slices work as DESIGN says:
 * the VRF with its default routes, the slice device in it, ports that join the
 * VRF first and have the right settings, virtual addresses on the slice device.
 * Each function undoes what it did when a later step of it fails.
 *
 * Synchronous, as rtnl.h is; sysctls are those of the calling thread's network
 * namespace, which must be that of the two sockets.
 */
#ifndef NSL_PLUMB_H
#define NSL_PLUMB_H

#include "netslice.h"
#include "rtnl.h"

struct nsl_plumb {
	struct nsl_client *client;
	struct nsl_rtnl *rtnl;
};

int nsl_plumb_open(struct nsl_plumb *p, const char *netns, struct nsl_err *err);
void nsl_plumb_close(struct nsl_plumb *p);

void nsl_plumb_vrf_name(const char *slice, char name[IFNAMSIZ]);

int nsl_plumb_slice_add(struct nsl_plumb *p, const struct nsl_attrs *slice, const char *vrf,
			struct nsl_err *err);
int nsl_plumb_slice_del(struct nsl_plumb *p, const struct nsl_attrs *slice,
			struct nsl_err *err);

int nsl_plumb_port_add(struct nsl_plumb *p, const struct nsl_attrs *port, const char *device,
		       struct nsl_err *err);
int nsl_plumb_port_del(struct nsl_plumb *p, const struct nsl_attrs *port,
		       struct nsl_err *err);

int nsl_plumb_gateway_add(struct nsl_plumb *p, const struct nsl_attrs *gateway,
			  struct nsl_err *err);
int nsl_plumb_gateway_del(struct nsl_plumb *p, const struct nsl_attrs *gateway,
			  struct nsl_err *err);

/* Settings alone, for a daemon that finds a slice standing. */
int nsl_plumb_port_sysctls(const char *device, struct nsl_err *err);

#endif /* NSL_PLUMB_H */
