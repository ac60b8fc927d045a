// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A release from the other node.
 *
 * NEED_RELEASE {"hash"} asks for it; the answer {"size"} says that it comes.
 * Then RELEASE_CHUNKs follow, each with its own head:
 *
 *	u8  hash[32]	of the release
 *	u32 file	0: the manifest in its canonical form; then the manifest's
 *			files from 1, in its order
 *	u32 flags	FETCH_END: the file ends here; FETCH_LAST: the release too;
 *			FETCH_FAILED: it will not come
 *	u64 offset	in the file
 *
 * network order, and data. They come in order, so anything else ends the fetch.
 * Chunks are written by work threads, one at a time; credit returns when they
 * are, so that little waits here. What has come is verified like an import.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fetch.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "peer.h"
#include "release_int.h"
#include "sliced.h"
#include "work.h"

#define FETCH_MOST	2		/* at a time; the others wait */
#define FETCH_ASK_MS	20000
#define FETCH_QUIET_MS	60000		/* without a chunk: given up */

/* --- heads of chunks --- */

static int hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

void fetch_put_head(uint8_t out[FETCH_HEAD_LEN], const struct fetch_head *head)
{
	const uint32_t file = htonl(head->file), flags = htonl(head->flags);
	const uint64_t offset = htobe64(head->offset);
	size_t i;

	for (i = 0; i < 32; i++)
		out[i] = (uint8_t)(hex_digit(head->hash[2 * i]) << 4 |
				   hex_digit(head->hash[2 * i + 1]));
	memcpy(out + 32, &file, 4);
	memcpy(out + 36, &flags, 4);
	memcpy(out + 40, &offset, 8);
}

int fetch_get_head(const uint8_t *in, size_t len, struct fetch_head *head)
{
	uint32_t file, flags;
	uint64_t offset;
	size_t i;

	if (len < FETCH_HEAD_LEN)
		return -EPROTO;
	for (i = 0; i < 32; i++)
		snprintf(head->hash + 2 * i, 3, "%02x", in[i]);
	memcpy(&file, in + 32, 4);
	memcpy(&flags, in + 36, 4);
	memcpy(&offset, in + 40, 8);
	head->file = ntohl(file);
	head->flags = ntohl(flags);
	head->offset = be64toh(offset);
	return head->flags & ~FETCH_FLAGS ? -EPROTO : 0;
}

/* --- fetches --- */

struct fetch_chunk {
	struct fetch_chunk	*next;
	struct fetch_head	head;
	struct peer_hold	hold;
	char			path[MANIFEST_PATH_LEN];
	size_t			len;
	uint8_t			data[];
};

struct fetch_waiter {
	struct fetch_waiter	*next;
	release_done		done;
	void			*arg;
};

enum fetch_state { FETCH_WAITING, FETCH_ASKED, FETCH_COMING, FETCH_CHECKED };

struct fetch {
	struct fetch		*next;
	struct fetches		*fs;
	struct peer		*peer;
	char			hash[MANIFEST_HASH_LEN + 1];
	enum fetch_state	state;
	struct fetch_waiter	*waiters;
	struct event		*timer;
	struct bundle		b;
	struct manifest		*manifest;	/* once it has come */
	char			*text;		/* of the manifest, so far */
	size_t			text_len;
	uint32_t		file;		/* the next chunk's */
	uint64_t		offset;
	bool			last;		/* the last one is in the queue */
	bool			down;		/* the connection */
	struct fetch_chunk	*first, **end;
	bool			writing;	/* the first is being written */
	int			ret;
	struct nsl_err		err;		/* of the writing */
	char			failed[256];	/* why, once it has */
};

struct fetches {
	struct releases	*rs;
	struct fetch	*first;
};

static void fetch_failed(struct fetch *f, const char *why);
static void fetches_go(struct fetches *fs);

static void chunks_free(struct fetch *f)
{
	struct fetch_chunk *c;

	while ((c = f->first)) {
		f->first = c->next;
		peer_release(c->hold);
		free(c);
	}
	f->end = &f->first;
}

static void fetch_free(struct fetch *f)
{
	struct fetch **at = &f->fs->first;
	struct fetch_waiter *waiter;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	while ((waiter = f->waiters)) {
		f->waiters = waiter->next;
		free(waiter);
	}
	peer_forget(f->peer, f);
	intake_drop_bundle(f->fs->rs, &f->b);
	manifest_free(f->manifest);
	free(f->text);
	if (f->timer)
		event_free(f->timer);
	free(f);
}

/* Tells all who wait, and goes. */
static void fetch_end(struct fetch *f, const struct release *r, const char *why)
{
	struct fetches *fs = f->fs;
	struct fetch_waiter *waiter;

	while ((waiter = f->waiters)) {
		f->waiters = waiter->next;
		if (waiter->done)
			waiter->done(waiter->arg, r, why);
		free(waiter);
	}
	chunks_free(f);
	fetch_free(f);
	fetches_go(fs);
}

static void fetch_taken_in(void *arg, const struct release *r, const char *why)
{
	fetch_end(arg, r, why);
}

