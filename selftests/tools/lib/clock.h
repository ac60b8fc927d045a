/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks in nanoseconds, and the bridge from kernel packet stamps to CLOCK_MONOTONIC. */
#ifndef TOOLS_CLOCK_H
#define TOOLS_CLOCK_H

#include <stdint.h>

#define NS_PER_S	1000000000ULL
#define NS_PER_MS	1000000ULL

uint64_t clock_mono(void);
uint64_t clock_real(void);

/*
 * CLOCK_REALTIME minus CLOCK_MONOTONIC. Kernel stamps on received packets are
 * of the former; the narrowest of several brackets is taken, so that being
 * scheduled away between the two readings does no harm.
 */
int64_t clock_real_ahead(void);

/* Sleeps until @when of CLOCK_MONOTONIC. Return: 0, or EINTR when a signal came first. */
int clock_sleep_until(uint64_t when);

#endif
