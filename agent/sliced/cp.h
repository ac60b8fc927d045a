/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control plane of a slice on this node: its worker, the routes that it wants,
 * and what becomes of them. The processes belong to workers.h.
 *
 * While this node is CP master what the worker wants is brought into the active
 * generation: as the first generation where there is none, else as edits of what differs.
 * A standby's routes are kept and compared, not applied.
 */
#ifndef SLICED_CP_H
#define SLICED_CP_H

#include <stdbool.h>
#include <stdint.h>

#include "routeset.h"
#include "slice.h"

/* What the worker has told; @routes changes as it goes on. */
struct cp_view {
	bool			running;	/* it has said hello and taken its configuration */
	bool			healthy;	/* it was well once */
	bool			master;		/* as it was told last */
	bool			complete;	/* @routes is all it wants */
	const struct routeset	*routes;
	const char		*why;		/* it has failed: why; else "" */
	int			pid;		/* 0: no process */
	const char		*release;	/* hash of what it runs, "" none */
	const struct definition	*def;		/* as it runs: migrated where its release needs that */
};
void cp_view(const struct slice *slice, struct cp_view *view);

/*
 * Start the worker of a release, instead of the one that runs, with the slice's
 * definition. @def: another definition, NULL for the slice's own. Copied.
 * @done when it has taken its configuration and all its routes are known.
 */
void cp_start(struct slice *slice, const char *release, const struct definition *def,
	      slice_done done, void *arg);
void cp_stop(struct slice *slice, slice_done done, void *arg);
/* Another definition for the worker that runs. */
void cp_load(struct slice *slice, const struct definition *def, slice_done done, void *arg);
void cp_role(struct slice *slice, bool master, uint64_t cp_term, slice_done done, void *arg);
/* One question; -EHOSTDOWN without a worker, -EIO with its text if it says it is not well. */
void cp_health(struct slice *slice, slice_done done, void *arg);
/* Off while an upgrade puts generations in place itself. */
void cp_apply(struct slice *slice, bool on);

/* Each may be NULL. For the upgrade and the backup of the slice. */
struct cp_ops {
	void	(*failed)(void *arg, struct slice *slice, const char *cause);
	/* the worker's own state has changed: first kind of hot backup. @data: text of a JSON object */
	void	(*state)(void *arg, struct slice *slice, bool full, uint64_t seq, uint64_t since,
			 const char *data);
};
/* At most CP_WATCHES on all slices, for as long as the daemon runs. 0 or -ENOMEM. */
#define CP_WATCHES	4
int cp_watch(struct slices *slices, const struct cp_ops *ops, void *arg);
/* The state in full: comes by ops.state before @done. */
void cp_backup(struct slice *slice, slice_done done, void *arg);
void cp_restore(struct slice *slice, bool full, uint64_t seq, const char *data, slice_done done,
		void *arg);

#endif
