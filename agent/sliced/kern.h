/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's family netslice on the loop: two asynchronous clients and the
 * listener for events. Nothing here waits.
 *
 * Every request ends with its callback, exactly once and never from inside the
 * call, but not at shutdown: then none is called any more. While the module
 * is not loaded requests end with -ENODEV; when it comes, watchers hear `resync`.
 */
#ifndef SLICED_KERN_H
#define SLICED_KERN_H

#include <linux/netslice.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handover.h"
#include "lib/netslice.h"

struct kern;
struct sliced;

/* Tag of the slices that sliced makes: a change by another is refused. */
#define KERN_OWNER	"sliced"

int kern_init(struct sliced *sliced, struct nsl_err *err);
void kern_exit(struct sliced *sliced);
bool kern_ready(const struct kern *kern);	/* the module is there */

/*
 * Requests of a lane are answered in their order; the lanes do not wait for
 * each other. Roles, terms, leases, marks and short reads belong to CONTROL;
 * all that is about routes and generations to BULK.
 */
enum kern_lane { KERN_CONTROL, KERN_BULK, KERN_LANES };

typedef void (*kern_done)(void *arg, int code, const struct nsl_err *err);
typedef void (*kern_reply)(void *arg, const struct nsl_reply *reply);

/* @attrs needs no owner tag. @reply, for each message of the answer, may be NULL. */
void kern_request(struct kern *kern, enum kern_lane lane, uint8_t cmd,
		  const struct nsl_attrs *attrs, kern_reply reply, kern_done done, void *arg);
void kern_dump(struct kern *kern, enum kern_lane lane, uint8_t cmd,
	       const struct nsl_attrs *attrs, kern_reply reply, kern_done done, void *arg);
/* One built by hand, the tag included where it is needed: kern_tag(). Copied. */
void kern_send(struct kern *kern, enum kern_lane lane, const struct nsl_msg *msg,
	       kern_reply reply, kern_done done, void *arg);
void kern_tag(struct nsl_attrs *attrs);

/* ---- one slice ---- */

/* What SLICE_GET says. */
struct kern_slice {
	bool			there;
	struct handover_kernel	state;	/* role, terms, lease */
	char			owner[NETSLICE_NAME_LEN];
	uint32_t		ifindex;
	uint32_t		vrf;	/* 0: none */
	uint64_t		gen;	/* active; 0: none */
	uint64_t		gen_first;	/* lowest that may be staged */
	uint64_t		seq;	/* of changes to the active generation */
	uint32_t		refresh_ms;
	uint32_t		confirm_ms;	/* left, 0: no confirm timer */
};

/* @slice->there is false, with code 0, where the kernel has none of that name. */
typedef void (*kern_looked)(void *arg, int code, const struct kern_slice *slice);
void kern_look(struct kern *kern, const char *slice, kern_looked done, void *arg);

/* What PORT_GET says of a port; the evidence of handover and claim. */
struct kern_port {
	char		name[NETSLICE_NAME_LEN];
	uint8_t		kind;		/* enum netslice_port_kind */
	uint8_t		state;		/* enum netslice_port_state */
	uint32_t	ifindex;	/* 0: no device */
	uint8_t		vmac[6];
	uint64_t	marker_cookie;
	uint32_t	marker_count;
	uint32_t	marker_total;
	uint64_t	probe_cookie;
	uint64_t	vmac_rx;	/* frames to the virtual MAC since the last change of role */
	bool		peer_heard;	/* a refresh frame, ever */
	uint64_t	peer_fp_term;
	uint64_t	peer_seen_ms;	/* ago */
};

typedef void (*kern_ports_read)(void *arg, int code, const struct kern_port *ports, size_t count);
void kern_ports(struct kern *kern, const char *slice, kern_ports_read done, void *arg);

/* Pure: of the lan ports that are up, all ...; true where there is none. */
unsigned int kern_lan_ports(const struct kern_port *ports, size_t count);
bool kern_all_marked(const struct kern_port *ports, size_t count, uint64_t cookie);
/* A frame to the virtual MAC, or the probe with this cookie. */
bool kern_all_evident(const struct kern_port *ports, size_t count, uint64_t probe_cookie);
/* No refresh frame for so long. */
bool kern_all_silent(const struct kern_port *ports, size_t count, uint64_t for_ms);
uint64_t kern_heard_term(const struct kern_port *ports, size_t count);	/* the highest, 0: none */
uint64_t kern_vmac_rx(const struct kern_port *ports, size_t count);	/* sum over lan ports */

/*
 * A call of the handover machine, then a look: @after is the slice as it is
 * then, also when the call was refused; NULL if it could not be read.
 */
typedef void (*kern_called)(void *arg, int code, const struct nsl_err *err,
			    const struct kern_slice *after);
void kern_call(struct kern *kern, const char *slice, const struct handover_call *call,
	       kern_called done, void *arg);
/* Pure: the request that a call is. The command is the result. */
uint8_t kern_call_attrs(const char *slice, const struct handover_call *call,
			struct nsl_attrs *attrs);

/* @done may be NULL: a failure is then logged. Ports that are down get none. */
void kern_mark(struct kern *kern, const char *slice, uint8_t kind, uint64_t cookie,
	       uint64_t fp_term, kern_done done, void *arg);
void kern_announce(struct kern *kern, const char *slice, uint64_t fp_term, kern_done done,
		   void *arg);

/* ---- events ---- */

/* @event: enum netslice_event is reply->a.event. @resync: some were lost, or the module is new: read again. */
struct kern_watch {
	void	(*event)(void *arg, const char *slice, const struct nsl_reply *reply);
	void	(*resync)(void *arg);
};
/* Lasts as long as @kern; 0 or -ENOMEM. All slices' events come. */
int kern_watch(struct kern *kern, const struct kern_watch *watch, void *arg);

#endif
