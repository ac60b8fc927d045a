// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"

#define BUNDLE_DEPTH	16
#define BUNDLE_BLOCK	65536
#define BUNDLE_FILES	(MANIFEST_FILES + 1)	/* with the manifest */

static int fail_errno(struct nsl_err *err, const char *what)
{
	return nsl_err_set(err, errno, "%s: %s", what, strerror(errno));
}

static char *path_join(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* --- hashes --- */

static int hash_text(EVP_MD_CTX *ctx, char hash[MANIFEST_HASH_LEN + 1])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len, i;

	if (!EVP_DigestFinal_ex(ctx, digest, &len) || len * 2 != MANIFEST_HASH_LEN)
		return -EIO;
	for (i = 0; i < len; i++)
		snprintf(hash + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

static int hash_fd(int fd, char hash[MANIFEST_HASH_LEN + 1], uint64_t *size)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char *block = malloc(BUNDLE_BLOCK);
	int ret = -ENOMEM;
	ssize_t len;

	*size = 0;
	if (!ctx || !block || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
		goto out;
	while ((len = read(fd, block, BUNDLE_BLOCK)) > 0) {
		*size += (uint64_t)len;
		if (!EVP_DigestUpdate(ctx, block, (size_t)len))
			goto out;
	}
	ret = len < 0 ? -errno : hash_text(ctx, hash);
out:
	free(block);
	EVP_MD_CTX_free(ctx);
	return ret;
}

static int hash_string(const char *text, char hash[MANIFEST_HASH_LEN + 1])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ret = -ENOMEM;

	if (ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) &&
	    EVP_DigestUpdate(ctx, text, strlen(text)))
		ret = hash_text(ctx, hash);
	EVP_MD_CTX_free(ctx);
	return ret;
}

/* --- staging --- */

int bundle_stage(const char *top, struct bundle *b, struct nsl_err *err)
{
	memset(b, 0, sizeof(*b));
	b->dir = path_join(top, BUNDLE_TMP "XXXXXX");
	if (!b->dir)
		return nsl_err_set(err, ENOMEM, "out of memory");
	if (!mkdtemp(b->dir)) {
		fail_errno(err, b->dir);
		free(b->dir);
		b->dir = NULL;
		return -EIO;
	}
	/* not 0700: workers run in it, as another user */
	return chmod(b->dir, 0755) ? fail_errno(err, b->dir) : 0;
}

static int check_staged_path(const char *path, struct nsl_err *err)
{
	return strcmp(path, MANIFEST_FILE) ? manifest_path_check(path, err) : 0;
}

/* The folders above a file. */
static int make_folders(const char *dir, const char *path, struct nsl_err *err)
{
	char *full = path_join(dir, path);
	char *p = full ? full + strlen(dir) + 1 : NULL;
	int ret = full ? 0 : nsl_err_set(err, ENOMEM, "out of memory");

	while (!ret && (p = strchr(p, '/'))) {
		*p = '\0';
		if (mkdir(full, 0755) && errno != EEXIST)
			ret = fail_errno(err, path);
		*p++ = '/';
	}
	free(full);
	return ret;
}

/* What was checked has no links in it: it is made here alone. */
static int open_staged(struct bundle *b, const char *path, int flags, struct nsl_err *err)
{
	char *full;
	int fd;

	if (check_staged_path(path, err) || make_folders(b->dir, path, err))
		return -EINVAL;
	full = path_join(b->dir, path);
	if (!full)
		return nsl_err_set(err, ENOMEM, "out of memory");
	fd = open(full, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0644);
	free(full);
	if (fd >= 0)
		return fd;
	if (errno == EEXIST)
		return nsl_err_set(err, EEXIST, "%s: stands twice in the bundle", path);
	return fail_errno(err, path);
}

static int write_all(struct bundle *b, int fd, const void *data, size_t len, const char *path,
		     struct nsl_err *err)
{
	const char *p = data;
	ssize_t done;

