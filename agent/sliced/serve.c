// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gives a release to the other node: the next part is read in a work thread,
 * sent, and so on; while too much waits to be sent, nothing is read. Either a
 * job or the wait for room holds a serve, one of them ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fetch.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "peer.h"
#include "release_int.h"
#include "sliced.h"
#include "work.h"

#define SERVE_MOST	8

struct serve {
	struct serve		*next;
	struct releases		*rs;
	struct peer		*peer;
	const struct release	*r;		/* held */
	struct fetch_head	head;		/* of the next chunk */
	size_t			len;		/* of its data */
	bool			bad;
	bool			gone;		/* the connection that asked */
	uint8_t			data[FETCH_HEAD_LEN + FETCH_CHUNK];
};

static void serve_end(struct serve *s)
{
	struct serve **at = &s->rs->serves;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	release_put(s->r);
	free(s);
}

/* One byte more than a chunk has would say that it goes on: so the size is asked for. */
static void read_run(void *arg)
{
	struct serve *s = arg;
	const struct manifest *m = s->r->manifest;
	const char *name = s->head.file ? m->files[s->head.file - 1].path : MANIFEST_FILE;
	uint8_t *data = s->data + FETCH_HEAD_LEN;
	char *path = NULL;
	ssize_t got = -1;
	off_t size = -1;
	int fd = -1;

	if (asprintf(&path, "%s/%s", s->r->dir, name) >= 0)
		fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		size = lseek(fd, 0, SEEK_END);
		got = pread(fd, data, FETCH_CHUNK, (off_t)s->head.offset);
		close(fd);
	}
	free(path);
	s->bad = got < 0 || size < 0 || (!got && (uint64_t)size != s->head.offset);
	s->len = s->bad ? 0 : (size_t)got;
	s->head.flags = s->bad ? FETCH_FAILED : 0;
	if (!s->bad && s->head.offset + s->len >= (uint64_t)size)
		s->head.flags = FETCH_END | (s->head.file == m->file_count ? FETCH_LAST : 0);
}

static void serve_read(void *arg);

static void serve_next(struct serve *s)
{
	const uint32_t flags = s->head.flags;

	if (s->bad || flags & FETCH_LAST) {
		serve_end(s);
		return;
	}
	s->head.offset = flags & FETCH_END ? 0 : s->head.offset + s->len;
	s->head.file += !!(flags & FETCH_END);
	if (peer_queued(s->peer, "") < PEER_QUEUE_HIGH)
		serve_read(s);
	else if (peer_when_room(s->peer, "", serve_read, s))
		serve_end(s);
}

static void read_done(void *arg)
{
	struct serve *s = arg;

	if (s->bad)
		log_error("release %s: file %u cannot be read", s->r->hash, s->head.file);
	fetch_put_head(s->data, &s->head);
	if (s->gone || peer_send_data(s->peer, WIRE_RELEASE_CHUNK, "", s->data,
						   FETCH_HEAD_LEN + s->len))
		serve_end(s);
	else
		serve_next(s);
}

static void serve_read(void *arg)
{
	struct serve *s = arg;

	s->bad = true;	/* unless it is run */
	s->len = 0;
	if (s->gone || work_start(s->rs->sliced->work, read_run, read_done, s))
		serve_end(s);
}

static bool serve_room(struct releases *rs, const struct peer *peer, const char *hash)
{
	unsigned int count = 0;
	struct serve *s;

	for (s = rs->serves; s; s = s->next) {
		if (s->peer == peer && !strcmp(s->r->hash, hash))
			return false;
		count++;
	}
	return count < SERVE_MOST;
}

static struct serve *serve_new(struct releases *rs, const struct peer_msg *msg,
			       const struct release *r)
{
	struct serve *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->rs = rs;
	s->peer = msg->peer;
	s->r = release_hold(r);
	snprintf(s->head.hash, sizeof(s->head.hash), "%s", r->hash);
	s->next = rs->serves;
	rs->serves = s;
	return s;
}

static void serve_begin(struct releases *rs, const struct peer_msg *msg, const struct release *r)
{
	struct serve *s = serve_new(rs, msg, r);
	struct nsl_jw j = { 0 };

	if (!s) {
		peer_refuse(peer_token(msg), "failed", "out of memory");
		return;
	}
	nsl_jw_object(&j, NULL);
	nsl_jw_u64s(&j, "size", r->size);
	nsl_jw_end(&j);
	peer_answer(peer_token(msg), &j);
	serve_read(s);
}

void serve_asked(void *arg, const struct peer_msg *msg)
{
	static const char *const allowed[] = { "hash", NULL };
	struct releases *rs = arg;
	const struct release *r;
	const char *hash;
	struct nsl_err err;

	if (nsl_json_only(msg->json, allowed, &err) < 0 ||
	    nsl_json_need_str(msg->json, "hash", &hash, &err) < 0) {
		peer_refuse(peer_token(msg), "invalid", "%s", err.text);
		return;
	}
	r = manifest_hash_valid(hash) ? release_find(rs, hash) : NULL;
	if (!r)
		peer_refuse(peer_token(msg), "no-release", "it has no release %.64s", hash);
	else if (!msg->request || !serve_room(rs, msg->peer, hash))
		peer_refuse(peer_token(msg), "busy", "it gives releases already");
	else
		serve_begin(rs, msg, r);
}

void serves_gone(struct releases *rs, const struct peer *peer)
{
	struct serve *s;

	for (s = rs->serves; s; s = s->next)
		s->gone |= s->peer == peer;
}

void serves_free(struct releases *rs)
{
	while (rs->serves)
		serve_end(rs->serves);
}
