/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The node's own settings: /etc/netslice/sliced.json. Pure but for config_read(). */
#ifndef SLICED_CONFIG_H
#define SLICED_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls.h"

struct nsl_err;
struct nsl_json;

#define CONFIG_PATH	"/etc/netslice/sliced.json"
#define CONFIG_PORT	7468
#define NODE_NAME_LEN	32	/* node and peer names, NUL included */
#define CONFIG_ADDRESS_LEN 64

/* One other node. Also the form of a peer that `peer add` made. */
struct config_peer {
	char		name[NODE_NAME_LEN];
	char		address[CONFIG_ADDRESS_LEN];	/* numeric, "" : it connects to us */
	uint16_t	port;
	struct tls_pin	pin;
	bool		has_next;	/* rotation: two are accepted */
	struct tls_pin	next;
};

/* What a slice's port, known by its logical name on both nodes, is on this node. */
struct config_port {
	char	slice[16];
	char	port[16];
	char	device[16];
	bool	bypass_netfilter;
	char	(*addresses)[CONFIG_ADDRESS_LEN];	/* the node's own: "10.1.0.2/24" */
	size_t	address_count;
};

struct config {
	char			node[NODE_NAME_LEN];
	char			*state_dir;	/* /var/lib/netslice */
	char			*run_dir;	/* /run/netslice */
	char			listen_address[CONFIG_ADDRESS_LEN];	/* "" : every address */
	uint16_t		listen_port;
	bool			listen;		/* false: only connect out */
	uint32_t		heartbeat_ms;
	uint32_t		dead_ms;	/* no heartbeat for so long: the connection is dropped */
	struct config_peer	*peers;
	size_t			peer_count;
	struct config_port	*ports;
	size_t			port_count;
};

/* NULL with @err naming the member that is wrong. */
struct config *config_read(const char *path, struct nsl_err *err);
struct config *config_parse(const struct nsl_json *root, struct nsl_err *err);
void config_free(struct config *config);

/* NULL where no map says. */
const struct config_port *config_port_find(const struct config *config, const char *slice,
					   const char *port);
/* One peer from an object with name, address, port, pin, next_pin: the file's and ctl's form. */
int config_peer_parse(const struct nsl_json *obj, struct config_peer *peer, struct nsl_err *err);

#endif
