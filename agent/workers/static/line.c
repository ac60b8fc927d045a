// SPDX-License-Identifier: GPL-2.0-or-later
#include "line.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/jsonw.h"

#define LINE_FD		3
#define LINE_STEP	65536
#define LINE_MAX_LEN	(2U * 1024 * 1024)

static char *buf;
static size_t used, size, taken;	/* @taken: of the line given last */

static void line_room(void)
{
	if (used + LINE_STEP <= size)
		return;
	size = used + LINE_STEP;
	buf = size > LINE_MAX_LEN ? NULL : realloc(buf, size);
	if (!buf) {
		fprintf(stderr, "no memory for a line of %zu bytes\n", size);
		exit(1);
	}
}

static char *line_there(size_t *len)
{
	char *end = used ? memchr(buf, '\n', used) : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	*len = (size_t)(end - buf);
	taken = *len + 1;
	return buf;
}

static int line_wait(int timeout_ms)
{
	struct pollfd p = { .fd = LINE_FD, .events = POLLIN };
	int ret;

	do {
		ret = poll(&p, 1, timeout_ms);
	} while (ret < 0 && errno == EINTR);
	return ret;
}

char *line_read(int timeout_ms, int *timeout, size_t *len)
{
	char *line;
	ssize_t got;

	*timeout = 0;
	used -= taken;
	if (taken)
		memmove(buf, buf + taken, used);
	taken = 0;
	while (!(line = line_there(len))) {
		line_room();
		if (!line_wait(timeout_ms)) {
			*timeout = 1;
			return NULL;
		}
		got = read(LINE_FD, buf + used, size - used);
		if (got == 0 || (got < 0 && errno != EINTR))
			return NULL;
		used += got > 0 ? (size_t)got : 0;
	}
	return line;
}

static void line_put(const char *text, size_t len)
{
	ssize_t done;

	for (; len; text += done, len -= (size_t)done) {
		done = write(LINE_FD, text, len);
		if (done < 0 && errno == EINTR)
			done = 0;
		if (done < 0)
			exit(0);	/* sliced is gone, so is the reason to be */
	}
}

void line_write(struct nsl_jw *w)
{
	char *text = nsl_jw_take(w);

	if (!text) {
		fprintf(stderr, "no memory for a message\n");
		exit(1);
	}
	line_put(text, strlen(text));
	line_put("\n", 1);
	free(text);
}
