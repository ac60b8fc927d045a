/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forwarding programs: reads a BPF object of a release, refuses what could
 * reach beyond its slice, loads it. The one file that knows libbpf.
 */
#ifndef SLICED_PROGRAM_H
#define SLICED_PROGRAM_H

#include <stddef.h>

struct bpf_insn;
struct nsl_err;
struct work;

/*
 * The file descriptor for NETSLICE_A_PROG_FD, or a negative errno with @why.
 * The callback owns the descriptor: close it once the generation has it.
 */
typedef void (*program_done)(void *arg, int fd, const char *why);
/* In a work thread, since verification may take long. 0: @done will come; else it will not. */
int program_load(struct work *work, const char *path, program_done done, void *arg);

/* The same, waiting. */
int program_load_wait(const char *path, struct nsl_err *err);
/* Pure: may these instructions run in a slice? 0 or -EPERM with the helper's name. */
int program_check(const struct bpf_insn *insns, size_t count, struct nsl_err *err);

#endif
