/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How another thread hands its results to the event loop: it posts a letter,
 * the loop calls the letter's function. Letters arrive in the order posted.
 */
#ifndef SLICED_MAILBOX_H
#define SLICED_MAILBOX_H

struct event_base;
struct mailbox;

struct letter {
	struct letter	*next;
	void		(*open)(struct letter *letter);	/* on the loop; owns the letter */
};

struct mailbox *mailbox_new(struct event_base *base);
/* Delivers what is still inside, then frees. The posting threads have ended. */
void mailbox_free(struct mailbox *mb);
/* Any thread. Cannot fail. */
void mailbox_post(struct mailbox *mb, struct letter *letter);

#endif
