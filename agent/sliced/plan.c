// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "definition.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"

static const char *const reset_names[] = {
	[PLAN_RESET_SLICE] = "slice",
	[PLAN_RESET_AGENT] = "agent",
};

const char *plan_reset_name(enum plan_reset reset)
{
	return reset_names[reset];
}

static int plan_wrong(const struct nsl_json *v, struct nsl_err *err, const char *why)
{
	char path[128];

	nsl_json_path(v, path, sizeof(path));
	return nsl_err_set(err, EINVAL, "%s: %s", path, why);
}

/* One of two words. Return: 1, 0 absent, or an error. */
static int plan_word(const struct nsl_json *obj, const char *name, const char *const words[2],
		     bool *second, struct nsl_err *err)
{
	const char *text = NULL;
	char why[64];
	int ret = nsl_json_get_str(obj, name, &text, err);

	if (ret <= 0)
		return ret;
	*second = !strcmp(text, words[1]);
	if (*second || !strcmp(text, words[0]))
		return 1;
	snprintf(why, sizeof(why), "must be \"%s\" or \"%s\"", words[0], words[1]);
	return plan_wrong(nsl_json_member(obj, name), err, why);
}

/* ---- checks ---- */

static int plan_ping(const struct nsl_json *obj, struct plan_check *c, struct nsl_err *err)
{
	const char *text = NULL;
	int ret = nsl_json_get_str(obj, "ping", &text, err);

	if (ret <= 0)
		return ret;
	c->kind = PLAN_CHECK_PING;
	if (inet_pton(AF_INET, text, c->address) == 1)
		c->address_len = 4;
	else if (inet_pton(AF_INET6, text, c->address) == 1)
		c->address_len = 16;
	else
		return plan_wrong(nsl_json_member(obj, "ping"), err, "must be an address");
	snprintf(c->text, sizeof(c->text), "ping %s", text);
	return 1;
}

static int plan_check_read(const struct nsl_json *obj, struct plan_check *c, struct nsl_err *err)
{
	static const char *const allowed[] = { "ping", "routes", NULL };
	int ping, routes;

	if (nsl_json_is(obj, NSL_JSON_OBJECT, err) < 0 || nsl_json_only(obj, allowed, err) < 0)
		return -EINVAL;
	ping = plan_ping(obj, c, err);
	if (ping < 0)
		return ping;
	routes = nsl_json_get_u32(obj, "routes", 0, UINT32_MAX, &c->routes, err);
	if (routes < 0)
		return routes;
	if (ping + routes != 1)
		return plan_wrong(obj, err, "must be one of \"ping\" and \"routes\"");
	if (routes) {
		c->kind = PLAN_CHECK_ROUTES;
		snprintf(c->text, sizeof(c->text), "at least %u routes", c->routes);
	}
	return 0;
}

static int plan_checks(const struct nsl_json *obj, struct plan_slice *s, struct nsl_err *err)
{
	const struct nsl_json *list = NULL, *v;
	int ret = nsl_json_get_array(obj, "checks", &list, err);

	if (ret <= 0 || !nsl_json_count(list))
		return ret < 0 ? ret : 0;
	if (nsl_json_count(list) > PLAN_CHECKS)
		return plan_wrong(list, err, "too many checks");
	s->checks = calloc(nsl_json_count(list), sizeof(*s->checks));
	if (!s->checks)
		return nsl_err_set(err, ENOMEM, "out of memory");
	nsl_json_for_each(v, list)
		if (plan_check_read(v, &s->checks[s->check_count++], err) < 0)
			return -EINVAL;
	return 0;
}

/* ---- slices ---- */

/* "NAME VERSION" is written "NAME-VERSION" from here on. */
static int plan_release(const struct nsl_json *obj, struct plan_slice *s, struct nsl_err *err)
{
	char *blank;

	if (nsl_json_need_text(obj, "release", s->release, sizeof(s->release), err) < 0)
		return -EINVAL;
	blank = strchr(s->release, ' ');
	if (blank)
		*blank = '-';
	if (!*s->release || strchr(s->release, ' '))
		return plan_wrong(nsl_json_member(obj, "release"), err,
				  "must be NAME VERSION or a hash");
	return 0;
}

static int plan_slice_read(const struct nsl_json *obj, struct plan *plan, struct nsl_err *err)
{
	static const char *const allowed[] = { "slice", "release", "order", "checks", NULL };
	struct plan_slice *s = &plan->slices[plan->slice_count];
	struct nsl_err why = { 0 };

	s->order = 1;
	if (nsl_json_is(obj, NSL_JSON_OBJECT, err) < 0 || nsl_json_only(obj, allowed, err) < 0 ||
	    nsl_json_need_text(obj, "slice", s->slice, sizeof(s->slice), err) < 0)
		return -EINVAL;
	if (definition_name_check(s->slice, &why) < 0)
		return plan_wrong(nsl_json_member(obj, "slice"), err, why.text);
	if (plan_slice(plan, s->slice))
		return plan_wrong(nsl_json_member(obj, "slice"), err,
				  "stands in the plan twice");
	plan->slice_count++;	/* what is allocated from here on is freed */
	if (plan_release(obj, s, err) < 0 ||
	    nsl_json_get_u32(obj, "order", 0, 1000000, &s->order, err) < 0)
		return -EINVAL;
	return plan_checks(obj, s, err);
}

