// SPDX-License-Identifier: GPL-2.0-or-later
#include "await.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where nothing is said: long enough for a slow machine, shorter than patience. */
#define TIMEOUT_MS	10000

/* What has no event, the count of frames, is looked at so often. */
#define LOOK_MS		20

struct seen {
	char port[NETSLICE_NAME_LEN];
	uint64_t vmac_rx;
	uint64_t since;		/* that vmac_rx is what it is */
};

/**
 * struct wait - what is waited for
 * @ctl: this run
 * @args: the conditions
 * @seen: ports and their counts so far, for quiet
 * @nseen: how many
 * @now: CLOCK_MONOTONIC in ms at this look
 * @ports: ports looked at
 * @lacking: names of those that are not there yet
 * @done: role: it is the one that was asked for
 */
struct wait {
	struct ctl *ctl;
	const struct args *args;
	struct seen seen[NETSLICE_MAX_PORTS];
	unsigned int nseen;
	uint64_t now;
	unsigned int ports;
	char lacking[128];
	bool done;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static struct seen *seen_port(struct wait *w, const struct nsl_attrs *a)
{
	unsigned int i;

	for (i = 0; i < w->nseen; i++)
		if (!strcmp(w->seen[i].port, a->port))
			return &w->seen[i];
	if (w->nseen == NETSLICE_MAX_PORTS)
		return NULL;
	memcpy(w->seen[i].port, a->port, sizeof(a->port));
	w->seen[i].vmac_rx = a->vmac_rx;
	w->seen[i].since = w->now;
	w->nseen++;
	return &w->seen[i];
}

static bool port_quiet(struct wait *w, const struct nsl_attrs *a)
{
	struct seen *s = seen_port(w, a);

	if (!s)
		return false;
	if (s->vmac_rx != a->vmac_rx) {
		s->vmac_rx = a->vmac_rx;
		s->since = w->now;
	}
	return w->now - s->since >= w->args->number[X_QUIET];
}

/* Of the conditions given: how many there are, and how many hold. */
static void port_judge(struct wait *w, const struct nsl_attrs *a, unsigned int *asked,
		       unsigned int *met)
{
	const struct args *g = w->args;
	struct {
		enum extra which;
		bool holds;
	} all[] = {
		{ X_MARKER, a->marker_cookie == g->number[X_MARKER] && a->marker_total &&
			    a->marker_count >= a->marker_total },
		{ X_PROBE, nsl_has(a, PROBE_COOKIE) && a->probe_cookie == g->number[X_PROBE] },
		{ X_TRAFFIC, a->vmac_rx >= g->number[X_TRAFFIC] },
		{ X_QUIET, g->has[X_QUIET] && port_quiet(w, a) },
		{ X_STATE, a->port_state == g->number[X_STATE] },
	};
	unsigned int i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		*asked += g->has[all[i].which];
		*met += g->has[all[i].which] && all[i].holds;
	}
}

static int port_look(const struct nsl_reply *r, void *ctx)
{
	struct wait *w = ctx;
	unsigned int asked = 0, met = 0;
	size_t used = strlen(w->lacking);

	/* Only lan ports hear anything; of a named one the kernel gave no other. */
	if (r->a.port_kind != NETSLICE_PORT_LAN && !w->args->has[X_STATE] &&
	    !nsl_has(&w->args->a, PORT))
		return 0;
	w->ports++;
	port_judge(w, &r->a, &asked, &met);
	if (w->args->has[X_ANY] ? met : met == asked)
		return 0;
	snprintf(w->lacking + used, sizeof(w->lacking) - used, " %s", r->a.port);
	return 0;
}

static int look_ports(struct wait *w)
{
	struct ctl *ctl = w->ctl;
	struct nsl_attrs key = { 0 };
	int ret;

	nsl_set_slice(&key, w->args->a.slice);
	if (nsl_has(&w->args->a, PORT))
		nsl_set_port(&key, w->args->a.port);
	w->ports = 0;
	w->lacking[0] = '\0';
	ret = nsl_dump(ctl->p.client, NETSLICE_CMD_PORT_GET, &key, port_look, w, &ctl->err);
	if (ret)
		return ret;
	if (!w->ports)
		return nsl_err_set(&ctl->err, ENOENT, "the slice has no such lan port");
	w->done = !w->lacking[0];
	return 0;
}

static int look_role(struct wait *w)
{
	struct nsl_attrs slice;
	int ret = ctl_slice(w->ctl, w->args->a.slice, &slice);

	if (ret)
		return ret;
	w->done = slice.role == w->args->a.role;
	snprintf(w->lacking, sizeof(w->lacking), " %s", nsl_name(NSL_ROLE, slice.role));
	return 0;
}

static void on_event(const struct nsl_reply *r, void *ctx)
{
	(void)r;
	(void)ctx;
}

static const struct nsl_events_ops event_ops = { .event = on_event };

/* Sleep until something happens, the next look is due, or time is up. */
static int pause_until(struct wait *w, struct nsl_events *events, uint64_t end)
{
	bool counting = w->args->has[X_QUIET] || w->args->has[X_TRAFFIC];
	struct pollfd fd = { .fd = nsl_events_fd(events), .events = POLLIN };
	uint64_t now = now_ms();
	int ms;

	if (now >= end)
		return -ETIMEDOUT;
	ms = end - now > INT32_MAX ? INT32_MAX : (int)(end - now);
	if (counting && ms > LOOK_MS)
		ms = LOOK_MS;
	if (poll(&fd, 1, ms) < 0 && errno != EINTR)
		return nsl_err_set(&w->ctl->err, errno, "%s", strerror(errno));
	return nsl_events_dispatch(events, &w->ctl->err);
}

static int await(struct ctl *ctl, struct args *args, int (*look)(struct wait *w),
		 const char *what)
{
	uint64_t limit = args->has[X_TIMEOUT] ? args->number[X_TIMEOUT] : TIMEOUT_MS;
	struct wait w = { .ctl = ctl, .args = args };
	struct nsl_events *events = NULL;
	uint64_t end = now_ms() + limit;
	int ret = ctl_open(ctl);

	if (!ret)
		ret = nsl_events_open(&events, NULL, &event_ops, NULL, &ctl->err);
	while (!ret) {
		w.now = now_ms();
		ret = look(&w);
		if (ret || w.done)
			break;
		ret = pause_until(&w, events, end);
		if (ret == -ETIMEDOUT)
			nsl_err_set(&ctl->err, ETIMEDOUT, "not within %llu ms, %s:%s",
				    (unsigned long long)limit, what, w.lacking);
	}
	nsl_events_close(events);
	return ret;
}

/**
 * await_ports - wait until the lan ports have heard what is named
 * @ctl: this run
 * @args: the conditions
 *
 * Return: 0, -ETIMEDOUT with the ports that lack it, or another negative errno.
 */
int await_ports(struct ctl *ctl, struct args *args)
{
	if (!args->has[X_MARKER] && !args->has[X_PROBE] && !args->has[X_TRAFFIC] &&
	    !args->has[X_QUIET] && !args->has[X_STATE])
		return ctl_usage(ctl, "what to wait for was not given");
	return await(ctl, args, look_ports, "lacking");
}

/**
 * await_role - wait until a slice has a role
 * @ctl: this run
 * @args: slice and role
 *
 * Return: 0, -ETIMEDOUT, or another negative errno.
 */
int await_role(struct ctl *ctl, struct args *args)
{
	return await(ctl, args, look_role, "role is");
}
