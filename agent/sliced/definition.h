/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the operator wants of a slice: ports by their logical names, virtual
 * addresses, and the configuration that belongs to its worker. The same on both
 * nodes: no device, no address of a node stands in it. Pure.
 *
 *	{ "name": "red",
 *	  "vrf": "vrf-red",					optional
 *	  "ports": [ { "name": "west", "kind": "lan" }, ... ],
 *	  "gateways": [ { "port": "west", "address": "10.1.0.1" }, ... ],
 *	  "schema": 1,
 *	  "config": { ... } }
 */
#ifndef SLICED_DEFINITION_H
#define SLICED_DEFINITION_H

#include <linux/netslice.h>
#include <stddef.h>
#include <stdint.h>

struct nsl_err;
struct nsl_json;

#define DEFINITION_MAX	(1024 * 1024)	/* bytes of its text */

struct definition_port {
	char	name[NETSLICE_NAME_LEN];
	uint8_t	kind;			/* enum netslice_port_kind */
};

struct definition_gateway {
	char	port[NETSLICE_NAME_LEN];
	uint8_t	address[16];		/* network order */
	uint8_t	address_len;		/* 4 or 16 */
};

struct definition {
	char				name[NETSLICE_NAME_LEN];
	char				vrf[NETSLICE_NAME_LEN];	/* "": sliced makes one */
	struct definition_port		*ports;
	size_t				port_count;
	struct definition_gateway	*gateways;
	size_t				gateway_count;
	uint32_t			schema;		/* of the worker's configuration */
	char				*text;		/* the whole, as JSON on one line */
};

/* A valid slice or port name: as a net device's, so that it can be one. */
int definition_name_check(const char *name, struct nsl_err *err);
/* NULL with @err naming the member that is wrong. */
struct definition *definition_from_json(const struct nsl_json *root, struct nsl_err *err);
struct definition *definition_parse(const char *text, size_t len, struct nsl_err *err);
void definition_free(struct definition *def);

const struct definition_port *definition_port(const struct definition *def, const char *name);
/*
 * @def with another schema and configuration: what a worker has migrated.
 * NULL with @err.
 */
struct definition *definition_migrated(const struct definition *def, uint32_t schema,
				       const struct nsl_json *config, struct nsl_err *err);

#endif
