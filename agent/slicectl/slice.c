// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

#include "define.h"

static int slice_add(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (!ret)
		ret = ctl_open_rtnl(ctl);
	return ret ? ret : nsl_plumb_slice_add(&ctl->p, &args->a, args->text[X_VRF], &ctl->err);
}

static int slice_del(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (!ret)
		ret = ctl_open_rtnl(ctl);
	return ret ? ret : nsl_plumb_slice_del(&ctl->p, &args->a, &ctl->err);
}

static int slice_set(struct ctl *ctl, struct args *args)
{
	int ret = args_need_one(ctl, args);

	return ret ? ret : ctl_request(ctl, NETSLICE_CMD_SLICE_SET, &args->a);
}

static void show_role(struct ctl *ctl, const struct nsl_attrs *a)
{
	struct out *o = &ctl->out;

	out_text(o, "role", "role", nsl_name(NSL_ROLE, a->role));
	if (nsl_has(a, ANSWER))
		out_flag(o, "answer", "answer");
	out_number(o, "fp_term", "fp-term", a->fp_term);
	out_number(o, "cp_term", "cp-term", a->cp_term);
	if (nsl_has(a, LEASE_ACTION))
		out_text(o, "lease_action", "lease-action",
			 nsl_name(NSL_LEASE, a->lease_action));
	if (nsl_has(a, LEASE_MS))
		out_number(o, "lease_ms", "lease-ms", a->lease_ms);
}

static void show_generation(struct ctl *ctl, const struct nsl_attrs *a)
{
	struct out *o = &ctl->out;

	if (nsl_has(a, GEN))
		out_number(o, "gen", "gen", a->gen);
	out_number(o, "gen_first", "gen-first", a->gen_first);
	out_number(o, "seq", "seq", a->seq);
	if (nsl_has(a, CONFIRM_MS))
		out_number(o, "confirm_ms", "confirm-ms", a->confirm_ms);
}

static int slice_print(const struct nsl_reply *r, void *ctx)
{
	const struct nsl_attrs *a = &r->a;
	struct ctl *ctl = ctx;
	struct out *o = &ctl->out;

	out_item(o);
	out_text(o, "slice", NULL, a->slice);
	out_number(o, "ifindex", "ifindex", a->slice_ifindex);
	if (a->vrf_ifindex)
		ctl_device(ctl, "vrf", "vrf", a->vrf_ifindex);
	if (a->owner[0])
		out_text(o, "owner", "owner", a->owner);
	if (nsl_has(a, BYPASS_NETFILTER))
		out_flag(o, "bypass_netfilter", "bypass-netfilter");
	out_line(o);
	show_role(ctl, a);
	out_line(o);
	show_generation(ctl, a);
	out_line(o);
	out_number(o, "refresh_ms", "refresh-ms", a->refresh_ms);
	out_number(o, "announce_count", "announce-count", a->announce_count);
	out_number(o, "announce_ms", "announce-ms", a->announce_ms);
	out_item_end(o);
	return 0;
}

/* One slice, named, or all of them. */
static int slice_show(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (ret)
		return ret;
	out_begin(&ctl->out);
	if (nsl_has(&args->a, SLICE))
		ret = nsl_request(ctl->p.client, NETSLICE_CMD_SLICE_GET, &args->a, slice_print,
				  ctl, &ctl->err);
	else
		ret = nsl_dump(ctl->p.client, NETSLICE_CMD_SLICE_GET, &args->a, slice_print,
			       ctl, &ctl->err);
	if (!ret)
		out_end(&ctl->out);
	return ret;
}

static const struct word pos_slice[] = { W_POS_SLICE, W_END };
static const struct word pos_any[] = { W_POS_ANY_SLICE, W_END };

static const struct word pos_file[] = {
	{ .name = "FILE", .type = WORD_TEXT, .extra = X_FILE, .needed = true }, W_END
};

static const struct word add_words[] = {
	{ .name = "vrf", .value = "DEV", .type = WORD_TEXT, .extra = X_VRF },
	W_NUMBER("gen-first", "N", GEN_FIRST), W_CP_TERM, W_FP_TERM, W_OWNER, W_END
};

static const struct word del_words[] = { W_OWNER, W_FORCE, W_END };

static const struct word set_words[] = {
	{ .name = "new-owner", .value = "TAG", .type = WORD_TEXT, .attr = NETSLICE_A_NEW_OWNER },
	W_NUMBER("refresh-ms", "MS", REFRESH_MS),
	W_NUMBER("announce-count", "N", ANNOUNCE_COUNT),
	W_NUMBER("announce-ms", "MS", ANNOUNCE_MS), W_OWNER, W_FORCE, W_END
};

static const struct word define_words[] = {
	{ .name = "release", .value = "NAME-VERSION", .type = WORD_TEXT, .extra = X_RELEASE },
	{ .name = "home", .value = "NODE", .type = WORD_TEXT, .extra = X_HOME }, W_END
};

static const struct verb verbs[] = {
	{ .name = "add", .help = "make a slice, its device and, where none is named, its VRF",
	  .pos = pos_slice, .words = add_words, .run = slice_add },
	{ .name = "del", .help = "remove a slice, and its VRF if it was made for it",
	  .pos = pos_slice, .words = del_words, .run = slice_del },
	{ .name = "set", .help = "change the owner or the intervals of frames",
	  .pos = pos_slice, .words = set_words, .run = slice_set },
	{ .name = "show", .help = "roles, terms, lease and generation",
	  .pos = pos_any, .run = slice_show },
	{ .name = "define", .help = "tell the daemon what is wanted of a slice: FILE, or -",
	  .pos = pos_file, .words = define_words, .run = slice_define },
	{ .name = "undefine", .help = "the daemon removes the slice",
	  .pos = pos_slice, .run = slice_undefine },
	{ .name = "definition", .help = "what was defined", .pos = pos_any,
	  .run = slice_definition },
	{ .name = "status", .help = "what the daemon knows: terms, roles, releases, drift",
	  .pos = pos_any, .run = slice_status },
	{ .name = NULL }
};

const struct object object_slice = {
	.name = "slice", .help = "a named forwarding context with its own ports and tables",
	.verbs = verbs,
};
