// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Becoming master where nobody is: after a boot, or when the other node died
 * as its owner's standby. The owner of a slice, and nobody else, claims it on
 * evidence from the LANs: no refresh frame on any of its lan ports for three
 * intervals. The new term is durable before the kernel has it, and the kernel
 * refuses once the evidence is too old.
 *
 * A node that has no peer needs no evidence. (A probe for a virtual address is
 * not sent: refresh frames come every second from a master that lives.)
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "peer.h"
#include "sliced.h"
#include "slices_int.h"

#define CLAIM_INTERVALS	3	/* of refresh frames */
#define CLAIM_GOOD_MS	2000	/* evidence is good for so long; less than three intervals */
#define CLAIM_DEFAULT_MS 1000	/* refresh, before it is known */

struct claim {
	struct slice		*slice;
	struct event		*timer;
	bool			watching;
	bool			tried;		/* once without success: no haste any more */
	bool			busy;		/* evidence is read, or acted upon */
	uint64_t		silent_since;	/* boot ms */
	uint64_t		read_at;	/* boot ms: when evidence was asked for */
	unsigned int		ports;		/* lan ports up, last time */
	struct slice_terms	to;
};

static struct kern *claim_kern(const struct claim *c)
{
	return slices_sliced(c->slice->slices)->kern;
}

static uint32_t claim_refresh(const struct slice *s)
{
	return s->kernel.refresh_ms ? s->kernel.refresh_ms : CLAIM_DEFAULT_MS;
}

/* Who could be master as well. */
static bool claim_rival(const struct slice *s)
{
	return *s->peer || peers_next(slices_sliced(s->slices)->peers, NULL);
}

static bool claim_wanted(const struct slice *s)
{
	return s->phase == SLICE_PLACED && !s->holds && slice_is_owner(s) && s->kernel.there &&
	       s->kernel.gen && s->kernel.state.role != NETSLICE_ROLE_MASTER &&
	       s->kernel.state.lease == NETSLICE_LEASE_NONE;
}

static void claim_wait(struct claim *c, unsigned int ms)
{
	struct timeval tv = clock_timeval(ms);

	if (evtimer_add(c->timer, &tv))
		slices_nomem();
}

static void claim_begin(struct claim *c)
{
	c->silent_since = clock_boot_ms();
	c->busy = false;
	claim_wait(c, claim_refresh(c->slice) / 2);
}

/* ---- acting on evidence ---- */

static void claim_ended(void *arg, int code, const char *why)
{
	struct claim *c = arg;
	struct slice *s = c->slice;

	(void)code;
	(void)why;
	c->watching = false;
	c->busy = false;
	c->tried = s->kernel.state.role != NETSLICE_ROLE_MASTER;
	if (!c->tried)
		log_notice("slice %s: master, fp-term %llu", s->name,
			   (unsigned long long)s->kernel.state.fp_term);
	slices_changed(s);
}

static void claim_called(void *arg, int code, const struct nsl_err *err)
{
	struct claim *c = arg;

	if (code)
		log_warn("slice %s: could not become master: %s", c->slice->name, err->text);
	slice_look(c->slice, claim_ended, c);
}

static void claim_role(struct claim *c)
{
	const struct slice *s = c->slice;
	struct nsl_attrs a = { 0 };

	nsl_set_slice(&a, s->name);
	nsl_set_fp_term(&a, s->kernel.state.fp_term);
	nsl_set_fp_term_new(&a, c->to.fp);
	nsl_set_role(&a, NETSLICE_ROLE_MASTER);
	nsl_set_role_expect(&a, s->kernel.state.role);
	nsl_set_lease_expect(&a, NETSLICE_LEASE_NONE);
	if (claim_rival(s))
		nsl_set_not_after(&a, (c->read_at + CLAIM_GOOD_MS) * 1000000);
	kern_request(claim_kern(c), KERN_CONTROL, NETSLICE_CMD_ROLE_SET, &a, NULL, claim_called,
		     c);
}

static void claim_cp_raised(void *arg, int code, const struct nsl_err *err)
{
	struct claim *c = arg;

	if (code)
		claim_called(c, code, err);
	else
		claim_role(c);
}

static void claim_durable(void *arg, int code, const char *why)
{
	struct claim *c = arg;
	const struct slice *s = c->slice;
	struct nsl_attrs a = { 0 };

	if (code || !claim_wanted(s)) {
		if (code)
			log_error("slice %s: its new term could not be stored: %s", s->name, why);
		claim_ended(c, 0, "");
		return;
	}
	if (s->kernel.state.cp_term == c->to.cp) {
		claim_role(c);
		return;
	}
	nsl_set_slice(&a, s->name);
	nsl_set_cp_term_expect(&a, s->kernel.state.cp_term);
	nsl_set_cp_term(&a, c->to.cp);
	kern_request(claim_kern(c), KERN_CONTROL, NETSLICE_CMD_TERM_RAISE, &a, NULL,
		     claim_cp_raised, c);
}

static uint64_t highest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void claim_act(struct claim *c, uint64_t heard)
{
	const struct slice *s = c->slice;
	uint64_t cp = highest(s->terms.cp, s->kernel.state.cp_term);
	uint64_t fp = highest(highest(s->terms.fp, s->kernel.state.fp_term), heard);

	c->to = s->terms;
	c->to.fp = slice_term_next(s, fp, true);
	c->to.cp = slice_term_mine(s, cp) ? cp : slice_term_next(s, cp, true);
	slice_terms_set(c->slice, &c->to, claim_durable, c);
}

/* ---- gathering evidence ---- */

static void claim_read(void *arg, int code, const struct kern_port *ports, size_t count)
{
	struct claim *c = arg;
	const struct slice *s = c->slice;
	uint64_t span = (uint64_t)claim_refresh(s) * CLAIM_INTERVALS;
	unsigned int up = kern_lan_ports(ports, count);

	if (!claim_wanted(s)) {
		claim_ended(c, 0, "");
		return;
	}
	if (code || up != c->ports || !kern_all_silent(ports, count, span)) {
		c->ports = up;
		claim_begin(c);
		return;
	}
	if (claim_rival(s) && c->read_at - c->silent_since < span) {
		c->busy = false;
		claim_wait(c, claim_refresh(s) / 2);
		return;
	}
	claim_act(c, kern_heard_term(ports, count));
}

static void claim_tick(evutil_socket_t fd, short what, void *arg)
{
	struct claim *c = arg;

	(void)fd;
	(void)what;
	c->busy = true;
	c->read_at = clock_boot_ms();
	kern_ports(claim_kern(c), c->slice->name, claim_read, c);
}

void claim_look(struct slice *s)
{
	struct claim *c = s->claim;

	if (!claim_wanted(s)) {
		if (c && c->watching && !c->busy) {
			evtimer_del(c->timer);
			c->watching = false;
		}
		return;
	}
	if (!c) {
		c = slices_alloc(sizeof(*c));
		c->slice = s;
		c->timer = evtimer_new(slices_sliced(s->slices)->base, claim_tick, c);
		if (!c->timer)
			slices_nomem();
		s->claim = c;
	}
	if (c->watching)
		return;
	c->watching = true;
	c->ports = UINT32_MAX;
	claim_begin(c);
	if (!claim_rival(s) && !c->tried)
		claim_wait(c, 0);
}

void claim_free(struct slice *s)
{
	if (!s->claim)
		return;
	event_free(s->claim->timer);
	free(s->claim);
	s->claim = NULL;
}
