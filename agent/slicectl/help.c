// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

#include <stdio.h>

static void help_word(FILE *f, const struct word *w)
{
	fprintf(f, w->needed ? " %s" : " [%s", w->name);
	if (w->type == WORD_ENUM && !w->value)
		fprintf(f, " NAME");
	else if (w->type != WORD_FLAG && w->value)
		fprintf(f, " %s", w->value);
	if (!w->needed)
		fputc(']', f);
}

/**
 * help_verb - print the usage of one command, to standard error
 * @object: the object
 * @verb: the verb
 */
void help_verb(const struct object *object, const struct verb *verb)
{
	const struct word *w;

	fprintf(stderr, "usage: slicectl %s %s", object->name, verb->name);
	if (verb->raw) {
		fprintf(stderr, " %s\n", verb->usage);
		return;
	}
	for (w = verb->pos; w && w->name; w++)
		fprintf(stderr, w->needed ? " %s" : " [%s]", w->name);
	for (w = verb->words; w && w->name; w++)
		help_word(stderr, w);
	fputc('\n', stderr);
}

void help_object(const struct object *object)
{
	const struct verb *verb;

	for (verb = object->verbs; verb->name; verb++) {
		help_verb(object, verb);
		fprintf(stderr, "       %s\n", verb->help);
	}
}

void help_all(void)
{
	const struct object *const *object;
	const struct verb *verb;

	fputs("usage: slicectl [-j] [-p] [-t] [-n NETNS] [-s SOCKET] OBJECT VERB [ARGUMENTS]\n"
	      "       slicectl [-n NETNS] [-f] -b FILE\n"
	      "       slicectl OBJECT help\n"
	      "options: -j JSON, -p indented, -t with the time (monitor), -n in a network namespace,\n"
	      "         -s the daemon's socket, -b commands from FILE or - , -f go on after a failed one, -V version\n"
	      "exit status: 0 done, 1 usage, 2 refused or failed\n", stderr);
	for (object = objects; *object; object++) {
		fprintf(stderr, "  %-11s", (*object)->name);
		for (verb = (*object)->verbs; verb->name; verb++)
			fprintf(stderr, " %s", verb->name);
		fprintf(stderr, "\n              %s\n", (*object)->help);
	}
}

/**
 * help_words - print every command with its words, for shell completion
 */
void help_words(void)
{
	const struct object *const *object;
	const struct verb *verb;
	const struct word *w;

	for (object = objects; *object; object++) {
		for (verb = (*object)->verbs; verb->name; verb++) {
			printf("%s %s", (*object)->name, verb->name);
			for (w = verb->words; w && w->name; w++)
				printf(" %s", w->name);
			fputc('\n', stdout);
		}
	}
}