/* --- writing --- */

static void write_run(void *arg)
{
	struct fetch *f = arg;
	struct fetch_chunk *c = f->first;

	f->ret = 0;
	if (!f->b.dir)
		f->ret = bundle_stage(f->fs->rs->top, &f->b, &f->err);
	if (!f->ret)
		f->ret = bundle_append(&f->b, c->path, c->head.offset, c->data, c->len, &f->err);
}

static void write_next(struct fetch *f);

static void write_done(void *arg)
{
	struct fetch *f = arg;
	struct fetch_chunk *c = f->first;

	f->writing = false;
	f->first = c->next;
	if (!f->first)
		f->end = &f->first;
	peer_release(c->hold);
	free(c);
	if (f->failed[0])
		fetch_end(f, NULL, f->failed);
	else if (f->ret)
		fetch_failed(f, f->err.text);
	else
		write_next(f);
}

static void write_next(struct fetch *f)
{
	if (f->writing)
		return;
	if (!f->first && f->last) {
		f->state = FETCH_CHECKED;
		event_del(f->timer);
		intake_bundle(f->fs->rs, &f->b, f->hash, fetch_taken_in, f);
		return;
	}
	if (!f->first)
		return;
	f->ret = nsl_err_set(&f->err, ESHUTDOWN, "this node's daemon stops");
	if (work_start(f->fs->rs->sliced->work, write_run, write_done, f))
		fetch_failed(f, f->err.text);
	else
		f->writing = true;
}

/* --- coming --- */

/* Whatever is under way ends first: the writing; the intake by itself. */
static void fetch_failed(struct fetch *f, const char *why)
{
	if (f->failed[0] || f->state == FETCH_CHECKED)
		return;
	snprintf(f->failed, sizeof(f->failed), "%s", why);
	log_warn("release %s: not fetched: %s", f->hash, f->failed);
	if (!f->writing)
		fetch_end(f, NULL, f->failed);
}

static void fetch_quiet(evutil_socket_t fd, short what, void *arg)
{
	struct fetch *f = arg;

	(void)fd;
	(void)what;
	fetch_failed(f, f->down ? "the connection went down"
				: "nothing came from the other node for too long");
}

static int take_manifest(struct fetch *f, const struct fetch_head *head, const uint8_t *data,
			 size_t len)
{
	char *text;

	if (f->text_len + len > MANIFEST_MAX)
		return -E2BIG;
	text = realloc(f->text, f->text_len + len + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text + f->text_len, data, len);
	f->text = text;
	f->text_len += len;
	if (!(head->flags & FETCH_END))
		return 0;
	f->manifest = manifest_parse(f->text, f->text_len, NULL);
	return f->manifest ? 0 : -EINVAL;
}

/* Is it the one that must come now? The name of its file. */
static const char *chunk_path(struct fetch *f, const struct fetch_head *head)
{
	const bool last = f->manifest && head->file == f->manifest->file_count;

	if (head->file != f->file || head->offset != f->offset || f->last ||
	    (head->flags & FETCH_LAST && !(last && head->flags & FETCH_END)))
		return NULL;
	if (!head->file)
		return MANIFEST_FILE;
	return head->file <= f->manifest->file_count ? f->manifest->files[head->file - 1].path
						     : NULL;
}

static int chunk_queue(struct fetch *f, const struct fetch_head *head, const char *path,
		       const struct peer_msg *msg)
{
	const size_t len = msg->len - FETCH_HEAD_LEN;
	struct fetch_chunk *c = calloc(1, sizeof(*c) + len);

	if (!c)
		return -ENOMEM;
	c->head = *head;
	c->hold = peer_hold(msg);
	c->len = len;
	snprintf(c->path, sizeof(c->path), "%s", path);
	memcpy(c->data, msg->data + FETCH_HEAD_LEN, len);
	*f->end = c;
	f->end = &c->next;
	return 0;
}

static void chunk_take(struct fetch *f, const struct fetch_head *head, const struct peer_msg *msg)
{
	const struct timeval tv = clock_timeval(FETCH_QUIET_MS);
	const char *path = chunk_path(f, head);
	const size_t len = msg->len - FETCH_HEAD_LEN;

	if (head->flags & FETCH_FAILED) {
		fetch_failed(f, "the other node could not read it");
	} else if (!path) {
		fetch_failed(f, "parts came out of order");
	} else if (!head->file && take_manifest(f, head, msg->data + FETCH_HEAD_LEN, len)) {
		fetch_failed(f, "its manifest is wrong");
	} else if (chunk_queue(f, head, path, msg)) {
		fetch_failed(f, "out of memory");
	} else {
		f->offset = head->flags & FETCH_END ? 0 : f->offset + len;
		f->file += !!(head->flags & FETCH_END);
		f->last = head->flags & FETCH_LAST;
		event_add(f->timer, &tv);
		write_next(f);
	}
}

static struct fetch *fetch_find(struct fetches *fs, const char *hash)
{
	struct fetch *f;

