// SPDX-License-Identifier: GPL-2.0-or-later
#include "routearg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const struct word pos_slice[] = { W_POS_SLICE, W_END };
static const struct word change_words[] = { W_GEN, W_CP_TERM, W_OWNER, W_FORCE, W_END };

/* SLICE, and each word of the table once with its value. */
#define REQUEST_WORDS	8

/* How many words this one takes: of a route, with its value. */
static int route_word(const char *word)
{
	static const char *const with_value[] = { "via", "port", "weight", "proto" };
	unsigned int i;

	for (i = 0; i < sizeof(with_value) / sizeof(*with_value); i++)
		if (!strcmp(word, with_value[i]))
			return 2;
	return 1;
}

/* How many words this one takes: of the request, with its value; 0: is none. */
static int request_word(const char *word)
{
	const struct word *w;

	for (w = change_words; w->name; w++)
		if (!strcmp(w->name, word))
			return w->type == WORD_FLAG ? 1 : 2;
	return 0;
}

/* Words of the route to the front, those of the request behind; both in order. */
static int part_words(int argc, char **argv, char **request, int *nrequest)
{
	int i = 0, n, route = 0;

	while (i < argc) {
		bool of_request = request_word(argv[i]);

		n = of_request ? request_word(argv[i]) : route_word(argv[i]);
		for (; n && i < argc; n--, i++) {
			if (of_request && *nrequest < REQUEST_WORDS)
				request[*nrequest] = argv[i];
			if (of_request)
				++*nrequest;
			else
				argv[route++] = argv[i];
		}
	}
	return route;
}

/* SLICE, then the words of a route and of the request in any order. */
static int read_change(struct ctl *ctl, int argc, char **argv, bool key,
		       struct nsl_route *r, struct args *args)
{
	char *request[REQUEST_WORDS];
	int route, n = 1, ret;

	if (!argc)
		return ctl_usage(ctl, "SLICE: is missing");
	request[0] = argv[0];
	route = part_words(argc - 1, argv + 1, request, &n);
	if (n > REQUEST_WORDS)
		return ctl_usage(ctl, "a word stands twice");
	ret = route_read(ctl, route, argv + 1, key, r);
	return ret ? ret : args_parse(ctl, args, n, request);
}

static int change_begin(struct ctl *ctl, struct nsl_batch *b, uint8_t cmd, struct nsl_attrs *a)
{
	int ret = ctl_open(ctl);

	memset(b, 0, sizeof(*b));
	if (!ret)
		ret = ctl_need_cp_term(ctl, a);
	return ret ? ret : nsl_batch_begin(b, ctl->p.client, cmd, a, &ctl->err);
}

static int change_end(struct ctl *ctl, struct nsl_batch *b, int ret)
{
	if (!ret)
		ret = nsl_batch_flush(b, &ctl->err);
	nsl_batch_end(b);
	return ret;
}

static int change_one(struct ctl *ctl, int argc, char **argv, uint8_t cmd, uint32_t flags)
{
	bool del = cmd == NETSLICE_CMD_ROUTE_DEL;
	struct nsl_route r;
	struct nsl_batch b;
	struct args args;
	int ret = read_change(ctl, argc, argv, del, &r, &args);

	if (ret)
		return ret;
	if (!del)
		nsl_set_route_flags(&args.a, flags);
	ret = change_begin(ctl, &b, cmd, &args.a);
	if (!ret)
		ret = nsl_batch_add(&b, &r, &ctl->err);
	return change_end(ctl, &b, ret);
}

static int route_add(struct ctl *ctl, int argc, char **argv)
{
	return change_one(ctl, argc, argv, NETSLICE_CMD_ROUTE_NEW, NETSLICE_ROUTE_F_CREATE);
}

static int route_replace(struct ctl *ctl, int argc, char **argv)
{
	return change_one(ctl, argc, argv, NETSLICE_CMD_ROUTE_NEW,
			  NETSLICE_ROUTE_F_CREATE | NETSLICE_ROUTE_F_REPLACE);
}

static int route_del(struct ctl *ctl, int argc, char **argv)
{
	return change_one(ctl, argc, argv, NETSLICE_CMD_ROUTE_DEL, 0);
}

/* ---- many ---- */

static int batch_route(struct ctl *ctl, const struct nsl_route *r, void *ctx)
{
	return nsl_batch_add(ctx, r, &ctl->err);
}

static int batch_mode(struct ctl *ctl, struct args *args, uint8_t *cmd)
{
	const char *mode = args->has[X_MODE] ? args->text[X_MODE] : "add";

	*cmd = NETSLICE_CMD_ROUTE_NEW;
	if (!strcmp(mode, "add"))
		nsl_set_route_flags(&args->a, NETSLICE_ROUTE_F_CREATE);
	else if (!strcmp(mode, "replace"))
		nsl_set_route_flags(&args->a,
				    NETSLICE_ROUTE_F_CREATE | NETSLICE_ROUTE_F_REPLACE);
	else if (!strcmp(mode, "del"))
		*cmd = NETSLICE_CMD_ROUTE_DEL;
	else
		return ctl_usage(ctl, "mode \"%.60s\": is none of add, replace, del", mode);
	return 0;
}

