// SPDX-License-Identifier: GPL-2.0-or-later
/* Single requests about generations. */
#include "gen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sliced.h"
#include "slices_int.h"

struct gen_call {
	struct slice	*slice;
	slice_done	done;
	void		*arg;
};

static struct kern *gen_kern(const struct slice *s)
{
	return slices_sliced(s->slices)->kern;
}

static void gen_called(void *arg, int code, const struct nsl_err *err)
{
	struct gen_call *call = arg;

	call->done(call->arg, code, code ? err->text : "");
	free(call);
}

static void gen_head(const struct slice *s, uint64_t gen, struct nsl_attrs *a)
{
	memset(a, 0, sizeof(*a));
	nsl_set_slice(a, s->name);
	nsl_set_cp_term(a, s->kernel.state.cp_term);
	if (gen)
		nsl_set_gen(a, gen);
}

static struct gen_call *gen_call_new(struct slice *s, slice_done done, void *arg)
{
	struct gen_call *call = slices_alloc(sizeof(*call));

	call->slice = s;
	call->done = done;
	call->arg = arg;
	return call;
}

static void gen_request(struct slice *s, uint8_t cmd, const struct nsl_attrs *a, slice_done done,
			void *arg)
{
	kern_request(gen_kern(s), KERN_BULK, cmd, a, NULL, gen_called,
		     gen_call_new(s, done, arg));
}

void gen_stage(struct slice *s, uint64_t gen, const struct gen_spec *spec, slice_done done,
	       void *arg)
{
	struct nsl_attrs a;

	gen_head(s, gen, &a);
	if (spec->release && *spec->release)
		nsl_set_release(&a, spec->release);
	nsl_set_schema(&a, spec->schema);
	if (spec->prog_fd >= 0)
		nsl_set_prog_fd(&a, (uint32_t)spec->prog_fd);
	gen_request(s, NETSLICE_CMD_GEN_STAGE, &a, done, arg);
}

void gen_seal(struct slice *s, uint64_t gen, const struct nsl_digest *digest, slice_done done,
	      void *arg)
{
	uint8_t packed[NETSLICE_DIGEST_LEN];
	struct nsl_attrs a;

	gen_head(s, gen, &a);
	nsl_digest_pack(digest, packed);
	nsl_set_digest(&a, packed);
	nsl_set_routes4(&a, digest->routes4);
	nsl_set_routes6(&a, digest->routes6);
	gen_request(s, NETSLICE_CMD_GEN_SEAL, &a, done, arg);
}

void gen_drop(struct slice *s, uint64_t gen, slice_done done, void *arg)
{
	struct nsl_attrs a;

	gen_head(s, gen, &a);
	gen_request(s, NETSLICE_CMD_GEN_DROP, &a, done, arg);
}

/* ---- switch, commit, rollback: requests of entries ---- */

static void gen_entry(struct slice *s, uint8_t cmd, const struct nsl_attrs *entry,
		      slice_done done, void *arg)
{
	char buf[1024] __attribute__((aligned(8)));
	struct nsl_attrs head = { 0 };
	struct nsl_msg m;

	kern_tag(&head);
	nsl_msg_begin(&m, buf, sizeof(buf), cmd, false);
	nsl_msg_put(&m, &head);
	nsl_msg_put_entry(&m, entry);
	kern_send(gen_kern(s), KERN_BULK, &m, NULL, gen_called, gen_call_new(s, done, arg));
}

void gen_switch(struct slice *s, uint64_t gen, uint64_t expect, uint32_t confirm_ms,
		slice_done done, void *arg)
{
	struct nsl_attrs a;

	gen_head(s, gen, &a);
	nsl_set_gen_expect(&a, expect);
	if (confirm_ms)
		nsl_set_confirm_ms(&a, confirm_ms);
	gen_entry(s, NETSLICE_CMD_GEN_SWITCH, &a, done, arg);
}

void gen_commit(struct slice *s, uint64_t gen, slice_done done, void *arg)
{
	struct nsl_attrs a;

	gen_head(s, 0, &a);
	nsl_set_gen_expect(&a, gen);
	gen_entry(s, NETSLICE_CMD_GEN_COMMIT, &a, done, arg);
}

