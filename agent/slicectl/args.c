// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * ctl_usage - the command line is wrong
 * @ctl: this run
 * @fmt: printf format of what is wrong with which argument
 *
 * Return: CTL_USAGE.
 */
int ctl_usage(struct ctl *ctl, const char *fmt, ...)
{
	char text[sizeof(ctl->err.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	nsl_err_set(&ctl->err, EINVAL, "%s", text);
	return CTL_USAGE;
}

/**
 * args_number - read a number, decimal or 0x hexadecimal
 * @ctl: this run
 * @word: what it is called
 * @text: as it was written
 * @min: least value
 * @max: greatest value, 0 for no limit
 * @out: gets it
 *
 * Return: 0 or CTL_USAGE.
 */
int args_number(struct ctl *ctl, const char *word, const char *text, uint64_t min,
		uint64_t max, uint64_t *out)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	char *end = NULL;

	errno = 0;
	if (strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") == strlen(digits))
		*out = strtoull(digits, &end, hex ? 16 : 10);
	if (!end || end == digits)
		return ctl_usage(ctl, "%s \"%.60s\": is no number", word, text);
	if (errno || *out < min || (max && *out > max))
		return ctl_usage(ctl, "%s \"%.60s\": is not from %llu to %llu", word, text,
				 (unsigned long long)min,
				 (unsigned long long)(max ? max : UINT64_MAX));
	return 0;
}

/**
 * args_address - read an IPv4 or IPv6 address
 * @ctl: this run
 * @word: what it is called
 * @text: as it was written
 * @addr: gets 4 or 16 bytes
 * @len: gets how many
 *
 * Return: 0 or CTL_USAGE.
 */
int args_address(struct ctl *ctl, const char *word, const char *text, uint8_t *addr,
		 uint8_t *len)
{
	if (inet_pton(AF_INET, text, addr) == 1)
		*len = 4;
	else if (inet_pton(AF_INET6, text, addr) == 1)
		*len = 16;
	else
		return ctl_usage(ctl, "%s \"%.60s\": is no IPv4 or IPv6 address", word, text);
	return 0;
}

/* Pairs of hexadecimal digits, with @between or '\0' between them. */
static bool read_hex(const char *text, char between, uint8_t *out, size_t len)
{
	size_t i;
	int used;

	for (i = 0; i < len; i++) {
		if (strspn(text, "0123456789abcdefABCDEF") < 2 ||
		    sscanf(text, "%2hhx%n", &out[i], &used) != 1 || used != 2)
			return false;
		text += 2;
		if (between && i + 1 < len && *text++ != between)
			return false;
	}
	return !*text;
}

static int word_mac(struct ctl *ctl, const struct word *w, const char *text,
		    struct args *args)
{
	uint8_t mac[6];

	if (!read_hex(text, ':', mac, sizeof(mac)))
		return ctl_usage(ctl, "%s \"%.60s\": is no MAC address", w->name, text);
	if (w->attr)
		nsl_set_vmac(&args->a, mac);
	return 0;
}

static int word_digest(struct ctl *ctl, const struct word *w, const char *text,
		       struct args *args)
{
	uint8_t digest[NETSLICE_DIGEST_LEN];

	if (!read_hex(text, '\0', digest, sizeof(digest)))
		return ctl_usage(ctl, "%s \"%.60s\": is not %zu hexadecimal digits", w->name,
				 text, 2 * sizeof(digest));
	nsl_set_digest(&args->a, digest);
	return 0;
}

static int word_address(struct ctl *ctl, const struct word *w, const char *text,
			struct args *args)
{
	uint8_t addr[16], len = 0;
	int ret = args_address(ctl, w->name, text, addr, &len);

	if (!ret)
		nsl_set_address(&args->a, addr, len);
	return ret;
}

static int word_enum(struct ctl *ctl, const struct word *w, const char *text,
		     struct args *args)
{
	int value = nsl_value(w->names, text);
	char all[160] = "";
	int i;

	if (value >= 0) {
		args->number[w->extra] = (uint64_t)value;
		return w->attr ? nsl_set_number(&args->a, w->attr, (uint64_t)value) : 0;
	}
	for (i = 0; i < 32 && strlen(all) < 100; i++)
		if (strcmp(nsl_name(w->names, (unsigned int)i), "?"))
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s",
				 all[0] ? ", " : "", nsl_name(w->names, (unsigned int)i));
	return ctl_usage(ctl, "%s \"%.60s\": is none of %s", w->name, text, all);
}

static int word_number(struct ctl *ctl, const struct word *w, const char *text,
		       struct args *args)
{
	uint64_t value = 0;
	int ret = args_number(ctl, w->name, text, w->min, w->max, &value);

	if (ret)
		return ret;
	args->number[w->extra] = value;
	if (w->attr && nsl_set_number(&args->a, w->attr, value))
		return ctl_usage(ctl, "%s \"%.60s\": is too large", w->name, text);
	return 0;
}

static int word_value(struct ctl *ctl, const struct word *w, const char *text,
		      struct args *args)
{
	args->has[w->extra] = true;
	args->text[w->extra] = text;
	switch (w->type) {
	case WORD_FLAG:
		return w->attr ? nsl_set_number(&args->a, w->attr, 1) : 0;
	case WORD_NUMBER:
		return word_number(ctl, w, text, args);
	case WORD_ENUM:
		return word_enum(ctl, w, text, args);
	case WORD_ADDRESS:
		return word_address(ctl, w, text, args);
	case WORD_MAC:
		return word_mac(ctl, w, text, args);
	case WORD_DIGEST:
		return word_digest(ctl, w, text, args);
	case WORD_TEXT:
		break;
	}
	/* Only an owner may become none. */
	if (!text[0] && w->attr != NETSLICE_A_NEW_OWNER)
		return ctl_usage(ctl, "%s: is empty", w->name);
	if (w->attr && nsl_set_string(&args->a, w->attr, text))
		return ctl_usage(ctl, "%s \"%.60s\": is too long", w->name, text);
	return 0;
}

static const struct word *find_word(const struct word *words, const char *name)
{
	for (; words && words->name; words++)
		if (!strcmp(words->name, name))
			return words;
	return NULL;
}

static bool word_given(const struct args *args, const struct word *w)
{
	return w->attr ? nsl_has_attr(&args->a, w->attr) : args->has[w->extra];
}

static int parse_words(struct ctl *ctl, struct args *args, int argc, char **argv)
{
	const struct word *w;
	int i, ret;

	for (i = 0; i < argc; i++) {
		w = find_word(ctl->verb->words, argv[i]);
		if (!w)
			return ctl_usage(ctl, "\"%.60s\": is no word of this command", argv[i]);
		if (word_given(args, w))
			return ctl_usage(ctl, "%s: stands twice", w->name);
		if (w->type != WORD_FLAG && ++i >= argc)
			return ctl_usage(ctl, "%s: its value is missing", w->name);
		ret = word_value(ctl, w, argv[i], args);
		if (ret)
			return ret;
	}
	for (w = ctl->verb->words; w && w->name; w++)
		if (w->needed && !word_given(args, w))
			return ctl_usage(ctl, "%s: is missing", w->name);
	return 0;
}

/**
 * args_parse - read the arguments of the verb by its tables
 * @ctl: this run
 * @args: gets them
 * @argc: how many
 * @argv: after the verb
 *
 * Return: 0 or CTL_USAGE.
 */
int args_parse(struct ctl *ctl, struct args *args, int argc, char **argv)
{
	const struct word *w;
	int ret;

	memset(args, 0, sizeof(*args));
	for (w = ctl->verb->pos; w && w->name; w++) {
		if (!argc || (!w->needed && find_word(ctl->verb->words, argv[0]))) {
			if (w->needed)
				return ctl_usage(ctl, "%s: is missing", w->name);
			break;
		}
		ret = word_value(ctl, w, argv[0], args);
		if (ret)
			return ret;
		argc--;
		argv++;
	}
	return parse_words(ctl, args, argc, argv);
}

/**
 * args_need_one - refuse a command that would change nothing
 * @ctl: this run
 * @args: its arguments
 *
 * Return: 0 if a word other than owner and force is there, else CTL_USAGE.
 */
int args_need_one(struct ctl *ctl, const struct args *args)
{
	const struct word *w;

	for (w = ctl->verb->words; w->name; w++)
		if (w->attr != NETSLICE_A_OWNER && w->attr != NETSLICE_A_FORCE &&
		    word_given(args, w))
			return 0;
	return ctl_usage(ctl, "nothing to change was given");
}
