/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between workers.c, worker_proc.c, worker_ask.c and ctl_worker.c. */
#ifndef SLICED_WORKERS_INT_H
#define SLICED_WORKERS_INT_H

#include "workers.h"

struct bufferevent;
struct event;
struct evbuffer;
struct spawn;

#define WORKERS_OUT_MAX		(8 * 1024 * 1024)	/* waits to be read by a worker */
#define WORKERS_DELTAS		64			/* kept before a full state is asked for */
#define WORKERS_LOG_LINES	50			/* in ten seconds */

struct workers {
	struct sliced		*sliced;
	struct worker		*first;
	struct workers_params	params;
	uid_t			uid;	/* of the workers, 0: the daemon's own */
	gid_t			gid;
};

enum worker_timer {
	TIMER_NONE,
	TIMER_HELLO,	/* it must have said hello */
	TIMER_HEALTH,	/* ask for its health */
	TIMER_RESTART,
	TIMER_STOP,	/* kill it */
	TIMER_FREE,
};

enum worker_purpose { FOR_OWNER, FOR_HEALTH, FOR_REPLAY, FOR_COMPACT };

/* A request: waits for the worker to be ready, or for its answer. */
struct worker_ask {
	struct worker_ask	*next;
	struct worker		*w;
	uint64_t		id;
	char			*line;		/* not sent yet */
	enum worker_type	answer;		/* of this type, or an error */
	enum worker_purpose	purpose;
	worker_answered		fn;
	void			*arg;
	struct event		*timeout;
	/* what is remembered once it is answered well */
	char			*definition;
	char			*data;
	bool			full;
	uint64_t		seq;
};

/* What it is given again after a restart. */
struct worker_memory {
	char		*definition;
	bool		has_role;
	enum worker_role role;
	uint64_t	cp_term;
	char		*full;		/* state, and the changes since */
	uint64_t	full_seq;
	char		*delta[WORKERS_DELTAS];
	uint64_t	delta_seq[WORKERS_DELTAS];
	unsigned int	deltas;
};

struct worker {
	struct worker		*next;
	struct workers		*ws;
	char			slice[16];
	const struct release	*r;
	const struct worker_ops	*ops;		/* NULL: stopped by its owner */
	void			*arg;
	enum worker_status	status;
	/* the process */
	pid_t			pid;
	int			pid_fd;
	int			log_fd;
	struct spawn		*spawn;		/* being spawned */
	struct bufferevent	*bev;
	struct event		*exit_event;
	struct event		*log_event;
	struct event		*more_event;	/* lines are left to be handled */
	struct event		*timer;
	enum worker_timer	timer_for;
	char			said[WORKER_TEXT_LEN];	/* last line of its log */
	char			cause[300];	/* why it is killed, or was */
	char			died[300];	/* why it was started again */
	unsigned int		log_lines;
	uint64_t		log_since;
	int64_t			started_ms;
	/* the conversation */
	struct worker_ask	*asks;
	uint64_t		last_id;
	bool			hello;
	bool			paused;
	bool			in_full;
	uint64_t		full_count;
	/* how it fares */
	bool			loaded;
	bool			healthy_once;
	bool			healthy;
	char			health_text[WORKER_TEXT_LEN];
	uint64_t		deadline;	/* to become healthy */
	uint64_t		healthy_since;
	unsigned int		restarts;	/* in a row */
	unsigned int		restarts_all;
	unsigned int		pause_ms;
	/* given again after a restart */
	struct worker_memory	memory;
	unsigned int		replay;		/* steps done */
	bool			replaying;
	bool			compacting;
};

/* workers.c */
void worker_timer(struct worker *w, enum worker_timer what, unsigned int ms);
/* Kill it; what was under way ends when the process is gone. */
void worker_kill(struct worker *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void worker_became_ready(struct worker *w);
void worker_check_health(struct worker *w);
/* A definition was taken. */
void worker_was_loaded(struct worker *w);
void worker_health_answer(struct worker *w, const struct worker_answer *answer);

/* worker_proc.c: the process */
int worker_proc_start(struct worker *w);
void worker_proc_close(struct worker *w);
void worker_proc_read(struct worker *w);
void worker_proc_write(struct worker *w, const char *line);
/* The process has gone: @cause. In workers.c. */
void worker_died(struct worker *w, const char *cause);

/* worker_hear.c: what it says */
void worker_hear(struct worker *w, const char *line, size_t len);

/* worker_ask.c: requests, memory, replay */
struct worker_ask *worker_ask_new(struct worker *w, enum worker_type answer,
				  enum worker_purpose purpose, worker_answered fn, void *arg);
void worker_ask_send(struct worker_ask *ask, char *line, unsigned int timeout_ms);
void worker_asks_flush(struct worker *w);
/* Answers the request of @id, if it waits; false: none does. */
bool worker_ask_answered(struct worker *w, uint64_t id, const struct worker_msg *msg);
/* Ends requests; those not sent yet too if @all. */
void worker_asks_fail(struct worker *w, bool all, int error, const char *text);
void worker_asks_free(struct worker *w);
void worker_memory_state(struct worker *w, bool full, uint64_t seq, const char *data);
void worker_memory_free(struct worker *w);
/* The next step of giving it all again; ends in worker_became_ready(). */
void worker_replay_next(struct worker *w);

/* ctl_worker.c */
int ctl_worker_init(struct workers *ws, struct nsl_err *err);

#endif
