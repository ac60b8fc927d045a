// SPDX-License-Identifier: GPL-2.0-or-later
#include "node.h"

#include "config.h"
#include "lib/err.h"
#include "log.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef NODE_BOOT_PATH	/* unit tests have one of their own */
#define NODE_BOOT_PATH	"/proc/sys/kernel/random/boot_id"
#endif

struct node {
	char	name[NODE_NAME_LEN];
	char	id[NODE_ID_LEN + 1];
	char	life[NODE_ID_LEN + 1];
	char	boot_id[64];
	bool	first_of_boot;
	int	previous_pid;
	int	lock;
	int	error;		/* of the store, while loading */
};

/**
 * node_random - a new random name
 * @out: where to
 *
 * Return: 0 or -EIO.
 */
int node_random(char out[NODE_ID_LEN + 1])
{
	uint8_t bytes[NODE_ID_LEN / 2];
	unsigned int i;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (i = 0; i < sizeof(bytes); i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* --- directories and lock --- */

static int node_mkdir(const char *path, mode_t mode, struct nsl_err *err)
{
	struct stat st;

	if (mkdir(path, mode) && errno != EEXIST)
		return nsl_err_set(err, errno, "%s: %s", path, strerror(errno));
	if (stat(path, &st))
		return nsl_err_set(err, errno, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return nsl_err_set(err, ENOTDIR, "%s: not a directory", path);
	if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return nsl_err_set(err, EPERM, "%s: others may write there", path);
	return 0;
}

static int node_lock(struct node *node, const char *dir, struct nsl_err *err)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/lock", dir) >= (int)sizeof(path))
		return nsl_err_set(err, ENAMETOOLONG, "%s: the path is too long", dir);
	node->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (node->lock < 0)
		return nsl_err_set(err, errno, "%s: %s", path, strerror(errno));
	if (!flock(node->lock, LOCK_EX | LOCK_NB))
		return 0;
	if (errno == EWOULDBLOCK)
		return nsl_err_set(err, EBUSY, "%s: another sliced uses this state", dir);
	return nsl_err_set(err, errno, "%s: %s", path, strerror(errno));
}

static int node_boot(struct node *node, struct nsl_err *err)
{
	int fd = open(NODE_BOOT_PATH, O_RDONLY | O_CLOEXEC);
	ssize_t len = -1;

	if (fd >= 0) {
		len = read(fd, node->boot_id, sizeof(node->boot_id) - 1);
		close(fd);
	}
	if (len <= 0)
		return nsl_err_set(err, EIO, NODE_BOOT_PATH ": cannot be read");
	node->boot_id[len] = '\0';
	node->boot_id[strcspn(node->boot_id, "\n")] = '\0';
	return 0;
}

static int node_prepare(struct node *node, const struct config *config, struct nsl_err *err)
{
	if (node_mkdir(config->state_dir, 0700, err) || node_mkdir(config->run_dir, 0755, err) ||
	    node_lock(node, config->state_dir, err) || node_boot(node, err))
		return -1;
	if (node_random(node->life))
		return nsl_err_set(err, EIO, "no random numbers");
	return 0;
}

/**
 * node_open - make this process the node's one daemon
 * @config: its settings
 * @err: why not
 *
 * Context: before the loop runs.
 * Return: the node, or NULL.
 */
struct node *node_open(const struct config *config, struct nsl_err *err)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node) {
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	node->lock = -1;
	snprintf(node->name, sizeof(node->name), "%s", config->node);
	if (node_prepare(node, config, err)) {
		node_close(node);
		return NULL;
	}
	return node;
}

/**
 * node_close - let go of the state directory
 * @node: it, or NULL
 */
void node_close(struct node *node)
{
	if (!node)
		return;
	if (node->lock >= 0)
		close(node->lock);
	free(node);
}

/* --- what the store knows --- */

static void node_loaded(void *arg, const struct store_result *res)
{
	struct node *node = arg;
	unsigned int i;

	node->error = res->error;
	for (i = 0; i < res->row_count; i++) {
		const struct store_row *row = store_row_at(res, i);

		if (store_row_step(row) == 0)
			snprintf(node->id, sizeof(node->id), "%s", store_text(row, 0));
		else if (store_row_step(row) == 1)
			node->first_of_boot = strcmp(node->boot_id, store_text(row, 0)) != 0;
		else
			node->previous_pid = (int)store_int(row, 0);
	}
}

static void node_saved(void *arg, const struct store_result *res)
{
	struct node *node = arg;

	node->error = res->error;
}

/**
 * node_load - read the node's ids, or make them, and write this life down
 * @node: the node
 * @store: its store
 * @err: why not
 *
 * Context: before the loop runs.
 * Return: 0 or -EIO.
 */
int node_load(struct node *node, struct store *store, struct nsl_err *err)
{
	struct store_tx *tx = store_tx_new(store);

	node->first_of_boot = true;
	store_add(tx, SQL_META_GET, "s", "node_id");
	store_add(tx, SQL_META_GET, "s", "boot_id");
	store_add(tx, SQL_META_GET, "s", "pid");
	store_commit_wait(tx, node_loaded, node);
	if (!node->error && !node->id[0] && node_random(node->id))
		node->error = -EIO;
	if (!node->error) {
		tx = store_tx_new(store);
		store_add(tx, SQL_META_SET, "ss", "node_id", node->id);
		store_add(tx, SQL_META_SET, "ss", "boot_id", node->boot_id);
		store_add(tx, SQL_META_SET, "si", "pid", (int64_t)getpid());
		store_commit_wait(tx, node_saved, node);
	}
	if (node->error)
		return nsl_err_set(err, EIO, "the store does not say who this node is: %s",
				   strerror(-node->error));
	return 0;
}

const char *node_name(const struct node *node)
{
	return node->name;
}

const char *node_id(const struct node *node)
{
	return node->id;
}

const char *node_boot_id(const struct node *node)
{
	return node->boot_id;
}

const char *node_life(const struct node *node)
{
	return node->life;
}

bool node_first_of_boot(const struct node *node)
{
	return node->first_of_boot;
}

int node_previous_pid(const struct node *node)
{
	return node->previous_pid;
}
