/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who this node is: name, key, and which of its lives this is. */
#ifndef SLICED_NODE_H
#define SLICED_NODE_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct nsl_err;
struct node;
struct store;

/* Takes the lock of the state dir (held until node_close), reads or makes the ids. Before the loop runs. */
struct node *node_open(const struct config *config, struct nsl_err *err);
int node_load(struct node *node, struct store *store, struct nsl_err *err);
void node_close(struct node *node);

/* A new random name of 32 hex digits, for upgrades and the like. 0 or -EIO. */
#define NODE_ID_LEN	32
int node_random(char out[NODE_ID_LEN + 1]);

const char *node_name(const struct node *node);
const char *node_id(const struct node *node);		/* random, made once, 32 hex digits */
const char *node_boot_id(const struct node *node);	/* the kernel's, of this boot */
const char *node_life(const struct node *node);		/* random, of this process */
bool node_first_of_boot(const struct node *node);	/* the kernel has lost what earlier lives made */
/* Process id of the life before this one, 0 for none: kept in the store. */
int node_previous_pid(const struct node *node);

#endif
