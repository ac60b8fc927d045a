// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "opt.h"
#include "owner.h"
#include "owner_log.h"

void owners_init(struct owners *o, const struct watchlist *list, const struct owner_limits *limit,
		 FILE *log)
{
	*o = (struct owners){ .list = list, .limit = *limit, .log = log };
	o->handover_tail = &o->handover_list;
}

static void *allocate(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		die("out of memory");
	return p;
}

static void count_rule(struct owners *o, const char *rule)
{
	for (int i = 0; i < RULES_MAX; i++) {
		if (o->rule[i] && strcmp(o->rule[i], rule))
			continue;
		o->rule[i] = rule;
		o->rule_count[i]++;
		return;
	}
}

void owners_violate(struct owners *o, const struct wire *w, const struct segment *s,
		    const char *rule, const char *fmt, ...)
{
	const struct watch_port *p = w ? watchlist_port(o->list, w->ifindex) : NULL;
	struct violation v = { .at_ns = w ? w->at_ns : clock_real(), .rule = rule,
			       .node = p ? p->node : NOBODY };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v.detail, sizeof(v.detail), fmt, ap);
	va_end(ap);
	if (p)
		memcpy(v.ifname, p->ifname, sizeof(v.ifname));
	if (s) {
		memcpy(v.slice, o->list->vmac[s->vmac].slice, NAME_ROOM);
		memcpy(v.port, o->list->vmac[s->vmac].port, NAME_ROOM);
	}
	count_rule(o, rule);
	owner_log_violation(o, &v);
	if (o->violations < VIOLATIONS_KEPT)
		o->violation[o->violations] = v;
	o->violations++;
}

/* A virtual MAC belongs to one LAN: seen at a second one, tenants' LANs leak into each other. */
static void check_leak(struct owners *o, const struct wire *w, const struct segment *new)
{
	for (const struct segment *s = o->segments; s; s = s->next)
		if (s != new && s->vmac == new->vmac)
			owners_violate(o, w, new, "leak", "also at %s vlan %u",
				       o->list->domain[s->domain], s->vlan);
}

static struct segment *segment_get(struct owners *o, const struct wire *w, int domain, int vmac)
{
	struct segment *s;

	for (s = o->segments; s; s = s->next)
		if (s->vmac == vmac && s->domain == domain && s->vlan == w->vlan)
			return s;
	s = allocate(sizeof(*s));
	s->domain = domain;
	s->vlan = w->vlan;
	s->vmac = vmac;
	s->owner = NOBODY;
	s->next = o->segments;
	o->segments = s;
	check_leak(o, w, s);
	return s;
}

static void add_handover(struct owners *o, const struct segment *s, const struct wire *w, int to)
{
	struct handover *h = allocate(sizeof(*h));

	h->seg = s;
	h->at_ns = w->at_ns;
	h->from = s->owner;
	h->to = to;
	h->quiet_ns = (int64_t)(w->at_ns - s->last_ns[s->owner]);
	*o->handover_tail = h;
	o->handover_tail = &h->next;
	o->handovers++;
}

static void take_over(struct owners *o, struct segment *s, const struct wire *w, int node)
{
	if (s->owner != NOBODY) {
		uint64_t held = w->at_ns - s->epoch_ns;

		if (s->handovers && held < o->limit.min_epoch_ns)
			owners_violate(o, w, s, "two-announcers",
				       "%s announces %" PRIu64 " us after the first of %s",
				       o->list->node[node], held / 1000, o->list->node[s->owner]);
		add_handover(o, s, w, node);
		s->handovers++;
		owner_log_handover(o, s, w, node);
	}
	s->owner = node;
	s->was_owner[node] = true;
	s->epoch_ns = w->at_ns;
	s->term_known = false;
}

static void not_owner(struct owners *o, struct segment *s, const struct wire *w, int node)
{
	owners_violate(o, w, s, s->was_owner[node] ? "old-master" : "unannounced",
		       "%s sent %s from the virtual MAC %" PRIu64 " us after the first of %s",
		       o->list->node[node], wire_kind_text(w->kind),
		       (w->at_ns - s->epoch_ns) / 1000, o->list->node[s->owner]);
}

