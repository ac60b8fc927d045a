/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Releases between nodes: what fetch.c, which asks, and serve.c have in common. */
#ifndef SLICED_FETCH_H
#define SLICED_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "manifest.h"

#define FETCH_HEAD_LEN	48
#define FETCH_CHUNK	(192U * 1024)	/* of data: several fit into the window */

enum {
	FETCH_END = 1,		/* of the file */
	FETCH_LAST = 2,		/* of the release */
	FETCH_FAILED = 4,
	FETCH_FLAGS = 7,
};

struct fetch_head {
	char		hash[MANIFEST_HASH_LEN + 1];
	uint32_t	file;
	uint32_t	flags;
	uint64_t	offset;
};

void fetch_put_head(uint8_t out[FETCH_HEAD_LEN], const struct fetch_head *head);
/* 0, or -EPROTO */
int fetch_get_head(const uint8_t *in, size_t len, struct fetch_head *head);

struct peer_msg;
/* The other node needs a release. @arg: struct releases. */
void serve_asked(void *arg, const struct peer_msg *msg);

#endif
