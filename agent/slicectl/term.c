// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

/* A term is raised from what it is: read, where it was not said. */
static int term_raise(struct ctl *ctl, struct args *args)
{
	struct nsl_attrs slice, *a = &args->a;
	int ret = 0;

	if (!nsl_has(a, CP_TERM) && !nsl_has(a, FP_TERM))
		return ctl_usage(ctl, "neither cp-term nor fp-term was given");
	if (nsl_has(a, CP_TERM) != nsl_has(a, CP_TERM_EXPECT) ||
	    nsl_has(a, FP_TERM) != nsl_has(a, FP_TERM_EXPECT))
		ret = ctl_slice(ctl, a->slice, &slice);
	if (ret)
		return ret;
	if (nsl_has(a, CP_TERM) && !nsl_has(a, CP_TERM_EXPECT))
		nsl_set_cp_term_expect(a, slice.cp_term);
	if (nsl_has(a, FP_TERM) && !nsl_has(a, FP_TERM_EXPECT))
		nsl_set_fp_term_expect(a, slice.fp_term);
	return ctl_request(ctl, NETSLICE_CMD_TERM_RAISE, a);
}

static const struct word pos_slice[] = { W_POS_SLICE, W_END };
static const struct word words[] = {
	W_CP_TERM, W_NUMBER("cp-term-expect", "N", CP_TERM_EXPECT),
	W_FP_TERM, W_NUMBER("fp-term-expect", "N", FP_TERM_EXPECT), W_OWNER, W_FORCE, W_END
};

static const struct verb verbs[] = {
	{ .name = "raise", .help = "raise one term or both, if they are what is expected",
	  .pos = pos_slice, .words = words, .run = term_raise },
	{ .name = NULL }
};

const struct object object_term = {
	.name = "term", .help = "who may change a slice's routes, and its role",
	.verbs = verbs,
};
