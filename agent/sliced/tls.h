/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys, pins and TLS contexts: the only code that knows OpenSSL. */
#ifndef SLICED_TLS_H
#define SLICED_TLS_H

#include <stdbool.h>
#include <stdint.h>

struct bufferevent;
struct event_base;
struct nsl_err;
struct tls;

/* SHA-256 of the DER SubjectPublicKeyInfo. */
#define TLS_PIN_LEN	32
#define TLS_PIN_TEXT	65

struct tls_pin {
	uint8_t	b[TLS_PIN_LEN];
};

bool tls_pin_equal(const struct tls_pin *a, const struct tls_pin *b);
void tls_pin_text(const struct tls_pin *pin, char out[TLS_PIN_TEXT]);
/* 64 hexadecimal digits, "sha256:" before them allowed. 0 or -EINVAL. */
int tls_pin_parse(const char *text, struct tls_pin *pin, struct nsl_err *err);

/*
 * Reads @dir/node.key, or makes an Ed25519 key there (0600), and a
 * self-signed certificate in memory. Waits for the disk: before the loop runs.
 * @allowed judges the pin of whoever presents a certificate.
 */
struct tls *tls_open(const char *dir, bool (*allowed)(void *arg, const struct tls_pin *pin),
		     void *arg, struct nsl_err *err);
void tls_close(struct tls *tls);
const struct tls_pin *tls_own_pin(const struct tls *tls);

/* TLS on a socket, which it takes over also on failure. @fd -1 for a client that connects later. */
struct bufferevent *tls_server(struct tls *tls, struct event_base *base, int fd);
struct bufferevent *tls_client(struct tls *tls, struct event_base *base, int fd);
/* The pin of the certificate at the other end; false before it is there. */
bool tls_peer_pin(struct bufferevent *bev, struct tls_pin *pin);
/* Says TLS's goodbye, if there is somebody to hear it, and frees. */
void tls_close_connection(struct bufferevent *bev);
/* Why a handshake or connection failed: for the log. */
void tls_why(struct bufferevent *bev, char *out, unsigned int size);

#endif
