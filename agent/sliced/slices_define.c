// SPDX-License-Identifier: GPL-2.0-or-later
/* Defining, changing and undefining: what is durable first. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "cp.h"
#include "log.h"
#include "release.h"
#include "sliced.h"
#include "slices_int.h"
#include "wire.h"

struct defining {
	struct slices		*slices;
	struct slice		*slice;
	struct definition	*def;
	char			current[SLICE_HASH_LEN + 1];
	char			target[SLICE_HASH_LEN + 1];
	char			home[NODE_ID_LEN + 1];
	char			peer[NODE_NAME_LEN];
	struct slice_terms	terms;
	uint8_t			parity;
	bool			fresh;
	int			code;		/* refused at once */
	char			why[SLICE_WHY_LEN];
	slices_done		done;
	void			*arg;
};

static void define_free(struct defining *d)
{
	definition_free(d->def);
	free(d);
}

static void define_end(struct defining *d, int code, const char *why)
{
	d->done(d->arg, code, why, d->slice);
	define_free(d);
}

int slices_check(struct slices *ss, const struct definition *def, struct nsl_err *err)
{
	if (!wire_slice_valid(def->name))
		return nsl_err_set(err, EINVAL,
				   "name \"%s\": only letters, digits, '-', '_' and '.' may be in it",
				   def->name);
	return apply_check(def, ss->sliced->config, err);
}

static void define_placed(void *arg, int code, const char *why)
{
	define_end(arg, code, why);
}

static void define_stored(void *arg, const struct store_result *res)
{
	struct defining *d = arg;
	struct slice *s = d->slice;

	if (res->error) {
		if (d->fresh) {
			slice_gone(s);
			d->slice = NULL;
		}
		define_end(d, res->error, res->text);
		return;
	}
	definition_free(s->def);
	s->def = d->def;
	d->def = NULL;
	s->def_seq++;
	memcpy(s->current, d->current, sizeof(s->current));
	memcpy(s->target, d->target, sizeof(s->target));
	slice_place(s, define_placed, d);
}

static void define_new(struct defining *d, struct store_tx *tx)
{
	struct slice *s = slice_add(d->slices, d->def->name);

	d->slice = s;
	d->fresh = true;
	s->phase = SLICE_PLACING;
	s->gen_next = 1;
	s->terms = d->terms;
	s->parity = d->parity;
	memcpy(s->home, d->home, sizeof(s->home));
	memcpy(s->peer, d->peer, sizeof(s->peer));
	store_add(tx, SQL_SLICE_NEW, "ssissuuussui", s->name, d->def->text, (int64_t)1,
		  *d->current ? d->current : NULL, *d->target ? d->target : NULL, s->gen_next,
		  s->terms.cp, s->terms.fp, s->home, s->peer, s->terms.owner,
		  (int64_t)s->parity);
}

static void define_change(struct defining *d, struct store_tx *tx)
{
	const struct slice *s = d->slice;

	if (!*d->current)
		memcpy(d->current, s->current, sizeof(d->current));
	if (!*d->target)
		memcpy(d->target, s->target, sizeof(d->target));
	store_add(tx, SQL_SLICE_DEFINE, "ssu", s->name, d->def->text, s->def_seq);
	store_expect(tx, 1);
	store_add(tx, SQL_SLICE_CURRENT, "ss", s->name, *d->current ? d->current : NULL);
	store_add(tx, SQL_SLICE_TARGET, "ss", s->name, *d->target ? d->target : NULL);
}

static void define_refused(void *arg, const struct store_result *res)
{
	struct defining *d = arg;

	(void)res;
	d->slice = NULL;
	define_end(d, d->code, d->why);
}

/* Refusals too come from the loop: by way of a transaction that does nothing. */
static void define_refuse(struct defining *d, int code, const char *why)
{
	d->code = code;
	snprintf(d->why, sizeof(d->why), "%s", why);
	store_commit(store_tx_new(d->slices->sliced->store), define_refused, d);
}

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static struct defining *define_new_job(struct slices *ss, const struct slice_spec *spec,
				       slices_done done, void *arg)
{
	struct defining *d = slices_alloc(sizeof(*d));

	d->slices = ss;
	d->def = definition_parse(spec->def->text, strlen(spec->def->text), NULL);
	if (!d->def)
		slices_nomem();
	copy_text(d->current, sizeof(d->current), spec->current);
	copy_text(d->target, sizeof(d->target), spec->target);
	copy_text(d->home, sizeof(d->home), spec->home);
	copy_text(d->peer, sizeof(d->peer), spec->peer);
	d->terms = spec->terms;
	d->parity = spec->parity;
	d->done = done;
	d->arg = arg;
	d->slice = slices_find(ss, d->def->name);
	return d;
}

