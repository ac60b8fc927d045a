// SPDX-License-Identifier: GPL-2.0-or-later
#include "begin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "log.h"
#include "release.h"
#include "run.h"
#include "sliced.h"
#include "store.h"

#define BEGIN_ASK_MS	30000
#define BEGIN_WHY_LEN	2000

struct beginning {
	struct upgrades	*us;
	struct plan	*plan;
	enum begin_kind	kind;
	struct upgrade	*up;
	char		peer[NODE_NAME_LEN];
	char		why[BEGIN_WHY_LEN];	/* all that is refused, "" nothing */
	begin_done	done;
	void		*arg;
};

static void begin_end(struct beginning *b, int code)
{
	b->done(b->arg, code, b->why, code ? NULL : b->up);
	if (!b->up)
		plan_free(b->plan);
	free(b);
}

static void begin_refused(struct beginning *b, const char *slice, const char *why)
{
	size_t len = strlen(b->why);

	snprintf(b->why + len, sizeof(b->why) - len, "%s%s%s%s", len ? "; " : "", slice,
		 *slice ? ": " : "", why);
}

/* ---- what this node refuses ---- */

static struct peer *begin_peer(const struct beginning *b)
{
	struct peers *peers = b->us->sliced->peers;

	return *b->plan->peer ? peers_find(peers, b->plan->peer) : peers_only(peers);
}

static const struct release *begin_release(struct beginning *b, const struct plan_slice *p,
					   struct nsl_err *err)
{
	struct releases *rs = b->us->sliced->releases;
	const struct release *r = release_find(rs, p->release);

	return r ? r : release_resolve(rs, p->release, err);
}

static void begin_check_slice(struct beginning *b, const struct plan_slice *p)
{
	const struct slice *s = slices_find(b->us->sliced->slices, p->slice);
	const struct release *r;
	struct nsl_err err = { 0 };

	if (!s) {
		begin_refused(b, p->slice, "no such slice is defined on this node");
		return;
	}
	r = begin_release(b, p, &err);
	if (!r || r->damage)
		begin_refused(b, p->slice, r ? r->damage : err.text);
	else if (b->kind != BEGIN_BACK && !manifest_reads(r->manifest, s->def->schema)) {
		nsl_err_set(&err, EINVAL, "release %s-%s does not read schema %u of its "
			    "configuration", r->name, r->version, s->def->schema);
		begin_refused(b, p->slice, err.text);
	}
	if (s->holds || runs_active(b->us, p->slice))
		begin_refused(b, p->slice, "an upgrade of it is under way");
	else if (s->phase != SLICE_PLACED)
		begin_refused(b, p->slice, *s->why ? s->why : "it is not in force yet");
	else if (s->kernel.state.role != NETSLICE_ROLE_MASTER)
		begin_refused(b, p->slice, "its master is not this node: start there");
	if (!*s->current)
		begin_refused(b, p->slice, "it has no release yet");
}

static void begin_check_here(struct beginning *b)
{
	struct peer *peer = begin_peer(b);
	size_t i;

	if (!peer)
		begin_refused(b, "", *b->plan->peer ? "peer: there is no such peer" :
			      "peer: must be given where there is not exactly one");
	else if (!peer_is_up(peer))
		begin_refused(b, "", "the other node is not connected");
	else
		snprintf(b->peer, sizeof(b->peer), "%s", peer_name(peer));
	for (i = 0; i < b->plan->slice_count; i++)
		begin_check_slice(b, &b->plan->slices[i]);
}

/* ---- start ---- */

static void begin_stored(void *arg, const struct store_result *res)
{
	struct beginning *b = arg;
	struct upgrade *up = b->up;
	struct run *run;

	if (res->error) {
		snprintf(b->why, sizeof(b->why), "%s", res->text);
		for (run = up->runs; run; run = run->next)
			run_unhold(run);
		upgrade_free(up);	/* the plan with it */
		b->up = NULL;
		b->plan = NULL;
		begin_end(b, -EIO);
		return;
	}
	begin_end(b, 0);
	give_start(up);
}

