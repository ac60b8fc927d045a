// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forwarding programs: BPF programs of type sched_cls that belong to a generation.
 *
 * A program sees the packet as a tc program does at ingress, Ethernet header
 * first. OK and UNSPEC let it go on, any other code drops it, REDIRECT among them:
 * a program has no way to another slice by its return code. Helpers that send by
 * themselves (clone_redirect) cannot be seen here once the program is compiled;
 * whoever loads a release's program refuses them before.
 */
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>

#include "compat.h"
#include "program.h"

/**
 * netslice_program_get() - take a program by its file descriptor
 * @fd: of the caller
 * @extack: says why not
 *
 * Context: process.
 * Return: the program with a reference, or an error pointer.
 */
struct bpf_prog *netslice_program_get(int fd, struct netlink_ext_ack *extack)
{
	struct bpf_prog *prog = bpf_prog_get_type_dev(fd, BPF_PROG_TYPE_SCHED_CLS, false);

	if (IS_ERR(prog)) {
		NL_SET_ERR_MSG(extack, "not a BPF program of type sched_cls for this host's CPU");
		return prog;
	}
	if (bpf_prog_is_dev_bound(prog->aux)) {
		NL_SET_ERR_MSG(extack, "the program is bound to a device");
		bpf_prog_put(prog);
		return ERR_PTR(-EINVAL);
	}
	return prog;
}

/**
 * netslice_program_put() - give a program back
 * @prog: may be NULL
 *
 * Context: process.
 */
void netslice_program_put(struct bpf_prog *prog)
{
	if (prog)
		bpf_prog_put(prog);
}

/**
 * netslice_program_id() - the number that user space knows a program by
 * @prog: may be NULL
 *
 * Context: any.
 * Return: the id, 0 for none.
 */
u32 netslice_program_id(const struct bpf_prog *prog)
{
	return prog ? prog->aux->id : 0;
}

/**
 * netslice_program_run() - run a program on a packet
 * @prog: the program
 * @skb: the packet, data at its network header, Ethernet header before it
 *
 * Afterwards nothing that was known of the headers holds.
 *
 * Context: BH off, RCU.
 * Return: true: the packet goes on; false: drop it.
 */
bool netslice_program_run(const struct bpf_prog *prog, struct sk_buff *skb)
{
	struct netslice_compat_bpf_context context;
	u32 code;

	skb_reset_mac_len(skb);
	__skb_push(skb, skb->mac_len);
	netslice_compat_bpf_begin(&context);
	bpf_compute_data_pointers(skb);
	code = bpf_prog_run_clear_cb(prog, skb);
	netslice_compat_bpf_end(&context);
	if (!pskb_may_pull(skb, skb->mac_len))
		return false;
	__skb_pull(skb, skb->mac_len);
	skb_reset_network_header(skb);
	/* A tag would lead out of the port's own LAN. */
	if (skb_vlan_tag_present(skb))
		return false;
	return code == TC_ACT_OK || code == (u32)TC_ACT_UNSPEC;
}
