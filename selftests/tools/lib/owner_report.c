// SPDX-License-Identifier: GPL-2.0-or-later
#include "owner.h"

static void add_violations(const struct owners *o, struct json *j)
{
	json_u64(j, "violations_total", o->violations);
	json_object(j, "violations_by_rule");
	for (int i = 0; i < RULES_MAX && o->rule[i]; i++)
		json_u64(j, o->rule[i], o->rule_count[i]);
	json_object_end(j);
	json_array(j, "violations");
	for (uint64_t i = 0; i < o->violations && i < VIOLATIONS_KEPT; i++) {
		const struct violation *v = &o->violation[i];

		json_object(j, NULL);
		json_ms(j, "t_ms", (int64_t)v->at_ns);
		json_str(j, "rule", v->rule);
		json_str(j, "slice", v->slice);
		json_str(j, "port", v->port);
		json_str(j, "if", v->ifname);
		json_str(j, "node", v->node == NOBODY ? "" : o->list->node[v->node]);
		json_str(j, "detail", v->detail);
		json_object_end(j);
	}
	json_array_end(j);
}

static void add_nodes(const struct owners *o, struct json *j, const struct segment *s)
{
	json_object(j, "nodes");
	for (int n = 0; n < o->list->nodes; n++) {
		if (!s->frames[n] && !s->answers[n])
			continue;
		json_object(j, o->list->node[n]);
		json_u64(j, "frames", s->frames[n]);
		json_u64(j, "announcements", s->announcements[n]);
		json_u64(j, "answers", s->answers[n]);
		json_object_end(j);
	}
	json_object_end(j);
}

static void add_segment(const struct owners *o, struct json *j, const struct segment *s)
{
	const struct watch_vmac *v = &o->list->vmac[s->vmac];
	char text[MAC_TEXT];

	json_object(j, NULL);
	json_str(j, "slice", v->slice);
	json_str(j, "port", v->port);
	json_str(j, "vmac", mac_text(v->mac, text));
	json_str(j, "domain", o->list->domain[s->domain]);
	json_u64(j, "vlan", s->vlan);
	json_str(j, "owner", s->owner == NOBODY ? "" : o->list->node[s->owner]);
	json_u64(j, "handovers", s->handovers);
	json_u64(j, "fp_term", s->highest_term);
	json_ms(j, "longest_quiet_ms", (int64_t)s->quiet_ns);
	add_nodes(o, j, s);
	json_object_end(j);
}

static void add_handovers(const struct owners *o, struct json *j)
{
	json_array(j, "handover_list");
	for (const struct handover *h = o->handover_list; h; h = h->next) {
		json_object(j, NULL);
		json_ms(j, "t_ms", (int64_t)h->at_ns);
		json_str(j, "slice", o->list->vmac[h->seg->vmac].slice);
		json_str(j, "port", o->list->vmac[h->seg->vmac].port);
		json_str(j, "from", o->list->node[h->from]);
		json_str(j, "to", o->list->node[h->to]);
		json_ms(j, "after_last_frame_ms", h->quiet_ns);
		json_object_end(j);
	}
	json_array_end(j);
}

static void add_questions(const struct owners *o, struct json *j)
{
	char text[ADDR_TEXT];

	json_array(j, "addresses");
	for (const struct question *q = o->questions; q; q = q->next) {
		const struct watch_vip *v = &o->list->vip[q->vip];

		json_object(j, NULL);
		json_str(j, "slice", v->slice);
		json_str(j, "address", ip_text(&v->ip, text));
		json_str(j, "domain", o->list->domain[q->domain]);
		json_u64(j, "vlan", q->vlan);
		json_u64(j, "asked", q->asked);
		json_u64(j, "said", q->answered);
		json_ms(j, "longest_wait_ms", (int64_t)q->longest_ns);
		json_object_end(j);
	}
	json_array_end(j);
}

void owners_report(const struct owners *o, struct json *j)
{
	json_u64(j, "frames", o->frames);
	json_u64(j, "announcements", o->announcements);
	json_u64(j, "answers", o->answers);
	json_u64(j, "late_answers", o->late_answers);
	json_u64(j, "control", o->control);
	json_u64(j, "handovers", o->handovers);
	add_violations(o, j);
	json_array(j, "segments");
	for (const struct segment *s = o->segments; s; s = s->next)
		add_segment(o, j, s);
	json_array_end(j);
	add_handovers(o, j);
	add_questions(o, j);
}
