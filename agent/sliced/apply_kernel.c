// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compares what is in the kernel with what is to be, object by object, and
 * changes what differs: slice and VRF, then what is too much, then ports with the
 * node's addresses (after joining: that cycles the device), then virtual addresses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply_int.h"
#include "kern.h"
#include "lib/plumb.h"
#include "lib/sysctl.h"

struct seen_port {
	char		name[NETSLICE_NAME_LEN];
	uint8_t		kind;
	bool		bypass;
	uint32_t	ifindex;
};

struct seen_gateway {
	char	port[NETSLICE_NAME_LEN];
	uint8_t	address[16];
	uint8_t	len;
};

struct apply {
	struct apply_job	*job;
	struct nsl_plumb	plumb;
	struct nsl_attrs	slice;		/* as the kernel has it */
	struct seen_port	port[NETSLICE_MAX_PORTS];
	size_t			ports;
	struct seen_gateway	*gateway;
	size_t			gateways;
	struct ifaddrs		*addrs;
};

static void key_of(const struct apply *a, struct nsl_attrs *key)
{
	memset(key, 0, sizeof(*key));
	nsl_set_slice(key, a->job->slice);
	kern_tag(key);
}

/* The first failure is kept; the other objects are still looked after. */
static void failed(struct apply *a, const struct nsl_err *err)
{
	if (a->job->code || a->job->look)
		return;
	a->job->err = *err;
	a->job->code = err->code ? -err->code : -EIO;
}

static void address_text(const void *addr, uint8_t len, char *buf, size_t size)
{
	if (!inet_ntop(len == 4 ? AF_INET : AF_INET6, addr, buf, (socklen_t)size))
		snprintf(buf, size, "?");
}

/* ---- the slice ---- */

static int slice_read(struct apply *a, struct nsl_err *err)
{
	struct nsl_attrs key = { 0 };

	nsl_set_slice(&key, a->job->slice);
	return nsl_get(a->plumb.client, NETSLICE_CMD_SLICE_GET, &key, &a->slice, err);
}

static int slice_make(struct apply *a, struct nsl_err *err)
{
	struct apply_job *job = a->job;
	struct nsl_attrs with;
	int ret;

	key_of(a, &with);
	nsl_set_gen_first(&with, job->gen_first);
	nsl_set_cp_term(&with, job->cp_term);
	nsl_set_fp_term(&with, job->fp_term);
	ret = nsl_plumb_slice_add(&a->plumb, &with, *job->vrf ? job->vrf : NULL, err);
	if (ret)
		return ret;
	job->made = true;
	return slice_read(a, err);
}

static int slice_unmake(struct apply *a, struct nsl_err *err)
{
	struct nsl_attrs key;

	key_of(a, &key);
	return nsl_plumb_slice_del(&a->plumb, &key, err);
}

/* One that was begun and not ended: nothing can be in it yet. */
static int slice_half(struct apply *a, struct nsl_err *err)
{
	int ret;

	apply_note(a->job, "slice %s: is in no VRF", a->job->slice);
	if (a->job->look)
		return 0;
	ret = slice_unmake(a, err);
	return ret ? ret : slice_make(a, err);
}

static int slice_vrf(struct apply *a, struct nsl_err *err)
{
	const struct apply_job *job = a->job;
	char name[IFNAMSIZ];
	struct nsl_link vrf;
	int ret;

	ret = nsl_link_by_index(a->plumb.rtnl, (int)a->slice.vrf_ifindex, &vrf, err);
	if (ret)
		return ret;
	if (*job->vrf)
		memcpy(name, job->vrf, sizeof(name));
	else
		nsl_plumb_vrf_name(job->slice, name);
	if (!strcmp(name, vrf.name))
		return 0;
	apply_note(a->job, "slice %s: is in VRF %s, not in %s", job->slice, vrf.name, name);
	return job->look ? 0 :
	       nsl_err_set(err, EBUSY,
			   "slice \"%s\": cannot go from VRF %s to %s while it is defined",
			   job->slice, vrf.name, name);
}

