/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The supervising parent: starts the daemon as a child and starts it anew when
 * it asks for that (EXIT_RESTART) or dies. It does nothing else, so that it
 * has no reason to die.
 */
#ifndef SLICED_SUPER_H
#define SLICED_SUPER_H

#define EXIT_RESTART	75

/* What the child is started with, after the parent's own arguments. */
#define SUPER_CHILD	"--supervised"

/* Returns when the child has ended for good: the exit status. */
int super_run(char *const argv[]);

#endif
