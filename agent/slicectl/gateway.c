// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

static int gateway_add(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (!ret)
		ret = ctl_open_rtnl(ctl);
	return ret ? ret : nsl_plumb_gateway_add(&ctl->p, &args->a, &ctl->err);
}

static int gateway_del(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (!ret)
		ret = ctl_open_rtnl(ctl);
	return ret ? ret : nsl_plumb_gateway_del(&ctl->p, &args->a, &ctl->err);
}

static int gateway_print(const struct nsl_reply *r, void *ctx)
{
	const struct nsl_attrs *a = &r->a;
	struct ctl *ctl = ctx;
	struct out *o = &ctl->out;

	out_item(o);
	out_text(o, "slice", "slice", a->slice);
	out_text(o, "port", "port", a->port);
	out_address(o, "address", "address", a->address, a->address_len);
	if (nsl_has(a, VMAC))
		out_mac(o, "vmac", "vmac", a->vmac);
	out_item_end(o);
	return 0;
}

static int gateway_show(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (ret)
		return ret;
	out_begin(&ctl->out);
	ret = nsl_dump(ctl->p.client, NETSLICE_CMD_GATEWAY_GET, &args->a, gateway_print, ctl,
		       &ctl->err);
	if (!ret)
		out_end(&ctl->out);
	return ret;
}

static const struct word pos_gateway[] = {
	W_POS_SLICE, W_POS_PORT,
	{ .name = "ADDRESS", .type = WORD_ADDRESS, .attr = NETSLICE_A_ADDRESS, .needed = true },
	W_END
};
static const struct word pos_any[] = { W_POS_ANY_SLICE, W_END };
static const struct word words[] = { W_OWNER, W_FORCE, W_END };

static const struct verb verbs[] = {
	{ .name = "add", .help = "a virtual address on a lan port, and on the slice device",
	  .pos = pos_gateway, .words = words, .run = gateway_add },
	{ .name = "del", .help = "take it away",
	  .pos = pos_gateway, .words = words, .run = gateway_del },
	{ .name = "show", .help = "virtual addresses", .pos = pos_any, .run = gateway_show },
	{ .name = NULL }
};

const struct object object_gateway = {
	.name = "gateway", .help = "a virtual address that the master answers for",
	.verbs = verbs,
};
