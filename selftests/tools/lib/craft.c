// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <string.h>

#include "../../../uapi/linux/netslice.h"
#include "addr.h"
#include "craft.h"
#include "opt.h"

const char craft_usage[] =
"  templates and their keys (all have src= dst= MACs, vlan= prio= for a tag,\n"
"  ethertype= to state another):\n"
"    raw      payload=HEX size=N\n"
"    arp      op=1|2 sha= spa= tha= tpa=\n"
"    ns, na   sip= dip= target= lladdr= flags=0xe0 (R 80, S 40, O 20) ttl=255\n"
"    udp      sip= dip= sport= dport= ttl= tos= frag= options=HEX payload= size=\n"
"    echo     as udp; a ping (type= for another ICMP type, id= seq=)\n"
"    refresh, marker, probe   slice= port= term= cookie= index= total=\n";

enum key_kind { KEY_MAC, KEY_IP, KEY_NUM, KEY_HEX, KEY_NAME };

struct bytes {
	uint8_t byte[CRAFT_MAX];
	size_t len;
};

struct recipe {
	uint8_t src[MAC_LEN], dst[MAC_LEN], sha[MAC_LEN], tha[MAC_LEN], lladdr[MAC_LEN];
	struct ip sip, dip, spa, tpa, target;
	uint64_t vlan, prio, ethertype, op, flags, ttl, tos, frag, sport, dport, size, type, id,
		 seq, term, cookie, index, total;
	struct bytes payload, options;
	char slice[NETSLICE_NAME_LEN], port[NETSLICE_NAME_LEN];
	uint64_t given;			/* a bit for each key in its table */
};

#define KEY(kind, name)	{ #name, KEY_##kind, offsetof(struct recipe, name) }

static const struct key {
	const char *name;
	enum key_kind kind;
	size_t at;
} keys[] = {
	KEY(MAC, src), KEY(MAC, dst), KEY(MAC, sha), KEY(MAC, tha), KEY(MAC, lladdr),
	KEY(IP, sip), KEY(IP, dip), KEY(IP, spa), KEY(IP, tpa), KEY(IP, target),
	KEY(NUM, vlan), KEY(NUM, prio), KEY(NUM, ethertype), KEY(NUM, op), KEY(NUM, flags),
	KEY(NUM, ttl), KEY(NUM, tos), KEY(NUM, frag), KEY(NUM, sport), KEY(NUM, dport),
	KEY(NUM, size), KEY(NUM, type), KEY(NUM, id), KEY(NUM, seq), KEY(NUM, term),
	KEY(NUM, cookie), KEY(NUM, index), KEY(NUM, total),
	KEY(HEX, payload), KEY(HEX, options), KEY(NAME, slice), KEY(NAME, port),
};

#define KEYS	(sizeof(keys) / sizeof(keys[0]))

static int store(struct recipe *r, const struct key *k, const char *value)
{
	void *to = (uint8_t *)r + k->at;
	struct bytes *bytes = to;
	int len;

	switch (k->kind) {
	case KEY_MAC:
		return mac_parse(value, to);
	case KEY_IP:
		return ip_parse(value, to);
	case KEY_NUM:
		*(uint64_t *)to = opt_number(value, k->name, UINT64_MAX);
		return 0;
	case KEY_NAME:
		if (strlen(value) > NETSLICE_NAME_LEN)
			return -1;
		memcpy(to, value, strlen(value));
		return 0;
	case KEY_HEX:
		len = hex_parse(value, bytes->byte, sizeof(bytes->byte));
		bytes->len = len < 0 ? 0 : (size_t)len;
		return len < 0 ? -1 : 0;
	}
	return -1;
}

static void read_word(struct recipe *r, char *word)
{
	char *value = strchr(word, '=');
	size_t i;

	if (!value)
		die("\"%s\" is not key=value", word);
	*value++ = '\0';
	for (i = 0; i < KEYS && strcmp(keys[i].name, word); i++)
		;
	if (i == KEYS)
		die("no key %s", word);
	if (store(r, &keys[i], value))
		die("%s: cannot read \"%s\"", word, value);
	r->given |= 1ULL << i;
}

static bool given(const struct recipe *r, const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (!strcmp(keys[i].name, name))
			return r->given >> i & 1;
	return false;
}

static void put(struct frame *f, const void *bytes, size_t len)
{
	if (f->len + len > CRAFT_MAX)
		die("the frame is longer than %u", CRAFT_MAX);
	memcpy(f->byte + f->len, bytes, len);
	f->len += len;
}

