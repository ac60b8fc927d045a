// SPDX-License-Identifier: GPL-2.0-or-later
/* Upgrades: requests of sliced. */
#include "daemon.h"

#include "watch.h"

struct upgrade_ask {
	struct ctl *ctl;
	const struct args *args;
	const struct nsl_json *plan;
};

static void write_upgrade(struct nsl_jw *w, void *ctx)
{
	const struct upgrade_ask *u = ctx;

	if (u->plan)
		nsl_jw_json(w, "plan", u->plan);
	daemon_put(w, u->args, X_ID, "id");
	if (nsl_has(&u->args->a, SLICE))
		nsl_jw_str(w, "slice", u->args->a.slice);
	if (u->args->has[X_LIMIT])
		nsl_jw_u64(w, "limit", u->args->number[X_LIMIT]);
}

static int print_result(const struct nsl_json *result, void *ctx)
{
	daemon_print(&((struct upgrade_ask *)ctx)->ctl->out, result);
	return 0;
}

static int ask(struct ctl *ctl, const char *cmd, const struct args *args,
	       const struct nsl_json *plan, bool print)
{
	struct upgrade_ask ctx = { ctl, args, plan };
	struct daemon_request request = {
		.cmd = cmd, .args = write_upgrade, .result = print ? print_result : NULL,
		.ctx = &ctx,
	};

	return daemon_ask(ctl, &request);
}

static int with_plan(struct ctl *ctl, const char *cmd, const struct args *args)
{
	struct nsl_json *plan = nsl_json_read(args->text[X_FILE], &ctl->err);
	int ret;

	if (!plan)
		return -ctl->err.code;
	ret = ask(ctl, cmd, args, plan, true);
	nsl_json_free(plan);
	return ret;
}

static int upgrade_check(struct ctl *ctl, struct args *args)
{
	return with_plan(ctl, "upgrade.check", args);
}

/* Its id is needed to speak of it: that is printed. */
static int upgrade_start(struct ctl *ctl, struct args *args)
{
	return with_plan(ctl, "upgrade.start", args);
}

static int upgrade_show(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "upgrade.show", args, NULL, true);
}

static int upgrade_watch(struct ctl *ctl, struct args *args)
{
	return watch_upgrade(ctl, args->has[X_ID] ? args->text[X_ID] : NULL);
}

static int upgrade_confirm(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "upgrade.confirm", args, NULL, false);
}

static int upgrade_abort(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "upgrade.abort", args, NULL, false);
}

static int upgrade_rollback(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "upgrade.rollback", args, NULL, true);
}

static int upgrade_history(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "upgrade.history", args, NULL, true);
}

static const struct word pos_plan[] = {
	{ .name = "PLAN", .type = WORD_TEXT, .extra = X_FILE, .needed = true }, W_END
};
static const struct word pos_id[] = {
	{ .name = "ID", .type = WORD_TEXT, .extra = X_ID, .needed = true }, W_END
};
static const struct word pos_any_id[] = {
	{ .name = "ID", .type = WORD_TEXT, .extra = X_ID }, W_END
};
static const struct word pos_slice[] = { W_POS_SLICE, W_END };
static const struct word pos_any[] = { W_POS_ANY_SLICE, W_END };
static const struct word slice_words[] = {
	{ .name = "slice", .value = "SLICE", .type = WORD_TEXT, .attr = NETSLICE_A_SLICE }, W_END
};
static const struct word history_words[] = {
	{ .name = "limit", .value = "N", .type = WORD_NUMBER, .extra = X_LIMIT, .min = 1,
	  .max = 1000000 }, W_END
};

static const struct verb verbs[] = {
	{ .name = "check", .help = "would this plan (a file, or -) be accepted",
	  .pos = pos_plan, .run = upgrade_check },
	{ .name = "start", .help = "start it; prints its id",
	  .pos = pos_plan, .run = upgrade_start },
	{ .name = "show", .help = "upgrades and the state of each slice",
	  .pos = pos_any_id, .run = upgrade_show },
	{ .name = "watch", .help = "follow one until it ends", .pos = pos_any_id,
	  .run = upgrade_watch },
	{ .name = "confirm", .help = "say that a slice that waits for it is well",
	  .pos = pos_id, .words = slice_words, .run = upgrade_confirm },
	{ .name = "abort", .help = "roll back what is not complete",
	  .pos = pos_id, .words = slice_words, .run = upgrade_abort },
	{ .name = "rollback", .help = "take one slice back to the version it came from; prints the id",
	  .pos = pos_slice, .run = upgrade_rollback },
	{ .name = "history", .help = "what was upgraded, how it ended, and why",
	  .pos = pos_any, .words = history_words, .run = upgrade_history },
	{ .name = NULL }
};

const struct object object_upgrade = {
	.name = "upgrade", .help = "slices on their way to other releases", .verbs = verbs,
};