static int slice_place(struct apply *a, struct nsl_err *err)
{
	int ret = slice_read(a, err);

	if (ret == -ENOENT) {
		apply_note(a->job, "slice %s: is not in the kernel", a->job->slice);
		return a->job->look ? -ENOENT : slice_make(a, err);
	}
	if (ret)
		return ret;
	if (strcmp(a->slice.owner, KERN_OWNER))
		return nsl_err_set(err, EPERM, "slice \"%s\": is in the kernel and belongs to \"%s\"",
				   a->job->slice, a->slice.owner);
	return a->slice.vrf_ifindex ? slice_vrf(a, err) : slice_half(a, err);
}

/* ---- what is there ---- */

static int see_port(const struct nsl_reply *r, void *ctx)
{
	struct apply *a = ctx;
	struct seen_port *p;

	if (a->ports == NETSLICE_MAX_PORTS)
		return 0;
	p = &a->port[a->ports++];
	memcpy(p->name, r->a.port, sizeof(p->name));
	p->kind = r->a.port_kind;
	p->bypass = nsl_has(&r->a, BYPASS_NETFILTER);
	p->ifindex = nsl_has(&r->a, IFINDEX) ? r->a.ifindex : 0;
	return 0;
}

static int see_gateway(const struct nsl_reply *r, void *ctx)
{
	struct apply *a = ctx;
	struct seen_gateway *g;

	g = realloc(a->gateway, (a->gateways + 1) * sizeof(*g));
	if (!g)
		return -ENOMEM;
	a->gateway = g;
	g += a->gateways++;
	memcpy(g->port, r->a.port, sizeof(g->port));
	memcpy(g->address, r->a.address, sizeof(g->address));
	g->len = r->a.address_len;
	return 0;
}

static int see_all(struct apply *a, struct nsl_err *err)
{
	struct nsl_attrs key = { 0 };
	int ret;

	nsl_set_slice(&key, a->job->slice);
	ret = nsl_dump(a->plumb.client, NETSLICE_CMD_PORT_GET, &key, see_port, a, err);
	if (!ret)
		ret = nsl_dump(a->plumb.client, NETSLICE_CMD_GATEWAY_GET, &key, see_gateway, a,
			       err);
	if (!ret && getifaddrs(&a->addrs))
		ret = nsl_err_set(err, errno, "addresses: %s", strerror(errno));
	return ret;
}