static void begin_start(struct beginning *b)
{
	const struct plan *plan = b->plan;
	char id[NODE_ID_LEN + 1];
	struct store_tx *tx;
	size_t i;

	if (node_random(id)) {
		begin_refused(b, "", "no random numbers");
		begin_end(b, -EIO);
		return;
	}
	b->up = upgrade_new(b->us, id, b->peer, b->plan);
	b->up->first = true;
	for (i = 0; i < plan->slice_count; i++) {
		struct run *run = run_new(b->up, &plan->slices[i]);
		const struct slice *s = run_slice(run);
		const struct release *r = begin_release(b, run->plan, NULL);

		snprintf(run->from, sizeof(run->from), "%s", s->current);
		snprintf(run->to, sizeof(run->to), "%s", r->hash);
		run_hold(run);
		run_prepare(run);
	}
	tx = store_tx_new(b->us->sliced->store);
	upgrade_tx_new(tx, b->up);
	store_commit(tx, begin_stored, b);
}

/* ---- what the other node refuses ---- */

static void begin_checked(void *arg, const struct peer_answer *answer)
{
	struct beginning *b = arg;

	if (answer->outcome != PEER_OK)
		begin_refused(b, "", answer->text);
	else
		begin_check_here(b);	/* time has passed */
	if (*b->why)
		begin_end(b, -EBUSY);
	else if (b->kind == BEGIN_CHECK)
		begin_end(b, 0);
	else
		begin_start(b);
}

static void begin_ask_slice(struct beginning *b, const char *name, struct nsl_jw *w)
{
	const struct slice *s = slices_find(b->us->sliced->slices, name);
	size_t i;

	nsl_jw_object(w, NULL);
	nsl_jw_str(w, "slice", name);
	nsl_jw_array(w, "ports");
	for (i = 0; s && i < s->def->port_count; i++)
		nsl_jw_str(w, NULL, s->def->ports[i].name);
	nsl_jw_end(w);
	nsl_jw_end(w);
}

static void begin_refuse_now(void *arg, const struct store_result *res)
{
	(void)res;
	begin_end(arg, -EINVAL);
}

void begin(struct upgrades *us, struct plan *plan, enum begin_kind kind, begin_done done,
	   void *arg)
{
	struct beginning *b = upgrade_alloc(sizeof(*b));
	struct nsl_jw w = { 0 };
	struct nsl_json *json;
	size_t i;

	*b = (struct beginning){ .us = us, .plan = plan, .kind = kind, .done = done, .arg = arg };
	begin_check_here(b);
	if (*b->why) {	/* from the loop: by way of a transaction that does nothing */
		store_commit(store_tx_new(us->sliced->store), begin_refuse_now, b);
		return;
	}
	json = nsl_json_parse(plan->text, strlen(plan->text), NULL);
	nsl_jw_object(&w, NULL);
	nsl_jw_json(&w, "plan", json);
	nsl_jw_array(&w, "slices");
	for (i = 0; i < plan->slice_count; i++)
		begin_ask_slice(b, plan->slices[i].slice, &w);
	nsl_jw_end(&w);
	nsl_jw_end(&w);
	nsl_json_free(json);
	peer_ask_json(begin_peer(b), WIRE_CHECK, "", &w, BEGIN_ASK_MS, begin_checked, b);
}

/* ---- the other node's side ---- */

int begin_minds(struct upgrades *us, const struct plan *plan, struct nsl_err *err)
{
	const struct slice *s = NULL;
	size_t i;

	while ((s = slices_next(us->sliced->slices, s)))
		if (plan->reset != PLAN_RESET_SLICE &&
		    s->kernel.state.role == NETSLICE_ROLE_MASTER)
			return nsl_err_set(err, EBUSY, "slice %s has its master on %s, and a reset "
					   "at depth %s would end its control plane: move it first",
					   s->name, node_name(us->sliced->node),
					   plan_reset_name(plan->reset));
	for (i = 0; i < plan->slice_count; i++) {
		s = slices_find(us->sliced->slices, plan->slices[i].slice);
		if (s && s->holds)
			return nsl_err_set(err, EBUSY, "%s: on %s %s", s->name,
					   node_name(us->sliced->node), s->hold_why);
		if (s && s->kernel.state.role == NETSLICE_ROLE_MASTER)
			return nsl_err_set(err, EBUSY, "%s: %s is its master too", s->name,
					   node_name(us->sliced->node));
	}
	return 0;
}

static int begin_minds_ports(struct upgrades *us, const struct nsl_json *list,
			     struct nsl_err *err)
{
	const struct config *config = us->sliced->config;
	const struct nsl_json *v, *ports = NULL, *p;
	const char *slice = "", *port = "";

