// SPDX-License-Identifier: GPL-2.0-or-later
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char log_prefix[64] = "sliced";
static bool log_verbose;

/**
 * log_setup - how lines look from now on
 * @prefix: stands before each of them
 * @verbose: details too
 *
 * Context: before other threads are started.
 */
void log_setup(const char *prefix, bool verbose)
{
	snprintf(log_prefix, sizeof(log_prefix), "%s", prefix);
	log_verbose = verbose;
}

/* What came from outside may be in a line: it must not start another one. */
static void log_flatten(char *line)
{
	for (; *line; line++) {
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			*line = '?';
	}
}

/**
 * log_at - write one line
 * @level: its priority, which stands before it as systemd expects
 * @fmt: printf format
 *
 * Context: any thread: a line is one write(2).
 */
void log_at(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	size_t head;
	size_t len;
	va_list ap;

	if (level == LOG_DETAIL && !log_verbose)
		return;
	head = (size_t)snprintf(line, sizeof(line), "<%d>%s: ", level, log_prefix);
	va_start(ap, fmt);
	vsnprintf(line + head, sizeof(line) - head - 1, fmt, ap);
	va_end(ap);
	log_flatten(line);
	len = strlen(line);
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return;	/* nowhere to say it: a full or closed log must not stop the daemon */
}
