// SPDX-License-Identifier: GPL-2.0-or-later
/* A worker's process: spawned, heard, written to, and what remains of it. */
#include <ctype.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "lib/err.h"
#include "log.h"
#include "release.h"
#include "sliced.h"
#include "spawn.h"
#include "work.h"
#include "workers_int.h"

#define PROC_TURN	8	/* lines, then others have their turn */
#define PROC_LOG_MS	10000

struct proc_job {
	struct spawn	spawn;	/* first: w->spawn points here */
	struct worker	*w;
	int		ret;
	struct nsl_err	err;
};

/* --- its log --- */

static void log_line(struct worker *w, char *line, size_t len)
{
	const uint64_t now = clock_boot_ms();
	size_t i;

	for (i = 0; i < len; i++) {
		if (!isprint((unsigned char)line[i]))
			line[i] = '?';
	}
	if (!len)
		return;
	snprintf(w->said, sizeof(w->said), "%.*s", (int)len, line);
	if (now - w->log_since >= PROC_LOG_MS) {
		w->log_since = now;
		w->log_lines = 0;
	}
	if (w->log_lines++ < WORKERS_LOG_LINES)
		log_notice("worker %s: %s", w->slice, w->said);
}

static void log_read(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	char block[4096], *line, *nl;
	ssize_t got = read(fd, block, sizeof(block) - 1);

	(void)what;
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		event_del(w->log_event);
	if (got <= 0)
		return;
	block[got] = '\0';
	for (line = block; line < block + got; line = nl + 1) {
		nl = memchr(line, '\n', (size_t)(block + got - line));
		if (!nl)
			nl = block + got;
		log_line(w, line, (size_t)(nl - line));
	}
}

/* --- what it says --- */

static bool read_line(struct worker *w)
{
	struct evbuffer *in = bufferevent_get_input(w->bev);
	size_t len = 0;
	char *line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);

	if (!line && evbuffer_get_length(in) > WORKER_LINE_MAX)
		worker_kill(w, "it broke the contract: a line is longer than %d bytes",
			    WORKER_LINE_MAX);
	if (!line)
		return false;
	worker_hear(w, line, len);
	free(line);
	return true;
}

/* While nobody has changed his mind: a callback may stop or pause it. */
static bool proc_listens(const struct worker *w)
{
	return w->bev && w->ops && !w->paused && !w->cause[0];
}

static void proc_lines(struct worker *w, unsigned int most)
{
	const struct timeval now = { 0 };

	while (proc_listens(w) && most) {
		if (!read_line(w))
			return;
		most--;
	}
	if (proc_listens(w))
		event_add(w->more_event, &now);
}

void worker_proc_read(struct worker *w)
{
	proc_lines(w, PROC_TURN);
}

static void proc_readable(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct worker *w = arg;

	if (!w->ops)
		evbuffer_drain(in, evbuffer_get_length(in));
	worker_proc_read(w);
}

static void proc_more(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	worker_proc_read(arg);
}

/* Its end of the socket is gone: so it will be, if it is not already. */
static void proc_closed(struct bufferevent *bev, short what, void *arg)
{
	struct worker *w = arg;

	(void)what;
	bufferevent_disable(bev, EV_READ | EV_WRITE);
	if (w->pid_fd >= 0 && w->timer_for != TIMER_STOP)
		worker_timer(w, TIMER_STOP, w->ws->params.stop_ms);
}

void worker_proc_write(struct worker *w, const char *line)
{
	struct evbuffer *out = w->bev ? bufferevent_get_output(w->bev) : NULL;

	if (!out)
		return;
	if (evbuffer_get_length(out) + strlen(line) > WORKERS_OUT_MAX)
		worker_kill(w, "it does not read what it is sent");
	else if (bufferevent_write(w->bev, line, strlen(line)))
		worker_kill(w, "out of memory");
}

/* --- its end --- */

/* What it said last is still in the socket: an error may be among it. */
static void proc_drain(struct worker *w)
{
	struct evbuffer *in = bufferevent_get_input(w->bev);
	evutil_socket_t fd = bufferevent_getfd(w->bev);

	evbuffer_unfreeze(in, 0);
	while (evbuffer_get_length(in) < 2 * WORKER_LINE_MAX && evbuffer_read(in, fd, 65536) > 0)
		;
	proc_lines(w, 2 * WORKER_LINE_MAX);
	if (w->log_event)
		log_read(w->log_fd, 0, w);
}