	nsl_json_for_each(v, list) {
		if (nsl_json_need_str(v, "slice", &slice, err) < 0 ||
		    nsl_json_need_array(v, "ports", &ports, err) < 0)
			return -EINVAL;
		nsl_json_for_each(p, ports) {
			if (nsl_json_str(p, &port, err) < 0)
				return -EINVAL;
			if (!config_port_find(config, slice, port))
				return nsl_err_set(err, ENOENT, "%s: %s has no device for port %s: "
						   "its configuration must name one", slice,
						   node_name(us->sliced->node), port);
		}
	}
	return 0;
}

void begin_on_check(void *arg, const struct peer_msg *msg)
{
	const struct nsl_json *obj = NULL, *list = NULL;
	struct upgrades *us = arg;
	struct nsl_err err = { 0 };
	struct plan *plan = NULL;

	if (nsl_json_need_object(msg->json, "plan", &obj, &err) < 0 ||
	    nsl_json_need_array(msg->json, "slices", &list, &err) < 0 ||
	    !(plan = plan_from_json(obj, &err)) || begin_minds(us, plan, &err) ||
	    begin_minds_ports(us, list, &err))
		peer_refuse(peer_token(msg), "refused", "%s", err.text);
	else
		peer_answer(peer_token(msg), NULL);
	plan_free(plan);
}

/* ---- plans of our own ---- */

static struct plan *begin_plan(const struct upgrade *up, const char *slice, bool back)
{
	struct nsl_jw w = { 0 };
	const struct run *run;
	struct plan *plan;
	char *text;

	nsl_jw_object(&w, NULL);
	nsl_jw_str(&w, "peer", up->peer);
	nsl_jw_u64(&w, "lease_ms", up->plan->lease_ms);
	nsl_jw_u64(&w, "guard_ms", up->plan->guard_ms);
	nsl_jw_u64(&w, "health_ms", up->plan->health_ms);
	nsl_jw_u64(&w, "handovers", up->plan->handovers);
	nsl_jw_bool(&w, "redundant", up->plan->redundant);
	nsl_jw_array(&w, "slices");
	for (run = up->runs; run; run = run->next) {
		if (slice ? strcmp(run->name, slice) != 0
			  : run->state != RUN_COMPLETE || run->after != AFTER_DONE)
			continue;
		nsl_jw_object(&w, NULL);
		nsl_jw_str(&w, "slice", run->name);
		nsl_jw_str(&w, "release", back ? run->from : run->to);
		nsl_jw_u64(&w, "order", run->plan->order);
		nsl_jw_end(&w);
	}
	nsl_jw_end(&w);
	nsl_jw_end(&w);
	text = nsl_jw_take(&w);
	plan = text ? plan_parse(text, strlen(text), NULL) : NULL;
	free(text);
	return plan;
}

static void begin_home_done(void *arg, int code, const char *why, struct upgrade *up)
{
	(void)arg;
	if (code)
		log_error("mastership does not go home: %s", why);
	else
		log_notice("mastership goes home: upgrade %s", up->id);
}

void begin_home(struct upgrade *up)
{
	struct plan *plan = begin_plan(up, NULL, false);

	if (plan)
		begin(up->all, plan, BEGIN_UPGRADE, begin_home_done, NULL);
}

struct refusal {
	begin_done	done;
	void		*arg;
};

static void begin_back_refused(void *arg, const struct store_result *res)
{
	struct refusal *r = arg;

	(void)res;
	r->done(r->arg, -ENOENT, "no completed upgrade of it to this node is on record", NULL);
	free(r);
}

void begin_back(struct upgrades *us, const char *slice, begin_done done, void *arg)
{
	struct upgrade *up;
	struct refusal *r;

	for (up = us->list; up; up = up->next) {
		struct run *run = upgrade_run(up, slice);

		if (run && !run->first && run->state == RUN_COMPLETE && *run->from) {
			begin(us, begin_plan(up, slice, true), BEGIN_BACK, done, arg);
			return;
		}
		if (run && run->state == RUN_COMPLETE)
			break;	/* it went away from here since */
	}
	r = upgrade_alloc(sizeof(*r));
	r->done = done;
	r->arg = arg;
	store_commit(store_tx_new(us->sliced->store), begin_back_refused, r);
}
