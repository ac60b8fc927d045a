// SPDX-License-Identifier: GPL-2.0-or-later
#include "plumb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sysctl.h"

/* The alias of a VRF that was made here says so: only such a one is removed. */
#define VRF_ALIAS	"netslice:"

int nsl_plumb_open(struct nsl_plumb *p, const char *netns, struct nsl_err *err)
{
	int ret;

	memset(p, 0, sizeof(*p));
	ret = nsl_client_open(&p->client, netns, err);
	if (!ret)
		ret = nsl_rtnl_open(&p->rtnl, netns, err);
	if (ret)
		nsl_plumb_close(p);
	return ret;
}

void nsl_plumb_close(struct nsl_plumb *p)
{
	nsl_client_close(p->client);
	nsl_rtnl_close(p->rtnl);
	memset(p, 0, sizeof(*p));
}

/**
 * nsl_plumb_vrf_name - name of the VRF that is made for a slice
 * @slice: the slice's name
 * @name: gets "vrf-SLICE", or where that is too long for a device "vrf-" with
 *	the name's start and a hash of it
 */
void nsl_plumb_vrf_name(const char *slice, char name[IFNAMSIZ])
{
	uint32_t hash = 2166136261U;
	const char *s;

	if (snprintf(name, IFNAMSIZ, "vrf-%s", slice) < IFNAMSIZ)
		return;
	for (s = slice; *s; s++)
		hash = (hash ^ (uint8_t)*s) * 16777619U;
	snprintf(name, IFNAMSIZ, "vrf-%.6s%05x", slice, hash & 0xfffff);
}

static bool vrf_is_ours(const struct nsl_link *vrf, const char *slice)
{
	return !strncmp(vrf->alias, VRF_ALIAS, strlen(VRF_ALIAS)) &&
	       !strcmp(vrf->alias + strlen(VRF_ALIAS), slice);
}

/* ---- slices ---- */

static int vrf_make(struct nsl_plumb *p, const char *slice, struct nsl_link *vrf,
		    bool *made, struct nsl_err *err)
{
	char name[IFNAMSIZ], alias[NSL_ALIAS_LEN];
	uint32_t table;
	int ret;

	nsl_plumb_vrf_name(slice, name);
	ret = nsl_link_by_name(p->rtnl, name, vrf, err);
	if (!ret && !vrf_is_ours(vrf, slice))
		return nsl_err_set(err, EEXIST,
				   "device \"%s\": is there already; name a VRF to use it", name);
	if (ret != -ENODEV)
		return ret;
	ret = nsl_vrf_free_table(p->rtnl, &table, err);
	if (ret)
		return ret;
	snprintf(alias, sizeof(alias), VRF_ALIAS "%s", slice);
	ret = nsl_vrf_add(p->rtnl, name, table, alias, err);
	if (!ret)
		ret = nsl_link_by_name(p->rtnl, name, vrf, err);
	*made = !ret;
	return ret;
}

static int vrf_use(struct nsl_plumb *p, const char *name, struct nsl_link *vrf,
		   struct nsl_err *err)
{
	int ret = nsl_link_by_name(p->rtnl, name, vrf, err);

	if (ret)
		return ret;
	if (strcmp(vrf->kind, "vrf"))
		return nsl_err_set(err, EINVAL, "device \"%s\": is no VRF", name);
	return vrf->up ? 0 : nsl_link_up(p->rtnl, vrf->ifindex, true, err);
}

static int slice_into_vrf(struct nsl_plumb *p, const char *slice, const struct nsl_link *vrf,
			  struct nsl_err *err)
{
	struct nsl_link dev;
	int ret = nsl_link_by_name(p->rtnl, slice, &dev, err);

	if (!ret)
		ret = nsl_link_enslave(p->rtnl, dev.ifindex, vrf->ifindex, err);
	if (!ret)
		ret = nsl_link_up(p->rtnl, dev.ifindex, true, err);
	if (!ret)
		ret = nsl_sysctl_set("net/ipv6/conf/all/forwarding", 1, err);
	if (!ret)
		ret = nsl_defaults_add(p->rtnl, vrf->table, dev.ifindex, err);
	return ret;
}

