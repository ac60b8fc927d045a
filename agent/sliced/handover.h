/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handover of one slice from node A to node B: who may do what, when. Pure:
 * it knows no socket, no disk and no kernel, and reaches the world through
 * struct handover_ops. The protocol is the one that selftests/model verifies;
 * Documentation/handover.md has it in words.
 *
 * The machine holds facts: what is in the journal, what the kernel was last
 * read to be, what has been heard. Whenever nothing is under way it decides by
 * the facts alone what is next. So a message that comes twice, late or early
 * changes nothing, and a daemon that was restarted goes on from journal and
 * kernel by the same decisions.
 *
 * One asynchronous operation is under way at a time: a journal entry, a kernel
 * call, or a change of the worker's role. Each is answered by the function of
 * the same name, never from inside the operation.
 */
#ifndef SLICED_HANDOVER_H
#define SLICED_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

/* What is durable. The words stand in the journal and in messages. */
enum handover_state {
	HANDOVER_HOT,		/* both: B is a hot standby, nothing has moved */
	/* of A, the node that gives */
	HANDOVER_CP_GRANTED,	/* cp-term + 1 is B's */
	HANDOVER_HANDING,	/* A drains */
	HANDOVER_GRANTED,	/* fp-term + 1 is B's: A decides nothing alone any more */
	HANDOVER_ROLLING,	/* A asks B to give it back */
	HANDOVER_COMMITTING,	/* A's lease ends, B keeps it */
	HANDOVER_DONE,
	HANDOVER_BACK,		/* A has, or takes, mastership again */
	/* of B, the node that takes */
	HANDOVER_PREPARING,	/* CP master; FP ready */
	HANDOVER_TAKING,	/* FP master, by lease */
	HANDOVER_COMPLETE,	/* FP master for good; A is still the owner */
	HANDOVER_OWNER,
	HANDOVER_VOID,		/* not master of this attempt, and never will be */
	HANDOVER_STATE_COUNT
};

/* Steps of the conversation. Each may come twice, late, or in another order. */
enum handover_step {
	HANDOVER_CPGRANT,	/* A: cp-term, fp-term now */
	HANDOVER_READY,		/* B: CP master; forwards what reaches it */
	HANDOVER_DRAINED,	/* A: drains, markers with this attempt's cookie are on their way */
	HANDOVER_REQUEST,	/* B: all markers seen */
	HANDOVER_GRANT,		/* A: the fp-term */
	HANDOVER_TAKEN,		/* B: is master */
	HANDOVER_VERIFIED,	/* B: healthy */
	HANDOVER_COMMITTED,	/* A: its lease is ended */
	HANDOVER_COMPLETED,	/* B: its lease is ended */
	HANDOVER_DONE_ALL,	/* A: the record says that B is the owner */
	HANDOVER_ROLLBACK,	/* B: wants to give it back: plane, state, cause go in the detail */
	HANDOVER_TAKEBACK,	/* A: wants it back */
	HANDOVER_VOIDED,	/* B: is not master of this attempt and never will be */
	HANDOVER_BACK_AT,	/* A: is master again: cp-term, fp-term */
	HANDOVER_FOLLOWED,	/* B: has taken note of that */
	HANDOVER_STEP_COUNT
};

const char *handover_state_name(enum handover_state state);
const char *handover_step_name(enum handover_step step);
int handover_state_value(const char *name);	/* -1 for none */
int handover_step_value(const char *name);

/* Terms and times travel with every message. */
struct handover_msg {
	enum handover_step	step;
	uint64_t		attempt;
	uint64_t		cp_term;
	uint64_t		fp_term;
	const char		*detail;	/* for people; "" or why */
};

/* The slice as the kernel has it. */
struct handover_kernel {
	uint8_t		role;		/* enum netslice_role */
	bool		answer;
	uint8_t		lease;		/* enum netslice_lease that runs */
	uint64_t	cp_term;
	uint64_t	fp_term;
};

/* One kernel call. Compare values are always sent. */
struct handover_call {
	enum {
		HANDOVER_CALL_CP_TERM,	/* TERM_RAISE cp_expect -> cp_term */
		HANDOVER_CALL_FP_TERM,	/* TERM_RAISE fp_term -> fp_term_new */
		HANDOVER_CALL_ROLE,	/* ROLE_SET */
		HANDOVER_CALL_LEASE_END,/* LEASE_SET 0 */
	} what;
	uint64_t	cp_expect;
	uint64_t	cp_term;
	uint64_t	fp_term;	/* compare value */
	uint64_t	fp_term_new;	/* 0: as it is */
	uint8_t		role;
	uint8_t		role_expect;
	bool		answer;
	bool		lease_keep;
	uint8_t		lease_action;	/* enum netslice_lease of a new lease */
	uint32_t	lease_ms;	/* from now */
	uint64_t	lease_until;	/* or: ns of CLOCK_BOOTTIME */
	bool		lease_check;
	uint8_t		lease_expect;
	uint64_t	not_after;	/* ns of CLOCK_BOOTTIME; 0: no limit */
};

/* What handover_finish tells. */
enum handover_end {
	HANDOVER_END_COMPLETE,		/* the slice is B's */
	HANDOVER_END_ROLLED_BACK,	/* the slice is A's */
};

/* Attempts are multiples of 4; these are added to them as cookies of markers and probes. */
#define HANDOVER_COOKIE_DRAIN	0	/* A drains: what it had queued is out */
#define HANDOVER_COOKIE_PROBE	1	/* A asks where frames to the virtual MAC go */
#define HANDOVER_COOKIE_TRAIL	2	/* B: behind the last frame that a switch still sent to A */
#define HANDOVER_COOKIE_RETURN	3	/* B drains, in a rollback */

