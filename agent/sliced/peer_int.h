/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The insides of peers, for peer*.c only. */
#ifndef SLICED_PEER_INT_H
#define SLICED_PEER_INT_H

#include "ask.h"
#include "config.h"
#include "link.h"
#include "peer.h"
#include "peers.h"

#define PEER_TYPES	64

enum conn_state {
	CONN_TLS,	/* not known who it is */
	CONN_HELLO,	/* our hello is sent */
	CONN_WAITING,	/* its hello is here: the arbiter's choice is to come */
	CONN_CHOSEN,	/* we are the arbiter and chose it: its hello-ok is to come */
	CONN_UP,
};

/* One connection, from accept or connect to its end. */
struct conn {
	struct conn	*next;
	struct peers	*peers;
	struct peer	*peer;		/* NULL until its pin is known */
	struct link	*link;
	enum conn_state	state;
	struct nsl_json	*hello;		/* the other node's, from WAITING to UP */
	char		life[NODE_ID_LEN + 1];
	char		from[80];
};

struct peer {
	struct peer		*next;
	struct peers		*peers;
	struct config_peer	config;
	bool			static_config;	/* from the file */
	bool			removed;	/* kept: others may hold pointers to it */
	struct conn		*up;
	uint64_t		epoch;		/* of the connection that is up */
	struct asks		*asks;
	struct event		*retry;
	unsigned int		backoff_ms;
	bool			held;		/* the message being handled is */
	int64_t			since_ms;	/* up or down, wall clock */
	char			why[200];	/* of the last end or failure */
	char			node_id[NODE_ID_LEN + 1];
	char			life[NODE_ID_LEN + 1];
	char			node[NODE_NAME_LEN];
	uint32_t		pid;
};

struct peer_handle {
	peer_handler	fn;
	void		*arg;
};

struct peer_watcher {
	struct peer_watcher	*next;
	struct peer_watch	watch;
	void			*arg;
};

struct peers {
	struct event_base	*base;
	const struct config	*config;
	struct node		*node;
	struct tls		*tls;
	struct peer		*first;
	struct conn		*conns;
	struct peer_handle	handle[PEER_TYPES];
	struct peer_watcher	*watchers;
	struct evconnlistener	*listener;
	struct event		*listen_retry;
	uint64_t		epoch;
	uint64_t		log_ms;		/* when a refused stranger was last logged */
	bool			closing;
};

/* peer_conn.c: hello, and which connection counts */
struct conn *conn_accept(struct peers *peers, int fd, const char *from);
struct conn *conn_dial(struct peer *peer, const struct sockaddr *to, int len);
void conn_free(struct conn *conn);

/* peer.c */
void peer_dial_soon(struct peer *peer);
void peer_is_now_up(struct peer *peer, struct conn *conn);
void peer_is_now_down(struct peer *peer, const char *why);
void peer_deliver(struct peer *peer, const struct link_msg *msg);
struct peer *peer_new(struct peers *peers, const struct config_peer *config);
void peer_free(struct peer *peer);

#endif