static void put8(struct frame *f, uint64_t v)
{
	put(f, &(uint8_t){ (uint8_t)v }, 1);
}

static void put16(struct frame *f, uint64_t v)
{
	put(f, &(uint16_t){ htobe16((uint16_t)v) }, 2);
}

static void put_ip(struct frame *f, const struct ip *a)
{
	put(f, a->byte, a->family == AF_INET6 ? 16 : 4);
}

static void set16(struct frame *f, size_t at, uint16_t v)
{
	v = htobe16(v);
	memcpy(f->byte + at, &v, 2);
}

static uint32_t add_up(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_ethernet(struct frame *f, const struct recipe *r, uint16_t ethertype)
{
	put(f, r->dst, MAC_LEN);
	put(f, r->src, MAC_LEN);
	if (given(r, "vlan") || given(r, "prio")) {
		put16(f, 0x8100);
		put16(f, r->prio << 13 | r->vlan);
	}
	put16(f, given(r, "ethertype") ? r->ethertype : ethertype);
}

static void put_payload(struct frame *f, const struct recipe *r)
{
	put(f, r->payload.byte, r->payload.len);
	for (size_t i = r->payload.len; i < r->size; i++)
		put8(f, i);
}

static void make_raw(struct frame *f, const struct recipe *r)
{
	put_ethernet(f, r, 0x88b6);
	put_payload(f, r);
}

static void make_arp(struct frame *f, const struct recipe *r)
{
	put_ethernet(f, r, 0x0806);
	put(f, "\0\1\10\0\6\4", 6);
	put16(f, given(r, "op") ? r->op : 1);
	put(f, given(r, "sha") ? r->sha : r->src, MAC_LEN);
	put(f, r->spa.byte, 4);
	put(f, r->tha, MAC_LEN);
	put(f, r->tpa.byte, 4);
}

static size_t put_ipv4(struct frame *f, const struct recipe *r, uint8_t proto)
{
	size_t at = f->len, options = (r->options.len + 3) & ~3ul;

	put8(f, 0x40 | (5 + options / 4));
	put8(f, r->tos);
	put16(f, 0);
	put16(f, r->id);
	put16(f, r->frag);
	put8(f, given(r, "ttl") ? r->ttl : 64);
	put8(f, proto);
	put16(f, 0);
	put_ip(f, &r->sip);
	put_ip(f, &r->dip);
	put(f, r->options.byte, r->options.len);
	for (size_t i = r->options.len; i < options; i++)
		put8(f, 0);
	return at;
}

/* Options of IPv6 become a hop-by-hop header, filled up with Pad1. */
static size_t put_ipv6(struct frame *f, const struct recipe *r, uint8_t proto)
{
	size_t at = f->len, more = (8 - (2 + r->options.len) % 8) % 8;

	put8(f, 0x60 | (r->tos >> 4 & 15));
	put8(f, r->tos << 4);
	put16(f, 0);
	put16(f, 0);
	put8(f, r->options.len ? 0 : proto);
	put8(f, given(r, "ttl") ? r->ttl : 64);
	put_ip(f, &r->sip);
	put_ip(f, &r->dip);
	if (!r->options.len)
		return at;
	put8(f, proto);
	put8(f, (2 + r->options.len + more) / 8 - 1);
	put(f, r->options.byte, r->options.len);
	while (more--)
		put8(f, 0);
	return at;
}

static bool is_v6(const struct recipe *r)
{
	if (r->sip.family != r->dip.family || !r->sip.family)
		die("sip= and dip= are needed, of one family");
	return r->sip.family == AF_INET6;
}

static size_t put_network(struct frame *f, const struct recipe *r, uint8_t proto)
{
	put_ethernet(f, r, is_v6(r) ? 0x86dd : 0x0800);
	return is_v6(r) ? put_ipv6(f, r, proto) : put_ipv4(f, r, proto);
}

/* Lengths and checksums once all is there; @sum_at is where layer 4 has its own. */
static void finish_network(struct frame *f, const struct recipe *r, size_t ip, size_t l4,
			   uint8_t proto, size_t sum_at)
{
	size_t addr = is_v6(r) ? 16 : 4;
	uint32_t sum = 0;

	if (proto != 1)
		sum = add_up(add_up((uint32_t)(f->len - l4) + proto, r->sip.byte, addr),
			     r->dip.byte, addr);
	set16(f, sum_at, fold(add_up(sum, f->byte + l4, f->len - l4)));
	if (is_v6(r)) {
		set16(f, ip + 4, (uint16_t)(f->len - ip - 40));
		return;
	}
	set16(f, ip + 2, (uint16_t)(f->len - ip));
	set16(f, ip + 10, fold(add_up(0, f->byte + ip, (f->byte[ip] & 15) * 4u)));
}

static void make_nd(struct frame *f, const struct recipe *given_recipe, bool advert)
{
	struct recipe r = *given_recipe;
	size_t ip, l4;

	if (!given(&r, "ttl")) {
		r.ttl = 255;
		for (size_t i = 0; i < KEYS; i++)
			if (!strcmp(keys[i].name, "ttl"))
				r.given |= 1ULL << i;
	}
	ip = put_network(f, &r, 58);
	l4 = f->len;
	put8(f, advert ? 136 : 135);
	put8(f, 0);
	put16(f, 0);
	put8(f, advert ? r.flags : 0);
	put(f, "\0\0\0", 3);
	put(f, r.target.byte, 16);
	if (given(&r, "lladdr")) {
		put8(f, advert ? 2 : 1);
		put8(f, 1);
		put(f, r.lladdr, MAC_LEN);
	}
	finish_network(f, &r, ip, l4, 58, l4 + 2);
}

static void make_ns(struct frame *f, const struct recipe *r)
{
	make_nd(f, r, false);
}

static void make_na(struct frame *f, const struct recipe *r)
{
	make_nd(f, r, true);
}

static void make_udp(struct frame *f, const struct recipe *r)
{
	size_t ip = put_network(f, r, 17), l4 = f->len;

	put16(f, r->sport);
	put16(f, r->dport);
	put16(f, 0);
	put16(f, 0);
	put_payload(f, r);
	set16(f, l4 + 4, (uint16_t)(f->len - l4));
	finish_network(f, r, ip, l4, 17, l4 + 6);
}

static void make_echo(struct frame *f, const struct recipe *r)
{
	uint8_t proto = is_v6(r) ? 58 : 1;
	size_t ip = put_network(f, r, proto), l4 = f->len;

	put8(f, given(r, "type") ? r->type : is_v6(r) ? 128 : 8);
	put8(f, 0);
	put16(f, 0);
	put16(f, r->id);
	put16(f, r->seq);
	put_payload(f, r);
	finish_network(f, r, ip, l4, proto, l4 + 2);
}

static void make_own(struct frame *f, const struct recipe *given_recipe, uint8_t kind)
{
	static const uint8_t group[MAC_LEN] = NETSLICE_FRAME_GROUP;
	struct recipe r = *given_recipe;
	struct netslice_frame own = {
		.magic = htobe32(NETSLICE_FRAME_MAGIC), .version = NETSLICE_FRAME_VERSION,
		.kind = kind, .index = htobe16((uint16_t)r.index),
		.total = htobe16((uint16_t)(given(&r, "total") ? r.total : 1)),
		.fp_term = htobe64(r.term), .cookie = htobe64(r.cookie),
	};

	memcpy(own.slice, r.slice, sizeof(own.slice));
	memcpy(own.port, r.port, sizeof(own.port));
	if (!given(&r, "dst"))
		memcpy(r.dst, group, MAC_LEN);
	put_ethernet(f, &r, NETSLICE_ETH_P);
	put(f, &own, sizeof(own));
}

static void make_refresh(struct frame *f, const struct recipe *r)
{
	make_own(f, r, NETSLICE_FRAME_REFRESH);
}

static void make_marker(struct frame *f, const struct recipe *r)
{
	make_own(f, r, NETSLICE_FRAME_MARKER);
}

static void make_probe(struct frame *f, const struct recipe *r)
{
	make_own(f, r, NETSLICE_FRAME_PROBE);
}

void craft(struct frame *f, const uint8_t own[MAC_LEN], char **words, int n)
{
	static const struct {
		const char *name;
		void (*make)(struct frame *f, const struct recipe *r);
	} templates[] = {
		{ "raw", make_raw }, { "arp", make_arp }, { "ns", make_ns }, { "na", make_na },
		{ "udp", make_udp }, { "echo", make_echo }, { "refresh", make_refresh },
		{ "marker", make_marker }, { "probe", make_probe },
	};
	static struct recipe r;

	memset(r.dst, 0xff, MAC_LEN);
	memcpy(r.src, own, MAC_LEN);
	for (int i = 1; i < n; i++)
		read_word(&r, words[i]);
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		if (strcmp(templates[i].name, words[0]))
			continue;
		templates[i].make(f, &r);
		return;
	}
	die("no template %s", words[0]);
}
