/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The supervising parent: starts the daemon as a child and starts it anew when
 * it asks for that (EXIT_RESTART) or dies. It does nothing else, so that it
 * has no reason to die.
 */
#ifndef SLICED_SUPER_H
#define SLICED_SUPER_H

#define EXIT_RESTART	75

/* Does not return until the child has ended for good: its exit status. */
int super_run(char *const argv[]);

#endif
