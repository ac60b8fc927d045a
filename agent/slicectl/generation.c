// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "entries.h"
#include "routearg.h"

static int change(struct ctl *ctl, uint8_t cmd, struct nsl_attrs *a)
{
	int ret = ctl_need_cp_term(ctl, a);

	return ret ? ret : ctl_request(ctl, cmd, a);
}

/* A program that somebody loaded and pinned in a BPF file system. */
static int open_pinned(struct ctl *ctl, const char *path)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uint64_t)(uintptr_t)path;
	fd = syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr));
	if (fd < 0)
		return nsl_err_set(&ctl->err, errno, "program \"%s\": %s", path,
				   strerror(errno));
	return (int)fd;
}

static int gen_stage(struct ctl *ctl, struct args *args)
{
	int fd = -1, ret;

	if (args->has[X_PROGRAM]) {
		fd = open_pinned(ctl, args->text[X_PROGRAM]);
		if (fd < 0)
			return fd;
		nsl_set_prog_fd(&args->a, (uint32_t)fd);
	}
	ret = change(ctl, NETSLICE_CMD_GEN_STAGE, &args->a);
	if (fd >= 0)
		close(fd);
	return ret;
}

static int count_route(struct ctl *ctl, const struct nsl_route *r, void *ctx)
{
	(void)ctl;
	nsl_digest_add(ctx, r);
	return 0;
}

static int expect_from(struct ctl *ctl, struct args *args)
{
	uint8_t digest[NETSLICE_DIGEST_LEN];
	struct nsl_digest d = { 0 };
	int ret = route_read_file(ctl, args->text[X_FROM], false, count_route, &d);

	if (ret)
		return ret;
	nsl_digest_pack(&d, digest);
	nsl_set_routes4(&args->a, d.routes4);
	nsl_set_routes6(&args->a, d.routes6);
	nsl_set_digest(&args->a, digest);
	return 0;
}

/* What is sealed must be said: given, or computed from what was meant. */
static int gen_seal(struct ctl *ctl, struct args *args)
{
	const struct nsl_attrs *a = &args->a;
	unsigned int given = nsl_has(a, ROUTES4) + nsl_has(a, ROUTES6) + nsl_has(a, DIGEST);
	int ret = 0;

	if (args->has[X_FROM] ? given != 0 : given != 3)
		return ctl_usage(ctl, "either from, or all of routes4, routes6 and digest");
	if (args->has[X_FROM])
		ret = expect_from(ctl, args);
	return ret ? ret : change(ctl, NETSLICE_CMD_GEN_SEAL, &args->a);
}

static int gen_drop(struct ctl *ctl, struct args *args)
{
	return change(ctl, NETSLICE_CMD_GEN_DROP, &args->a);
}

static void print_content(struct out *o, const struct nsl_attrs *a)
{
	out_number(o, "routes4", "routes4", a->routes4);
	out_number(o, "routes6", "routes6", a->routes6);
	out_hex(o, "digest", "digest", a->digest, sizeof(a->digest));
}

static int gen_print(const struct nsl_reply *r, void *ctx)
{
	const struct nsl_attrs *a = &r->a;
	struct ctl *ctl = ctx;
	struct out *o = &ctl->out;

	out_item(o);
	out_text(o, "slice", "slice", a->slice);
	out_number(o, "gen", "gen", a->gen);
	out_text(o, "state", "state", nsl_name(NSL_GEN_STATE, a->gen_state));
	if (a->release[0])
		out_text(o, "release", "release", a->release);
	out_number(o, "schema", "schema", a->schema);
	if (nsl_has(a, PROG_ID))
		out_number(o, "prog_id", "prog-id", a->prog_id);
	out_line(o);
	print_content(o, a);
	out_number(o, "seq", "seq", a->seq);
	if (nsl_has(a, LACKS) && (o->json || a->lacks))
		out_number(o, "lacks", "lacks", a->lacks);
	if (nsl_has(a, CONFIRM_MS))
		out_number(o, "confirm_ms", "confirm-ms", a->confirm_ms);
	out_item_end(o);
	return 0;
}

static int gen_show(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (ret)
		return ret;
	out_begin(&ctl->out);
	ret = nsl_dump(ctl->p.client, NETSLICE_CMD_GEN_GET, &args->a, gen_print, ctl,
		       &ctl->err);
	if (!ret)
		out_end(&ctl->out);
	return ret;
}

