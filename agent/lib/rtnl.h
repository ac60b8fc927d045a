/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink, as much as netslice needs: links, VRFs, addresses, the default
 * routes of a VRF, neighbours. Synchronous: the daemon calls it from a work
 * thread, and one struct nsl_rtnl serves one thread at a time.
 */
#ifndef NSL_RTNL_H
#define NSL_RTNL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define NSL_ALIAS_LEN	64

/* Worst metrics of a VRF's table: the slice device, and beneath it the end. */
#define NSL_METRIC_SLICE	4278198271U
#define NSL_METRIC_UNREACHABLE	4278198272U

struct nsl_rtnl;

int nsl_rtnl_open(struct nsl_rtnl **rt, const char *netns, struct nsl_err *err);
void nsl_rtnl_close(struct nsl_rtnl *rt);

/**
 * struct nsl_link - a net device
 * @ifindex: its index
 * @name: its name
 * @kind: of a virtual device: "vrf", "netslice", "vlan"; else ""
 * @alias: what `ip link set alias` set
 * @master: ifindex of what it is a member of, 0 for nothing
 * @table: of a VRF
 * @mtu: its MTU
 * @mac: its address
 * @mac_len: 6 where it has one
 * @up: administratively up
 * @running: up and with carrier
 */
struct nsl_link {
	int ifindex;
	char name[IFNAMSIZ];
	char kind[32];
	char alias[NSL_ALIAS_LEN];
	int master;
	uint32_t table;
	uint32_t mtu;
	uint8_t mac[6];
	uint8_t mac_len;
	bool up;
	bool running;
};

typedef void (*nsl_link_fn)(const struct nsl_link *l, void *ctx);

int nsl_link_by_name(struct nsl_rtnl *rt, const char *name, struct nsl_link *l,
		     struct nsl_err *err);
int nsl_link_by_index(struct nsl_rtnl *rt, int ifindex, struct nsl_link *l,
		      struct nsl_err *err);
int nsl_link_each(struct nsl_rtnl *rt, nsl_link_fn fn, void *ctx, struct nsl_err *err);
int nsl_link_up(struct nsl_rtnl *rt, int ifindex, bool up, struct nsl_err *err);
int nsl_link_enslave(struct nsl_rtnl *rt, int ifindex, int master, struct nsl_err *err);
int nsl_link_del(struct nsl_rtnl *rt, int ifindex, struct nsl_err *err);
int nsl_vrf_add(struct nsl_rtnl *rt, const char *name, uint32_t table, const char *alias,
		struct nsl_err *err);
int nsl_vrf_free_table(struct nsl_rtnl *rt, uint32_t *table, struct nsl_err *err);

/* Addresses. @len is 4 or 16; no duplicate address detection is done. */
int nsl_addr_add(struct nsl_rtnl *rt, int ifindex, const void *addr, size_t len,
		 uint8_t plen, struct nsl_err *err);
int nsl_addr_del(struct nsl_rtnl *rt, int ifindex, const void *addr, size_t len,
		 uint8_t plen, struct nsl_err *err);

/* Both default routes of a VRF's table, in both families. */
int nsl_defaults_add(struct nsl_rtnl *rt, uint32_t table, int slice_ifindex,
		     struct nsl_err *err);
int nsl_defaults_del(struct nsl_rtnl *rt, uint32_t table, struct nsl_err *err);

/**
 * struct nsl_neigh - an entry of a neighbour table
 * @ifindex: of its device
 * @addr: network order
 * @addr_len: 4 or 16
 * @lladdr: where it is
 * @has_lladdr: @lladdr is known
 * @state: NUD_*
 * @flags: NTF_*; NTF_EXT_LEARNED keeps the kernel from collecting it
 */
struct nsl_neigh {
	int ifindex;
	uint8_t addr[16];
	uint8_t addr_len;
	uint8_t lladdr[6];
	bool has_lladdr;
	uint16_t state;
	uint8_t flags;
};

typedef void (*nsl_neigh_fn)(const struct nsl_neigh *n, void *ctx);

int nsl_neigh_set(struct nsl_rtnl *rt, const struct nsl_neigh *n, struct nsl_err *err);
int nsl_neigh_del(struct nsl_rtnl *rt, const struct nsl_neigh *n, struct nsl_err *err);
int nsl_neigh_each(struct nsl_rtnl *rt, int ifindex, nsl_neigh_fn fn, void *ctx,
		   struct nsl_err *err);
const char *nsl_neigh_state_name(uint16_t state);
int nsl_neigh_state_value(const char *name);

#endif /* NSL_RTNL_H */
