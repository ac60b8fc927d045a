// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

#include <stdio.h>

static void counter_key(unsigned int counter, char *key, size_t size)
{
	char *c;

	snprintf(key, size, "%s", nsl_name(NSL_COUNTER, counter));
	for (c = key; *c; c++)
		if (*c == '-')
			*c = '_';
}

/* In text what never happened is left out. */
static void show_counters(struct out *o, const struct nsl_stats *s)
{
	char key[40];
	unsigned int i;

	for (i = 0; i < s->counters; i++) {
		if (!o->json && !s->counter[i])
			continue;
		counter_key(i, key, sizeof(key));
		out_line(o);
		out_number(o, key, nsl_name(NSL_COUNTER, i), s->counter[i]);
	}
}

static void stats_print_one(struct out *o, const char *slice, const struct nsl_stats *s)
{
	out_item(o);
	out_text(o, "slice", "slice", slice);
	if (s->has_port)
		out_text(o, "port", "port", s->port);
	if (s->has_gen)
		out_number(o, "gen", "gen", s->gen);
	if (s->has_io && s->has_port) {
		out_number(o, "rx_packets", "rx-packets", s->rx_packets);
		out_number(o, "rx_bytes", "rx-bytes", s->rx_bytes);
	}
	if (s->has_io) {
		out_number(o, "tx_packets", "tx-packets", s->tx_packets);
		out_number(o, "tx_bytes", "tx-bytes", s->tx_bytes);
	}
	show_counters(o, s);
	out_item_end(o);
}

static int stats_print(const struct nsl_reply *r, void *ctx)
{
	struct ctl *ctl = ctx;
	struct nsl_stats s;
	size_t pos = 0;
	int ret;

	while ((ret = nsl_stats_next(r->attrs, r->len, &pos, &s, &ctl->err)) > 0)
		stats_print_one(&ctl->out, r->a.slice, &s);
	return ret;
}

static int stats_show(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (ret)
		return ret;
	out_begin(&ctl->out);
	ret = nsl_dump(ctl->p.client, NETSLICE_CMD_STATS_GET, &args->a, stats_print, ctl,
		       &ctl->err);
	if (!ret)
		out_end(&ctl->out);
	return ret;
}

static const struct word pos_any[] = { W_POS_ANY_SLICE, W_END };

static const struct verb verbs[] = {
	{ .name = "show", .help = "counters of slices, their generations and ports",
	  .pos = pos_any, .run = stats_show },
	{ .name = NULL }
};

const struct object object_stats = {
	.name = "stats", .help = "what became of packets", .verbs = verbs,
};
