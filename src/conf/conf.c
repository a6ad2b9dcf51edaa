#include "conf/conf.h"

#include <ctype.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/slice.h"
#include "conf/conf_row.h"

#define DEFAULT_FILE SLUICE_SYSCONFDIR "/sluice/sluice.conf"
#define KEY_MAX_BYTES 128
#define FILE_MAX_BYTES (1024 * 1024)
#define LINE_MAX_BYTES 198 /* what libinih reads of a line */

struct conf_set {
	struct conf values;
	enum conf_source *sources; /* by row */
	char **ignored; /* by row: why the admin's value does not count */
};

static int
unknown_key(const char *key, const char *where, struct err *e)
{
	const char *near = conf_nearest(key);

	if (near == NULL)
		return err_set(e, ERR_INVALID,
			"unknown setting \"%.80s\" (%s): see sluice config "
			"help",
			key, where);
	return err_set(e, ERR_INVALID,
		"unknown setting \"%.80s\" (%s): did you mean %s?", key, where,
		near);
}

static int
assign(struct conf_set *c, const char *key, const char *value,
	enum conf_source source, const char *where, struct err *e)
{
	int i = conf_find(key);

	if (i < 0)
		return unknown_key(key, where, e);
	if (conf_assign(&c->values, &conf_defs[i], value, where, e) != 0)
		return -(int)e->code;
	c->sources[i] = source;
	return 0;
}

static int
load_defaults(struct conf_set *c, struct err *e)
{
	for (int i = 0; i < conf_n_defs; i++)
		if (conf_assign(&c->values, &conf_defs[i], conf_defs[i].row.def,
			    "default", e) != 0)
			return -(int)e->code;
	return 0;
}

struct file_reading {
	struct conf_set *c;
	const char *path;
	struct err *e;
	bool failed;
};

/* [capture] listen = … and capture.listen = … are the same setting. */
static int
file_line(
	void *cookie, const char *section, const char *name, const char *value)
{
	struct file_reading *r = cookie;
	char key[KEY_MAX_BYTES];
	char where[200];

	if (r->failed)
		return 0;
	snprintf(where, sizeof(where), "in %.180s", r->path);
	snprintf(key, sizeof(key), "%.60s%s%.60s", section,
		section[0] == '\0' ? "" : ".", name);
	if (assign(r->c, key, value, CONF_FILE, where, r->e) != 0)
		r->failed = true;
	return !r->failed;
}

/*
 * The parser cuts a line that is longer than its own buffer, and takes an
 * indented line for the same key again: both would lose text in
 * silence (conf-3).
 */
static int
check_lines(struct slice text, const char *path, struct err *e)
{
	int line = 1;

	while (text.len > 0) {
		const char *eol = memchr(text.p, '\n', text.len);
		size_t n = eol == NULL ? text.len : (size_t)(eol - text.p);
		struct slice trimmed = slice_trim(slice_of(text.p, n));

		if (n > LINE_MAX_BYTES)
			return err_set(e, ERR_INVALID,
				"%s line %d is over %d bytes: use the "
				"environment, or file: for a list or a "
				"secret",
				path, line, LINE_MAX_BYTES);
		if (trimmed.len > 0 && trimmed.p > text.p &&
			trimmed.p[0] != '#' && trimmed.p[0] != ';')
			return err_set(e, ERR_INVALID,
				"%s line %d begins with a blank", path, line);
		line++;
		text.p += n + (eol != NULL);
		text.len -= n + (eol != NULL);
	}
	return 0;
}

static int
parse_text(struct conf_set *c, struct buf *b, const char *path, struct err *e)
{
	struct file_reading r = {c, path, e, false};
	const char *text = buf_cstr(b);
	int line;

	if (text == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for %s", path);
	if (strlen(text) != b->len)
		return err_set(e, ERR_INVALID, "%s is not a text file", path);
	if (check_lines(buf_slice(b), path, e) != 0)
		return -(int)e->code;
	line = ini_parse_string(text, file_line, &r);
	if (r.failed)
		return -(int)e->code;
	if (line != 0)
		return err_set(e, ERR_INVALID, "%s line %d is not key = value",
			path, line);
	return 0;
}

static int
load_file(struct conf_set *c, const char *path, bool must_exist, struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, FILE_MAX_BYTES);
	rc = file_read(path, &b, e);
	if (rc == -(int)ERR_NOT_FOUND && !must_exist)
		rc = 0;
	else if (rc == 0)
		rc = parse_text(c, &b, path, e);
	buf_fini(&b);
	return rc;
}

/* SLUICE_CAPTURE_LISTEN is capture.listen. */
static int
load_environment(struct conf_set *c, struct err *e)
{
	for (int i = 0; i < conf_n_defs; i++) {
		char name[KEY_MAX_BYTES] = "SLUICE_";
		const char *key = conf_defs[i].row.name;
		size_t n = strlen(name);
		const char *value;

		for (; *key != '\0' && n < sizeof(name) - 1; key++)
			name[n++] = isalnum((unsigned char)*key)
					    ? (char)toupper((unsigned char)*key)
					    : '_';
		name[n] = '\0';
		value = getenv(name);
		if (value != NULL && assign(c, conf_defs[i].row.name, value,
					     CONF_ENV, name, e) != 0)
			return -(int)e->code;
	}
	return 0;
}

