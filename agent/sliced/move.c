// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The handover of a run: the machine of handover.h, with journal, kernel, worker
 * and peer for its operations. Evidence from the LANs is read from the ports.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cp.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "move_int.h"
#include "run.h"
#include "sliced.h"

#define MOVE_REPEAT_MS	250
#define MOVE_PLACE_MS	200
#define MOVE_STRANDED_MS 300000

static unsigned int move_serial;

struct op *op_new(struct move *m)
{
	struct op *op = upgrade_alloc(sizeof(*op));

	op->run = m->run;
	op->serial = m->serial;
	return op;
}

struct move *op_take(struct op *op)
{
	struct move *m = op->run->move;

	if (!m || m->serial != op->serial)
		m = NULL;
	free(op);
	return m;
}

struct kern *move_kern(const struct move *m)
{
	return run_sliced(m->run)->kern;
}

/* ---- operations of the machine ---- */

static void op_journalled(struct run *run, int err)
{
	if (run->move)
		handover_journalled(&run->move->h, err);
}

static void op_journal(void *arg, enum handover_state state, uint64_t cp_term, uint64_t fp_term)
{
	struct move *m = arg;
	struct slice *s = run_slice(m->run);
	struct slice_terms terms;

	if (!s)
		return;
	terms = s->terms;
	terms.cp = cp_term;
	terms.fp = fp_term;
	if (state == HANDOVER_DONE && slice_is_owner(s))
		terms.owner = slice_term_next(s, terms.owner, false);
	if (state == HANDOVER_OWNER && !slice_is_owner(s))
		terms.owner = slice_term_next(s, terms.owner, true);
	if (state == HANDOVER_CP_GRANTED)
		m->cp_from_ms = clock_boot_ms();
	run_journal(m->run, handover_state_name(state), &terms, op_journalled);
}

static void op_called(void *arg, int code, const struct nsl_err *err,
		      const struct kern_slice *after)
{
	struct op *op = arg;
	struct slice *s = run_slice(op->run);
	struct move *m = op_take(op);

	if (s && after)
		s->kernel = *after;
	if (!m)
		return;
	if (code)
		log_notice("slice %s: %s: the kernel refused: %s", m->run->name,
			   handover_state_name(m->h.state), err->text);
	handover_called(&m->h, code, after ? &after->state : NULL);
	move_look(m);
}

static void op_call(void *arg, const struct handover_call *call)
{
	struct move *m = arg;

	if (call->what == HANDOVER_CALL_ROLE && call->role == NETSLICE_ROLE_DRAINING &&
	    call->role_expect == NETSLICE_ROLE_MASTER)
		m->fp_from_ms = clock_boot_ms();
	kern_call(move_kern(m), m->run->name, call, op_called, op_new(m));
}

static void op_cp_started(void *arg, int code, const char *why);

static void op_cp_done(void *arg, int code, const char *why)
{
	struct op *op = arg;
	struct run *run = op->run;
	struct slice *s = run_slice(run);
	struct move *m;

	if (code == -EHOSTDOWN && !op->master)
		code = 0;	/* what does not run decides nothing */
	if (code == -EHOSTDOWN && s && run->move && run->move->serial == op->serial) {
		cp_start(s, run->first ? run->from : run->to, NULL, op_cp_started, op);
		return;
	}
	m = op_take(op);
	if (!m)
		return;
	if (code) {
		log_warn("slice %s: the worker's role: %s", run->name, why);
		if (handover_may_abort(&m->h))
			run_blame(run, PLANE_CP, run_state_name(run->state), why);
	}
	handover_cp_done(&m->h, code);
}

static void op_cp_started(void *arg, int code, const char *why)
{
	struct op *op = arg;
	struct slice *s = run_slice(op->run);

	if (code || !s)
		op_cp_done(op, code == -EHOSTDOWN || !code ? -EIO : code, why);
	else
		cp_role(s, op->master, op->cp_term, op_cp_done, op);
}

static void op_cp_role(void *arg, bool master, uint64_t cp_term)
{
	struct move *m = arg;
	struct slice *s = run_slice(m->run);
	struct op *op = op_new(m);

	op->master = master;
	op->cp_term = cp_term;
	if (s)
		cp_role(s, master, cp_term, op_cp_done, op);
}

static void op_marked(void *arg, int code, const struct nsl_err *err)
{
	struct run *run = arg;

	if (code)
		log_detail("slice %s: mark: %s", run->name, err->text);
}

static void op_mark(void *arg, uint8_t kind, uint64_t cookie, uint64_t fp_term)
{
	struct move *m = arg;

	kern_mark(move_kern(m), m->run->name, kind, cookie, fp_term, op_marked, m->run);
}

