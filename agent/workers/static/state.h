/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the worker knows beside its configuration: how often it was given one,
 * which, and how long it was master. It outlives the process, and the node, by
 * the hot backup.
 */
#ifndef STATIC_STATE_H
#define STATIC_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nsl_err;
struct nsl_json;

void state_loaded(const char *config, size_t routes);
void state_became(bool master);
/* Time has passed: a change, if it is worth one, or @at_once. */
void state_tick(bool at_once);
/* Says what has changed since it was said last. Only a master says. */
void state_say(void);
void state_say_full(uint64_t id);
int state_restore(const struct nsl_json *data, bool full, uint64_t seq, struct nsl_err *err);

#endif