static void print_buckets(struct out *o, const struct nsl_attrs *a)
{
	static const uint8_t zero[NETSLICE_DIGEST_LEN];
	size_t n = a->buckets_len / NETSLICE_DIGEST_LEN, i;

	out_array(o, "buckets");
	for (i = 0; i < n; i++) {
		const uint8_t *bucket = a->buckets + i * NETSLICE_DIGEST_LEN;

		if (!memcmp(bucket, zero, sizeof(zero)))
			continue;
		out_line(o);
		out_part(o, NULL);
		out_number(o, "bucket", "bucket", a->bucket_first + i);
		out_hex(o, "digest", "digest", bucket, NETSLICE_DIGEST_LEN);
		out_part_end(o);
	}
	out_array_end(o);
}

static int digest_print(const struct nsl_reply *r, void *ctx)
{
	const struct nsl_attrs *a = &r->a;
	struct ctl *ctl = ctx;
	struct out *o = &ctl->out;

	out_item(o);
	out_text(o, "slice", "slice", a->slice);
	out_number(o, "gen", "gen", a->gen);
	print_content(o, a);
	out_number(o, "seq", "seq", a->seq);
	if (a->buckets)
		print_buckets(o, a);
	out_item_end(o);
	return 0;
}

static int gen_digest(struct ctl *ctl, struct args *args)
{
	int ret = ctl_open(ctl);

	if (ret)
		return ret;
	out_begin(&ctl->out);
	ret = nsl_request(ctl->p.client, NETSLICE_CMD_DIGEST_GET, &args->a, digest_print, ctl,
			  &ctl->err);
	if (!ret)
		out_end(&ctl->out);
	return ret;
}

static const struct word pos_gen[] = { W_POS_SLICE, W_POS_GEN, W_END };
static const struct word pos_slice[] = { W_POS_SLICE, W_END };
static const struct word pos_any[] = { W_POS_ANY_SLICE, W_END };

static const struct word stage_words[] = {
	{ .name = "copy", .type = WORD_FLAG, .attr = NETSLICE_A_GEN_COPY },
	{ .name = "release", .value = "TEXT", .type = WORD_TEXT, .attr = NETSLICE_A_RELEASE },
	W_NUMBER("schema", "N", SCHEMA),
	{ .name = "program", .value = "PINNED", .type = WORD_TEXT, .extra = X_PROGRAM },
	W_CP_TERM, W_OWNER, W_FORCE, W_END
};

static const struct word seal_words[] = {
	W_NUMBER("routes4", "N", ROUTES4), W_NUMBER("routes6", "N", ROUTES6),
	{ .name = "digest", .value = "HEX", .type = WORD_DIGEST, .attr = NETSLICE_A_DIGEST },
	{ .name = "from", .value = "FILE", .type = WORD_TEXT, .extra = X_FROM },
	W_CP_TERM, W_OWNER, W_FORCE, W_END
};

static const struct word drop_words[] = { W_CP_TERM, W_OWNER, W_FORCE, W_END };

static const struct word digest_words[] = {
	W_GEN, W_NUMBER("bucket-first", "N", BUCKET_FIRST),
	W_NUMBER("bucket-count", "N", BUCKET_COUNT), W_END
};

static const struct verb verbs[] = {
	{ .name = "stage", .help = "make the standby generation, empty or as a copy",
	  .pos = pos_gen, .words = stage_words, .run = gen_stage },
	{ .name = "seal", .help = "freeze it if count and digest are those given, or those of"
	  " the routes in FILE", .pos = pos_gen, .words = seal_words, .run = gen_seal },
	{ .name = "drop", .help = "free the standby generation",
	  .pos = pos_gen, .words = drop_words, .run = gen_drop },
	{ .name = "switch", .help = "sealed generations become active, in all slices named or in"
	  " none", .raw = entries_switch,
	  .usage = "SLICE GEN [gen-expect N] [cp-term N] [confirm-ms MS] [SLICE GEN ...]...\n"
	  "         [owner TAG] [force]" },
	{ .name = "commit", .help = "free the previous generations", .raw = entries_commit,
	  .usage = "SLICE [gen-expect N] [cp-term N] [SLICE ...]... [owner TAG] [force]" },
	{ .name = "rollback", .help = "previous becomes active again; says how many changes it"
	  " lacks", .raw = entries_rollback,
	  .usage = "SLICE [gen-expect N] [cp-term N] [SLICE ...]... [owner TAG] [force]" },
	{ .name = "show", .help = "generations with their state, count and digest",
	  .pos = pos_any, .run = gen_show },
	{ .name = "digest", .help = "digest of a generation, and of some of its buckets",
	  .pos = pos_slice, .words = digest_words, .run = gen_digest },
	{ .name = NULL }
};

const struct object object_generation = {
	.name = "generation", .help = "one complete forwarding state of a slice",
	.verbs = verbs,
};
