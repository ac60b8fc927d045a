// SPDX-License-Identifier: GPL-2.0-or-later
/* The multicast group of events. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sock.h"

#define DISPATCH_MAX	16

/* Room for a burst of route changes while the program is busy. */
#define EVENT_BUFFER	(4 << 20)

struct nsl_events {
	struct nsl_sock sock;
	const struct nsl_events_ops *ops;
	void *ctx;
	uint64_t last;		/* EVENT_SEQ, 0 before the first */
	char *rx;
};

static int events_join(struct nsl_events *e, struct nsl_err *err)
{
	int fd = mnl_socket_get_fd(e->sock.nl), size = EVENT_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_setsockopt(e->sock.nl, NETLINK_ADD_MEMBERSHIP, &e->sock.group,
				  sizeof(e->sock.group)))
		return nsl_err_set(err, errno, "events: %s", strerror(errno));
	return 0;
}

/**
 * nsl_events_open - start to listen; read what you keep after this, not before
 * @out: gets the listener
 * @netns: name of a network namespace under /run/netns, NULL for the current one
 * @ops: who hears of events; must stay
 * @ctx: for @ops
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_events_open(struct nsl_events **out, const char *netns,
		    const struct nsl_events_ops *ops, void *ctx, struct nsl_err *err)
{
	struct nsl_events *e = calloc(1, sizeof(*e));
	int ret;

	*out = NULL;
	if (!e)
		return nsl_err_set(err, ENOMEM, "out of memory");
	e->ops = ops;
	e->ctx = ctx;
	e->rx = malloc(NSL_RECV_SIZE);
	ret = e->rx ? nsl_sock_open(&e->sock, NETLINK_GENERIC, netns, err) :
	      nsl_err_set(err, ENOMEM, "out of memory");
	if (!ret)
		ret = nsl_sock_family(&e->sock, err);
	if (!ret)
		ret = events_join(e, err);
	if (ret) {
		nsl_events_close(e);
		return ret;
	}
	*out = e;
	return 0;
}

/**
 * nsl_events_close - the reverse of nsl_events_open()
 * @e: the listener or NULL
 */
void nsl_events_close(struct nsl_events *e)
{
	if (!e)
		return;
	nsl_sock_close(&e->sock);
	free(e->rx);
	free(e);
}

int nsl_events_fd(const struct nsl_events *e)
{
	return mnl_socket_get_fd(e->sock.nl);
}

static void events_resync(struct nsl_events *e)
{
	e->last = 0;
	if (e->ops->resync)
		e->ops->resync(e->ctx);
}

static void events_message(struct nsl_events *e, const struct nlmsghdr *nlh)
{
	struct nsl_reply r;

	if (nlh->nlmsg_type != e->sock.family || nsl_parse(nlh, &r, NULL) ||
	    r.cmd != NETSLICE_CMD_EVENT)
		return;
	if (nsl_has(&r.a, EVENT_SEQ)) {
		/* An event of many routes is many messages of one number. */
		if (e->last && r.a.event_seq > e->last + 1)
			events_resync(e);
		if (r.a.event_seq > e->last)
			e->last = r.a.event_seq;
	}
	e->ops->event(&r, e->ctx);
}

/**
 * nsl_events_dispatch - read what has come and call back
 * @e: the listener
 * @err: why it is of no more use
 *
 * Never waits, and reads a bounded amount.
 *
 * Return: 0 or a negative errno.
 */
int nsl_events_dispatch(struct nsl_events *e, struct nsl_err *err)
{
	int fd = mnl_socket_get_fd(e->sock.nl), i, left;
	const struct nlmsghdr *nlh;
	ssize_t n;

	for (i = 0; i < DISPATCH_MAX; i++) {
		n = recv(fd, e->rx, NSL_RECV_SIZE, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n < 0 && errno == ENOBUFS) {
			events_resync(e);
			continue;
		}
		if (n < 0)
			return nsl_err_set(err, errno, "events: %s", strerror(errno));
		left = (int)n;
		for (nlh = (void *)e->rx; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			events_message(e, nlh);
	}
	return 0;
}
