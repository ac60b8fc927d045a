/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON out: integers digit by digit, never through a double. A report is
 * written beside its final name and renamed, so that a reader sees the old
 * one or the new one whole. JSON in is read with cJSON, here alone.
 */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *f;
	bool comma;
	char *final_name;	/* NULL: a plain stream */
	char *temp_name;
};

/* Opens the report for @path ("-" is stdout), or a line on an open stream. */
void json_begin(struct json *j, const char *path);
struct json json_line(FILE *f);
/* Publishes the report; exits 2 when the disk does not take it. */
void json_publish(struct json *j);
void json_line_end(struct json *j);

/* @key is NULL inside an array and for the outermost object. */
void json_object(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array(struct json *j, const char *key);
void json_array_end(struct json *j);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_str(struct json *j, const char *key, const char *value);
/* Nanoseconds (signed) as milliseconds with three places. */
void json_ms(struct json *j, const char *key, int64_t ns);
void json_double(struct json *j, const char *key, double value);

struct cJSON;
/* The whole file as one JSON value; exits 2 with the file's name when it is not. */
struct cJSON *json_read(const char *path);
uint64_t json_get_u64(const struct cJSON *object, const char *key);
double json_get_double(const struct cJSON *object, const char *key);
bool json_get_bool(const struct cJSON *object, const char *key);
const char *json_get_str(const struct cJSON *object, const char *key);

#endif
