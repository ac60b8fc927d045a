/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a release is: the content of its manifest.json. Pure.
 *
 *	{ "format": 1,				optional
 *	  "name": "base", "version": "1.1",
 *	  "schemas": [ 1, 2 ],			that its worker reads, ascending
 *	  "worker": "worker",			an executable of the bundle
 *	  "program": "forward.bpf.o",		optional
 *	  "changes_routes": false,		optional: its routes may differ from another release's
 *	  "files": { "worker": "<sha256>", "forward.bpf.o": "<sha256>" } }
 *
 * The canonical form has all members in this order (program only where there is
 * one), files in the order of their bytes, no blanks, no newline. The hash of a
 * release is the SHA-256 of that: it names all of the content, since the hashes
 * of all files are in it.
 */
#ifndef SLICED_MANIFEST_H
#define SLICED_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nsl_err;
struct nsl_json;

#define MANIFEST_FILE		"manifest.json"
#define MANIFEST_MAX		(256 * 1024)	/* bytes of its text */
#define MANIFEST_NAME_LEN	32		/* NUL included */
#define MANIFEST_VERSION_LEN	32
#define MANIFEST_HASH_LEN	64		/* hex digits */
#define MANIFEST_FILES		1024
#define MANIFEST_PATH_LEN	256		/* NUL included */
#define MANIFEST_SCHEMAS	16

struct manifest_file {
	char	path[MANIFEST_PATH_LEN];	/* relative, clean */
	char	hash[MANIFEST_HASH_LEN + 1];
};

struct manifest {
	char			name[MANIFEST_NAME_LEN];
	char			version[MANIFEST_VERSION_LEN];
	uint32_t		schemas[MANIFEST_SCHEMAS];
	size_t			schema_count;
	bool			changes_routes;
	const struct manifest_file *worker;
	const struct manifest_file *program;	/* NULL: none */
	struct manifest_file	*files;		/* by path, in order of bytes */
	size_t			file_count;
	char			*text;		/* canonical */
};

/* NULL with @err naming the member that is wrong. */
struct manifest *manifest_parse(const char *text, size_t len, struct nsl_err *err);
struct manifest *manifest_from_json(const struct nsl_json *root, struct nsl_err *err);
void manifest_free(struct manifest *m);

/* NULL: no file of that path. */
const struct manifest_file *manifest_file(const struct manifest *m, const char *path);
/* Does its worker read definitions of @schema? */
bool manifest_reads(const struct manifest *m, uint32_t schema);
/* The newest schema: what its worker migrates older ones to. */
uint32_t manifest_schema(const struct manifest *m);

/* A path that a bundle may hold: relative, no "..", ".", empty or hidden part. */
int manifest_path_check(const char *path, struct nsl_err *err);
/* 64 digits, lower case? */
bool manifest_hash_valid(const char *text);

#endif
