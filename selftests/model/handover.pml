/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handover of one slice between two nodes: journals, roles, terms, lease.
 *
 * Node A is master when the upgrade starts, node B is the other. Each has a
 * kernel, whose state an agent's crash leaves alone and a reboot wipes, and an
 * agent, whose journal survives everything. Documentation/handover-model.md
 * says in words what stands here; the wire between the routers and the order
 * of the steps on it are in lan.pml.
 *
 * Messages: the link is the set of all messages that were ever sent. Each may
 * be taken at any time, any number of times, or never, also by a later
 * incarnation of its receiver: so loss, doubling, reordering and delay without
 * limit are in it by construction.
 *
 * Time: there are no clocks here, only the order that the lease guarantees. An
 * event X that precedes an event Y on the other node has X+L before Y+L+guard.
 *
 * Every step moves a journal, a kernel or the set of messages forward, and
 * faults are counted, so that the graph of states has no cycle (checked on its
 * own, by -DNP). Hence every run comes to rest, and what must hold at rest is
 * asserted there, where Promela's `timeout` is executable.
 */

#ifndef FAULTS
#define FAULTS		2	/* crashes of an agent, crashes of a node, cuts of the link */
#endif

#define A		0
#define B		1
#define PEER(x)		(1 - (x))
/* Parity names the node: A's terms are even, B's are odd. */
#define OWN(x, term)	((term) % 2 == (x))
#define NEXT(x, term)	((term) + 1 + OWN(x, term))
#define BIT(term)	(1 << (term))
#define HAS(set, term)	(((set) >> (term)) & 1)
#define HIGHER(set, term)	(((set) >> ((term) + 1)) != 0)

mtype:role = { standby, ready, master, draining };
mtype:lease = { none, drain, reclaim };
mtype:state = {
	hot,		/* both: before the handover; cp-term says who runs the CP */
	handing,	/* A: drains, has granted nothing */
	granted,	/* A: the point of no return */
	rolling,	/* A: granted, wants it back */
	committing,	/* A: B may keep it; A's timer is to be ended */
	done,		/* A: knows that B is complete */
	back,		/* A: master again, rolled back */
	preparing,	/* B: accepts, has not been granted */
	taking,		/* B: granted; fp-switched, configure, verify */
	complete,	/* B: lease ended, master for good */
	void,		/* B: not master of this attempt and never will be */
	claimed		/* either: became master because the other is gone */
};

/* Kernels. */
mtype:role role[2] = standby;
mtype:lease timer[2] = none;
byte fp[2];			/* fp-term */
byte cp[2];			/* cp-term */

/* Journals. */
mtype:state st[2] = hot;
byte jfp[2];			/* highest fp-term known */
byte jcp[2];			/* highest cp-term known: its parity says who is CP master */
byte jown[2];			/* owner-term: its parity says who may claim on silence */

/* Agents' memory. */
bool attempt = true;		/* B: the attempt began in this incarnation */
bool asked;			/* B: ... and its REQUEST was sent */
bool claim[2];			/* evidence is gathered, the kernel not yet told */

/* Machines and the link. A crashed agent is one that has forgotten: it is idle until it acts. */
bool node[2] = true;
bool fresh[2];			/* booted, and the wait after boot is not over */
bool hold[2];			/* stays down until all else rests */
bool cut;			/* nothing passes until all else rests */
byte faults;

/* Time: what the lease guarantees. */
bool r_taken;			/* B read its clock for the REQUEST */
bool l_over;			/* ... and L has passed since */
bool ordered;			/* A armed its timer after r */

/*
 * Messages, each there or not. What a node would say in a state is there as
 * soon as it is in that state. VERIFIED and ROLLBACK are in m_taken: B's health
 * is a choice, made when A hears of it.
 */
bool m_ready, m_drained, m_request, m_grant, m_taken;
bool m_takeback, m_void, m_committed, m_complete, m_back;
short settled[2];		/* one bit for each fp-term with which x was master for good */
short told_fp[2];		/* ... for each fp-term that x has journalled */
short told_cp[2];		/* ... for each cp-term that x's journal and kernel had */
short told_own[2];		/* ... for each owner-term that x has journalled */
bool m_routes;			/* B's CP sent routes for A's FP */

#define HEARS(x)	(node[x] && !cut)
/* What LAN evidence is: no refresh on any port, a probe without an answer. */
#define SILENT(x)	(role[PEER(x)] != master)
/* Master for good: no lease, so nothing but a fault can end it. */
#define SETTLED(x)	(role[x] == master && timer[x] == none && fp[x] == jfp[x])
#define OUTCOME(x)	(st[x] == back || st[x] == claimed || st[x] == complete)

