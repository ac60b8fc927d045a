/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of a handover on the wire: what switches learn, what is on its way.
 *
 * LANS learning switches, each with one port to node A, one to node B and one to
 * hosts. Every cable is a queue, so that delays are arbitrary and unequal; order
 * on one cable is kept. Only what decides where a frame to the virtual MAC goes
 * is modelled: frames with the virtual MAC as source, frames to it, and markers.
 * Nodes and agents do not fail here (see handover.pml), but announcements may be
 * lost, each of them.
 *
 * Properties, one in each run:
 *   LOSS	a packet of a host never reaches a node that does not accept it
 *   WIRE	no frame with the virtual MAC as source comes from A after B's
 *		first announcement on that LAN, seen where both meet
 *   TWO	never two masters
 *   ENDS	refuted by every run that ends as it should: it can be reached
 */

#ifndef LANS
#define LANS		2
#endif
#ifndef DEPTH
#define DEPTH		2	/* frames on a cable */
#endif
#ifndef REST
#define REST		DEPTH	/* ... on those that are not from A to a switch */
#endif

#define A		0
#define B		1

mtype:role = { standby, ready, master, draining };
mtype:frame = {
	data,		/* virtual MAC as source: routed traffic */
	announce,	/* virtual MAC as source: gratuitous ARP, unsolicited NA */
	packet,		/* to the virtual MAC, from a host */
	probe,		/* to the virtual MAC, from the other node's own MAC */
	mark		/* marker, own MAC as source */
};

/* The control link between the agents. */
mtype:step = { accepts, drained, request, grant, taken, rest };

mtype:role role[2] = standby;
byte entry[LANS];		/* where the switch sends frames to the virtual MAC */
bool busy[LANS];		/* a CPU of A has chosen the virtual MAC, not queued the frame yet */
bool marked[LANS];		/* A's marker arrived at B */
bool seen[LANS];		/* B is master and got a frame to the virtual MAC */
bool cleared[LANS];		/* B's marker arrived at A: all that was before it too */
bool announced[LANS];		/* the switch has seen B's first announcement */

chan up_a[LANS] = [DEPTH] of { mtype:frame };
chan up_b[LANS] = [REST] of { mtype:frame };
chan down_a[LANS] = [REST] of { mtype:frame };
chan down_b[LANS] = [REST] of { mtype:frame };
chan to_a = [1] of { mtype:step };
chan to_b = [1] of { mtype:step };

#define ACCEPTS(x)	(role[x] != standby)

#ifdef DRAIN_WITH_VMAC		/* draining, A still sends with the virtual MAC */
#define SENDS_VMAC_A	(role[A] == master || role[A] == draining)
#else
#define SENDS_VMAC_A	(role[A] == master)
#endif

#if LANS == 2
#define ALL(flag)	(flag[0] && flag[1])
#define NONE(flag)	(!flag[0] && !flag[1])
#else
#define ALL(flag)	flag[0]
#define NONE(flag)	(!flag[0])
#endif

#ifdef NO_MARKER		/* B does not wait for what A had queued */
#define MARKED		true
#elif defined(ONE_MARKER)	/* ... but on one LAN */
#define MARKED		marked[0]
#else
#define MARKED		ALL(marked)
#endif
#ifdef NO_SYNC			/* A's drain is acknowledged while a CPU still sends as master */
#define SYNCED		true
#else
#define SYNCED		NONE(busy)
#endif
#ifdef NO_EVIDENCE		/* B takes an announcement that it sent for one that arrived */
#define SEEN		true
#else
#define SEEN		ALL(seen)
#endif
#ifdef SHORT_DRAIN		/* A does not wait for what is on its way to it */
#define CLEARED		true
#else
#define CLEARED		ALL(cleared)
#endif

inline lost()
{
#ifdef LOSS
	assert(false)
#else
	skip
#endif
}

/* The switch of one LAN: learns from sources, forwards by what it has learned. */
inline switch_from(x, frame, l)
{
	if
	:: frame == data || frame == announce ->
#ifdef WIRE
		assert(!(x == A && announced[l]));
#endif
		entry[l] = x;
		announced[l] = announced[l] || (x == B && frame == announce)
	:: frame == probe && x == A && entry[l] == B -> down_b[l]!probe
	:: frame == probe && entry[l] == x	/* never back where it came from */
	:: frame == mark && x == A -> down_b[l]!mark
	:: frame == mark && x == B -> down_a[l]!mark
	fi
}

