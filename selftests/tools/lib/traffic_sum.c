// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Holds the senders' reports against the receivers'. A flow passes when all
 * that was sent arrived once and whole. A measurement that could not have seen
 * a loss (nothing sent, a report of a program that still runs, a receiver
 * that dropped packets itself) never passes.
 */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "json.h"
#include "opt.h"
#include "traffic.h"

#define REPORTS	1024

struct report {
	const char *path;
	cJSON *root;
};

struct sum {
	const char *out;
	double max_gap_ms;
	struct report sent[REPORTS], received[REPORTS];
	int sents, receiveds;
	uint64_t total_sent, total_received, total_lost, total_duplicated, total_reordered;
	uint64_t overflow;
	bool passed;
	const char *why;	/* the first reason for not passing */
};

struct result {
	uint64_t sent, received, lost, duplicated, reordered, corrupt, beyond;
	double gap_ms;
	bool passed;
};

static void fail(struct sum *s, const char *why)
{
	if (s->passed)
		s->why = why;
	s->passed = false;
}

static const cJSON *find_flow(const struct sum *s, uint64_t id, uint64_t run)
{
	for (int i = 0; i < s->receiveds; i++) {
		const cJSON *f;

		cJSON_ArrayForEach(f, cJSON_GetObjectItem(s->received[i].root, "flows"))
			if (json_get_u64(f, "flow") == id && json_get_u64(f, "run") == run)
				return f;
	}
	return NULL;
}

static bool known_run(const struct sum *s, const cJSON *flow)
{
	for (int i = 0; i < s->sents; i++)
		if (json_get_u64(s->sent[i].root, "flow") == json_get_u64(flow, "flow") &&
		    json_get_u64(s->sent[i].root, "run") == json_get_u64(flow, "run"))
			return true;
	return false;
}

static struct result judge(const struct sum *s, const cJSON *sent, const cJSON *got)
{
	struct result r = { .sent = json_get_u64(sent, "sent") };

	if (got) {
		uint64_t next = json_get_u64(got, "next");

		r.received = json_get_u64(got, "received");
		r.duplicated = json_get_u64(got, "duplicated");
		r.reordered = json_get_u64(got, "reordered");
		r.corrupt = json_get_u64(got, "corrupt");
		r.gap_ms = json_get_double(got, "longest_gap_ms");
		r.beyond = next > r.sent ? next - r.sent : 0;
	}
	r.lost = r.sent > r.received ? r.sent - r.received : 0;
	r.passed = r.sent && !r.lost && !r.duplicated && !r.corrupt && !r.beyond;
	if (s->max_gap_ms > 0 && r.gap_ms > s->max_gap_ms)
		r.passed = false;
	return r;
}

static void copy(struct json *j, const cJSON *from, const char *key)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(from, key);

	if (!m)
		return;
	if (cJSON_IsString(m)) {
		json_str(j, key, m->valuestring);
	} else if (cJSON_IsArray(m) || cJSON_IsObject(m)) {
		char *text = cJSON_PrintUnformatted(m);

		fprintf(j->f, ",\"%s\":%s", key, text);
		free(text);
	} else {
		json_double(j, key, m->valuedouble);
	}
}

static const char *why_not(const struct result *r)
{
	if (!r->sent)
		return "a flow sent nothing";
	if (r->lost)
		return "packets were lost";
	if (r->duplicated)
		return "packets were duplicated";
	if (r->corrupt || r->beyond)
		return "packets arrived that were not sent so";
	return "a gap was longer than allowed";
}

/* What was sent after the last number that arrived is missing, too. */
static void add_missing(struct json *j, const cJSON *got, uint64_t sent)
{
	uint64_t next = got ? json_get_u64(got, "next") : 0;
	const cJSON *range;

	json_array(j, "lost_ranges");
	if (got)
		cJSON_ArrayForEach(range, cJSON_GetObjectItem(got, "missing_ranges")) {
			json_array(j, NULL);
			json_u64(j, NULL, (uint64_t)cJSON_GetArrayItem(range, 0)->valuedouble);
			json_u64(j, NULL, (uint64_t)cJSON_GetArrayItem(range, 1)->valuedouble);
			json_array_end(j);
		}
	if (next < sent) {
		json_array(j, NULL);
		json_u64(j, NULL, next);
		json_u64(j, NULL, sent - 1);
		json_array_end(j);
	}
	json_array_end(j);
}

