/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the rib share: ports, groups, prefixes, one rib under a lock. */
#ifndef NETSLICE_RIBTEST_H
#define NETSLICE_RIBTEST_H

#include <arpa/inet.h>
#include <linux/slab.h>
#include <linux/netslice.h>

#include "oracle.h"
#include "rib.h"

#define PORTS 6

struct port {
	char name[16];
	long refs;
};

static struct port ports[PORTS];
static struct mutex lock;
static struct netslice_rib rib;

static inline void port_get(void *port)
{
	((struct port *)port)->refs++;
}

static inline void port_put(void *port)
{
	struct port *p = port;

	must(p->refs > 0, "port %s put once too often", p->name);
	p->refs--;
}

static const struct netslice_nhg_ops ops = { port_get, port_put };

static struct netslice_rib_config config = {
	.ops = &ops, .lock = &lock, .max_routes = 100000, .max_groups = 1000,
	.gfp = GFP_KERNEL_ACCOUNT,
};

static inline long port_refs(void)
{
	unsigned int i;
	long n = 0;

	for (i = 0; i < PORTS; i++)
		n += ports[i].refs;
	return n;
}

static inline void start(void)
{
	unsigned int i;

	for (i = 0; i < PORTS; i++)
		snprintf(ports[i].name, sizeof(ports[i].name), "port%u", i);
	mutex_init(&lock);
	mutex_lock(&lock);
	ck_assert_int_eq(netslice_rib_init(&rib, &config), 0);
}

static inline void finish(void)
{
	rcu_barrier();
	netslice_rib_destroy(&rib);
	rcu_barrier();
	ck_assert_int_eq(port_refs(), 0);
	ck_assert_int_eq(shim_alloc_live(), 0);
	mutex_unlock(&lock);
}

static inline struct netslice_prefix prefix(const char *text)
{
	struct netslice_prefix p = { 0 };
	char addr[64];
	unsigned int plen;

	ck_assert_int_eq(sscanf(text, "%63[^/]/%u", addr, &plen), 2);
	p.plen = plen;
	p.family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	ck_assert_int_eq(inet_pton(p.family, addr, p.addr), 1);
	return p;
}

static inline struct netslice_nhg_member via(unsigned int port, u32 gateway, u16 weight)
{
	struct netslice_nhg_member m = { .port = &ports[port], .port_id = port,
					 .weight = weight };

	strcpy(m.name, ports[port].name);
	if (gateway) {
		m.gw_family = AF_INET;
		m.gw4 = cpu_to_be32(gateway);
	}
	return m;
}

/* Group number @n of many: blackhole and friends, single, on-link, ECMP */
static inline void spec_make(unsigned int n, struct netslice_nhg_spec *spec,
			     struct netslice_nhg_member *m)
{
	unsigned int i;

	memset(spec, 0, sizeof(*spec));
	spec->member = m;
	if (n < 4) {
		spec->type = NETSLICE_ROUTE_BLACKHOLE + n;
		return;
	}
	spec->type = NETSLICE_ROUTE_UNICAST;
	spec->count = 1 + n % 3;
	for (i = 0; i < spec->count; i++)
		m[i] = via((n + i) % PORTS, n % 5 ? 0x0a000000 + n : 0, 1 + n % 4);
}

static inline int add(const char *text, unsigned int n, u8 owner, u32 how)
{
	struct netslice_nhg_member m[NETSLICE_MAX_NEXTHOPS];
	struct netslice_prefix p = prefix(text);
	struct netslice_nhg_spec spec;

	spec_make(n, &spec, m);
	return netslice_rib_add(&rib, &p, &spec, owner, how, NULL);
}

static inline int del(const char *text)
{
	struct netslice_prefix p = prefix(text);

	return netslice_rib_del(&rib, &p, NULL);
}

#define CREATE NETSLICE_RIB_CREATE
#define REPLACE NETSLICE_RIB_REPLACE
#define EXCL NETSLICE_RIB_EXCL

#endif /* NETSLICE_RIBTEST_H */
