// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <string.h>

#include "../../../uapi/linux/netslice.h"
#include "wire.h"

#define ETH_HEADER	14u
#define TYPE_ARP	0x0806
#define TYPE_IPV6	0x86dd
#define ARP_LEN		28u
#define IPV6_HEADER	40u
#define ND_FIXED	24u
#define ICMPV6		58
#define ND_SOLICIT	135
#define ND_ADVERT	136
#define OPT_SOURCE_MAC	1
#define OPT_TARGET_MAC	2

_Static_assert(NETSLICE_NAME_LEN == WIRE_NAME, "names fit");

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static struct ip ip_of(int family, const uint8_t *bytes)
{
	struct ip a = { .family = family };

	memcpy(a.byte, bytes, family == AF_INET ? 4 : 16);
	return a;
}

static bool ip_is_zero(const struct ip *a)
{
	static const uint8_t zero[16];

	return !memcmp(a->byte, zero, sizeof(zero));
}

static void say(struct wire *w, struct ip ip, const uint8_t *mac)
{
	w->says = !ip_is_zero(&ip);
	w->said = ip;
	memcpy(w->said_mac, mac, MAC_LEN);
}

static void read_arp(const uint8_t *p, size_t len, struct wire *w)
{
	static const uint8_t ethernet_ipv4[] = { 0, 1, 8, 0, 6, 4 };
	struct ip target;

	if (len < ARP_LEN || memcmp(p, ethernet_ipv4, sizeof(ethernet_ipv4)))
		return;
	w->kind = WIRE_ARP;
	say(w, ip_of(AF_INET, p + 14), p + 8);
	target = ip_of(AF_INET, p + 24);
	w->asks = get16(p + 6) == 1 && w->says && !ip_same(&w->said, &target);
	w->asked = target;
}

static const uint8_t *find_option(const uint8_t *p, size_t len, uint8_t wanted)
{
	while (len >= 8) {
		size_t size = p[1] * 8u;

		if (!size || size > len)
			return NULL;
		if (p[0] == wanted)
			return p + 2;
		p += size;
		len -= size;
	}
	return NULL;
}

static void read_nd(const uint8_t *ip6, size_t len, struct wire *w)
{
	const uint8_t *nd = ip6 + IPV6_HEADER;
	struct ip from = ip_of(AF_INET6, ip6 + 8);
	const uint8_t *mac;

	if (len < IPV6_HEADER + ND_FIXED || ip6[6] != ICMPV6)
		return;
	len -= IPV6_HEADER + ND_FIXED;
	if (nd[0] == ND_SOLICIT) {
		w->kind = WIRE_NS;
		w->asks = !ip_is_zero(&from);
		w->asked = ip_of(AF_INET6, nd + 8);
		mac = find_option(nd + ND_FIXED, len, OPT_SOURCE_MAC);
		if (mac)
			say(w, from, mac);
	} else if (nd[0] == ND_ADVERT) {
		w->kind = WIRE_NA;
		w->router = nd[4] & 0x80;
		mac = find_option(nd + ND_FIXED, len, OPT_TARGET_MAC);
		say(w, ip_of(AF_INET6, nd + 8), mac ? mac : w->src);
	}
}

static void read_netslice(const uint8_t *p, size_t len, struct wire *w)
{
	struct netslice_frame f;

	if (len < sizeof(f))
		return;
	memcpy(&f, p, sizeof(f));
	if (be32toh(f.magic) != NETSLICE_FRAME_MAGIC || f.version != NETSLICE_FRAME_VERSION)
		return;
	w->kind = f.kind == NETSLICE_FRAME_REFRESH ? WIRE_REFRESH : WIRE_CONTROL;
	w->fp_term = be64toh(f.fp_term);
	memcpy(w->slice, f.slice, WIRE_NAME);
	memcpy(w->port, f.port, WIRE_NAME);
}

bool wire_read(const uint8_t *frame, size_t len, struct wire *w)
{
	const uint8_t *payload = frame + ETH_HEADER;

	if (len < ETH_HEADER)
		return false;
	len -= ETH_HEADER;
	memcpy(w->dst, frame, MAC_LEN);
	memcpy(w->src, frame + MAC_LEN, MAC_LEN);
	w->ethertype = get16(frame + 12);
	w->kind = WIRE_DATA;
	if (w->ethertype == TYPE_ARP)
		read_arp(payload, len, w);
	else if (w->ethertype == TYPE_IPV6)
		read_nd(payload, len, w);
	else if (w->ethertype == NETSLICE_ETH_P)
		read_netslice(payload, len, w);
	return true;
}

const char *wire_kind_text(enum wire_kind kind)
{
	static const char *const text[] = {
		[WIRE_DATA] = "data", [WIRE_ARP] = "arp", [WIRE_NS] = "ns",
		[WIRE_NA] = "na", [WIRE_REFRESH] = "refresh", [WIRE_CONTROL] = "control",
	};

	return text[kind];
}
