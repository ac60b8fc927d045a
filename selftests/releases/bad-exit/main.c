// SPDX-License-Identifier: GPL-2.0-or-later
/* A worker that ends at once. */
#include <stdio.h>

int main(void)
{
	fprintf(stderr, "this release ends at once\n");
	return 3;
}
