/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon: what main.c made, in the order of making; its mirror is the
 * order of ending. A module keeps the pointers that it needs and reaches the
 * others through their headers only.
 */
#ifndef SLICED_SLICED_H
#define SLICED_SLICED_H

#include <stdint.h>

struct config;
struct ctl;
struct event_base;
struct node;
struct peers;
struct store;
struct work;

struct sliced {
	struct event_base	*base;
	const struct config	*config;
	struct work		*work;
	struct store		*store;
	struct node		*node;
	struct ctl		*ctl;
	struct peers		*peers;
	/* made by their init functions, each known to its own header */
	struct releases		*releases;
	struct workers		*workers;
	struct kern		*kern;
	struct slices		*slices;
	struct upgrades		*upgrades;
};

/*
 * Ends this process cleanly and starts a new one: the reset at depth "agent".
 * -ENOTSUP when nothing would start it again. The loop goes on until the
 * current events are handled; queued answers are flushed for a short while.
 */
int sliced_restart(struct sliced *sliced, const char *why);
/* A clean end, as SIGTERM: slices go on forwarding. */
void sliced_stop(struct sliced *sliced);

#endif
