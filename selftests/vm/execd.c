// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * First process of a test machine once it is set up: runs shell commands that
 * the host sends over virtio-serial ports, one at a time on each port, and
 * sends back what they print and how they end.
 *
 * One process serves one port. A command whose client goes away is terminated
 * with its process group. What a command leaves in the background stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include "frame.h"

struct server {
	int port;	/* the virtio-serial port */
	int signals;	/* SIGCHLD, and SIGIO when the host comes or goes */
	int gone;	/* no client: polling the port would return at once */
	int met;	/* the session's client has been seen connected */
	struct frame_buffer in;
	uint32_t session;
	pid_t pid;	/* of the command, or 0 */
	int tty;	/* it runs on a terminal */
	int input, output, error; /* pipes to the command, or -1 */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_pipes(struct server *server)
{
	if (server->input == server->output)
		server->input = -1;
	close_fd(&server->input);
	close_fd(&server->output);
	close_fd(&server->error);
}

/* Ends the command and its process group: asks first, and waits two seconds. */
static void abandon(struct server *server)
{
	int tries;

	close_pipes(server);
	if (!server->pid)
		return;
	kill(-server->pid, SIGTERM);
	for (tries = 0; tries < 200; tries++) {
		if (waitpid(server->pid, NULL, WNOHANG))
			break;
		usleep(10 * 1000);
	}
	kill(-server->pid, SIGKILL);
	if (tries == 200)
		waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

static void run_shell(const char *command)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execl("/bin/bash", "bash", "-c", command, (char *)NULL);
	_exit(127);
}

static void start_on_tty(struct server *server, const char *command)
{
	int fd;

	server->pid = forkpty(&fd, NULL, NULL, NULL);
	if (server->pid == 0)
		run_shell(command);
	server->input = fd;
	server->output = fd;
	server->error = -1;
}

static void child_on_pipes(int in, int out, int err, const char *command)
{
	setsid();
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	run_shell(command);
}

static void start_on_pipes(struct server *server, const char *command)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ||
	    pipe2(err, O_CLOEXEC))
		_exit(1);
	server->pid = fork();
	if (server->pid == 0)
		child_on_pipes(in[0], out[1], err[1], command);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	server->input = in[1];
	server->output = out[0];
	server->error = err[0];
}

/*
 * What a client sends can be here before the news that it has connected: only
 * a client that has been seen can be gone.
 */
static void look_for_client(struct server *server)
{
	struct pollfd port = { .fd = server->port, .events = POLLIN };

	poll(&port, 1, 0);
	server->gone = !!(port.revents & POLLHUP);
	if (!server->gone)
		server->met = 1;
}

static void start(struct server *server, const struct frame_header *header,
		  const char *data)
{
	char command[FRAME_MAX + 1];

	abandon(server);
	memcpy(command, data, header->length);
	command[header->length] = '\0';
	server->session = header->session;
	server->tty = header->type == FRAME_START_TTY;
	server->met = 0;
	look_for_client(server);
	if (server->tty)
		start_on_tty(server, command);
	else
		start_on_pipes(server, command);
}

static void take_input(struct server *server,
		       const struct frame_header *header, const char *data)
{
	size_t done = 0;

	if (header->session != server->session || server->input < 0)
		return;
	if (header->length == 0 && !server->tty)
		close_fd(&server->input);
	while (done < header->length) {
		ssize_t n = write(server->input, data + done,
				  header->length - done);

		if (n <= 0)
			break; /* the command reads no more */
		done += (size_t)n;
	}
}

/* The client has gone or a new one has come: take what it says. */
static void from_port(struct server *server, short events)
{
	const struct frame_header *header;
	const char *data;

	if (events & POLLIN)
		while (frame_fill(&server->in, server->port) > 0) {
			while ((header = frame_next(&server->in, &data))) {
				if (header->type == FRAME_INPUT)
					take_input(server, header, data);
				else
					start(server, header, data);
				frame_drop(&server->in);
			}
		}
	if (events & POLLHUP) {
		server->gone = 1;
		if (server->met) {
			server->in.used = 0;
			server->met = 0;
			abandon(server);
		}
	}
}

/* Returns 0 at the end of what the command prints there. */
static int from_command(struct server *server, int *fd, enum frame_type type)
{
	char data[FRAME_MAX];
	ssize_t n = read(*fd, data, sizeof(data));

	if (n <= 0) {
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (fd == &server->output && server->tty)
			server->input = -1;
		close_fd(fd);
		return 0;
	}
	frame_write(server->port, server->session, type, data, (size_t)n);
	return 1;
}

static void drain(struct server *server, int *fd, enum frame_type type)
{
	if (*fd < 0)
		return;
	fcntl(*fd, F_SETFL, O_NONBLOCK);
	while (from_command(server, fd, type))
		;
}

static void reap(struct server *server)
{
	unsigned char code;
	int status;

	if (!server->pid || waitpid(server->pid, &status, WNOHANG) <= 0)
		return;
	server->pid = 0;
	drain(server, &server->output, FRAME_OUTPUT);
	drain(server, &server->error, FRAME_ERROR);
	close_pipes(server);
	code = WIFEXITED(status) ? (unsigned char)WEXITSTATUS(status) :
				   (unsigned char)(128 + WTERMSIG(status));
	frame_write(server->port, server->session, FRAME_EXIT, &code, 1);
}

static void from_signals(struct server *server)
{
	struct signalfd_siginfo info;

	while (read(server->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGIO && server->gone)
			look_for_client(server);
	reap(server);
}

static int signals_to_fd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Ports are numbered from 1 (0 is a console) on the only device they have. */
static int open_port(int number)
{
	char pattern[64];
	glob_t found;
	int fd = -1;

	snprintf(pattern, sizeof(pattern), "/dev/vport*p%d", number + 1);
	if (glob(pattern, 0, NULL, &found) == 0)
		fd = open(found.gl_pathv[0], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	globfree(&found);
	return fd;
}

static void serve(int number)
{
	struct server server = { .input = -1, .output = -1, .error = -1 };

	server.signals = signals_to_fd();
	server.port = open_port(number);
	if (server.port < 0) {
		fprintf(stderr, "execd: no port %d\n", number);
		_exit(1);
	}
	fcntl(server.port, F_SETOWN, getpid());
	fcntl(server.port, F_SETFL, O_NONBLOCK | O_ASYNC);
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = server.signals, .events = POLLIN },
			{ .fd = server.gone ? -1 : server.port, .events = POLLIN },
			{ .fd = server.output, .events = POLLIN },
			{ .fd = server.error, .events = POLLIN },
		};

		poll(fds, 4, -1);
		if (fds[2].revents && server.output == fds[2].fd)
			from_command(&server, &server.output, FRAME_OUTPUT);
		if (fds[3].revents && server.error == fds[3].fd)
			from_command(&server, &server.error, FRAME_ERROR);
		if (fds[1].revents)
			from_port(&server, fds[1].revents);
		/* Last: a client that comes now must not be taken for gone. */
		if (fds[0].revents)
			from_signals(&server);
	}
}

int main(void)
{
	pid_t servers[FRAME_PORTS], pid;
	int i;

	for (i = 0; i < FRAME_PORTS; i++) {
		servers[i] = fork();
		if (servers[i] == 0)
			serve(i);
	}
	for (;;) {
		pid = wait(NULL);
		for (i = 0; i < FRAME_PORTS; i++)
			if (pid == servers[i])
				reboot(RB_POWER_OFF);
	}
}
