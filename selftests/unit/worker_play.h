/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker for test_workers.c: the name of its slice says what is wrong with it.
 */
#ifndef UNIT_WORKER_PLAY_H
#define UNIT_WORKER_PLAY_H

#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/json.h"

static char done[400];		/* what it was asked so far */

static void say(const char *fmt, ...)
{
	char line[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (write(3, line, strlen(line)) < 0)
		_exit(0);
}

static unsigned int open_files(void)
{
	struct dirent *entry;
	unsigned int count = 0;
	DIR *dir = opendir("/proc/self/fd");

	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir);
	if (dir)
		closedir(dir);
	return count;
}

static void say_state(const char *id)
{
	char cwd[512] = "";

	if (!getcwd(cwd, sizeof(cwd)))
		strcpy(cwd, "closed");
	say("{\"type\":\"state\",\"id\":\"%s\",\"seq\":\"9\",\"full\":true,\"data\":{\"done\":\"%s\","
	    "\"uid\":%d,\"files\":%u,\"nnp\":%d,\"group\":%s,\"home\":%s,\"cwd\":\"%s\"}}\n", id, done,
	    (int)getuid(), open_files(), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	    getpgrp() == getpid() ? "true" : "false", getenv("HOME") ? "true" : "false",
	    cwd[0] ? "there" : "none");
}

static void say_routes(const char *slice)
{
	const char *add = "{\"type\":\"routes\",\"op\":\"add\",\"routes\":["
			  "{\"dst\":\"10.1.0.0/16\",\"via\":\"10.0.0.1\",\"port\":\"p\"},"
			  "{\"dst\":\"fd00::/64\",\"port\":\"p\"}]}\n";

	say("{\"type\":\"routes\",\"op\":\"full-begin\"}\n%s%s", add,
	    !strcmp(slice, "half-route") ? "{\"type\":\"routes\",\"op\":\"add\",\"routes\":["
	    "{\"dst\":\"10.2.0.0/16\",\"type\":\"punt\"},{\"dst\":\"10.3.0.0/33\",\"port\":\"p\"}]}\n" : "");
	say("{\"type\":\"routes\",\"op\":\"full-end\",\"count\":%d}\n",
	    strcmp(slice, "count") ? 2 : 3);
	say("{\"type\":\"routes\",\"op\":\"del\",\"routes\":[{\"dst\":\"10.1.0.0/16\"}]}\n");
	if (!strcmp(slice, "lone-end"))
		say("{\"type\":\"routes\",\"op\":\"full-end\",\"count\":0}\n");
}

static void answer(const char *slice, const struct nsl_json *msg)
{
	const char *type = "", *id = "0", *role = "";

	nsl_json_get_str(msg, "type", &type, NULL);
	nsl_json_get_str(msg, "id", &id, NULL);
	nsl_json_get_str(msg, "role", &role, NULL);
	if (!strcmp(slice, "deaf") && !strcmp(type, "stop"))
		return;
	if (!strcmp(type, "stop"))
		_exit(0);
	if (!strcmp(slice, "silent") && !strcmp(type, "become"))
		return;
	if (strcmp(type, "health") && strcmp(type, "backup"))
		snprintf(done + strlen(done), sizeof(done) - strlen(done), "%s ", type);
	if (!strcmp(type, "load") && !strcmp(slice, "choosy"))
		say("{\"type\":\"error\",\"id\":\"%s\",\"text\":\"not this one\"}\n", id);
	else if (!strcmp(type, "load") && !strcmp(slice, "answers"))
		say("{\"type\":\"restored\",\"id\":\"%s\"}\n", id);
	else if (!strcmp(type, "load") && !strcmp(slice, "migrates"))
		say("{\"type\":\"migrated\",\"id\":\"%s\",\"schema\":2,\"config\":{\"x\":1}}\n", id);
	else if (!strcmp(type, "load"))
		say("{\"type\":\"loaded\",\"id\":\"%s\",\"schema\":2}\n", id);
	else if (!strcmp(type, "become"))
		say("{\"type\":\"became\",\"id\":\"%s\",\"role\":\"%s\",\"cp_term\":\"7\"}\n", id, role);
	else if (!strcmp(type, "restore"))
		say("{\"type\":\"restored\",\"id\":\"%s\"}\n", id);
	else if (!strcmp(type, "health"))
		say("{\"type\":\"health\",\"id\":\"%s\",\"ok\":%s,\"text\":\"of %s\"}\n", id,
		    strcmp(slice, "sick") ? "true" : "false", slice);
	else if (!strcmp(type, "backup"))
		say_state(id);
	if (!strcmp(type, "load") && strcmp(slice, "choosy"))
		say_routes(slice);
	if (!strcmp(type, "health") && !strcmp(slice, "mortal"))
		raise(SIGSEGV);
}

static const struct {
	const char *slice;
	const char *hello;	/* in place of the right one */
	const char *cause;	/* what the failure must say */
} breaches[] = {
	{ "nonsense", "nonsense\n", "contract" },
	{ "array", "[]\n", "contract" },
	{ "no-type", "{\"contract\":1}\n", "type" },
	{ "contract", "{\"type\":\"hello\",\"contract\":2,\"name\":\"t\",\"version\":\"1\","
	  "\"schemas\":[1,2]}\n", "contract" },
	{ "version", "{\"type\":\"hello\",\"contract\":1,\"name\":\"t\",\"version\":\"9\","
	  "\"schemas\":[1,2]}\n", "version 9" },
	{ "schemas", "{\"type\":\"hello\",\"contract\":1,\"name\":\"t\",\"version\":\"1\","
	  "\"schemas\":[1]}\n", "schemas" },
	{ "member", "{\"type\":\"hello\",\"contract\":1,\"name\":\"t\",\"version\":\"1\","
	  "\"schemas\":[1,2],\"extra\":0}\n", "extra" },
	{ "early", "{\"type\":\"routes\",\"op\":\"full-begin\"}\n", "before hello" },
	{ "complains", "{\"type\":\"error\",\"text\":\"no licence\"}\n", "no licence" },
	{ "nul", "{\"type\":\"hello\\u0000\"}\n", "contract" },
	{ "count", NULL, "full-end counts 3" },
	{ "half-route", NULL, "prefix length" },
	{ "lone-end", NULL, "do not match" },
	{ "answers", NULL, "restored where loaded" },
};

static int worker_main(const char *slice)
{
	const char *hello = "{\"type\":\"hello\",\"contract\":1,\"name\":\"t\",\"version\":\"1\","
			    "\"schemas\":[1,2]}\n";
	FILE *in = fdopen(3, "r");
	char *line = NULL;
	size_t size = 0, i;
	ssize_t len;

	if (!strcmp(slice, "exits")) {
		fprintf(stderr, "nothing to do here\n");
		_exit(3);
	}
	for (i = 0; i < sizeof(breaches) / sizeof(breaches[0]); i++) {
		if (breaches[i].hello && !strcmp(slice, breaches[i].slice))
			hello = breaches[i].hello;
	}
	if (!strcmp(slice, "endless")) {
		for (;;)
			say("%0*d", 4000, 0);
	}
	if (strcmp(slice, "mute"))
		say("%s", hello);
	while (in && (len = getline(&line, &size, in)) > 0) {
		struct nsl_json *msg = nsl_json_parse(line, (size_t)len - 1, NULL);

		if (msg)
			answer(slice, msg);
		nsl_json_free(msg);
	}
	_exit(0);
}

#endif
