#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/slice.h"
#include "conf/conf_row.h"

#define VALUE_MAX_BYTES 65536
#define CREDENTIAL "credential:"
#define CREDENTIAL_LEN (sizeof(CREDENTIAL) - 1)
#define SERVICE_CREDENTIALS "/run/credentials/sluice.service"
#define LIST_MAX_BYTES (4 * 1024 * 1024) /* of a file with a list */

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit byte_units[] = {{"", 1}, {"b", 1}, {"k", 1LL << 10},
	{"kb", 1LL << 10}, {"m", 1LL << 20}, {"mb", 1LL << 20},
	{"g", 1LL << 30}, {"gb", 1LL << 30}, {"t", 1LL << 40},
	{"tb", 1LL << 40}, {NULL, 0}};
static const struct unit ms_units[] = {
	{"", 1}, {"ms", 1}, {"s", 1000}, {"min", 60000}, {NULL, 0}};
static const struct unit s_units[] = {
	{"", 1}, {"s", 1}, {"min", 60}, {"h", 3600}, {NULL, 0}};
static const struct unit h_units[] = {{"", 1}, {"h", 1}, {"d", 24}, {NULL, 0}};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

static const struct unit *
units_of(enum conf_type type)
{
	switch (type) {
	case CONF_IS_BYTES:
		return byte_units;
	case CONF_IS_MS:
		return ms_units;
	case CONF_IS_S:
		return s_units;
	case CONF_IS_H:
		return h_units;
	case CONF_IS_STR:
	case CONF_IS_PATH:
	case CONF_IS_LIST:
	case CONF_IS_SECRET:
	case CONF_IS_BOOL:
	case CONF_IS_INT:
	case CONF_IS_ENUM:
		break;
	}
	return no_units;
}

static int
bad_value(const struct conf_def *d, const char *text, const char *where,
	const char *allowed, struct err *e)
{
	return err_set(e, ERR_INVALID, "%s = \"%.60s\" (%s): allowed is %s",
		d->row.name, d->type == CONF_IS_SECRET ? "***" : text, where,
		allowed);
}

static int
parse_number(int64_t *out, const struct conf_def *d, const char *text,
	const char *where, struct err *e)
{
	const struct unit *u = units_of(d->type);
	char range[80];
	char *end;
	long long v;
	int64_t scaled;

	snprintf(range, sizeof(range), "%s from %lld to %lld", d->row.type,
		(long long)d->row.min, (long long)d->row.max);
	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || errno != 0)
		return bad_value(d, text, where, range, e);
	while (*end == ' ')
		end++;
	while (u->name != NULL &&
		!slice_eq_nocase(slice_str(u->name), slice_str(end)))
		u++;
	if (u->name == NULL || __builtin_mul_overflow(v, u->factor, &scaled) ||
		scaled < d->row.min || scaled > d->row.max)
		return bad_value(d, text, where, range, e);
	*out = scaled;
	return 0;
}