static void op_announce(void *arg, uint64_t fp_term)
{
	struct move *m = arg;

	kern_announce(move_kern(m), m->run->name, fp_term, op_marked, m->run);
}

static void move_say(struct run *run, uint64_t attempt, enum handover_step step,
		     uint64_t cp_term, uint64_t fp_term)
{
	struct peer *peer = run_peer(run);
	struct nsl_jw w = { 0 };

	if (!peer || !peer_is_up(peer))
		return;
	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "upgrade", run->up->id);
	nsl_jw_u64s(&w, "n", attempt);
	nsl_jw_str(&w, "step", handover_step_name(step));
	nsl_jw_u64s(&w, "cp_term", cp_term);
	nsl_jw_u64s(&w, "fp_term", fp_term);
	if (*run->plane) {
		nsl_jw_str(&w, "plane", run->plane);
		nsl_jw_str(&w, "failed", run->failed);
		nsl_jw_str(&w, "cause", run->cause);
	}
	nsl_jw_end(&w);
	peer_send_json(peer, WIRE_HANDOVER, run->name, &w);
}

static void op_send(void *arg, const struct handover_msg *msg)
{
	struct move *m = arg;

	move_say(m->run, msg->attempt, msg->step, msg->cp_term, msg->fp_term);
}

static void timer_set(struct event *timer, uint32_t ms)
{
	struct timeval tv = clock_timeval(ms);

	if (ms)
		evtimer_add(timer, &tv);
	else
		evtimer_del(timer);
}

static void op_repeat(void *arg, uint32_t ms)
{
	timer_set(((struct move *)arg)->repeat, ms);
}

static void op_limit(void *arg, uint32_t ms)
{
	timer_set(((struct move *)arg)->limit, ms);
}

static uint64_t op_boottime_ns(void *arg)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void op_configure(void *arg)
{
	take_configure(((struct move *)arg)->run);
}

static void op_listen(void *arg, uint32_t boot_ms)
{
	struct move *m = arg;

	if (!m->listen_ms)
		m->listen_ms = clock_boot_ms();
	m->listen_boot_ms = boot_ms;
	move_look(m);
}

/*
 * It is to go back, and the node that it came from is gone. This one forwards
 * what reaches it for as long as that lasts; when the other returns, it goes on.
 */
static void move_stranded(struct run *run)
{
	const struct peer *peer = run_peer(run);

	if (run->ended)
		return;
	if (peer && peer_is_up(peer)) {
		run_timer(run, MOVE_STRANDED_MS, move_stranded);
		return;
	}
	run_blame(run, PLANE_NODE, run_state_name(run->state), "the first node is gone");
	run_end(run, RUN_STRANDED);
}

static void op_progress(void *arg, const char *word)
{
	struct move *m = arg;
	struct run *run = m->run;
	int state = run_state_value(word);

	/* the ends are recorded with what belongs to them */
	if (state < 0 || state == RUN_COMPLETE || state == RUN_ROLLED_BACK || run->ended ||
	    run->state == RUN_ROLLING_BACK || run_was(run, (enum run_state)state))
		return;
	if (!run->first && state == RUN_CP_SWITCHED && m->cp_from_ms)
		run->cp_switch_ms = (int64_t)(clock_boot_ms() - m->cp_from_ms);
	run_enter(run, (enum run_state)state, NULL);
	if (state == RUN_ROLLING_BACK && !run->first)
		run_timer(run, MOVE_STRANDED_MS, move_stranded);
}

static void op_finish(void *arg, enum handover_end end)
{
	struct move *m = arg;
	struct run *run = m->run;

	if (run->state == RUN_STRANDED)
		run->ended = false;
	if (run->ended)
		return;
	if (end == HANDOVER_END_COMPLETE && run->first)
		give_complete(run);
	else if (end == HANDOVER_END_COMPLETE)
		take_complete(run);
	else if (run->first)
		give_returned(run);
	else
		take_drop(run);
}

static const struct handover_ops move_ops = {
	.journal = op_journal,
	.call = op_call,
	.cp_role = op_cp_role,
	.mark = op_mark,
	.announce = op_announce,
	.send = op_send,
	.repeat = op_repeat,
	.limit = op_limit,
	.boottime_ns = op_boottime_ns,
	.configure = op_configure,
	.listen = op_listen,
	.progress = op_progress,
	.finish = op_finish,
};

static void move_polls(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	move_look(arg);
}

static void move_repeats(evutil_socket_t fd, short what, void *arg)
{
	struct move *m = arg;

	(void)fd;
	(void)what;
	handover_repeat(&m->h);
	move_look(m);
}

