/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WIRE_TYPE(name, number, class, body, longest message). Included several
 * times. A reply has the type of its request; a reply's body is JSON, always.
 * Numbers are never used again.
 */
#define K (1024U)
#define M (1024U * 1024U)

/* the connection: handled in peer_*.c */
WIRE_TYPE(HELLO,	  1, WIRE_CONTROL, WIRE_JSON,    256 * K)
WIRE_TYPE(HELLO_OK,	  2, WIRE_CONTROL, WIRE_JSON,    4 * K)
WIRE_TYPE(GOODBYE,	  3, WIRE_CONTROL, WIRE_JSON,    4 * K)	/* why the connection ends */
WIRE_TYPE(HEARTBEAT,	  4, WIRE_CONTROL, WIRE_JSON,    4 * K)
WIRE_TYPE(CREDIT,	  5, WIRE_CONTROL, WIRE_JSON,    4 * K)	/* bytes of bulk taken: {"bytes"} of a slice */

/* start, reset, versions */
WIRE_TYPE(START,	 16, WIRE_CONTROL, WIRE_JSON,    256 * K)	/* the start command with the plan */
WIRE_TYPE(RESET_DONE,	 17, WIRE_CONTROL, WIRE_JSON,    16 * K)	/* old and new process ids */
WIRE_TYPE(VERSIONS,	 18, WIRE_CONTROL, WIRE_JSON,    16 * K)	/* current and latest release of a slice */
WIRE_TYPE(NEED_RELEASE,	 19, WIRE_CONTROL, WIRE_JSON,    4 * K)	/* by content hash */
WIRE_TYPE(RELEASE_CHUNK, 20, WIRE_BULK,    WIRE_BYTES,   1 * M)
WIRE_TYPE(CHECK,	 21, WIRE_CONTROL, WIRE_JSON,    256 * K)	/* would the start command be refused? */

/* configuration for keeping the service, and hot backup */
WIRE_TYPE(CONFIG,	 32, WIRE_BULK,    WIRE_JSON,    8 * M)	/* definition and versions */
WIRE_TYPE(ROUTES,	 33, WIRE_BULK,    WIRE_NETLINK, 256 * K)
WIRE_TYPE(NEIGHBOURS,	 34, WIRE_BULK,    WIRE_JSON,    8 * M)
WIRE_TYPE(SEAL,		 35, WIRE_BULK,    WIRE_JSON,    4 * K)	/* count and digest of what was sent */
WIRE_TYPE(CP_FULL,	 36, WIRE_BULK,    WIRE_JSON,    8 * M)
WIRE_TYPE(CP_DELTA,	 37, WIRE_BULK,    WIRE_JSON,    1 * M)
WIRE_TYPE(FP_DELTA,	 38, WIRE_BULK,    WIRE_NETLINK, 256 * K)
WIRE_TYPE(FP_DIGEST,	 39, WIRE_BULK,    WIRE_JSON,    64 * K)
WIRE_TYPE(HOT,		 40, WIRE_CONTROL, WIRE_JSON,    4 * K)	/* stage the copy for the release that will run */

/* control plane and forwarding plane: terms and roles */
WIRE_TYPE(CP_GRANT,	 48, WIRE_CONTROL, WIRE_JSON,    4 * K)
WIRE_TYPE(CP_TAKEN,	 49, WIRE_CONTROL, WIRE_JSON,    4 * K)
WIRE_TYPE(HANDOVER,	 50, WIRE_CONTROL, WIRE_JSON,    16 * K)	/* {"step": "ready" ...}: the steps of section 6 */
WIRE_TYPE(CONFIGURE,	 51, WIRE_CONTROL, WIRE_JSON,    16 * K)
WIRE_TYPE(VERIFY,	 52, WIRE_CONTROL, WIRE_JSON,    16 * K)
WIRE_TYPE(COMMIT,	 53, WIRE_CONTROL, WIRE_JSON,    4 * K)
WIRE_TYPE(ROLLBACK,	 54, WIRE_CONTROL, WIRE_JSON,    16 * K)	/* plane, state, cause */
WIRE_TYPE(STATE,	 55, WIRE_CONTROL, WIRE_JSON,    16 * K)	/* what is durable here: after a reconnection */

#undef K
#undef M
