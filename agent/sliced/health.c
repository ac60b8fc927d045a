// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is a slice well on this node? Its worker says so; the active generation is
 * the one that was sealed, with as many routes as the worker decides; its ports
 * are up; and what the plan names beyond that.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp.h"
#include "gen.h"
#include "kern.h"
#include "ping.h"
#include "run.h"
#include "sliced.h"
#include "work.h"

#define HEALTH_PINGS	3
#define HEALTH_PING_MS	1000

struct health {
	struct run	*run;
	unsigned int	serial;
	health_done	done;
	size_t		check;		/* of the plan: the next one */
	uint64_t	routes;		/* in the active generation */
	/* of a ping, for its thread */
	char		device[IF_NAMESIZE];
	uint8_t		address[16];
	uint8_t		address_len;
	int		ret;
};

static void health_next(struct health *h);

static void health_end(struct health *h, bool well, const char *plane, const char *why)
{
	if (h->serial == h->run->serial)
		h->done(h->run, well, plane, why);
	free(h);
}

static void health_ping_run(void *arg)
{
	struct health *h = arg;

	h->ret = ping_wait(h->device, h->address, h->address_len, HEALTH_PINGS, HEALTH_PING_MS);
}

static void health_ping_done(void *arg)
{
	struct health *h = arg;
	const struct plan_check *c = &h->run->plan->checks[h->check];
	char why[160];

	if (!h->ret) {
		h->check++;
		health_next(h);
		return;
	}
	snprintf(why, sizeof(why), "%s: %s", c->text,
		 h->ret == -ETIMEDOUT ? "no answer" : strerror(-h->ret));
	health_end(h, false, PLANE_FP, why);
}

static void health_ping(struct health *h, const struct plan_check *c)
{
	const struct slice *s = run_slice(h->run);
	uint32_t from = s->kernel.vrf ? s->kernel.vrf : s->kernel.ifindex;

	if (!if_indextoname(from, h->device)) {
		health_end(h, false, PLANE_FP, "the slice's device is gone");
		return;
	}
	memcpy(h->address, c->address, sizeof(h->address));
	h->address_len = c->address_len;
	if (work_start(run_sliced(h->run)->work, health_ping_run, health_ping_done, h))
		health_end(h, false, PLANE_NODE, "the daemon ends");
}

static void health_next(struct health *h)
{
	const struct plan_slice *plan = h->run->plan;
	const struct plan_check *c = &plan->checks[h->check];
	char why[160];

	if (!run_slice(h->run)) {
		health_end(h, false, PLANE_NODE, "the slice is not defined any more");
	} else if (h->check == plan->check_count) {
		health_end(h, true, "", "");
	} else if (c->kind == PLAN_CHECK_PING) {
		health_ping(h, c);
	} else if (h->routes >= c->routes) {
		h->check++;
		health_next(h);
	} else {
		snprintf(why, sizeof(why), "%s: there are %llu", c->text,
			 (unsigned long long)h->routes);
		health_end(h, false, PLANE_FP, why);
	}
}

static void health_ports(void *arg, int code, const struct kern_port *ports, size_t count)
{
	struct health *h = arg;
	char why[80];
	size_t i;

	if (code) {
		health_end(h, false, PLANE_FP, "the kernel does not show the slice's ports");
		return;
	}
	for (i = 0; i < count; i++) {
		if (ports[i].state == NETSLICE_PORT_UP)
			continue;
		snprintf(why, sizeof(why), "port %s is %s", ports[i].name,
			 ports[i].state == NETSLICE_PORT_DOWN ? "down" : "absent");
		health_end(h, false, PLANE_FP, why);
		return;
	}
	health_next(h);
}

static void health_gen(void *arg, int code, const char *why, const struct gen_info *info)
{
	struct health *h = arg;
	struct slice *s = run_slice(h->run);
	struct cp_view view;

	if (!s) {
		health_next(h);
		return;
	}
	cp_view(s, &view);
	h->routes = (uint64_t)info->routes4 + info->routes6;
	if (code || !info->gen)
		health_end(h, false, PLANE_FP, code ? why : "no generation is active");
	else if (h->run->gen && info->gen != h->run->gen)
		health_end(h, false, PLANE_FP, "another generation is active");
	else if (view.complete && !gen_is(info, routeset_digest(view.routes)))
		health_end(h, false, PLANE_FP,
			   "the active generation is not what the worker decides");
	else
		kern_ports(run_sliced(h->run)->kern, s->name, health_ports, h);
}

static void health_worker(void *arg, int code, const char *why)
{
	struct health *h = arg;
	struct slice *s = run_slice(h->run);
	char text[RUN_CAUSE_LEN];

	if (!s || code) {
		snprintf(text, sizeof(text), "worker: %s", s ? why : "it is gone");
		health_end(h, false, PLANE_CP, text);
		return;
	}
	gen_digest(s, 0, health_gen, h);
}

void health_check(struct run *run, health_done done)
{
	struct slice *s = run_slice(run);
	struct health *h = upgrade_alloc(sizeof(*h));

	h->run = run;
	h->serial = run->serial;
	h->done = done;
	if (s)
		cp_health(s, health_worker, h);
	else
		health_end(h, false, PLANE_NODE, "the slice is not defined any more");
}