	b->size += len;
	if (b->size > BUNDLE_MAX)
		return nsl_err_set(err, E2BIG, "the bundle has more than %llu bytes", BUNDLE_MAX);
	for (; len; p += done, len -= (size_t)done) {
		done = write(fd, p, len);
		if (done < 0 && errno == EINTR)
			done = 0;
		if (done < 0)
			return fail_errno(err, path);
	}
	return 0;
}

int bundle_append(struct bundle *b, const char *path, uint64_t offset, const void *data,
		  size_t len, struct nsl_err *err)
{
	int fd = open_staged(b, path, offset ? O_APPEND : O_EXCL, err);
	struct stat st;
	int ret;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || (uint64_t)st.st_size != offset)
		ret = nsl_err_set(err, EPROTO, "%s: not the next part", path);
	else
		ret = write_all(b, fd, data, len, path, err);
	if (close(fd) && !ret)
		ret = fail_errno(err, path);
	return ret;
}

/* --- from a directory --- */

struct copy {
	struct bundle	*b;
	size_t		files;
	int		(*file)(struct copy *copy, int fd, const char *path, struct nsl_err *err);
	struct nsl_err	*err;
};

static int copy_count(struct copy *copy)
{
	if (++copy->files > BUNDLE_FILES)
		return nsl_err_set(copy->err, E2BIG, "the bundle has more than %d files",
				   MANIFEST_FILES);
	return 0;
}

static int copy_file(struct copy *copy, int from, const char *path, struct nsl_err *err)
{
	int fd = open_staged(copy->b, path, O_EXCL, err);
	char *block = malloc(BUNDLE_BLOCK);
	int ret = block ? 0 : nsl_err_set(err, ENOMEM, "out of memory");
	ssize_t len = 0;

	if (fd < 0) {
		free(block);
		return fd;
	}
	while (!ret && (len = read(from, block, BUNDLE_BLOCK)) > 0)
		ret = write_all(copy->b, fd, block, (size_t)len, path, err);
	if (!ret && len < 0)
		ret = fail_errno(err, path);
	free(block);
	if (close(fd) && !ret)
		ret = fail_errno(err, path);
	return ret;
}

static int walk(struct copy *copy, int dir_fd, const char *prefix, unsigned int depth);

static int walk_entry(struct copy *copy, int dir_fd, const char *path, const char *name,
		      unsigned int depth)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int ret;

	if (fd < 0 && errno == ELOOP)
		return nsl_err_set(copy->err, EINVAL, "%s: is a symbolic link", path);
	if (fd < 0 || fstat(fd, &st)) {
		ret = fail_errno(copy->err, path);
	} else if (S_ISDIR(st.st_mode)) {
		return walk(copy, fd, path, depth + 1);	/* closes it */
	} else if (S_ISREG(st.st_mode)) {
		ret = copy_count(copy);
		if (!ret)
			ret = copy->file(copy, fd, path, copy->err);
	} else {
		ret = nsl_err_set(copy->err, EINVAL, "%s: is neither a file nor a directory",
				  path);
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

static int walk_name(struct copy *copy, int dir_fd, const char *prefix, const char *name,
		     unsigned int depth)
{
	char path[MANIFEST_PATH_LEN];
	int len = snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "/" : "", name);

	if (len >= (int)sizeof(path))
		return nsl_err_set(copy->err, EINVAL, "%s: the path is too long", path);
	return walk_entry(copy, dir_fd, path, name, depth);
}

