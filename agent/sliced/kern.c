// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The connection to the kernel: one client for each lane and the listener for
 * events. What cannot be queued ends from the loop, as all else does.
 */
#include "kern.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "sliced.h"

#define KERN_WATCHES	8
#define KERN_RETRY_MS	1000

struct kern_req {
	struct kern_req	*next;
	struct kern	*kern;
	kern_reply	reply;
	kern_done	done;
	void		*arg;
	int		code;
	struct nsl_err	err;
};

struct kern_lane_state {
	struct kern		*kern;
	struct nsl_async	*async;
	struct event		*readable;
};

struct kern {
	struct event_base	*base;
	struct kern_lane_state	lane[KERN_LANES];
	struct nsl_events	*events;
	struct event		*heard;
	struct event		*retry;		/* the module is awaited */
	struct event		*later;		/* failed requests end */
	struct kern_req		*failed;
	struct kern_req		**failed_end;
	struct {
		const struct kern_watch	*watch;
		void			*arg;
	} watch[KERN_WATCHES];
	size_t			watches;
	bool			ready;
	bool			ending;
};

bool kern_ready(const struct kern *k)
{
	return k->ready;
}

void kern_tag(struct nsl_attrs *attrs)
{
	nsl_set_owner(attrs, KERN_OWNER);
}

/* ---- the connection ---- */

static void kern_close(struct kern *k)
{
	int i;

	k->ready = false;
	if (k->heard)
		event_free(k->heard);
	k->heard = NULL;
	nsl_events_close(k->events);
	k->events = NULL;
	for (i = 0; i < KERN_LANES; i++) {
		struct nsl_async *async = k->lane[i].async;

		if (k->lane[i].readable)
			event_free(k->lane[i].readable);
		k->lane[i].readable = NULL;
		k->lane[i].async = NULL;
		nsl_async_close(async);
	}
}

static void kern_again(struct kern *k)
{
	struct timeval tv = clock_timeval(KERN_RETRY_MS);

	event_add(k->retry, &tv);
}

static void kern_broken(struct kern *k, const struct nsl_err *err)
{
	log_error("kernel: %s", err->text);
	kern_close(k);
	kern_again(k);
}

static void kern_dispatch(evutil_socket_t fd, short what, void *arg)
{
	struct kern_lane_state *lane = arg;
	struct nsl_err err;

	(void)fd;
	(void)what;
	if (nsl_async_dispatch(lane->async, &err) < 0)
		kern_broken(lane->kern, &err);
}

static void kern_listen(evutil_socket_t fd, short what, void *arg)
{
	struct kern *k = arg;
	struct nsl_err err;

	(void)fd;
	(void)what;
	if (nsl_events_dispatch(k->events, &err) < 0)
		kern_broken(k, &err);
}

static void kern_event(const struct nsl_reply *r, void *arg)
{
	struct kern *k = arg;
	size_t i;

	if (!nsl_has(&r->a, SLICE) || !nsl_has(&r->a, EVENT))
		return;
	for (i = 0; i < k->watches; i++)
		if (k->watch[i].watch->event)
			k->watch[i].watch->event(k->watch[i].arg, r->a.slice, r);
}

static void kern_resync(void *arg)
{
	struct kern *k = arg;
	size_t i;

	for (i = 0; i < k->watches; i++)
		if (k->watch[i].watch->resync)
			k->watch[i].watch->resync(k->watch[i].arg);
}

static int kern_open_lane(struct kern *k, struct kern_lane_state *lane, struct nsl_err *err)
{
	int ret = nsl_async_open(&lane->async, NULL, err);

	if (ret)
		return ret;
	lane->kern = k;
	lane->readable = event_new(k->base, nsl_async_fd(lane->async), EV_READ | EV_PERSIST,
				   kern_dispatch, lane);
	if (!lane->readable || event_add(lane->readable, NULL))
		return nsl_err_set(err, ENOMEM, "out of memory");
	return 0;
}

static int kern_open_events(struct kern *k, struct nsl_err *err)
{
	static const struct nsl_events_ops ops = { .event = kern_event, .resync = kern_resync };
	int ret = nsl_events_open(&k->events, NULL, &ops, k, err);

	if (ret)
		return ret;
	k->heard = event_new(k->base, nsl_events_fd(k->events), EV_READ | EV_PERSIST,
			     kern_listen, k);
	if (!k->heard || event_add(k->heard, NULL))
		return nsl_err_set(err, ENOMEM, "out of memory");
	return 0;
}

static int kern_open(struct kern *k, struct nsl_err *err)
{
	int i, ret;

	ret = kern_open_events(k, err);
	for (i = 0; i < KERN_LANES && !ret; i++)
		ret = kern_open_lane(k, &k->lane[i], err);
	if (ret)
		kern_close(k);
	k->ready = !ret;
	return ret;
}

static void kern_retry(evutil_socket_t fd, short what, void *arg)
{
	struct kern *k = arg;

	(void)fd;
	(void)what;
	if (kern_open(k, NULL)) {
		kern_again(k);
		return;
	}
	log_notice("the kernel module is there");
	kern_resync(k);
}

/* ---- requests ---- */

