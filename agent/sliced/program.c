// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a forwarding program may call is listed here, helper by helper: whatever
 * sends a packet elsewhere, finds a socket, runs another program or looks into
 * the kernel is not, since each of these leads out of the slice. The kernel's
 * module drops a packet whose program returns a redirect.
 *
 * The instructions are looked at as they are loaded, with the functions that
 * the main one calls; nothing runs before that.
 */
#include "program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "work.h"

#define PROGRAM_MAPS		16
#define PROGRAM_MAP_BYTES	(64ULL * 1024 * 1024)

static const char *const helper_names[] = {
#define NAME(id) [BPF_FUNC_##id] = #id
	NAME(clone_redirect), NAME(redirect), NAME(redirect_map), NAME(redirect_neigh),
	NAME(redirect_peer), NAME(sk_redirect_map), NAME(msg_redirect_map), NAME(tail_call),
	NAME(sk_assign), NAME(sk_lookup_tcp), NAME(sk_lookup_udp), NAME(skc_lookup_tcp),
	NAME(fib_lookup), NAME(probe_read), NAME(probe_read_kernel), NAME(probe_write_user),
	NAME(trace_printk), NAME(perf_event_output), NAME(skb_vlan_push), NAME(skb_vlan_pop),
	NAME(skb_set_tunnel_key), NAME(skb_change_type), NAME(skb_change_proto),
	NAME(skb_change_head), NAME(skb_change_tail), NAME(skb_adjust_room),
#undef NAME
};

static const unsigned short helpers_allowed[] = {
	BPF_FUNC_map_lookup_elem, BPF_FUNC_map_update_elem, BPF_FUNC_map_delete_elem,
	BPF_FUNC_map_lookup_percpu_elem, BPF_FUNC_for_each_map_elem, BPF_FUNC_loop,
	BPF_FUNC_spin_lock, BPF_FUNC_spin_unlock,
	BPF_FUNC_ktime_get_ns, BPF_FUNC_ktime_get_boot_ns, BPF_FUNC_ktime_get_coarse_ns,
	BPF_FUNC_jiffies64, BPF_FUNC_get_prandom_u32, BPF_FUNC_get_smp_processor_id,
	BPF_FUNC_skb_load_bytes, BPF_FUNC_skb_load_bytes_relative, BPF_FUNC_skb_store_bytes,
	BPF_FUNC_skb_pull_data, BPF_FUNC_l3_csum_replace, BPF_FUNC_l4_csum_replace,
	BPF_FUNC_csum_diff, BPF_FUNC_csum_update, BPF_FUNC_csum_level,
	BPF_FUNC_skb_ecn_set_ce, BPF_FUNC_get_hash_recalc, BPF_FUNC_set_hash_invalid,
	BPF_FUNC_strncmp,
};

static bool helper_allowed(int id)
{
	size_t i;

	for (i = 0; i < sizeof(helpers_allowed) / sizeof(helpers_allowed[0]); i++) {
		if (helpers_allowed[i] == id)
			return true;
	}
	return false;
}

static int refuse_helper(int id, struct nsl_err *err)
{
	const size_t count = sizeof(helper_names) / sizeof(helper_names[0]);

	if (id > 0 && (size_t)id < count && helper_names[id])
		return nsl_err_set(err, EPERM, "the program calls bpf_%s, which could reach beyond "
				   "its slice", helper_names[id]);
	return nsl_err_set(err, EPERM, "the program calls helper %d, which is not among those "
			   "that stay within a slice", id);
}

int program_check(const struct bpf_insn *insns, size_t count, struct nsl_err *err)
{
	const struct bpf_insn *insn;

	for (insn = insns; insn < insns + count; insn++) {
		const unsigned char class = BPF_CLASS(insn->code);

		if ((class != BPF_JMP && class != BPF_JMP32) || BPF_OP(insn->code) != BPF_CALL)
			continue;
		if (insn->src_reg == BPF_PSEUDO_CALL)
			continue;	/* of the program's own functions */
		if (insn->src_reg)
			return nsl_err_set(err, EPERM, "the program calls a function of the kernel");
		if (!helper_allowed(insn->imm))
			return refuse_helper(insn->imm, err);
	}
	return 0;
}

/* --- the object --- */

static bool map_type_allowed(enum bpf_map_type type)
{
	switch (type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
		return true;
	default:
		return false;
	}
}

