// SPDX-License-Identifier: GPL-2.0-or-later
#include "define.h"

#include "daemon.h"

struct define_ask {
	struct ctl *ctl;
	const struct args *args;
	const struct nsl_json *definition;
};

static void write_define(struct nsl_jw *w, void *ctx)
{
	const struct define_ask *d = ctx;

	if (d->definition) {
		nsl_jw_json(w, "definition", d->definition);
		daemon_put(w, d->args, X_RELEASE, "release");
		daemon_put(w, d->args, X_HOME, "home");
	} else if (nsl_has(&d->args->a, SLICE)) {
		nsl_jw_str(w, "slice", d->args->a.slice);
	}
}

static int print_result(const struct nsl_json *result, void *ctx)
{
	daemon_print(&((struct define_ask *)ctx)->ctl->out, result);
	return 0;
}

static int ask(struct ctl *ctl, const char *cmd, const struct args *args,
	       const struct nsl_json *definition, bool print)
{
	struct define_ask ctx = { ctl, args, definition };
	struct daemon_request request = {
		.cmd = cmd, .args = write_define, .result = print ? print_result : NULL,
		.ctx = &ctx,
	};

	return daemon_ask(ctl, &request);
}

int slice_define(struct ctl *ctl, struct args *args)
{
	struct nsl_json *definition = nsl_json_read(args->text[X_FILE], &ctl->err);
	int ret;

	if (!definition)
		return -ctl->err.code;
	ret = ask(ctl, "slice.define", args, definition, false);
	nsl_json_free(definition);
	return ret;
}

int slice_undefine(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "slice.undefine", args, NULL, false);
}

int slice_definition(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "slice.definition", args, NULL, true);
}

int slice_status(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "slice.status", args, NULL, true);
}
