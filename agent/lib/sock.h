/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink sockets that know the family. Internal to the library. */
#ifndef NSL_SOCK_H
#define NSL_SOCK_H

#include <libmnl/libmnl.h>

#include "netslice.h"

#define NSL_RECV_SIZE	65536

/**
 * struct nsl_sock - a generic netlink socket
 * @nl: the socket, NULL when closed
 * @family: id of the family
 * @group: id of its multicast group of events
 */
struct nsl_sock {
	struct mnl_socket *nl;
	uint16_t family;
	uint32_t group;
};

int nsl_sock_open(struct nsl_sock *s, int bus, const char *netns, struct nsl_err *err);
int nsl_sock_family(struct nsl_sock *s, struct nsl_err *err);
void nsl_sock_close(struct nsl_sock *s);

#endif /* NSL_SOCK_H */
