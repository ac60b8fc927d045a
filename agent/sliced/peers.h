/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All peers of this node: making them, and the port they come to. For main.c and ctl_peer.c. */
#ifndef SLICED_PEERS_H
#define SLICED_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "node.h"
#include "peer.h"

struct event_base;
struct nsl_err;
struct store;

/* Reads key and stored peers; opens no port yet. Before the loop runs. */
struct peers *peers_open(struct event_base *base, const struct config *config, struct node *node,
			 struct store *store, struct nsl_err *err);
/* From now on connections are made and taken: everyone has registered. */
void peers_start(struct peers *peers);
/* Tells every node why, without waiting. */
void peers_goodbye(struct peers *peers, const char *why);
/* Nothing waits to leave: all goodbyes are out. */
bool peers_quiet(const struct peers *peers);
/* The loop has ended: all connections, and with them questions, end; watchers are told. */
void peers_stop(struct peers *peers);
void peers_close(struct peers *peers);

const struct tls_pin *peers_own_pin(const struct peers *peers);

/* Could it be added, or changed, as it is? 0, -EEXIST, -EINVAL ... with @err. Changes nothing. */
int peers_check(struct peers *peers, const struct config_peer *config, bool fresh,
		struct nsl_err *err);
/* Add or change: connections whose key does not count any more are ended. */
int peers_set(struct peers *peers, const struct config_peer *config, bool static_config);
void peers_remove(struct peers *peers, struct peer *peer);
/* The file was read again: its peers replace those of the old one. */
int peers_reload(struct peers *peers, const struct config *config);

struct peer_info {
	const struct config_peer	*config;
	bool				static_config;
	bool				up;
	int64_t				since_ms;
	const char			*why;
	const char			*node;
	const char			*node_id;
	const char			*life;
	uint32_t			pid;
};
struct peer_info peer_info(const struct peer *peer);

#endif
