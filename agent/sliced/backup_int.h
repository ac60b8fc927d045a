/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of backup.h. */
#ifndef SLICED_BACKUP_INT_H
#define SLICED_BACKUP_INT_H

#include "backup.h"
#include "gen.h"
#include "peer.h"

struct event;
struct nsl_json;

/* One event's routes, as it came: encoded, on their way out or into the kernel. */
struct backup_change {
	struct backup_change	*next;
	uint64_t		seq;
	bool			keys;
	size_t			len;
	uint8_t			run[];
};

struct backup_queue {
	struct backup_change	*first;
	struct backup_change	**end;
	size_t			bytes;
};

enum backup_state {
	SEND_IDLE,	/* nobody to send to, or a pause after a failure */
	SEND_READING,	/* the routes out of the kernel */
	SEND_ROUTES,	/* they go out */
	SEND_SEALING,	/* the other node compares */
	SEND_LIVE,	/* changes go out as they come */
};

struct backup {
	struct slice		*slice;
	char			peer[NODE_NAME_LEN];
	enum backup_direction	direction;
	const struct backup_ops	*ops;
	void			*arg;
	uint64_t		round;		/* grows with each start: late answers are dropped */
	struct event		*timer;
	/* sender */
	enum backup_state	state;
	struct routeset		*set;		/* going out in full */
	size_t			pos;
	struct gen_info		full;		/* what it is: number, count, digest */
	struct backup_queue	out;
	uint64_t		seq_seen;	/* of the last event taken in */
	uint64_t		seq_out;	/* of the last change sent */
	bool			check;		/* a comparison is wanted */
	bool			checking;	/* one is under way */
	unsigned int		checks;		/* that found a difference, one after the other */
	uint64_t		equal_seq;
	unsigned int		fulls;
	unsigned int		cp_waiting;	/* answers to states of the worker */
	uint64_t		cp_seq;		/* the last that the other node keeps */
	bool			cp_full_soon;
	/* receiver */
	struct routeset		*coming;
	struct routeset		*copy;
	bool			valid;
	uint64_t		copy_seq;
	bool			follow;
	bool			syncing;
	bool			sync_again;
	bool			editing;
	struct backup_queue	in;		/* edits for the active generation */
	struct backup_follower	*followers;	/* who waits for it to be equal */
};

struct backup *backup_of(struct slice *slice);
struct peer *backup_peer(const struct backup *b);
void backup_failed(struct backup *b, const char *why);
void backup_equal(struct backup *b, uint64_t seq);

void queue_init(struct backup_queue *q);
void queue_add(struct backup_queue *q, uint64_t seq, bool keys, const void *run, size_t len);
struct backup_change *queue_take(struct backup_queue *q);
void queue_clear(struct backup_queue *q);

/* What crosses: count and digest of a set. */
void backup_put_digest(struct nsl_jw *w, uint64_t seq, uint32_t routes4, uint32_t routes6,
		       const uint8_t digest[NETSLICE_DIGEST_LEN]);
/* 0 or -EINVAL. */
int backup_get_digest(const struct nsl_json *json, struct gen_info *info, struct nsl_err *err);

/* backup_send.c */
void send_begin(struct backup *b);
void send_end(struct backup *b);
void send_event(struct backup *b, const struct nsl_reply *r);
void send_check(struct backup *b);
void send_tick(struct backup *b);
void send_pause(struct backup *b, const char *why);

/* backup_receive.c */
void receive_end(struct backup *b);
void receive_register(struct sliced *sliced);

/* backup_cp.c */
void cp_state_begin(struct backup *b);
void cp_state_tick(struct backup *b);
int cp_state_register(struct sliced *sliced);

#endif