static bool ifaddr_is(const struct ifaddrs *i, const struct apply_address *want)
{
	const void *addr;

	if (!i->ifa_addr || i->ifa_addr->sa_family != (want->len == 4 ? AF_INET : AF_INET6))
		return false;
	addr = want->len == 4 ? (const void *)&((struct sockaddr_in *)i->ifa_addr)->sin_addr :
	       (const void *)&((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr;
	return !memcmp(addr, want->addr, want->len);
}

static bool has_address(const struct apply *a, const char *device,
			const struct apply_address *want)
{
	const struct ifaddrs *i;

	for (i = a->addrs; i; i = i->ifa_next)
		if (!strcmp(i->ifa_name, device) && ifaddr_is(i, want))
			return true;
	return false;
}

static struct seen_port *seen_port(struct apply *a, const char *name)
{
	size_t i;

	for (i = 0; i < a->ports; i++)
		if (!strcmp(a->port[i].name, name))
			return &a->port[i];
	return NULL;
}

/* ---- virtual addresses ---- */

static bool gateway_is(const struct seen_gateway *seen, const struct definition_gateway *want)
{
	return seen->len == want->address_len && !strcmp(seen->port, want->port) &&
	       !memcmp(seen->address, want->address, seen->len);
}

static bool gateway_wanted(const struct apply_job *job, const struct seen_gateway *seen)
{
	size_t i;

	for (i = 0; i < job->gateways; i++)
		if (gateway_is(seen, &job->gateway[i]))
			return true;
	return false;
}

static void gateway_surplus(struct apply *a, const struct seen_gateway *seen)
{
	char text[INET6_ADDRSTRLEN];
	struct nsl_attrs key;
	struct nsl_err err;

	address_text(seen->address, seen->len, text, sizeof(text));
	apply_note(a->job, "gateway %s on port %s: is not defined", text, seen->port);
	if (a->job->look)
		return;
	key_of(a, &key);
	nsl_set_port(&key, seen->port);
	nsl_set_address(&key, seen->address, seen->len);
	if (nsl_plumb_gateway_del(&a->plumb, &key, &err))
		failed(a, &err);
}

static bool gateway_seen(const struct apply *a, const struct definition_gateway *want)
{
	size_t i;

	for (i = 0; i < a->gateways; i++)
		if (gateway_is(&a->gateway[i], want))
			return true;
	return false;
}

/* The module has it, the stack lacks it. */
static void gateway_local(struct apply *a, const struct definition_gateway *want,
			  const char *text)
{
	struct apply_address local = { .len = want->address_len };
	struct nsl_err err;

	memcpy(local.addr, want->address, sizeof(local.addr));
	if (has_address(a, a->job->slice, &local))
		return;
	apply_note(a->job, "gateway %s: is not an address of device %s", text, a->job->slice);
	if (!a->job->look &&
	    nsl_addr_add(a->plumb.rtnl, (int)a->slice.slice_ifindex, want->address,
			 want->address_len, (uint8_t)(want->address_len * 8), &err))
		failed(a, &err);
}

static void gateway_place(struct apply *a, const struct definition_gateway *want)
{
	char text[INET6_ADDRSTRLEN];
	struct nsl_attrs with;
	struct nsl_err err;

	address_text(want->address, want->address_len, text, sizeof(text));
	if (gateway_seen(a, want)) {
		gateway_local(a, want, text);
		return;
	}
	apply_note(a->job, "gateway %s on port %s: is not there", text, want->port);
	if (a->job->look)
		return;
	key_of(a, &with);
	nsl_set_port(&with, want->port);
	nsl_set_address(&with, want->address, want->address_len);
	if (nsl_plumb_gateway_add(&a->plumb, &with, &err)) {
		nsl_err_prefix(&err, "gateway %s", text);
		failed(a, &err);
	}
}

/* ---- ports ---- */

static const struct apply_port *port_wanted(const struct apply_job *job, const char *name)
{
	size_t i;

	for (i = 0; i < job->ports; i++)
		if (!strcmp(job->port[i].name, name))
			return &job->port[i];
	return NULL;
}

static int port_unmake(struct apply *a, const char *name, struct nsl_err *err)
{
	struct nsl_attrs key;

	key_of(a, &key);
	nsl_set_port(&key, name);
	return nsl_plumb_port_del(&a->plumb, &key, err);
}

static void port_surplus(struct apply *a, const struct seen_port *seen)
{
	struct nsl_err err;

	apply_note(a->job, "port %s: is not defined", seen->name);
	if (!a->job->look && port_unmake(a, seen->name, &err))
		failed(a, &err);
}

static int port_make(struct apply *a, const struct apply_port *want, struct nsl_err *err)
{
	struct nsl_attrs with;
	int ret;

	key_of(a, &with);
	nsl_set_port(&with, want->name);
	nsl_set_port_kind(&with, want->kind);
	if (want->bypass)
		nsl_set_bypass_netfilter(&with);
	ret = nsl_plumb_port_add(&a->plumb, &with, want->device, err);
	return ret ? nsl_err_prefix(err, "port %s", want->name), ret : 0;
}

static void port_addresses(struct apply *a, const struct apply_port *want, int ifindex, bool made)
{
	const struct apply_address *addr;
	char text[INET6_ADDRSTRLEN];
	struct nsl_err err;
	size_t i;

	for (i = 0; i < want->addresses; i++) {
		addr = &want->address[i];
		if (!made && has_address(a, want->device, addr))
			continue;
		address_text(addr->addr, addr->len, text, sizeof(text));
		if (!made)
			apply_note(a->job, "port %s: device %s lacks address %s/%u", want->name,
				   want->device, text, addr->plen);
		if (a->job->look)
			continue;
		if (nsl_addr_add(a->plumb.rtnl, ifindex, addr->addr, addr->len, addr->plen, &err)) {
			nsl_err_prefix(&err, "port %s, address %s", want->name, text);
			failed(a, &err);
		}
	}
}

static bool port_stands(const struct apply *a, const struct apply_port *want,
			const struct seen_port *seen, const struct nsl_link *dev)
{
	return seen && seen->ifindex == (uint32_t)dev->ifindex && seen->kind == want->kind &&
	       seen->bypass == want->bypass && dev->master == (int)a->slice.vrf_ifindex;
}

static void port_fix(struct apply *a, const struct apply_port *want,
		     const struct seen_port *seen, const struct nsl_link *dev)
{
	struct nsl_err err;
	int ret = 0;

	apply_note(a->job, "port %s: is not device %s as it should be", want->name, want->device);
	if (a->job->look)
		return;
	if (seen && seen->ifindex)
		ret = port_unmake(a, want->name, &err);
	if (!ret)
		ret = port_make(a, want, &err);
	if (ret)
		failed(a, &err);
	else
		port_addresses(a, want, dev->ifindex, true);
}

static void port_place(struct apply *a, const struct apply_port *want)
{
	const struct seen_port *seen = seen_port(a, want->name);
	struct nsl_link dev;
	struct nsl_err err;

	if (nsl_link_by_name(a->plumb.rtnl, want->device, &dev, &err)) {
		nsl_err_prefix(&err, "port %s", want->name);
		apply_note(a->job, "%s", err.text);
		failed(a, &err);
		return;
	}
	if (!port_stands(a, want, seen, &dev)) {
		port_fix(a, want, seen, &dev);
		return;
	}
	if (!a->job->look && nsl_plumb_port_sysctls(want->device, &err))
		failed(a, &err);
	port_addresses(a, want, dev.ifindex, false);
}

/* ---- all ---- */

static void place_all(struct apply *a)
{
	struct apply_job *job = a->job;
	struct nsl_err err;
	size_t i;

	if (slice_place(a, &err) || see_all(a, &err)) {
		if (job->look && !job->changes)
			apply_note(job, "%s", err.text);
		failed(a, &err);
		return;
	}
	for (i = 0; i < a->gateways; i++)
		if (!gateway_wanted(job, &a->gateway[i]))
			gateway_surplus(a, &a->gateway[i]);
	for (i = 0; i < a->ports; i++)
		if (a->port[i].ifindex && !port_wanted(job, a->port[i].name))
			port_surplus(a, &a->port[i]);
	for (i = 0; i < job->ports; i++)
		port_place(a, &job->port[i]);
	for (i = 0; i < job->gateways; i++)
		gateway_place(a, &job->gateway[i]);
}

static void remove_addresses(struct apply *a, const struct apply_port *port)
{
	struct nsl_link dev;
	size_t i;

	if (nsl_link_by_name(a->plumb.rtnl, port->device, &dev, NULL))
		return;
	for (i = 0; i < port->addresses; i++)
		nsl_addr_del(a->plumb.rtnl, dev.ifindex, port->address[i].addr,
			     port->address[i].len, port->address[i].plen, NULL);
}

static void remove_all(struct apply *a)
{
	struct nsl_err err;
	size_t i;
	int ret;

	ret = slice_read(a, &err);
	if (ret == -ENOENT)
		return;
	if (!ret)
		ret = slice_unmake(a, &err);
	if (ret) {
		failed(a, &err);
		return;
	}
	for (i = 0; i < a->job->ports; i++)
		remove_addresses(a, &a->job->port[i]);
}

void apply_run(void *arg)
{
	struct apply *a = calloc(1, sizeof(*a));
	struct apply_job *job = arg;

	if (!a) {
		job->code = nsl_err_set(&job->err, ENOMEM, "out of memory");
		return;
	}
	a->job = job;
	job->code = nsl_plumb_open(&a->plumb, NULL, &job->err);
	if (!job->code && job->remove)
		remove_all(a);
	else if (!job->code)
		place_all(a);
	if (a->plumb.client || a->plumb.rtnl)
		nsl_plumb_close(&a->plumb);
	if (a->addrs)
		freeifaddrs(a->addrs);
	free(a->gateway);
	free(a);
}
