// SPDX-License-Identifier: GPL-2.0-or-later
/* One slice: its terms, and what holds it. */
#include "slice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "slices.h"
#include "slices_int.h"
#include "sliced.h"

void slice_tx_terms(struct store_tx *tx, const struct slice *s, const struct slice_terms *to)
{
	if (to->cp != s->terms.cp) {
		store_add(tx, SQL_SLICE_CP_TERM, "suu", s->name, s->terms.cp, to->cp);
		store_expect(tx, 1);
	}
	if (to->fp != s->terms.fp) {
		store_add(tx, SQL_SLICE_FP_TERM, "suu", s->name, s->terms.fp, to->fp);
		store_expect(tx, 1);
	}
	if (to->owner != s->terms.owner) {
		store_add(tx, SQL_SLICE_OWNER_TERM, "suu", s->name, s->terms.owner, to->owner);
		store_expect(tx, 1);
	}
}

void slice_terms_now(struct slice *s, const struct slice_terms *to)
{
	s->terms = *to;
	slices_changed(s);
}

struct terms_set {
	struct slice		*slice;
	struct slice_terms	to;
	slice_done		done;
	void			*arg;
};

static void terms_stored(void *arg, const struct store_result *res)
{
	struct terms_set *set = arg;

	if (!res->error)
		slice_terms_now(set->slice, &set->to);
	set->done(set->arg, res->error, res->text);
	free(set);
}

void slice_terms_set(struct slice *s, const struct slice_terms *to, slice_done done, void *arg)
{
	struct store_tx *tx = store_tx_new(slices_sliced(s->slices)->store);
	struct terms_set *set = slices_alloc(sizeof(*set));

	set->slice = s;
	set->to = *to;
	set->done = done;
	set->arg = arg;
	slice_tx_terms(tx, s, to);
	store_commit(tx, terms_stored, set);
}

void slice_hold(struct slice *s, const char *why)
{
	s->holds++;
	snprintf(s->hold_why, sizeof(s->hold_why), "%s", why);
}

void slice_release(struct slice *s)
{
	if (s->holds && !--s->holds)
		slices_changed(s);
}

struct looking {
	struct slice	*slice;
	slice_done	done;
	void		*arg;
};

static void slice_looked(void *arg, int code, const struct kern_slice *k)
{
	struct looking *l = arg;

	if (!code)
		l->slice->kernel = *k;
	if (l->done)
		l->done(l->arg, code, code ? "the kernel does not answer" : "");
	free(l);
}

void slice_look(struct slice *s, slice_done done, void *arg)
{
	struct looking *l = slices_alloc(sizeof(*l));

	l->slice = s;
	l->done = done;
	l->arg = arg;
	kern_look(slices_sliced(s->slices)->kern, s->name, slice_looked, l);
}
