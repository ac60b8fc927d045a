// SPDX-License-Identifier: GPL-2.0-or-later
#include "entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct word entry_words[] = {
	W_NUMBER("gen-expect", "N", GEN_EXPECT), W_CP_TERM,
	W_NUMBER("confirm-ms", "MS", CONFIRM_MS), W_END
};

static const struct word all_words[] = { W_OWNER, W_FORCE, W_END };

/**
 * struct entries - a request that is read and built
 * @ctl: this run
 * @switching: each slice is followed by a generation
 * @all: what stands for the whole request
 * @one: the slice that is being read, if its name is set
 * @count: slices so far
 * @m: the message
 */
struct entries {
	struct ctl *ctl;
	bool switching;
	struct nsl_attrs all;
	struct nsl_attrs one;
	unsigned int count;
	struct nsl_msg m;
};

/* What was not said is read, and compared by the kernel when it acts. */
static int entry_complete(struct entries *e)
{
	struct nsl_attrs slice;
	int ret;

	if (nsl_has(&e->one, CP_TERM) && nsl_has(&e->one, GEN_EXPECT))
		return 0;
	ret = ctl_slice(e->ctl, e->one.slice, &slice);
	if (ret)
		return ret;
	if (!nsl_has(&e->one, CP_TERM))
		nsl_set_cp_term(&e->one, slice.cp_term);
	if (!nsl_has(&e->one, GEN_EXPECT))
		nsl_set_gen_expect(&e->one, nsl_has(&slice, GEN) ? slice.gen : 0);
	return 0;
}

static int entry_end(struct entries *e)
{
	int ret;

	if (!nsl_has(&e->one, SLICE))
		return 0;
	if (e->switching && !nsl_has(&e->one, GEN))
		return ctl_usage(e->ctl, "%s: GEN is missing", e->one.slice);
	if (++e->count > NETSLICE_MAX_ENTRIES)
		return ctl_usage(e->ctl, "more than %d slices", NETSLICE_MAX_ENTRIES);
	ret = entry_complete(e);
	if (!ret && nsl_msg_put_entry(&e->m, &e->one))
		ret = nsl_err_set(&e->ctl->err, EMSGSIZE, "too many slices");
	memset(&e->one, 0, sizeof(e->one));
	return ret;
}

static const struct word *find(const struct word *words, const char *name)
{
	for (; words->name; words++)
		if (!strcmp(words->name, name))
			return words;
	return NULL;
}

/* A word with its value; *@at is moved on to the value. */
static int entry_word(struct entries *e, const struct word *w, struct nsl_attrs *to,
		      int argc, char **argv, int *at)
{
	uint64_t value = 1;
	int ret;

	if (nsl_has_attr(to, w->attr))
		return ctl_usage(e->ctl, "%s: stands twice", w->name);
	if (w->type != WORD_FLAG && ++*at >= argc)
		return ctl_usage(e->ctl, "%s: its value is missing", w->name);
	if (w->type == WORD_TEXT) {
		if (nsl_set_string(to, w->attr, argv[*at]))
			return ctl_usage(e->ctl, "%s \"%.60s\": is too long", w->name, argv[*at]);
		return 0;
	}
	ret = w->type == WORD_FLAG ? 0 : args_number(e->ctl, w->name, argv[*at], 0,
		w->attr == NETSLICE_A_CONFIRM_MS ? UINT32_MAX : 0, &value);
	if (!ret)
		nsl_set_number(to, w->attr, value);
	return ret;
}

static int entry_begin(struct entries *e, int argc, char **argv, int *at)
{
	uint64_t gen = 0;
	int ret = entry_end(e);

	if (ret)
		return ret;
	if (!argv[*at][0] || nsl_set_string(&e->one, NETSLICE_A_SLICE, argv[*at]))
		return ctl_usage(e->ctl, "slice \"%.60s\": is no valid name", argv[*at]);
	if (!e->switching || *at + 1 >= argc)
		return 0;
	ret = args_number(e->ctl, "GEN", argv[++*at], 0, 0, &gen);
	if (!ret)
		nsl_set_gen(&e->one, gen);
	return ret;
}

static int entries_read(struct entries *e, int argc, char **argv)
{
	const struct word *w;
	int i, ret = 0;

	for (i = 0; i < argc && !ret; i++) {
		w = find(all_words, argv[i]);
		if (w) {
			ret = entry_word(e, w, &e->all, argc, argv, &i);
			continue;
		}
		w = nsl_has(&e->one, SLICE) ? find(entry_words, argv[i]) : NULL;
		if (w && (e->switching || w->attr != NETSLICE_A_CONFIRM_MS))
			ret = entry_word(e, w, &e->one, argc, argv, &i);
		else
			ret = entry_begin(e, argc, argv, &i);
	}
	if (!ret)
		ret = entry_end(e);
	if (!ret && !e->count)
		ret = ctl_usage(e->ctl, "SLICE: is missing");
	return ret;
}

/* Nothing is lacking: nothing to say, except to a program. */
static int print_lacks(const struct nsl_reply *r, void *ctx)
{
	struct ctl *ctl = ctx;
	struct nsl_attrs a;
	size_t pos = 0;
	int ret;

	while ((ret = nsl_entry_next(r->attrs, r->len, &pos, &a, &ctl->err)) > 0) {
		if (!ctl->out.json && !a.lacks)
			continue;
		out_item(&ctl->out);
		out_text(&ctl->out, "slice", "slice", a.slice);
		out_number(&ctl->out, "lacks", "lacks", a.lacks);
		out_item_end(&ctl->out);
	}
	return ret;
}

static int entries_send(struct entries *e, uint8_t cmd)
{
	struct ctl *ctl = e->ctl;
	bool say = cmd == NETSLICE_CMD_GEN_ROLLBACK;
	int ret;

	nsl_msg_put(&e->m, &e->all);
	if (say)
		out_begin(&ctl->out);
	ret = nsl_client_send(ctl->p.client, &e->m, say ? print_lacks : NULL, ctl, &ctl->err);
	if (say && !ret)
		out_end(&ctl->out);
	return ret;
}

static int entries_run(struct ctl *ctl, uint8_t cmd, int argc, char **argv)
{
	struct entries e = { .ctl = ctl, .switching = cmd == NETSLICE_CMD_GEN_SWITCH };
	/* Each entry takes less than 100 bytes. */
	size_t size = 4096 + 100 * (size_t)argc;
	void *buf = malloc(size);
	int ret;

	if (!buf)
		return nsl_err_set(&ctl->err, ENOMEM, "out of memory");
	nsl_msg_begin(&e.m, buf, size, cmd, false);
	ret = ctl_open(ctl);
	if (!ret)
		ret = entries_read(&e, argc, argv);
	if (!ret)
		ret = entries_send(&e, cmd);
	free(buf);
	return ret;
}

int entries_switch(struct ctl *ctl, int argc, char **argv)
{
	return entries_run(ctl, NETSLICE_CMD_GEN_SWITCH, argc, argv);
}

int entries_commit(struct ctl *ctl, int argc, char **argv)
{
	return entries_run(ctl, NETSLICE_CMD_GEN_COMMIT, argc, argv);
}

int entries_rollback(struct ctl *ctl, int argc, char **argv)
{
	return entries_run(ctl, NETSLICE_CMD_GEN_ROLLBACK, argc, argv);
}
