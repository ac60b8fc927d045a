// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * peer.add, peer.remove, peer.rekey, peer.show. A change is on the disk before
 * it takes effect and before it is answered. What stands in the node's file is
 * changed there and not by a command.
 */
#include "ctl.h"
#include "ctl_int.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/jsonw.h"
#include "peers.h"
#include "sliced.h"
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A change on its way to the disk. */
struct peer_change {
	struct sliced		*sliced;
	struct ctl_req		*req;
	struct config_peer	config;
	bool			remove;
};

static struct peer_change *change_new(struct sliced *sliced, struct ctl_req *req)
{
	struct peer_change *change = calloc(1, sizeof(*change));

	if (!change) {
		ctl_fail(req, "failed", NULL, "out of memory");
		return NULL;
	}
	change->sliced = sliced;
	change->req = req;
	return change;
}

static void change_take_effect(struct peer_change *change)
{
	struct peers *peers = change->sliced->peers;
	struct peer *peer = peers_find(peers, change->config.name);

	if (!change->remove && peers_set(peers, &change->config, false)) {
		ctl_fail(change->req, "failed", NULL, "out of memory");
		return;
	}
	if (change->remove && peer)
		peers_remove(peers, peer);
	ctl_ok(change->req, NULL);
}

static void change_stored(void *arg, const struct store_result *res)
{
	struct peer_change *change = arg;

	if (res->error)
		ctl_fail(change->req, "failed", NULL, "%s", res->text);
	else
		change_take_effect(change);
	free(change);
}

static void change_store(struct peer_change *change)
{
	struct store_tx *tx = store_tx_new(change->sliced->store);
	const struct config_peer *c = &change->config;
	char next[TLS_PIN_TEXT];
	char pin[TLS_PIN_TEXT];

	tls_pin_text(&c->pin, pin);
	tls_pin_text(&c->next, next);
	if (change->remove)
		store_add(tx, SQL_PEER_DEL, "s", c->name);
	else
		store_add(tx, SQL_PEER_PUT, "ssiss", c->name, c->address, (int64_t)c->port, pin,
			  c->has_next ? next : NULL);
	store_commit(tx, change_stored, change);
}

/* The peer that args name, if a command may change it; else the request is ended. */
static struct peer *peer_of_args(struct sliced *sliced, struct ctl_req *req,
				 const struct nsl_json *args)
{
	struct nsl_err err = { 0 };
	const char *name = "";
	struct peer *peer;

	if (nsl_json_need_str(args, "name", &name, &err) < 0) {
		ctl_fail(req, "invalid", "name", "%s", err.text);
		return NULL;
	}
	peer = peers_find(sliced->peers, name);
	if (!peer) {
		ctl_fail(req, "unknown", "name", "there is no peer %s", name);
		return NULL;
	}
	if (peer_info(peer).static_config) {
		ctl_fail(req, "refused", "name", "peer %s stands in the node's configuration file: "
			 "change it there", name);
		return NULL;
	}
	return peer;
}

static void peer_add(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct sliced *sliced = arg;
	struct nsl_err err = { 0 };
	struct peer_change *change = change_new(sliced, req);

	if (!change)
		return;
	if (config_peer_parse(args, &change->config, &err) ||
	    peers_check(sliced->peers, &change->config, true, &err)) {
		ctl_fail_err(req, &err);
		free(change);
		return;
	}
	change_store(change);
}

static void peer_remove(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct sliced *sliced = arg;
	struct peer *peer = peer_of_args(sliced, req, args);
	struct peer_change *change = peer ? change_new(sliced, req) : NULL;

	if (!change)
		return;
	change->config = *peer_info(peer).config;
	change->remove = true;
	change_store(change);
}

