/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * The data digest of a generation: what it covers, byte by byte.
 *
 * A digest says whether two generations hold the same routes, whatever order
 * the routes were added in and whatever was added and deleted on the way. It is
 * a sum: each route makes one canonical record, a record hashes to 128 bits,
 * and the digest is the sum of the hashes, lane by lane, modulo 2^64. So a route
 * is added to a digest by addition and taken out by subtraction.
 *
 *	member = port name, gateway, weight			40 bytes
 *	group  = SipHash(header, members in canonical order)	128 bits
 *	record = prefix, type, group				40 bytes
 *	digest = sum of SipHash(record) over all routes
 *
 * A device index, a MAC address, a neighbour, an owner: none of these is in it,
 * because they differ between two nodes that forward alike.
 *
 * The same sum is kept in NETSLICE_DIGEST_BUCKETS buckets. A route's bucket
 * follows from family, prefix and prefix length alone. Two nodes that differ
 * compare buckets, and repair those that differ.
 *
 * Both lanes are SipHash-2-4, under two different keys that are published below.
 * Two different sets of routes have equal digests by accident with probability
 * 2^-128. Against an adversary who chooses routes it is no proof (the keys are
 * known, and sums invite the generalised birthday attack): authenticity is the
 * business of the TLS session that carries it.
 *
 * Numbers in records are big endian; reserved bytes are zero.
 */
#ifndef _UAPI_LINUX_NETSLICE_DIGEST_H
#define _UAPI_LINUX_NETSLICE_DIGEST_H

#include <linux/types.h>

#define NETSLICE_DIGEST_VERSION		1
#define NETSLICE_DIGEST_BUCKETS		1024
#define NETSLICE_DIGEST_LANES		2
#define NETSLICE_DIGEST_MEMBERS_MAX	32
#define NETSLICE_DIGEST_PORT_LEN	16

/* The keys: the ASCII strings "netslice-digest0" and "netslice-digest1" */
#define NETSLICE_DIGEST_KEY0 { 0x6563696c7374656eULL, 0x307473656769642dULL }
#define NETSLICE_DIGEST_KEY1 { 0x6563696c7374656eULL, 0x317473656769642dULL }

/* Address families as this header numbers them (AF_* differ between systems) */
#define NETSLICE_DIGEST_ONLINK		0
#define NETSLICE_DIGEST_IPV4		4
#define NETSLICE_DIGEST_IPV6		6

/**
 * struct netslice_digest_value - a hash, or a sum of hashes
 * @lane: the two lanes, host byte order
 */
struct netslice_digest_value {
	__u64 lane[NETSLICE_DIGEST_LANES];
};

/**
 * struct netslice_digest_member - canonical next hop
 * @port: logical name of the slice's port, padded with NUL
 * @family: of @gateway: NETSLICE_DIGEST_ONLINK, _IPV4 or _IPV6
 * @reserved1: zero
 * @weight: 1 to 256, big endian
 * @reserved2: zero
 * @gateway: network order, IPv4 in the first four bytes, rest zero
 */
struct netslice_digest_member {
	__u8 port[NETSLICE_DIGEST_PORT_LEN];
	__u8 family;
	__u8 reserved1;
	__u8 weight[2];
	__u8 reserved2[4];
	__u8 gateway[16];
};

/**
 * struct netslice_digest_group - what precedes the members when a group is hashed
 * @version: NETSLICE_DIGEST_VERSION
 * @type: route type, NETSLICE_ROUTE_*
 * @count: number of members
 * @reserved: zero
 * @flags: configured flags of the group, big endian
 */
struct netslice_digest_group {
	__u8 version;
	__u8 type;
	__u8 count;
	__u8 reserved;
	__u8 flags[4];
};

/**
 * struct netslice_digest_record - canonical route
 * @version: NETSLICE_DIGEST_VERSION
 * @family: NETSLICE_DIGEST_IPV4 or _IPV6
 * @plen: prefix length
 * @type: route type, NETSLICE_ROUTE_*
 * @reserved: zero
 * @prefix: network order, IPv4 in the first four bytes, rest zero
 * @group: the two lanes of the group's hash, big endian
 */
struct netslice_digest_record {
	__u8 version;
	__u8 family;
	__u8 plen;
	__u8 type;
	__u8 reserved[4];
	__u8 prefix[16];
	__u8 group[16];
};

