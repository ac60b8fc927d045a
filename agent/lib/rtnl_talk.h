/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests and answers of rtnetlink. Internal to the library. */
#ifndef NSL_RTNL_TALK_H
#define NSL_RTNL_TALK_H

#include "attr.h"
#include "rtnl.h"
#include "sock.h"

#define NSL_RTNL_SIZE	512

typedef void (*nsl_rtnl_fn)(const struct nlmsghdr *nlh, void *ctx);

struct nlmsghdr *nsl_rtnl_begin(void *buf, uint16_t type, uint16_t flags, const void *head,
				size_t size);
int nsl_rtnl_talk(struct nsl_rtnl *rt, struct nlmsghdr *nlh, nsl_rtnl_fn fn, void *ctx,
		  struct nsl_err *err);

#endif /* NSL_RTNL_TALK_H */
