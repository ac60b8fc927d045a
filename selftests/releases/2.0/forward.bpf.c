// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The forwarding program of release 2.0: counts packets and bytes by family, and
 * marks them with DSCP AF41, where everybody on the way can see it. ECN stays as
 * it is: senders talk with each other by it.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define DSCP_AF41	34
#define ECN_MASK	3

struct count {
	__u64 packets;
	__u64 bytes;
};

/* 0: IPv4, 1: IPv6 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct count);
} counts SEC(".maps");

static void count(struct __sk_buff *skb, __u32 family)
{
	struct count *c = bpf_map_lookup_elem(&counts, &family);

	if (!c)
		return;
	c->packets++;
	c->bytes += skb->len - ETH_HLEN;
}

static void mark4(struct __sk_buff *skb)
{
	__u8 head[2], tos;
	int err;

	/* version and length stand in the same 16 bits of the checksum */
	if (bpf_skb_load_bytes(skb, ETH_HLEN, head, sizeof(head)))
		return;
	tos = DSCP_AF41 << 2 | (head[1] & ECN_MASK);
	if (tos == head[1])
		return;
	err = bpf_l3_csum_replace(skb, ETH_HLEN + offsetof(struct iphdr, check),
				  bpf_htons(head[0] << 8 | head[1]), bpf_htons(head[0] << 8 | tos),
				  sizeof(__u16));
	if (!err)
		bpf_skb_store_bytes(skb, ETH_HLEN + offsetof(struct iphdr, tos), &tos,
				    sizeof(tos), 0);
}

/* Version, traffic class and flow label: the class is bits 4 to 11. No checksum covers it. */
static void mark6(struct __sk_buff *skb)
{
	__u8 head[2];

	if (bpf_skb_load_bytes(skb, ETH_HLEN, head, sizeof(head)))
		return;
	head[0] = (head[0] & 0xf0) | DSCP_AF41 >> 2;
	head[1] = (DSCP_AF41 & 3) << 6 | (head[1] & 0x3f);
	bpf_skb_store_bytes(skb, ETH_HLEN, head, sizeof(head), 0);
}

SEC("tc")
int forward(struct __sk_buff *skb)
{
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		count(skb, 0);
		mark4(skb);
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		count(skb, 1);
		mark6(skb);
	}
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
