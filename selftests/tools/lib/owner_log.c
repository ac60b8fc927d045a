// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "clock.h"
#include "owner_log.h"

static struct json open_line(struct owners *o, uint64_t at_ns, const char *kind)
{
	struct json j = json_line(o->log);

	json_object(&j, NULL);
	json_ms(&j, "t_ms", (int64_t)at_ns);
	json_str(&j, "kind", kind);
	return j;
}

static void close_line(struct json *j)
{
	json_object_end(j);
	json_line_end(j);
}

static void add_origin(struct json *j, const struct owners *o, const struct watch_port *p,
		       uint16_t vlan)
{
	json_str(j, "if", p->ifname);
	json_str(j, "node", o->list->node[p->node]);
	if (vlan)
		json_u64(j, "vlan", vlan);
}

static void add_vmac(struct json *j, const struct owners *o, int vmac)
{
	char text[MAC_TEXT];

	json_str(j, "slice", o->list->vmac[vmac].slice);
	json_str(j, "port", o->list->vmac[vmac].port);
	json_str(j, "vmac", mac_text(o->list->vmac[vmac].mac, text));
}

static void flush_run(struct owners *o, struct segment *s)
{
	struct json j;

	if (!s->data_run)
		return;
	j = open_line(o, s->data_first_ns, "data");
	add_origin(&j, o, s->data_port, s->vlan);
	add_vmac(&j, o, s->vmac);
	json_u64(&j, "frames", s->data_run);
	json_ms(&j, "last_ms", (int64_t)s->data_last_ns);
	close_line(&j);
	s->data_run = 0;
}

static struct segment *find_segment(struct owners *o, const struct wire *w, int domain, int vmac)
{
	struct segment *s = o->segments;

	while (s && (s->vmac != vmac || s->domain != domain || s->vlan != w->vlan))
		s = s->next;
	return s;
}

static void add_to_run(struct owners *o, struct segment *s, const struct wire *w,
		       const struct watch_port *p)
{
	if (s->data_run && s->data_port != p)
		flush_run(o, s);
	if (!s->data_run++)
		s->data_first_ns = w->at_ns;
	s->data_port = p;
	s->data_last_ns = w->at_ns;
}

static bool concerns_us(const struct owners *o, const struct wire *w)
{
	for (int i = 0; i < o->list->vips; i++)
		if ((w->says && ip_same(&w->said, &o->list->vip[i].ip)) ||
		    (w->asks && ip_same(&w->asked, &o->list->vip[i].ip)))
			return true;
	return w->kind == WIRE_REFRESH || w->kind == WIRE_CONTROL;
}

static void full_line(struct owners *o, const struct wire *w, const struct watch_port *p, int vmac)
{
	struct json j = open_line(o, w->at_ns, wire_kind_text(w->kind));
	char text[ADDR_TEXT];

	add_origin(&j, o, p, w->vlan);
	json_str(&j, "src", mac_text(w->src, text));
	if (vmac >= 0)
		add_vmac(&j, o, vmac);
	if (w->says) {
		json_str(&j, "says", ip_text(&w->said, text));
		json_str(&j, "at", mac_text(w->said_mac, text));
	}
	if (w->asks)
		json_str(&j, "asks", ip_text(&w->asked, text));
	if (w->kind == WIRE_REFRESH || w->kind == WIRE_CONTROL) {
		json_u64(&j, "fp_term", w->fp_term);
		json_str(&j, "of", w->slice);
		json_str(&j, "of_port", w->port);
	}
	close_line(&j);
}

void owner_log_frame(struct owners *o, const struct wire *w, const struct watch_port *p, int from,
		     int said)
{
	struct segment *s = from >= 0 ? find_segment(o, w, p->domain, from) : NULL;

	if (!o->log)
		return;
	if (from < 0 && said < 0 && !concerns_us(o, w))
		return;
	if (s && w->kind == WIRE_DATA && !o->limit.log_all) {
		add_to_run(o, s, w, p);
		return;
	}
	if (s)
		flush_run(o, s);
	full_line(o, w, p, from >= 0 ? from : said);
}

void owner_log_handover(struct owners *o, const struct segment *s, const struct wire *w, int to)
{
	struct json j;

	if (!o->log)
		return;
	j = open_line(o, w->at_ns, "handover");
	add_vmac(&j, o, s->vmac);
	json_str(&j, "from", o->list->node[s->owner]);
	json_str(&j, "to", o->list->node[to]);
	close_line(&j);
}

void owner_log_violation(struct owners *o, const struct violation *v)
{
	struct json j;

	if (!o->log)
		return;
	j = open_line(o, v->at_ns, "violation");
	json_str(&j, "rule", v->rule);
	json_str(&j, "slice", v->slice);
	json_str(&j, "port", v->port);
	json_str(&j, "if", v->ifname);
	json_str(&j, "detail", v->detail);
	close_line(&j);
}

void owner_log_runs(struct owners *o, uint64_t now, bool all)
{
	if (!o->log)
		return;
	for (struct segment *s = o->segments; s; s = s->next)
		if (all || now > s->data_first_ns + NS_PER_S)
			flush_run(o, s);
	fflush(o->log);
}