void gen_rollback(struct slice *s, uint64_t gen, slice_done done, void *arg)
{
	struct nsl_attrs a;

	gen_head(s, 0, &a);
	nsl_set_gen_expect(&a, gen);
	gen_entry(s, NETSLICE_CMD_GEN_ROLLBACK, &a, done, arg);
}

/* ---- numbers ---- */

struct taking {
	struct slice	*slice;
	uint64_t	from;
	uint64_t	gen;
	gen_taken	done;
	void		*arg;
};

static void take_stored(void *arg, const struct store_result *res)
{
	struct taking *t = arg;

	/* What was built on it is lost with it. */
	if (res->error && t->from < t->slice->gen_next)
		t->slice->gen_next = t->from;
	t->done(t->arg, res->error, res->text, t->gen);
	free(t);
}

void gen_take(struct slice *s, gen_taken done, void *arg)
{
	struct store_tx *tx = store_tx_new(slices_sliced(s->slices)->store);
	struct taking *t = slices_alloc(sizeof(*t));

	t->slice = s;
	t->from = s->gen_next;
	t->gen = s->kernel.gen_first > s->gen_next ? s->kernel.gen_first : s->gen_next;
	t->done = done;
	t->arg = arg;
	s->gen_next = t->gen + 1;
	store_add(tx, SQL_SLICE_GEN_TAKE, "suu", s->name, t->from, s->gen_next);
	store_expect(tx, 1);
	store_commit(tx, take_stored, t);
}

/* ---- reading ---- */

bool gen_is(const struct gen_info *info, const struct nsl_digest *digest)
{
	uint8_t packed[NETSLICE_DIGEST_LEN];

	nsl_digest_pack(digest, packed);
	return info->routes4 == digest->routes4 && info->routes6 == digest->routes6 &&
	       !memcmp(info->digest, packed, sizeof(packed));
}

static void gen_info_read(struct gen_info *info, const struct nsl_attrs *a)
{
	memset(info, 0, sizeof(*info));
	info->gen = a->gen;
	info->state = a->gen_state;
	memcpy(info->release, a->release, sizeof(info->release));
	info->schema = a->schema;
	info->routes4 = a->routes4;
	info->routes6 = a->routes6;
	memcpy(info->digest, a->digest, sizeof(info->digest));
	info->seq = a->seq;
	info->lacks = a->lacks;
	info->prog_id = nsl_has(a, PROG_ID) ? a->prog_id : 0;
}

struct reading {
	struct gen_info	info;
	gen_read	done;
	void		*arg;
};

static void digest_reply(void *arg, const struct nsl_reply *r)
{
	gen_info_read(&((struct reading *)arg)->info, &r->a);
}

static void digest_done(void *arg, int code, const struct nsl_err *err)
{
	struct reading *r = arg;

	r->done(r->arg, code == -ENOENT ? 0 : code, code ? err->text : "", &r->info);
	free(r);
}

void gen_digest(struct slice *s, uint64_t gen, gen_read done, void *arg)
{
	struct reading *r = slices_alloc(sizeof(*r));
	struct nsl_attrs key = { 0 };

	r->done = done;
	r->arg = arg;
	nsl_set_slice(&key, s->name);
	if (gen)
		nsl_set_gen(&key, gen);
	kern_request(gen_kern(s), KERN_BULK, NETSLICE_CMD_DIGEST_GET, &key, digest_reply,
		     digest_done, r);
}

struct listing {
	struct gen_info	info[3];
	size_t		count;
	gen_listed	done;
	void		*arg;
};

static void list_reply(void *arg, const struct nsl_reply *r)
{
	struct listing *l = arg;

	if (l->count < 3)
		gen_info_read(&l->info[l->count++], &r->a);
}

static void list_done(void *arg, int code, const struct nsl_err *err)
{
	struct listing *l = arg;

	(void)err;
	l->done(l->arg, code == -EINTR ? 0 : code, l->info, l->count);
	free(l);
}

void gen_list(struct slice *s, gen_listed done, void *arg)
{
	struct listing *l = slices_alloc(sizeof(*l));
	struct nsl_attrs key = { 0 };

	l->done = done;
	l->arg = arg;
	nsl_set_slice(&key, s->name);
	kern_dump(gen_kern(s), KERN_BULK, NETSLICE_CMD_GEN_GET, &key, list_reply, list_done, l);
}