/* Two steps: accept the new key beside the old one; then the new one alone. */
static int rekey(struct config_peer *config, const struct nsl_json *args, struct nsl_err *err)
{
	const char *pin = NULL;
	bool finish = false;
	int there = nsl_json_get_str(args, "pin", &pin, err);

	if (there < 0 || nsl_json_get_bool(args, "finish", &finish, err) < 0)
		return -EINVAL;
	if (!there == !finish)
		return nsl_err_set(err, EINVAL, "either a new pin, or finish");
	if (finish && !config->has_next)
		return nsl_err_set(err, EINVAL, "peer %s has no new pin", config->name);
	if (finish) {
		config->pin = config->next;
		config->has_next = false;
		memset(&config->next, 0, sizeof(config->next));
		return 0;
	}
	config->has_next = true;
	return tls_pin_parse(pin, &config->next, err);
}

static void peer_rekey(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct sliced *sliced = arg;
	struct peer *peer = peer_of_args(sliced, req, args);
	struct peer_change *change = peer ? change_new(sliced, req) : NULL;
	struct nsl_err err = { 0 };

	if (!change)
		return;
	change->config = *peer_info(peer).config;
	if (rekey(&change->config, args, &err) ||
	    peers_check(sliced->peers, &change->config, false, &err)) {
		ctl_fail_err(req, &err);
		free(change);
		return;
	}
	change_store(change);
}

static void peer_json(struct nsl_jw *w, const struct peer *peer)
{
	const struct peer_info info = peer_info(peer);
	char pin[TLS_PIN_TEXT];

	nsl_jw_object(w, NULL);
	nsl_jw_str(w, "name", info.config->name);
	nsl_jw_str(w, "address", info.config->address);
	nsl_jw_u64(w, "port", info.config->port);
	tls_pin_text(&info.config->pin, pin);
	nsl_jw_fmt(w, "pin", "sha256:%s", pin);
	if (info.config->has_next) {
		tls_pin_text(&info.config->next, pin);
		nsl_jw_fmt(w, "next_pin", "sha256:%s", pin);
	}
	nsl_jw_str(w, "source", info.static_config ? "config" : "command");
	nsl_jw_bool(w, "up", info.up);
	nsl_jw_i64(w, "since_ms", info.since_ms);
	nsl_jw_str(w, "why", info.why);
	if (info.node_id[0]) {
		nsl_jw_str(w, "node", info.node);
		nsl_jw_str(w, "node_id", info.node_id);
		nsl_jw_str(w, "life", info.life);
		nsl_jw_u64(w, "pid", info.pid);
	}
	nsl_jw_end(w);
}

static void peer_show(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct sliced *sliced = arg;
	struct nsl_jw w = { 0 };
	struct nsl_err err = { 0 };
	const char *name = NULL;
	struct peer *peer = NULL;

	if (nsl_json_get_str(args, "name", &name, &err) < 0) {
		ctl_fail_err(req, &err);
		return;
	}
	if (name && !peers_find(sliced->peers, name)) {
		ctl_fail(req, "unknown", "name", "there is no peer %s", name);
		return;
	}
	nsl_jw_object(&w, NULL);
	nsl_jw_array(&w, "peers");
	while ((peer = peers_next(sliced->peers, peer))) {
		if (!name || !strcmp(peer_name(peer), name))
			peer_json(&w, peer);
	}
	nsl_jw_end(&w);
	nsl_jw_end(&w);
	ctl_ok(req, &w);
}

static const char *const add_args[] = { "name", "address", "port", "pin", NULL };
static const char *const remove_args[] = { "name", NULL };
static const char *const rekey_args[] = { "name", "pin", "finish", NULL };
static const char *const show_args[] = { "name", NULL };

static const struct ctl_command peer_commands[] = {
	{ .name = "peer.add", .run = peer_add, .allowed = add_args },
	{ .name = "peer.remove", .run = peer_remove, .allowed = remove_args },
	{ .name = "peer.rekey", .run = peer_rekey, .allowed = rekey_args },
	{ .name = "peer.show", .run = peer_show, .allowed = show_args },
	{ 0 }
};

int ctl_peer_init(struct sliced *sliced, struct nsl_err *err)
{
	if (ctl_register(sliced->ctl, peer_commands, sliced))
		return nsl_err_set(err, ENOMEM, "out of memory");
	return 0;
}
