// SPDX-License-Identifier: GPL-2.0-or-later
#include "routearg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* DST, type and proto, and three words for each member. */
#define LINE_WORDS	(8 + 7 * NETSLICE_MAX_NEXTHOPS)

/* What became of one word of a member. */
enum read { READ_NONE, READ_TAKEN, READ_WRONG };

static enum read read_member(struct ctl *ctl, const char *word, const char *value,
			     struct nsl_nexthop *nh)
{
	uint64_t weight = 1;

	if (!strcmp(word, "via"))
		return args_address(ctl, word, value, nh->via, &nh->via_len) ? READ_WRONG :
		       READ_TAKEN;
	if (!strcmp(word, "port")) {
		if (!value[0] || strlen(value) >= sizeof(nh->port)) {
			ctl_usage(ctl, "port \"%.60s\": is no valid name", value);
			return READ_WRONG;
		}
		memcpy(nh->port, value, strlen(value) + 1);
		return READ_TAKEN;
	}
	if (strcmp(word, "weight"))
		return READ_NONE;
	if (args_number(ctl, word, value, 1, NETSLICE_WEIGHT_MAX, &weight))
		return READ_WRONG;
	nh->weight = (uint16_t)weight;
	return READ_TAKEN;
}

static struct nsl_nexthop *new_member(struct nsl_route *r)
{
	struct nsl_nexthop *nh;

	if (r->nexthops >= NETSLICE_MAX_NEXTHOPS)
		return NULL;
	nh = &r->nexthop[r->nexthops++];
	memset(nh, 0, sizeof(*nh));
	nh->weight = 1;
	return nh;
}

static int read_proto(struct ctl *ctl, const char *value, struct nsl_route *r)
{
	uint64_t proto = 0;

	if (args_number(ctl, "proto", value, 0, UINT8_MAX, &proto))
		return CTL_USAGE;
	r->has_owner = true;
	r->owner = (uint8_t)proto;
	return 0;
}

/* The words after DST. */
static int read_words(struct ctl *ctl, int argc, char **argv, struct nsl_route *r)
{
	struct nsl_nexthop *nh = NULL, first = { .weight = 1 };
	enum read got;
	int i = 0;

	while (i < argc) {
		const char *word = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(word, "nexthop")) {
			nh = new_member(r);
			if (!nh)
				return ctl_usage(ctl, "more than %d next hops",
						 NETSLICE_MAX_NEXTHOPS);
			i++;
			continue;
		}
		if (!strcmp(word, "proto")) {
			if (read_proto(ctl, value, r))
				return CTL_USAGE;
			i += 2;
			continue;
		}
		got = read_member(ctl, word, value, nh ? nh : &first);
		if (got == READ_WRONG)
			return CTL_USAGE;
		if (got == READ_NONE)
			return ctl_usage(ctl, "\"%.60s\": is no word of a route", word);
		i += 2;
	}
	if (nh && (first.port[0] || first.via_len || first.weight != 1))
		return ctl_usage(ctl, "either one next hop or \"nexthop\" before each");
	if (!nh && (first.port[0] || first.via_len || first.weight != 1))
		*new_member(r) = first;
	return 0;
}

/**
 * route_read - read a route
 * @ctl: this run
 * @argc: how many words
 * @argv: the words
 * @key: only the destination matters: the route is to be deleted
 * @r: gets it
 *
 * Return: 0 or CTL_USAGE.
 */
int route_read(struct ctl *ctl, int argc, char **argv, bool key, struct nsl_route *r)
{
	const char *dst = argc ? argv[0] : NULL;
	struct nsl_err err;
	int type, used = 1;

	memset(r, 0, offsetof(struct nsl_route, nexthop));
	type = dst ? nsl_value(NSL_ROUTE_TYPE, dst) : -1;
	if (type >= 0) {
		r->type = (uint8_t)type;
		dst = argc > 1 ? argv[1] : NULL;
		used = 2;
	}
	if (!dst)
		return ctl_usage(ctl, "the destination is missing");
	if (nsl_route_parse_dst(r, dst, &err))
		return ctl_usage(ctl, "destination \"%.60s\": %s", dst, err.text);
	if (read_words(ctl, argc - used, argv + used, r))
		return CTL_USAGE;
	if (!key && nsl_route_check(r, &err))
		return ctl_usage(ctl, "destination \"%.60s\": %s", dst, err.text);
	return 0;
}

