// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of slices, and what the kernel tells of them. */
#include "slices.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cp.h"
#include "lib/jsonw.h"
#include "log.h"
#include "peer.h"
#include "sliced.h"
#include "slices_int.h"

#define SLICES_RETRY_MS	5000

void slices_nomem(void)
{
	/* Slices forward without us, and a supervising process starts us again. */
	log_error("out of memory");
	abort();
}

void *slices_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		slices_nomem();
	return p;
}

char *slices_dup(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		slices_nomem();
	return copy;
}

/* ---- the table ---- */

struct slice *slices_find(struct slices *ss, const char *name)
{
	struct slice *s = ss->first;

	while (s && strcmp(s->name, name))
		s = s->next;
	return s;
}

struct slice *slices_next(struct slices *ss, const struct slice *after)
{
	return after ? after->next : ss->first;
}

struct sliced *slices_sliced(struct slices *ss)
{
	return ss->sliced;
}

struct slice *slice_add(struct slices *ss, const char *name)
{
	struct slice *s = slices_alloc(sizeof(*s)), **at = &ss->first;

	snprintf(s->name, sizeof(s->name), "%s", name);
	s->slices = ss;
	while (*at && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	s->next = *at;
	*at = s;
	return s;
}

void slice_gone(struct slice *s)
{
	struct slice **at = &s->slices->first;

	while (*at && *at != s)
		at = &(*at)->next;
	if (*at)
		*at = s->next;
	s->next = s->slices->gone;
	s->slices->gone = s;
}

static void slice_free(struct slice *s)
{
	claim_free(s);
	cp_free(s);
	definition_free(s->def);
	free(s);
}

struct slice *slice_from_row(struct slices *ss, const struct store_row *row, struct nsl_err *err)
{
	const char *text = store_text(row, 1);
	struct definition *def = definition_parse(text, strlen(text), err);
	struct slice *s;