/* Every file of a tree; @dir_fd is closed, and what was seen is on the disk. */
static int walk(struct copy *copy, int dir_fd, const char *prefix, unsigned int depth)
{
	DIR *dir = depth > BUNDLE_DEPTH ? NULL : fdopendir(dir_fd);
	struct dirent *entry;
	int ret = 0;

	if (!dir) {
		close(dir_fd);
		return nsl_err_set(copy->err, EINVAL, "%s: too deep", prefix);
	}
	while (!ret && (errno = 0, entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			ret = walk_name(copy, dir_fd, prefix, entry->d_name, depth);
	}
	if (!ret && errno)
		ret = fail_errno(copy->err, *prefix ? prefix : "the directory");
	closedir(dir);
	return ret;
}

static int walk_dir(struct copy *copy, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail_errno(copy->err, path) : walk(copy, fd, "", 0);
}

/* --- from a tar --- */

static int fail_archive(struct archive *a, struct nsl_err *err)
{
	const char *text = archive_error_string(a);

	return nsl_err_set(err, EINVAL, "not a tar file: %s", text ? text : "damaged");
}

static int tar_write(struct copy *copy, struct archive *a, const char *path)
{
	int fd = open_staged(copy->b, path, O_EXCL, copy->err);
	char *block = malloc(BUNDLE_BLOCK);
	la_ssize_t len = 0;
	int ret = block ? 0 : nsl_err_set(copy->err, ENOMEM, "out of memory");

	if (fd < 0) {
		free(block);
		return fd;
	}
	while (!ret && (len = archive_read_data(a, block, BUNDLE_BLOCK)) > 0)
		ret = write_all(copy->b, fd, block, (size_t)len, path, copy->err);
	if (!ret && len < 0)
		ret = fail_archive(a, copy->err);
	free(block);
	if (close(fd) && !ret)
		ret = fail_errno(copy->err, path);
	return ret;
}

static int tar_entry(struct copy *copy, struct archive *a, struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);

	if (!path)
		return nsl_err_set(copy->err, EINVAL, "a name in the tar file is not readable");
	while (!strncmp(path, "./", 2))
		path += 2;
	if (archive_entry_hardlink(entry) || archive_entry_symlink(entry))
		return nsl_err_set(copy->err, EINVAL, "%s: is a link", path);
	if (archive_entry_filetype(entry) == AE_IFDIR)
		return copy_count(copy);	/* made where a file needs it */
	if (archive_entry_filetype(entry) != AE_IFREG)
		return nsl_err_set(copy->err, EINVAL, "%s: is neither a file nor a directory",
				   path);
	return copy_count(copy) ? -E2BIG : tar_write(copy, a, path);
}

static int tar_entries(struct copy *copy, struct archive *a)
{
	struct archive_entry *entry;
	int ret = 0, got = ARCHIVE_OK;

	while (!ret && (got = archive_read_next_header(a, &entry)) == ARCHIVE_OK)
		ret = tar_entry(copy, a, entry);
	if (!ret && got != ARCHIVE_EOF)
		ret = fail_archive(a, copy->err);
	return ret;
}

static int tar_open(struct archive *a, int fd)
{
	/* the compressions that need no program of their own */
	return archive_read_support_format_tar(a) || archive_read_support_filter_gzip(a) ||
	       archive_read_support_filter_bzip2(a) || archive_read_support_filter_xz(a) ||
	       archive_read_support_filter_zstd(a) ||
	       archive_read_open_fd(a, fd, BUNDLE_BLOCK);
}

static int tar_import(struct copy *copy, int fd)
{
	struct archive *a = archive_read_new();
	int ret;

	if (!a)
		return nsl_err_set(copy->err, ENOMEM, "out of memory");
	ret = tar_open(a, fd) ? fail_archive(a, copy->err) : tar_entries(copy, a);
	archive_read_free(a);
	return ret;
}