/* What has no way but back from here: too late is the cause. */
static void move_blame_limit(struct move *m)
{
	char why[80];

	switch (m->h.state) {
	case HANDOVER_CP_GRANTED:
	case HANDOVER_HANDING:
		break;
	case HANDOVER_PREPARING:
		if (!m->h.request_ns)
			break;
		return;
	case HANDOVER_TAKING:
		if (m->h.verdict <= 0)
			break;
		return;
	default:
		return;
	}
	snprintf(why, sizeof(why), "step \"%s\" of the handover took too long",
		 handover_state_name(m->h.state));
	if (m->run->well)
		run_blame(m->run, PLANE_NODE, run_reached(m->run),
			  "the operator did not confirm it in time");
	run_blame(m->run, PLANE_FP, run_reached(m->run), why);
}

static void move_limits(evutil_socket_t fd, short what, void *arg)
{
	struct move *m = arg;

	(void)fd;
	(void)what;
	move_blame_limit(m);
	handover_limit(&m->h);
	move_look(m);
}

static void move_looked(void *arg, int code, const struct kern_slice *kernel)
{
	struct op *op = arg;
	struct slice *s = run_slice(op->run);
	struct move *m = op_take(op);

	if (code || !s || !kernel->there)
		return;
	s->kernel = *kernel;
	if (m && m->started)
		handover_kernel_changed(&m->h, &kernel->state);
	if (m)
		move_look(m);
}

void move_kernel(struct run *run)
{
	struct move *m = run->move;

	if (m && m->started && !m->h.finished)
		kern_look(move_kern(m), run->name, move_looked, op_new(m));
	else if (m)
		move_look(m);
}

/* ---- beginning ---- */

static struct move *move_new(struct run *run)
{
	struct event_base *base = run_sliced(run)->base;
	struct move *m = upgrade_alloc(sizeof(*m));

	move_free(run);
	m->run = run;
	m->serial = ++move_serial;
	m->repeat = evtimer_new(base, move_repeats, m);
	m->limit = evtimer_new(base, move_limits, m);
	m->poll = evtimer_new(base, move_polls, m);
	if (!m->repeat || !m->limit || !m->poll)
		abort();
	run->move = m;
	return m;
}

void move_free(struct run *run)
{
	struct move *m = run->move;

	if (!m)
		return;
	event_free(m->repeat);
	event_free(m->limit);
	event_free(m->poll);
	free(m);
	run->move = NULL;
}

static void move_start(struct move *m, unsigned int lan_ports)
{
	const struct plan *plan = m->run->up->plan;
	struct slice *s = run_slice(m->run);
	struct handover_params p = {
		.giver = m->run->first,
		.attempt = m->run->attempt,
		.lease_ms = plan->lease_ms,
		.guard_ms = plan->guard_ms,
		.step_ms = plan->lease_ms,
		.verify_ms = plan->lease_ms / 4 * 3,
		.repeat_ms = MOVE_REPEAT_MS,
		.lan_ports = lan_ports,
	};
	uint64_t fp = s->terms.fp;

	/* what it had asked for lived in memory only: the machine gives up */
	if ((m->state == HANDOVER_PREPARING || m->state == HANDOVER_TAKING) &&
	    s->kernel.state.role != NETSLICE_ROLE_MASTER && s->kernel.state.fp_term <= m->run->fp_base)
		run_blame(m->run, PLANE_NODE, run_reached(m->run),
			  "its daemon was started anew before it was master");
	handover_init(&m->h, &p, &move_ops, m);
	m->started = true;
	log_notice("slice %s: handover %llu from %s: cp-term %llu, fp-term %llu", s->name,
		   (unsigned long long)p.attempt, handover_state_name(m->state),
		   (unsigned long long)s->terms.cp, (unsigned long long)fp);
	handover_start(&m->h, m->state, s->terms.cp, fp, m->run->fp_base, &s->kernel.state);
	move_look(m);
}

static void move_ports(void *arg, int code, const struct kern_port *ports, size_t count)
{
	struct op *op = arg;
	struct run *run = op->run;
	struct move *m = op_take(op);

	if (!m || !run_slice(run))
		return;
	if (code)
		give_up(run, PLANE_FP, "the kernel does not show the slice's ports");
	else
		move_start(m, kern_lan_ports(ports, count));
}

static void move_slice_looked(void *arg, int code, const char *why)
{
	struct op *op = arg;
	struct run *run = op->run;
	struct slice *s = run_slice(run);
	struct move *m = op_take(op);

	if (!m || !s)
		return;
	if (code || !s->kernel.there)
		give_up(run, PLANE_FP, code ? why : "the slice is not in the kernel");
	else
		kern_ports(move_kern(m), s->name, move_ports, op_new(m));
}

static void move_go(struct move *m)
{
	slice_look(run_slice(m->run), move_slice_looked, op_new(m));
}

void move_begin(struct run *run)
{
	struct move *m = move_new(run);

	m->state = HANDOVER_HOT;
	move_go(m);
}