/*
 * Mutants. Each takes one rule away; the run script expects each to be refuted.
 */
#ifdef NO_GUARD			/* A's timer is as short as B's: either may end first */
#define IN_ORDER		true
#else
#define IN_ORDER		(!ordered || l_over)
#endif
#ifdef NO_REARM			/* A's timer counts from the drain, not from the grant */
#define REARM			skip
#else
#define REARM			ordered = r_taken
#endif
#ifdef LEASE_FROM_GRANT		/* B's lease counts from when it becomes master */
#define ASK			skip
#define TAKE			r_taken = true
#else
#define ASK			r_taken = true
#define TAKE			skip
#endif
#ifdef GRANT_NOT_DURABLE	/* A's journal forgets the grant in a crash */
#define FORGET(x)		st[A] = (x == A && st[A] == granted -> handing : st[A])
#else
#define FORGET(x)		skip
#endif
#ifdef COMMIT_B_FIRST		/* B ends its timer before A has ended A's */
#define MAY_COMMIT_B		true
#else
#define MAY_COMMIT_B		(m_committed && HEARS(B))
#endif
#ifdef NO_TERM_CHECK		/* A's kernel takes routes of an old cp-term */
#define CP_CHECK		true
#else
#define CP_CHECK		cp[A] == 1
#endif
#ifdef NO_ROLE_CHECK		/* B's lease is ended without comparing the role */
#define LEASE_HELD		true
#else
#define LEASE_HELD		(role[B] == master && timer[B] == drain)
#endif
#ifdef NO_BOOT_WAIT		/* a rebooted A does not wait for B's lease to end */
#define BOOT_WAITED(x)		true
#else
#define BOOT_WAITED(x)		(x == B || !r_taken || l_over || (st[A] != granted && st[A] != rolling))
#endif
#ifdef EVIDENCE_KEEPS		/* what was seen on the LAN is acted on however late */
#define EVIDENCE_ENDS(x)	skip
#else
#define EVIDENCE_ENDS(x)	claim[x] = false
#endif
#ifdef NO_OWNER			/* nobody takes over on silence alone */
#define OWNS(x)			false
#else
#define OWNS(x)			OWN(x, jown[x])
#endif
#ifdef AGENT_TIMEOUT		/* A's agent takes back what it granted by a timeout of its own */
#define HAS_VOID		true
#else
#define HAS_VOID		(m_void && HEARS(A))
#endif
#ifdef VOID_UNPROVEN		/* A takes B's word that it is not master though A has rebooted */
#define RETURNS			true
#else
#define RETURNS			(timer[A] == reclaim)
#endif



inline become_master(x, term, kind)
{
	assert(role[PEER(x)] != master);	/* never two announcers */
	assert(OWN(x, term) && (term > fp[x]));
	role[x] = master;
	fp[x] = term;
	timer[x] = kind
}

inline journal_fp(x, state, term)
{
	st[x] = state;
	jfp[x] = term;
	told_fp[x] = told_fp[x] | BIT(jfp[x]);
	assert(jfp[x] < 14)
}

/* K9: the kernel follows the journal, and then the peer is told. */
inline kernel_cp(x)
{
	cp[x] = jcp[x];
	told_cp[x] = told_cp[x] | BIT(cp[x])
}

inline journal_cp(x, term)
{
	jcp[x] = term;
	assert(jcp[x] < 14);
#ifndef ROUTES
	kernel_cp(x)
#endif
}

/* Ownership goes over as a term does: the next number is the other's. */
inline pass_ownership(x)
{
	if
	:: OWN(x, jown[x]) && (st[x] == done || st[x] == void) ->
		jown[x]++;
		told_own[x] = told_own[x] | BIT(jown[x])
	:: else
	fi
}

/* x is not master of the attempt and follows what the other has: owner included. */
inline yield_to_peer(x, state)
{
	st[x] = state;
	claim[x] = false;
	role[x] = standby;
	pass_ownership(x)
}

/* The lowest term in a set that is higher than one: messages come in any order. */
inline hear(set, term)
{
	term++;
	do
	:: HAS(set, term) -> break
	:: HIGHER(set, term) -> term++
	od
}

