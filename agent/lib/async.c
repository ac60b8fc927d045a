// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The asynchronous client. The kernel does a request's work inside sendmsg(),
 * so a thread does nothing but send; the program's own thread queues requests,
 * reads answers and calls back. At most one request is on its way: answers come
 * in order, and the socket's buffer cannot overrun with acknowledgements.
 *
 * The lock protects what both threads touch: todo, sending, orphan, stop,
 * lost_seq, lost_code. An answer may be read before sendmsg() has returned in
 * the sender: it then frees the message itself.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sock.h"

/* Datagrams read in one dispatch, so that a long dump shares the loop. */
#define DISPATCH_MAX	16

struct async_request {
	struct async_request *next;
	struct nlmsghdr *nlh;
	bool first;
	nsl_reply_fn fn;
	nsl_done_fn done;
	void *ctx;
	int code;		/* what @fn failed with, or -EINTR */
	struct nsl_err err;
};

struct nsl_async {
	struct nsl_sock sock;
	int epoll;
	int wake;		/* eventfd: the sender has something to say */
	uint32_t seq;
	char *rx;
	struct async_request *queue;
	struct async_request *current;
	size_t pending;
	bool running;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct nlmsghdr *todo;
	struct nlmsghdr *sending;
	struct nlmsghdr *orphan;	/* is sending, and of no more use to others */
	bool stop;
	uint32_t lost_seq;
	int lost_code;
};

/* ---- the sender's thread ---- */

static const struct nlmsghdr *sender_wait(struct nsl_async *a)
{
	const struct nlmsghdr *nlh;

	pthread_mutex_lock(&a->lock);
	a->sending = NULL;
	free(a->orphan);
	a->orphan = NULL;
	while (!a->todo && !a->stop)
		pthread_cond_wait(&a->cond, &a->lock);
	nlh = a->stop ? NULL : a->todo;
	a->sending = a->todo;
	a->todo = NULL;
	pthread_mutex_unlock(&a->lock);
	return nlh;
}

static void sender_failed(struct nsl_async *a, uint32_t seq, int code)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&a->lock);
	a->lost_seq = seq;
	a->lost_code = code;
	pthread_mutex_unlock(&a->lock);
	while (write(a->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void *sender(void *arg)
{
	struct nsl_async *a = arg;
	const struct nlmsghdr *nlh;

	while ((nlh = sender_wait(a))) {
		uint32_t seq = nlh->nlmsg_seq;

		if (mnl_socket_sendto(a->sock.nl, nlh, nlh->nlmsg_len) < 0)
			sender_failed(a, seq, -errno);
	}
	return NULL;
}

/* ---- opening and closing ---- */

static int async_watch(struct nsl_async *a, struct nsl_err *err)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = mnl_socket_get_fd(a->sock.nl);

	a->epoll = epoll_create1(EPOLL_CLOEXEC);
	a->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->epoll < 0 || a->wake < 0 || epoll_ctl(a->epoll, EPOLL_CTL_ADD, a->wake, &ev) ||
	    epoll_ctl(a->epoll, EPOLL_CTL_ADD, fd, &ev))
		return nsl_err_set(err, errno, "asynchronous client: %s", strerror(errno));
	return 0;
}

/* Signals are the program's business: the thread takes none. */
static int async_start(struct nsl_async *a, struct nsl_err *err)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&a->thread, NULL, sender, a);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return nsl_err_set(err, ret, "asynchronous client: %s", strerror(ret));
	a->running = true;
	return 0;
}

/**
 * nsl_async_open - connect to the family
 * @out: gets the client
 * @netns: name of a network namespace under /run/netns, NULL for the current one
 * @err: why not
 *
 * Return: 0 or a negative errno; -ENOENT when the module is not loaded.
 */
int nsl_async_open(struct nsl_async **out, const char *netns, struct nsl_err *err)
{
	struct nsl_async *a = calloc(1, sizeof(*a));
	int ret;

	*out = NULL;
	if (!a)
		return nsl_err_set(err, ENOMEM, "out of memory");
	a->epoll = -1;
	a->wake = -1;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->cond, NULL);
	a->rx = malloc(NSL_RECV_SIZE);
	ret = a->rx ? nsl_sock_open(&a->sock, NETLINK_GENERIC, netns, err) :
	      nsl_err_set(err, ENOMEM, "out of memory");
	if (!ret)
		ret = nsl_sock_family(&a->sock, err);
	if (!ret)
		ret = async_watch(a, err);
	if (!ret)
		ret = async_start(a, err);
	if (ret) {
		nsl_async_close(a);
		return ret;
	}
	*out = a;
	return 0;
}

