// SPDX-License-Identifier: GPL-2.0-or-later
/* Evidence from a slice's LANs for its handover: markers, probes, silence. */
#include <event2/event.h>

#include "clock.h"
#include "move_int.h"
#include "sliced.h"

#define MOVE_POLL_MS	25
#define MOVE_QUIET_MS	3000	/* frames that a switch floods do not hold it up for longer */
#define MOVE_IDLE_MS	15000
#define MOVE_SILENCE	3	/* intervals of refresh frames */
#define MOVE_SILENT_MS	2000	/* evidence of silence is good for so long */

/* The other node has what it needs: the next slice may move. */
static void move_slot(struct run *run)
{
	if (!run->moving)
		return;
	run->moving = false;
	upgrade_turns(run->up);
}

static void seen_markers(struct move *m, const struct kern_port *ports, size_t count)
{
	unsigned int kind = m->run->first ? HANDOVER_COOKIE_RETURN : HANDOVER_COOKIE_DRAIN;
	uint64_t cookie = m->h.p.attempt + kind;

	if (!m->h.markers && kern_all_marked(ports, count, cookie))
		handover_marker(&m->h, cookie);
}

/* Hosts' packets, or the other's probe, reach a master. */
static void seen_evidence(struct move *m, const struct kern_port *ports, size_t count)
{
	struct run *run = m->run;

	if (m->h.evidence || m->h.kernel.role != NETSLICE_ROLE_MASTER ||
	    !kern_all_evident(ports, count, m->h.p.attempt + HANDOVER_COOKIE_PROBE))
		return;
	if (!run->first && m->fp_from_ms)
		run->fp_switch_ms = (int64_t)(clock_boot_ms() - m->fp_from_ms);
	handover_evidence(&m->h);
}

/*
 * Rolled back, and the first node has ended its part: it may have been started
 * anew since and leave no trail. Then long quiet on all ports does.
 */
static void seen_idle(struct move *m, uint64_t rx, uint64_t now)
{
	if (m->h.state != HANDOVER_VOID || !(m->h.heard & 1U << HANDOVER_BACK_AT) ||
	    rx != m->vmac_rx || !m->idle_ms)
		m->idle_ms = now;
	else if (now - m->idle_ms >= MOVE_IDLE_MS)
		handover_quiet(&m->h);
	m->vmac_rx = rx;
}

/* Behind the other's trail marker nothing more is on its way to this node. */
static void seen_quiet(struct move *m, const struct kern_port *ports, size_t count)
{
	uint64_t rx = kern_vmac_rx(ports, count), now = clock_boot_ms();
	struct run *run = m->run;

	if (m->h.quiet || m->h.kernel.role != NETSLICE_ROLE_DRAINING)
		return;
	if (!kern_all_marked(ports, count, m->h.p.attempt + HANDOVER_COOKIE_TRAIL)) {
		seen_idle(m, rx, now);
		return;
	}
	if (!m->marked_ms) {
		m->marked_ms = now;
		if (run->first && m->fp_from_ms)
			run->fp_switch_ms = (int64_t)(now - m->fp_from_ms);
	} else if (rx == m->vmac_rx || now - m->marked_ms >= MOVE_QUIET_MS) {
		handover_quiet(&m->h);
		move_slot(run);
	}
	m->vmac_rx = rx;
}

static void seen_silence(struct move *m, const struct kern_port *ports, size_t count)
{
	const struct slice *s = run_slice(m->run);
	uint64_t span = (uint64_t)(s && s->kernel.refresh_ms ? s->kernel.refresh_ms : 1000) *
			MOVE_SILENCE;
	uint64_t now = clock_boot_ms();

	if (!m->listen_ms)
		return;
	if (!kern_all_silent(ports, count, span)) {
		m->listen_ms = now;
		return;
	}
	if (now >= m->listen_boot_ms && now - m->listen_ms >= span)
		handover_silent(&m->h, m->h.ops->boottime_ns(m) + MOVE_SILENT_MS * 1000000ULL);
}

/* While it moves; and after a return until the other node has followed. */
static bool move_watches(const struct move *m)
{
	if (!m->started || m->h.state == HANDOVER_HOT)
		return false;
	return !m->h.finished ||
	       (m->h.state == HANDOVER_BACK && !(m->h.heard & 1U << HANDOVER_FOLLOWED));
}

static void move_read(void *arg, int code, const struct kern_port *ports, size_t count)
{
	struct move *m = op_take(arg);
	struct timeval tv = clock_timeval(MOVE_POLL_MS);

	if (!m)
		return;
	m->reading = false;
	if (!code) {
		seen_markers(m, ports, count);
		seen_evidence(m, ports, count);
		seen_quiet(m, ports, count);
		seen_silence(m, ports, count);
	}
	if (move_watches(m))
		evtimer_add(m->poll, &tv);
}

void move_look(struct move *m)
{
	if (m->reading || !move_watches(m))
		return;
	m->reading = true;
	evtimer_del(m->poll);
	kern_ports(move_kern(m), m->run->name, move_read, op_new(m));
}
