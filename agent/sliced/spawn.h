/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts a worker's process, confined: unprivileged user, no new privileges,
 * limits, its own process group, a cleared environment, no descriptors but its
 * socket. It dies with the daemon. Waits: for work threads.
 */
#ifndef SLICED_SPAWN_H
#define SLICED_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

#include "manifest.h"

struct nsl_err;

#define SPAWN_SOCKET	3	/* the worker's end */

struct spawn {
	/* in */
	char		*dir;		/* of the release: where it runs */
	struct manifest_file file;	/* the program in it, and the hash it must have */
	char		slice[16];
	uid_t		uid;		/* 0: as the daemon itself */
	gid_t		gid;
	uint64_t	memory;		/* bytes, 0: no limit */
	/* out */
	pid_t		pid;
	int		pid_fd;
	int		socket;		/* non-blocking */
	int		log;		/* its standard error, non-blocking */
};

int spawn_run(struct spawn *s, struct nsl_err *err);

#endif
