/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes within messages. Internal to the library. */
#ifndef NSL_ROUTE_H
#define NSL_ROUTE_H

#include "attr.h"
#include "netslice.h"

/* No route takes more: 32 members of 4 + 20 + 20 + 8 bytes, and the rest. */
#define NSL_ROUTE_ATTRS_MAX	2048

int nsl_route_encode(struct nlmsghdr *nlh, size_t size, const struct nsl_route *r);

#endif /* NSL_ROUTE_H */
