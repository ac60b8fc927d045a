/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs that would make the loop wait: reading, hashing and unpacking files.
 * @run is called in a thread of its own and touches nothing but @arg; @done
 * is called on the loop afterwards. Jobs start in the order given, two at once.
 */
#ifndef SLICED_WORK_H
#define SLICED_WORK_H

struct event_base;
struct work;

struct work *work_new(struct event_base *base);
/* The loop has ended: waits for the jobs that run; calls @done of every job, run or not. Later jobs are refused. */
void work_stop(struct work *work);
void work_free(struct work *work);
/* 0, -ENOMEM or -ESHUTDOWN: then neither function is called. */
int work_start(struct work *work, void (*run)(void *arg), void (*done)(void *arg), void *arg);

#endif