static void slice_undo(struct nsl_plumb *p, const struct nsl_attrs *slice)
{
	struct nsl_attrs key = { 0 };

	nsl_set_slice(&key, slice->slice);
	if (nsl_has(slice, OWNER))
		nsl_set_owner(&key, slice->owner);
	nsl_request(p->client, NETSLICE_CMD_SLICE_DEL, &key, NULL, NULL, NULL);
}

/**
 * nsl_plumb_slice_add - make a slice that works
 * @p: the sockets
 * @slice: attributes of NETSLICE_CMD_SLICE_NEW
 * @vrf: name of the VRF to put it into; NULL to make one
 * @err: why not
 *
 * Return: 0 or a negative errno, then nothing was changed.
 */
int nsl_plumb_slice_add(struct nsl_plumb *p, const struct nsl_attrs *slice, const char *vrf,
			struct nsl_err *err)
{
	struct nsl_link master;
	bool made = false;
	int ret;

	ret = nsl_request(p->client, NETSLICE_CMD_SLICE_NEW, slice, NULL, NULL, err);
	if (ret)
		return ret;
	ret = vrf ? vrf_use(p, vrf, &master, err) :
	      vrf_make(p, slice->slice, &master, &made, err);
	if (!ret)
		ret = slice_into_vrf(p, slice->slice, &master, err);
	if (!ret)
		return 0;
	slice_undo(p, slice);
	if (made)
		nsl_link_del(p->rtnl, master.ifindex, NULL);
	return ret;
}

struct members {
	int master;
	unsigned int count;
};

static void count_member(const struct nsl_link *l, void *ctx)
{
	struct members *m = ctx;

	if (l->master == m->master)
		m->count++;
}

/* Other slices or the operator's devices may have joined our VRF meanwhile. */
static int vrf_leave(struct nsl_plumb *p, const char *slice, int ifindex, struct nsl_err *err)
{
	struct members m = { .master = ifindex };
	struct nsl_link vrf;
	int ret = nsl_link_by_index(p->rtnl, ifindex, &vrf, err);

	if (ret)
		return ret == -ENODEV ? 0 : ret;
	ret = nsl_link_each(p->rtnl, count_member, &m, err);
	if (!ret && !m.count && vrf_is_ours(&vrf, slice))
		return nsl_link_del(p->rtnl, ifindex, err);
	return ret ? ret : nsl_defaults_del(p->rtnl, vrf.table, err);
}

static int slice_get(struct nsl_plumb *p, const char *name, struct nsl_attrs *out,
		     struct nsl_err *err)
{
	struct nsl_attrs key = { 0 };

	nsl_set_slice(&key, name);
	return nsl_get(p->client, NETSLICE_CMD_SLICE_GET, &key, out, err);
}

struct port_list {
	uint32_t ifindex[NETSLICE_MAX_PORTS];
	unsigned int count;
};

static int list_port(const struct nsl_reply *r, void *ctx)
{
	struct port_list *list = ctx;

	if (nsl_has(&r->a, IFINDEX) && list->count < NETSLICE_MAX_PORTS)
		list->ifindex[list->count++] = r->a.ifindex;
	return 0;
}

static bool vrf_made_here(struct nsl_plumb *p, const struct nsl_attrs *slice)
{
	struct nsl_link vrf;

	return slice->vrf_ifindex &&
	       !nsl_link_by_index(p->rtnl, (int)slice->vrf_ifindex, &vrf, NULL) &&
	       vrf_is_ours(&vrf, slice->slice);
}

/* A device leaves the VRF only if it is in it because it is a port. */
static void port_leave(struct nsl_plumb *p, uint32_t vrf, uint32_t ifindex)
{
	struct nsl_link dev;

	if (!nsl_link_by_index(p->rtnl, (int)ifindex, &dev, NULL) &&
	    dev.master == (int)vrf)
		nsl_link_enslave(p->rtnl, dev.ifindex, 0, NULL);
}