proctype lan(byte l)
{
	mtype:frame frame;

end:
	do
	:: atomic { nempty(up_a[l]) && nfull(down_b[l]) ->
		up_a[l]?frame;
		switch_from(A, frame, l);
		frame = 0 }
	:: atomic { nempty(up_b[l]) && nfull(down_a[l]) ->
		up_b[l]?frame;
		switch_from(B, frame, l);
		frame = 0 }
	:: up_b[l]?[announce] -> up_b[l]?announce	/* lost on its way */
	/* A host sends a packet. */
	:: atomic { entry[l] == A && nfull(down_a[l]) -> down_a[l]!packet }
	:: atomic { entry[l] == B && nfull(down_b[l]) -> down_b[l]!packet }
	od
}

/* The kernels on one LAN. */
proctype traffic(byte l)
{
end:
	do
	:: atomic { SENDS_VMAC_A && !busy[l] -> busy[l] = true }
	:: atomic { busy[l] && nfull(up_a[l]) -> busy[l] = false; up_a[l]!data }
	:: atomic { role[B] == master && nfull(up_b[l]) -> up_b[l]!data }
	:: atomic { role[B] == master && !seen[l] && nfull(up_b[l]) -> up_b[l]!announce }
	:: atomic { role[A] == draining && nfull(up_a[l]) && !seen[l] && empty(up_a[l]) -> up_a[l]!probe }
	:: atomic { down_a[l]?[packet] -> down_a[l]?packet;
		if
		:: ACCEPTS(A)
		:: else -> lost()
		fi }
	:: atomic { down_a[l]?[mark] -> down_a[l]?mark; cleared[l] = true }
	:: atomic { down_b[l]?[packet] -> down_b[l]?packet;
		seen[l] = seen[l] || role[B] == master;
		if
		:: ACCEPTS(B)
		:: else -> lost()
		fi }
	:: atomic { down_b[l]?[probe] -> down_b[l]?probe; seen[l] = seen[l] || role[B] == master }
	:: atomic { down_b[l]?[mark] -> down_b[l]?mark; marked[l] = true }
	od
}

/* A marker out of every port. */
#if LANS == 2
#define MARK_ALL(up)	up[0]!mark; up[1]!mark
#else
#define MARK_ALL(up)	up[0]!mark
#endif

inline set_role(x, new)
{
	role[x] = new;
#ifdef TWO
	assert(!(role[A] == master && role[B] == master))
#endif
}

proctype first()
{
	to_a?accepts;
#ifdef ANNOUNCE_FIRST	/* B is master before A drains */
	to_b!grant;
	to_a?taken;
#endif
#ifdef SILENT_FIRST	/* A is standby before B is master */
	set_role(A, standby);
	to_b!drained;
	to_a?request;
	to_b!grant;
	to_a?taken;
	to_a?rest;
	goto out;
#endif
#ifdef NO_DRAIN			/* A is master until the grant, then standby */
	to_b!drained;
	to_a?request;
	set_role(A, standby);
	to_b!grant;
	to_a?taken;
	to_a?rest;
	goto out;
#endif
	set_role(A, draining);				/* K2 */
	SYNCED;
	MARK_ALL(up_a);
#ifndef ANNOUNCE_FIRST
	to_b!drained;
	to_a?request;
	to_b!grant;					/* A answers no ARP from here on */
	to_a?taken;
#endif
	to_a?rest;
	CLEARED;
	set_role(A, standby);				/* K8 */
#if defined(SILENT_FIRST) || defined(NO_DRAIN)
out:
#endif
#ifdef ENDS
	assert(false);
#endif
	skip
}

proctype second()
{
	set_role(B, ready);				/* K1 */
	to_a!accepts;
#ifndef ANNOUNCE_FIRST
	to_b?drained;
#if !defined(SILENT_FIRST) && !defined(NO_DRAIN)
	MARKED;
#endif
	to_a!request;
#endif
	to_b?grant;
	set_role(B, master);				/* K4 */
	to_a!taken;
	SEEN;
	MARK_ALL(up_b);
	to_a!rest
}

init
{
	atomic {
		role[A] = master;
		run lan(0);
		run traffic(0);
#if LANS == 2
		run lan(1);
		run traffic(1);
#endif
		run first();
		run second()
	}
}
