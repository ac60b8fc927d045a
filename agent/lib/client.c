// SPDX-License-Identifier: GPL-2.0-or-later
/* The synchronous client: send, wait for the answer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sock.h"

/* A dump that changes under every one of so many tries is given up. */
#define DUMP_TRIES	25

struct nsl_client {
	struct nsl_sock sock;
	uint32_t seq;
	char *rx;	/* NSL_RECV_SIZE bytes for what comes */
	char *tx;	/* NSL_MSG_SIZE bytes for requests made here */
	char *dump;	/* messages of a dump until it is known to be whole */
	size_t dump_len;
	size_t dump_size;
};

/**
 * nsl_client_open - connect to the family
 * @out: gets the client
 * @netns: name of a network namespace under /run/netns, NULL for the current one
 * @err: why not
 *
 * Return: 0 or a negative errno; -ENOENT when the module is not loaded.
 */
int nsl_client_open(struct nsl_client **out, const char *netns, struct nsl_err *err)
{
	struct nsl_client *c = calloc(1, sizeof(*c));
	int ret;

	*out = NULL;
	if (!c)
		return nsl_err_set(err, ENOMEM, "out of memory");
	c->rx = malloc(NSL_RECV_SIZE);
	c->tx = malloc(NSL_MSG_SIZE);
	ret = c->rx && c->tx ? nsl_sock_open(&c->sock, NETLINK_GENERIC, netns, err) :
	      nsl_err_set(err, ENOMEM, "out of memory");
	if (!ret)
		ret = nsl_sock_family(&c->sock, err);
	if (ret) {
		nsl_client_close(c);
		return ret;
	}
	*out = c;
	return 0;
}

/**
 * nsl_client_close - the reverse of nsl_client_open()
 * @c: the client or NULL
 */
void nsl_client_close(struct nsl_client *c)
{
	if (!c)
		return;
	nsl_sock_close(&c->sock);
	free(c->rx);
	free(c->tx);
	free(c->dump);
	free(c);
}

static int client_transmit(struct nsl_client *c, struct nsl_msg *m, struct nsl_err *err)
{
	if (m->err)
		return nsl_err_set(err, -m->err, m->err == -EINVAL ? "a name is too long" :
				   "the request is too long");
	m->nlh->nlmsg_type = c->sock.family;
	m->nlh->nlmsg_seq = ++c->seq;
	m->nlh->nlmsg_pid = 0;
	if (mnl_socket_sendto(c->sock.nl, m->nlh, m->nlh->nlmsg_len) < 0)
		return nsl_err_set(err, errno, "sending to the kernel: %s", strerror(errno));
	return 0;
}

