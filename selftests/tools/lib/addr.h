/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of all kinds, to and from text. */
#ifndef TOOLS_ADDR_H
#define TOOLS_ADDR_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define MAC_LEN		6
#define MAC_TEXT	18
#define ADDR_TEXT	72

union sock_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* An address of either family without a port; compared with ip_same(). */
struct ip {
	int family;
	uint8_t byte[16];
};

/* "192.0.2.1", "2001:db8::1" or "fe80::1%eth0"; exits 2 when it is neither. */
union sock_addr addr_parse(const char *text, uint16_t port);
socklen_t addr_len(const union sock_addr *a);
const char *addr_text(const union sock_addr *a, char out[ADDR_TEXT]);

/* Return: 0, or -1 when the text is no address. */
int ip_parse(const char *text, struct ip *out);
int ip_same(const struct ip *a, const struct ip *b);
const char *ip_text(const struct ip *a, char out[ADDR_TEXT]);

int mac_parse(const char *text, uint8_t out[MAC_LEN]);
const char *mac_text(const uint8_t mac[MAC_LEN], char out[MAC_TEXT]);

/* Hex digits, blanks and colons between them allowed. Return: bytes, or -1. */
int hex_parse(const char *text, uint8_t *out, size_t room);

#endif
