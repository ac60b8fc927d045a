// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes into the kernel, and out of it. A run of encoded routes goes in as many
 * requests as it needs, one on its way at a time.
 */
#include "gen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sliced.h"
#include "slices_int.h"

#define PUSH_MSG	60000	/* bytes of routes in one request */
#define READ_TRIES	20
#define SYNC_TRIES	5

struct push {
	struct slice	*slice;
	uint64_t	gen;		/* 0: the active one */
	bool		keys;
	uint8_t		*run;
	size_t		len;
	size_t		pos;		/* all before it is in the kernel */
	size_t		next;		/* where the request under way ends */
	unsigned int	routes;		/* in it */
	bool		single;		/* one at a time: some may not be there */
	slice_done	done;
	void		*arg;
};

static void push_go(struct push *p);

static void push_end(struct push *p, int code, const char *why)
{
	p->done(p->arg, code, why);
	free(p->run);
	free(p);
}

static void push_sent(void *arg, int code, const struct nsl_err *err)
{
	struct push *p = arg;

	if (code == -ENOENT && p->keys && p->routes > 1) {
		p->single = true;
		p->next = p->pos;
	} else if (code && !(code == -ENOENT && p->keys)) {
		push_end(p, code, err->text);
		return;
	}
	p->pos = p->next;
	push_go(p);
}

static void push_head(const struct push *p, struct nsl_attrs *a)
{
	memset(a, 0, sizeof(*a));
	nsl_set_slice(a, p->slice->name);
	nsl_set_cp_term(a, p->slice->kernel.state.cp_term);
	kern_tag(a);
	if (p->gen)
		nsl_set_gen(a, p->gen);
	if (!p->keys)
		nsl_set_route_flags(a, NETSLICE_ROUTE_F_CREATE | NETSLICE_ROUTE_F_REPLACE);
}

/* Length of the first route of a run: it was validated. */
static size_t push_first(const struct push *p)
{
	struct nsl_route r;
	size_t pos = p->pos;

	return nsl_route_next(p->run, p->len, &pos, &r, NULL) > 0 ? pos : p->len;
}

static void push_nothing(void *arg, int code, const char *why, const struct gen_info *info)
{
	(void)info;
	push_end(arg, code, why);
}

static void push_go(struct push *p)
{
	static char buf[PUSH_MSG] __attribute__((aligned(8)));
	struct nsl_attrs head;
	struct nsl_msg m;
	int n;

	if (p->pos == p->len) {
		/* The end comes from the loop, also of an empty run. */
		if (p->routes)
			push_end(p, 0, "");
		else
			gen_digest(p->slice, p->gen, push_nothing, p);
		return;
	}
	push_head(p, &head);
	nsl_msg_begin(&m, buf, sizeof(buf),
		      p->keys ? NETSLICE_CMD_ROUTE_DEL : NETSLICE_CMD_ROUTE_NEW, false);
	nsl_msg_put(&m, &head);
	p->next = p->pos;
	n = nsl_msg_put_route_attrs(&m, p->run, p->single ? push_first(p) : p->len, &p->next);
	if (n <= 0)	/* cannot be: runs are validated, and one route fits */
		m.err = -EINVAL;
	p->routes = n > 0 ? (unsigned int)n : 1;
	kern_send(slices_sliced(p->slice->slices)->kern, KERN_BULK, &m, NULL, push_sent, p);
}

static void push_start(struct slice *s, uint64_t gen, uint8_t *run, size_t len, bool keys,
		       slice_done done, void *arg)
{
	struct push *p = slices_alloc(sizeof(*p));

	p->slice = s;
	p->gen = gen;
	p->keys = keys;
	p->run = run;
	p->len = len;
	p->done = done;
	p->arg = arg;
	push_go(p);
}

static uint8_t *set_run(const struct routeset *set, size_t *len)
{
	uint8_t *run = routeset_flat(set, len);

	if (!run)
		slices_nomem();
	return run;
}

void gen_fill(struct slice *s, uint64_t gen, const struct routeset *set, slice_done done,
	      void *arg)
{
	size_t len;
	uint8_t *run = set_run(set, &len);

	push_start(s, gen, run, len, false, done, arg);
}

void gen_edit(struct slice *s, const void *attrs, size_t len, bool keys, slice_done done,
	      void *arg)
{
	uint8_t *run = slices_alloc(len + 1);

	memcpy(run, attrs, len);
	push_start(s, 0, run, len, keys, done, arg);
}

/* ---- out of the kernel ---- */

struct dumping {
	struct slice	*slice;
	uint64_t	gen;
	struct routeset	*set;
	unsigned int	tries;
	int		code;
	gen_dumped	done;
	void		*arg;
};

