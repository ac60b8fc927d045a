// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a shell command in a test machine; prints what it prints and ends as
 * it ends.
 *
 *   vmexec [-i] [-t] DIRECTORY COMMAND
 *
 * DIRECTORY is the machine's, with the sockets of its virtio-serial ports.
 * -i passes standard input on, -t runs the command on a terminal. Status 255
 * means that the machine is gone (or the command itself ended with 255).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "frame.h"

#define GONE 255

static struct termios saved_terminal;
static int terminal_is_raw;

static void restore_terminal(void)
{
	if (terminal_is_raw)
		tcsetattr(0, TCSANOW, &saved_terminal);
}

static void make_terminal_raw(void)
{
	struct termios raw;

	if (tcgetattr(0, &saved_terminal))
		return;
	raw = saved_terminal;
	cfmakeraw(&raw);
	terminal_is_raw = 1;
	atexit(restore_terminal);
	tcsetattr(0, TCSANOW, &raw);
}

/* The socket names are short because the program goes to their directory. */
static int connect_port(int number)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "ctl.%d", number);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A port has one client at a time: its lock is held until this process ends. */
static int lock_port(int number)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "ctl.%d.lock", number);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_port(void)
{
	int i;

	for (;;) {
		for (i = 0; i < FRAME_PORTS; i++)
			if (lock_port(i) >= 0)
				return connect_port(i);
		usleep(50 * 1000); /* all busy */
	}
}

static int take(const struct frame_header *header, const char *data)
{
	switch (header->type) {
	case FRAME_OUTPUT:
	case FRAME_ERROR:
		if (write(header->type == FRAME_OUTPUT ? 1 : 2, data,
			  header->length) < 0)
			exit(GONE);
		break;
	case FRAME_EXIT:
		exit((unsigned char)data[0]);
	}
	return 0;
}

static void from_guest(struct frame_buffer *buffer, int fd, uint32_t session)
{
	const struct frame_header *header;
	const char *data;

	if (frame_fill(buffer, fd) <= 0) {
		fprintf(stderr, "vmexec: the machine is gone\n");
		exit(GONE);
	}
	while ((header = frame_next(buffer, &data))) {
		if (header->session == session)
			take(header, data);
		frame_drop(buffer);
	}
}

/* Returns 0 at the end of the input. */
static int from_input(int fd, uint32_t session)
{
	char data[FRAME_MAX];
	ssize_t n = read(0, data, sizeof(data));

	if (n < 0)
		n = 0;
	if (frame_write(fd, session, FRAME_INPUT, data, (size_t)n))
		exit(GONE);
	return n > 0;
}

static void converse(int fd, uint32_t session, int with_input)
{
	static struct frame_buffer buffer;

	if (!with_input)
		frame_write(fd, session, FRAME_INPUT, NULL, 0);
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = with_input ? 0 : -1, .events = POLLIN },
		};

		poll(fds, 2, -1);
		if (fds[0].revents)
			from_guest(&buffer, fd, session);
		if (fds[1].revents)
			with_input = from_input(fd, session);
	}
}

static void usage(void)
{
	fprintf(stderr, "usage: vmexec [-i] [-t] DIRECTORY COMMAND\n");
	exit(1);
}

int main(int argc, char **argv)
{
	int option, input = 0, tty = 0, fd;
	uint32_t session = 0;

	while ((option = getopt(argc, argv, "it")) != -1) {
		if (option == '?')
			usage();
		input = 1;
		tty |= option == 't';
	}
	if (argc - optind != 2)
		usage();
	if (chdir(argv[optind])) {
		perror(argv[optind]);
		return GONE;
	}
	fd = open_port();
	if (fd < 0) {
		fprintf(stderr, "vmexec: %s: the machine does not run\n",
			argv[optind]);
		return GONE;
	}
	if (getrandom(&session, sizeof(session), 0) < 0)
		return GONE;
	if (tty)
		make_terminal_raw();
	if (frame_write(fd, session, tty ? FRAME_START_TTY : FRAME_START,
			argv[optind + 1], strlen(argv[optind + 1]))) {
		perror("vmexec");
		return GONE;
	}
	converse(fd, session, input);
}
