/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of which bridge (or other master) a device is a port. */
#ifndef TOOLS_MASTER_H
#define TOOLS_MASTER_H

/* Asked over rtnetlink, for /sys may show another namespace. Return: its ifindex, 0 for none. */
int master_of(int ifindex);

#endif
