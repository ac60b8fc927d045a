/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One slice in one upgrade, as this node has it: its state in the words of
 * Documentation/operating.md, what is on record of it, and who waits for it. Each change
 * of state is in the journal before anything follows from it.
 */
#ifndef SLICED_RUN_H
#define SLICED_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "node.h"
#include "peer.h"
#include "plan.h"
#include "slices.h"

struct move;
struct upgrades;

enum run_state {
	RUN_PREPARE,
	RUN_VERSION_SYNC,
	RUN_CONFIG_SYNC,
	RUN_HOT,
	RUN_CP_SWITCHED,
	RUN_FP_SWITCHED,
	RUN_CONFIGURE,
	RUN_VERIFY,
	RUN_COMPLETE,
	RUN_ROLLING_BACK,
	RUN_ROLLED_BACK,
	RUN_STRANDED,
	RUN_STATES
};

const char *run_state_name(enum run_state state);
int run_state_value(const char *name);		/* -1 for none */

/* Which plane failed. */
#define PLANE_CP	"cp"
#define PLANE_FP	"fp"
#define PLANE_NODE	"node"

#define RUN_TIMES	40
#define RUN_CAUSE_LEN	400

struct run_time {
	enum run_state	state;
	bool		peer;		/* the other node entered it */
	int64_t		at_ms;		/* wall clock: for people */
};

/* After its end a run may go on to make the other node a standby at the new release. */
enum run_after { AFTER_NOTHING, AFTER_WANTED, AFTER_DONE, AFTER_FAILED };

struct run {
	struct run		*next;
	struct upgrade		*up;
	const struct plan_slice	*plan;
	char			name[NETSLICE_NAME_LEN];
	bool			first;		/* this node was master when it began */
	char			from[SLICE_HASH_LEN + 1];
	char			to[SLICE_HASH_LEN + 1];

	/* on record */
	enum run_state		state;
	enum run_state		peer_state;	/* what the other node said last */
	bool			ended;		/* by state: complete, rolled-back, stranded */
	char			plane[8];	/* "": nothing has failed */
	char			failed[16];	/* the state in which it did */
	char			cause[RUN_CAUSE_LEN];
	struct run_time		times[RUN_TIMES];
	unsigned int		time_count;
	int64_t			cp_switch_ms;	/* -1: did not happen, or was not seen */
	int64_t			fp_switch_ms;
	uint64_t		attempt;	/* of the handover; 0: none yet */
	uint64_t		fp_base;	/* its fp-term at the beginning */
	uint64_t		gen;		/* staged here for the new release; 0: none */
	enum run_after		after;
	char			after_why[RUN_CAUSE_LEN];

	/* live */
	unsigned int		serial;		/* what was asked for under an earlier one is void */
	unsigned int		tries;
	unsigned int		busy;		/* so often the other node was */
	struct event		*timer;
	bool			held;		/* slice_hold() */
	bool			away;		/* waits for the peer */
	bool			queued;		/* hot: waits for its turn to move */
	bool			moving;		/* counts among the handovers under way */
	bool			confirmed;	/* by the operator */
	bool			well;		/* all checks have passed */
	uint64_t		verify_until;	/* boot ms */
	uint8_t			equal_wanted;	/* give.c: goes on when the backup is equal */
	struct peer_token	token;		/* take.c: what is to be answered */
	bool			asked;		/* there is something */
	struct move		*move;
	int			resumed;	/* handover state that the journal says, -1: none */
	struct take		*take;		/* take.c: what the other node has sent */
};

struct upgrade {
	struct upgrade	*next;
	struct upgrades	*all;
	char		id[NODE_ID_LEN + 1];
	char		peer[NODE_NAME_LEN];
	struct plan	*plan;
	struct run	*runs;
	bool		first;		/* this node gives */
	bool		started;	/* first: the other node has taken the start command */
	bool		asking;		/* it is under way */
	bool		reset;		/* the other node (first), this one (second) has reset */
	int		old_pid;
	int		new_pid;
	int64_t		started_ms;
	int64_t		ended_ms;	/* 0: under way */
	bool		ending;
};

struct upgrades {
	struct sliced	*sliced;
	struct upgrade	*list;		/* newest first */
	struct watcher	*watchers;
	struct event	*begin;
};

/* ---- the table: upgrade.c ---- */

struct upgrade *upgrade_find(struct upgrades *us, const char *id);
struct upgrade *upgrade_new(struct upgrades *us, const char *id, const char *peer,
			    struct plan *plan);
struct run *upgrade_run(struct upgrade *up, const char *slice);
struct run *run_new(struct upgrade *up, const struct plan_slice *plan);
/* The run that is not at its end, or still has something to do. */
struct run *runs_active(struct upgrades *us, const char *slice);
void upgrade_free(struct upgrade *up);
struct peer *upgrade_peer(const struct upgrade *up);	/* NULL: no such any more */
void *upgrade_alloc(size_t size);
/* All runs at their end? Then so is the upgrade. */
void upgrade_look(struct upgrade *up);
/* May a run that is hot begin to move? Those that may, do. */
void upgrade_turns(struct upgrade *up);

/* ---- one run: run.c ---- */

struct slice *run_slice(const struct run *run);		/* NULL: not here */
struct sliced *run_sliced(const struct run *run);
struct peer *run_peer(const struct run *run);

