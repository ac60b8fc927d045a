/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `watch` is told: bridge ports with their nodes, virtual MACs, virtual addresses. */
#ifndef TOOLS_WATCHLIST_H
#define TOOLS_WATCHLIST_H

#include <linux/filter.h>
#include <net/if.h>

#include "wire.h"

#define NAME_ROOM	32
#define PORTS_MAX	256
#define VMACS_MAX	512
#define VIPS_MAX	1024
#define NODES_MAX	16
#define DOMAINS_MAX	256

/* Everything behind one bridge is a domain; with a VLAN it is a place. */
struct watch_port {
	char ifname[IF_NAMESIZE];
	int ifindex;
	int node;
	bool host;
	int domain;
};

struct watch_vmac {
	uint8_t mac[MAC_LEN];
	char slice[NAME_ROOM], port[NAME_ROOM];
};

struct watch_vip {
	struct ip ip;
	char slice[NAME_ROOM], port[NAME_ROOM];	/* port may be empty: any of the slice's */
};

struct watchlist {
	struct watch_port port[PORTS_MAX];
	struct watch_vmac vmac[VMACS_MAX];
	struct watch_vip vip[VIPS_MAX];
	char node[NODES_MAX][NAME_ROOM];
	char domain[DOMAINS_MAX][NAME_ROOM];
	int ports, vmacs, vips, nodes, domains;
};

/* "IFNAME=NODE[@DOMAIN]", "MAC=SLICE[/PORT]", "ADDR=SLICE[/PORT]". Return: 0, or -1. */
int watchlist_add_port(char *arg, void *list);
int watchlist_add_vmac(char *arg, void *list);
int watchlist_add_vip(char *arg, void *list);

const struct watch_port *watchlist_port(const struct watchlist *l, int ifindex);
/* Index of the virtual MAC, or -1. */
int watchlist_vmac(const struct watchlist *l, const uint8_t mac[MAC_LEN]);

/* Keeps what comes in on the ports from a virtual MAC, and all ARP, NS, NA and netslice frames. */
struct sock_fprog watchlist_filter(const struct watchlist *l);

#endif