/* What both agents do in every state. */
proctype either(byte x)
{
	byte term;

end:
	do
#ifdef ROUTES
	:: atomic { node[x] && cp[x] < jcp[x] -> kernel_cp(x) }
#endif
	/* A higher cp-term is followed, unless the FP is here for good: then raised above. */
	:: atomic { HEARS(x) && HIGHER(told_cp[PEER(x)], jcp[x]) ->
		term = jcp[x];
		hear(told_cp[PEER(x)], term);
		if
		:: SETTLED(x) && OUTCOME(x) -> journal_cp(x, NEXT(x, term))
		:: else -> journal_cp(x, term)
		fi;
		term = 0 }
	:: atomic { node[x] && SETTLED(x) && OUTCOME(x) && !OWN(x, jcp[x]) ->
		journal_cp(x, NEXT(x, jcp[x])) }
	/* Master for good: the peer is told. A higher term in its journal is raised above. */
	:: atomic { node[x] && SETTLED(x) && OUTCOME(x) && !HAS(settled[x], fp[x]) ->
		settled[x] = settled[x] | BIT(fp[x]) }
	:: atomic { HEARS(x) && SETTLED(x) && OUTCOME(x) && HIGHER(told_fp[PEER(x)], jfp[x]) ->
		journal_fp(x, st[x], jfp[x] + 2) }
	:: atomic { node[x] && role[x] == master && timer[x] == none && OUTCOME(x) && fp[x] < jfp[x] ->
		become_master(x, jfp[x], none) }
	/* The peer is master for good: what stands here follows. */
	:: atomic { HEARS(x) && role[x] != master && timer[x] == none &&
		    HIGHER(settled[PEER(x)], jfp[x]) ->
		term = jfp[x];
		hear(settled[PEER(x)], term);
		journal_fp(x, st[x], term);
		yield_to_peer(x, (x == A -> done : void));
		term = 0 }
	:: atomic { HEARS(x) && HIGHER(told_own[PEER(x)], jown[x]) ->
		term = jown[x];
		hear(told_own[PEER(x)], term);
		jown[x] = term;
		pass_ownership(x);
		term = 0 }
	/* Takeover: the LAN is silent, and x owns, or the peer's node is down. */
	:: atomic { node[x] && !fresh[x] && !claim[x] && role[x] != master && timer[x] == none &&
		    SILENT(x) && (OWNS(x) || !node[PEER(x)]) ->
		claim[x] = true;
		if
		:: x == A && OWN(x, jown[x]) -> journal_fp(x, back, NEXT(x, jfp[x])); m_back = true
		:: else -> journal_fp(x, claimed, NEXT(x, jfp[x]))
		fi }
	:: atomic { node[x] && claim[x] ->	/* K10 */
		claim[x] = false;
		become_master(x, jfp[x], none) }
	od
}

inline a_back()
{
	journal_fp(A, back, jfp[A] + 2);
	m_back = true
}

#define AT_A(state)	node[A] && st[A] == state
#define A_HEARS(msg)	msg && HEARS(A)

proctype first()
{
end:
	do
	/* cp-switched, and the CP taken back while nothing of the FP has moved. */
	:: atomic { AT_A(hot) && jcp[A] == 0 -> journal_cp(A, 1) }
	:: atomic { AT_A(hot) && jcp[A] == 1 && role[A] == master ->
		journal_cp(A, 2);
		st[A] = back;
		m_back = true }
	/* Steps 2 and 3 of the handover. */
	:: atomic { AT_A(hot) && jcp[A] == 1 && cp[A] == 1 && role[A] == master && A_HEARS(m_ready) ->
		st[A] = handing }
	:: atomic { AT_A(handing) && role[A] == master && fp[A] == jfp[A] ->	/* K2 */
		role[A] = draining;
		timer[A] = reclaim;
		m_drained = true }
	:: atomic { AT_A(handing) && (timer[A] == reclaim || role[A] == master && fp[A] == jfp[A]) ->
		a_back() }
	/* The grant: journal, kernel, message. */
	:: atomic { AT_A(handing) && timer[A] == reclaim && A_HEARS(m_request) -> st[A] = granted }
	:: atomic { AT_A(granted) && timer[A] == reclaim && !m_grant ->	/* K3 */
		REARM;
		m_grant = true }
	:: atomic { AT_A(granted) && role[A] == draining && A_HEARS(m_taken) ->
		role[A] = standby }					/* K8 */
	/* Commit: A's timer first. */
	:: atomic { AT_A(granted) && A_HEARS(m_taken) -> st[A] = committing }
	:: atomic { AT_A(committing) && role[A] != master && !m_committed ->	/* K5 */
		timer[A] = none;
		m_committed = true }
	:: atomic { AT_A(committing) && A_HEARS(m_complete) ->
		journal_fp(A, st[A], jfp[A] + 1);
		yield_to_peer(A, done) }
	/* Rollback. */
	:: atomic { AT_A(granted) -> st[A] = rolling }
	:: atomic { AT_A(rolling) && role[A] != master && !m_takeback ->	/* K8b */
		role[A] = draining;
		m_takeback = true }
	:: atomic { (AT_A(granted) || AT_A(rolling)) && role[A] != master && RETURNS && HAS_VOID ->
		a_back() }
	:: atomic { AT_A(back) && RETURNS && role[A] != master && fp[A] < jfp[A] && !claim[A] -> /* K7 */
		become_master(A, jfp[A], none) }
	:: atomic { AT_A(back) && role[A] == master && fp[A] < jfp[A] ->	/* nothing was drained */
		become_master(A, jfp[A], none) }
	/* The kernel's timer was faster: the journal follows. */
	:: atomic { node[A] && role[A] == master && fp[A] > jfp[A] ->
		a_back() }
#ifdef ROUTES
	:: atomic { A_HEARS(m_routes) && (CP_CHECK) ->
		assert(cp[A] <= 1);	/* an old cp-term changes nothing */
		m_routes = false }
#endif
	od
}

