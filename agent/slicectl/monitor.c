// SPDX-License-Identifier: GPL-2.0-or-later
/* Events as they come: a line of text or of JSON each. */
#include "routearg.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct monitor {
	struct ctl *ctl;
	const char *slice;	/* only of this one, NULL for all */
};

/* Attributes of an event that are numbers, in the order in which they are shown. */
static const unsigned int numbers[] = {
	NETSLICE_A_FP_TERM, NETSLICE_A_CP_TERM, NETSLICE_A_GEN, NETSLICE_A_SEQ,
	NETSLICE_A_LACKS, NETSLICE_A_COOKIE, NETSLICE_A_MARKER_COUNT, NETSLICE_A_MARKER_TOTAL,
	NETSLICE_A_LEASE_MS, NETSLICE_A_CONFIRM_MS, NETSLICE_A_ROUTES4, NETSLICE_A_ROUTES6,
};

static void print_time(struct out *o)
{
	struct timespec ts;
	struct tm tm;
	char text[64], day[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%06ld", day, ts.tv_nsec / 1000);
	out_text(o, "timestamp", NULL, text);
}

static void print_number(struct out *o, const struct nsl_attrs *a, unsigned int attr)
{
	char key[32];
	char *c;

	if (!nsl_has_attr(a, attr))
		return;
	snprintf(key, sizeof(key), "%s", nsl_name(NSL_ATTR, attr));
	for (c = key; *c; c++)
		if (*c == '-')
			*c = '_';
	out_number(o, key, nsl_name(NSL_ATTR, attr), nsl_get_number(a, attr));
}

static void print_what(struct ctl *ctl, const struct nsl_attrs *a)
{
	struct out *o = &ctl->out;
	unsigned int i;

	if (nsl_has(a, PORT))
		out_text(o, "port", "port", a->port);
	if (nsl_has(a, IFINDEX))
		ctl_device(ctl, "dev", "dev", a->ifindex);
	if (nsl_has(a, PORT_STATE))
		out_text(o, "port_state", "port-state", nsl_name(NSL_PORT_STATE, a->port_state));
	if (nsl_has(a, ADDRESS))
		out_address(o, "address", "address", a->address, a->address_len);
	if (nsl_has(a, ROLE))
		out_text(o, "role", "role", nsl_name(NSL_ROLE, a->role));
	if (nsl_has(a, ANSWER))
		out_flag(o, "answer", "answer");
	if (nsl_has(a, GEN_STATE))
		out_text(o, "gen_state", "gen-state", nsl_name(NSL_GEN_STATE, a->gen_state));
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		print_number(o, a, numbers[i]);
	if (nsl_has(a, LEASE_ACTION))
		out_text(o, "lease_action", "lease-action",
			 nsl_name(NSL_LEASE, a->lease_action));
	if (nsl_has(a, OWNER) && a->owner[0])
		out_text(o, "owner", "owner", a->owner);
}

static void print_routes(struct out *o, const struct nsl_reply *reply)
{
	struct nsl_route r;
	size_t pos = 0;

	out_array(o, "routes");
	while (nsl_route_next(reply->attrs, reply->len, &pos, &r, NULL) > 0) {
		out_line(o);
		out_part(o, NULL);
		route_print(o, &r);
		out_part_end(o);
	}
	out_array_end(o);
}

static void on_event(const struct nsl_reply *r, void *ctx)
{
	struct monitor *m = ctx;
	struct out *o = &m->ctl->out;

	if (m->slice && strcmp(m->slice, r->a.slice))
		return;
	out_item(o);
	if (m->ctl->timestamp)
		print_time(o);
	if (o->json)
		out_number(o, "event_seq", NULL, r->a.event_seq);
	out_text(o, "event", NULL, nsl_name(NSL_EVENT, r->a.event));
	out_text(o, "slice", "slice", r->a.slice);
	print_what(m->ctl, &r->a);
	if (r->a.routes)
		print_routes(o, r);
	out_item_end(o);
	fflush(stdout);
}

static void on_resync(void *ctx)
{
	struct monitor *m = ctx;
	struct out *o = &m->ctl->out;

	out_item(o);
	if (m->ctl->timestamp)
		print_time(o);
	out_text(o, "event", NULL, "lost");
	out_raw(o, " some events");
	out_item_end(o);
	fflush(stdout);
}

static int monitor_events(struct ctl *ctl, struct args *args)
{
	static const struct nsl_events_ops ops = { .event = on_event, .resync = on_resync };
	struct monitor m = { .ctl = ctl };
	struct nsl_events *events;
	struct pollfd fd;
	int ret;

	if (nsl_has(&args->a, SLICE))
		m.slice = args->a.slice;
	ret = nsl_events_open(&events, NULL, &ops, &m, &ctl->err);
	if (ret)
		return ret;
	fd = (struct pollfd){ .fd = nsl_events_fd(events), .events = POLLIN };
	while (!ret && !ferror(stdout)) {
		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			ret = nsl_err_set(&ctl->err, errno, "%s", strerror(errno));
		else
			ret = nsl_events_dispatch(events, &ctl->err);
	}
	nsl_events_close(events);
	return ret;
}

static const struct word pos_any[] = { W_POS_ANY_SLICE, W_END };

static const struct verb verbs[] = {
	{ .name = "events", .help = "print events until interrupted", .pos = pos_any,
	  .run = monitor_events },
	{ .name = NULL }
};

const struct object object_monitor = {
	.name = "monitor", .help = "what happens, as it happens", .verbs = verbs,
};
