/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slicectl: object, verb, arguments. Each object is a file with a table of its
 * verbs; each verb has a table of the words that it takes. The tables drive
 * parsing, help and completion.
 */
#ifndef SLICECTL_CTL_H
#define SLICECTL_CTL_H

#include "lib/netslice.h"
#include "lib/plumb.h"
#include "out.h"

/* Result of a verb besides 0 and negative: the command line was wrong. */
#define CTL_USAGE	1

/* Exit status, as ip(8) has it. */
#define EXIT_DONE	0
#define EXIT_USAGE	1
#define EXIT_FAILED	2

/* Words that are no attribute of the family. */
enum extra {
	X_NONE,
	X_VRF,
	X_DEV,
	X_FROM,
	X_PROGRAM,
	X_TIMEOUT,
	X_MARKER,
	X_PROBE,
	X_TRAFFIC,
	X_QUIET,
	X_STATE,
	X_ANY,
	X_FILE,
	X_MODE,
	X_ID,
	X_LIMIT,
	X_PIN,
	X_FINISH,
	X_NAME,
	X_ADDRESS,
	X_PORT,
	X_HASH,
	X_RELEASE,
	X_HOME,
	__X_MAX
};

enum word_type {
	WORD_FLAG,	/* the word alone */
	WORD_NUMBER,
	WORD_TEXT,
	WORD_ENUM,	/* a name of enum nsl_names */
	WORD_ADDRESS,
	WORD_MAC,
	WORD_DIGEST,	/* 32 hexadecimal digits */
};

/**
 * struct word - one argument
 * @name: the word before the value; of a positional one what the help calls it
 * @value: what the help calls the value
 * @type: how the value is read
 * @attr: NETSLICE_A_* that it becomes, 0 for none
 * @extra: else where it goes in struct args
 * @names: of WORD_ENUM
 * @min: of WORD_NUMBER
 * @max: of WORD_NUMBER, 0 for no limit
 * @needed: it must be there
 */
struct word {
	const char *name;
	const char *value;
	enum word_type type;
	unsigned int attr;
	enum extra extra;
	enum nsl_names names;
	uint64_t min;
	uint64_t max;
	bool needed;
};

/**
 * struct args - arguments that were read
 * @a: those that are attributes
 * @has: which of the others are there
 * @text: as they were written
 * @number: numbers among them
 */
struct args {
	struct nsl_attrs a;
	bool has[__X_MAX];
	const char *text[__X_MAX];
	uint64_t number[__X_MAX];
};

struct ctl;

/**
 * struct verb - what can be done with an object
 * @name: the verb
 * @help: one line
 * @pos: positional words in order, ends with an empty one
 * @words: other words, in any order, ends with an empty one
 * @run: do it
 * @raw: do it, reading the arguments itself; instead of @pos, @words and @run
 * @usage: of @raw: what follows "slicectl OBJECT VERB"
 */
struct verb {
	const char *name;
	const char *help;
	const struct word *pos;
	const struct word *words;
	int (*run)(struct ctl *ctl, struct args *args);
	int (*raw)(struct ctl *ctl, int argc, char **argv);
	const char *usage;
};

struct object {
	const char *name;
	const char *help;
	const struct verb *verbs;	/* ends with an empty one */
};

/**
 * struct ctl - this run of the program
 * @netns: -n, NULL for the current namespace; the process is in it already
 * @out: output
 * @socket: -s, of the daemon, NULL for the usual one
 * @timestamp: -t
 * @p: sockets, opened when they are needed
 * @object: what is being done
 * @verb: and how
 * @err: why it failed
 */
struct ctl {
	const char *netns;
	const char *socket;
	struct out out;
	bool timestamp;
	struct nsl_plumb p;
	const struct object *object;
	const struct verb *verb;
	struct nsl_err err;
};

extern const struct object object_slice, object_port, object_gateway, object_route,
	object_neigh, object_generation, object_role, object_term, object_stats,
	object_monitor, object_peer, object_node, object_release, object_worker, object_upgrade;
extern const struct object *const objects[];

/* args.c */
int args_parse(struct ctl *ctl, struct args *args, int argc, char **argv);
int args_number(struct ctl *ctl, const char *word, const char *text, uint64_t min,
		uint64_t max, uint64_t *out);
int args_address(struct ctl *ctl, const char *word, const char *text, uint8_t *addr,
		 uint8_t *len);
int ctl_usage(struct ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int args_need_one(struct ctl *ctl, const struct args *args);

/* help.c */
void help_verb(const struct object *object, const struct verb *verb);
void help_object(const struct object *object);
void help_all(void);
void help_words(void);

/* kernel.c */
int ctl_open(struct ctl *ctl);
int ctl_open_rtnl(struct ctl *ctl);
void ctl_close(struct ctl *ctl);
int ctl_request(struct ctl *ctl, uint8_t cmd, const struct nsl_attrs *a);
int ctl_slice(struct ctl *ctl, const char *slice, struct nsl_attrs *out);
int ctl_need_cp_term(struct ctl *ctl, struct nsl_attrs *a);
int ctl_need_fp_term(struct ctl *ctl, struct nsl_attrs *a);
int ctl_active(struct ctl *ctl, const char *slice, uint64_t *gen);
void ctl_device(struct ctl *ctl, const char *key, const char *label, uint32_t ifindex);

/* Words that many verbs take. */
#define W_POS_SLICE	{ .name = "SLICE", .type = WORD_TEXT, .attr = NETSLICE_A_SLICE, .needed = true }
#define W_POS_ANY_SLICE	{ .name = "SLICE", .type = WORD_TEXT, .attr = NETSLICE_A_SLICE }
#define W_POS_PORT	{ .name = "PORT", .type = WORD_TEXT, .attr = NETSLICE_A_PORT, .needed = true }
#define W_POS_GEN	{ .name = "GEN", .type = WORD_NUMBER, .attr = NETSLICE_A_GEN, .needed = true }
#define W_OWNER		{ .name = "owner", .value = "TAG", .type = WORD_TEXT, .attr = NETSLICE_A_OWNER }
#define W_FORCE		{ .name = "force", .type = WORD_FLAG, .attr = NETSLICE_A_FORCE }
#define W_CP_TERM	{ .name = "cp-term", .value = "N", .type = WORD_NUMBER, .attr = NETSLICE_A_CP_TERM }
#define W_FP_TERM	{ .name = "fp-term", .value = "N", .type = WORD_NUMBER, .attr = NETSLICE_A_FP_TERM }
#define W_GEN		{ .name = "gen", .value = "N", .type = WORD_NUMBER, .attr = NETSLICE_A_GEN }
#define W_NUMBER(word, metavar, ATTR)							\
	{ .name = word, .value = metavar, .type = WORD_NUMBER, .attr = NETSLICE_A_##ATTR }
#define W_END		{ .name = NULL }

#endif /* SLICECTL_CTL_H */