#define AT_B(state)	node[B] && st[B] == state
#define B_HEARS(msg)	msg && HEARS(B)

proctype second()
{
end:
	do
	/* Step 1. That the CP was granted starts it. */
	:: atomic { AT_B(hot) && attempt && jcp[B] == 1 && cp[B] == 1 ->
		st[B] = preparing;
		m_routes = true }
	:: atomic { AT_B(preparing) && attempt && role[B] == standby ->		/* K1 */
		role[B] = ready;
		m_ready = true }
	/* The request, and its deadline r+L. */
	:: atomic { AT_B(preparing) && attempt && role[B] == ready && !asked && B_HEARS(m_drained) ->
		asked = true;
		ASK;
		m_request = true }
	/* Step 4. */
	:: atomic { AT_B(preparing) && asked && !l_over && B_HEARS(m_grant) ->
		journal_fp(B, taking, jfp[B] + 1) }
	:: atomic { AT_B(taking) && asked && !l_over && role[B] == ready ->	/* K4 */
		TAKE;
		become_master(B, jfp[B], drain);
		m_taken = true }
	/* Verify, and commit. */
	:: atomic { AT_B(taking) && MAY_COMMIT_B && LEASE_HELD ->		/* K6 */
		assert(role[A] != master);
		role[B] = master;
		timer[B] = none }
	:: atomic { AT_B(taking) && SETTLED(B) ->
		st[B] = complete;
		m_complete = true }
	/* Rollback. */
	:: atomic { AT_B(taking) && timer[B] == drain && B_HEARS(m_takeback) ->	/* K11 */
		role[B] = draining;
		timer[B] = none }
	:: atomic { (AT_B(preparing) || AT_B(taking)) && role[B] != master ->
		st[B] = void;
		role[B] = standby;
		m_void = true }
	:: atomic { AT_B(hot) && B_HEARS(m_back) -> st[B] = void }
	od
}

/* Kernel timers, and the agents' waits, in the order that the lease promises. */
proctype clock()
{
end:
	do
	:: atomic { r_taken && !l_over ->
		l_over = true;
		if
		:: timer[B] == drain -> role[B] = draining; timer[B] = none
		:: else
		fi }
	:: atomic { timer[A] == reclaim && IN_ORDER -> become_master(A, fp[A] + 2, none) }
	:: atomic { node[A] && fresh[A] && BOOT_WAITED(A) -> fresh[A] = false; EVIDENCE_ENDS(B) }
	:: atomic { node[B] && fresh[B] && BOOT_WAITED(B) -> fresh[B] = false; EVIDENCE_ENDS(A) }
	od
}

inline agent_forgets(x)
{
	claim[x] = false;
	FORGET(x);
	if
	:: x == B -> attempt = false; asked = false
	:: else
	fi
}

inline node_dies(x)
{
	agent_forgets(x);
	node[x] = false;
	fresh[x] = false;
	role[x] = standby;
	timer[x] = none;
	fp[x] = 0;
	cp[x] = 0;
	if
	:: hold[x] = true
	:: skip
	fi
}

/*
 * For the table of outcomes: what the journals said when the only fault came,
 * and who is master once all rests. The run script knows the numbers' names.
 */
#ifdef TABLE
#define LINK_CUT	0
#define NODE_DIES(x)	(1 + (x))

byte phase, fault;

