// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Between fork and exec only system calls are made: the daemon has threads, and
 * what they had locked stays locked in the child. The user is changed by system
 * calls too, since libc's functions would look for the threads.
 *
 * The program is started by its name relative to the release's directory, where
 * the child already is: the state directory is closed to its user.
 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bundle.h"
#include "lib/err.h"

#define SPAWN_FIRST	16	/* descriptors above the ones that are given */
#define SPAWN_FILES	64

/* What the child says when it cannot start. */
struct spawn_word {
	int	step;
	int	error;
};

static const char *const step_names[] = {
	"descriptors", "directory", "limits", "user", "privileges", "program",
};
enum { STEP_FDS, STEP_DIR, STEP_LIMITS, STEP_USER, STEP_PRIVILEGES, STEP_EXEC };

struct spawn_pipes {
	int	socket[2];
	int	log[2];
	int	word[2];	/* closed by a successful exec */
	int	null;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void pipes_close(struct spawn_pipes *p)
{
	close_fd(&p->socket[0]);
	close_fd(&p->socket[1]);
	close_fd(&p->log[0]);
	close_fd(&p->log[1]);
	close_fd(&p->word[0]);
	close_fd(&p->word[1]);
	close_fd(&p->null);
}

/* All above those that the child is given, so that none is in another's way. */
static int lift(int *fd)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, SPAWN_FIRST);

	if (high < 0)
		return -1;
	close(*fd);
	*fd = high;
	return 0;
}

static int pipes_open(struct spawn_pipes *p)
{
	memset(p, -1, sizeof(*p));
	p->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (p->null < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p->socket) ||
	    pipe2(p->log, O_CLOEXEC) || pipe2(p->word, O_CLOEXEC))
		return -1;
	if (lift(&p->null) || lift(&p->socket[1]) || lift(&p->log[1]) || lift(&p->word[1]))
		return -1;
	if (fcntl(p->socket[0], F_SETFL, O_NONBLOCK) || fcntl(p->log[0], F_SETFL, O_NONBLOCK))
		return -1;
	return 0;
}

/* --- the child --- */

static void child_fail(int fd, int step)
{
	const struct spawn_word word = { .step = step, .error = errno };
	ssize_t done = write(fd, &word, sizeof(word));

	_exit(done < 0 ? 126 : 127);
}

static int child_fds(const struct spawn_pipes *p, int *word)
{
	if (dup2(p->null, 0) < 0 || dup2(p->null, 1) < 0 || dup2(p->log[1], 2) < 0 ||
	    dup2(p->socket[1], SPAWN_SOCKET) < 0)
		return -1;
	if (dup3(p->word[1], SPAWN_SOCKET + 1, O_CLOEXEC) < 0)
		return -1;
	*word = SPAWN_SOCKET + 1;
	return (int)syscall(SYS_close_range, SPAWN_SOCKET + 2, ~0U, 0);
}

static void child_signals(void)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		sigaction(sig, &by_default, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int child_limit(int what, uint64_t most)
{
	const struct rlimit limit = { .rlim_cur = most, .rlim_max = most };

	return setrlimit(what, &limit);
}

static int child_limits(const struct spawn *s)
{
	if (child_limit(RLIMIT_CORE, 0) || child_limit(RLIMIT_FSIZE, 0) ||
	    child_limit(RLIMIT_NOFILE, SPAWN_FILES) || child_limit(RLIMIT_MEMLOCK, 0))
		return -1;
	return s->memory ? child_limit(RLIMIT_DATA, s->memory) : 0;
}

static int child_user(const struct spawn *s)
{
	if (!s->uid)
		return 0;
	if (syscall(SYS_setgroups, 0, NULL) ||
	    syscall(SYS_setresgid, s->gid, s->gid, s->gid) ||
	    syscall(SYS_setresuid, s->uid, s->uid, s->uid))
		return -1;
	return 0;
}

static void child_run(const struct spawn *s, const struct spawn_pipes *p, char *const argv[],
		      char *const envp[], pid_t parent)
{
	int word = p->word[1];

	setpgid(0, 0);
	child_signals();
	umask(022);
	if (child_fds(p, &word))
		child_fail(word, STEP_FDS);
	if (chdir(s->dir))
		child_fail(word, STEP_DIR);
	if (child_limits(s))
		child_fail(word, STEP_LIMITS);
	if (child_user(s))
		child_fail(word, STEP_USER);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL))
		child_fail(word, STEP_PRIVILEGES);
	if (getppid() != parent)
		_exit(126);
	execve(argv[0], argv, envp);
	child_fail(word, STEP_EXEC);
}

