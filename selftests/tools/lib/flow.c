// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "clock.h"
#include "flow.h"
#include "opt.h"

#define FLOWS_MAX	4096u

struct flow *flow_get(struct flow_table *t, const struct traffic_head *h)
{
	struct flow **head = &t->bucket[(h->flow ^ h->run) % FLOW_BUCKETS];
	struct flow *f;

	for (f = *head; f; f = f->next)
		if (f->id == h->flow && f->run == h->run)
			return f;
	if (t->flows >= FLOWS_MAX) {
		t->refused++;
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		die("out of memory");
	f->id = h->flow;
	f->run = h->run;
	f->ttl_min = 255;
	f->next = *head;
	*head = f;
	t->flows++;
	return f;
}

static void note_gap(struct flow *f, const struct traffic_head *h, uint64_t at)
{
	uint64_t gap = at > f->last_at_ns ? at - f->last_at_ns : 0;

	if (f->last_at_ns && gap > h->interval_ns && gap - h->interval_ns > f->gap_ns) {
		f->gap_ns = gap - h->interval_ns;
		f->gap_seq = h->seq;
		f->gap_at_ns = at;
	}
	if (at > f->last_at_ns)
		f->last_at_ns = at;
}

static void note_delay(struct flow *f, const struct traffic_head *h, uint64_t at)
{
	int64_t delay = (int64_t)(at - h->sent_ns);

	if (f->seq.distinct == 1 || delay < f->delay_min_ns)
		f->delay_min_ns = delay;
	if (f->seq.distinct == 1 || delay > f->delay_max_ns)
		f->delay_max_ns = delay;
	f->delay_sum_ns += delay;
}

void flow_add(struct flow *f, const struct traffic_head *h, const struct arrival *a)
{
	enum seq_kind kind;

	if (a->corrupt) {
		f->corrupt++;
		return;
	}
	kind = seq_add(&f->seq, h->seq);
	if (kind == SEQ_REFUSED)
		return;
	f->dscp[a->tos >> 2]++;
	f->ecn[a->tos & 3]++;
	if (a->ttl < f->ttl_min)
		f->ttl_min = a->ttl;
	if (a->ttl > f->ttl_max)
		f->ttl_max = a->ttl;
	if (kind == SEQ_DUPLICATE)
		return;
	if (!f->first_at_ns) {
		f->first_at_ns = a->at_ns;
		addr_text(a->from, f->from);
	}
	note_gap(f, h, a->at_ns);
	note_delay(f, h, a->at_ns);
}

static void add_range(uint64_t from, uint64_t to, void *arg)
{
	struct json *j = arg;

	json_array(j, NULL);
	json_u64(j, NULL, from);
	json_u64(j, NULL, to);
	json_array_end(j);
}

static void add_counts(struct json *j, const char *key, const uint64_t *count, int n)
{
	char name[16];

	json_object(j, key);
	for (int i = 0; i < n; i++) {
		if (!count[i])
			continue;
		snprintf(name, sizeof(name), "%d", i);
		json_u64(j, name, count[i]);
	}
	json_object_end(j);
}

static void report_times(const struct flow *f, struct json *j, int64_t real_ahead)
{
	uint64_t n = f->seq.distinct;

	json_ms(j, "first_at_ms", n ? (int64_t)f->first_at_ns + real_ahead : 0);
	json_ms(j, "last_at_ms", n ? (int64_t)f->last_at_ns + real_ahead : 0);
	json_ms(j, "longest_gap_ms", (int64_t)f->gap_ns);
	json_u64(j, "longest_gap_seq", f->gap_seq);
	json_ms(j, "longest_gap_at_ms", f->gap_ns ? (int64_t)f->gap_at_ns + real_ahead : 0);
	json_ms(j, "delay_min_ms", f->delay_min_ns);
	json_ms(j, "delay_avg_ms", n ? f->delay_sum_ns / (int64_t)n : 0);
	json_ms(j, "delay_max_ms", f->delay_max_ns);
}

void flow_report(const struct flow *f, struct json *j, int64_t real_ahead, uint64_t ranges)
{
	json_object(j, NULL);
	json_u64(j, "flow", f->id);
	json_u64(j, "run", f->run);
	json_str(j, "from", f->from);
	json_u64(j, "received", f->seq.distinct);
	json_u64(j, "next", f->seq.next);
	json_u64(j, "missing", f->seq.next - f->seq.distinct);
	json_u64(j, "duplicated", f->seq.duplicated);
	json_u64(j, "reordered", f->seq.reordered);
	json_u64(j, "corrupt", f->corrupt + f->seq.refused);
	json_u64(j, "first_seq", f->seq.first);
	json_u64(j, "last_seq", f->seq.last);
	report_times(f, j, real_ahead);
	add_counts(j, "dscp", f->dscp, 64);
	add_counts(j, "ecn", f->ecn, 4);
	json_u64(j, "ttl_min", f->ttl_min);
	json_u64(j, "ttl_max", f->ttl_max);
	json_array(j, "missing_ranges");
	seq_gaps(&f->seq, f->seq.next, ranges, add_range, j);
	json_array_end(j);
	json_object_end(j);
}

void flow_series(struct flow *f, FILE *out, uint64_t real_ns)
{
	struct json j = json_line(out);

	json_object(&j, NULL);
	json_ms(&j, "t_ms", (int64_t)real_ns);
	json_u64(&j, "flow", f->id);
	json_u64(&j, "received", f->seq.distinct - f->told_distinct);
	json_u64(&j, "duplicated", f->seq.duplicated - f->told_duplicated);
	json_u64(&j, "reordered", f->seq.reordered - f->told_reordered);
	json_u64(&j, "received_total", f->seq.distinct);
	json_u64(&j, "missing_total", f->seq.next - f->seq.distinct);
	json_object_end(&j);
	json_line_end(&j);
	f->told_distinct = f->seq.distinct;
	f->told_duplicated = f->seq.duplicated;
	f->told_reordered = f->seq.reordered;
}