static int
parse_bool(bool *out, const struct conf_def *d, const char *text,
	const char *where, struct err *e)
{
	static const char *const yes[] = {"true", "on", "yes", "1"};
	static const char *const no[] = {"false", "off", "no", "0"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*out = strcmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return bad_value(d, text, where, d->row.allowed, e);
}

static int
set_string(char **out, const char *text, struct err *e)
{
	char *copy = mem_strdup(text);

	if (copy == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a setting");
	mem_free(*out);
	*out = copy;
	return 0;
}

/*
 * "credential:NAME" is a file that the service manager lays down for us. A
 * command that it did not start finds those of the running service.
 */
static int
credential_path(const char *name, char *out, size_t size, struct err *e)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		return err_set(e, ERR_INVALID,
			"credential:%.60s is no name of a credential", name);
	if (dir == NULL || dir[0] == '\0')
		dir = SERVICE_CREDENTIALS;
	return file_join(out, size, dir, name, e);
}

/* The file that a value names; "" if it is the value itself. */
static int
named_file(const char *text, char *path, size_t size, struct err *e)
{
	path[0] = '\0';
	if (strncmp(text, CREDENTIAL, CREDENTIAL_LEN) == 0)
		return credential_path(text + CREDENTIAL_LEN, path, size, e);
	if (strncmp(text, "file:", 5) != 0)
		return 0;
	if (strlen(text + 5) >= size)
		return err_set(e, ERR_TOO_BIG, "%.60s is too long", text);
	snprintf(path, size, "%s", text + 5);
	return 0;
}

/* What stands for a path is a path, too. */
static int
set_path(char **out, const struct conf_def *d, const char *text,
	const char *where, struct err *e)
{
	char path[PATH_MAX];

	if (strncmp(text, CREDENTIAL, CREDENTIAL_LEN) != 0)
		return set_string(out, text, e);
	if (credential_path(text + CREDENTIAL_LEN, path, sizeof(path), e) != 0)
		return err_prefix(e, "%s (%s)", d->row.name, where);
	return set_string(out, path, e);
}

/* The first line of the file named by "file:/path" or "credential:NAME" is the
 * secret. */
static int
read_secret(char **out, const struct conf_def *d, const char *text,
	const char *where, struct err *e)
{
	char path[PATH_MAX];
	struct buf b;
	struct slice line;
	int rc = named_file(text, path, sizeof(path), e);

	if (rc != 0)
		return err_prefix(e, "%s (%s)", d->row.name, where);
	if (path[0] == '\0')
		return set_string(out, text, e);
	buf_init(&b, VALUE_MAX_BYTES);
	rc = file_read(path, &b, e);
	if (rc != 0) {
		rc = err_prefix(e, "%s (%s)", d->row.name, where);
	} else {
		line = buf_slice(&b);
		for (size_t i = 0; i < line.len; i++)
			if (line.p[i] == '\n' || line.p[i] == '\r')
				line.len = i;
		b.len = line.len;
		rc = set_string(out, buf_cstr(&b), e);
	}
	buf_fini(&b);
	return rc;
}

/* "file:/path": its lines are the elements; they may hold several, too. */
static int
read_list(char **out, const struct conf_def *d, const char *text,
	const char *where, struct err *e)
{
	const char *list;
	struct buf b;
	int rc;

	if (strncmp(text, "file:", 5) != 0)
		return set_string(out, text, e);
	buf_init(&b, LIST_MAX_BYTES);
	rc = file_read(text + 5, &b, e);
	for (size_t i = 0; rc == 0 && i < b.len; i++)
		if (b.p[i] == '\n' || b.p[i] == '\r')
			b.p[i] = ',';
	list = rc == 0 ? buf_cstr(&b) : NULL;
	if (rc == 0 && list == NULL)
		rc = err_set(e, ERR_NO_MEMORY, "no memory for a setting");
	else if (rc == 0 && strlen(list) != b.len)
		rc = err_set(e, ERR_INVALID, "%s is no text file", text + 5);
	rc = rc != 0 ? err_prefix(e, "%s (%s)", d->row.name, where)
		     : set_string(out, list, e);
	buf_fini(&b);
	return rc;
}

int
conf_assign(struct conf *v, const struct conf_def *d, const char *text,
	const char *where, struct err *e)
{
	void *at = (char *)v + d->offset;

	if (strlen(text) > VALUE_MAX_BYTES)
		return bad_value(d, text, where, "at most 64 KiB", e);
	switch (d->type) {
	case CONF_IS_STR:
		return set_string(at, text, e);
	case CONF_IS_PATH:
		return set_path(at, d, text, where, e);
	case CONF_IS_LIST:
		return read_list(at, d, text, where, e);
	case CONF_IS_SECRET:
		return read_secret(at, d, text, where, e);
	case CONF_IS_BOOL:
		return parse_bool(at, d, text, where, e);
	case CONF_IS_INT:
	case CONF_IS_BYTES:
	case CONF_IS_MS:
	case CONF_IS_S:
	case CONF_IS_H:
		return parse_number(at, d, text, where, e);
	case CONF_IS_ENUM:
		for (int i = 0; d->row.choices[i] != NULL; i++) {
			if (strcmp(d->row.choices[i], text) == 0) {
				*(int *)at = i;
				return 0;
			}
		}
		return bad_value(d, text, where, d->row.allowed, e);
	}
	return err_set(e, ERR_BUG, "%s has no type", d->row.name);
}

void
conf_clear(struct conf *v, const struct conf_def *d)
{
	void *at = (char *)v + d->offset;

	if (d->type == CONF_IS_STR || d->type == CONF_IS_PATH ||
		d->type == CONF_IS_LIST || d->type == CONF_IS_SECRET)
		mem_free(*(char **)at);
}

bool
conf_equal(const struct conf *a, const struct conf *b, const struct conf_def *d)
{
	const void *x = (const char *)a + d->offset;
	const void *y = (const char *)b + d->offset;

	switch (d->type) {
	case CONF_IS_STR:
	case CONF_IS_PATH:
	case CONF_IS_LIST:
	case CONF_IS_SECRET:
		return strcmp(*(char *const *)x, *(char *const *)y) == 0;
	case CONF_IS_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case CONF_IS_INT:
	case CONF_IS_BYTES:
	case CONF_IS_MS:
	case CONF_IS_S:
	case CONF_IS_H:
		return *(const int64_t *)x == *(const int64_t *)y;
	case CONF_IS_ENUM:
		return *(const int *)x == *(const int *)y;
	}
	return false;
}

void
conf_format(
	const struct conf *v, const struct conf_def *d, char *out, size_t size)
{
	const void *at = (const char *)v + d->offset;

	switch (d->type) {
	case CONF_IS_STR:
	case CONF_IS_PATH:
	case CONF_IS_LIST:
		snprintf(out, size, "%s", *(char *const *)at);
		return;
	case CONF_IS_SECRET:
		snprintf(out, size, "%s",
			(*(char *const *)at)[0] == '\0' ? "" : "***");
		return;
	case CONF_IS_BOOL:
		snprintf(out, size, "%s", *(const bool *)at ? "true" : "false");
		return;
	case CONF_IS_INT:
	case CONF_IS_BYTES:
	case CONF_IS_MS:
	case CONF_IS_S:
	case CONF_IS_H:
		snprintf(out, size, "%lld", (long long)*(const int64_t *)at);
		return;
	case CONF_IS_ENUM:
		snprintf(out, size, "%s", d->row.choices[*(const int *)at]);
		return;
	}
}
