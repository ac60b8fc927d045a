// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * First program of a test machine, alone in its initramfs: loads the modules
 * without which there is no root, puts a writable overlay over the read-only
 * share of the host's root directory, and goes on with guest.sh there.
 *
 * Everything is done by system calls: under emulation every program started
 * costs a noticeable part of the boot.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/*
 * The root uses the older version of the protocol, which has no extended
 * attributes: the overlay asks for them to copy a file up, and QEMU can answer
 * only where the host has /proc, which a bare chroot has not.
 */
#define SHARE_OPTIONS "trans=virtio,msize=262144"

/* Says what failed on the console and ends the machine. */
static void die(const char *what)
{
	fprintf(stderr, "init: %s: %s\n", what, strerror(errno));
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void mount_or_die(const char *source, const char *target,
			 const char *type, unsigned long flags,
			 const char *options)
{
	mkdir(target, 0755);
	if (mount(source, target, type, flags, options))
		die(target);
}

static void open_console(void)
{
	int fd;

	mkdir("/dev", 0755);
	mknod("/dev/console", S_IFCHR | 0600, makedev(5, 1));
	fd = open("/dev/console", O_RDWR);
	if (fd < 0)
		return;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

static void load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		die(path);
	close(fd);
}

/* The list is in an order in which each module finds what it needs. */
static void load_modules(void)
{
	FILE *list = fopen("/modules/list", "re");
	char name[128], path[256];

	if (!list)
		die("/modules/list");
	while (fscanf(list, "%127s", name) == 1) {
		snprintf(path, sizeof(path), "/modules/%s", name);
		load_module(path);
	}
	fclose(list);
}

static void make_root(void)
{
	mount_or_die("root", "/lower", "9p", MS_RDONLY,
		     SHARE_OPTIONS ",version=9p2000.u,cache=loose");
	mount_or_die("tmpfs", "/upper", "tmpfs", 0, "mode=0755");
	mkdir("/upper/data", 0755);
	mkdir("/upper/work", 0755);
	mount_or_die("overlay", "/root", "overlay", 0,
		     "lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work");
	mount_or_die("proc", "/root/proc", "proc", 0, NULL);
	mount_or_die("sysfs", "/root/sys", "sysfs", 0, NULL);
	mount_or_die("devtmpfs", "/root/dev", "devtmpfs", 0, NULL);
	mount_or_die("devpts", "/root/dev/pts", "devpts", 0, NULL);
	mount_or_die("tmpfs", "/root/dev/shm", "tmpfs", 0, NULL);
	mount_or_die("tmpfs", "/root/run", "tmpfs", 0, "mode=0755");
	mount_or_die("out", "/root/run/vm", "9p", 0,
		     SHARE_OPTIONS ",version=9p2000.L,cache=none");
}

int main(void)
{
	char *guest;

	open_console();
	load_modules();
	make_root();
	guest = getenv("VM_GUEST"); /* from the kernel's command line */
	if (!guest)
		die("VM_GUEST");
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		die("root");
	execl("/bin/bash", "bash", guest, (char *)NULL);
	die(guest);
}
