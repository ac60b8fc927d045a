/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Those who watch an upgrade; the rest of history.c stands in run.h. */
#ifndef SLICED_HISTORY_H
#define SLICED_HISTORY_H

struct ctl_req;
struct upgrade;

/* What has been, then what comes; the upgrade as a whole at its end. */
void watch_begin(struct upgrade *up, struct ctl_req *req);

#endif
