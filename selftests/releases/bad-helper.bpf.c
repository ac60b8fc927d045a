// SPDX-License-Identifier: GPL-2.0-or-later
/* A forwarding program that would send copies into another slice: refused. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

SEC("tc")
int forward(struct __sk_buff *skb)
{
	bpf_clone_redirect(skb, 1, 0);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
