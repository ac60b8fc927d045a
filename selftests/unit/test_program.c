// SPDX-License-Identifier: GPL-2.0-or-later
/* link: agent/sliced/program.c agent/sliced/work.c agent/sliced/mailbox.c agent/lib/err.c */
/* What a forwarding program may call. Loading one takes a kernel: selftests/net/releases.sh. */
#include <check.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "sliced/program.h"

#define CALL(src, id)	{ .code = BPF_JMP | BPF_CALL, .src_reg = (src), .imm = (id) }
#define EXIT		{ .code = BPF_JMP | BPF_EXIT }
/* Its second half holds any number: it is no instruction of its own. */
#define LOAD(value)	{ .code = BPF_LD | BPF_DW | BPF_IMM, .imm = (value) }, { .imm = 0 }

static int check(const struct bpf_insn *insns, size_t count, struct nsl_err *err)
{
	memset(err, 0, sizeof(*err));
	return program_check(insns, count, err);
}

static const int allowed[] = {
	BPF_FUNC_map_lookup_elem, BPF_FUNC_skb_store_bytes, BPF_FUNC_l3_csum_replace,
	BPF_FUNC_ktime_get_ns,
};

START_TEST(test_allowed)
{
	const struct bpf_insn insns[] = { LOAD(BPF_FUNC_redirect), CALL(0, allowed[_i]), EXIT };
	struct nsl_err err;

	ck_assert_msg(!check(insns, 4, &err), "%s", err.text);
}
END_TEST

static const struct {
	int id;
	const char *says;
} refused[] = {
	{ BPF_FUNC_redirect, "bpf_redirect" },
	{ BPF_FUNC_clone_redirect, "bpf_clone_redirect" },
	{ BPF_FUNC_redirect_neigh, "bpf_redirect_neigh" },
	{ BPF_FUNC_redirect_peer, "bpf_redirect_peer" },
	{ BPF_FUNC_tail_call, "bpf_tail_call" },
	{ BPF_FUNC_sk_lookup_udp, "bpf_sk_lookup_udp" },
	{ BPF_FUNC_probe_read_kernel, "bpf_probe_read_kernel" },
	{ BPF_FUNC_fib_lookup, "bpf_fib_lookup" },
	{ 0, "helper 0" },
	{ -1, "helper -1" },
	{ 9999, "helper 9999" },
};

START_TEST(test_refused)
{
	const struct bpf_insn insns[] = {
		CALL(0, BPF_FUNC_map_lookup_elem), EXIT, CALL(0, refused[_i].id), EXIT
	};
	struct nsl_err err;

	ck_assert_int_eq(check(insns, 4, &err), -EPERM);
	ck_assert_msg(strstr(err.text, refused[_i].says), "%s", err.text);
}
END_TEST

START_TEST(test_kinds_of_call)
{
	const struct bpf_insn own[] = { CALL(BPF_PSEUDO_CALL, BPF_FUNC_redirect), EXIT };
	const struct bpf_insn kernel[] = { CALL(BPF_PSEUDO_KFUNC_CALL, 1), EXIT };
	struct nsl_err err;

	ck_assert_int_eq(check(own, 2, &err), 0);
	ck_assert_int_eq(check(kernel, 2, &err), -EPERM);
}
END_TEST

/* Neither is there anything to load. */
START_TEST(test_no_object)
{
	char path[] = "/tmp/netslice-program-XXXXXX";
	struct nsl_err err = { 0 };
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, "not an ELF file", 15), 15);
	close(fd);
	ck_assert_int_lt(program_load_wait(path, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "not a BPF object"));
	unlink(path);
	ck_assert_int_lt(program_load_wait(path, &err), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("program");
	TCase *tc = tcase_create("program");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, test_allowed, 0, (int)(sizeof(allowed) / sizeof(allowed[0])));
	tcase_add_loop_test(tc, test_refused, 0, (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(tc, test_kinds_of_call);
	tcase_add_test(tc, test_no_object);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