struct handover_ops {
	/* -> handover_journalled(). @state with the terms that are durable with it, in one transaction. */
	void		(*journal)(void *arg, enum handover_state state, uint64_t cp_term,
				   uint64_t fp_term);
	/* -> handover_called() */
	void		(*call)(void *arg, const struct handover_call *call);
	/* The worker of this node becomes CP master at that term, or standby. -> handover_cp_done() */
	void		(*cp_role)(void *arg, bool master, uint64_t cp_term);
	/* These have no answer. */
	void		(*mark)(void *arg, uint8_t kind, uint64_t cookie, uint64_t fp_term);
	void		(*announce)(void *arg, uint64_t fp_term);
	void		(*send)(void *arg, const struct handover_msg *msg);
	/* One timer that repeats what must be repeated, one that limits a step. 0 stops it. */
	void		(*repeat)(void *arg, uint32_t ms);
	void		(*limit)(void *arg, uint32_t ms);
	uint64_t	(*boottime_ns)(void *arg);
	/*
	 * B is master and hosts' packets reach it: load the configuration data and
	 * run the checks, with progress() in between. -> handover_verdict()
	 */
	void		(*configure)(void *arg);
	/*
	 * Nobody can be asked who is master: listen on the LANs, not before
	 * @boot_ms after this node's boot. -> handover_silent(), if no refresh
	 * frame came for three intervals on any port and nobody answers for a
	 * virtual address. Asking again while it listens is nothing new.
	 */
	void		(*listen)(void *arg, uint32_t boot_ms);
	/* A word of Documentation/operating.md has become true on this node. */
	void		(*progress)(void *arg, const char *word);
	/* Once; afterwards messages are still answered, for the other node's sake. */
	void		(*finish)(void *arg, enum handover_end end);
};

struct handover_params {
	bool		giver;		/* A */
	uint64_t	attempt;	/* of both nodes */
	uint32_t	lease_ms;	/* L */
	uint32_t	guard_ms;	/* G */
	uint32_t	step_ms;	/* limit of a step before the point of no return */
	uint32_t	verify_ms;	/* limit of configure and verify, less than L */
	uint32_t	repeat_ms;
	unsigned int	lan_ports;	/* that are up: 0: nothing to wait for on the LAN */
};

/* All members are the machine's own; tests may look. */
struct handover {
	struct handover_params		p;
	const struct handover_ops	*ops;
	void				*arg;
	enum handover_state		state;
	uint64_t			cp_term;	/* durable */
	uint64_t			fp_term;	/* durable */
	uint64_t			fp_base;	/* t: the fp-term when the attempt began */
	struct handover_kernel		kernel;
	enum { HANDOVER_IDLE, HANDOVER_JOURNAL, HANDOVER_CALL, HANDOVER_CP, HANDOVER_READ } busy;
	enum handover_state		next;		/* being journalled */
	uint64_t			next_cp, next_fp;
	uint32_t			heard;		/* bits of enum handover_step */
	uint32_t			sent;		/* those sent since the last repeat */
	uint64_t			peer_cp_term;	/* with CPGRANT, BACK_AT */
	uint64_t			peer_fp_term;
	uint64_t			request_ns;	/* B: r, of this life only */
	bool				cp_master;	/* the worker's role, as last set */
	bool				cp_known;
	bool				abort;		/* rollback is wished */
	bool				limit_hit;
	bool				marked;		/* this node's drain markers are sent */
	bool				markers;	/* the other's drain markers were seen on every port */
	bool				evidence;	/* B: a host's frame or A's probe came on every port */
	bool				quiet;		/* A: nothing for the virtual MAC comes any more */
	bool				muted;		/* A: K3 was made in this life */
	bool				was_master;	/* B: of this attempt */
	bool				configuring;
	int				verdict;	/* 0 none yet, 1 healthy, -1 not */
	bool				refused;	/* B: the kernel refused mastership */
	bool				peer_was_master;	/* A: VOIDED said so */
	uint64_t			silent_until;	/* evidence of LAN silence is good until then */
	bool				finished;
};

void handover_init(struct handover *h, const struct handover_params *params,
		   const struct handover_ops *ops, void *arg);
/*
 * Begin, or go on: with what the journal and the kernel say. For a new attempt
 * @state is HOT. @fp_base is the fp-term at the beginning of the attempt.
 */
void handover_start(struct handover *h, enum handover_state state, uint64_t cp_term,
		    uint64_t fp_term, uint64_t fp_base, const struct handover_kernel *kernel);

/* Answers to operations. @err is 0 or a negative errno; @kernel is as read afterwards. */
void handover_journalled(struct handover *h, int err);
void handover_called(struct handover *h, int err, const struct handover_kernel *kernel);
void handover_cp_done(struct handover *h, int err);

/* What happens meanwhile. */
void handover_message(struct handover *h, const struct handover_msg *msg);
void handover_kernel_changed(struct handover *h, const struct handover_kernel *kernel);
void handover_marker(struct handover *h, uint64_t cookie);	/* seen on all lan ports */
void handover_evidence(struct handover *h);	/* hosts' packets or A's probe, on all lan ports */
void handover_quiet(struct handover *h);	/* B's trail marker was seen, and nothing came since */
void handover_silent(struct handover *h, uint64_t until_ns);
void handover_verdict(struct handover *h, bool healthy);
void handover_abort(struct handover *h);	/* an operator, or a failure elsewhere */
void handover_repeat(struct handover *h);	/* the repeat timer */
void handover_limit(struct handover *h);	/* the limit timer */

/* May the attempt still be given up by this node alone? */
bool handover_may_abort(const struct handover *h);

#endif
