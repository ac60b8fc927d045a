/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between cp.c and cp_routes.c. */
#ifndef SLICED_CP_INT_H
#define SLICED_CP_INT_H

#include "cp.h"
#include "workers.h"

struct cp_ask;
struct cp_note;
struct event;

struct cp {
	struct slice		*slice;
	struct worker		*worker;
	char			release[SLICE_HASH_LEN + 1];
	struct definition	*def;		/* what it runs */
	struct routeset		*routes;
	struct routeset		*coming;	/* a full set, not yet ended */
	bool			loaded;
	bool			complete;
	bool			had_all;	/* it has told all its routes once */
	bool			healthy;
	bool			failed;
	char			why[SLICE_WHY_LEN];
	bool			master;		/* what it is told, also when it is started again */
	uint64_t		cp_term;
	slice_done		start_done;	/* cp_start or cp_load under way */
	void			*start_arg;
	struct cp_ask		*asks;
	struct cp_note		*notes;		/* ends that come from the loop */
	struct event		*later;
	/* routes into the kernel */
	bool			apply;
	bool			busy;
	bool			again;
	struct event		*retry;
};

struct cp *cp_get(struct slice *slice);
void cp_start_failed(struct cp *cp);
/* From the loop: the start has failed. */
void cp_later(struct cp *cp);
/* From the loop: done, or there is no worker. */
void cp_ended(struct cp *cp, slice_done done, void *arg);
void cp_absent(struct cp *cp, slice_done done, void *arg);
void cp_later_free(struct cp *cp);

#endif