static int read_line(struct ctl *ctl, char *line, bool key, struct nsl_route *r)
{
	char *argv[LINE_WORDS], *save = NULL, *word;
	int argc = 0;

	for (word = strtok_r(line, " \t\r\n", &save); word && *word != '#';
	     word = strtok_r(NULL, " \t\r\n", &save)) {
		if (argc == LINE_WORDS)
			return ctl_usage(ctl, "too many words");
		argv[argc++] = word;
	}
	return argc ? route_read(ctl, argc, argv, key, r) : -ENODATA;
}

static int read_stream(struct ctl *ctl, FILE *f, bool key, route_fn fn, void *ctx,
		       unsigned int *number)
{
	struct nsl_route r;
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	while (!ret && getline(&line, &size, f) >= 0) {
		++*number;
		ret = read_line(ctl, line, key, &r);
		if (ret == -ENODATA)
			ret = 0;
		else if (!ret)
			ret = fn(ctl, &r, ctx);
	}
	free(line);
	return ret;
}

/**
 * route_read_file - read routes, one in a line; # begins a comment
 * @ctl: this run
 * @path: the file, "-" for standard input
 * @key: the routes are to be deleted
 * @fn: called with each
 * @ctx: for @fn
 *
 * Return: 0, or what reading or @fn failed with; the error names the line.
 */
int route_read_file(struct ctl *ctl, const char *path, bool key, route_fn fn, void *ctx)
{
	bool in = !strcmp(path, "-");
	FILE *f = in ? stdin : fopen(path, "re");
	unsigned int number = 0;
	int ret;

	if (!f)
		return nsl_err_set(&ctl->err, errno, "%s: %s", path, strerror(errno));
	ret = read_stream(ctl, f, key, fn, ctx, &number);
	if (!ret && ferror(f))
		ret = nsl_err_set(&ctl->err, EIO, "cannot be read");
	if (ret)
		nsl_err_prefix(&ctl->err, "%s, line %u", path, number);
	if (!in)
		fclose(f);
	/* A file is no command line: what is wrong in it is refused. */
	return ret == CTL_USAGE ? -EINVAL : ret;
}

static void print_member(struct out *o, const struct nsl_nexthop *nh, bool weight)
{
	if (nh->via_len)
		out_address(o, "via", "via", nh->via, nh->via_len);
	out_text(o, "port", "port", nh->port);
	if (weight)
		out_number(o, "weight", "weight", nh->weight);
}

/**
 * route_print - print a route in the form in which it is read
 * @o: output, within an item
 * @r: the route
 */
void route_print(struct out *o, const struct nsl_route *r)
{
	char dst[64];
	unsigned int i;

	nsl_route_format_dst(r, dst, sizeof(dst));
	if (o->json || r->type != NETSLICE_ROUTE_UNICAST)
		out_text(o, "type", NULL, nsl_name(NSL_ROUTE_TYPE, r->type));
	out_text(o, "dst", NULL, dst);
	if (r->has_owner && (o->json || r->owner))
		out_number(o, "proto", "proto", r->owner);
	if (!r->nexthops)
		return;
	out_array(o, "nexthops");
	for (i = 0; i < r->nexthops; i++) {
		out_part(o, NULL);
		if (r->nexthops > 1 && !o->json)
			out_text(o, NULL, NULL, "nexthop");
		print_member(o, &r->nexthop[i], o->json || r->nexthop[i].weight != 1);
		out_part_end(o);
	}
	out_array_end(o);
}