static void owner_refresh(struct owners *o, struct segment *s, const struct wire *w)
{
	bool stale = s->term_known ? w->fp_term < s->term
				   : s->handovers && w->fp_term <= s->highest_term;

	if (stale)
		owners_violate(o, w, s, "stale-term", "fp-term %" PRIu64 ", the highest was %" PRIu64,
			       w->fp_term, s->highest_term);
	s->term = w->fp_term;
	s->term_known = true;
	if (w->fp_term > s->highest_term)
		s->highest_term = w->fp_term;
}

static void see_refresh(struct owners *o, struct segment *s, const struct wire *w, int node)
{
	if (s->owner == NOBODY || (s->owner != node && w->fp_term > s->highest_term))
		take_over(o, s, w, node);
	if (s->owner == node)
		owner_refresh(o, s, w);
	else if (s->term_known && w->fp_term == s->term)
		owners_violate(o, w, s, "two-masters", "%s and %s, both with fp-term %" PRIu64,
			       o->list->node[node], o->list->node[s->owner], w->fp_term);
	else
		not_owner(o, s, w, node);
}

static bool announces(const struct wire *w)
{
	return w->says && !memcmp(w->said_mac, w->src, MAC_LEN);
}

static void note_frame(struct owners *o, struct segment *s, const struct wire *w, int node)
{
	o->frames++;
	s->frames[node]++;
	if (s->seen_ns && w->at_ns > s->seen_ns && w->at_ns - s->seen_ns > s->quiet_ns)
		s->quiet_ns = w->at_ns - s->seen_ns;
	s->seen_ns = w->at_ns;
}

/* A frame with the virtual MAC as its source. */
static void see_virtual(struct owners *o, struct segment *s, const struct wire *w,
			const struct watch_port *p)
{
	note_frame(o, s, w, p->node);
	if (p->host) {
		owners_violate(o, w, s, "foreign", "%s from the virtual MAC on a host's port",
			       wire_kind_text(w->kind));
		return;
	}
	if (w->kind == WIRE_REFRESH) {
		see_refresh(o, s, w, p->node);
	} else if (announces(w)) {
		o->announcements++;
		s->announcements[p->node]++;
		if (s->owner != p->node)
			take_over(o, s, w, p->node);
	} else if (s->owner == NOBODY) {
		take_over(o, s, w, p->node);
	} else if (s->owner != p->node) {
		not_owner(o, s, w, p->node);
	}
	s->last_ns[p->node] = w->at_ns;
}

/* The virtual MAC in the payload, but another Ethernet source: a draining master's answer. */
static void see_answer(struct owners *o, struct segment *s, const struct wire *w,
		       const struct watch_port *p)
{
	if (p->host) {
		owners_violate(o, w, s, "foreign", "a host's port speaks for the virtual MAC");
		return;
	}
	o->answers++;
	s->answers[p->node]++;
	if (s->owner == NOBODY || s->owner == p->node)
		return;
	if (s->was_owner[p->node] && w->at_ns - s->epoch_ns <= o->limit.late_answer_ns) {
		o->late_answers++;
		return;
	}
	owners_violate(o, w, s, "late-answer", "%s answers %" PRIu64 " us after the first of %s",
		       o->list->node[p->node], (w->at_ns - s->epoch_ns) / 1000,
		       o->list->node[s->owner]);
}

static bool vip_of_vmac(const struct watch_vip *ip, const struct watch_vmac *mac)
{
	return !strcmp(ip->slice, mac->slice) && (!*ip->port || !strcmp(ip->port, mac->port));
}

/* The virtual address @ip as it is meant at this place, which a virtual MAC seen there tells; or -1. */
static int vip_here(const struct owners *o, const struct wire *w, int domain, const struct ip *ip,
		    const struct segment **seg)
{
	for (const struct segment *s = o->segments; s; s = s->next) {
		if (s->domain != domain || s->vlan != w->vlan)
			continue;
		for (int i = 0; i < o->list->vips; i++) {
			if (!ip_same(&o->list->vip[i].ip, ip) ||
			    !vip_of_vmac(&o->list->vip[i], &o->list->vmac[s->vmac]))
				continue;
			*seg = s;
			return i;
		}
	}
	return -1;
}

static struct question *question_get(struct owners *o, const struct wire *w, int domain, int vip)
{
	struct question *q;

