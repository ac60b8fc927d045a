// SPDX-License-Identifier: GPL-2.0-or-later
/* Releases and the workers that run them: requests of sliced. */
#include "daemon.h"

#include <limits.h>

struct release_ask {
	struct ctl *ctl;
	const struct args *args;
	const char *path;
};

static void write_release(struct nsl_jw *w, void *ctx)
{
	const struct release_ask *r = ctx;

	if (r->path)
		nsl_jw_str(w, "path", r->path);
	daemon_put(w, r->args, X_HASH, "hash");
	daemon_put(w, r->args, X_RELEASE, "release");
	if (nsl_has(&r->args->a, SLICE))
		nsl_jw_str(w, "slice", r->args->a.slice);
}

static int print_result(const struct nsl_json *result, void *ctx)
{
	daemon_print(&((struct release_ask *)ctx)->ctl->out, result);
	return 0;
}

static int ask(struct ctl *ctl, const char *cmd, const struct args *args, const char *path,
	       bool print)
{
	struct release_ask ctx = { ctl, args, path };
	struct daemon_request request = {
		.cmd = cmd, .args = write_release, .result = print ? print_result : NULL,
		.ctx = &ctx,
	};

	return daemon_ask(ctl, &request);
}

/* Its hash is the only name it has: that is printed. */
static int release_import(struct ctl *ctl, struct args *args)
{
	char path[PATH_MAX];
	int ret = daemon_path(ctl, args->text[X_FILE], path, sizeof(path));

	return ret ? ret : ask(ctl, "release.import", args, path, true);
}

static int release_show(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "release.show", args, NULL, true);
}

static int release_del(struct ctl *ctl, struct args *args)
{
	if (args->has[X_RELEASE] == args->has[X_HASH])
		return ctl_usage(ctl, "one of RELEASE and hash is needed");
	return ask(ctl, "release.remove", args, NULL, false);
}

static int worker_show(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "worker.show", args, NULL, true);
}

static const struct word pos_path[] = {
	{ .name = "PATH", .type = WORD_TEXT, .extra = X_FILE, .needed = true }, W_END
};
static const struct word pos_release[] = {
	{ .name = "RELEASE", .type = WORD_TEXT, .extra = X_RELEASE }, W_END
};
static const struct word show_words[] = {
	{ .name = "hash", .value = "HASH", .type = WORD_TEXT, .extra = X_HASH }, W_END
};
static const struct word pos_any[] = { W_POS_ANY_SLICE, W_END };

static const struct verb verbs[] = {
	{ .name = "import", .help = "take a release from a directory or tar; prints its hash",
	  .pos = pos_path, .run = release_import },
	{ .name = "show", .help = "the releases that this node has",
	  .pos = pos_release, .words = show_words, .run = release_show },
	{ .name = "del", .help = "forget one that no slice runs",
	  .pos = pos_release, .words = show_words, .run = release_del },
	{ .name = NULL }
};

const struct object object_release = {
	.name = "release", .help = "a version of a slice's software", .verbs = verbs,
};

static const struct verb worker_verbs[] = {
	{ .name = "show", .help = "the control planes that run here",
	  .pos = pos_any, .run = worker_show },
	{ .name = NULL }
};

const struct object object_worker = {
	.name = "worker", .help = "the process of a slice's control plane",
	.verbs = worker_verbs,
};
