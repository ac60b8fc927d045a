/* SPDX-License-Identifier: GPL-2.0-only */
/* Forwarding programs: BPF programs of type sched_cls that belong to a generation. */
#ifndef NETSLICE_PROGRAM_H
#define NETSLICE_PROGRAM_H

#include <linux/skbuff.h>

struct bpf_prog;
struct netlink_ext_ack;

/* Context: process. A reference, or an error pointer. */
struct bpf_prog *netslice_program_get(int fd, struct netlink_ext_ack *extack);
void netslice_program_put(struct bpf_prog *prog);
u32 netslice_program_id(const struct bpf_prog *prog);
/* Context: BH off, RCU. True: the packet goes on (it may have changed); false: drop it. */
bool netslice_program_run(const struct bpf_prog *prog, struct sk_buff *skb);

#endif