static int import_any(struct copy *copy, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int ret;

	if (fd < 0 || fstat(fd, &st)) {
		ret = fail_errno(copy->err, path);
	} else if (S_ISDIR(st.st_mode)) {
		return walk(copy, fd, "", 0);	/* closes it */
	} else if (S_ISREG(st.st_mode)) {
		ret = tar_import(copy, fd);
	} else {
		ret = nsl_err_set(copy->err, EINVAL, "%s: is neither a directory nor a file",
				  path);
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

int bundle_import(const char *top, const char *path, struct bundle *b, struct nsl_err *err)
{
	struct copy copy = { .b = b, .file = copy_file, .err = err };
	int ret = bundle_stage(top, b, err);

	if (!ret)
		ret = import_any(&copy, path);
	if (!ret)
		ret = bundle_verify(b, err);
	if (ret)
		bundle_drop(b);
	return ret;
}

/* --- verifying --- */

static int read_manifest(struct bundle *b, const char *dir, struct nsl_err *err)
{
	char *path = path_join(dir, MANIFEST_FILE);
	char *text = malloc(MANIFEST_MAX + 1);
	int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	ssize_t len = 0, got;

	if (fd < 0 || !text) {
		nsl_err_set(err, ENOENT, MANIFEST_FILE ": is missing");
		goto out;
	}
	while (len <= MANIFEST_MAX && (got = read(fd, text + len, MANIFEST_MAX + 1 - len)) > 0)
		len += got;
	b->manifest = manifest_parse(text, (size_t)len, err);
	if (!b->manifest)
		nsl_err_prefix(err, MANIFEST_FILE);
	else if (hash_string(b->manifest->text, b->hash))
		nsl_err_set(err, EIO, "the manifest cannot be hashed");
out:
	if (fd >= 0)
		close(fd);
	free(text);
	free(path);
	return b->manifest && b->hash[0] ? 0 : -EINVAL;
}

static int verify_fd(int fd, const char *path, const char *hash, struct nsl_err *err)
{
	char found[MANIFEST_HASH_LEN + 1] = "";
	uint64_t size;

	if (hash_fd(fd, found, &size))
		return nsl_err_set(err, EIO, "%s: cannot be read", path);
	if (strcmp(found, hash))
		return nsl_err_set(err, EINVAL, "%s: its hash is %s, the manifest says %s", path,
				   found, hash);
	return 0;
}

static int verify_file(struct copy *copy, int fd, const char *path, struct nsl_err *err)
{
	const struct manifest *m = copy->b->manifest;
	const struct manifest_file *file = manifest_file(m, path);
	mode_t mode = file && file == m->worker ? 0755 : 0644;
	int ret;

	if (!strcmp(path, MANIFEST_FILE))
		return 0;	/* written again, later */
	if (!file)
		return nsl_err_set(err, EINVAL, "%s: is not listed in the manifest", path);
	ret = verify_fd(fd, path, file->hash, err);
	if (!ret && (fchmod(fd, mode) || fsync(fd)))
		ret = fail_errno(err, path);
	return ret;
}

/* All files there are listed, and as many as are listed: so all listed are there. */
static int verify_files(struct bundle *b, struct nsl_err *err)
{
	struct copy copy = { .b = b, .file = verify_file, .err = err };
	size_t i;
	int ret = walk_dir(&copy, b->dir);

	if (ret || copy.files == b->manifest->file_count + 1)
		return ret;
	for (i = 0; i < b->manifest->file_count; i++) {
		char *path = path_join(b->dir, b->manifest->files[i].path);
		int there = path ? !access(path, F_OK) : 0;

		free(path);
		if (!there)
			return nsl_err_set(err, ENOENT, "%s: is missing",
					   b->manifest->files[i].path);
	}
	return nsl_err_set(err, EINVAL, "files and manifest do not agree");
}

static int write_manifest(struct bundle *b, struct nsl_err *err)
{
	char *path = path_join(b->dir, MANIFEST_FILE);
	const char *text = b->manifest->text;
	int fd = path ? open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC) : -1;
	int ret = 0;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    fchmod(fd, 0644) || fsync(fd))
		ret = fail_errno(err, MANIFEST_FILE);
	if (fd >= 0)
		close(fd);
	free(path);
	return ret;
}

static int sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = fd < 0 || fsync(fd) ? -EIO : 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

static int sync_visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return type == FTW_DP || type == FTW_D ? sync_path(path) : 0;
}

