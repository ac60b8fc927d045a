// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netslice.h"

static int batch_head(struct nsl_batch *b, struct nsl_err *err)
{
	nsl_msg_begin(&b->msg, b->buf, NSL_MSG_SIZE, b->cmd, false);
	if (nsl_msg_put(&b->msg, &b->head))
		return nsl_err_set(err, -b->msg.err, "a name is too long");
	return 0;
}

/**
 * nsl_batch_begin - start sending routes in messages as full as may be
 * @b: the batch
 * @c: by which client
 * @cmd: NETSLICE_CMD_ROUTE_NEW or NETSLICE_CMD_ROUTE_DEL
 * @head: what each message carries besides routes
 * @err: why not
 *
 * Each message is all or none; the batch is not.
 *
 * Return: 0 or a negative errno; in both cases nsl_batch_end() is due.
 */
int nsl_batch_begin(struct nsl_batch *b, struct nsl_client *c, uint8_t cmd,
		    const struct nsl_attrs *head, struct nsl_err *err)
{
	memset(b, 0, sizeof(*b));
	b->client = c;
	b->cmd = cmd;
	b->head = *head;
	b->buf = malloc(NSL_MSG_SIZE);
	if (!b->buf)
		return nsl_err_set(err, ENOMEM, "out of memory");
	return batch_head(b, err);
}

/**
 * nsl_batch_add - add a route, sending a message when it is full
 * @b: the batch
 * @r: the route
 * @err: what is wrong with this one, or with one of the message that was sent
 *
 * Return: 0 or a negative errno.
 */
int nsl_batch_add(struct nsl_batch *b, const struct nsl_route *r, struct nsl_err *err)
{
	int ret = b->cmd == NETSLICE_CMD_ROUTE_NEW ? nsl_route_check(r, err) : 0;

	if (ret || !nsl_msg_put_route(&b->msg, r))
		return ret;
	ret = nsl_batch_flush(b, err);
	if (!ret && nsl_msg_put_route(&b->msg, r))
		ret = nsl_err_set(err, EMSGSIZE, "a route does not fit a message");
	return ret;
}

/**
 * nsl_batch_flush - send what is waiting
 * @b: the batch
 * @err: the kernel's reason
 *
 * Return: 0 or a negative errno.
 */
int nsl_batch_flush(struct nsl_batch *b, struct nsl_err *err)
{
	unsigned int n = b->msg.routes;
	int ret;

	if (!n)
		return 0;
	ret = nsl_client_send(b->client, &b->msg, NULL, NULL, err);
	if (ret)
		return ret;
	b->sent += n;
	return batch_head(b, err);
}

void nsl_batch_end(struct nsl_batch *b)
{
	free(b->buf);
	b->buf = NULL;
}
