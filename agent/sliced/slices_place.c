// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A slice into the kernel as it is defined: objects, terms, then its worker,
 * whose routes follow by themselves. On a slice that stands there already
 * this finds nothing to do.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "cp.h"
#include "log.h"
#include "sliced.h"
#include "slices_int.h"

struct waiter {
	struct waiter	*next;
	slice_done	done;
	void		*arg;
};

struct place {
	struct slice	*slice;
	struct waiter	*waiters;
	struct waiter	*later;		/* of the next one */
	bool		again;
};

static void place_go(struct place *p);

bool slice_placing(const struct slice *s)
{
	return s->place;
}

static void waiter_add(struct waiter **list, slice_done done, void *arg)
{
	struct waiter *w;

	if (!done)
		return;
	w = slices_alloc(sizeof(*w));
	w->next = *list;
	w->done = done;
	w->arg = arg;
	*list = w;
}

static void place_end(struct place *p, int code, const char *why)
{
	struct slice *s = p->slice;
	struct waiter *w;

	while ((w = p->waiters)) {
		p->waiters = w->next;
		w->done(w->arg, code, why);
		free(w);
	}
	if (p->again && s->phase != SLICE_LEAVING) {
		p->again = false;
		p->waiters = p->later;
		p->later = NULL;
		place_go(p);
		return;
	}
	s->place = NULL;
	free(p);
	slices_changed(s);
}

static void place_failed(struct place *p, const char *why)
{
	char copy[SLICE_WHY_LEN];

	snprintf(copy, sizeof(copy), "%s", why);
	if (p->slice->phase != SLICE_LEAVING)
		slice_trouble(p->slice, copy);
	place_end(p, -EIO, copy);
}

/* ---- its worker ---- */

static void place_worker_done(void *arg, int code, const char *why)
{
	struct place *p = arg;
	struct slice *s = p->slice;

	if (code) {
		s->def_loaded = 0;
		snprintf(s->why, sizeof(s->why), "worker: %s", why);
	}
	place_end(p, code, why);
}

/* An upgrade starts the workers of its slice itself. */
static void place_worker(struct place *p)
{
	struct slice *s = p->slice;
	struct cp_view view;

	cp_view(s, &view);
	s->why[0] = '\0';
	if (s->holds || (!*s->current && !*view.release)) {
		place_end(p, 0, "");
	} else if (!*s->current) {
		cp_stop(s, NULL, NULL);
		place_end(p, 0, "");
	} else if (strcmp(view.release, s->current) || *view.why) {
		s->def_loaded = s->def_seq;
		cp_role(s, slice_is_cp_master(s), s->terms.cp, NULL, NULL);
		cp_start(s, s->current, NULL, place_worker_done, p);
	} else if (s->def_loaded != s->def_seq) {
		s->def_loaded = s->def_seq;
		cp_load(s, s->def, place_worker_done, p);
	} else {
		place_end(p, 0, "");
	}
}

/* ---- terms ---- */

static void place_placed(struct place *p)
{
	p->slice->phase = SLICE_PLACED;
	place_worker(p);
}

static void place_looked_again(void *arg, int code, const char *why)
{
	struct place *p = arg;

	if (code)
		place_failed(p, why);
	else
		place_placed(p);
}

static void place_raised(void *arg, int code, const struct nsl_err *err)
{
	struct place *p = arg;

	if (code)
		place_failed(p, err->text);
	else
		slice_look(p->slice, place_looked_again, p);
}

/* What is durable was decided; the kernel did not hear of it. */
static void place_raise(struct place *p)
{
	struct slice *s = p->slice;
	const struct handover_kernel *k = &s->kernel.state;
	struct nsl_attrs a = { 0 };

	nsl_set_slice(&a, s->name);
	if (k->cp_term < s->terms.cp) {
		nsl_set_cp_term_expect(&a, k->cp_term);
		nsl_set_cp_term(&a, s->terms.cp);
	}
	if (k->fp_term < s->terms.fp && k->role != NETSLICE_ROLE_MASTER) {
		nsl_set_fp_term_expect(&a, k->fp_term);
		nsl_set_fp_term(&a, s->terms.fp);
	}
	if (nsl_has(&a, CP_TERM) || nsl_has(&a, FP_TERM))
		kern_request(slices_sliced(s->slices)->kern, KERN_CONTROL,
			     NETSLICE_CMD_TERM_RAISE, &a, NULL, place_raised, p);
	else
		place_placed(p);
}

static void place_recorded(void *arg, int code, const char *why)
{
	struct place *p = arg;

	if (code)
		place_failed(p, why);
	else
		place_raise(p);
}

/* A lease that ended while no daemon ran has raised the fp-term: on record with it. */
static void place_terms(struct place *p)
{
	struct slice *s = p->slice;
	struct slice_terms to = s->terms;

	if (s->kernel.state.cp_term > to.cp)
		to.cp = s->kernel.state.cp_term;
	if (s->kernel.state.fp_term > to.fp)
		to.fp = s->kernel.state.fp_term;
	if (s->holds)
		place_placed(p);
	else if (to.cp != s->terms.cp || to.fp != s->terms.fp)
		slice_terms_set(s, &to, place_recorded, p);
	else
		place_raise(p);
}

/* ---- objects ---- */

static void place_looked(void *arg, int code, const char *why)
{
	struct place *p = arg;

	if (code)
		place_failed(p, why);
	else if (!p->slice->kernel.there)
		place_failed(p, "it is not in the kernel any more");
	else
		place_terms(p);
}

static void place_applied(void *arg, const struct apply_result *result)
{
	struct place *p = arg;
	unsigned int i;

	for (i = 0; i < result->texts; i++)
		log_detail("slice %s: %s", p->slice->name, result->text[i]);
	if (result->made)
		log_notice("slice %s: is in the kernel now", p->slice->name);
	if (result->code)
		place_failed(p, result->why);
	else
		slice_look(p->slice, place_looked, p);
}

static void place_go(struct place *p)
{
	struct slice *s = p->slice;
	struct sliced *sliced = slices_sliced(s->slices);
	const struct apply_spec spec = {
		.def = s->def,
		.config = sliced->config,
		.gen_first = s->gen_next,
		.cp_term = s->terms.cp,
		.fp_term = s->terms.fp,
	};

	s->phase = SLICE_PLACING;
	/* Refused only at the daemon's end: then nothing is called back any more. */
	if (apply_start(sliced->work, &spec, place_applied, p) == -ENOMEM)
		slices_nomem();
}

void slice_place(struct slice *s, slice_done done, void *arg)
{
	struct place *p = s->place;

	if (p) {
		p->again = true;
		waiter_add(&p->later, done, arg);
		return;
	}
	p = slices_alloc(sizeof(*p));
	p->slice = s;
	s->place = p;
	waiter_add(&p->waiters, done, arg);
	place_go(p);
}
