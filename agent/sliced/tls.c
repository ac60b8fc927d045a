// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TLS 1.3, both ends with an Ed25519 key, judged by its pin alone: the chain,
 * names and times of a certificate say nothing here. The certificate is made
 * anew at each start around the key, which is what lasts.
 */
#include "tls.h"

#include "clock.h"
#include "lib/err.h"
#include "log.h"

#include <assert.h>
#include <errno.h>
#include <event2/bufferevent_ssl.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TLS_STRANGER_MS	60000

struct tls {
	EVP_PKEY	*key;
	X509		*cert;
	SSL_CTX		*context;
	struct tls_pin	pin;
	bool		(*allowed)(void *arg, const struct tls_pin *pin);
	void		*arg;
	struct tls_pin	stranger;	/* last one that was logged, and when */
	uint64_t	stranger_ms;
};

/* --- pins --- */

bool tls_pin_equal(const struct tls_pin *a, const struct tls_pin *b)
{
	return !memcmp(a->b, b->b, TLS_PIN_LEN);
}

void tls_pin_text(const struct tls_pin *pin, char out[TLS_PIN_TEXT])
{
	unsigned int i;

	for (i = 0; i < TLS_PIN_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", pin->b[i]);
}

static int tls_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/**
 * tls_pin_parse - read a pin as people write it
 * @text: 64 hexadecimal digits, "sha256:" before them allowed
 * @pin: where to; untouched on failure
 * @err: why not
 *
 * Return: 0 or -EINVAL.
 */
int tls_pin_parse(const char *text, struct tls_pin *pin, struct nsl_err *err)
{
	const char *hex = strncmp(text, "sha256:", 7) ? text : text + 7;
	struct tls_pin out;
	unsigned int i;

	if (strlen(hex) != 2UL * TLS_PIN_LEN)
		return nsl_err_set(err, EINVAL, "a pin has %d hexadecimal digits, not %zu",
				   2 * TLS_PIN_LEN, strlen(hex));
	for (i = 0; i < TLS_PIN_LEN; i++) {
		int high = tls_hex(hex[2 * i]);
		int low = tls_hex(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return nsl_err_set(err, EINVAL, "a pin has hexadecimal digits only");
		out.b[i] = (uint8_t)(high << 4 | low);
	}
	*pin = out;
	return 0;
}

static int tls_key_pin(EVP_PKEY *key, struct tls_pin *pin)
{
	unsigned char *der = NULL;
	unsigned int len = 0;
	int der_len = i2d_PUBKEY(key, &der);
	int ok;

	if (der_len <= 0)
		return -ENOMEM;
	ok = EVP_Digest(der, (size_t)der_len, pin->b, &len, EVP_sha256(), NULL);
	OPENSSL_free(der);
	return ok && len == TLS_PIN_LEN ? 0 : -ENOMEM;
}

/* --- key and certificate --- */

static int tls_fail(struct nsl_err *err, const char *what)
{
	char why[160];

	ERR_error_string_n(ERR_get_error(), why, sizeof(why));
	ERR_clear_error();
	return nsl_err_set(err, EIO, "%s: %s", what, why);
}

static int tls_key_check(EVP_PKEY *key, const char *path, const struct stat *st,
			 struct nsl_err *err)
{
	if (!key)
		return tls_fail(err, path);
	if (EVP_PKEY_get_id(key) != EVP_PKEY_ED25519)
		return nsl_err_set(err, EINVAL, "%s: the key is not an Ed25519 key", path);
	if (st->st_mode & (S_IRWXG | S_IRWXO))
		return nsl_err_set(err, EPERM, "%s: others may read the key: chmod 600", path);
	return 0;
}

/* 1: there was none. */
static int tls_key_read(struct tls *tls, const char *path, struct nsl_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	FILE *file;

	if (fd < 0)
		return errno == ENOENT ? 1 :
			nsl_err_set(err, errno, "%s: %s", path, strerror(errno));
	file = fstat(fd, &st) ? NULL : fdopen(fd, "r");
	if (!file) {
		close(fd);
		return nsl_err_set(err, errno, "%s: %s", path, strerror(errno));
	}
	tls->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	return tls_key_check(tls->key, path, &st, err);
}

static int tls_key_save(struct tls *tls, int fd)
{
	FILE *file = fdopen(fd, "w");
	int err = 0;

	if (!file) {
		close(fd);
		return -EIO;
	}
	if (!PEM_write_PKCS8PrivateKey(file, tls->key, NULL, NULL, 0, NULL, NULL) ||
	    fflush(file) || fsync(fd))
		err = -EIO;
	if (fclose(file))
		err = -EIO;
	return err;
}

/* Whole on the disk before it has its name, so that no crash leaves half a key. */
static int tls_key_write(struct tls *tls, const char *dir, const char *path, struct nsl_err *err)
{
	char part[4096];
	int dir_fd;
	int fd;

	if (snprintf(part, sizeof(part), "%s/node.key.new", dir) >= (int)sizeof(part))
		return nsl_err_set(err, ENAMETOOLONG, "%s: the path is too long", dir);
	unlink(part);
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || tls_key_save(tls, fd) || rename(part, path))
		return nsl_err_set(err, errno, "%s: the new key cannot be written: %s", part,
				   strerror(errno));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0 || fsync(dir_fd))
		log_warn("%s: %s", dir, strerror(errno));
	if (dir_fd >= 0)
		close(dir_fd);
	return 0;
}

