// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The whole way of a set of routes into force, step by step. What stands in the
 * way is cleared first: a standby generation that an earlier life left, a
 * switch that was never committed. A failure drops what was staged.
 */
#include "gen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slices_int.h"

enum load_step {
	LOAD_LOOK, LOAD_LIST, LOAD_CLEAR, LOAD_TAKE, LOAD_STAGE, LOAD_FILL, LOAD_SEAL,
	LOAD_SWITCH, LOAD_COMMIT, LOAD_LOOK_AGAIN, LOAD_END,
};

struct loading {
	struct slice		*slice;
	enum load_step		step;
	bool			force;		/* all the way, not only to the seal */
	char			release[NETSLICE_RELEASE_LEN];
	uint32_t		schema;
	int			prog_fd;
	struct routeset		*set;
	uint64_t		gen;
	uint64_t		standby;	/* left by an earlier life */
	uint64_t		previous;	/* of a switch not committed: the active one, to commit */
	int			code;
	char			why[SLICE_WHY_LEN];
	gen_taken		done;
	void			*arg;
};

static void load_next(struct loading *l);

static void load_end(struct loading *l)
{
	l->done(l->arg, l->code, l->why, l->gen);
	if (l->prog_fd >= 0)
		close(l->prog_fd);
	routeset_free(l->set);
	free(l);
}

static void load_dropped(void *arg, int code, const char *why)
{
	(void)code;
	(void)why;
	load_end(arg);
}

static void load_failed(struct loading *l, int code, const char *why)
{
	l->code = code;
	snprintf(l->why, sizeof(l->why), "%s", why);
	if (l->step > LOAD_STAGE && l->step <= LOAD_SWITCH)
		gen_drop(l->slice, l->gen, load_dropped, l);
	else
		load_end(l);
}

static void load_stepped(void *arg, int code, const char *why)
{
	struct loading *l = arg;

	if (code) {
		load_failed(l, code, why);
		return;
	}
	l->step++;
	if (l->step == LOAD_SWITCH && !l->force)
		l->step = LOAD_LOOK_AGAIN;
	load_next(l);
}

static void load_listed(void *arg, int code, const struct gen_info *list, size_t count)
{
	struct loading *l = arg;
	uint64_t active = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (list[i].state == NETSLICE_GEN_ACTIVE)
			active = list[i].gen;
		if (list[i].state == NETSLICE_GEN_BUILDING || list[i].state == NETSLICE_GEN_SEALED)
			l->standby = list[i].gen;
	}
	for (i = 0; i < count; i++)
		if (list[i].state == NETSLICE_GEN_PREVIOUS)
			l->previous = active;
	load_stepped(l, code, "the generations cannot be read");
}

static void load_cleared(void *arg, int code, const char *why)
{
	struct loading *l = arg;

	l->standby = 0;
	if (code || !l->force || !l->previous)
		load_stepped(l, code, why);
	else
		gen_commit(l->slice, l->previous, load_stepped, l);
}

static void load_clear(struct loading *l)
{
	if (l->standby) {
		gen_drop(l->slice, l->standby, load_cleared, l);
	} else if (l->force && l->previous) {
		gen_commit(l->slice, l->previous, load_stepped, l);
	} else {
		l->step++;
		load_next(l);
	}
}

static void load_taken(void *arg, int code, const char *why, uint64_t gen)
{
	struct loading *l = arg;

	l->gen = gen;
	load_stepped(l, code, why);
}

static void load_stage(struct loading *l)
{
	const struct gen_spec spec = {
		.release = l->release,
		.schema = l->schema,
		.prog_fd = l->prog_fd,
	};

	gen_stage(l->slice, l->gen, &spec, load_stepped, l);
}

static void load_next(struct loading *l)
{
	struct slice *s = l->slice;

	switch (l->step) {
	case LOAD_LOOK:
	case LOAD_LOOK_AGAIN:
		slice_look(s, load_stepped, l);
		break;
	case LOAD_LIST:
		gen_list(s, load_listed, l);
		break;
	case LOAD_CLEAR:
		load_clear(l);
		break;
	case LOAD_TAKE:
		gen_take(s, load_taken, l);
		break;
	case LOAD_STAGE:
		load_stage(l);
		break;
	case LOAD_FILL:
		gen_fill(s, l->gen, l->set, load_stepped, l);
		break;
	case LOAD_SEAL:
		gen_seal(s, l->gen, routeset_digest(l->set), load_stepped, l);
		break;
	case LOAD_SWITCH:
		gen_switch(s, l->gen, s->kernel.gen, 0, load_stepped, l);
		break;
	case LOAD_COMMIT:
		gen_commit(s, l->gen, load_stepped, l);
		break;
	case LOAD_END:
		load_end(l);
		break;
	}
}

static void load_start(struct slice *s, const struct gen_spec *spec, const struct routeset *set,
		       bool force, gen_taken done, void *arg)
{
	struct loading *l = slices_alloc(sizeof(*l));

	l->slice = s;
	l->force = force;
	l->schema = spec->schema;
	l->prog_fd = spec->prog_fd < 0 ? -1 : fcntl(spec->prog_fd, F_DUPFD_CLOEXEC, 3);
	snprintf(l->release, sizeof(l->release), "%s", spec->release ? spec->release : "");
	l->set = routeset_copy(set);
	if (!l->set || (spec->prog_fd >= 0 && l->prog_fd < 0))
		slices_nomem();
	l->done = done;
	l->arg = arg;
	load_next(l);
}

void gen_load(struct slice *s, const struct gen_spec *spec, const struct routeset *set,
	      gen_taken done, void *arg)
{
	load_start(s, spec, set, true, done, arg);
}

void gen_prepare(struct slice *s, const struct gen_spec *spec, const struct routeset *set,
		 gen_taken done, void *arg)
{
	load_start(s, spec, set, false, done, arg);
}
