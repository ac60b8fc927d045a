/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CP supervisor: runs the worker of a slice's release as a confined process
 * of its own, speaks the contract with it, and starts it again when it dies.
 *
 *	workers_start()    spawned, hello, -> ops.ready
 *	worker_load()      -> loaded (or migrated); then the routes come, and the
 *			   supervisor asks for its health until it is well -> ops.healthy
 *	worker_restore()   the state that came from the other node
 *	worker_become()    master or standby
 *	worker_stop()      ends it; no callback comes any more
 *
 * Until it was healthy once, whatever goes wrong ends in ops.failed, once: it
 * exits, does not say hello in time, breaks the contract, does not become
 * healthy in time. Afterwards it is started again (with growing pauses), given
 * its definition, state and role again, and its routes come as a full set again;
 * only when that keeps failing: ops.failed. A failed worker has no process; it
 * still has to be stopped. A definition that it refuses is the answer to
 * worker_load() and no failure: it goes on with the one before, if any.
 *
 * All on the loop. Any function may be called from inside any callback,
 * worker_stop() too.
 */
#ifndef SLICED_WORKERS_H
#define SLICED_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "worker.h"

struct nsl_err;
struct nsl_json;
struct nsl_route;
struct release;
struct sliced;
struct worker;
struct workers;

/* Any may be NULL. What a callback gets is valid only during it. */
struct worker_ops {
	/* hello came and fits the release */
	void	(*ready)(void *arg);
	/*
	 * Routes: between begin and end comes the full set; outside, each is a
	 * change. A batch's routes are checked before the first is given. For
	 * @del only dst, dst_len and plen are set.
	 */
	void	(*routes_begin)(void *arg);
	void	(*route)(void *arg, bool del, const struct nsl_route *r);
	void	(*routes_end)(void *arg, uint64_t count);
	/* after the last route of a message that is not part of a full set */
	void	(*routes_batch)(void *arg);
	/*
	 * Its own state has changed (first kind of hot backup): as a whole, or
	 * since the state of number @since. @data is the text of a JSON object.
	 */
	void	(*state)(void *arg, bool full, uint64_t seq, uint64_t since, const char *data);
	/* loaded and well, for the first time */
	void	(*healthy)(void *arg);
	/* a later answer that differs from the one before */
	void	(*health)(void *arg, bool ok, const char *text);
	/* it died and runs again, with definition, state and role as before */
	void	(*restarted)(void *arg, const char *cause);
	/* the control plane has failed: for the record and for people */
	void	(*failed)(void *arg, const char *cause);
};

enum worker_status {
	WORKER_STARTING,	/* spawned, no hello yet */
	WORKER_READY,		/* may be asked */
	WORKER_WAITING,		/* died, will be started again */
	WORKER_FAILED,
	WORKER_STOPPING,
};

int workers_init(struct sliced *sliced, struct nsl_err *err);
void workers_exit(struct sliced *sliced);

/*
 * A worker for @slice from release @hash, which must be here. It is held.
 * NULL with @err.
 */
struct worker *workers_start(struct workers *ws, const char *slice, const char *hash,
			     const struct worker_ops *ops, void *arg, struct nsl_err *err);
/* Asks it to end, then kills. The handle is gone at once. NULL is fine. */
void worker_stop(struct worker *w);

/* What became of a request. @msg is its answer when @error is 0. */
struct worker_answer {
	int				error;	/* 0, -ETIMEDOUT, -EPIPE, -ESHUTDOWN, -EREMOTEIO: it said error */
	const char			*text;	/* why, for people: never NULL */
	const struct worker_msg		*msg;
};
typedef void (*worker_answered)(void *arg, const struct worker_answer *answer);

/*
 * Requests. @fn (may be NULL) is called exactly once and never from inside,
 * but not after worker_stop(). One that comes while the worker is starting
 * waits for it. @timeout_ms 0 takes the default (workers_params.answer_ms).
 */
/* @definition: text of the JSON object. The answer is WORKER_LOADED or WORKER_MIGRATED. */
void worker_load(struct worker *w, const char *definition, unsigned int timeout_ms,
		 worker_answered fn, void *arg);
void worker_become(struct worker *w, enum worker_role role, uint64_t cp_term,
		   unsigned int timeout_ms, worker_answered fn, void *arg);
/* The state comes in the answer's msg and, as every state, in ops.state before. */
void worker_backup(struct worker *w, bool full, uint64_t since, unsigned int timeout_ms,
		   worker_answered fn, void *arg);
void worker_restore(struct worker *w, bool full, uint64_t seq, const char *data,
		    unsigned int timeout_ms, worker_answered fn, void *arg);
/* @error is 0 also when it says that it is not well: look at msg->ok. */
void worker_health(struct worker *w, unsigned int timeout_ms, worker_answered fn, void *arg);

/* Stop reading what it sends while what it sent cannot be handled, and go on. */
void worker_pause(struct worker *w, bool pause);

enum worker_status worker_status(const struct worker *w);
bool worker_is_healthy(const struct worker *w);
pid_t worker_pid(const struct worker *w);	/* 0: no process */
const char *worker_slice(const struct worker *w);
const struct release *worker_release(const struct worker *w);

/* Times in milliseconds; for tests and the configuration. */
struct workers_params {
	unsigned int	hello_ms;	/* from spawn to hello */
	unsigned int	healthy_ms;	/* from loaded to well */
	unsigned int	poll_ms;	/* between two questions until it is well */
	unsigned int	check_ms;	/* between two questions afterwards */
	unsigned int	answer_ms;	/* to any question */
	unsigned int	stop_ms;	/* from stop to the kill */
	unsigned int	restart_ms;	/* first pause before it is started again; doubles */
	unsigned int	restart_max_ms;
	unsigned int	restarts;	/* in a row, without being well for long, then failed */
	uint64_t	memory;		/* bytes, 0: no limit */
};
struct workers_params *workers_params(struct workers *ws);

#endif