	for (f = fs->first; f && strcmp(f->hash, hash); f = f->next)
		;
	return f;
}

/* What nobody waits for any more is dropped: it may be on its way still. */
static void chunk_came(void *arg, const struct peer_msg *msg)
{
	struct fetches *fs = arg;
	struct fetch_head head;
	struct fetch *f;

	if (fetch_get_head(msg->data, msg->len, &head)) {
		peer_drop(msg->peer, "a part of a release without a proper head");
		return;
	}
	f = fetch_find(fs, head.hash);
	if (f && f->peer == msg->peer && !f->failed[0] && !f->down &&
	    (f->state == FETCH_ASKED || f->state == FETCH_COMING)) {
		f->state = FETCH_COMING;
		chunk_take(f, &head, msg);
	}
}

/* --- asking --- */

static void fetch_answered(void *arg, const struct peer_answer *answer)
{
	const struct timeval tv = clock_timeval(FETCH_QUIET_MS);
	struct fetch *f = arg;
	char why[200];

	if (answer->outcome != PEER_OK) {
		snprintf(why, sizeof(why), "the other node: %s", answer->text);
		fetch_failed(f, why);
	} else if (f->state == FETCH_ASKED) {
		f->state = FETCH_COMING;
		event_add(f->timer, &tv);
	}
}

static void fetch_ask(struct fetch *f)
{
	struct nsl_jw j = { 0 };

	f->state = FETCH_ASKED;
	nsl_jw_object(&j, NULL);
	nsl_jw_str(&j, "hash", f->hash);
	nsl_jw_end(&j);
	peer_ask_json(f->peer, WIRE_NEED_RELEASE, "", &j, FETCH_ASK_MS, fetch_answered, f);
}

static void fetches_go(struct fetches *fs)
{
	unsigned int going = 0;
	struct fetch *f;

	for (f = fs->first; f; f = f->next)
		going += f->state != FETCH_WAITING;
	for (f = fs->first; f && going < FETCH_MOST; f = f->next) {
		if (f->state == FETCH_WAITING) {
			fetch_ask(f);
			going++;
		}
	}
}

static struct fetch *fetch_new(struct fetches *fs, struct peer *peer, const char *hash)
{
	struct fetch *f = calloc(1, sizeof(*f));
	struct fetch **at = &fs->first;

	if (f)
		f->timer = evtimer_new(fs->rs->sliced->base, fetch_quiet, f);
	if (!f || !f->timer) {
		free(f);
		return NULL;
	}
	f->fs = fs;
	f->peer = peer;
	f->end = &f->first;
	snprintf(f->hash, sizeof(f->hash), "%s", hash);
	while (*at)
		at = &(*at)->next;
	*at = f;
	return f;
}

void fetch_add(struct fetches *fs, struct peer *peer, const char *hash, release_done done,
	       void *arg)
{
	struct fetch_waiter *waiter = calloc(1, sizeof(*waiter));
	struct fetch *f = fetch_find(fs, hash);

	if (!f || f->failed[0])
		f = manifest_hash_valid(hash) ? fetch_new(fs, peer, hash) : NULL;
	if (!f || !waiter) {
		free(waiter);
		intake_found(fs->rs, hash, done, arg);	/* it is not: so it says, later */
		return;
	}
	waiter->done = done;
	waiter->arg = arg;
	waiter->next = f->waiters;
	f->waiters = waiter;
	fetches_go(fs);
}

void fetches_forget(struct fetches *fs, void *arg)
{
	struct fetch_waiter *waiter;
	struct fetch *f;

	for (f = fs->first; f; f = f->next) {
		for (waiter = f->waiters; waiter; waiter = waiter->next) {
			if (waiter->arg == arg)
				waiter->done = NULL;
		}
	}
}

static void peer_went_down(void *arg, struct peer *peer, const char *why)
{
	const struct timeval now = { 0 };
	struct fetches *fs = arg;
	struct fetch *f;

	(void)why;
	for (f = fs->first; f; f = f->next) {
		if (f->peer != peer || f->state == FETCH_CHECKED)
			continue;
		f->down = true;
		event_add(f->timer, &now);
	}
	serves_gone(fs->rs, peer);
}

struct fetches *fetches_new(struct releases *rs, struct nsl_err *err)
{
	static const struct peer_watch watch = { .down = peer_went_down };
	struct fetches *fs = calloc(1, sizeof(*fs));

	if (!fs || peers_watch(rs->sliced->peers, &watch, fs)) {
		free(fs);
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	fs->rs = rs;
	peers_handle(rs->sliced->peers, WIRE_RELEASE_CHUNK, chunk_came, fs);
	peers_handle(rs->sliced->peers, WIRE_NEED_RELEASE, serve_asked, rs);
	return fs;
}

void fetches_free(struct fetches *fs)
{
	struct fetch_chunk *c;

	if (!fs)
		return;
	while (fs->first) {
		while ((c = fs->first->first)) {	/* the peers are gone: no credit returns */
			fs->first->first = c->next;
			free(c);
		}
		fetch_free(fs->first);
	}
	free(fs);
}
