/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log lines on standard error, with the priorities that systemd reads. */
#ifndef SLICED_LOG_H
#define SLICED_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_NOTICE = 5, LOG_DETAIL = 7 };

/* @prefix stands before every line: the node's name. Copied. */
void log_setup(const char *prefix, bool verbose);
void log_at(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)	log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)	log_at(LOG_WARN, __VA_ARGS__)
#define log_notice(...)	log_at(LOG_NOTICE, __VA_ARGS__)
#define log_detail(...)	log_at(LOG_DETAIL, __VA_ARGS__)

#endif
