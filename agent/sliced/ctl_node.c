// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands about the node: status, node.show. */
#include "clock.h"
#include "config.h"
#include "ctl.h"
#include "ctl_int.h"
#include "lib/err.h"
#include "lib/jsonw.h"
#include "node.h"
#include "peers.h"
#include "sliced.h"

#include <errno.h>
#include <unistd.h>

static void node_members(struct nsl_jw *w, const struct sliced *sliced)
{
	char pin[TLS_PIN_TEXT];

	tls_pin_text(peers_own_pin(sliced->peers), pin);
	nsl_jw_str(w, "name", node_name(sliced->node));
	nsl_jw_str(w, "id", node_id(sliced->node));
	nsl_jw_fmt(w, "pin", "sha256:%s", pin);
}

static void node_peers(struct nsl_jw *w, const struct sliced *sliced)
{
	struct peer *peer = NULL;

	nsl_jw_array(w, "peers");
	while ((peer = peers_next(sliced->peers, peer))) {
		nsl_jw_object(w, NULL);
		nsl_jw_str(w, "name", peer_name(peer));
		nsl_jw_bool(w, "up", peer_is_up(peer));
		nsl_jw_end(w);
	}
	nsl_jw_end(w);
}

static void node_show(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct nsl_jw w = { 0 };

	(void)args;
	nsl_jw_object(&w, NULL);
	node_members(&w, arg);
	nsl_jw_end(&w);
	ctl_ok(req, &w);
}

static void node_status(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	const struct sliced *sliced = arg;
	struct nsl_jw w = { 0 };

	(void)args;
	nsl_jw_object(&w, NULL);
	node_members(&w, sliced);
	nsl_jw_u64(&w, "pid", (uint64_t)getpid());
	nsl_jw_u64(&w, "previous_pid", (uint64_t)node_previous_pid(sliced->node));
	nsl_jw_str(&w, "life", node_life(sliced->node));
	nsl_jw_str(&w, "boot_id", node_boot_id(sliced->node));
	nsl_jw_bool(&w, "first_of_boot", node_first_of_boot(sliced->node));
	nsl_jw_u64(&w, "version", WIRE_VERSION);
	node_peers(&w, sliced);
	nsl_jw_end(&w);
	ctl_ok(req, &w);
}

static void node_restart(void *arg, struct ctl_req *req, const struct nsl_json *args)
{
	struct sliced *sliced = arg;
	struct nsl_jw w = { 0 };

	(void)args;
	if (sliced_restart(sliced, "restarted by command")) {
		ctl_fail(req, "unsupported", NULL, "no supervising process would start it again");
		return;
	}
	nsl_jw_object(&w, NULL);
	nsl_jw_u64(&w, "old_pid", (uint64_t)getpid());
	nsl_jw_end(&w);
	ctl_ok(req, &w);
}

static const struct ctl_command node_commands[] = {
	{ .name = "status", .run = node_status },
	{ .name = "node.show", .run = node_show },
	{ .name = "node.restart", .run = node_restart },
	{ 0 }
};

int ctl_node_init(struct sliced *sliced, struct nsl_err *err)
{
	if (ctl_register(sliced->ctl, node_commands, sliced))
		return nsl_err_set(err, ENOMEM, "out of memory");
	return 0;
}