/**
 * nsl_plumb_slice_del - remove a slice, and its VRF if it was made for it
 * @p: the sockets
 * @slice: attributes of NETSLICE_CMD_SLICE_DEL
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_plumb_slice_del(struct nsl_plumb *p, const struct nsl_attrs *slice,
			struct nsl_err *err)
{
	struct port_list ports = { .count = 0 };
	struct nsl_attrs now, key = { 0 };
	bool ours;
	int ret;

	nsl_set_slice(&key, slice->slice);
	ret = slice_get(p, slice->slice, &now, err);
	if (!ret)
		ret = nsl_dump(p->client, NETSLICE_CMD_PORT_GET, &key, list_port, &ports, err);
	if (ret)
		return ret;
	ours = vrf_made_here(p, &now);
	ret = nsl_request(p->client, NETSLICE_CMD_SLICE_DEL, slice, NULL, NULL, err);
	if (ret || !now.vrf_ifindex)
		return ret;
	while (ours && ports.count)
		port_leave(p, now.vrf_ifindex, ports.ifindex[--ports.count]);
	return vrf_leave(p, slice->slice, (int)now.vrf_ifindex, err);
}

/* ---- ports ---- */

/**
 * nsl_plumb_port_sysctls - the settings a port needs
 * @device: its name
 * @err: which could not be set, and why
 *
 * The stack must never speak for a virtual address (arp_announce, arp_ignore),
 * must answer for packets that the module hands to it (forwarding), must take
 * them although their way back leads through the slice device (rp_filter), and
 * must not forget IPv6 addresses when joining a VRF cycles the device.
 *
 * Return: 0 or a negative errno.
 */
int nsl_plumb_port_sysctls(const char *device, struct nsl_err *err)
{
	static const struct {
		const char *path;
		long value;
		bool exact;
	} list[] = {
		{ "net/ipv4/conf/%s/arp_announce", 2, true },
		{ "net/ipv4/conf/%s/arp_ignore", 1, false },
		{ "net/ipv4/conf/%s/forwarding", 1, true },
		{ "net/ipv4/conf/%s/rp_filter", 2, true },
		{ "net/ipv6/conf/%s/keep_addr_on_down", 1, true },
	};
	char path[128];
	unsigned int i;
	int ret = 0;

	for (i = 0; i < sizeof(list) / sizeof(*list) && !ret; i++) {
		snprintf(path, sizeof(path), list[i].path, device);
		ret = list[i].exact ? nsl_sysctl_set(path, list[i].value, err) :
		      nsl_sysctl_raise(path, list[i].value, err);
	}
	return ret;
}

static int port_join(struct nsl_plumb *p, const struct nsl_attrs *slice,
		     const struct nsl_link *dev, struct nsl_err *err)
{
	int ret;

	if (!slice->vrf_ifindex)
		return nsl_err_set(err, ENODEV, "slice \"%s\": its device is in no VRF",
				   slice->slice);
	if (dev->master && dev->master != (int)slice->vrf_ifindex)
		return nsl_err_set(err, EBUSY, "device \"%s\": is a member of another device",
				   dev->name);
	ret = nsl_plumb_port_sysctls(dev->name, err);
	if (!ret && !dev->master)
		ret = nsl_link_enslave(p->rtnl, dev->ifindex, (int)slice->vrf_ifindex, err);
	if (!ret && !dev->up)
		ret = nsl_link_up(p->rtnl, dev->ifindex, true, err);
	return ret ? nsl_err_prefix(err, "device \"%s\"", dev->name), ret : 0;
}

/**
 * nsl_plumb_port_add - make a device a port that works
 * @p: the sockets
 * @port: attributes of NETSLICE_CMD_PORT_ADD but for IFINDEX
 * @device: name of the device
 * @err: why not
 *
 * Return: 0 or a negative errno, then the device is in no VRF that it was not
 * in before.
 */
int nsl_plumb_port_add(struct nsl_plumb *p, const struct nsl_attrs *port, const char *device,
		       struct nsl_err *err)
{
	struct nsl_attrs slice, with = *port;
	struct nsl_link dev;
	int ret;

