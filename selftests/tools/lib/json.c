// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "json.h"
#include "opt.h"

void json_begin(struct json *j, const char *path)
{
	*j = (struct json){ .f = stdout };
	if (!strcmp(path, "-"))
		return;
	j->final_name = strdup(path);
	if (asprintf(&j->temp_name, "%s.%d.tmp", path, (int)getpid()) < 0 || !j->final_name)
		die("out of memory");
	j->f = fopen(j->temp_name, "w");
	if (!j->f)
		die("%s: %s", j->temp_name, strerror(errno));
}

struct json json_line(FILE *f)
{
	return (struct json){ .f = f };
}

void json_line_end(struct json *j)
{
	fputc('\n', j->f);
	j->comma = false;
}

void json_publish(struct json *j)
{
	bool bad;

	fputc('\n', j->f);
	bad = fflush(j->f) || ferror(j->f);
	if (!j->final_name) {
		if (bad)
			die("stdout: %s", strerror(errno));
		return;
	}
	bad |= fclose(j->f) != 0;
	if (bad || rename(j->temp_name, j->final_name))
		die("%s: %s", j->final_name, strerror(errno));
	free(j->final_name);
	free(j->temp_name);
}

static void quote(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < 0x20)
			fprintf(f, "\\u%04x", c);
		else
			fputc(c, f);
	}
	fputc('"', f);
}

static void lead(struct json *j, const char *key)
{
	if (j->comma)
		fputc(',', j->f);
	j->comma = true;
	if (!key)
		return;
	quote(j->f, key);
	fputc(':', j->f);
}

static void open_group(struct json *j, const char *key, char c)
{
	lead(j, key);
	fputc(c, j->f);
	j->comma = false;
}

static void close_group(struct json *j, char c)
{
	fputc(c, j->f);
	j->comma = true;
}

void json_object(struct json *j, const char *key)
{
	open_group(j, key, '{');
}

void json_object_end(struct json *j)
{
	close_group(j, '}');
}

void json_array(struct json *j, const char *key)
{
	open_group(j, key, '[');
}

void json_array_end(struct json *j)
{
	close_group(j, ']');
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
	lead(j, key);
	fprintf(j->f, "%" PRIu64, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	lead(j, key);
	fputs(value ? "true" : "false", j->f);
}

void json_str(struct json *j, const char *key, const char *value)
{
	lead(j, key);
	quote(j->f, value);
}

void json_ms(struct json *j, const char *key, int64_t ns)
{
	uint64_t us = (uint64_t)(ns < 0 ? -ns : ns) / 1000;

	lead(j, key);
	fprintf(j->f, "%s%" PRIu64 ".%03" PRIu64, ns < 0 ? "-" : "", us / 1000, us % 1000);
}

void json_double(struct json *j, const char *key, double value)
{
	lead(j, key);
	fprintf(j->f, "%.3f", value);
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;
	ssize_t len;

	if (!f)
		die("%s: %s", path, strerror(errno));
	len = getdelim(&text, &room, '\0', f);
	fclose(f);
	if (len <= 0)
		die("%s: empty", path);
	return text;
}

cJSON *json_read(const char *path)
{
	char *text = slurp(path);
	cJSON *value = cJSON_ParseWithOpts(text, NULL, true);

	free(text);
	if (!value)
		die("%s: not JSON", path);
	return value;
}

static const cJSON *member(const cJSON *object, const char *key)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!m)
		die("a report lacks \"%s\"", key);
	return m;
}

double json_get_double(const cJSON *object, const char *key)
{
	const cJSON *m = member(object, key);

	if (!cJSON_IsNumber(m))
		die("\"%s\" of a report is no number", key);
	return m->valuedouble;
}

uint64_t json_get_u64(const cJSON *object, const char *key)
{
	double value = json_get_double(object, key);

	if (value < 0 || value >= 9007199254740992.0)
		die("\"%s\" of a report is out of range", key);
	return (uint64_t)value;
}

bool json_get_bool(const cJSON *object, const char *key)
{
	return cJSON_IsTrue(member(object, key));
}

const char *json_get_str(const cJSON *object, const char *key)
{
	const cJSON *m = member(object, key);

	if (!cJSON_IsString(m))
		die("\"%s\" of a report is no string", key);
	return m->valuestring;
}