static void request_free(struct nsl_async *a, struct async_request *q)
{
	pthread_mutex_lock(&a->lock);
	if (a->todo == q->nlh)
		a->todo = NULL;
	if (a->running && a->sending == q->nlh)
		a->orphan = q->nlh;
	else
		free(q->nlh);
	pthread_mutex_unlock(&a->lock);
	free(q);
}

static void request_finish(struct nsl_async *a, struct async_request *q, int code)
{
	a->pending--;
	if (q->done)
		q->done(code, &q->err, q->ctx);
	request_free(a, q);
}

static void request_cancel(struct nsl_async *a, struct async_request *q)
{
	nsl_err_set(&q->err, ECANCELED, "the connection to the kernel was closed");
	request_finish(a, q, -ECANCELED);
}

static void async_stop(struct nsl_async *a)
{
	if (!a->running)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->cond);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	a->running = false;
}

/**
 * nsl_async_close - the reverse of nsl_async_open()
 * @a: the client or NULL
 *
 * Waits for a request that the kernel is working on. What is not answered ends
 * with -ECANCELED. Not to be called from a callback.
 */
void nsl_async_close(struct nsl_async *a)
{
	struct async_request *q;

	if (!a)
		return;
	async_stop(a);
	q = a->current;
	a->current = NULL;
	if (q)
		request_cancel(a, q);
	while ((q = a->queue)) {
		a->queue = q->next;
		request_cancel(a, q);
	}
	if (a->wake >= 0)
		close(a->wake);
	if (a->epoll >= 0)
		close(a->epoll);
	nsl_sock_close(&a->sock);
	pthread_cond_destroy(&a->cond);
	pthread_mutex_destroy(&a->lock);
	free(a->rx);
	free(a);
}

/**
 * nsl_async_fd - what to wait for
 * @a: the client
 *
 * Return: a descriptor; when it is readable, call nsl_async_dispatch().
 */
int nsl_async_fd(const struct nsl_async *a)
{
	return a->epoll;
}

/**
 * nsl_async_pending - requests that are not answered
 * @a: the client
 *
 * Return: their number, the one on its way included.
 */
size_t nsl_async_pending(const struct nsl_async *a)
{
	return a->pending;
}

/* ---- requests ---- */

static void async_next(struct nsl_async *a)
{
	struct async_request *q = a->queue;

	if (a->current || !q)
		return;
	a->queue = q->next;
	a->current = q;
	q->nlh->nlmsg_type = a->sock.family;
	q->nlh->nlmsg_seq = ++a->seq;
	pthread_mutex_lock(&a->lock);
	a->todo = q->nlh;
	pthread_cond_signal(&a->cond);
	pthread_mutex_unlock(&a->lock);
}

static void async_queue(struct nsl_async *a, struct async_request *q)
{
	struct async_request **at = &a->queue;

	while (*at && (!q->first || (*at)->first))
		at = &(*at)->next;
	q->next = *at;
	*at = q;
	a->pending++;
	async_next(a);
}

/**
 * nsl_async_send - queue a request that was built by hand
 * @a: the client
 * @m: the request; it is copied
 * @flags: NSL_ASYNC_FIRST or 0
 * @fn: called with each reply, may be NULL
 * @done: called once at the end, may be NULL
 * @ctx: for both
 * @err: why it could not be queued; then nothing is called
 *
 * Return: 0 or a negative errno.
 */
int nsl_async_send(struct nsl_async *a, const struct nsl_msg *m, unsigned int flags,
		   nsl_reply_fn fn, nsl_done_fn done, void *ctx, struct nsl_err *err)
{
	struct async_request *q;

	if (m->err)
		return nsl_err_set(err, -m->err, m->err == -EINVAL ? "a name is too long" :
				   "the request is too long");
	q = calloc(1, sizeof(*q));
	if (q)
		q->nlh = malloc(m->nlh->nlmsg_len);
	if (!q || !q->nlh) {
		free(q);
		return nsl_err_set(err, ENOMEM, "out of memory");
	}
	memcpy(q->nlh, m->nlh, m->nlh->nlmsg_len);
	q->first = flags & NSL_ASYNC_FIRST;
	q->fn = fn;
	q->done = done;
	q->ctx = ctx;
	async_queue(a, q);
	return 0;
}

