/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between move.c and evidence.c. */
#ifndef SLICED_MOVE_INT_H
#define SLICED_MOVE_INT_H

#include "handover.h"
#include "kern.h"
#include "run.h"

struct event;

struct move {
	struct run		*run;
	struct handover		h;
	bool			started;
	int			state;		/* to go on from, while it is being prepared */
	struct event		*repeat;
	struct event		*limit;
	struct event		*poll;
	bool			reading;
	bool			again;
	uint64_t		marked_ms;	/* the trail marker was seen; 0: not yet */
	uint64_t		vmac_rx;	/* then */
	uint64_t		idle_ms;	/* since when nothing came */
	uint64_t		listen_ms;	/* since when it listens; 0: it does not */
	uint32_t		listen_boot_ms;
	uint64_t		cp_from_ms;	/* clocks of the two switches */
	uint64_t		fp_from_ms;
	unsigned int		serial;
};

/* An operation that will answer to this machine and to no later one. */
struct op {
	struct run	*run;
	unsigned int	serial;
	bool		master;
	uint64_t	cp_term;
};

struct op *op_new(struct move *m);
/* Frees it. NULL: the machine is gone. */
struct move *op_take(struct op *op);
struct kern *move_kern(const struct move *m);

/* Reads the ports, and again while the machine waits for evidence: evidence.c. */
void move_look(struct move *m);

#endif
