// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

#include "await.h"

static int port_add(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (!ret)
		ret = ctl_open_rtnl(ctl);
	return ret ? ret : nsl_plumb_port_add(&ctl->p, &args->a, args->text[X_DEV], &ctl->err);
}

static int port_del(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (!ret)
		ret = ctl_open_rtnl(ctl);
	return ret ? ret : nsl_plumb_port_del(&ctl->p, &args->a, &ctl->err);
}

static void show_evidence(struct out *o, const struct nsl_attrs *a)
{
	if (nsl_has(a, VMAC_RX))
		out_number(o, "vmac_rx", "vmac-rx", a->vmac_rx);
	if (nsl_has(a, MARKER_COOKIE)) {
		out_number(o, "marker_cookie", "marker-cookie", a->marker_cookie);
		out_number(o, "marker_count", "marker-count", a->marker_count);
		out_number(o, "marker_total", "marker-total", a->marker_total);
	}
	if (nsl_has(a, PROBE_COOKIE))
		out_number(o, "probe_cookie", "probe-cookie", a->probe_cookie);
	if (nsl_has(a, PEER_FP_TERM))
		out_number(o, "peer_fp_term", "peer-fp-term", a->peer_fp_term);
	if (nsl_has(a, PEER_SEEN_MS))
		out_number(o, "peer_seen_ms", "peer-seen-ms", a->peer_seen_ms);
}

static int port_print(const struct nsl_reply *r, void *ctx)
{
	const struct nsl_attrs *a = &r->a;
	struct ctl *ctl = ctx;
	struct out *o = &ctl->out;

	out_item(o);
	out_text(o, "slice", "slice", a->slice);
	out_text(o, "port", "port", a->port);
	if (nsl_has(a, IFINDEX)) {
		ctl_device(ctl, "dev", "dev", a->ifindex);
		if (o->json)
			out_number(o, "ifindex", NULL, a->ifindex);
	}
	out_text(o, "kind", "kind", nsl_name(NSL_PORT_KIND, a->port_kind));
	out_text(o, "state", "state", nsl_name(NSL_PORT_STATE, a->port_state));
	if (nsl_has(a, VMAC))
		out_mac(o, "vmac", "vmac", a->vmac);
	if (nsl_has(a, BYPASS_NETFILTER))
		out_flag(o, "bypass_netfilter", "bypass-netfilter");
	out_line(o);
	show_evidence(o, a);
	out_item_end(o);
	return 0;
}

static int port_show(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (ret)
		return ret;
	out_begin(&ctl->out);
	ret = nsl_dump(ctl->p.client, NETSLICE_CMD_PORT_GET, &args->a, port_print, ctl,
		       &ctl->err);
	if (!ret)
		out_end(&ctl->out);
	return ret;
}

static const struct word pos_port[] = { W_POS_SLICE, W_POS_PORT, W_END };
static const struct word pos_slice[] = { W_POS_SLICE, W_END };
static const struct word pos_any[] = {
	W_POS_ANY_SLICE, { .name = "PORT", .type = WORD_TEXT, .attr = NETSLICE_A_PORT }, W_END
};

static const struct word add_words[] = {
	{ .name = "dev", .value = "DEV", .type = WORD_TEXT, .extra = X_DEV, .needed = true },
	{ .name = "kind", .value = "lan|routed", .type = WORD_ENUM, .attr = NETSLICE_A_PORT_KIND,
	  .names = NSL_PORT_KIND },
	{ .name = "vmac", .value = "MAC", .type = WORD_MAC, .attr = NETSLICE_A_VMAC },
	{ .name = "bypass-netfilter", .type = WORD_FLAG, .attr = NETSLICE_A_BYPASS_NETFILTER },
	W_OWNER, W_FORCE, W_END
};

static const struct word del_words[] = { W_OWNER, W_FORCE, W_END };

static const struct word await_words[] = {
	{ .name = "port", .value = "PORT", .type = WORD_TEXT, .attr = NETSLICE_A_PORT },
	{ .name = "marker", .value = "COOKIE", .type = WORD_NUMBER, .extra = X_MARKER },
	{ .name = "probe", .value = "COOKIE", .type = WORD_NUMBER, .extra = X_PROBE },
	{ .name = "traffic", .value = "FRAMES", .type = WORD_NUMBER, .extra = X_TRAFFIC },
	{ .name = "quiet", .value = "MS", .type = WORD_NUMBER, .extra = X_QUIET, .min = 1,
	  .max = 60000 },
	{ .name = "state", .value = "absent|down|up", .type = WORD_ENUM, .extra = X_STATE,
	  .names = NSL_PORT_STATE },
	{ .name = "any", .type = WORD_FLAG, .extra = X_ANY },
	{ .name = "timeout", .value = "MS", .type = WORD_NUMBER, .extra = X_TIMEOUT, .min = 1,
	  .max = 3600000 },
	W_END
};

static const struct verb verbs[] = {
	{ .name = "add", .help = "make a net device a port: it joins the slice's VRF first",
	  .pos = pos_port, .words = add_words, .run = port_add },
	{ .name = "del", .help = "take the device off the slice",
	  .pos = pos_port, .words = del_words, .run = port_del },
	{ .name = "show", .help = "ports, and what they heard from the other node",
	  .pos = pos_any, .run = port_show },
	{ .name = "await", .help = "wait until the lan ports have heard what is named: all of it,"
	  " or with any one of it",
	  .pos = pos_slice, .words = await_words, .run = await_ports },
	{ .name = NULL }
};

const struct object object_port = {
	.name = "port", .help = "a net device of a slice", .verbs = verbs,
};