int bundle_verify(struct bundle *b, struct nsl_err *err)
{
	int ret = read_manifest(b, b->dir, err);

	if (!ret)
		ret = verify_files(b, err);
	if (!ret)
		ret = write_manifest(b, err);
	if (!ret && nftw(b->dir, sync_visit, BUNDLE_DEPTH, FTW_DEPTH | FTW_PHYS))
		ret = nsl_err_set(err, EIO, "the bundle cannot be written through");
	return ret;
}

/* --- places --- */

static int remove_visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_tree(const char *path)
{
	return nftw(path, remove_visit, BUNDLE_DEPTH, FTW_DEPTH | FTW_PHYS);
}

void bundle_drop(struct bundle *b)
{
	if (b->dir)
		remove_tree(b->dir);
	free(b->dir);
	manifest_free(b->manifest);
	memset(b, 0, sizeof(*b));
}

int bundle_remove(const char *top, const char *hash, struct nsl_err *err)
{
	struct bundle b = { 0 };
	char *place = path_join(top, hash);
	int ret = place ? bundle_stage(top, &b, err) : -ENOMEM;

	/* over an empty directory a rename is one step */
	if (!ret && rename(place, b.dir) && errno != ENOENT)
		ret = fail_errno(err, place);
	if (!ret && sync_path(top))
		ret = nsl_err_set(err, EIO, "%s: cannot be written through", top);
	bundle_drop(&b);
	free(place);
	return ret;
}

int bundle_publish(const char *top, struct bundle *b, bool replace, struct nsl_err *err)
{
	char *place = path_join(top, b->hash);
	int ret = place ? 0 : nsl_err_set(err, ENOMEM, "out of memory");

	if (!ret && replace)
		ret = bundle_remove(top, b->hash, err);
	if (!ret && !rename(b->dir, place)) {
		free(b->dir);
		b->dir = NULL;
	} else if (!ret && errno != EEXIST && errno != ENOTEMPTY) {
		ret = fail_errno(err, place);
	}
	if (!ret && sync_path(top))
		ret = nsl_err_set(err, EIO, "%s: cannot be written through", top);
	free(place);
	return ret;
}

static int clean_entry(const char *top, const char *name, bool (*known)(void *, const char *),
		       void *arg)
{
	char *path;
	int ret;

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (manifest_hash_valid(name) ? known(arg, name) :
	    strncmp(name, BUNDLE_TMP, strlen(BUNDLE_TMP)))
		return 0;
	path = path_join(top, name);
	ret = path ? remove_tree(path) : -1;
	free(path);
	return ret;
}

int bundle_clean(const char *top, bool (*known)(void *arg, const char *hash), void *arg,
		 struct nsl_err *err)
{
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	if (mkdir(top, 0755) && errno != EEXIST)
		return fail_errno(err, top);
	dir = opendir(top);
	if (!dir)
		return fail_errno(err, top);
	while (!ret && (entry = readdir(dir)))
		ret = clean_entry(top, entry->d_name, known, arg);
	closedir(dir);
	return ret ? nsl_err_set(err, EIO, "%s: cannot be cleaned", top) : 0;
}

static int look_file(const char *dir, const char *name, struct nsl_err *err)
{
	char *path = path_join(dir, name);
	struct stat st;
	int ret = 0;

	if (!path || lstat(path, &st) || !S_ISREG(st.st_mode))
		ret = nsl_err_set(err, ENOENT, "%s: is missing", name);
	free(path);
	return ret;
}

int bundle_look(const char *dir, const char *hash, struct nsl_err *err)
{
	struct bundle b = { 0 };
	int ret = read_manifest(&b, dir, err);
	size_t i;

	if (!ret && strcmp(b.hash, hash))
		ret = nsl_err_set(err, EINVAL, MANIFEST_FILE ": was changed");
	for (i = 0; !ret && i < b.manifest->file_count; i++)
		ret = look_file(dir, b.manifest->files[i].path, err);
	bundle_drop(&b);
	return ret;
}

int bundle_check_file(const char *path, const char *hash, struct nsl_err *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return fail_errno(err, path);
	ret = verify_fd(fd, path, hash, err);
	close(fd);
	return ret;
}
