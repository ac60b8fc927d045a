/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making and ending the control socket, and the foundation's own commands: for main.c. */
#ifndef SLICED_CTL_INT_H
#define SLICED_CTL_INT_H

struct ctl;
struct event_base;
struct nsl_err;
struct sliced;

struct ctl *ctl_open(struct event_base *base, const char *run_dir, struct nsl_err *err);
/* The loop has ended: clients are left. */
void ctl_stop(struct ctl *ctl);
void ctl_close(struct ctl *ctl);

int ctl_node_init(struct sliced *sliced, struct nsl_err *err);
int ctl_peer_init(struct sliced *sliced, struct nsl_err *err);

#endif
