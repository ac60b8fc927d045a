// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The receiving end of the second kind of hot backup: a copy of the other
 * node's routes, whose digest is compared at its sequence number; and, when it
 * is followed, the active generation of this node made equal to it.
 *
 * All that arrives is validated as a whole before the copy changes.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup_int.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "sliced.h"
#include "slices_int.h"

struct backup_follower {
	struct backup_follower	*next;
	slice_done		done;
	void			*arg;
	/* or a question of the other node */
	bool			asked;
	struct peer_token	token;
};

static void follow_go(struct backup *b);

/* Answers an empty object. */
static void answer_ok(struct peer_token token)
{
	struct nsl_jw w = { 0 };

	nsl_jw_object(&w, NULL);
	nsl_jw_end(&w);
	peer_answer(token, &w);
}

/* ---- this node's generation ---- */

static void followers_tell(struct backup *b, int code, const char *why)
{
	struct backup_follower *f;

	while ((f = b->followers)) {
		b->followers = f->next;
		if (f->asked && code)
			peer_refuse(f->token, "failed", "%s", why);
		else if (f->asked)
			answer_ok(f->token);
		else
			f->done(f->arg, code, why);
		free(f);
	}
}

static void follow_compared(void *arg, int code, const char *why, const struct gen_info *info)
{
	struct backup *b = arg;

	b->editing = false;
	if (!b->follow || !b->valid)
		followers_tell(b, -ECANCELED, "the backup was ended");
	else if (b->in.first || b->sync_again)
		follow_go(b);
	else if (code)
		followers_tell(b, code, why);
	else if (gen_is(info, routeset_digest(b->copy)))
		followers_tell(b, 0, "");
	else
		followers_tell(b, -EAGAIN, "the active generation differs from the copy");
}

static void follow_synced(void *arg, int code, const char *why)
{
	struct backup *b = arg;

	b->editing = false;
	if (code) {
		log_warn("slice %s: the active generation does not follow: %s", b->slice->name,
			 why);
		followers_tell(b, code, why);
	} else {
		follow_go(b);
	}
}

static void follow_edited(void *arg, int code, const char *why)
{
	struct backup *b = arg;

	(void)why;
	b->editing = false;
	/* What it differs in is found by comparing all of it. */
	if (code)
		b->sync_again = true;
	follow_go(b);
}

/* One thing at a time: all of it, a change, and when none is left a look whether it is equal. */
static void follow_go(struct backup *b)
{
	struct backup_change *c;

	if (b->editing)
		return;
	if (!b->follow || !b->valid) {
		followers_tell(b, -ECANCELED, "the backup was ended");
		return;
	}
	b->editing = true;
	if (b->sync_again) {
		b->sync_again = false;
		queue_clear(&b->in);
		gen_sync(b->slice, b->copy, follow_synced, b);
	} else if ((c = queue_take(&b->in))) {
		gen_edit(b->slice, c->run, c->len, c->keys, follow_edited, b);
		free(c);
	} else if (b->followers) {
		gen_digest(b->slice, 0, follow_compared, b);
	} else {
		b->editing = false;
	}
}

static struct backup_follower *follower_new(struct backup *b)
{
	struct backup_follower *f = slices_alloc(sizeof(*f));

	f->next = b->followers;
	b->followers = f;
	return f;
}

static void follow_looked(void *arg, int code, const char *why)
{
	struct backup *b = arg;

	(void)code;
	(void)why;
	b->editing = false;
	follow_go(b);
}

/* The look makes sure of the cp-term, and that nothing is answered from inside. */
void backup_follow(struct slice *s, slice_done done, void *arg)
{
	struct backup *b = backup_of(s);
	struct backup_follower *f = follower_new(b);

	f->done = done;
	f->arg = arg;
	b->follow = true;
	b->sync_again = true;
	if (b->editing)
		return;
	b->editing = true;
	slice_look(s, follow_looked, b);
}

void backup_unfollow(struct slice *s)
{
	if (s->backup) {
		s->backup->follow = false;
		queue_clear(&s->backup->in);
	}
}

void receive_end(struct backup *b)
{
	routeset_free(b->coming);
	routeset_free(b->copy);
	b->coming = NULL;
	b->copy = NULL;
	b->valid = false;
	b->follow = false;
	b->sync_again = false;
	queue_clear(&b->in);
}

/* ---- messages ---- */

/* Who receives it; NULL: refused, or of no interest. */
static struct backup *receiver(struct slices *ss, const struct peer_msg *msg)
{
	struct slice *s = slices_find(ss, msg->slice);

	if (s && s->backup && s->backup->direction == BACKUP_RECEIVE &&
	    !strcmp(s->backup->peer, peer_name(msg->peer)))
		return s->backup;
	if (msg->request)
		peer_refuse(peer_token(msg), s ? "busy" : "no-slice", s ?
			    "this node does not receive a backup of slice \"%s\"" :
			    "slice \"%s\" is not defined here", msg->slice);
	return NULL;
}

static void copy_begin(struct backup *b)
{
	routeset_free(b->coming);
	b->coming = routeset_new();
	if (!b->coming)
		slices_nomem();
}

static void copy_end(struct backup *b, const struct peer_msg *msg)
{
	struct gen_info info;
	struct nsl_err err;

	if (backup_get_digest(msg->json, &info, &err)) {
		peer_refuse(peer_token(msg), "invalid", "%s", err.text);
		return;
	}
	if (!b->coming || !gen_is(&info, routeset_digest(b->coming))) {
		peer_refuse(peer_token(msg), "mismatch",
			    "what arrived differs from what was sealed, in count or digest");
		return;
	}
	routeset_free(b->copy);
	b->copy = b->coming;
	b->coming = NULL;
	b->copy_seq = info.seq;
	b->valid = true;
	queue_clear(&b->in);
	b->sync_again = b->follow;
	if (b->follow)
		follow_go(b);
	answer_ok(peer_token(msg));
	if (b->ops && b->ops->copied)
		b->ops->copied(b->arg, b->slice, b->copy_seq);
}

