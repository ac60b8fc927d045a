/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of sliced's control socket. A request is a line of JSON, and so is
 * each answer: any number of events, then the result or an error.
 */
#ifndef SLICECTL_DAEMON_H
#define SLICECTL_DAEMON_H

#include "ctl.h"
#include "lib/json.h"

#define DAEMON_SOCKET	"/run/netslice/sliced.sock"

/**
 * struct daemon_request - what to ask
 * @cmd: "peer.show"
 * @args: writes members into the open object, may be NULL
 * @event: called with each event, may be NULL
 * @result: called with the result, may be NULL; returns 0 or a negative errno
 * @ctx: for all three
 */
struct daemon_request {
	const char *cmd;
	void (*args)(struct nsl_jw *w, void *ctx);
	void (*event)(const struct nsl_json *event, void *ctx);
	int (*result)(const struct nsl_json *result, void *ctx);
	void *ctx;
};

int daemon_ask(struct ctl *ctl, const struct daemon_request *request);

/* Print a result, or an event on a line of its own. */
void daemon_print(struct out *o, const struct nsl_json *v);
void daemon_print_line(struct out *o, const struct nsl_json *v);

/* A word of @args as member @name of a request, if it is there. */
void daemon_put(struct nsl_jw *w, const struct args *args, enum extra extra, const char *name);
int daemon_path(struct ctl *ctl, const char *path, char *out, size_t size);

#endif /* SLICECTL_DAEMON_H */