	for (q = o->questions; q; q = q->next)
		if (q->vip == vip && q->domain == domain && q->vlan == w->vlan)
			return q;
	q = allocate(sizeof(*q));
	q->domain = domain;
	q->vip = vip;
	q->vlan = w->vlan;
	q->next = o->questions;
	o->questions = q;
	return q;
}

static void check_silence(struct owners *o, struct question *q, uint64_t now)
{
	uint64_t waited = q->since_ns && now > q->since_ns ? now - q->since_ns : 0;
	char text[ADDR_TEXT];

	if (waited > q->longest_ns)
		q->longest_ns = waited;
	if (q->told || q->count < 2 || waited <= o->limit.silence_ns)
		return;
	q->told = true;
	owners_violate(o, NULL, NULL, "none",
		       "%s of %s asked %" PRIu64 " times at %s, no answer for %" PRIu64 " ms",
		       ip_text(&o->list->vip[q->vip].ip, text), o->list->vip[q->vip].slice,
		       q->count, o->list->domain[q->domain], (uint64_t)(waited / NS_PER_MS));
}

static void see_said(struct owners *o, const struct wire *w, const struct watch_port *p)
{
	const struct segment *s;
	int vip = vip_here(o, w, p->domain, &w->said, &s);
	struct question *q;
	char mac[MAC_TEXT];

	if (vip < 0)
		return;
	if (memcmp(w->said_mac, o->list->vmac[s->vmac].mac, MAC_LEN)) {
		owners_violate(o, w, s, p->host ? "foreign" : "wrong-mac",
			       "a virtual address is said to be at %s", mac_text(w->said_mac, mac));
		return;
	}
	if (w->kind == WIRE_NA && !w->router)
		owners_violate(o, w, s, "no-router-flag", "an advertisement without R");
	q = question_get(o, w, p->domain, vip);
	check_silence(o, q, w->at_ns);
	q->answered++;
	q->since_ns = q->count = 0;
	q->told = false;
}

static void see_asked(struct owners *o, const struct wire *w, const struct watch_port *p)
{
	const struct segment *s;
	int vip = p->host ? vip_here(o, w, p->domain, &w->asked, &s) : -1;
	struct question *q;

	if (vip < 0)
		return;
	q = question_get(o, w, p->domain, vip);
	q->asked++;
	if (!q->count++)
		q->since_ns = w->at_ns;
	check_silence(o, q, w->at_ns);
}

void owners_see(struct owners *o, const struct wire *w)
{
	const struct watch_port *p = watchlist_port(o->list, w->ifindex);
	int from, said;

	if (!p)
		return;
	from = watchlist_vmac(o->list, w->src);
	said = w->says ? watchlist_vmac(o->list, w->said_mac) : -1;
	if (w->kind == WIRE_CONTROL)
		o->control++;
	owner_log_frame(o, w, p, from, said);
	if (from >= 0)
		see_virtual(o, segment_get(o, w, p->domain, from), w, p);
	else if (said >= 0)
		see_answer(o, segment_get(o, w, p->domain, said), w, p);
	if (w->says)
		see_said(o, w, p);
	if (w->asks)
		see_asked(o, w, p);
}

static void check_unseen(struct owners *o)
{
	for (int i = 0; i < o->list->vmacs; i++) {
		const struct segment *s = o->segments;
		char mac[MAC_TEXT];

		while (s && s->vmac != i)
			s = s->next;
		if (!s || s->owner == NOBODY)
			owners_violate(o, NULL, s, "never-seen", "%s of %s/%s never spoke",
				       mac_text(o->list->vmac[i].mac, mac),
				       o->list->vmac[i].slice, o->list->vmac[i].port);
	}
}

static void check_handovers(struct owners *o)
{
	for (const struct segment *s = o->segments; s; s = s->next)
		if (s->handovers != o->limit.expect_handovers)
			owners_violate(o, NULL, s, "handovers", "%" PRIu64 " of %s/%s, not %" PRIu64,
				       s->handovers, o->list->vmac[s->vmac].slice,
				       o->list->vmac[s->vmac].port, o->limit.expect_handovers);
}

void owners_tick(struct owners *o, uint64_t now, bool final)
{
	for (struct question *q = o->questions; q; q = q->next)
		check_silence(o, q, now);
	owner_log_runs(o, now, final);
	if (!final)
		return;
	if (!o->limit.allow_unseen)
		check_unseen(o);
	if (o->limit.expect_set)
		check_handovers(o);
}
