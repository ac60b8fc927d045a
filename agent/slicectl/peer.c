// SPDX-License-Identifier: GPL-2.0-or-later
/* The other nodes, and this one: requests of sliced. */
#include "daemon.h"

struct peer_ask {
	struct ctl *ctl;
	const struct args *args;
};

static void write_peer(struct nsl_jw *w, void *ctx)
{
	const struct args *args = ((struct peer_ask *)ctx)->args;

	daemon_put(w, args, X_NAME, "name");
	daemon_put(w, args, X_ADDRESS, "address");
	if (args->has[X_PORT])
		nsl_jw_u64(w, "port", args->number[X_PORT]);
	daemon_put(w, args, X_PIN, "pin");
	if (args->has[X_FINISH])
		nsl_jw_bool(w, "finish", true);
}

static int print_result(const struct nsl_json *result, void *ctx)
{
	daemon_print(&((struct peer_ask *)ctx)->ctl->out, result);
	return 0;
}

static int ask(struct ctl *ctl, const char *cmd, const struct args *args, bool print)
{
	struct peer_ask ctx = { ctl, args };
	struct daemon_request request = {
		.cmd = cmd, .args = write_peer, .result = print ? print_result : NULL,
		.ctx = &ctx,
	};

	return daemon_ask(ctl, &request);
}

static int peer_add(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "peer.add", args, false);
}

static int peer_del(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "peer.remove", args, false);
}

static int peer_show(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "peer.show", args, true);
}

static int peer_rekey(struct ctl *ctl, struct args *args)
{
	if (args->has[X_PIN] == args->has[X_FINISH])
		return ctl_usage(ctl, "one of pin and finish is needed");
	return ask(ctl, "peer.rekey", args, false);
}

static int node_show(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "node.show", args, true);
}

static int node_status(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "status", args, true);
}

static int node_restart(struct ctl *ctl, struct args *args)
{
	return ask(ctl, "node.restart", args, false);
}

#define W_NAME(must)	{ .name = "NAME", .type = WORD_TEXT, .extra = X_NAME, .needed = must }
#define W_PIN(must)									\
	{ .name = "pin", .value = "PIN", .type = WORD_TEXT, .extra = X_PIN, .needed = must }

static const struct word pos_name[] = { W_NAME(true), W_END };
static const struct word pos_any[] = { W_NAME(false), W_END };
static const struct word add_words[] = {
	W_PIN(true),
	{ .name = "address", .value = "HOST", .type = WORD_TEXT, .extra = X_ADDRESS },
	{ .name = "port", .value = "N", .type = WORD_NUMBER, .extra = X_PORT, .min = 1,
	  .max = 65535 }, W_END
};
static const struct word rekey_words[] = {
	W_PIN(false), { .name = "finish", .type = WORD_FLAG, .extra = X_FINISH }, W_END
};

static const struct verb verbs[] = {
	{ .name = "add", .help = "a node that may be spoken with; without an address it calls",
	  .pos = pos_name, .words = add_words, .run = peer_add },
	{ .name = "del", .help = "no more", .pos = pos_name, .run = peer_del },
	{ .name = "show", .help = "the peers, and why one is not connected",
	  .pos = pos_any, .run = peer_show },
	{ .name = "rekey", .help = "accept a new key too; with finish the old one no more",
	  .pos = pos_name, .words = rekey_words, .run = peer_rekey },
	{ .name = NULL }
};

const struct object object_peer = {
	.name = "peer", .help = "the other node of a pair", .verbs = verbs,
};

static const struct verb node_verbs[] = {
	{ .name = "show", .help = "this node's name, id and pin", .run = node_show },
	{ .name = "status", .help = "what the daemon is doing", .run = node_status },
	{ .name = "restart", .help = "start the daemon anew; slices go on forwarding",
	  .run = node_restart },
	{ .name = NULL }
};

const struct object object_node = {
	.name = "node", .help = "this node and its daemon", .verbs = node_verbs,
};