static int tls_key(struct tls *tls, const char *dir, struct nsl_err *err)
{
	char path[4096];
	int rc;

	if (snprintf(path, sizeof(path), "%s/node.key", dir) >= (int)sizeof(path))
		return nsl_err_set(err, ENAMETOOLONG, "%s: the path is too long", dir);
	rc = tls_key_read(tls, path, err);
	if (rc <= 0)
		return rc;
	tls->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!tls->key)
		return tls_fail(err, "no key could be made");
	return tls_key_write(tls, dir, path, err);
}

static int tls_cert_fill(X509 *cert, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_set_version(cert, X509_VERSION_3) &&
	       ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) &&
	       ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), "19700101000000Z") &&
	       ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), "99991231235959Z") &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					  (const unsigned char *)"netslice", -1, -1, 0) &&
	       X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key) &&
	       X509_sign(cert, key, NULL);
}

/* --- contexts --- */

static bool tls_cert_pin(X509 *cert, struct tls_pin *pin)
{
	EVP_PKEY *key = cert ? X509_get0_pubkey(cert) : NULL;

	return key && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 && !tls_key_pin(key, pin);
}

/*
 * The operator needs the pin, to add the peer or to find the intruder. One that
 * comes again and again is logged once in a while.
 */
static void tls_log_stranger(struct tls *tls, const struct tls_pin *pin)
{
	uint64_t now = clock_boot_ms();
	char text[TLS_PIN_TEXT];

	if (tls_pin_equal(pin, &tls->stranger) && now - tls->stranger_ms < TLS_STRANGER_MS)
		return;
	tls->stranger = *pin;
	tls->stranger_ms = now;
	tls_pin_text(pin, text);
	log_warn("a connection with the unknown key sha256:%s was refused", text);
}

/* The whole judgement: is this key known? That it is theirs, TLS proves. */
static int tls_judge(X509_STORE_CTX *store, void *arg)
{
	struct tls *tls = arg;
	struct tls_pin pin;

	if (!tls_cert_pin(X509_STORE_CTX_get0_cert(store), &pin)) {
		log_warn("a connection with no Ed25519 key was refused");
	} else if (tls->allowed(tls->arg, &pin)) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	} else {
		tls_log_stranger(tls, &pin);
	}
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
	return 0;
}

