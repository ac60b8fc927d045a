/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between apply.c, on the loop, and apply_kernel.c, in a work thread. */
#ifndef SLICED_APPLY_INT_H
#define SLICED_APPLY_INT_H

#include "apply.h"
#include "config.h"
#include "lib/err.h"

#define APPLY_TEXTS	64

struct apply_address {
	uint8_t	addr[16];
	uint8_t	len;		/* 4 or 16 */
	uint8_t	plen;
};

struct apply_port {
	char			name[NETSLICE_NAME_LEN];
	uint8_t			kind;
	char			device[16];
	bool			bypass;
	struct apply_address	*address;
	size_t			addresses;
};

struct apply_job {
	char			slice[NETSLICE_NAME_LEN];
	char			vrf[NETSLICE_NAME_LEN];
	struct apply_port	*port;
	size_t			ports;
	struct definition_gateway *gateway;
	size_t			gateways;
	uint64_t		gen_first;
	uint64_t		cp_term;
	uint64_t		fp_term;
	bool			look;
	bool			remove;
	/* what became of it */
	int			code;
	struct nsl_err		err;
	bool			made;
	unsigned int		changes;
	char			*text[APPLY_TEXTS];
	unsigned int		texts;
	apply_done		done;
	void			*arg;
};

/* Waits for the kernel: in a work thread. */
void apply_run(void *job);
/* Remembers a difference. */
void apply_note(struct apply_job *job, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
