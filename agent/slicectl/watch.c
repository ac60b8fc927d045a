// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * upgrade watch: on a terminal a line for each slice that moves on in place,
 * else a line for each event.
 */
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon.h"

#define BAR	18

/* The states in their order; what leads back fills the bar from the start. */
static const char *const states[] = {
	"prepare", "version-sync", "config-sync", "hot", "cp-switched", "fp-switched",
	"configure", "verify", "complete",
};

struct watched {
	char slice[NETSLICE_NAME_LEN];
	char state[24];
	char text[128];
	unsigned int reached;	/* index into states */
};

struct watch {
	struct ctl *ctl;
	const char *id;
	bool terminal;
	unsigned int columns;
	struct watched *slice;
	unsigned int count;
	unsigned int drawn;	/* lines on the screen */
};

static void write_watch(struct nsl_jw *w, void *ctx)
{
	const struct watch *watch = ctx;

	if (watch->id)
		nsl_jw_str(w, "id", watch->id);
}

static struct watched *watched_find(struct watch *watch, const char *slice)
{
	struct watched *more;
	unsigned int i;

	for (i = 0; i < watch->count; i++)
		if (!strcmp(watch->slice[i].slice, slice))
			return &watch->slice[i];
	more = realloc(watch->slice, (watch->count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	watch->slice = more;
	memset(&more[watch->count], 0, sizeof(*more));
	snprintf(more[watch->count].slice, sizeof(more->slice), "%s", slice);
	return &more[watch->count++];
}

/* What comes from elsewhere must not drive the terminal. */
static void copy_plain(char *to, size_t size, const char *from)
{
	size_t i;

	for (i = 0; i + 1 < size && from[i]; i++)
		to[i] = (unsigned char)from[i] < 0x20 || from[i] == 0x7f ? '?' : from[i];
	to[i] = '\0';
}

static void watched_set(struct watched *w, const char *state, const char *text)
{
	unsigned int i;

	copy_plain(w->state, sizeof(w->state), state);
	copy_plain(w->text, sizeof(w->text), text);
	for (i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (!strcmp(states[i], state))
			w->reached = i;
}

static void draw_slice(const struct watch *watch, const struct watched *w)
{
	const unsigned int last = sizeof(states) / sizeof(*states) - 1;
	unsigned int done = w->reached * BAR / last, i;
	bool back = !strncmp(w->state, "roll", 4) || !strcmp(w->state, "stranded");
	char bar[BAR + 1], line[256];

	for (i = 0; i < BAR; i++)
		bar[i] = i < done ? (back ? '<' : '=') : i == done && !back ? '>' : ' ';
	bar[BAR] = '\0';
	snprintf(line, sizeof(line), "%-15s [%s] %-13s %s", w->slice, bar, w->state, w->text);
	printf("\r\x1b[K%.*s\n", (int)watch->columns - 1, line);
}

static void draw(struct watch *watch)
{
	unsigned int i;

	if (watch->drawn)
		printf("\x1b[%uA", watch->drawn);
	for (i = 0; i < watch->count; i++)
		draw_slice(watch, &watch->slice[i]);
	watch->drawn = watch->count;
	fflush(stdout);
}

static void on_event(const struct nsl_json *event, void *ctx)
{
	const char *slice = NULL, *state = "", *text = "";
	struct watch *watch = ctx;
	struct watched *w;

	if (!watch->terminal) {
		daemon_print_line(&watch->ctl->out, event);
		return;
	}
	if (nsl_json_get_str(event, "slice", &slice, NULL) != 1)
		return;
	w = watched_find(watch, slice);
	if (!w)
		return;
	nsl_json_get_str(event, "state", &state, NULL);
	nsl_json_get_str(event, "text", &text, NULL);
	watched_set(w, state[0] ? state : w->state, text);
	draw(watch);
}

static int on_result(const struct nsl_json *result, void *ctx)
{
	struct watch *watch = ctx;

	if (nsl_json_count(result))
		daemon_print(&watch->ctl->out, result);
	return 0;
}

static unsigned int terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

/**
 * watch_upgrade - follow an upgrade until it ends
 * @ctl: this run
 * @id: which, NULL for the one that runs
 *
 * Return: 0 or a negative errno.
 */
int watch_upgrade(struct ctl *ctl, const char *id)
{
	struct watch watch = {
		.ctl = ctl, .id = id, .columns = terminal_columns(),
		.terminal = isatty(STDOUT_FILENO) && !ctl->out.json,
	};
	struct daemon_request request = {
		.cmd = "upgrade.watch", .args = write_watch, .event = on_event,
		.result = on_result, .ctx = &watch,
	};
	int ret = daemon_ask(ctl, &request);

	free(watch.slice);
	return ret;
}
