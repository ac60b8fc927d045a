// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "../../../uapi/linux/netslice.h"
#include "addr.h"
#include "match.h"
#include "opt.h"

const char match_usage[] =
"  filter keys: src dst ethertype vlan (0: untagged or priority tag) tagged=0|1\n"
"    prio len sip dip proto ttl tos df id sport dport icmp code mtu op sha spa tha\n"
"    tpa target lladdr flags kind term\n";

enum match_kind { IS_NUM, IS_MAC, IS_IP };

/* What a frame has of each; a key that the frame lacks does not match. */
struct fields {
	uint64_t has;
	uint64_t ethertype, vlan, tagged, prio, len, proto, ttl, tos, df, id, sport, dport, icmp,
		 code, mtu, op, flags, kind, term;
	uint8_t src[MAC_LEN], dst[MAC_LEN], sha[MAC_LEN], tha[MAC_LEN], lladdr[MAC_LEN];
	struct ip sip, dip, spa, tpa, target;
};

#define KEY(kind, name)	{ #name, IS_##kind, offsetof(struct fields, name) }

static const struct match_key {
	const char *name;
	enum match_kind kind;
	size_t at;
} keys[] = {
	KEY(NUM, ethertype), KEY(NUM, vlan), KEY(NUM, tagged), KEY(NUM, prio), KEY(NUM, len),
	KEY(NUM, proto), KEY(NUM, ttl), KEY(NUM, tos), KEY(NUM, df), KEY(NUM, id),
	KEY(NUM, sport), KEY(NUM, dport), KEY(NUM, icmp), KEY(NUM, code), KEY(NUM, mtu),
	KEY(NUM, op), KEY(NUM, flags), KEY(NUM, kind), KEY(NUM, term),
	KEY(MAC, src), KEY(MAC, dst), KEY(MAC, sha), KEY(MAC, tha), KEY(MAC, lladdr),
	KEY(IP, sip), KEY(IP, dip), KEY(IP, spa), KEY(IP, tpa), KEY(IP, target),
};

#define KEYS	(sizeof(keys) / sizeof(keys[0]))

static uint64_t bit_of(size_t at)
{
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].at == at)
			return 1ULL << i;
	abort();
}

#define HAS(f, field)	((f)->has |= bit_of(offsetof(struct fields, field)))
#define SET(f, field, value) do { (f)->field = (value); HAS(f, field); } while (0)
#define SET_MAC(f, field, from) do { memcpy((f)->field, from, MAC_LEN); HAS(f, field); } while (0)
#define SET_IP(f, field, family_, from) do {					\
	(f)->field.family = (family_);						\
	memcpy((f)->field.byte, from, (family_) == AF_INET ? 4 : 16);		\
	HAS(f, field);								\
} while (0)

