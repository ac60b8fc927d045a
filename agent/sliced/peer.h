/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other node of a pair: one TLS connection, messages in order, requests
 * with answers.
 *
 * Control messages arrive in the order sent. Bulk messages of one slice arrive
 * in the order sent; they are not ordered with control messages, nor with
 * another slice's. Nothing survives a connection: when it goes down, requests
 * that wait end with PEER_DOWN and queued messages are dropped. Whoever
 * needs more repeats after `up` from what is durable.
 */
#ifndef SLICED_PEER_H
#define SLICED_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct nsl_err;
struct nsl_json;
struct nsl_jw;
struct peer;
struct peers;

/* A message that has arrived: whole, within bounds, its JSON parsed. Valid during the call. */
struct peer_msg {
	struct peer		*peer;
	enum wire_type		type;
	const char		*slice;		/* "": about the node; else a valid name, which need not exist here */
	const struct nsl_json	*json;		/* an object, if the type's body is JSON, else NULL */
	const uint8_t		*data;		/* the body, whatever it is */
	size_t			len;
	bool			request;	/* the sender waits for an answer */
	uint64_t		tag;		/* for peer_token() */
	uint32_t		credit;		/* for peer_hold() */
};

/*
 * An answer may be given later: keep a copy. One to a connection that is gone
 * is dropped silently, so a token needs no freeing.
 */
struct peer_token {
	struct peer	*peer;
	uint64_t	epoch;		/* which connection */
	uint64_t	tag;		/* which request; 0: no answer is wanted */
	enum wire_type	type;
	char		slice[WIRE_SLICE_LEN + 1];
};

enum peer_outcome {
	PEER_OK,	/* json is the answer */
	PEER_REFUSED,	/* code and text say why */
	PEER_TIMEOUT,
	PEER_DOWN,
};

struct peer_answer {
	enum peer_outcome	outcome;
	const struct nsl_json	*json;	/* PEER_OK only */
	const char		*code;	/* "stale", "timeout", "down" ...: never NULL */
	const char		*text;	/* for people: never NULL */
};

typedef void (*peer_answered)(void *arg, const struct peer_answer *answer);
typedef void (*peer_handler)(void *arg, const struct peer_msg *msg);

/* What others add to the hello, and what they are told. All on the loop. */
struct peer_watch {
	/* write members into the open object, e.g. "slices": {name: {cp_term, fp_term, ...}} */
	void	(*hello)(void *arg, struct peer *peer, struct nsl_jw *hello);
	/* hello exchanged and accepted; @hello is the peer's */
	void	(*up)(void *arg, struct peer *peer, const struct nsl_json *hello);
	void	(*down)(void *arg, struct peer *peer, const char *why);
};

/* Registration lasts as long as @peers. A second handler of a type is a bug (assert). */
void peers_handle(struct peers *peers, enum wire_type type, peer_handler fn, void *arg);
int peers_watch(struct peers *peers, const struct peer_watch *watch, void *arg);

struct peer *peers_find(struct peers *peers, const char *name);
/* The one peer, when exactly one is configured; else NULL. */
struct peer *peers_only(struct peers *peers);
struct peer *peers_next(struct peers *peers, struct peer *after);	/* NULL starts and ends */
const char *peer_name(const struct peer *peer);
bool peer_is_up(const struct peer *peer);

/*
 * Send. @json is a writer with one finished object, or NULL for {}; it is
 * emptied, whatever happens. @data is copied. slice "" is the node.
 * 0, -ENOTCONN, -EMSGSIZE or -ENOMEM; after 0 it goes out in order unless the
 * connection goes down.
 */
int peer_send_json(struct peer *peer, enum wire_type type, const char *slice, struct nsl_jw *json);
int peer_send_data(struct peer *peer, enum wire_type type, const char *slice,
		   const void *data, size_t len);
/* Bytes of bulk of a slice that wait here: keep it below PEER_QUEUE_HIGH. */
size_t peer_queued(const struct peer *peer, const char *slice);
#define PEER_QUEUE_HIGH		(1024 * 1024)
/* Calls @fn once when the slice's queue has fallen to half of that, or the peer is down. */
int peer_when_room(struct peer *peer, const char *slice, void (*fn)(void *arg), void *arg);

/*
 * Ask. @fn is called exactly once and never from inside this call, also when
 * the peer is down already or memory ran out. @timeout_ms counts from now.
 */
void peer_ask_json(struct peer *peer, enum wire_type type, const char *slice,
		   struct nsl_jw *json, unsigned int timeout_ms, peer_answered fn, void *arg);
void peer_ask_data(struct peer *peer, enum wire_type type, const char *slice, const void *data,
		   size_t len, unsigned int timeout_ms, peer_answered fn, void *arg);
/* Forget all questions of @arg: their @fn will not be called. */
void peer_forget(struct peer *peer, void *arg);

/* Answer, once. For a message that is no request these do nothing but empty @json. */
struct peer_token peer_token(const struct peer_msg *msg);
void peer_answer(struct peer_token token, struct nsl_jw *json);
void peer_refuse(struct peer_token token, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Credit of a bulk message returns to the sender when its handler returns.
 * A handler that cannot keep up holds it, and releases it later.
 */
struct peer_hold {
	struct peer	*peer;
	uint64_t	epoch;
	uint32_t	bytes;
	char		slice[WIRE_SLICE_LEN + 1];
};
struct peer_hold peer_hold(const struct peer_msg *msg);
void peer_release(struct peer_hold hold);

/* Drop the connection; it is made again by itself. @why reaches both logs. */
void peer_drop(struct peer *peer, const char *why);

#endif
