// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entries of the kernel's neighbour tables, on a slice's ports. Those made here
 * are marked as learned elsewhere, so that the kernel does not collect them.
 */
#include "ctl.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>

struct port_at {
	char port[NETSLICE_NAME_LEN];
	int ifindex;
};

struct ports {
	struct port_at at[NETSLICE_MAX_PORTS];
	unsigned int count;
};

static int collect_port(const struct nsl_reply *r, void *ctx)
{
	struct ports *ports = ctx;
	struct port_at *at = &ports->at[ports->count];

	if (!nsl_has(&r->a, IFINDEX) || ports->count == NETSLICE_MAX_PORTS)
		return 0;
	memcpy(at->port, r->a.port, sizeof(at->port));
	at->ifindex = (int)r->a.ifindex;
	ports->count++;
	return 0;
}

static int find_ports(struct ctl *ctl, const struct nsl_attrs *a, struct ports *ports)
{
	struct nsl_attrs key = { 0 };
	int ret = ctl_open(ctl);

	ports->count = 0;
	if (!ret)
		ret = ctl_open_rtnl(ctl);
	if (ret)
		return ret;
	nsl_set_slice(&key, a->slice);
	if (nsl_has(a, PORT))
		nsl_set_port(&key, a->port);
	ret = nsl_dump(ctl->p.client, NETSLICE_CMD_PORT_GET, &key, collect_port, ports,
		       &ctl->err);
	if (!ret && !ports->count && nsl_has(a, PORT))
		return nsl_err_set(&ctl->err, ENOENT,
				   "port \"%s\": the slice has no such port with a device", a->port);
	return ret;
}

static int neigh_key(struct ctl *ctl, const struct args *args, struct nsl_neigh *n)
{
	struct ports ports;
	int ret = find_ports(ctl, &args->a, &ports);

	memset(n, 0, sizeof(*n));
	if (ret)
		return ret;
	n->ifindex = ports.at[0].ifindex;
	memcpy(n->addr, args->a.address, args->a.address_len);
	n->addr_len = args->a.address_len;
	return 0;
}

static int neigh_add(struct ctl *ctl, struct args *args)
{
	int state = args->has[X_STATE] ? nsl_neigh_state_value(args->text[X_STATE]) : NUD_STALE;
	struct nsl_neigh n;
	int ret;

	if (state < 0)
		return ctl_usage(ctl, "nud \"%.60s\": is no state of a neighbour",
				 args->text[X_STATE]);
	ret = neigh_key(ctl, args, &n);
	if (ret)
		return ret;
	n.state = (uint16_t)state;
	n.flags = NTF_EXT_LEARNED;
	n.has_lladdr = true;
	memcpy(n.lladdr, args->a.vmac, sizeof(n.lladdr));
	return nsl_neigh_set(ctl->p.rtnl, &n, &ctl->err);
}

static int neigh_del(struct ctl *ctl, struct args *args)
{
	struct nsl_neigh n;
	int ret = neigh_key(ctl, args, &n);

	return ret ? ret : nsl_neigh_del(ctl->p.rtnl, &n, &ctl->err);
}

struct show {
	struct ctl *ctl;
	const char *slice;
	const struct ports *ports;
};

static const char *port_of(const struct ports *ports, int ifindex)
{
	unsigned int i;

	for (i = 0; i < ports->count; i++)
		if (ports->at[i].ifindex == ifindex)
			return ports->at[i].port;
	return NULL;
}

static void neigh_print(const struct nsl_neigh *n, void *ctx)
{
	const struct show *show = ctx;
	const char *port = port_of(show->ports, n->ifindex);
	struct out *o = &show->ctl->out;

	if (!port)
		return;
	out_item(o);
	out_text(o, "slice", "slice", show->slice);
	out_address(o, "address", "address", n->addr, n->addr_len);
	out_text(o, "port", "port", port);
	if (n->has_lladdr)
		out_mac(o, "lladdr", "lladdr", n->lladdr);
	out_text(o, "nud", "nud", nsl_neigh_state_name(n->state));
	if (n->flags & NTF_EXT_LEARNED)
		out_flag(o, "extern_learn", "extern_learn");
	if (n->flags & NTF_ROUTER)
		out_flag(o, "router", "router");
	out_item_end(o);
}

static int neigh_show(struct ctl *ctl, struct args *args)
{
	struct show show = { .ctl = ctl, .slice = args->a.slice };
	struct ports ports;
	int ret = find_ports(ctl, &args->a, &ports);

	if (ret)
		return ret;
	show.ports = &ports;
	out_begin(&ctl->out);
	ret = nsl_neigh_each(ctl->p.rtnl, ports.count == 1 ? ports.at[0].ifindex : 0,
			     neigh_print, &show, &ctl->err);
	if (!ret)
		out_end(&ctl->out);
	return ret;
}

#define W_PORT(must)									\
	{ .name = "port", .value = "PORT", .type = WORD_TEXT, .attr = NETSLICE_A_PORT,	\
	  .needed = must }

static const struct word pos_neigh[] = {
	W_POS_SLICE,
	{ .name = "ADDRESS", .type = WORD_ADDRESS, .attr = NETSLICE_A_ADDRESS, .needed = true },
	W_END
};
static const struct word pos_slice[] = { W_POS_SLICE, W_END };

/* The MAC address rides where a port's would: no request is made of it. */
static const struct word add_words[] = {
	W_PORT(true),
	{ .name = "lladdr", .value = "MAC", .type = WORD_MAC, .attr = NETSLICE_A_VMAC,
	  .needed = true },
	{ .name = "nud", .value = "STATE", .type = WORD_TEXT, .extra = X_STATE }, W_END
};
static const struct word del_words[] = { W_PORT(true), W_END };
static const struct word show_words[] = { W_PORT(false), W_END };

static const struct verb verbs[] = {
	{ .name = "add", .help = "make or change a neighbour, learned elsewhere; stale if no"
	  " state is named", .pos = pos_neigh, .words = add_words, .run = neigh_add },
	{ .name = "del", .help = "remove a neighbour", .pos = pos_neigh, .words = del_words,
	  .run = neigh_del },
	{ .name = "show", .help = "neighbours on a slice's ports", .pos = pos_slice,
	  .words = show_words, .run = neigh_show },
	{ .name = NULL }
};

const struct object object_neigh = {
	.name = "neigh", .help = "a neighbour on a slice's port", .verbs = verbs,
};
