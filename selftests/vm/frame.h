/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vmexec (on the host) and execd (in a test machine) say to each other
 * over a virtio-serial port: frames, each with the session it belongs to, so
 * that what an earlier, broken session left in a pipe is told apart.
 */
#ifndef NETSLICE_VM_FRAME_H
#define NETSLICE_VM_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_MAGIC 0x4e534c43u
#define FRAME_MAX 16384u
#define FRAME_PORTS 12 /* sessions at the same time */

enum frame_type {
	FRAME_START = 1,	/* to the guest: run this shell command */
	FRAME_START_TTY,	/* the same, on a terminal */
	FRAME_INPUT,		/* to the guest: standard input, empty = its end */
	FRAME_OUTPUT,		/* to the host */
	FRAME_ERROR,		/* to the host: standard error */
	FRAME_EXIT,		/* to the host: one byte, the exit status */
};

struct frame_header {
	uint32_t magic;
	uint32_t session;
	uint32_t type;
	uint32_t length;
};

struct frame_buffer {
	size_t used;
	char data[sizeof(struct frame_header) + FRAME_MAX];
};

/* Writes a whole frame to a blocking descriptor; 0, or -1 with errno. */
int frame_write(int fd, uint32_t session, enum frame_type type,
		const void *data, size_t length);

/*
 * Reads once into the buffer. Returns what read() does.
 */
long frame_fill(struct frame_buffer *buffer, int fd);

/*
 * The first whole frame of the buffer, or NULL; *data is its content, which
 * stays until frame_drop().
 */
const struct frame_header *frame_next(struct frame_buffer *buffer,
				      const char **data);
void frame_drop(struct frame_buffer *buffer);

#endif