static inline void netslice_digest_put64(__u8 *to, __u64 value)
{
	int i;

	for (i = 7; i >= 0; i--) {
		to[i] = (__u8)value;
		value >>= 8;
	}
}

static inline __u64 netslice_digest_le64(const __u8 *from)
{
	return (__u64)from[0] | (__u64)from[1] << 8 | (__u64)from[2] << 16 |
	       (__u64)from[3] << 24 | (__u64)from[4] << 32 |
	       (__u64)from[5] << 40 | (__u64)from[6] << 48 |
	       (__u64)from[7] << 56;
}

static inline void netslice_digest_sipround(__u64 v[4])
{
#define NETSLICE_DIGEST_ROTL(x, n) ((x) << (n) | (x) >> (64 - (n)))
	v[0] += v[1];
	v[2] += v[3];
	v[1] = NETSLICE_DIGEST_ROTL(v[1], 13) ^ v[0];
	v[3] = NETSLICE_DIGEST_ROTL(v[3], 16) ^ v[2];
	v[0] = NETSLICE_DIGEST_ROTL(v[0], 32) + v[3];
	v[2] += v[1];
	v[1] = NETSLICE_DIGEST_ROTL(v[1], 17) ^ v[2];
	v[3] = NETSLICE_DIGEST_ROTL(v[3], 21) ^ v[0];
	v[2] = NETSLICE_DIGEST_ROTL(v[2], 32);
#undef NETSLICE_DIGEST_ROTL
}

static inline void netslice_digest_sipword(__u64 v[4], __u64 word)
{
	v[3] ^= word;
	netslice_digest_sipround(v);
	netslice_digest_sipround(v);
	v[0] ^= word;
}

/* A SipHash-2-4 in progress; every part but the last is whole 8-byte words */
struct netslice_digest_sip {
	__u64 v[4];
	__u64 len;
};

static inline void netslice_digest_sip_init(struct netslice_digest_sip *s,
					    const __u64 key[2])
{
	s->v[0] = key[0] ^ 0x736f6d6570736575ULL;
	s->v[1] = key[1] ^ 0x646f72616e646f6dULL;
	s->v[2] = key[0] ^ 0x6c7967656e657261ULL;
	s->v[3] = key[1] ^ 0x7465646279746573ULL;
	s->len = 0;
}

/* @len is a multiple of 8 */
static inline void netslice_digest_sip_words(struct netslice_digest_sip *s,
					     const void *data, unsigned int len)
{
	const __u8 *p = (const __u8 *)data;
	unsigned int i;

	for (i = 0; i + 8 <= len; i += 8)
		netslice_digest_sipword(s->v, netslice_digest_le64(p + i));
	s->len += len;
}

