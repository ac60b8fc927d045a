// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a worker wants, into the kernel: its first generation, or edits of the
 * active one. One such change is under way at a time; what comes meanwhile is
 * seen when it ends. What failed is tried again.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cp_int.h"
#include "gen.h"
#include "log.h"
#include "program.h"
#include "release.h"
#include "sliced.h"
#include "slices_int.h"

#define ROUTES_RETRY_MS	2000

/* ---- ends that come from the loop ---- */

struct cp_note {
	struct cp_note	*next;
	slice_done	done;
	void		*arg;
	int		code;
};

static void later_run(evutil_socket_t fd, short what, void *arg)
{
	struct cp *cp = arg;
	struct cp_note *n;

	(void)fd;
	(void)what;
	cp_start_failed(cp);
	while ((n = cp->notes)) {
		cp->notes = n->next;
		n->done(n->arg, n->code, n->code ? "the slice has no worker here" : "");
		free(n);
	}
}

void cp_later(struct cp *cp)
{
	if (!cp->later)
		cp->later = event_new(slices_sliced(cp->slice->slices)->base, -1, 0, later_run, cp);
	if (!cp->later)
		slices_nomem();
	event_active(cp->later, EV_TIMEOUT, 0);
}

static void cp_note(struct cp *cp, int code, slice_done done, void *arg)
{
	struct cp_note *n;

	if (!done)
		return;
	n = slices_alloc(sizeof(*n));
	n->next = cp->notes;
	n->done = done;
	n->arg = arg;
	n->code = code;
	cp->notes = n;
	cp_later(cp);
}

void cp_ended(struct cp *cp, slice_done done, void *arg)
{
	cp_note(cp, 0, done, arg);
}

void cp_absent(struct cp *cp, slice_done done, void *arg)
{
	cp_note(cp, -EHOSTDOWN, done, arg);
}

void cp_later_free(struct cp *cp)
{
	struct cp_note *n;

	while ((n = cp->notes)) {
		cp->notes = n->next;
		free(n);
	}
	if (cp->later)
		event_free(cp->later);
	if (cp->retry)
		event_free(cp->retry);
}

/* ---- routes ---- */

static void routes_retry(evutil_socket_t fd, short what, void *arg)
{
	struct cp *cp = arg;

	(void)fd;
	(void)what;
	cp_routes_changed(cp->slice);
}

static void routes_again(struct cp *cp)
{
	struct timeval tv = clock_timeval(ROUTES_RETRY_MS);

	if (!cp->retry)
		cp->retry = evtimer_new(slices_sliced(cp->slice->slices)->base, routes_retry, cp);
	if (!cp->retry || evtimer_add(cp->retry, &tv))
		slices_nomem();
}

static void routes_end(struct cp *cp, int code, const char *why)
{
	struct slice *s = cp->slice;

	cp->busy = false;
	if (code && s->phase == SLICE_PLACED) {
		log_warn("slice %s: its routes are not in force: %s", s->name, why);
		snprintf(s->why, sizeof(s->why), "routes: %s", why);
		routes_again(cp);
	} else if (!code && !strncmp(s->why, "routes: ", 8)) {
		s->why[0] = '\0';
	}
	if (!cp->again)
		return;
	cp->again = false;
	if (!code)
		cp_routes_changed(s);
}

static void routes_synced(void *arg, int code, const char *why)
{
	routes_end(arg, code, why);
}

static void routes_loaded(void *arg, int code, const char *why, uint64_t gen)
{
	struct cp *cp = arg;

	if (!code)
		log_notice("slice %s: generation %llu is active", cp->slice->name,
			   (unsigned long long)gen);
	routes_end(cp, code, why);
}

static void routes_load(struct cp *cp, int prog_fd)
{
	struct slice *s = cp->slice;
	const struct release *r = release_find(slices_sliced(s->slices)->releases, cp->release);
	char name[NETSLICE_RELEASE_LEN] = "";
	struct gen_spec spec = { .release = name, .prog_fd = prog_fd, .schema = cp->def->schema };

	if (r)
		snprintf(name, sizeof(name), "%s-%s", r->name, r->version);
	gen_load(s, &spec, cp->routes, routes_loaded, cp);
}

static void routes_program(void *arg, int fd, const char *why)
{
	struct cp *cp = arg;

	if (fd < 0)
		routes_end(cp, fd, why);
	else if (!cp->def)
		routes_end(cp, -EHOSTDOWN, "its worker was stopped meanwhile");
	else
		routes_load(cp, fd);
	if (fd >= 0)
		close(fd);
}

static void routes_first(struct cp *cp)
{
	struct sliced *sliced = slices_sliced(cp->slice->slices);
	const struct release *r = release_find(sliced->releases, cp->release);

	if (!r || !r->program)
		routes_load(cp, -1);
	else if (program_load(sliced->work, r->program, routes_program, cp))
		routes_end(cp, -ENOMEM, "out of memory");
}

static void routes_looked(void *arg, int code, const char *why)
{
	struct cp *cp = arg;
	struct slice *s = cp->slice;

	if (code || !s->kernel.there || !cp->complete || !cp->apply)
		routes_end(cp, code, why);
	else if (!s->kernel.gen)
		routes_first(cp);
	else if (slice_is_cp_master(s) && s->kernel.state.cp_term == s->terms.cp)
		gen_sync(s, cp->routes, routes_synced, cp);
	else
		routes_end(cp, 0, "");
}

/* A standby without any generation makes its first from what its own worker says. */
void cp_routes_changed(struct slice *s)
{
	struct cp *cp = s->cp;

	if (!cp || !cp->complete || !cp->apply || s->phase != SLICE_PLACED)
		return;
	if (cp->busy) {
		cp->again = true;
		return;
	}
	cp->busy = true;
	slice_look(s, routes_looked, cp);
}