inline note_fault(what)
{
	fault = what;
	if
	:: st[A] == hot && jcp[A] == 0 -> phase = 0
	:: st[A] == hot && jcp[A] == 1 && jcp[B] == 0 -> phase = 1
	:: st[A] == hot && jcp[A] == 1 && jcp[B] == 1 -> phase = 2
	:: st[A] == handing -> phase = 3
	:: st[A] == granted && role[B] != master -> phase = 4
	:: st[A] == granted && role[B] == master -> phase = 5
	:: st[A] == rolling -> phase = 6
	:: st[A] == committing && st[B] != complete -> phase = 7
	:: st[A] == committing && st[B] == complete -> phase = 8
	:: st[A] == done && !OWN(B, jown[B]) -> phase = 9
	:: st[A] == done && OWN(B, jown[B]) -> phase = 10
	:: st[A] == back -> phase = 11
	fi
}

#define FP_AT		((role[A] == master) + 2 * (role[B] == master))
#define CP_AT		((node[A] && OWN(A, jcp[A])) + 2 * (node[B] && OWN(B, jcp[B])))
/* The assertion makes spin keep them: it drops what is only written. */
#define note_rest(mended)	assert(phase < 12 && fault < 3); \
				printf("row %d %d %d %d %d\n", phase, fault, mended, FP_AT, CP_AT)
#else
#define note_fault(what)	skip
#define note_rest(mended)	skip
#endif

proctype world(byte x)
{
end:
	do
#ifndef TABLE
	:: atomic { faults < FAULTS && node[x] -> faults++; agent_forgets(x) }
#endif
	:: atomic { faults < FAULTS && node[x] ->
		note_fault(NODE_DIES(x));
		faults++;
		node_dies(x) }
	:: atomic { !node[x] && !hold[x] ->
		node[x] = true;
		fresh[x] = true;
		fp[x] = jfp[x];
		cp[x] = jcp[x];
		told_cp[x] = told_cp[x] | BIT(cp[x]) }
	:: atomic { x == A && faults < FAULTS && !cut ->
		note_fault(LINK_CUT);
		faults++;
		cut = true }
	od
}

#define MASTERS		((role[A] == master) + (role[B] == master))

/* At rest though a node is down or the link is cut: who can know it, serves. */
inline check_held()
{
	if
	:: node[A] && !node[B] -> assert(role[A] == master)
	:: node[B] && !node[A] -> assert(role[B] == master)
	:: node[A] && node[B] ->
		/* none only where ownership is under way and B has rebooted */
		assert(MASTERS == 1 || (!OWN(A, jown[A]) && !OWN(B, jown[B])))
	:: else
	fi;
	/* and the CP is where the FP is: whoever else believes to have it reaches no FP but its own */
	assert(role[A] != master || OWN(A, jcp[A]));
	assert(role[B] != master || OWN(B, jcp[B]))
}

/* Refuted if a run can end so: what is proven is not empty. */
#if defined(REACH_COMPLETE)
#define REACHED		(st[B] == complete)
#elif defined(REACH_ROLLED_BACK)	/* B was master, and gave it back */
#define REACHED		(st[A] == back && m_taken && m_void)
#elif defined(REACH_RECLAIM)		/* B was master, and only the lease gave it back */
#define REACHED		(st[A] == back && m_taken && !m_void)
#elif defined(REACH_STRANDED)		/* B stays master without a commit */
#define REACHED		(st[B] == claimed)
#elif defined(REACH_LATE_BACK)		/* A had let go, B had not heard of it */
#define REACHED		(st[A] == back && m_committed)
#else
#define REACHED		false
#endif

/* At rest with everything mended: one place, one record. */
inline check_rest(x)
{
	assert(!(REACHED));
	assert(MASTERS == 1);
	assert(timer[A] == none && timer[B] == none);
	x = (role[B] == master -> B : A);
	assert(role[PEER(x)] == standby);
	assert(jfp[A] == jfp[B] && OWN(x, jfp[x]) && fp[x] == jfp[x]);
	assert(jcp[A] == jcp[B] && OWN(x, jcp[x]) && cp[x] == jcp[x]);
	assert(jown[A] == jown[B] && OWN(x, jown[x]));
	if
	:: x == A -> assert(st[A] == back || st[A] == claimed); assert(st[B] == void)
	:: x == B -> assert(st[B] == complete || st[B] == claimed); assert(st[A] == done)
	fi
}

proctype rest()
{
	byte x;

end:
	do
	:: atomic { timeout ->
		if
		:: hold[A] || hold[B] || cut ->
			note_rest(0);
			check_held();
			hold[A] = false;
			hold[B] = false;
			cut = false
		:: else ->
			note_rest(1);
			check_rest(x);
			break
		fi }
	od
}

init
{
	atomic {
		role[A] = master;
		run either(A);
		run either(B);
		run first();
		run second();
		run clock();
		run world(A);
		run world(B);
		run rest()
	}
}