/* --- the daemon --- */

static void child_kill(struct spawn *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

/* Until the program runs, or the child has said why not. */
static int child_wait(struct spawn *s, struct spawn_pipes *p, struct nsl_err *err)
{
	struct spawn_word word;
	ssize_t got;

	close_fd(&p->word[1]);
	do {
		got = read(p->word[0], &word, sizeof(word));
	} while (got < 0 && errno == EINTR);
	if (!got)
		return 0;
	child_kill(s);
	if (got != (ssize_t)sizeof(word) || word.step < 0 || word.step > STEP_EXEC)
		return nsl_err_set(err, EIO, "the worker's process did not start");
	return nsl_err_set(err, word.error, "the worker cannot be run: %s: %s",
			   step_names[word.step], strerror(word.error));
}

static int child_fork(struct spawn *s, struct spawn_pipes *p, struct nsl_err *err)
{
	char program[MANIFEST_PATH_LEN + 2], slice[64];
	char *argv[] = { program, NULL };
	char *envp[] = { (char *)"PATH=/usr/bin:/bin", (char *)"LANG=C", slice, NULL };
	pid_t parent = getpid();

	snprintf(program, sizeof(program), "./%s", s->file.path);
	snprintf(slice, sizeof(slice), "NETSLICE_SLICE=%s", s->slice);
	s->pid = fork();
	if (!s->pid)
		child_run(s, p, argv, envp, parent);
	if (s->pid < 0) {
		s->pid = 0;
		return nsl_err_set(err, errno, "no new process: %s", strerror(errno));
	}
	return child_wait(s, p, err);
}

static int child_watch(struct spawn *s, struct nsl_err *err)
{
	s->pid_fd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	if (s->pid_fd >= 0)
		return 0;
	nsl_err_set(err, errno, "the worker's process cannot be watched: %s", strerror(errno));
	child_kill(s);
	return -EIO;
}

static int check_program(const struct spawn *s, struct nsl_err *err)
{
	char *path;
	int ret;

	if (asprintf(&path, "%s/%s", s->dir, s->file.path) < 0)
		return nsl_err_set(err, ENOMEM, "out of memory");
	ret = bundle_check_file(path, s->file.hash, err);
	free(path);
	return ret;
}

/**
 * spawn_run - start a worker's process
 * @s: what, and where what comes of it is put
 * @err: why not
 *
 * Context: a work thread that lives as long as the daemon: the child dies with it.
 * Return: 0 or a negative errno.
 */
int spawn_run(struct spawn *s, struct nsl_err *err)
{
	struct spawn_pipes p;
	int ret;

	s->pid = 0;
	s->pid_fd = s->socket = s->log = -1;
	if (check_program(s, err))
		return -EINVAL;
	ret = pipes_open(&p) ? nsl_err_set(err, errno, "no descriptors: %s", strerror(errno)) : 0;
	if (!ret)
		ret = child_fork(s, &p, err);
	if (!ret)
		ret = child_watch(s, err);
	if (!ret) {
		s->socket = p.socket[0];
		s->log = p.log[0];
		p.socket[0] = p.log[0] = -1;
	}
	pipes_close(&p);
	return ret;
}