/**
 * nsl_async_request - queue a request
 * @a: the client
 * @cmd: enum netslice_cmd
 * @attrs: its attributes
 * @dump: ask for all objects
 * @flags: NSL_ASYNC_FIRST or 0
 * @fn: called with each reply, may be NULL
 * @done: called once at the end, may be NULL
 * @ctx: for both
 * @err: why it could not be queued; then nothing is called
 *
 * Return: 0 or a negative errno.
 */
int nsl_async_request(struct nsl_async *a, uint8_t cmd, const struct nsl_attrs *attrs,
		      bool dump, unsigned int flags, nsl_reply_fn fn, nsl_done_fn done,
		      void *ctx, struct nsl_err *err)
{
	char buf[2048] __attribute__((aligned(8)));
	struct nsl_msg m;

	nsl_msg_begin(&m, buf, sizeof(buf), cmd, dump);
	nsl_msg_put(&m, attrs);
	return nsl_async_send(a, &m, flags, fn, done, ctx, err);
}

/* ---- answers ---- */

static void current_finish(struct nsl_async *a, int code)
{
	struct async_request *q = a->current;

	a->current = NULL;
	async_next(a);
	request_finish(a, q, code);
}

static void current_reply(struct async_request *q, const struct nlmsghdr *nlh)
{
	struct nsl_reply r;
	int ret;

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR && !q->code)
		q->code = nsl_err_set(&q->err, EINTR, "it changed while it was read");
	if (!q->fn || (q->code && q->code != -EINTR))
		return;
	ret = nsl_parse(nlh, &r, &q->err);
	if (!ret) {
		ret = q->fn(&r, q->ctx);
		if (ret < 0)
			nsl_err_set(&q->err, -ret, "%s", strerror(-ret));
	}
	if (ret < 0)
		q->code = ret;
}

static void async_message(struct nsl_async *a, const struct nlmsghdr *nlh)
{
	struct async_request *q = a->current;
	int ret;

	if (!q || nlh->nlmsg_seq != q->nlh->nlmsg_seq)
		return;
	if (nlh->nlmsg_type != NLMSG_ERROR && nlh->nlmsg_type != NLMSG_DONE) {
		if (nlh->nlmsg_type >= NLMSG_MIN_TYPE)
			current_reply(q, nlh);
		return;
	}
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR && !q->code)
		q->code = nsl_err_set(&q->err, EINTR, "it changed while it was read");
	ret = q->code && q->code != -EINTR ? 0 : nsl_parse_error(nlh, q->nlh, &q->err);
	current_finish(a, ret ? ret : q->code);
}

static void async_lost(struct nsl_async *a)
{
	uint64_t count;
	uint32_t seq;
	int code;

	if (read(a->wake, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&a->lock);
	seq = a->lost_seq;
	code = a->lost_code;
	pthread_mutex_unlock(&a->lock);
	if (!a->current || a->current->nlh->nlmsg_seq != seq)
		return;
	nsl_err_set(&a->current->err, -code, "sending to the kernel: %s", strerror(-code));
	current_finish(a, code);
}

static void async_overrun(struct nsl_async *a)
{
	if (!a->current)
		return;
	nsl_err_set(&a->current->err, ENOBUFS, "the kernel's answer was lost");
	current_finish(a, -ENOBUFS);
}

/**
 * nsl_async_dispatch - read what has come and call back
 * @a: the client
 * @err: why the connection is of no more use
 *
 * Never waits. Reads a bounded amount: the descriptor stays readable while
 * there is more.
 *
 * Return: 0 or a negative errno.
 */
int nsl_async_dispatch(struct nsl_async *a, struct nsl_err *err)
{
	int fd = mnl_socket_get_fd(a->sock.nl), i, left;
	struct nlmsghdr *nlh;
	ssize_t n;

	async_lost(a);
	for (i = 0; i < DISPATCH_MAX; i++) {
		n = recv(fd, a->rx, NSL_RECV_SIZE, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n < 0 && errno == ENOBUFS) {
			async_overrun(a);
			continue;
		}
		if (n < 0)
			return nsl_err_set(err, errno, "reading from the kernel: %s",
					   strerror(errno));
		left = (int)n;
		for (nlh = (void *)a->rx; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			async_message(a, nlh);
	}
	return 0;
}