/* Stable: there are few. */
static void plan_sort(struct plan *plan)
{
	size_t i, j;

	for (i = 1; i < plan->slice_count; i++) {
		struct plan_slice s = plan->slices[i];

		for (j = i; j && plan->slices[j - 1].order > s.order; j--)
			plan->slices[j] = plan->slices[j - 1];
		plan->slices[j] = s;
	}
}

static int plan_slices(const struct nsl_json *root, struct plan *plan, struct nsl_err *err)
{
	const struct nsl_json *list = NULL, *v;

	if (nsl_json_need_array(root, "slices", &list, err) < 0)
		return -EINVAL;
	if (!nsl_json_count(list) || nsl_json_count(list) > PLAN_SLICES)
		return plan_wrong(list, err, "must have 1 to 1024 slices");
	plan->slices = calloc(nsl_json_count(list), sizeof(*plan->slices));
	if (!plan->slices)
		return nsl_err_set(err, ENOMEM, "out of memory");
	nsl_json_for_each(v, list) {
		int ret = plan_slice_read(v, plan, err);

		if (ret < 0)
			return ret;
	}
	plan_sort(plan);
	return 0;
}

const struct plan_slice *plan_slice(const struct plan *plan, const char *slice)
{
	size_t i;

	for (i = 0; i < plan->slice_count; i++)
		if (!strcmp(plan->slices[i].slice, slice))
			return &plan->slices[i];
	return NULL;
}

/* ---- the whole ---- */

static int plan_times(const struct nsl_json *root, struct plan *plan, struct nsl_err *err)
{
	const struct nsl_json *guard = nsl_json_member(root, "guard_ms");

	if (nsl_json_get_u32(root, "lease_ms", 2000, 3600000, &plan->lease_ms, err) < 0)
		return -EINVAL;
	if (!guard)
		plan->guard_ms = plan->lease_ms / 3 < 1000 ? 1000 : plan->lease_ms / 3;
	if (nsl_json_get_u32(root, "guard_ms", 1000, 3600000, &plan->guard_ms, err) < 0 ||
	    nsl_json_get_u32(root, "health_ms", 100, 3600000, &plan->health_ms, err) < 0 ||
	    nsl_json_get_u32(root, "handovers", 1, 64, &plan->handovers, err) < 0)
		return -EINVAL;
	if (plan->guard_ms < plan->lease_ms / 10)
		return plan_wrong(guard, err, "must be a tenth of lease_ms at least");
	return 0;
}

static int plan_words(const struct nsl_json *root, struct plan *plan, struct nsl_err *err)
{
	static const char *const confirm[2] = { "auto", "operator" };
	bool agent = false;

	if (nsl_json_get_text(root, "peer", plan->peer, sizeof(plan->peer), err) < 0 ||
	    plan_word(root, "reset", reset_names, &agent, err) < 0 ||
	    plan_word(root, "confirm", confirm, &plan->operator, err) < 0 ||
	    nsl_json_get_bool(root, "redundant", &plan->redundant, err) < 0 ||
	    nsl_json_get_bool(root, "home", &plan->home, err) < 0)
		return -EINVAL;
	plan->reset = agent ? PLAN_RESET_AGENT : PLAN_RESET_SLICE;
	if (plan->home && !plan->redundant)
		return plan_wrong(nsl_json_member(root, "home"), err,
				  "mastership goes home only to a node at the new release: "
				  "\"redundant\" must be true");
	return 0;
}

static int plan_read(const struct nsl_json *root, struct plan *plan, struct nsl_err *err)
{
	static const char *const allowed[] = {
		"peer", "reset", "slices", "handovers", "lease_ms", "guard_ms", "health_ms",
		"redundant", "home", "confirm", NULL
	};
	struct nsl_jw w = { 0 };
	int ret;

	if (nsl_json_is(root, NSL_JSON_OBJECT, err) < 0 || nsl_json_only(root, allowed, err) < 0 ||
	    plan_words(root, plan, err) < 0 || plan_times(root, plan, err) < 0)
		return -EINVAL;
	ret = plan_slices(root, plan, err);
	if (ret < 0)
		return ret;
	nsl_jw_json(&w, NULL, root);
	plan->text = nsl_jw_take(&w);
	return plan->text ? 0 : nsl_err_set(err, ENOMEM, "out of memory");
}

struct plan *plan_from_json(const struct nsl_json *root, struct nsl_err *err)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	if (!plan) {
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	plan->handovers = 1;
	plan->lease_ms = 30000;
	plan->health_ms = 60000;
	plan->redundant = true;
	if (!plan_read(root, plan, err))
		return plan;
	plan_free(plan);
	return NULL;
}

struct plan *plan_parse(const char *text, size_t len, struct nsl_err *err)
{
	struct nsl_json *root = nsl_json_parse(text, len, err);
	struct plan *plan = root ? plan_from_json(root, err) : NULL;

	nsl_json_free(root);
	return plan;
}

void plan_free(struct plan *plan)
{
	size_t i;

	if (!plan)
		return;
	for (i = 0; i < plan->slice_count; i++)
		free(plan->slices[i].checks);
	free(plan->slices);
	free(plan->text);
	free(plan);
}