static int define_allowed(const struct defining *d, bool force, struct nsl_err *err)
{
	const struct slice *s = d->slice;

	if (s && s->phase == SLICE_LEAVING)
		return nsl_err_set(err, EBUSY, "slice \"%s\" is being undefined", s->name);
	if (s && s->holds && !force)
		return nsl_err_set(err, EBUSY, "slice \"%s\": %s", s->name, s->hold_why);
	if (s && !s->def)
		return nsl_err_set(err, EBUSY, "slice \"%s\" is being defined", s->name);
	if (*d->current && !release_find(d->slices->sliced->releases, d->current))
		return nsl_err_set(err, ENOENT, "release %.12s: is not on this node", d->current);
	return slices_check(d->slices, d->def, err);
}

void slices_define(struct slices *ss, const struct slice_spec *spec, bool force,
		   slices_done done, void *arg)
{
	struct defining *d = define_new_job(ss, spec, done, arg);
	struct store_tx *tx;
	struct nsl_err err;

	if (define_allowed(d, force, &err)) {
		define_refuse(d, -err.code, err.text);
		return;
	}
	tx = store_tx_new(ss->sliced->store);
	if (d->slice)
		define_change(d, tx);
	else
		define_new(d, tx);
	store_commit(tx, define_stored, d);
}

/* ---- release ---- */

struct releasing {
	struct slice	*slice;
	char		current[SLICE_HASH_LEN + 1];
	char		target[SLICE_HASH_LEN + 1];
	slice_done	done;
	void		*arg;
};

static void release_stored(void *arg, const struct store_result *res)
{
	struct releasing *r = arg;

	if (!res->error) {
		memcpy(r->slice->current, r->current, sizeof(r->current));
		memcpy(r->slice->target, r->target, sizeof(r->target));
	}
	if (r->done)
		r->done(r->arg, res->error, res->text);
	if (!res->error)
		slices_changed(r->slice);
	free(r);
}

void slice_set_release(struct slice *s, const char *current, const char *target, slice_done done,
		       void *arg)
{
	struct store_tx *tx = store_tx_new(s->slices->sliced->store);
	struct releasing *r = slices_alloc(sizeof(*r));

	r->slice = s;
	copy_text(r->current, sizeof(r->current), current ? current : s->current);
	copy_text(r->target, sizeof(r->target), target ? target : s->target);
	r->done = done;
	r->arg = arg;
	store_add(tx, SQL_SLICE_CURRENT, "ss", s->name, *r->current ? r->current : NULL);
	store_expect(tx, 1);
	store_add(tx, SQL_SLICE_TARGET, "ss", s->name, *r->target ? r->target : NULL);
	store_commit(tx, release_stored, r);
}

/* ---- undefine ---- */

struct leaving {
	struct slice	*slice;
	int		code;
	char		why[SLICE_WHY_LEN];
	slice_done	done;
	void		*arg;
};

static void leave_end(struct leaving *l, int code, const char *why)
{
	l->done(l->arg, code, why);
	free(l);
}

static void leave_refused(void *arg, const struct store_result *res)
{
	struct leaving *l = arg;

	(void)res;
	leave_end(l, l->code, l->why);
}

static void leave_forgotten(void *arg, const struct store_result *res)
{
	struct leaving *l = arg;

	if (res->error)
		slice_trouble(l->slice, res->text);
	else
		slice_gone(l->slice);
	leave_end(l, res->error, res->text);
}

static void leave_removed(void *arg, const struct apply_result *result)
{
	struct leaving *l = arg;
	struct store_tx *tx;

	if (result->code) {
		slice_trouble(l->slice, result->why);
		leave_end(l, result->code, result->why);
		return;
	}
	tx = store_tx_new(l->slice->slices->sliced->store);
	store_add(tx, SQL_SLICE_DEL, "s", l->slice->name);
	store_add(tx, SQL_KEEP_DEL, "s", l->slice->name);
	store_commit(tx, leave_forgotten, l);
}

static bool leave_refuse(struct leaving *l)
{
	const struct slice *s = l->slice;

	if (s->holds)
		snprintf(l->why, sizeof(l->why), "slice \"%s\": %s", s->name, s->hold_why);
	else if (s->place || s->phase == SLICE_LEAVING || !s->def)
		snprintf(l->why, sizeof(l->why), "slice \"%s\": a change is under way", s->name);
	else
		return false;
	l->code = -EBUSY;
	store_commit(store_tx_new(s->slices->sliced->store), leave_refused, l);
	return true;
}

void slices_undefine(struct slices *ss, struct slice *s, slice_done done, void *arg)
{
	struct leaving *l = slices_alloc(sizeof(*l));
	const struct apply_spec spec = { .def = s->def, .config = ss->sliced->config };

	l->slice = s;
	l->done = done;
	l->arg = arg;
	if (leave_refuse(l))
		return;
	s->phase = SLICE_LEAVING;
	claim_look(s);
	cp_stop(s, NULL, NULL);
	if (apply_remove(ss->sliced->work, &spec, leave_removed, l) == -ENOMEM)
		slices_nomem();
}