static void move_worker_started(void *arg, int code, const char *why)
{
	struct op *op = arg;
	struct run *run = op->run;
	struct move *m = op_take(op);

	if (!m)
		return;
	if (code)	/* the machine asks for its role and finds out */
		log_warn("slice %s: its worker: %s", run->name, why);
	move_go(m);
}

/* After a restart of the daemon the slice has no worker, and may not be placed yet. */
static void move_place(struct run *run)
{
	struct slice *s = run_slice(run);
	struct cp_view view;

	if (!run->move || !s)
		return;
	if (s->phase == SLICE_PLACING) {
		run_timer(run, MOVE_PLACE_MS, move_place);
		return;
	}
	cp_view(s, &view);
	if (!run->first)
		cp_apply(s, false);
	if (view.complete)
		move_go(run->move);
	else
		cp_start(s, run->first ? run->from : run->to, NULL, move_worker_started,
			 op_new(run->move));
}

void move_resume(struct run *run, int state)
{
	struct move *m = move_new(run);

	m->state = state;
	move_place(run);
}

/* ---- what comes from elsewhere ---- */

bool move_under_way(const struct run *run)
{
	const struct move *m = run->move;

	if (!m || run->ended)
		return false;
	return m->started ? m->h.state != HANDOVER_HOT || m->h.busy : m->state != HANDOVER_HOT;
}

void move_abort(struct run *run)
{
	if (run->move && run->move->started)
		handover_abort(&run->move->h);
}

void move_verdict(struct run *run, bool healthy)
{
	if (run->move && run->move->started)
		handover_verdict(&run->move->h, healthy);
}

static bool move_msg_read(const struct nsl_json *json, struct handover_msg *msg)
{
	const char *step = "";
	int value;

	memset(msg, 0, sizeof(*msg));
	msg->detail = "";
	if (nsl_json_need_u64(json, "n", &msg->attempt, NULL) < 0 ||
	    nsl_json_need_str(json, "step", &step, NULL) < 0 ||
	    nsl_json_need_u64(json, "cp_term", &msg->cp_term, NULL) < 0 ||
	    nsl_json_need_u64(json, "fp_term", &msg->fp_term, NULL) < 0)
		return false;
	value = handover_step_value(step);
	msg->step = (enum handover_step)value;
	return value >= 0;
}

/* The run is at its end here, and no machine of it is left; the other node still asks. */
static void move_answer_ended(struct run *run, const struct handover_msg *msg)
{
	const struct slice *s = run_slice(run);

	if (!s || !run->ended)
		return;
	if (run->state == RUN_COMPLETE && run->first && msg->step == HANDOVER_COMPLETED)
		move_say(run, msg->attempt, HANDOVER_DONE_ALL, s->terms.cp, s->terms.fp);
	else if (run->state == RUN_COMPLETE && !run->first && msg->step == HANDOVER_COMMITTED)
		move_say(run, msg->attempt, HANDOVER_COMPLETED, s->terms.cp, s->terms.fp);
	else if (run->state == RUN_ROLLED_BACK && run->first && msg->step != HANDOVER_FOLLOWED)
		move_say(run, msg->attempt, HANDOVER_BACK_AT, s->terms.cp, s->terms.fp);
	else if (run->state == RUN_ROLLED_BACK && !run->first && msg->step == HANDOVER_BACK_AT)
		move_say(run, msg->attempt, HANDOVER_FOLLOWED, s->terms.cp, s->terms.fp);
	else if (run->state == RUN_ROLLED_BACK && !run->first)
		move_say(run, msg->attempt, HANDOVER_VOIDED, s->terms.cp, run->fp_base);
}

static void move_clocks(struct move *m, enum handover_step step)
{
	struct run *run = m->run;

	if (step == HANDOVER_READY && m->cp_from_ms && run->cp_switch_ms < 0)
		run->cp_switch_ms = (int64_t)(clock_boot_ms() - m->cp_from_ms);
	if (step == HANDOVER_CPGRANT && !m->cp_from_ms)
		m->cp_from_ms = clock_boot_ms();
	if (step == HANDOVER_DRAINED && !m->fp_from_ms)
		m->fp_from_ms = clock_boot_ms();
}

void move_message(struct run *run, const struct peer_msg *wire)
{
	struct move *m = run->move;
	struct handover_msg msg;

	if (!move_msg_read(wire->json, &msg)) {
		log_warn("slice %s: a message of the handover that cannot be read", run->name);
		return;
	}
	if (!m) {
		move_answer_ended(run, &msg);
		return;
	}
	if (!m->started || msg.attempt != m->h.p.attempt)
		return;
	move_clocks(m, msg.step);
	handover_message(&m->h, &msg);
	move_look(m);
}
