// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Settings under /proc/sys, of the calling thread's network namespace. Paths
 * are written with slashes: a device's name may have a dot in it.
 */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int sysctl_open(const char *path, int flags, struct nsl_err *err)
{
	char full[256];
	int fd;

	if (snprintf(full, sizeof(full), "/proc/sys/%s", path) >= (int)sizeof(full))
		return nsl_err_set(err, ENAMETOOLONG, "sysctl %.60s...: too long", path);
	fd = open(full, flags | O_CLOEXEC);
	return fd < 0 ? nsl_err_set(err, errno, "sysctl %s: %s", path, strerror(errno)) : fd;
}

/**
 * nsl_sysctl_get - read a number
 * @path: below /proc/sys
 * @value: gets it
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_sysctl_get(const char *path, long *value, struct nsl_err *err)
{
	char text[32], *end;
	int fd = sysctl_open(path, O_RDONLY, err);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return nsl_err_set(err, EIO, "sysctl %s: cannot be read", path);
	text[n] = '\0';
	*value = strtol(text, &end, 10);
	if (end == text || (*end && *end != '\n'))
		return nsl_err_set(err, EINVAL, "sysctl %s: is no number", path);
	return 0;
}

/**
 * nsl_sysctl_set - write a number, if another one is there
 * @path: below /proc/sys
 * @value: the number
 * @err: why not, with what it was to be set to
 *
 * Return: 0 or a negative errno.
 */
int nsl_sysctl_set(const char *path, long value, struct nsl_err *err)
{
	int fd, ret = 0;
	char text[32];
	long now = 0;

	if (!nsl_sysctl_get(path, &now, NULL) && now == value)
		return 0;
	fd = sysctl_open(path, O_WRONLY, err);
	if (fd < 0)
		return nsl_err_prefix(err, "setting it to %ld", value), fd;
	snprintf(text, sizeof(text), "%ld\n", value);
	if (write(fd, text, strlen(text)) < 0)
		ret = nsl_err_set(err, errno, "sysctl %s: setting it to %ld: %s", path, value,
				  strerror(errno));
	close(fd);
	return ret;
}

/**
 * nsl_sysctl_raise - see that a number is at least so high
 * @path: below /proc/sys
 * @value: the number
 * @err: why not
 *
 * Return: 0 or a negative errno.
 */
int nsl_sysctl_raise(const char *path, long value, struct nsl_err *err)
{
	long now = 0;
	int ret = nsl_sysctl_get(path, &now, err);

	return ret || now >= value ? ret : nsl_sysctl_set(path, value, err);
}