	ret = slice_get(p, port->slice, &slice, err);
	if (!ret)
		ret = nsl_link_by_name(p->rtnl, device, &dev, err);
	if (ret)
		return ret;
	ret = port_join(p, &slice, &dev, err);
	if (!ret) {
		nsl_set_ifindex(&with, (uint32_t)dev.ifindex);
		ret = nsl_request(p->client, NETSLICE_CMD_PORT_ADD, &with, NULL, NULL, err);
	}
	if (ret && !dev.master)
		port_leave(p, slice.vrf_ifindex, (uint32_t)dev.ifindex);
	return ret;
}

/**
 * nsl_plumb_port_del - take a port away, and out of a VRF that was made for the slice
 * @p: the sockets
 * @port: attributes of NETSLICE_CMD_PORT_DEL
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_plumb_port_del(struct nsl_plumb *p, const struct nsl_attrs *port,
		       struct nsl_err *err)
{
	struct port_list ports = { .count = 0 };
	struct nsl_attrs slice, key = { 0 };
	int ret;

	nsl_set_slice(&key, port->slice);
	nsl_set_port(&key, port->port);
	ret = slice_get(p, port->slice, &slice, err);
	if (!ret)
		ret = nsl_dump(p->client, NETSLICE_CMD_PORT_GET, &key, list_port, &ports, err);
	if (!ret)
		ret = nsl_request(p->client, NETSLICE_CMD_PORT_DEL, port, NULL, NULL, err);
	if (!ret && ports.count == 1 && vrf_made_here(p, &slice))
		port_leave(p, slice.vrf_ifindex, ports.ifindex[0]);
	return ret;
}

/* ---- gateways ---- */

/**
 * nsl_plumb_gateway_add - a virtual address, also for the Linux stack
 * @p: the sockets
 * @gateway: attributes of NETSLICE_CMD_GATEWAY_ADD
 * @err: why not
 *
 * Return: 0 or a negative errno, then nothing was changed.
 */
int nsl_plumb_gateway_add(struct nsl_plumb *p, const struct nsl_attrs *gateway,
			  struct nsl_err *err)
{
	struct nsl_attrs slice;
	int ret;

	ret = slice_get(p, gateway->slice, &slice, err);
	if (!ret)
		ret = nsl_request(p->client, NETSLICE_CMD_GATEWAY_ADD, gateway, NULL, NULL, err);
	if (ret)
		return ret;
	ret = nsl_addr_add(p->rtnl, (int)slice.slice_ifindex, gateway->address,
			   gateway->address_len, (uint8_t)(gateway->address_len * 8), err);
	if (ret)
		nsl_request(p->client, NETSLICE_CMD_GATEWAY_DEL, gateway, NULL, NULL, NULL);
	return ret;
}

struct same_address {
	const struct nsl_attrs *gateway;
	unsigned int count;
};

static int count_same(const struct nsl_reply *r, void *ctx)
{
	struct same_address *same = ctx;
	const struct nsl_attrs *g = same->gateway;

	if (r->a.address_len == g->address_len &&
	    !memcmp(r->a.address, g->address, g->address_len))
		same->count++;
	return 0;
}

/**
 * nsl_plumb_gateway_del - the reverse of nsl_plumb_gateway_add()
 * @p: the sockets
 * @gateway: attributes of NETSLICE_CMD_GATEWAY_DEL
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_plumb_gateway_del(struct nsl_plumb *p, const struct nsl_attrs *gateway,
			  struct nsl_err *err)
{
	struct same_address same = { .gateway = gateway };
	struct nsl_attrs slice, key = { 0 };
	int ret;

	nsl_set_slice(&key, gateway->slice);
	ret = slice_get(p, gateway->slice, &slice, err);
	if (!ret)
		ret = nsl_request(p->client, NETSLICE_CMD_GATEWAY_DEL, gateway, NULL, NULL, err);
	if (!ret)
		ret = nsl_dump(p->client, NETSLICE_CMD_GATEWAY_GET, &key, count_same, &same, err);
	if (ret || same.count)
		return ret;
	return nsl_addr_del(p->rtnl, (int)slice.slice_ifindex, gateway->address,
			    gateway->address_len, (uint8_t)(gateway->address_len * 8), err);
}