static void write_flow(struct json *j, const cJSON *sent, const cJSON *got, const struct result *r)
{
	static const char *const details[] = {
		"from", "delay_min_ms", "delay_avg_ms", "delay_max_ms", "first_at_ms", "last_at_ms",
		"longest_gap_at_ms", "ttl_min", "ttl_max", "dscp", "ecn",
	};

	json_object(j, NULL);
	json_u64(j, "flow", json_get_u64(sent, "flow"));
	json_str(j, "name", json_get_str(sent, "name"));
	json_str(j, "to", json_get_str(sent, "to"));
	json_bool(j, "passed", r->passed);
	json_u64(j, "sent", r->sent);
	json_u64(j, "received", r->received);
	json_u64(j, "lost", r->lost);
	json_u64(j, "duplicated", r->duplicated);
	json_u64(j, "reordered", r->reordered);
	json_u64(j, "corrupt", r->corrupt);
	json_u64(j, "beyond", r->beyond);
	json_double(j, "longest_gap_ms", r->gap_ms);
	json_double(j, "longest_send_gap_ms", json_get_double(sent, "longest_send_gap_ms"));
	copy(j, sent, "send_errors");
	json_u64(j, "icmp_errors", json_get_u64(sent, "icmp_errors"));
	for (size_t i = 0; got && i < sizeof(details) / sizeof(details[0]); i++)
		copy(j, got, details[i]);
	add_missing(j, got, r->sent);
	json_object_end(j);
}

static void one_sender(struct sum *s, struct json *j, const cJSON *sent)
{
	const cJSON *got = find_flow(s, json_get_u64(sent, "flow"), json_get_u64(sent, "run"));
	struct result r = judge(s, sent, got);

	if (!r.passed)
		fail(s, why_not(&r));
	if (!json_get_bool(sent, "final"))
		fail(s, "a sender had not ended");
	s->total_sent += r.sent;
	s->total_received += r.received;
	s->total_lost += r.lost;
	s->total_duplicated += r.duplicated;
	s->total_reordered += r.reordered;
	write_flow(j, sent, got, &r);
}

static void one_receiver(struct sum *s, const cJSON *got)
{
	const cJSON *f;

	s->overflow += json_get_u64(got, "receiver_overflow");
	if (json_get_u64(got, "receiver_overflow"))
		fail(s, "a receiver's own socket dropped packets: not measurable");
	if (json_get_u64(got, "checksum_errors"))
		fail(s, "packets arrived with a wrong checksum");
	if (!json_get_bool(got, "final"))
		fail(s, "a receiver had not ended");
	cJSON_ArrayForEach(f, cJSON_GetObjectItem(got, "flows"))
		if (!known_run(s, f))
			fail(s, "a flow arrived of which there is no sender's report");
}

static int add_report(struct report *list, int *n, char *path, const char *role)
{
	if (*n == REPORTS)
		die("more than %d reports", REPORTS);
	list[*n] = (struct report){ .path = path, .root = json_read(path) };
	if (strcmp(json_get_str(list[*n].root, "role"), role))
		die("%s is no report of traffic %s", path, role);
	(*n)++;
	return 0;
}

static int add_sent(char *path, void *to)
{
	struct sum *s = to;

	return add_report(s->sent, &s->sents, path, "send");
}

static int add_received(char *path, void *to)
{
	struct sum *s = to;

	return add_report(s->received, &s->receiveds, path, "recv");
}

static void write_totals(const struct sum *s, struct json *j)
{
	json_bool(j, "passed", s->passed);
	json_str(j, "why", s->passed ? "" : s->why);
	json_u64(j, "sent", s->total_sent);
	json_u64(j, "received", s->total_received);
	json_u64(j, "lost", s->total_lost);
	json_u64(j, "duplicated", s->total_duplicated);
	json_u64(j, "reordered", s->total_reordered);
	json_u64(j, "receiver_overflow", s->overflow);
}

int traffic_sum(int argc, char **argv)
{
	static struct sum s = { .out = "-", .passed = true };
	const struct opt table[] = {
		{ .name = "sent", .kind = OPT_CALL, .to = &s, .call = add_sent, .need = true },
		{ .name = "received", .kind = OPT_CALL, .to = &s, .call = add_received, .need = true },
		{ .name = "report", .kind = OPT_STR, .to = &s.out },
		{ .name = "max-gap", .kind = OPT_DBL, .to = &s.max_gap_ms },
		{ .kind = OPT_END },
	};
	struct json j;

	if (opt_parse(table, argc, argv).words)
		die("sum: a word too many: %s", argv[0]);
	json_begin(&j, s.out);
	json_object(&j, NULL);
	for (int i = 0; i < s.receiveds; i++)
		one_receiver(&s, s.received[i].root);
	json_array(&j, "flows");
	for (int i = 0; i < s.sents; i++)
		one_sender(&s, &j, s.sent[i].root);
	json_array_end(&j);
	write_totals(&s, &j);
	json_object_end(&j);
	json_publish(&j);
	if (!s.passed)
		warn("sum: %s", s.why);
	return s.passed ? EXIT_PASS : EXIT_FAIL;
}