typedef void (*run_then)(struct run *run);
/* Journal, then be in that state and go on. */
void run_enter(struct run *run, enum run_state state, run_then then);
/*
 * The same with a step of the handover and terms, all in one transaction. The
 * state is as it is. @done gets 0 or a negative errno.
 */
void run_journal(struct run *run, const char *step, const struct slice_terms *terms,
		 void (*done)(struct run *run, int err));
/* Has this node itself been in that state? */
bool run_was(const struct run *run, enum run_state state);
/* The first entry of a new one. */
void run_prepare(struct run *run);
/* What is it in there? The answer comes as any state. */
void run_ask_state(struct run *run);
void run_tell_state(struct run *run);
/* The other node said that it is in that state. */
void run_peer_state(struct run *run, enum run_state state);
/* The last state on the way that this node was in. */
const char *run_reached(const struct run *run);
/* What failed, once: the first cause stands. */
void run_blame(struct run *run, const char *plane, const char *state, const char *cause);
/* The end: complete, rolled-back or stranded. */
void run_end(struct run *run, enum run_state outcome);
void run_hold(struct run *run);
void run_unhold(struct run *run);
/* What is not part of a state: times measured, what happens after the end. */
void run_save(struct run *run);
void run_after(struct run *run, enum run_after after, const char *why);
void run_timer(struct run *run, unsigned int ms, void (*fire)(struct run *run));

/* To be handed as the argument of what will answer; run_step_take() frees it. */
void *run_step(struct run *run);
/* The run, or NULL if the run has gone another way since. */
struct run *run_step_take(void *step);

/* Statements of a new upgrade and its runs. */
void upgrade_tx_new(struct store_tx *tx, const struct upgrade *up);
/* A line of the journal about the upgrade as a whole. */
void upgrade_tx_note(struct store_tx *tx, const struct upgrade *up, const char *step);
char *run_data(const struct run *run);
int run_data_read(struct run *run, const char *text);

/* ---- the way of the node that gives: give.c ---- */

void give_start(struct upgrade *up);	/* the start command to the other node */
void give_resume(struct run *run);	/* after a restart: from the beginning */
void give_begin(struct run *run);	/* version-sync, config-sync, hot */
void give_up(struct run *run, const char *plane, const char *cause);
void give_peer_up(struct run *run);
void give_peer_down(struct run *run);
void give_complete(struct run *run);	/* the slice is the other node's */
void give_standby(struct run *run);	/* complete: the other node becomes standby */
/* The pair was redundant before this daemon was started: so it is again. */
void give_redundant(struct run *run);
void give_returned(struct run *run);	/* rolled back: the slice is this node's again */
int give_init(struct upgrades *us);

/* ---- the way of the node that takes: take.c, adopt.c, stage.c, settle.c ---- */

/* What the other node has sent for this run, until it is in force. */
struct take {
	bool			standby;	/* after the end: be the new master's standby */
	struct definition	*def;
	char			current[SLICE_HASH_LEN + 1];
	char			home[NODE_ID_LEN + 1];
	struct slice_terms	terms;
	uint8_t			parity;		/* of this node */
	uint64_t		attempt;
	uint64_t		fp_term;
	struct routeset		*routes;	/* being staged */
	int			prog_fd;
};

int take_init(struct upgrades *us);
struct take *take_get(struct run *run);
/* Ends the question under way. */
void take_answer(struct run *run, struct nsl_jw *w);
void take_refuse(struct run *run, const char *code, const char *why);
/*
 * Begin a new question: what an earlier one set going is void. NULL: it was
 * refused.
 */
struct run *take_question(struct upgrades *us, const struct peer_msg *msg);
void adopt_on_config(void *arg, const struct peer_msg *msg);	/* adopt.c */
void stage_on_hot(void *arg, const struct peer_msg *msg);	/* stage.c */
/* What was staged for the new release is no more; then @then. */
void stage_clear(struct run *run, run_then then);
void take_reset_done(struct upgrade *up);
void take_configure(struct run *run);
void take_confirm(struct run *run);	/* by the operator */
void take_complete(struct run *run);
void take_drop(struct run *run);
void take_free(struct run *run);
/* Tells the other node what has failed here; it rolls back. */
void take_fail(struct run *run);

/* ---- the handover: move.c ---- */

/* A new attempt, from hot. */
void move_begin(struct run *run);
/* Go on with what the journal says; -1: hot. */
void move_resume(struct run *run, int state);
void move_abort(struct run *run);
void move_verdict(struct run *run, bool healthy);
bool move_under_way(const struct run *run);
void move_message(struct run *run, const struct peer_msg *msg);
void move_kernel(struct run *run);	/* roles, leases, markers: look again */
void move_free(struct run *run);

/* ---- checks: health.c ---- */

/* The worker is well, the generation is as sealed, ports are up, the plan's own. */
typedef void (*health_done)(struct run *run, bool well, const char *plane, const char *why);
void health_check(struct run *run, health_done done);

/* ---- what people see: history.c, ctl_upgrade.c ---- */

int ctl_upgrade_init(struct upgrades *us);
void watch_state(struct run *run, enum run_state state, bool peer, const char *text);
void watch_end(struct upgrade *up);
void watch_free(struct upgrades *us);
void upgrade_json(const struct upgrade *up, struct nsl_jw *w);
struct release;
const char *release_title(const struct run *run, const char *hash, char *buf, size_t size);

#endif