static void status_text(const struct worker *w, int status, char *out, size_t size)
{
	int len;

	if (WIFSIGNALED(status))
		len = snprintf(out, size, "the worker was ended by signal %d (%s)",
			       WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		len = snprintf(out, size, "the worker ended by itself with status %d",
			       WEXITSTATUS(status));
	if (w->said[0] && len < (int)size)
		snprintf(out + len, size - (size_t)len, "; its last words: %s", w->said);
}

static void proc_exited(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	char text[300];
	int status = 0;

	(void)fd;
	(void)what;
	if (waitpid(w->pid, &status, WNOHANG) != w->pid)
		return;
	kill(-w->pid, SIGKILL);	/* what it may have started */
	w->pid = 0;
	event_del(w->exit_event);
	if (w->ops && w->bev)
		proc_drain(w);
	if (w->cause[0])
		snprintf(text, sizeof(text), "%s", w->cause);
	else
		status_text(w, status, text, sizeof(text));
	worker_proc_close(w);
	worker_died(w, text);
}

static void event_drop(struct event **event)
{
	if (*event)
		event_free(*event);
	*event = NULL;
}

static void fd_drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Forgets the process; one that lives still is killed. */
void worker_proc_close(struct worker *w)
{
	if (w->pid) {
		kill(-w->pid, SIGKILL);
		waitpid(w->pid, NULL, WNOHANG);
		w->pid = 0;
	}
	event_drop(&w->exit_event);
	event_drop(&w->log_event);
	event_drop(&w->more_event);
	if (w->bev)
		bufferevent_free(w->bev);
	w->bev = NULL;
	fd_drop(&w->pid_fd);
	fd_drop(&w->log_fd);
}

/* --- its beginning --- */

static int proc_adopt(struct worker *w, const struct spawn *s)
{
	struct event_base *base = w->ws->sliced->base;

	w->pid = s->pid;
	w->pid_fd = s->pid_fd;
	w->log_fd = s->log;
	w->bev = bufferevent_socket_new(base, s->socket, BEV_OPT_CLOSE_ON_FREE);
	if (!w->bev)
		close(s->socket);
	w->exit_event = event_new(base, w->pid_fd, EV_READ | EV_PERSIST, proc_exited, w);
	w->log_event = event_new(base, w->log_fd, EV_READ | EV_PERSIST, log_read, w);
	w->more_event = evtimer_new(base, proc_more, w);
	if (!w->bev || !w->exit_event || !w->log_event || !w->more_event)
		return -ENOMEM;
	bufferevent_setcb(w->bev, proc_readable, NULL, proc_closed, w);
	bufferevent_setwatermark(w->bev, EV_READ, 0, WORKER_LINE_MAX + 65536);
	if (bufferevent_enable(w->bev, EV_READ | EV_WRITE) || event_add(w->exit_event, NULL) ||
	    event_add(w->log_event, NULL))
		return -ENOMEM;
	return 0;
}

static void spawned(void *arg)
{
	struct proc_job *job = arg;
	struct worker *w = job->w;

	w->spawn = NULL;
	if (job->ret) {
		worker_died(w, job->err.text);
	} else if (proc_adopt(w, &job->spawn)) {
		worker_proc_close(w);
		worker_died(w, "out of memory");
	} else if (!w->ops || w->cause[0]) {
		kill(-w->pid, SIGKILL);	/* stopped meanwhile */
	} else {
		w->started_ms = clock_wall_ms();
		worker_timer(w, TIMER_HELLO, w->ws->params.hello_ms);
		log_detail("worker %s: process %d of release %s-%s", w->slice, w->pid, w->r->name,
			   w->r->version);
	}
	free(job->spawn.dir);
	free(job);
}

static void spawn_job(void *arg)
{
	struct proc_job *job = arg;

	job->ret = spawn_run(&job->spawn, &job->err);
}

/**
 * worker_proc_start - spawn a worker's process, in a work thread
 * @w: the worker
 *
 * Return: 0: worker_died() or its hello will come. Else nothing will.
 */
int worker_proc_start(struct worker *w)
{
	struct proc_job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	job->w = w;
	job->ret = nsl_err_set(&job->err, ESHUTDOWN, "this node's daemon stops");
	job->spawn.dir = strdup(w->r->dir);
	job->spawn.file = *w->r->manifest->worker;
	memcpy(job->spawn.slice, w->slice, sizeof(job->spawn.slice));
	job->spawn.uid = w->ws->uid;
	job->spawn.gid = w->ws->gid;
	job->spawn.memory = w->ws->params.memory;
	w->cause[0] = w->said[0] = '\0';
	if (!job->spawn.dir || work_start(w->ws->sliced->work, spawn_job, spawned, job)) {
		free(job->spawn.dir);
		free(job);
		return -ENOMEM;
	}
	w->spawn = &job->spawn;
	return 0;
}
