// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "opt.h"

static int parse_v6(const char *text, struct sockaddr_in6 *out)
{
	char plain[ADDR_TEXT];
	const char *scope = strchr(text, '%');
	size_t len = scope ? (size_t)(scope - text) : strlen(text);

	if (len >= sizeof(plain))
		return -1;
	memcpy(plain, text, len);
	plain[len] = '\0';
	if (inet_pton(AF_INET6, plain, &out->sin6_addr) != 1)
		return -1;
	if (!scope)
		return 0;
	out->sin6_scope_id = if_nametoindex(scope + 1);
	return out->sin6_scope_id ? 0 : -1;
}

union sock_addr addr_parse(const char *text, uint16_t port)
{
	union sock_addr a = { .in = { .sin_family = AF_INET, .sin_port = htons(port) } };

	if (inet_pton(AF_INET, text, &a.in.sin_addr) == 1)
		return a;
	a = (union sock_addr){ .in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) } };
	if (parse_v6(text, &a.in6))
		die("\"%s\" is no IPv4 or IPv6 address", text);
	return a;
}

socklen_t addr_len(const union sock_addr *a)
{
	return a->sa.sa_family == AF_INET ? sizeof(a->in) : sizeof(a->in6);
}

const char *addr_text(const union sock_addr *a, char out[ADDR_TEXT])
{
	const void *bytes = a->sa.sa_family == AF_INET ? (const void *)&a->in.sin_addr
						       : (const void *)&a->in6.sin6_addr;

	if (!inet_ntop(a->sa.sa_family, bytes, out, ADDR_TEXT))
		strcpy(out, "?");
	return out;
}

int ip_parse(const char *text, struct ip *out)
{
	memset(out, 0, sizeof(*out));
	out->family = AF_INET;
	if (inet_pton(AF_INET, text, out->byte) == 1)
		return 0;
	out->family = AF_INET6;
	return inet_pton(AF_INET6, text, out->byte) == 1 ? 0 : -1;
}

int ip_same(const struct ip *a, const struct ip *b)
{
	return a->family == b->family &&
	       !memcmp(a->byte, b->byte, a->family == AF_INET ? 4 : 16);
}

const char *ip_text(const struct ip *a, char out[ADDR_TEXT])
{
	if (!inet_ntop(a->family, a->byte, out, ADDR_TEXT))
		strcpy(out, "?");
	return out;
}

int mac_parse(const char *text, uint8_t out[MAC_LEN])
{
	unsigned int b[MAC_LEN];
	char extra;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4],
		   &b[5], &extra) != MAC_LEN)
		return -1;
	for (int i = 0; i < MAC_LEN; i++)
		out[i] = (uint8_t)b[i];
	return 0;
}

const char *mac_text(const uint8_t mac[MAC_LEN], char out[MAC_TEXT])
{
	snprintf(out, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return out;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_parse(const char *text, uint8_t *out, size_t room)
{
	size_t len = 0;

	while (*text) {
		int high, low;

		if (*text == ' ' || *text == ':' || *text == '\n') {
			text++;
			continue;
		}
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0 || len >= room)
			return -1;
		out[len++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return (int)len;
}