static int check_map(const struct bpf_map *map, uint64_t *bytes, struct nsl_err *err)
{
	const char *name = bpf_map__name(map);

	if (bpf_map__pin_path(map))
		return nsl_err_set(err, EPERM, "map %s is pinned: others could reach it", name);
	if (!map_type_allowed(bpf_map__type(map)))
		return nsl_err_set(err, EPERM, "map %s: maps of its type are not allowed", name);
	*bytes += (uint64_t)bpf_map__max_entries(map) *
		  ((uint64_t)bpf_map__key_size(map) + bpf_map__value_size(map));
	if (*bytes > PROGRAM_MAP_BYTES)
		return nsl_err_set(err, E2BIG, "the maps hold more than %llu bytes",
				   PROGRAM_MAP_BYTES);
	return 0;
}

static int check_maps(struct bpf_object *obj, struct nsl_err *err)
{
	unsigned int count = 0;
	struct bpf_map *map;
	uint64_t bytes = 0;

	bpf_object__for_each_map(map, obj) {
		if (++count > PROGRAM_MAPS)
			return nsl_err_set(err, E2BIG, "the program has more than %d maps",
					   PROGRAM_MAPS);
		if (check_map(map, &bytes, err))
			return -EPERM;
	}
	return 0;
}

static struct bpf_program *only_program(struct bpf_object *obj, struct nsl_err *err)
{
	struct bpf_program *prog, *found = NULL;

	bpf_object__for_each_program(prog, obj) {
		if (found) {
			nsl_err_set(err, EINVAL, "the object holds several programs");
			return NULL;
		}
		found = prog;
	}
	if (!found)
		nsl_err_set(err, EINVAL, "the object holds no program");
	else if (bpf_program__type(found) == BPF_PROG_TYPE_SCHED_CLS)
		return found;
	else
		nsl_err_set(err, EINVAL, "the program is not of type tc (sched_cls)");
	return NULL;
}

/* The verifier's last words: the line before its statistics. */
static void last_line(char *log, struct nsl_err *err)
{
	char *end = strstr(log, "\nprocessed ");
	char *line;

	if (end)
		*end = '\0';
	while ((end = strrchr(log, '\n')) && !end[1])
		*end = '\0';
	line = end ? end + 1 : log;
	nsl_err_set(err, EACCES, "the kernel refuses the program: %.200s",
		    *line ? line : strerror(errno));
}

static int load_checked(struct bpf_object *obj, struct bpf_program *prog, struct nsl_err *err)
{
	static const size_t log_size = 64 * 1024;
	char *log = calloc(1, log_size);
	int ret;

	if (!log)
		return nsl_err_set(err, ENOMEM, "out of memory");
	bpf_program__set_log_buf(prog, log, log_size);
	ret = bpf_object__load(obj);
	if (ret && log[0])
		last_line(log, err);
	else if (ret)
		nsl_err_set(err, -ret, "the program cannot be loaded: %s", strerror(-ret));
	else
		ret = program_check(bpf_program__insns(prog), bpf_program__insn_cnt(prog), err);
	free(log);
	if (ret)
		return -EACCES;
	ret = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 0);
	return ret < 0 ? nsl_err_set(err, errno, "no descriptor: %s", strerror(errno)) : ret;
}

static int object_load(struct bpf_object *obj, struct nsl_err *err)
{
	struct bpf_program *prog = only_program(obj, err);

	if (!prog || check_maps(obj, err))
		return -EINVAL;
	return load_checked(obj, prog, err);
}

int program_load_wait(const char *path, struct nsl_err *err)
{
	struct bpf_object *obj;
	int ret;

	libbpf_set_print(NULL);
	obj = bpf_object__open_file(path, NULL);
	if (libbpf_get_error(obj))
		return nsl_err_set(err, EINVAL, "not a BPF object: %s", strerror(errno));
	ret = object_load(obj, err);
	bpf_object__close(obj);
	return ret;
}

/* --- in a thread --- */

struct program_job {
	program_done	done;
	void		*arg;
	int		fd;
	struct nsl_err	err;
	char		path[];
};

static void job_run(void *arg)
{
	struct program_job *job = arg;

	job->fd = program_load_wait(job->path, &job->err);
}

static void job_done(void *arg)
{
	struct program_job *job = arg;

	job->done(job->arg, job->fd, job->fd < 0 ? job->err.text : NULL);
	free(job);
}

int program_load(struct work *work, const char *path, program_done done, void *arg)
{
	struct program_job *job = calloc(1, sizeof(*job) + strlen(path) + 1);
	int ret;

	if (!job)
		return -ENOMEM;
	job->done = done;
	job->arg = arg;
	job->fd = nsl_err_set(&job->err, ESHUTDOWN, "this node's daemon stops");
	strcpy(job->path, path);
	ret = work_start(work, job_run, job_done, job);
	if (ret)
		free(job);
	return ret;
}
