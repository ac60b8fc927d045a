// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The queue is a list under a mutex; an eventfd wakes the loop. A letter that
 * is posted while the loop empties the box is delivered in the next round, so
 * that a flood of letters cannot keep the loop from its sockets.
 */
#include "mailbox.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
	pthread_mutex_t	lock;		/* protects first and last */
	struct letter	*first;
	struct letter	**last;
	int		fd;
	struct event	*event;
};

static struct letter *mailbox_take(struct mailbox *mb)
{
	struct letter *all;

	pthread_mutex_lock(&mb->lock);
	all = mb->first;
	mb->first = NULL;
	mb->last = &mb->first;
	pthread_mutex_unlock(&mb->lock);
	return all;
}

static void mailbox_deliver(struct mailbox *mb)
{
	struct letter *letter = mailbox_take(mb);

	while (letter) {
		struct letter *next = letter->next;

		letter->open(letter);
		letter = next;
	}
}

static void mailbox_ready(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN && errno != EINTR)
		abort();	/* an eventfd cannot fail otherwise */
	mailbox_deliver(arg);
}

/**
 * mailbox_new - a box whose letters are opened on the loop
 * @base: the loop
 *
 * Return: the box, or NULL.
 */
struct mailbox *mailbox_new(struct event_base *base)
{
	struct mailbox *mb = calloc(1, sizeof(*mb));

	if (!mb)
		return NULL;
	mb->last = &mb->first;
	mb->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mb->fd < 0)
		goto free_box;
	mb->event = event_new(base, mb->fd, EV_READ | EV_PERSIST, mailbox_ready, mb);
	if (!mb->event)
		goto close_fd;
	if (event_add(mb->event, NULL) || pthread_mutex_init(&mb->lock, NULL))
		goto free_event;
	return mb;

free_event:
	event_free(mb->event);
close_fd:
	close(mb->fd);
free_box:
	free(mb);
	return NULL;
}

/**
 * mailbox_free - deliver what is left, and end
 * @mb: the box, or NULL; no thread posts to it any more
 */
void mailbox_free(struct mailbox *mb)
{
	if (!mb)
		return;
	while (mb->first)
		mailbox_deliver(mb);
	event_free(mb->event);
	close(mb->fd);
	pthread_mutex_destroy(&mb->lock);
	free(mb);
}

/**
 * mailbox_post - hand a letter over
 * @mb: the box
 * @letter: belongs to its open function from now on
 *
 * Context: any thread.
 */
void mailbox_post(struct mailbox *mb, struct letter *letter)
{
	const uint64_t one = 1;

	letter->next = NULL;
	pthread_mutex_lock(&mb->lock);
	*mb->last = letter;
	mb->last = &letter->next;
	pthread_mutex_unlock(&mb->lock);
	/* EAGAIN: the counter is full, so the loop is awake anyway */
	if (write(mb->fd, &one, sizeof(one)) < 0 && errno != EAGAIN && errno != EINTR)
		abort();
}
