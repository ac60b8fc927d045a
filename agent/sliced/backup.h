/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hot backup of a slice to the other node.
 *
 * First kind, CP: the worker's own state, in full and then as deltas. The other
 * node keeps it durably and hands it to its worker.
 * Second kind, FP: all routes of the active generation, sealed by count and
 * digest, then every change with its sequence number in the order made. The
 * other node holds a copy; a copy whose digest differs is asked for anew, in full.
 *
 * One direction at a time, chosen by the upgrade: the node that decides routes sends.
 */
#ifndef SLICED_BACKUP_H
#define SLICED_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "routeset.h"
#include "slice.h"

struct nsl_err;
struct nsl_jw;
struct peer;
struct sliced;

int backups_init(struct sliced *sliced, struct nsl_err *err);
void backups_exit(struct sliced *sliced);

enum backup_direction { BACKUP_OFF, BACKUP_SEND, BACKUP_RECEIVE };

/* What becomes known. Each may come many times. */
struct backup_ops {
	/* both kinds: the other's copy was equal at this sequence number, digest compared */
	void	(*equal)(void *arg, struct slice *slice, uint64_t seq);
	/* receiver: a full copy has arrived and its seal fits */
	void	(*copied)(void *arg, struct slice *slice, uint64_t seq);
	/* it cannot go on by itself: what and why; it tries again from full at `up` */
	void	(*failed)(void *arg, struct slice *slice, const char *why);
};

/*
 * Starts, or turns round: what went the other way ends. @ops may be NULL. A
 * sender goes on by itself over lost connections: full again.
 */
void backup_start(struct slice *slice, struct peer *peer, enum backup_direction direction,
		  const struct backup_ops *ops, void *arg);
void backup_stop(struct slice *slice);
enum backup_direction backup_direction(const struct slice *slice);

/* Sender: send the digest as soon as all changes until now are out; `equal` follows, or full again. */
void backup_check(struct slice *slice);
/* Sender: the last sequence number at which the other was equal; 0: not yet. */
uint64_t backup_equal_seq(const struct slice *slice);

/*
 * Receiver: the copy, in the sender's schema, and its sequence number; NULL
 * before the first seal. It changes with each delta.
 */
const struct routeset *backup_copy(const struct slice *slice, uint64_t *seq);
/*
 * Receiver: from now on what changes in the copy changes this node's active
 * generation too. First it is made equal by edits. @done once that is so.
 */
void backup_follow(struct slice *slice, slice_done done, void *arg);
void backup_unfollow(struct slice *slice);

/* Members of an open object. */
void backup_status(const struct slice *slice, struct nsl_jw *w);

#endif