	if (!def)
		return NULL;
	s = slice_add(ss, store_text(row, 0));
	s->def = def;
	s->def_seq = store_u64(row, 2);
	snprintf(s->current, sizeof(s->current), "%s", store_text(row, 3));
	snprintf(s->target, sizeof(s->target), "%s", store_text(row, 4));
	s->gen_next = store_u64(row, 5);
	s->terms.cp = store_u64(row, 6);
	s->terms.fp = store_u64(row, 7);
	snprintf(s->home, sizeof(s->home), "%s", store_text(row, 8));
	snprintf(s->peer, sizeof(s->peer), "%s", store_text(row, 9));
	s->terms.owner = store_u64(row, 10);
	s->parity = (uint8_t)store_int(row, 11);
	return s;
}

void slices_retry_soon(struct slices *ss)
{
	struct timeval tv = clock_timeval(SLICES_RETRY_MS);

	evtimer_add(ss->retry, &tv);
}

void slice_trouble(struct slice *s, const char *why)
{
	if (strcmp(s->why, why))
		log_error("slice %s: %s", s->name, why);
	s->phase = SLICE_TROUBLE;
	snprintf(s->why, sizeof(s->why), "%s", why);
	slices_retry_soon(s->slices);
}

/* ---- changes ---- */

static void changed_role(struct slice *s)
{
	bool master = slice_is_cp_master(s);
	struct cp_view view;

	if (s->holds)
		return;
	cp_view(s, &view);
	if (view.running && view.master != master)
		cp_role(s, master, s->terms.cp, NULL, NULL);
	else if (strcmp(view.release, s->current) && !slice_placing(s))
		slice_place(s, NULL, NULL);
}

void slices_changed(struct slice *s)
{
	if (s->phase != SLICE_PLACED)
		return;
	changed_role(s);
	claim_look(s);
}

static void event_looked(void *arg, int code, const char *why)
{
	struct slice *s = arg;

	(void)why;
	if (!code)
		slices_changed(s);
}

static void slices_event(void *arg, const char *name, const struct nsl_reply *r)
{
	struct slice *s = slices_find(arg, name);

	if (!s)
		return;
	switch (r->a.event) {
	case NETSLICE_EVENT_LEASE_EXPIRED:
	case NETSLICE_EVENT_OUTRANKED:
		log_warn("slice %s: %s: now %s, fp-term %llu", name,
			 nsl_name(NSL_EVENT, r->a.event), nsl_name(NSL_ROLE, r->a.role),
			 (unsigned long long)r->a.fp_term);
		break;
	case NETSLICE_EVENT_ROLE:
	case NETSLICE_EVENT_TERM:
	case NETSLICE_EVENT_SLICE_DEL:
	case NETSLICE_EVENT_GEN_SWITCH:
	case NETSLICE_EVENT_GEN_ROLLBACK:
	case NETSLICE_EVENT_CONFIRM_EXPIRED:
		break;
	default:
		return;
	}
	slice_look(s, event_looked, s);
}

/* Events were lost, or the module is a new one: what it lacks is brought back. */
static void resync_looked(void *arg, int code, const char *why)
{
	struct slice *s = arg;

	(void)why;
	if (code || s->phase == SLICE_LEAVING)
		return;
	if (s->kernel.there)
		slices_changed(s);
	else if (!slice_placing(s))
		slice_place(s, NULL, NULL);
}

static void slices_resync(void *arg)
{
	struct slices *ss = arg;
	struct slice *s;

	for (s = ss->first; s; s = s->next)
		if (s->def)
			slice_look(s, resync_looked, s);
}

/* It is not in the kernel as it should be, or its committed release's worker has failed. */
static bool slice_needs(const struct slice *s)
{
	struct cp_view view;

	cp_view(s, &view);
	return s->phase == SLICE_TROUBLE || (s->phase == SLICE_PLACED && !s->holds && *view.why);
}

static void slices_retry(evutil_socket_t fd, short what, void *arg)
{
	struct slices *ss = arg;
	struct slice *s;

	(void)fd;
	(void)what;
	for (s = ss->first; s; s = s->next)
		if (slice_needs(s) && !slice_placing(s))
			slice_place(s, NULL, NULL);
}

/* ---- the other node ---- */

/* What the other node should know of our slices before anything else is said. */
static void slices_hello(void *arg, struct peer *peer, struct nsl_jw *w)
{
	struct slices *ss = arg;
	const struct slice *s;

	nsl_jw_object(w, "slices");
	for (s = ss->first; s; s = s->next) {
		if (strcmp(s->peer, peer_name(peer)))
			continue;
		nsl_jw_object(w, s->name);
		nsl_jw_u64s(w, "cp_term", s->terms.cp);
		nsl_jw_u64s(w, "fp_term", s->terms.fp);
		nsl_jw_u64s(w, "owner_term", s->terms.owner);
		nsl_jw_str(w, "role", nsl_name(NSL_ROLE, s->kernel.state.role));
		nsl_jw_str(w, "current", s->current);
		nsl_jw_end(w);
	}
	nsl_jw_end(w);
}

/* ---- beginning and end ---- */

struct slices_loading {
	struct slices	*slices;
	struct nsl_err	*err;
	int		code;
};

static void slices_load(void *arg, const struct store_result *res)
{
	struct slices_loading *l = arg;
	unsigned int i;

	if (res->error) {
		l->code = nsl_err_set(l->err, -res->error, "%s", res->text);
		return;
	}
	for (i = 0; i < res->row_count && !l->code; i++)
		if (!slice_from_row(l->slices, store_row_at(res, i), l->err))
			l->code = nsl_err_prefix(l->err, "slice \"%s\"",
						 store_text(store_row_at(res, i), 0));
}

static void slices_begin(evutil_socket_t fd, short what, void *arg)
{
	struct slices *ss = arg;
	struct slice *s;

	(void)fd;
	(void)what;
	for (s = ss->first; s; s = s->next)
		slice_place(s, NULL, NULL);
}

static int slices_register(struct slices *ss)
{
	static const struct kern_watch kern = { .event = slices_event, .resync = slices_resync };
	static const struct peer_watch peers = { .hello = slices_hello };

	ss->begin = event_new(ss->sliced->base, -1, 0, slices_begin, ss);
	ss->retry = evtimer_new(ss->sliced->base, slices_retry, ss);
	if (!ss->begin || !ss->retry || ctl_slice_init(ss) ||
	    kern_watch(ss->sliced->kern, &kern, ss) || peers_watch(ss->sliced->peers, &peers, ss))
		return -ENOMEM;
	event_active(ss->begin, EV_TIMEOUT, 0);
	return 0;
}

int slices_init(struct sliced *sliced, struct nsl_err *err)
{
	struct slices *ss = calloc(1, sizeof(*ss));
	struct slices_loading loading = { .slices = ss, .err = err };
	struct store_tx *tx;

	if (!ss)
		return nsl_err_set(err, ENOMEM, "out of memory");
	sliced->slices = ss;
	ss->sliced = sliced;
	tx = store_tx_new(sliced->store);
	store_add(tx, SQL_SLICE_ALL, "");
	store_commit_wait(tx, slices_load, &loading);
	if (loading.code)
		return -1;
	if (slices_register(ss))
		return nsl_err_set(err, ENOMEM, "out of memory");
	return 0;
}

void slices_exit(struct sliced *sliced)
{
	struct slices *ss = sliced->slices;
	struct slice *s;

	if (!ss)
		return;
	while ((s = ss->first) || (s = ss->gone)) {
		*(s == ss->first ? &ss->first : &ss->gone) = s->next;
		slice_free(s);
	}
	if (ss->begin)
		event_free(ss->begin);
	if (ss->retry)
		event_free(ss->retry);
	free(ss);
	sliced->slices = NULL;
}
