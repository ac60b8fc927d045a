/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: what slicectl's peer, release, upgrade and definition
 * commands speak with. JSON lines; the protocol stands in ctl.c.
 *
 * A command is a name, "peer.add", and a function. It answers once, now or
 * later: ctl_ok or ctl_fail end the request. Before, it may send any number
 * of events. When the client goes away, @gone is called if it was set and
 * the request is ended by itself: the command must not touch it again.
 */
#ifndef SLICED_CTL_H
#define SLICED_CTL_H

#include <stdbool.h>
#include <stdint.h>

struct ctl;
struct ctl_req;
struct nsl_err;
struct nsl_json;
struct nsl_jw;

struct ctl_command {
	const char	*name;
	/* @args: an object, valid during the call */
	void		(*run)(void *arg, struct ctl_req *req, const struct nsl_json *args);
	/* the members that may stand in @args, ending with NULL; another is refused before @run */
	const char	*const *allowed;
};

/* The table must live as long as @ctl; it ends with a NULL name. */
int ctl_register(struct ctl *ctl, const struct ctl_command *table, void *arg);

/* Each ends the request. @result: a writer with one finished object, emptied; NULL is {}. */
void ctl_ok(struct ctl_req *req, struct nsl_jw *result);
/* @arg names the argument that was wrong, NULL for none. */
void ctl_fail(struct ctl_req *req, const char *code, const char *arg, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void ctl_fail_err(struct ctl_req *req, const struct nsl_err *err);

/* Empties @event. -EAGAIN: the client reads too slowly, the event was dropped. */
int ctl_event(struct ctl_req *req, struct nsl_jw *event);
void ctl_on_gone(struct ctl_req *req, void (*gone)(void *arg), void *arg);

#endif