static int tls_context(struct tls *tls, struct nsl_err *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());

	tls->context = ctx;
	if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
	    SSL_CTX_use_certificate(ctx, tls->cert) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, tls->key) != 1 ||
	    SSL_CTX_set1_sigalgs_list(ctx, "ed25519") != 1)
		return tls_fail(err, "TLS");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, tls_judge, tls);
	/* every connection is judged anew: no sessions, no tickets, no early data */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	if (SSL_CTX_set_num_tickets(ctx, 0) != 1 || SSL_CTX_set_max_early_data(ctx, 0) != 1)
		return tls_fail(err, "TLS");
	return 0;
}

/**
 * tls_open - the node's key, and what is needed to connect with it
 * @dir: state directory
 * @allowed: is this key one of ours?
 * @arg: for @allowed
 * @err: why not
 *
 * Context: before the loop runs: it reads and writes files.
 * Return: it, or NULL.
 */
struct tls *tls_open(const char *dir, bool (*allowed)(void *arg, const struct tls_pin *pin),
		     void *arg, struct nsl_err *err)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls) {
		nsl_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	tls->allowed = allowed;
	tls->arg = arg;
	if (tls_key(tls, dir, err))
		goto fail;
	tls->cert = X509_new();
	if (!tls->cert || !tls_cert_fill(tls->cert, tls->key) ||
	    tls_key_pin(tls->key, &tls->pin)) {
		tls_fail(err, "no certificate could be made");
		goto fail;
	}
	if (tls_context(tls, err))
		goto fail;
	return tls;

fail:
	tls_close(tls);
	return NULL;
}

/**
 * tls_close - forget the key
 * @tls: it, or NULL; its connections are closed
 */
void tls_close(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	X509_free(tls->cert);
	EVP_PKEY_free(tls->key);
	free(tls);
}

const struct tls_pin *tls_own_pin(const struct tls *tls)
{
	return &tls->pin;
}

/* --- connections --- */

static struct bufferevent *tls_bufferevent(struct tls *tls, struct event_base *base, int fd,
					   enum bufferevent_ssl_state state)
{
	SSL *ssl = SSL_new(tls->context);
	struct bufferevent *bev;

	bev = ssl ? bufferevent_openssl_socket_new(base, fd, ssl, state,
						   BEV_OPT_CLOSE_ON_FREE |
						   BEV_OPT_DEFER_CALLBACKS) : NULL;
	if (!bev) {
		SSL_free(ssl);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	/* an end without TLS's goodbye is an error: somebody may have cut the stream */
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 0);
	return bev;
}

struct bufferevent *tls_server(struct tls *tls, struct event_base *base, int fd)
{
	return tls_bufferevent(tls, base, fd, BUFFEREVENT_SSL_ACCEPTING);
}

struct bufferevent *tls_client(struct tls *tls, struct event_base *base, int fd)
{
	return tls_bufferevent(tls, base, fd, BUFFEREVENT_SSL_CONNECTING);
}

/**
 * tls_peer_pin - who is at the other end
 * @bev: a connection of tls_server() or tls_client()
 * @pin: where to
 *
 * Return: false before the handshake has shown it.
 */
bool tls_peer_pin(struct bufferevent *bev, struct tls_pin *pin)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);

	return ssl && tls_cert_pin(SSL_get0_peer_certificate(ssl), pin);
}

/**
 * tls_close_connection - close and free
 * @bev: a connection of tls_server() or tls_client()
 */
void tls_close_connection(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);

	/* nothing more is read: do not wait for the other end's goodbye */
	if (ssl && SSL_is_init_finished(ssl)) {
		SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
		SSL_shutdown(ssl);
		ERR_clear_error();
	}
	bufferevent_free(bev);
}

/**
 * tls_why - what OpenSSL has to say about a failure
 * @bev: the connection that failed
 * @out: where to, "" if it has nothing to say
 * @size: of @out
 */
void tls_why(struct bufferevent *bev, char *out, unsigned int size)
{
	unsigned long code = bufferevent_get_openssl_error(bev);
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	snprintf(out, size, "%s", reason ? reason : "");
}