static uint64_t number(const uint8_t *p, int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

static void read_arp(struct fields *f, const uint8_t *p, size_t len)
{
	if (len < 28)
		return;
	SET(f, op, number(p + 6, 2));
	SET_MAC(f, sha, p + 8);
	SET_IP(f, spa, AF_INET, p + 14);
	SET_MAC(f, tha, p + 18);
	SET_IP(f, tpa, AF_INET, p + 24);
}

static void read_nd(struct fields *f, const uint8_t *p, size_t len)
{
	if (len < 24 || (f->icmp != 135 && f->icmp != 136))
		return;
	SET(f, flags, p[4]);
	SET_IP(f, target, AF_INET6, p + 8);
	if (len >= 32 && (p[24] == 1 || p[24] == 2))
		SET_MAC(f, lladdr, p + 26);
}

static void read_icmp(struct fields *f, const uint8_t *p, size_t len, bool v6)
{
	if (len < 8)
		return;
	SET(f, icmp, p[0]);
	SET(f, code, p[1]);
	if (v6 && p[0] == 2)
		SET(f, mtu, number(p + 4, 4));
	else if (!v6 && p[0] == 3)
		SET(f, mtu, number(p + 6, 2));
	if (v6)
		read_nd(f, p, len);
}

static void read_l4(struct fields *f, const uint8_t *p, size_t len, bool v6)
{
	if (f->proto == 17 || f->proto == 6) {
		if (len < 4)
			return;
		SET(f, sport, number(p, 2));
		SET(f, dport, number(p + 2, 2));
	} else if (f->proto == (v6 ? 58 : 1)) {
		read_icmp(f, p, len, v6);
	}
}

static void read_ipv4(struct fields *f, const uint8_t *p, size_t len)
{
	size_t header;

	if (len < 20)
		return;
	header = (p[0] & 15) * 4u;
	SET(f, tos, p[1]);
	SET(f, id, number(p + 4, 2));
	SET(f, df, p[6] >> 6 & 1);
	SET(f, ttl, p[8]);
	SET(f, proto, p[9]);
	SET_IP(f, sip, AF_INET, p + 12);
	SET_IP(f, dip, AF_INET, p + 16);
	if (header >= 20 && header <= len && !(number(p + 6, 2) & 0x1fff))
		read_l4(f, p + header, len - header, false);
}

static void read_ipv6(struct fields *f, const uint8_t *p, size_t len)
{
	size_t at = 40;
	uint8_t next;

	if (len < 40)
		return;
	next = p[6];
	SET(f, tos, number(p, 2) >> 4 & 0xff);
	SET(f, ttl, p[7]);
	SET_IP(f, sip, AF_INET6, p + 8);
	SET_IP(f, dip, AF_INET6, p + 24);
	if (next == 0 && len >= at + 8) {
		next = p[at];
		at += 8 + p[at + 1] * 8u;
	}
	SET(f, proto, next);
	if (at <= len)
		read_l4(f, p + at, len - at, true);
}

static void read_own(struct fields *f, const uint8_t *p, size_t len)
{
	if (len < sizeof(struct netslice_frame) || number(p, 4) != NETSLICE_FRAME_MAGIC)
		return;
	SET(f, kind, p[offsetof(struct netslice_frame, kind)]);
	SET(f, term, number(p + offsetof(struct netslice_frame, fp_term), 8));
}

static void read_fields(struct fields *f, const struct ring_frame *r)
{
	const uint8_t *p = r->data + 14;
	size_t len = r->len - 14;

	SET_MAC(f, dst, r->data);
	SET_MAC(f, src, r->data + MAC_LEN);
	SET(f, ethertype, number(r->data + 12, 2));
	SET(f, len, r->len);
	SET(f, vlan, r->vlan);
	SET(f, prio, r->tci >> 13);
	SET(f, tagged, r->tagged);
	if (f->ethertype == 0x0806)
		read_arp(f, p, len);
	else if (f->ethertype == 0x0800)
		read_ipv4(f, p, len);
	else if (f->ethertype == 0x86dd)
		read_ipv6(f, p, len);
	else if (f->ethertype == NETSLICE_ETH_P)
		read_own(f, p, len);
}

static bool equal(const struct match_term *t, const struct fields *f)
{
	const void *field = (const uint8_t *)f + t->key->at;
	uint8_t mac[MAC_LEN];
	struct ip ip;

	if (!(f->has & bit_of(t->key->at)))
		return false;
	switch (t->key->kind) {
	case IS_NUM:
		return *(const uint64_t *)field == opt_number(t->value, t->key->name, UINT64_MAX);
	case IS_MAC:
		return !mac_parse(t->value, mac) && !memcmp(mac, field, MAC_LEN);
	case IS_IP:
		return !ip_parse(t->value, &ip) && ip_same(&ip, field);
	}
	return false;
}

static void check_value(const struct match_term *t)
{
	uint8_t mac[MAC_LEN];
	struct ip ip;

	if (t->key->kind == IS_NUM)
		opt_number(t->value, t->key->name, UINT64_MAX);
	else if (t->key->kind == IS_MAC ? mac_parse(t->value, mac) : ip_parse(t->value, &ip))
		die("%s: cannot read \"%s\"", t->key->name, t->value);
}

static void add_term(struct match *m, char *word)
{
	struct match_term *t = &m->term[m->terms];
	char *value = strchr(word, '=');
	size_t i;

	if (!value || m->terms == MATCH_TERMS)
		die("\"%s\" is not key=value, or one too many", word);
	*value++ = '\0';
	for (i = 0; i < KEYS && strcmp(keys[i].name, word); i++)
		;
	if (i == KEYS)
		die("no filter key %s", word);
	t->key = &keys[i];
	t->value = value;
	check_value(t);
	m->terms++;
}

void match_parse(struct match *m, char *text)
{
	char *save, *word;

	for (word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save))
		add_term(m, word);
}

bool match_frame(const struct match *m, const struct ring_frame *r)
{
	struct fields f = { 0 };

	if (r->len < 14)
		return false;
	read_fields(&f, r);
	for (int i = 0; i < m->terms; i++)
		if (!equal(&m->term[i], &f))
			return false;
	return true;
}
