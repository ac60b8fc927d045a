/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection to another node: TLS, frames, messages, credit. What it is
 * for, and whether it is the one that counts, peer.c knows.
 *
 * A link ends in steps: link_end() or a fault stops it at once (nothing more
 * is received or sent, but what was queued may leave), and some time later,
 * never from inside a call, ops->gone is called, in which the owner frees it.
 */
#ifndef SLICED_LINK_H
#define SLICED_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls.h"
#include "wire.h"

struct event_base;
struct link;
struct nsl_jw;
struct sockaddr;

/* A whole message. */
struct link_msg {
	struct wire_head	head;
	const struct wire_info	*info;	/* NULL only in unknown requests */
	const uint8_t		*data;
	size_t			len;
	uint32_t		credit;	/* to be given back by link_return() */
};

struct link_ops {
	void	(*ready)(void *arg, struct link *link);	/* TLS stands: the pin is known */
	void	(*message)(void *arg, struct link *link, const struct link_msg *msg);
	void	(*gone)(void *arg, struct link *link);
};

/* Takes @fd over, also on failure. @arg for the ops. NULL: no memory. */
struct link *link_accept(struct event_base *base, struct tls *tls, int fd,
			 const struct link_ops *ops, void *arg);
struct link *link_dial(struct event_base *base, struct tls *tls, const struct sockaddr *to,
		       int to_len, const struct link_ops *ops, void *arg);
void link_free(struct link *link);

/* Time limits: the handshake and hello must be over by @ms, or the link ends. 0: no limit any more. */
void link_deadline(struct link *link, unsigned int ms, const char *what);
/* From now on: a heartbeat each @beat_ms; the link ends after @dead_ms without anything received. */
int link_beat(struct link *link, unsigned int beat_ms, unsigned int dead_ms);

/* 0, -ENOTCONN, -EMSGSIZE, -ENOMEM, -E2BIG. head: type, flags (REQUEST, REPLY, REFUSED, MUST), tag, slice. */
int link_send(struct link *link, const struct wire_head *head, const void *data, size_t len);
/* Empties @json; NULL is {}. */
int link_send_json(struct link *link, const struct wire_head *head, struct nsl_jw *json);
size_t link_queued(const struct link *link, const char *slice);
int link_when_room(struct link *link, const char *slice, void (*fn)(void *arg), void *arg);
void link_return(struct link *link, const char *slice, uint32_t bytes);

/* Ends the link; @tell: the other node is told why first. The first reason stays. */
void link_end(struct link *link, bool tell, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool link_ended(const struct link *link);
const char *link_why(const struct link *link);
bool link_incoming(const struct link *link);
bool link_pin(const struct link *link, struct tls_pin *pin);	/* false before ready */
/* Frames received so far: shows that the other end lives. */
uint64_t link_heard(const struct link *link);

#endif