static int
load_set(struct conf_set *c, const char *const *set, struct err *e)
{
	for (; set != NULL && *set != NULL; set++) {
		const char *eq = strchr(*set, '=');
		char key[KEY_MAX_BYTES];

		if (eq == NULL || (size_t)(eq - *set) >= sizeof(key))
			return err_set(e, ERR_INVALID,
				"--set %.80s: give it as key=value", *set);
		memcpy(key, *set, (size_t)(eq - *set));
		key[eq - *set] = '\0';
		if (assign(c, key, eq + 1, CONF_SET, "--set", e) != 0)
			return -(int)e->code;
	}
	return 0;
}

/* conf-4 */
static int
load_stored(struct conf_set *c, const struct conf_stored *stored, int n,
	struct err *e)
{
	for (int k = 0; k < n; k++) {
		const char *name = stored[k].name;
		int i = conf_find(name);
		int rc = stored[k].why != NULL
				 ? err_set(e, ERR_INVALID, "%s", stored[k].why)
				 : conf_check_stored(name, stored[k].value, e);

		if (rc == 0)
			rc = assign(c, name, stored[k].value, CONF_ADMIN,
				"set in the admin", e);
		if (rc == -(int)ERR_NO_MEMORY)
			return rc;
		if (rc == 0 || i < 0)
			continue;
		mem_free(c->ignored[i]);
		c->ignored[i] = mem_strdup(e->text);
		if (c->ignored[i] == NULL)
			return err_set(
				e, ERR_NO_MEMORY, "no memory for settings");
	}
	return 0;
}

static struct conf_set *
new_set(void)
{
	struct conf_set *c = mem_new(struct conf_set);

	if (c == NULL)
		return NULL;
	c->sources = mem_zalloc((size_t)conf_n_defs, sizeof(*c->sources));
	c->ignored = mem_zalloc((size_t)conf_n_defs, sizeof(*c->ignored));
	if (c->sources != NULL && c->ignored != NULL)
		return c;
	mem_free(c->sources);
	mem_free(c->ignored);
	mem_free(c);
	return NULL;
}

int
conf_load(const char *file, const char *const *set, struct conf_set **out,
	struct err *e)
{
	return conf_load_stored(file, set, NULL, 0, out, e);
}

int
conf_load_stored(const char *file, const char *const *set,
	const struct conf_stored *stored, int n, struct conf_set **out,
	struct err *e)
{
	struct conf_set *c = new_set();

	if (c == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for settings");
	if (load_defaults(c, e) != 0 || load_stored(c, stored, n, e) != 0 ||
		load_file(c, file != NULL ? file : DEFAULT_FILE, file != NULL,
			e) != 0 ||
		load_environment(c, e) != 0 || load_set(c, set, e) != 0) {
		conf_free(c);
		return -(int)e->code;
	}
	*out = c;
	return 0;
}

void
conf_free(struct conf_set *c)
{
	if (c == NULL)
		return;
	for (int i = 0; i < conf_n_defs; i++) {
		conf_clear(&c->values, &conf_defs[i]);
		mem_free(c->ignored[i]);
	}
	mem_free(c->sources);
	mem_free(c->ignored);
	mem_free(c);
}

const struct conf *
conf_values(const struct conf_set *c)
{
	return &c->values;
}

enum conf_source
conf_source_of(const struct conf_set *c, const char *name)
{
	int i = conf_find(name);

	return i < 0 ? CONF_DEFAULT : c->sources[i];
}

const char *
conf_ignored(const struct conf_set *c, const char *name)
{
	int i = conf_find(name);

	return i < 0 ? NULL : c->ignored[i];
}

const char *
conf_source_name(enum conf_source s)
{
	switch (s) {
	case CONF_DEFAULT:
		return "default";
	case CONF_ADMIN:
		return "admin";
	case CONF_FILE:
		return "file";
	case CONF_ENV:
		return "environment";
	case CONF_SET:
		return "--set";
	}
	return "";
}

int
conf_text(const struct conf_set *c, const char *name, char *out, size_t size,
	struct err *e)
{
	int i = conf_find(name);

	if (i < 0)
		return err_set(
			e, ERR_NOT_FOUND, "unknown setting \"%.80s\"", name);
	conf_format(&c->values, &conf_defs[i], out, size);
	return 0;
}

bool
conf_same(const struct conf_set *a, const struct conf_set *b, const char *name)
{
	int i = conf_find(name);

	return i >= 0 && conf_equal(&a->values, &b->values, &conf_defs[i]);
}

bool
conf_list_next(const char **at, char *out, size_t size)
{
	while (**at != '\0') {
		const char *comma = strchr(*at, ',');
		size_t n = comma != NULL ? (size_t)(comma - *at) : strlen(*at);
		struct slice word = slice_trim(slice_of(*at, n));

		*at += n + (comma != NULL);
		if (word.len == 0)
			continue;
		if (word.len > size - 1)
			word.len = size - 1;
		memcpy(out, word.p, word.len);
		out[word.len] = '\0';
		return true;
	}
	return false;
}

bool
conf_list_has(const char *list, const char *word)
{
	char one[256];

	while (conf_list_next(&list, one, sizeof(one)))
		if (strcmp(one, word) == 0)
			return true;
	return false;
}
