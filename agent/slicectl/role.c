// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

#include "await.h"

static int need_role(struct ctl *ctl, struct nsl_attrs *a)
{
	struct nsl_attrs slice;
	int ret;

	if (nsl_has(a, FP_TERM) && nsl_has(a, ROLE_EXPECT))
		return 0;
	ret = ctl_slice(ctl, a->slice, &slice);
	if (ret)
		return ret;
	if (!nsl_has(a, FP_TERM))
		nsl_set_fp_term(a, slice.fp_term);
	if (!nsl_has(a, ROLE_EXPECT))
		nsl_set_role_expect(a, slice.role);
	return 0;
}

static int role_set(struct ctl *ctl, struct args *args)
{
	int ret = need_role(ctl, &args->a);

	return ret ? ret : ctl_request(ctl, NETSLICE_CMD_ROLE_SET, &args->a);
}

static int role_lease(struct ctl *ctl, struct args *args)
{
	int ret;

	if (nsl_has(&args->a, LEASE_MS) == nsl_has(&args->a, LEASE_UNTIL))
		return ctl_usage(ctl, "one of lease-ms and lease-until is needed");
	ret = ctl_need_fp_term(ctl, &args->a);
	return ret ? ret : ctl_request(ctl, NETSLICE_CMD_LEASE_SET, &args->a);
}

static int role_mark(struct ctl *ctl, struct args *args)
{
	int ret = ctl_need_fp_term(ctl, &args->a);

	return ret ? ret : ctl_request(ctl, NETSLICE_CMD_MARK, &args->a);
}

static int role_announce(struct ctl *ctl, struct args *args)
{
	int ret = ctl_need_fp_term(ctl, &args->a);

	return ret ? ret : ctl_request(ctl, NETSLICE_CMD_ANNOUNCE, &args->a);
}

static int role_print(const struct nsl_reply *r, void *ctx)
{
	const struct nsl_attrs *a = &r->a;
	struct ctl *ctl = ctx;
	struct out *o = &ctl->out;

	out_item(o);
	out_text(o, "slice", "slice", a->slice);
	out_text(o, "role", "role", nsl_name(NSL_ROLE, a->role));
	if (nsl_has(a, ANSWER))
		out_flag(o, "answer", "answer");
	out_number(o, "fp_term", "fp-term", a->fp_term);
	if (nsl_has(a, LEASE_ACTION))
		out_text(o, "lease_action", "lease-action",
			 nsl_name(NSL_LEASE, a->lease_action));
	if (nsl_has(a, LEASE_MS))
		out_number(o, "lease_ms", "lease-ms", a->lease_ms);
	out_item_end(o);
	return 0;
}

static int role_show(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (ret)
		return ret;
	out_begin(&ctl->out);
	if (nsl_has(&args->a, SLICE))
		ret = nsl_request(ctl->p.client, NETSLICE_CMD_SLICE_GET, &args->a, role_print,
				  ctl, &ctl->err);
	else
		ret = nsl_dump(ctl->p.client, NETSLICE_CMD_SLICE_GET, &args->a, role_print,
			       ctl, &ctl->err);
	if (!ret)
		out_end(&ctl->out);
	return ret;
}

#define W_ROLE(word, ATTR)								\
	{ .name = word, .value = "standby|ready|master|draining", .type = WORD_ENUM,	\
	  .attr = NETSLICE_A_##ATTR, .names = NSL_ROLE }
#define W_LEASE(word, ATTR)								\
	{ .name = word, .value = "none|drain|reclaim", .type = WORD_ENUM,		\
	  .attr = NETSLICE_A_##ATTR, .names = NSL_LEASE }

static const struct word pos_slice[] = { W_POS_SLICE, W_END };
static const struct word pos_any[] = { W_POS_ANY_SLICE, W_END };
static const struct word pos_role[] = {
	W_POS_SLICE,
	{ .name = "ROLE", .type = WORD_ENUM, .attr = NETSLICE_A_ROLE, .names = NSL_ROLE,
	  .needed = true },
	W_END
};
static const struct word pos_mark[] = {
	W_POS_SLICE,
	{ .name = "marker|probe", .type = WORD_ENUM, .attr = NETSLICE_A_MARK_KIND,
	  .names = NSL_FRAME, .needed = true },
	W_END
};

static const struct word set_words[] = {
	W_ROLE("role-expect", ROLE_EXPECT), W_FP_TERM,
	W_NUMBER("fp-term-new", "N", FP_TERM_NEW),
	{ .name = "answer", .type = WORD_FLAG, .attr = NETSLICE_A_ANSWER },
	W_NUMBER("lease-ms", "MS", LEASE_MS), W_NUMBER("lease-until", "NS", LEASE_UNTIL),
	W_LEASE("lease-action", LEASE_ACTION), W_LEASE("lease-expect", LEASE_EXPECT),
	{ .name = "lease-keep", .type = WORD_FLAG, .attr = NETSLICE_A_LEASE_KEEP },
	W_NUMBER("not-after", "NS", NOT_AFTER), W_OWNER, W_FORCE, W_END
};

static const struct word lease_words[] = {
	W_NUMBER("lease-ms", "MS", LEASE_MS), W_NUMBER("lease-until", "NS", LEASE_UNTIL),
	W_LEASE("lease-action", LEASE_ACTION), W_LEASE("lease-expect", LEASE_EXPECT),
	W_ROLE("role-expect", ROLE_EXPECT), W_FP_TERM, W_OWNER, W_FORCE, W_END
};

static const struct word mark_words[] = {
	{ .name = "cookie", .value = "N", .type = WORD_NUMBER, .attr = NETSLICE_A_COOKIE,
	  .needed = true },
	{ .name = "port", .value = "PORT", .type = WORD_TEXT, .attr = NETSLICE_A_PORT },
	W_FP_TERM, W_OWNER, W_FORCE, W_END
};

static const struct word announce_words[] = { W_FP_TERM, W_OWNER, W_FORCE, W_END };

static const struct word await_words[] = {
	{ .name = "timeout", .value = "MS", .type = WORD_NUMBER, .extra = X_TIMEOUT, .min = 1,
	  .max = 3600000 },
	W_END
};

static const struct verb verbs[] = {
	{ .name = "set", .help = "change the role, if it is what is expected; times are of"
	  " CLOCK_BOOTTIME",
	  .pos = pos_role, .words = set_words, .run = role_set },
	{ .name = "show", .help = "roles and leases", .pos = pos_any, .run = role_show },
	{ .name = "lease", .help = "set, extend or, with lease-ms 0, end the lease",
	  .pos = pos_slice, .words = lease_words, .run = role_lease },
	{ .name = "mark", .help = "send a marker or a probe out of the lan ports",
	  .pos = pos_mark, .words = mark_words, .run = role_mark },
	{ .name = "announce", .help = "start the announcements again",
	  .pos = pos_slice, .words = announce_words, .run = role_announce },
	{ .name = "await", .help = "wait until the slice has the role",
	  .pos = pos_role, .words = await_words, .run = await_role },
	{ .name = NULL }
};

const struct object object_role = {
	.name = "role", .help = "what a slice's forwarding plane is to the LAN", .verbs = verbs,
};
