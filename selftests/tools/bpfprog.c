// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bpfprog - loads one of a few tiny BPF programs and pins it
 *
 * Their instructions stand here, so that neither a compiler nor a library is
 * needed where they are loaded. They do what a forwarding program may, and what
 * it had better not.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/opt.h"

#define INSN(c, dst, src, o, i) \
	{ .code = (c), .dst_reg = (dst), .src_reg = (src), .off = (o), .imm = (i) }
#define MOV_IMM(dst, i)		INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, i)
#define MOV_REG(dst, src)	INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define ADD_IMM(dst, i)		INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, i)
#define STORE_BYTE(dst, o, i)	INSN(BPF_ST | BPF_MEM | BPF_B, dst, 0, o, i)
#define CALL(f)			INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define RETURN(i)		MOV_IMM(BPF_REG_0, i), INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#define ETH_LEN		14
#define TAG_BE		0x0081	/* 0x8100 in network order, on a little-endian CPU */

#define INSNS(name, ...) static const struct bpf_insn name[] = { __VA_ARGS__ }

INSNS(insns_ok, RETURN(TC_ACT_OK));
INSNS(insns_unspec, RETURN(TC_ACT_UNSPEC));
INSNS(insns_drop, RETURN(TC_ACT_SHOT));
INSNS(insns_redirect, RETURN(TC_ACT_REDIRECT));
INSNS(insns_tag,
	MOV_IMM(BPF_REG_2, TAG_BE), MOV_IMM(BPF_REG_3, 77), CALL(BPF_FUNC_skb_vlan_push),
	RETURN(TC_ACT_OK));
/* A whole header, and less behind it than the header says. */
INSNS(insns_cut,
	MOV_IMM(BPF_REG_2, ETH_LEN + 24), MOV_IMM(BPF_REG_3, 0),
	CALL(BPF_FUNC_skb_change_tail), RETURN(TC_ACT_OK));
/* The IP version, and with it whatever was known of the header. */
INSNS(insns_spoil,
	STORE_BYTE(BPF_REG_10, -8, 0x15), MOV_IMM(BPF_REG_2, ETH_LEN),
	MOV_REG(BPF_REG_3, BPF_REG_10), ADD_IMM(BPF_REG_3, -8), MOV_IMM(BPF_REG_4, 1),
	MOV_IMM(BPF_REG_5, 0), CALL(BPF_FUNC_skb_store_bytes), RETURN(TC_ACT_OK));

static const struct program {
	const char *name;
	enum bpf_prog_type type;
	const struct bpf_insn *insns;
	size_t count;
} programs[] = {
#define PROGRAM(n, t) { #n, t, insns_##n, sizeof(insns_##n) / sizeof(struct bpf_insn) }
	PROGRAM(ok, BPF_PROG_TYPE_SCHED_CLS),
	PROGRAM(unspec, BPF_PROG_TYPE_SCHED_CLS),
	PROGRAM(drop, BPF_PROG_TYPE_SCHED_CLS),
	PROGRAM(redirect, BPF_PROG_TYPE_SCHED_CLS),
	PROGRAM(tag, BPF_PROG_TYPE_SCHED_CLS),
	PROGRAM(cut, BPF_PROG_TYPE_SCHED_CLS),
	PROGRAM(spoil, BPF_PROG_TYPE_SCHED_CLS),
	{ "filter", BPF_PROG_TYPE_SOCKET_FILTER, insns_ok, 2 },
};

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int load(const struct program *p)
{
	static char log[4096];
	union bpf_attr attr = { 0 };
	long fd;

	attr.prog_type = p->type;
	attr.insns = (uintptr_t)p->insns;
	attr.insn_cnt = (uint32_t)p->count;
	attr.license = (uintptr_t)"GPL";
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		die("%s: %s\n%s", p->name, strerror(errno), log);
	return (int)fd;
}

static void pin(int fd, const char *path)
{
	union bpf_attr attr = { 0 };

	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = (uint32_t)fd;
	if (bpf(BPF_OBJ_PIN, &attr))
		die("%s: %s", path, strerror(errno));
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc == 3)
		for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
			if (!strcmp(argv[1], programs[i].name)) {
				pin(load(&programs[i]), argv[2]);
				return 0;
			}
	fprintf(stderr, "usage: bpfprog PROGRAM PATH\n"
		"  ok unspec drop redirect tag cut spoil; filter is of another type\n");
	return 2;
}
