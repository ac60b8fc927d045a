// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"

static int write_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);

		if (n > 0) {
			data += n;
			length -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			poll(&p, 1, 1000);
			if (p.revents & POLLHUP) {
				errno = EPIPE;
				return -1;
			}
		} else if (n == 0 || errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

int frame_write(int fd, uint32_t session, enum frame_type type,
		const void *data, size_t length)
{
	struct frame_header header = {
		.magic = FRAME_MAGIC,
		.session = session,
		.type = type,
		.length = (uint32_t)length,
	};
	char frame[sizeof(header) + FRAME_MAX];

	if (length > FRAME_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(frame, &header, sizeof(header));
	if (length)
		memcpy(frame + sizeof(header), data, length);
	return write_all(fd, frame, sizeof(header) + length);
}

long frame_fill(struct frame_buffer *buffer, int fd)
{
	ssize_t n = read(fd, buffer->data + buffer->used,
			 sizeof(buffer->data) - buffer->used);

	if (n > 0)
		buffer->used += (size_t)n;
	return n;
}

static void discard(struct frame_buffer *buffer, size_t length)
{
	buffer->used -= length;
	memmove(buffer->data, buffer->data + length, buffer->used);
}

const struct frame_header *frame_next(struct frame_buffer *buffer,
				      const char **data)
{
	static struct frame_header header;

	while (buffer->used >= sizeof(header)) {
		memcpy(&header, buffer->data, sizeof(header));
		if (header.magic != FRAME_MAGIC || header.length > FRAME_MAX) {
			discard(buffer, 1); /* left by a session cut short */
			continue;
		}
		if (buffer->used < sizeof(header) + header.length)
			return NULL;
		*data = buffer->data + sizeof(header);
		return &header;
	}
	return NULL;
}

void frame_drop(struct frame_buffer *buffer)
{
	struct frame_header header;

	memcpy(&header, buffer->data, sizeof(header));
	discard(buffer, sizeof(header) + header.length);
}
