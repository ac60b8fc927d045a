/* SPDX-License-Identifier: GPL-2.0-only */
/* Refresh frames, markers and probes: what the nodes of a pair tell each other on the LAN. */
#ifndef NETSLICE_FRAME_H
#define NETSLICE_FRAME_H

int netslice_frame_init(void);
void netslice_frame_exit(void);

#endif