static void kern_end(struct kern_req *q, int code, const struct nsl_err *err)
{
	if (!q->kern->ending && q->done)
		q->done(q->arg, code, err);
	else if (!q->kern->ending && code)
		log_warn("kernel: %s", err->text);
	free(q);
}

static void kern_later(evutil_socket_t fd, short what, void *arg)
{
	struct kern *k = arg;
	struct kern_req *q;

	(void)fd;
	(void)what;
	while ((q = k->failed)) {
		k->failed = q->next;
		if (!k->failed)
			k->failed_end = &k->failed;
		kern_end(q, q->code, &q->err);
	}
}

static void kern_fail(struct kern_req *q, int code)
{
	struct kern *k = q->kern;

	q->code = code;
	q->next = NULL;
	*k->failed_end = q;
	k->failed_end = &q->next;
	event_active(k->later, EV_TIMEOUT, 0);
}

static int kern_on_reply(const struct nsl_reply *r, void *ctx)
{
	struct kern_req *q = ctx;

	if (q->reply && !q->kern->ending)
		q->reply(q->arg, r);
	return 0;
}

static void kern_on_done(int code, const struct nsl_err *err, void *ctx)
{
	kern_end(ctx, code, err);
}

static struct kern_req *kern_req_new(struct kern *k, kern_reply reply, kern_done done, void *arg)
{
	struct kern_req *q = calloc(1, sizeof(*q));

	if (!q) {	/* its end could not be told: better an end of the daemon than a lost answer */
		log_error("out of memory");
		abort();
	}
	q->kern = k;
	q->reply = reply;
	q->done = done;
	q->arg = arg;
	return q;
}

void kern_send(struct kern *k, enum kern_lane lane, const struct nsl_msg *msg,
	       kern_reply reply, kern_done done, void *arg)
{
	struct kern_req *q = kern_req_new(k, reply, done, arg);
	int ret;

	if (!k->ready)
		ret = nsl_err_set(&q->err, ENODEV, "the kernel module netslice is not loaded");
	else
		ret = nsl_async_send(k->lane[lane].async, msg, 0, kern_on_reply, kern_on_done, q,
				     &q->err);
	if (ret)
		kern_fail(q, ret);
}

static bool kern_changes(uint8_t cmd)
{
	switch (cmd) {
	case NETSLICE_CMD_SLICE_GET:
	case NETSLICE_CMD_PORT_GET:
	case NETSLICE_CMD_GATEWAY_GET:
	case NETSLICE_CMD_ROUTE_GET:
	case NETSLICE_CMD_GEN_GET:
	case NETSLICE_CMD_DIGEST_GET:
	case NETSLICE_CMD_STATS_GET:
		return false;
	default:
		return true;
	}
}

static void kern_build(struct kern *k, enum kern_lane lane, uint8_t cmd, bool dump,
		       const struct nsl_attrs *attrs, kern_reply reply, kern_done done, void *arg)
{
	char buf[2048] __attribute__((aligned(8)));
	struct nsl_attrs with = *attrs;
	struct nsl_msg m;

	if (kern_changes(cmd))
		kern_tag(&with);
	nsl_msg_begin(&m, buf, sizeof(buf), cmd, dump);
	nsl_msg_put(&m, &with);
	kern_send(k, lane, &m, reply, done, arg);
}

void kern_request(struct kern *k, enum kern_lane lane, uint8_t cmd,
		  const struct nsl_attrs *attrs, kern_reply reply, kern_done done, void *arg)
{
	kern_build(k, lane, cmd, false, attrs, reply, done, arg);
}

void kern_dump(struct kern *k, enum kern_lane lane, uint8_t cmd,
	       const struct nsl_attrs *attrs, kern_reply reply, kern_done done, void *arg)
{
	kern_build(k, lane, cmd, true, attrs, reply, done, arg);
}

/* ---- beginning and end ---- */

int kern_watch(struct kern *k, const struct kern_watch *watch, void *arg)
{
	if (k->watches == KERN_WATCHES)
		return -ENOMEM;
	k->watch[k->watches].watch = watch;
	k->watch[k->watches++].arg = arg;
	return 0;
}

int kern_init(struct sliced *sliced, struct nsl_err *err)
{
	struct kern *k = calloc(1, sizeof(*k));
	struct nsl_err why;

	if (!k)
		return nsl_err_set(err, ENOMEM, "out of memory");
	sliced->kern = k;
	k->base = sliced->base;
	k->failed_end = &k->failed;
	k->retry = evtimer_new(k->base, kern_retry, k);
	k->later = event_new(k->base, -1, 0, kern_later, k);
	if (!k->retry || !k->later)
		return nsl_err_set(err, ENOMEM, "out of memory");
	if (!kern_open(k, &why))
		return 0;
	log_warn("the kernel module is not there yet: %s", why.text);
	kern_again(k);
	return 0;
}

void kern_exit(struct sliced *sliced)
{
	struct kern *k = sliced->kern;
	struct kern_req *q;

	if (!k)
		return;
	k->ending = true;
	kern_close(k);
	while ((q = k->failed)) {
		k->failed = q->next;
		free(q);
	}
	if (k->retry)
		event_free(k->retry);
	if (k->later)
		event_free(k->later);
	free(k);
	sliced->kern = NULL;
}