static void on_seal(void *arg, const struct peer_msg *msg)
{
	struct backup *b = receiver(arg, msg);
	struct nsl_err err;
	const char *op;

	if (!b)
		return;
	if (nsl_json_need_str(msg->json, "op", &op, &err) < 0)
		peer_refuse(peer_token(msg), "invalid", "%s", err.text);
	else if (!strcmp(op, "begin"))
		copy_begin(b);
	else if (!strcmp(op, "end"))
		copy_end(b, msg);
	else
		peer_refuse(peer_token(msg), "invalid", "op: must be \"begin\" or \"end\"");
}

static void on_routes(void *arg, const struct peer_msg *msg)
{
	struct backup *b = receiver(arg, msg);
	struct nsl_err err;

	if (!b || !b->coming)
		return;
	if (nsl_routes_validate(msg->data, msg->len, NULL, &err))
		peer_drop(msg->peer, err.text);
	else if (routeset_apply(b->coming, msg->data, msg->len, false))
		slices_nomem();
}

/* The attributes of a change, as if the kernel had told it. 0 or negative. */
static int delta_parse(const struct peer_msg *msg, void **copy, struct nsl_reply *r,
		       struct nsl_err *err)
{
	size_t head = NLMSG_HDRLEN + GENL_HDRLEN;
	struct nsl_msg m;
	int ret;

	*copy = slices_alloc(head + msg->len);
	nsl_msg_begin(&m, *copy, head + msg->len, NETSLICE_CMD_EVENT, false);
	memcpy((uint8_t *)*copy + head, msg->data, msg->len);
	m.nlh->nlmsg_len = (uint32_t)(head + msg->len);
	ret = nsl_parse(m.nlh, r, err);
	if (ret)
		return ret;
	if (!nsl_has(&r->a, SEQ) || !nsl_has(&r->a, EVENT) ||
	    (r->a.event != NETSLICE_EVENT_ROUTE_NEW && r->a.event != NETSLICE_EVENT_ROUTE_DEL))
		return nsl_err_set(err, EBADMSG, "a change without number or kind");
	return 0;
}

static int delta_run(const struct nsl_reply *r, uint8_t **run, size_t *len, struct nsl_err *err)
{
	bool keys = r->a.event == NETSLICE_EVENT_ROUTE_DEL;
	struct nsl_route route;
	size_t pos = 0;
	int ret;

	*len = 0;
	*run = slices_alloc(2 * r->len + 1);
	while ((ret = nsl_route_next(r->attrs, r->len, &pos, &route, err)) > 0) {
		if (!keys && nsl_route_check(&route, err))
			return -EBADMSG;
		if (nsl_route_put(*run, 2 * r->len + 1, len, &route))
			return nsl_err_set(err, EBADMSG, "a route that cannot be");
	}
	return ret;
}

static void delta_apply(struct backup *b, const struct nsl_reply *r, const uint8_t *run,
			size_t len)
{
	bool keys = r->a.event == NETSLICE_EVENT_ROUTE_DEL;

	if (r->a.seq > b->copy_seq + 1) {
		log_warn("slice %s: changes are missing before %llu: the copy is void",
			 b->slice->name, (unsigned long long)r->a.seq);
		b->valid = false;
		return;
	}
	if (r->a.seq < b->copy_seq)
		return;
	b->copy_seq = r->a.seq;
	if (routeset_apply(b->copy, run, len, keys) == -ENOMEM)
		slices_nomem();
	if (!b->follow)
		return;
	queue_add(&b->in, r->a.seq, keys, run, len);
	follow_go(b);
}

static void on_delta(void *arg, const struct peer_msg *msg)
{
	struct backup *b = receiver(arg, msg);
	uint8_t *run = NULL;
	struct nsl_reply r;
	struct nsl_err err;
	void *copy;
	size_t len;

	if (!b || !b->valid)
		return;
	if (delta_parse(msg, &copy, &r, &err) || delta_run(&r, &run, &len, &err))
		peer_drop(msg->peer, err.text);
	else
		delta_apply(b, &r, run, len);
	free(run);
	free(copy);
}

static void on_digest(void *arg, const struct peer_msg *msg)
{
	struct backup *b = receiver(arg, msg);
	struct backup_follower *f;
	struct gen_info info;
	struct nsl_err err;

	if (!b)
		return;
	if (backup_get_digest(msg->json, &info, &err)) {
		peer_refuse(peer_token(msg), "invalid", "%s", err.text);
		return;
	}
	if (!b->valid || info.seq != b->copy_seq || !gen_is(&info, routeset_digest(b->copy))) {
		peer_refuse(peer_token(msg), "mismatch", "the copy differs at number %llu",
			    (unsigned long long)info.seq);
		return;
	}
	if (b->follow) {
		f = follower_new(b);
		f->asked = true;
		f->token = peer_token(msg);
		follow_go(b);
	} else {
		answer_ok(peer_token(msg));
	}
	backup_equal(b, info.seq);
}

void receive_register(struct sliced *sliced)
{
	peers_handle(sliced->peers, WIRE_SEAL, on_seal, sliced->slices);
	peers_handle(sliced->peers, WIRE_ROUTES, on_routes, sliced->slices);
	peers_handle(sliced->peers, WIRE_FP_DELTA, on_delta, sliced->slices);
	peers_handle(sliced->peers, WIRE_FP_DIGEST, on_digest, sliced->slices);
}