static int route_batch(struct ctl *ctl, struct args *args)
{
	struct nsl_batch b;
	uint8_t cmd;
	int ret = batch_mode(ctl, args, &cmd);

	if (ret)
		return ret;
	ret = change_begin(ctl, &b, cmd, &args->a);
	if (!ret)
		ret = route_read_file(ctl, args->text[X_FILE], cmd == NETSLICE_CMD_ROUTE_DEL,
				      batch_route, &b);
	return change_end(ctl, &b, ret);
}

static int flush_routes(const struct nsl_reply *reply, void *ctx)
{
	struct nsl_batch *b = ctx;
	struct nsl_route r;
	size_t pos = 0;
	int ret;

	while ((ret = nsl_route_next(reply->attrs, reply->len, &pos, &r, NULL)) > 0) {
		ret = nsl_batch_add(b, &r, NULL);
		if (ret)
			break;
	}
	return ret;
}

static int route_flush(struct ctl *ctl, struct args *args)
{
	struct nsl_attrs key = { 0 };
	struct nsl_batch b;
	int ret;

	nsl_set_slice(&key, args->a.slice);
	if (nsl_has(&args->a, GEN))
		nsl_set_gen(&key, args->a.gen);
	ret = change_begin(ctl, &b, NETSLICE_CMD_ROUTE_DEL, &args->a);
	if (!ret)
		ret = nsl_dump(ctl->p.client, NETSLICE_CMD_ROUTE_GET, &key, flush_routes, &b,
			       &ctl->err);
	return change_end(ctl, &b, ret);
}

/* ---- looking ---- */

static int print_routes(const struct nsl_reply *reply, void *ctx)
{
	struct ctl *ctl = ctx;
	struct nsl_route r;
	size_t pos = 0;
	int ret;

	while ((ret = nsl_route_next(reply->attrs, reply->len, &pos, &r, &ctl->err)) > 0) {
		out_item(&ctl->out);
		route_print(&ctl->out, &r);
		out_item_end(&ctl->out);
	}
	return ret;
}

static int route_show(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (ret)
		return ret;
	if (args->has[X_STATE])
		nsl_set_family(&args->a, AF_INET);
	if (args->has[X_ANY])
		nsl_set_family(&args->a, AF_INET6);
	if (args->has[X_STATE] && args->has[X_ANY])
		return ctl_usage(ctl, "only one of inet and inet6");
	out_begin(&ctl->out);
	ret = nsl_dump(ctl->p.client, NETSLICE_CMD_ROUTE_GET, &args->a, print_routes, ctl,
		       &ctl->err);
	if (!ret)
		out_end(&ctl->out);
	return ret;
}

static int route_get(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (ret)
		return ret;
	out_begin(&ctl->out);
	ret = nsl_request(ctl->p.client, NETSLICE_CMD_ROUTE_GET, &args->a, print_routes, ctl,
			  &ctl->err);
	if (!ret)
		out_end(&ctl->out);
	return ret;
}

static const struct word pos_file[] = {
	W_POS_SLICE,
	{ .name = "FILE", .type = WORD_TEXT, .extra = X_FILE, .needed = true }, W_END
};
static const struct word pos_get[] = {
	W_POS_SLICE,
	{ .name = "ADDRESS", .type = WORD_ADDRESS, .attr = NETSLICE_A_ADDRESS, .needed = true },
	W_END
};
static const struct word batch_words[] = {
	{ .name = "mode", .value = "add|replace|del", .type = WORD_TEXT, .extra = X_MODE },
	W_GEN, W_CP_TERM, W_OWNER, W_FORCE, W_END
};
static const struct word show_words[] = {
	W_GEN, { .name = "inet", .type = WORD_FLAG, .extra = X_STATE },
	{ .name = "inet6", .type = WORD_FLAG, .extra = X_ANY }, W_END
};
static const struct word get_words[] = { W_GEN, W_END };

#define ROUTE_USAGE									\
	"SLICE [TYPE] DST [via ADDRESS] [port PORT] [weight N] [proto N]\n"		\
	"         [nexthop [via ADDRESS] port PORT [weight N]]...\n"			\
	"         [gen N] [cp-term N] [owner TAG] [force]\n"				\
	"       TYPE = unicast|blackhole|unreachable|prohibit|punt"

static const struct verb verbs[] = {
	{ .name = "add", .help = "add a route that is not there", .pos = pos_slice,
	  .words = change_words, .raw = route_add, .usage = ROUTE_USAGE },
	{ .name = "replace", .help = "add a route or replace it", .pos = pos_slice,
	  .words = change_words, .raw = route_replace, .usage = ROUTE_USAGE },
	{ .name = "del", .help = "remove a route", .pos = pos_slice, .words = change_words,
	  .raw = route_del, .usage = "SLICE DST [gen N] [cp-term N] [owner TAG] [force]" },
	{ .name = "batch", .help = "many routes from FILE or -, one in a line",
	  .pos = pos_file, .words = batch_words, .run = route_batch },
	{ .name = "flush", .help = "remove all routes of a generation",
	  .pos = pos_slice, .words = change_words, .run = route_flush },
	{ .name = "show", .help = "the routes of a generation, the active one if none is named",
	  .pos = pos_slice, .words = show_words, .run = route_show },
	{ .name = "get", .help = "the route that a destination takes",
	  .pos = pos_get, .words = get_words, .run = route_get },
	{ .name = NULL }
};

const struct object object_route = {
	.name = "route", .help = "what a generation is made of", .verbs = verbs,
};