/* The last 0 to 7 bytes, and the hash */
static inline __u64 netslice_digest_sip_final(struct netslice_digest_sip *s,
					      const void *data, unsigned int len)
{
	const __u8 *p = (const __u8 *)data;
	__u64 last = (s->len + len) << 56;
	unsigned int i;

	for (i = 0; i < len; i++)
		last |= (__u64)p[i] << (8 * i);
	netslice_digest_sipword(s->v, last);
	s->v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		netslice_digest_sipround(s->v);
	return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

static inline __u64 netslice_digest_siphash(const void *data, unsigned int len,
					    const __u64 key[2])
{
	unsigned int words = len & ~7u;
	struct netslice_digest_sip s;

	netslice_digest_sip_init(&s, key);
	netslice_digest_sip_words(&s, data, words);
	return netslice_digest_sip_final(&s, (const __u8 *)data + words,
					 len - words);
}

/*
 * Canonical order of members: port name, family, gateway, weight, each byte by
 * byte. Negative, zero, positive as with memcmp().
 */
static inline int
netslice_digest_member_cmp(const struct netslice_digest_member *a,
			   const struct netslice_digest_member *b)
{
	int diff = __builtin_memcmp(a->port, b->port, sizeof(a->port));

	if (!diff)
		diff = (int)a->family - (int)b->family;
	if (!diff)
		diff = __builtin_memcmp(a->gateway, b->gateway,
					sizeof(a->gateway));
	if (!diff)
		diff = __builtin_memcmp(a->weight, b->weight,
					sizeof(a->weight));
	return diff;
}

/* Members arrive in any order, at most NETSLICE_DIGEST_MEMBERS_MAX of them */
static inline void
netslice_digest_members_sort(struct netslice_digest_member *m, unsigned int n)
{
	struct netslice_digest_member moved;
	unsigned int i, j;

	for (i = 1; i < n; i++) {
		moved = m[i];
		for (j = i; j && netslice_digest_member_cmp(&m[j - 1], &moved) > 0; j--)
			m[j] = m[j - 1];
		m[j] = moved;
	}
}

/**
 * netslice_digest_member_set - fill in a canonical next hop
 * @m: the member
 * @port: logical name of the port, NUL terminated, at most 15 bytes count
 * @family: NETSLICE_DIGEST_ONLINK, _IPV4 or _IPV6
 * @gateway: 4 or 16 bytes in network order, unused if on-link
 * @weight: 1 to 256
 */
static inline void
netslice_digest_member_set(struct netslice_digest_member *m, const char *port,
			   __u8 family, const void *gateway, __u16 weight)
{
	unsigned int i;

	__builtin_memset(m, 0, sizeof(*m));
	for (i = 0; i < sizeof(m->port) - 1 && port[i]; i++)
		m->port[i] = (__u8)port[i];
	m->family = family;
	m->weight[0] = (__u8)(weight >> 8);
	m->weight[1] = (__u8)weight;
	if (family == NETSLICE_DIGEST_IPV4)
		__builtin_memcpy(m->gateway, gateway, 4);
	else if (family == NETSLICE_DIGEST_IPV6)
		__builtin_memcpy(m->gateway, gateway, 16);
}

/**
 * netslice_digest_group_hash - hash a group of next hops
 * @type: route type, NETSLICE_ROUTE_*
 * @flags: configured flags of the group
 * @members: in canonical order, see netslice_digest_members_sort()
 * @count: how many, 0 for a type without next hops
 * @hash: the result
 */
static inline void
netslice_digest_group_hash(__u8 type, __u32 flags,
			   const struct netslice_digest_member *members,
			   unsigned int count, struct netslice_digest_value *hash)
{
	static const __u64 key[NETSLICE_DIGEST_LANES][2] = {
		NETSLICE_DIGEST_KEY0, NETSLICE_DIGEST_KEY1,
	};
	struct netslice_digest_group head = {
		.version = NETSLICE_DIGEST_VERSION,
		.type = type,
		.count = (__u8)count,
		.flags = { (__u8)(flags >> 24), (__u8)(flags >> 16),
			   (__u8)(flags >> 8), (__u8)flags },
	};
	struct netslice_digest_sip s;
	int i;

	for (i = 0; i < NETSLICE_DIGEST_LANES; i++) {
		netslice_digest_sip_init(&s, key[i]);
		netslice_digest_sip_words(&s, &head, sizeof(head));
		netslice_digest_sip_words(&s, members,
					  count * (unsigned int)sizeof(*members));
		hash->lane[i] = netslice_digest_sip_final(&s, members, 0);
	}
}

/**
 * netslice_digest_record_hash - hash a route
 * @family: NETSLICE_DIGEST_IPV4 or _IPV6
 * @prefix: 4 or 16 bytes in network order, bits beyond @plen zero
 * @plen: prefix length
 * @type: route type, NETSLICE_ROUTE_*
 * @group: hash of the group, from netslice_digest_group_hash()
 * @hash: the result, what is added to the digest and to the route's bucket
 */
static inline void
netslice_digest_record_hash(__u8 family, const void *prefix, __u8 plen,
			    __u8 type, const struct netslice_digest_value *group,
			    struct netslice_digest_value *hash)
{
	static const __u64 key[NETSLICE_DIGEST_LANES][2] = {
		NETSLICE_DIGEST_KEY0, NETSLICE_DIGEST_KEY1,
	};
	struct netslice_digest_record rec = {
		.version = NETSLICE_DIGEST_VERSION,
		.family = family,
		.plen = plen,
		.type = type,
	};
	int i;

	__builtin_memcpy(rec.prefix, prefix,
			 family == NETSLICE_DIGEST_IPV4 ? 4 : 16);
	netslice_digest_put64(rec.group, group->lane[0]);
	netslice_digest_put64(rec.group + 8, group->lane[1]);
	for (i = 0; i < NETSLICE_DIGEST_LANES; i++)
		hash->lane[i] = netslice_digest_siphash(&rec, sizeof(rec), key[i]);
}

/**
 * netslice_digest_bucket - the bucket a route belongs to
 * @family: NETSLICE_DIGEST_IPV4 or _IPV6
 * @prefix: 4 or 16 bytes in network order, bits beyond @plen zero
 * @plen: prefix length
 *
 * Return: 0 to NETSLICE_DIGEST_BUCKETS - 1.
 */
static inline unsigned int netslice_digest_bucket(__u8 family,
						  const void *prefix, __u8 plen)
{
	__u8 bytes[16] = { 0 };
	__u64 h;

	__builtin_memcpy(bytes, prefix, family == NETSLICE_DIGEST_IPV4 ? 4 : 16);
	h = (netslice_digest_le64(bytes) ^ ((__u64)family << 8 | plen)) *
	    0x9e3779b97f4a7c15ULL;
	h ^= h >> 32;
	h = (h ^ netslice_digest_le64(bytes + 8)) * 0xd6e8feb86659fd93ULL;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15ULL;
	return (unsigned int)(h >> 54);
}

static inline void netslice_digest_plus(struct netslice_digest_value *sum,
					const struct netslice_digest_value *v)
{
	sum->lane[0] += v->lane[0];
	sum->lane[1] += v->lane[1];
}

static inline void netslice_digest_minus(struct netslice_digest_value *sum,
					 const struct netslice_digest_value *v)
{
	sum->lane[0] -= v->lane[0];
	sum->lane[1] -= v->lane[1];
}

static inline int netslice_digest_equal(const struct netslice_digest_value *a,
					const struct netslice_digest_value *b)
{
	return a->lane[0] == b->lane[0] && a->lane[1] == b->lane[1];
}

/* As NETSLICE_A_DIGEST and NETSLICE_A_BUCKETS carry it: little-endian lanes */
static inline void netslice_digest_pack(const struct netslice_digest_value *v,
					__u8 to[16])
{
	int i;

	for (i = 0; i < 16; i++)
		to[i] = (__u8)(v->lane[i / 8] >> (8 * (i % 8)));
}

static inline void netslice_digest_unpack(struct netslice_digest_value *v,
					  const __u8 from[16])
{
	v->lane[0] = netslice_digest_le64(from);
	v->lane[1] = netslice_digest_le64(from + 8);
}

/*
 * Test vectors: prefix, its length, type (0 unicast, 1 blackhole, 4 punt), members
 * as "port gateway weight", bucket, the lanes of the record's hash. The digest of
 * the six together is NETSLICE_DIGEST_VECTORS_SUM.
 */
#define NETSLICE_DIGEST_VECTORS(v) \
	v("10.0.0.0", 8, 0, "lan 192.0.2.1 1", \
	  268, 0xfb5faab104597ea6ULL, 0x33e00d2383a05ca6ULL) \
	v("0.0.0.0", 0, 0, \
	  "up2 198.51.100.1 3, up1 192.0.2.1 256, up1 2001:db8::1 1", \
	  362, 0x7c72b0c49711ce78ULL, 0x40c2794d503d841cULL) \
	v("203.0.113.7", 32, 1, "", \
	  381, 0xaa8a2681e8a3afa7ULL, 0xfef598151f27801aULL) \
	v("2001:db8:1::", 48, 0, "core fe80::1 1", \
	  471, 0x968396266ad2f2e3ULL, 0xbd5e21b2d657beddULL) \
	v("::", 0, 0, "core on-link 1", \
	  365, 0x56a6e6ce958ea94dULL, 0x0809877e25f7f6f0ULL) \
	v("2001:db8::53", 128, 4, "", \
	  981, 0xe7634688e30b8bc2ULL, 0x9af96ddeec4c4bcaULL)
#define NETSLICE_DIGEST_VECTORS_SUM \
	{ 0xf6ea4575677c24b7ULL, 0xd3f93595dba16273ULL }

#endif /* _UAPI_LINUX_NETSLICE_DIGEST_H */
