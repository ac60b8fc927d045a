// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH_ARGS	512

const struct object *const objects[] = {
	&object_slice, &object_port, &object_gateway, &object_route, &object_neigh,
	&object_generation, &object_role, &object_term, &object_stats, &object_monitor,
	&object_peer, &object_node, &object_release, &object_worker, &object_upgrade,
	NULL
};

static const struct object *find_object(const char *name)
{
	const struct object *const *object;

	for (object = objects; *object; object++)
		if (!strcmp((*object)->name, name))
			return *object;
	return NULL;
}

static const struct verb *find_verb(const struct object *object, const char *name)
{
	const struct verb *verb;

	for (verb = object->verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return NULL;
}

/* The kernel names an attribute; the user wrote the word that became it. */
static void own_word(const struct verb *verb, struct nsl_err *err)
{
	const struct word *w;
	size_t len = strlen(err->attr);
	char text[sizeof(err->text)];

	if (!len || strncmp(err->text, err->attr, len))
		return;
	for (w = verb->words; w && w->name; w++) {
		if (!w->attr || strcmp(nsl_name(NSL_ATTR, w->attr), err->attr) ||
		    !strcmp(w->name, err->attr))
			continue;
		snprintf(text, sizeof(text), "%s%s", w->name, err->text + len);
		memcpy(err->text, text, sizeof(text));
		return;
	}
}

static int complain(struct ctl *ctl, int ret)
{
	fflush(stdout);
	own_word(ctl->verb, &ctl->err);
	fprintf(stderr, "slicectl: %s %s: %s\n", ctl->object->name, ctl->verb->name,
		ctl->err.text[0] ? ctl->err.text : strerror(-ret));
	if (ret != CTL_USAGE)
		return EXIT_FAILED;
	help_verb(ctl->object, ctl->verb);
	return EXIT_USAGE;
}

static int run_verb(struct ctl *ctl, int argc, char **argv)
{
	struct args args;
	int ret;

	memset(&ctl->err, 0, sizeof(ctl->err));
	if (ctl->verb->raw) {
		ret = ctl->verb->raw(ctl, argc, argv);
	} else {
		ret = args_parse(ctl, &args, argc, argv);
		if (!ret)
			ret = ctl->verb->run(ctl, &args);
	}
	if (ret) {
		nsl_jw_reset(&ctl->out.w);
		return complain(ctl, ret);
	}
	return EXIT_DONE;
}

static int usage(const char *what, const char *name)
{
	fprintf(stderr, "slicectl: \"%.60s\": %s\n", name, what);
	return EXIT_USAGE;
}

static int run_help(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "words"))
		help_words();
	else
		help_all();
	return EXIT_DONE;
}

/* One command: object, verb, arguments. */
static int run_command(struct ctl *ctl, int argc, char **argv)
{
	if (!strcmp(argv[0], "help"))
		return run_help(argc, argv);
	ctl->object = find_object(argv[0]);
	if (!ctl->object)
		return usage("is no object; see slicectl help", argv[0]);
	if (argc > 1 && !strcmp(argv[1], "help")) {
		help_object(ctl->object);
		return EXIT_DONE;
	}
	ctl->verb = argc > 1 ? find_verb(ctl->object, argv[1]) :
		    ctl->object->verbs[1].name ? find_verb(ctl->object, "show") :
		    ctl->object->verbs;
	if (!ctl->verb) {
		usage("is no verb of this object", argc > 1 ? argv[1] : "");
		help_object(ctl->object);
		return EXIT_USAGE;
	}
	return run_verb(ctl, argc - 2 < 0 ? 0 : argc - 2, argv + 2);
}

/* Words of a line: white space between them, "..." and '...' around them. */
static int split_line(char *line, char **argv, int max)
{
	char *from = line, *to;
	int argc = 0;

	for (;;) {
		from += strspn(from, " \t\r\n");
		if (!*from || *from == '#')
			return argc;
		if (argc >= max - 1)
			return -1;
		argv[argc++] = to = from;
		while (*from && !strchr(" \t\r\n", *from)) {
			char quote = *from;

			if (quote != '"' && quote != '\'') {
				*to++ = *from++;
				continue;
			}
			for (from++; *from && *from != quote; )
				*to++ = *from++;
			if (!*from++)
				return -1;
		}
		if (*from)
			from++;
		*to = '\0';
	}
}

static int run_file(struct ctl *ctl, FILE *f, bool go_on)
{
	int status = EXIT_DONE, one, argc, number = 0;
	char *argv[BATCH_ARGS], *line = NULL;
	size_t size = 0;

	while ((go_on || !status) && getline(&line, &size, f) >= 0) {
		number++;
		argc = split_line(line, argv, BATCH_ARGS);
		if (!argc)
			continue;
		if (argc > 0)
			argv[argc] = NULL;
		one = argc < 0 ? usage("unfinished quotes or too many words", "line") :
		      run_command(ctl, argc, argv);
		if (one)
			fprintf(stderr, "slicectl: line %d failed\n", number);
		if (one > status)
			status = one;
	}
	free(line);
	return status;
}

static int run_batch(struct ctl *ctl, const char *path, bool go_on)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int status;

	if (!f) {
		fprintf(stderr, "slicectl: %s: %s\n", path, strerror(errno));
		return EXIT_USAGE;
	}
	status = run_file(ctl, f, go_on);
	if (f != stdin)
		fclose(f);
	return status;
}

static int enter(struct ctl *ctl)
{
	if (!ctl->netns || !nsl_netns_enter(ctl->netns, &ctl->err))
		return EXIT_DONE;
	fprintf(stderr, "slicectl: %s\n", ctl->err.text);
	return EXIT_FAILED;
}

struct options {
	const char *batch;
	bool go_on;
	bool version;
	bool help;
};

static int read_options(struct ctl *ctl, struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+jptn:s:b:fVh")) >= 0) {
		switch (c) {
		case 'j':
			ctl->out.json = true;
			break;
		case 'p':
			ctl->out.json = ctl->out.pretty = true;
			break;
		case 't':
			ctl->timestamp = true;
			break;
		case 'n':
			ctl->netns = optarg;
			break;
		case 's':
			ctl->socket = optarg;
			break;
		case 'b':
			o->batch = optarg;
			break;
		case 'f':
			o->go_on = true;
			break;
		case 'V':
			o->version = true;
			break;
		case 'h':
			o->help = true;
			break;
		default:
			return EXIT_USAGE;
		}
	}
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct ctl ctl = { 0 };
	int status = read_options(&ctl, &o, argc, argv);

	if (status)
		return status;
	if (o.version)
		return printf("slicectl, netslice family version %d\n", NETSLICE_GENL_VERSION) < 0;
	if (o.help || (!o.batch && optind >= argc)) {
		help_all();
		return o.help ? EXIT_DONE : EXIT_USAGE;
	}
	status = enter(&ctl);
	if (!status)
		status = o.batch ? run_batch(&ctl, o.batch, o.go_on) :
			 run_command(&ctl, argc - optind, argv + optind);
	ctl_close(&ctl);
	if (fflush(stdout) || ferror(stdout))
		return EXIT_FAILED;
	return status;
}