static ssize_t client_receive(struct nsl_client *c, struct nsl_err *err)
{
	ssize_t n;

	do {
		n = mnl_socket_recvfrom(c->sock.nl, c->rx, NSL_RECV_SIZE);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return nsl_err_set(err, errno, "the kernel's answer: %s", strerror(errno));
	return n;
}

/* One message of an answer: 1 for more to come, 0 at its end. */
typedef int (*message_fn)(struct nsl_client *c, const struct nlmsghdr *nlh, void *ctx,
			  struct nsl_err *err);

static int client_message(struct nsl_client *c, const struct nlmsghdr *nlh,
			  const struct nsl_msg *m, message_fn fn, void *ctx,
			  struct nsl_err *err)
{
	int ret;

	if (nlh->nlmsg_seq != c->seq)
		return 1;	/* of a request that was given up */
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
		ret = nsl_parse_error(nlh, m->nlh, err);
		if (!ret && nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			ret = fn(c, nlh, ctx, err);
		return ret < 0 ? ret : 0;
	}
	if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
		return 1;
	ret = fn(c, nlh, ctx, err);
	return ret < 0 ? ret : 1;
}

/* Read until the answer ends, also after @fn failed: nothing of it may stay. */
static int client_answer(struct nsl_client *c, const struct nsl_msg *m, message_fn fn,
			 void *ctx, struct nsl_err *err)
{
	int more = 1, failed = 0, left, ret;
	const struct nlmsghdr *nlh;
	ssize_t n;

	while (more > 0) {
		n = client_receive(c, failed ? NULL : err);
		if (n < 0)
			return failed ? failed : (int)n;
		left = (int)n;
		for (nlh = (void *)c->rx; more > 0 && mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			bool end = nlh->nlmsg_type == NLMSG_ERROR ||
				   nlh->nlmsg_type == NLMSG_DONE;

			ret = client_message(c, nlh, m, fn, ctx, failed ? NULL : err);
			if (ret < 0 && !failed)
				failed = ret;
			if (nlh->nlmsg_seq == c->seq && end)
				more = 0;
		}
	}
	return failed;
}

/* What the callback failed with; its own words, if it found any, stand. */
static int callback_failed(int ret, struct nsl_err *err)
{
	if (!err || err->code != -ret || !err->text[0])
		nsl_err_set(err, -ret, "%s", strerror(-ret));
	return ret;
}

struct reply_to {
	nsl_reply_fn fn;
	void *ctx;
};

static int deliver(struct nsl_client *c, const struct nlmsghdr *nlh, void *ctx,
		   struct nsl_err *err)
{
	const struct reply_to *to = ctx;
	struct nsl_reply r;
	int ret;

	(void)c;
	ret = nsl_parse(nlh, &r, err);
	if (ret || !to->fn)
		return ret;
	ret = to->fn(&r, to->ctx);
	return ret < 0 ? callback_failed(ret, err) : 0;
}

/**
 * nsl_client_send - send a request that was built by hand, and wait
 * @c: the client
 * @m: the request, not a dump
 * @fn: called with each reply, may be NULL
 * @ctx: for @fn
 * @err: the kernel's reason, with the offending attribute
 *
 * Return: 0 or a negative errno.
 */
int nsl_client_send(struct nsl_client *c, struct nsl_msg *m, nsl_reply_fn fn, void *ctx,
		    struct nsl_err *err)
{
	struct reply_to to = { fn, ctx };
	int ret = client_transmit(c, m, err);

	return ret ? ret : client_answer(c, m, deliver, &to, err);
}

/**
 * nsl_request - make a request and wait for its answer
 * @c: the client
 * @cmd: enum netslice_cmd
 * @a: its attributes
 * @fn: called with each reply, may be NULL
 * @ctx: for @fn
 * @err: the kernel's reason, with the offending attribute
 *
 * Return: 0 or a negative errno.
 */
int nsl_request(struct nsl_client *c, uint8_t cmd, const struct nsl_attrs *a,
		nsl_reply_fn fn, void *ctx, struct nsl_err *err)
{
	struct nsl_msg m;

	nsl_msg_begin(&m, c->tx, NSL_MSG_SIZE, cmd, false);
	nsl_msg_put(&m, a);
	return nsl_client_send(c, &m, fn, ctx, err);
}

static int keep_reply(const struct nsl_reply *r, void *ctx)
{
	struct nsl_attrs *out = ctx;

	*out = r->a;
	/* These point into a buffer that the next request overwrites. */
	out->buckets = NULL;
	out->buckets_len = 0;
	return 0;
}

/**
 * nsl_get - make a request that is answered with one message
 * @c: the client
 * @cmd: enum netslice_cmd
 * @a: its attributes
 * @reply: gets the answer, without BUCKETS and nests; all zero if there was none
 * @err: the kernel's reason, with the offending attribute
 *
 * Return: 0 or a negative errno.
 */
int nsl_get(struct nsl_client *c, uint8_t cmd, const struct nsl_attrs *a,
	    struct nsl_attrs *reply, struct nsl_err *err)
{
	memset(reply, 0, sizeof(*reply));
	return nsl_request(c, cmd, a, keep_reply, reply, err);
}

static int dump_keep(struct nsl_client *c, const struct nlmsghdr *nlh, void *ctx,
		     struct nsl_err *err)
{
	size_t need = c->dump_len + NLMSG_ALIGN(nlh->nlmsg_len);
	size_t size = c->dump_size ? c->dump_size : NSL_RECV_SIZE;
	bool *interrupted = ctx;
	char *dump;

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		*interrupted = true;
	if (*interrupted || nlh->nlmsg_type == NLMSG_DONE)
		return 0;
	while (size < need)
		size *= 2;
	if (size != c->dump_size) {
		dump = realloc(c->dump, size);
		if (!dump)
			return nsl_err_set(err, ENOMEM, "out of memory");
		c->dump = dump;
		c->dump_size = size;
	}
	memcpy(c->dump + c->dump_len, nlh, nlh->nlmsg_len);
	c->dump_len = need;
	return 0;
}

static int dump_try(struct nsl_client *c, uint8_t cmd, const struct nsl_attrs *a,
		    bool *interrupted, struct nsl_err *err)
{
	struct nsl_msg m;
	int ret;

	c->dump_len = 0;
	*interrupted = false;
	nsl_msg_begin(&m, c->tx, NSL_MSG_SIZE, cmd, true);
	nsl_msg_put(&m, a);
	ret = client_transmit(c, &m, err);
	return ret ? ret : client_answer(c, &m, dump_keep, interrupted, err);
}

static int dump_deliver(char *dump, size_t len, nsl_reply_fn fn, void *ctx,
			struct nsl_err *err)
{
	const struct nlmsghdr *nlh;
	struct nsl_reply r;
	size_t at;
	int ret;

	for (at = 0; at < len; at += NLMSG_ALIGN(nlh->nlmsg_len)) {
		nlh = (void *)(dump + at);
		ret = nsl_parse(nlh, &r, err);
		if (ret)
			return ret;
		ret = fn(&r, ctx);
		if (ret < 0)
			return callback_failed(ret, err);
	}
	return 0;
}

/**
 * nsl_dump - read all objects
 * @c: the client; @fn may use it for other requests
 * @cmd: enum netslice_cmd
 * @a: which objects
 * @fn: called with each object
 * @ctx: for @fn
 * @err: why not
 *
 * The kernel notices when something changes while it dumps; then it starts
 * again. @fn is called only once a dump is of one moment.
 *
 * Return: 0 or a negative errno, -EINTR when it never came to rest.
 */
int nsl_dump(struct nsl_client *c, uint8_t cmd, const struct nsl_attrs *a,
	     nsl_reply_fn fn, void *ctx, struct nsl_err *err)
{
	bool interrupted = true;
	int tries, ret = 0;
	char *dump;

	for (tries = 0; interrupted && tries < DUMP_TRIES; tries++) {
		ret = dump_try(c, cmd, a, &interrupted, err);
		if (ret)
			return ret;
	}
	if (interrupted)
		return nsl_err_set(err, EINTR, "it changed while it was read, %d times", tries);
	dump = c->dump;
	c->dump = NULL;
	c->dump_size = 0;
	ret = dump_deliver(dump, c->dump_len, fn, ctx, err);
	free(dump);
	return ret;
}
