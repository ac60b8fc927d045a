// SPDX-License-Identifier: GPL-2.0-or-later
/* worker.show */
#include <errno.h>
#include <string.h>

#include "ctl.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "release.h"
#include "sliced.h"
#include "workers_int.h"

static const char *const status_names[] = {
	[WORKER_STARTING] = "starting", [WORKER_READY] = "ready", [WORKER_WAITING] = "waiting",
	[WORKER_FAILED] = "failed", [WORKER_STOPPING] = "stopping",
};

static void worker_json(struct nsl_jw *j, const struct worker *w)
{
	nsl_jw_object(j, NULL);
	nsl_jw_str(j, "slice", w->slice);
	nsl_jw_fmt(j, "release", "%s-%s", w->r->name, w->r->version);
	nsl_jw_str(j, "hash", w->r->hash);
	nsl_jw_str(j, "status", status_names[w->status]);
	nsl_jw_bool(j, "healthy", w->healthy);
	nsl_jw_str(j, "text", w->cause[0] ? w->cause : w->health_text);
	if (w->pid) {
		nsl_jw_u64(j, "pid", (uint64_t)w->pid);
		nsl_jw_i64(j, "started_ms", w->started_ms);
	}
	if (w->memory.has_role) {
		nsl_jw_str(j, "role", worker_role_name(w->memory.role));
		nsl_jw_u64s(j, "cp_term", w->memory.cp_term);
	}
	nsl_jw_u64(j, "restarts", w->restarts_all);
	nsl_jw_end(j);
}

static void worker_show(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	const struct workers *ws = arg;
	const char *slice = NULL;
	const struct worker *w;
	struct nsl_jw j = { 0 };
	struct nsl_err err;

	if (nsl_json_get_str(args, "slice", &slice, &err) < 0) {
		ctl_fail_err(req, &err);
		return;
	}
	nsl_jw_object(&j, NULL);
	nsl_jw_array(&j, "workers");
	for (w = ws->first; w; w = w->next) {
		if (!slice || !strcmp(slice, w->slice))
			worker_json(&j, w);
	}
	nsl_jw_end(&j);
	nsl_jw_end(&j);
	ctl_ok(req, &j);
}

static const char *const show_args[] = { "slice", NULL };
static const struct ctl_command commands[] = {
	{ .name = "worker.show", .run = worker_show, .allowed = show_args },
	{ 0 }
};

int ctl_worker_init(struct workers *ws, struct nsl_err *err)
{
	if (ctl_register(ws->sliced->ctl, commands, ws))
		return nsl_err_set(err, ENOMEM, "out of memory");
	return 0;
}
