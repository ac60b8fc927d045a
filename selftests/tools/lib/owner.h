/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may speak for a virtual MAC, told from the wire alone.
 *
 * A segment is a virtual MAC at a place (a bridge, and there a VLAN). It has
 * one owner at a time. Ownership begins with an announcement by the new owner:
 * an ARP packet or an advertisement with the virtual MAC in the payload and as
 * Ethernet source, or a refresh frame with a higher fp-term. From then on the
 * rules are:
 *
 *   old-master       a frame from the virtual MAC by a node that was the owner
 *                    before, or a refresh frame of its with an fp-term that is
 *                    not above the highest
 *   unannounced      a frame from the virtual MAC by a node that never
 *                    announced it, while another is the owner
 *   late-answer      an answer for a virtual address with the virtual MAC in
 *                    the payload (what a draining master sends from its own
 *                    MAC) by a node that is not the owner
 *   two-announcers   an announcement by another node so soon after the owner's
 *                    first that it can be no handover of its own
 *   two-masters      refresh frames of two nodes with one fp-term
 *   stale-term       a refresh frame of the owner with an older fp-term
 *   wrong-mac        a virtual address said to be at another MAC
 *   no-router-flag   an advertisement for a virtual address without flag R
 *   foreign          a host's port speaks as the virtual MAC or address
 *   leak             a virtual MAC at a second place
 *   none             an address asked for again and again and answered by
 *                    nobody for longer than the limit
 *   never-seen       a virtual MAC that was to be watched and never spoke
 */
#ifndef TOOLS_OWNER_H
#define TOOLS_OWNER_H

#include <stdio.h>

#include "json.h"
#include "watchlist.h"

#define NOBODY		(-1)

struct owner_limits {
	uint64_t silence_ns;
	uint64_t min_epoch_ns;
	uint64_t late_answer_ns;
	bool log_all;
	bool allow_unseen;
	uint64_t expect_handovers;
	bool expect_set;
};

struct segment {
	struct segment *next;
	int domain, vmac;
	uint16_t vlan;
	int owner;
	uint64_t epoch_ns;		/* the owner's first frame as such */
	uint64_t handovers;
	uint64_t term;			/* the owner's, when known */
	bool term_known;
	uint64_t highest_term;
	bool was_owner[NODES_MAX];
	uint64_t frames[NODES_MAX], announcements[NODES_MAX], answers[NODES_MAX];
	uint64_t last_ns[NODES_MAX];
	uint64_t seen_ns, quiet_ns;	/* last frame from the virtual MAC, longest time without */
	uint64_t data_run;		/* data frames not logged yet */
	uint64_t data_first_ns, data_last_ns;
	const struct watch_port *data_port;
};

struct question {
	struct question *next;
	int domain, vip;
	uint16_t vlan;
	uint64_t since_ns, count, longest_ns;
	uint64_t asked, answered;
	bool told;
};

struct violation {
	uint64_t at_ns;
	const char *rule;
	char detail[160];
	char ifname[IF_NAMESIZE];
	char slice[NAME_ROOM], port[NAME_ROOM];
	int node;
};

#define VIOLATIONS_KEPT	100
#define RULES_MAX	16

struct handover {
	struct handover *next;
	const struct segment *seg;
	uint64_t at_ns;
	int from, to;
	int64_t quiet_ns;		/* since the last frame from the virtual MAC */
};

struct owners {
	const struct watchlist *list;
	struct owner_limits limit;
	FILE *log;
	struct segment *segments;
	struct question *questions;
	struct handover *handover_list, **handover_tail;
	uint64_t frames, announcements, answers, handovers, late_answers, control;
	struct violation violation[VIOLATIONS_KEPT];
	uint64_t violations;
	const char *rule[RULES_MAX];
	uint64_t rule_count[RULES_MAX];
};

void owners_init(struct owners *o, const struct watchlist *list, const struct owner_limits *limit,
		 FILE *log);
/* Frames in order of time. */
void owners_see(struct owners *o, const struct wire *w);
/* Judges what is missing at @now; @final closes the account. */
void owners_tick(struct owners *o, uint64_t now, bool final);
void owners_violate(struct owners *o, const struct wire *w, const struct segment *s,
		    const char *rule, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The members of the verdict's object. */
void owners_report(const struct owners *o, struct json *j);

#endif
