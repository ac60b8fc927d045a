// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The child is always started from the program's path and not from memory: a
 * restart brings the version that is installed by then.
 *
 *  - 0: the child was asked to stop: the parent ends too.
 *  - EXIT_RESTART: at once.
 *  - 1 or 2 from the first child: it refuses to start (its log says why), and
 *    will again: the parent ends with that status.
 *  - anything else, a signal above all: again, after a growing wait.
 *
 * Should the parent be killed the child ends cleanly: two daemons never meet.
 */
#include "super.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUPER_WAIT_MIN_MS	500
#define SUPER_WAIT_MAX_MS	10000
#define SUPER_STABLE_MS		30000	/* a child that lived so long resets the wait */

struct super {
	char		path[PATH_MAX];
	char		**argv;
	sigset_t	signals;
	sigset_t	before;
	pid_t		child;
	unsigned int	wait_ms;
	bool		stopping;
	bool		first;
};

static int super_prepare(struct super *super, char *const argv[])
{
	ssize_t len = readlink("/proc/self/exe", super->path, sizeof(super->path) - 1);
	size_t count = 0;

	if (len <= 0)
		return -1;
	super->path[len] = '\0';
	while (argv[count])
		count++;
	super->argv = calloc(count + 2, sizeof(*super->argv));
	if (!super->argv)
		return -1;
	memcpy(super->argv, argv, count * sizeof(*super->argv));
	super->argv[count] = (char *)SUPER_CHILD;
	sigemptyset(&super->signals);
	sigaddset(&super->signals, SIGCHLD);
	sigaddset(&super->signals, SIGTERM);
	sigaddset(&super->signals, SIGINT);
	sigaddset(&super->signals, SIGHUP);
	super->wait_ms = SUPER_WAIT_MIN_MS;
	super->first = true;
	return sigprocmask(SIG_BLOCK, &super->signals, &super->before);
}

static void super_become_child(const struct super *super, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);	/* it died before it could be watched */
	sigprocmask(SIG_SETMASK, &super->before, NULL);
	execv(super->path, super->argv);
	log_error("%s: %s", super->path, strerror(errno));
	_exit(EXIT_FAILURE);
}

static int super_start(struct super *super)
{
	pid_t parent = getpid();

	super->child = fork();
	if (!super->child)
		super_become_child(super, parent);
	if (super->child < 0)
		log_error("no new process: %s", strerror(errno));
	return super->child < 0 ? -1 : 0;
}

static void super_pass_on(struct super *super, int sig)
{
	if (sig != SIGHUP)
		super->stopping = true;
	kill(super->child, sig);
}

/* Until the child has ended; its wait status. */
static int super_watch(struct super *super)
{
	int status;
	int sig;

	for (;;) {
		if (waitpid(super->child, &status, WNOHANG) == super->child)
			return status;
		sig = sigwaitinfo(&super->signals, NULL);
		if (sig > 0 && sig != SIGCHLD)
			super_pass_on(super, sig);
	}
}

/* Waits, unless told to stop meanwhile. */
static void super_pause(struct super *super)
{
	const struct timespec ts = {
		.tv_sec = super->wait_ms / 1000,
		.tv_nsec = (super->wait_ms % 1000) * 1000000L,
	};
	int sig = sigtimedwait(&super->signals, NULL, &ts);

	if (sig == SIGTERM || sig == SIGINT)
		super->stopping = true;
	super->wait_ms = super->wait_ms * 2 < SUPER_WAIT_MAX_MS ?
		super->wait_ms * 2 : SUPER_WAIT_MAX_MS;
}

static void super_log(const struct super *super, int status)
{
	if (WIFSIGNALED(status))
		log_error("process %d was ended by signal %d", super->child, WTERMSIG(status));
	else
		log_notice("process %d ended with status %d", super->child, WEXITSTATUS(status));
}

/* The exit status to end with, or -1: start the next child. */
static int super_judge(struct super *super, int status, uint64_t lived_ms)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
	bool first = super->first;

	super->first = false;
	super_log(super, status);
	if (super->stopping || (WIFEXITED(status) && !code))
		return code;
	if (WIFEXITED(status) && code == EXIT_RESTART) {
		super->wait_ms = SUPER_WAIT_MIN_MS;
		return -1;
	}
	if (first && WIFEXITED(status))
		return code;
	if (lived_ms >= SUPER_STABLE_MS)
		super->wait_ms = SUPER_WAIT_MIN_MS;
	super_pause(super);
	return super->stopping ? EXIT_SUCCESS : -1;
}

/**
 * super_run - be the supervising parent
 * @argv: of this process
 *
 * Return: the status to exit with.
 */
int super_run(char *const argv[])
{
	struct super super = { 0 };
	int code = -1;

	if (super_prepare(&super, argv)) {
		log_error("this program cannot find itself: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	while (code < 0) {
		uint64_t start = clock_boot_ms();

		if (super_start(&super))
			super_pause(&super);
		else
			code = super_judge(&super, super_watch(&super), clock_boot_ms() - start);
	}
	free(super.argv);
	return code;
}
