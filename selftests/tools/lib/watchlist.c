// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

#include "master.h"
#include "opt.h"
#include "watchlist.h"

#define SNAP		256
#define PER_VMAC	5
#define PER_PORT	2
#define FIXED		24

static int copy_name(char out[NAME_ROOM], const char *text)
{
	if (!*text || strlen(text) >= NAME_ROOM)
		return -1;
	strcpy(out, text);
	return 0;
}

static int find_or_add(char table[][NAME_ROOM], int *n, int max, const char *name)
{
	for (int i = 0; i < *n; i++)
		if (!strcmp(table[i], name))
			return i;
	if (*n == max || copy_name(table[*n], name))
		return -1;
	return (*n)++;
}

/* The bridge that the device is a port of; a device without one is a domain of its own. */
static const char *domain_of(int ifindex, char out[NAME_ROOM])
{
	int master = master_of(ifindex);

	return if_indextoname((unsigned int)(master ? master : ifindex), out) ? out : "";
}

int watchlist_add_port(char *arg, void *list)
{
	struct watchlist *l = list;
	struct watch_port *p = &l->port[l->ports];
	char *node = strchr(arg, '='), *domain, master[NAME_ROOM];

	if (l->ports == PORTS_MAX || !node || node - arg >= IF_NAMESIZE)
		return -1;
	*node++ = '\0';
	domain = strchr(node, '@');
	if (domain)
		*domain++ = '\0';
	strcpy(p->ifname, arg);
	p->ifindex = (int)if_nametoindex(arg);
	if (!p->ifindex)
		die("no device %s", arg);
	p->host = !strncmp(node, "host", 4);
	p->node = find_or_add(l->node, &l->nodes, NODES_MAX, node);
	p->domain = find_or_add(l->domain, &l->domains, DOMAINS_MAX,
				domain ? domain : domain_of(p->ifindex, master));
	if (p->node < 0 || p->domain < 0)
		return -1;
	l->ports++;
	return 0;
}

/* Splits "KEY=SLICE[/PORT]"; KEY stays in @arg. */
static int split_owner(char *arg, char slice[NAME_ROOM], char port[NAME_ROOM])
{
	char *owner = strrchr(arg, '='), *slash;

	if (!owner)
		return -1;
	*owner++ = '\0';
	slash = strchr(owner, '/');
	if (slash)
		*slash++ = '\0';
	port[0] = '\0';
	if (slash && copy_name(port, slash))
		return -1;
	return copy_name(slice, owner);
}

int watchlist_add_vmac(char *arg, void *list)
{
	struct watchlist *l = list;
	struct watch_vmac *v = &l->vmac[l->vmacs];

	if (l->vmacs == VMACS_MAX || split_owner(arg, v->slice, v->port) ||
	    mac_parse(arg, v->mac))
		return -1;
	if (watchlist_vmac(l, v->mac) >= 0)
		die("%s is given twice", arg);
	l->vmacs++;
	return 0;
}

int watchlist_add_vip(char *arg, void *list)
{
	struct watchlist *l = list;
	struct watch_vip *v = &l->vip[l->vips];

	if (l->vips == VIPS_MAX || split_owner(arg, v->slice, v->port) || ip_parse(arg, &v->ip))
		return -1;
	l->vips++;
	return 0;
}

const struct watch_port *watchlist_port(const struct watchlist *l, int ifindex)
{
	for (int i = 0; i < l->ports; i++)
		if (l->port[i].ifindex == ifindex)
			return &l->port[i];
	return NULL;
}

int watchlist_vmac(const struct watchlist *l, const uint8_t mac[MAC_LEN])
{
	for (int i = 0; i < l->vmacs; i++)
		if (!memcmp(l->vmac[i].mac, mac, MAC_LEN))
			return i;
	return -1;
}

struct code {
	struct sock_filter *f;
	unsigned short len;
};

static void stmt(struct code *c, uint16_t op, uint32_t k)
{
	c->f[c->len++] = (struct sock_filter)BPF_STMT(op, k);
}

static void jump(struct code *c, uint32_t k, uint8_t yes, uint8_t no)
{
	c->f[c->len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, yes, no);
}

static void ports_only(struct code *c, const struct watchlist *l)
{
	stmt(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	jump(c, PACKET_OUTGOING, 0, 1);
	stmt(c, BPF_RET | BPF_K, 0);
	stmt(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX));
	for (int i = 0; i < l->ports; i++) {
		jump(c, (uint32_t)l->port[i].ifindex, 0, 1);
		stmt(c, BPF_JMP | BPF_JA, (uint32_t)(PER_PORT * (l->ports - 1 - i) + 1));
	}
	stmt(c, BPF_RET | BPF_K, 0);
}

static void virtual_macs(struct code *c, const struct watchlist *l)
{
	for (int i = 0; i < l->vmacs; i++) {
		const uint8_t *m = l->vmac[i].mac;

		stmt(c, BPF_LD | BPF_W | BPF_ABS, 8);
		jump(c, (uint32_t)m[2] << 24 | (uint32_t)m[3] << 16 | (uint32_t)m[4] << 8 | m[5], 0, 3);
		stmt(c, BPF_LD | BPF_H | BPF_ABS, 6);
		jump(c, (uint32_t)m[0] << 8 | m[1], 0, 1);
		stmt(c, BPF_RET | BPF_K, SNAP);
	}
}

/* Last, for a load beyond the end of a short frame drops it at once. */
static void talk_of_addresses(struct code *c)
{
	stmt(c, BPF_LD | BPF_H | BPF_ABS, 12);
	jump(c, 0x0806, 7, 0);
	jump(c, 0x88b5, 6, 0);
	jump(c, 0x86dd, 0, 6);
	stmt(c, BPF_LD | BPF_B | BPF_ABS, 20);
	jump(c, 58, 0, 4);
	stmt(c, BPF_LD | BPF_B | BPF_ABS, 54);
	jump(c, 135, 1, 0);
	jump(c, 136, 0, 1);
	stmt(c, BPF_RET | BPF_K, SNAP);
	stmt(c, BPF_RET | BPF_K, 0);
}

struct sock_fprog watchlist_filter(const struct watchlist *l)
{
	struct code c = { 0 };

	c.f = calloc((size_t)(l->vmacs * PER_VMAC + l->ports * PER_PORT + FIXED), sizeof(*c.f));
	if (!c.f)
		die("out of memory");
	ports_only(&c, l);
	virtual_macs(&c, l);
	talk_of_addresses(&c);
	return (struct sock_fprog){ .len = c.len, .filter = c.f };
}