static void dump_go(struct dumping *d);

static void dump_end(struct dumping *d, int code, const char *why, const struct gen_info *info)
{
	if (code) {
		routeset_free(d->set);
		d->set = NULL;
	}
	d->done(d->arg, code, why, d->set, info);
	free(d);
}

static void dump_reply(void *arg, const struct nsl_reply *r)
{
	struct dumping *d = arg;
	int ret = routeset_apply(d->set, r->attrs, r->len, false);

	if (ret && !d->code)
		d->code = ret;
}

/* The set is of one moment exactly if its digest is that of the generation then. */
static void dump_compared(void *arg, int code, const char *why, const struct gen_info *info)
{
	struct dumping *d = arg;

	if (code)
		dump_end(d, code, why, NULL);
	else if (!info->gen)
		dump_end(d, -ENOENT, "the slice has no such generation", NULL);
	else if (gen_is(info, routeset_digest(d->set)))
		dump_end(d, 0, "", info);
	else if (++d->tries == READ_TRIES)
		dump_end(d, -EAGAIN, "its routes keep changing while they are read", NULL);
	else
		dump_go(d);
}

static void dump_done(void *arg, int code, const struct nsl_err *err)
{
	struct dumping *d = arg;

	if (!code || code == -EINTR)
		code = d->code;
	if (code)
		dump_end(d, code, err && *err->text ? err->text : "out of memory", NULL);
	else
		gen_digest(d->slice, d->gen, dump_compared, d);
}

static void dump_go(struct dumping *d)
{
	struct nsl_attrs key = { 0 };

	routeset_clear(d->set);
	d->code = 0;
	nsl_set_slice(&key, d->slice->name);
	if (d->gen)
		nsl_set_gen(&key, d->gen);
	kern_dump(slices_sliced(d->slice->slices)->kern, KERN_BULK, NETSLICE_CMD_ROUTE_GET, &key,
		  dump_reply, dump_done, d);
}

void gen_routes(struct slice *s, uint64_t gen, gen_dumped done, void *arg)
{
	struct dumping *d = slices_alloc(sizeof(*d));

	d->slice = s;
	d->gen = gen;
	d->done = done;
	d->arg = arg;
	d->set = routeset_new();
	if (!d->set)
		slices_nomem();
	dump_go(d);
}

/* ---- by difference ---- */

struct sync {
	struct slice	*slice;
	struct routeset	*want;
	struct routeset	*del;
	unsigned int	tries;
	slice_done	done;
	void		*arg;
};

static void sync_read(void *arg, int code, const char *why, struct routeset *have,
		      const struct gen_info *info);

static void sync_end(struct sync *y, int code, const char *why)
{
	y->done(y->arg, code, why);
	routeset_free(y->want);
	routeset_free(y->del);
	free(y);
}

static void sync_deleted(void *arg, int code, const char *why)
{
	struct sync *y = arg;

	if (code)
		sync_end(y, code, why);
	else
		gen_routes(y->slice, 0, sync_read, y);
}

static void sync_put(void *arg, int code, const char *why)
{
	struct sync *y = arg;
	uint8_t *run;
	size_t len;

	if (code) {
		sync_end(y, code, why);
		return;
	}
	run = set_run(y->del, &len);
	push_start(y->slice, 0, run, len, true, sync_deleted, y);
}

static void sync_differs(struct sync *y, const struct routeset *have)
{
	struct routeset *put = routeset_new();
	uint8_t *run;
	size_t len;

	routeset_clear(y->del);
	if (!put || routeset_diff(have, y->want, put, y->del))
		slices_nomem();
	run = set_run(put, &len);
	routeset_free(put);
	push_start(y->slice, 0, run, len, false, sync_put, y);
}

/* First what is there, then after the edits: is it what is wanted? */
static void sync_read(void *arg, int code, const char *why, struct routeset *have,
		      const struct gen_info *info)
{
	struct sync *y = arg;

	(void)info;
	if (code)
		sync_end(y, code, why);
	else if (routeset_equal(have, y->want))
		sync_end(y, 0, "");
	else if (y->tries++ == SYNC_TRIES)
		sync_end(y, -EAGAIN, "the active generation keeps changing under the edits");
	else
		sync_differs(y, have);
	routeset_free(have);
}

void gen_sync(struct slice *s, const struct routeset *want, slice_done done, void *arg)
{
	struct sync *y = slices_alloc(sizeof(*y));

	y->slice = s;
	y->done = done;
	y->arg = arg;
	y->want = routeset_copy(want);
	y->del = routeset_new();
	if (!y->want || !y->del)
		slices_nomem();
	gen_routes(s, 0, sync_read, y);
}
