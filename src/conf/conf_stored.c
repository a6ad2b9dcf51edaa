#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/utf8.h"
#include "conf/conf_row.h"

#define TEXT_MAX_BYTES 4096

/*
 * Values made in the admin. Who may change settings in a browser is not thereby
 * one who may read the machine's files: a file is taken only from the folders
 * where the operator lays secrets down for Sluice (conf-5).
 */
static bool
is_inside(const char *path, const char *folder)
{
	size_t n = folder == NULL ? 0 : strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	return n > 1 && strncmp(path, folder, n) == 0 && path[n] == '/';
}

static bool
is_kept_for_us(const char *path)
{
	char real[PATH_MAX];

	return realpath(path, real) != NULL &&
	       (is_inside(real, SLUICE_SYSCONFDIR "/sluice") ||
		       is_inside(real, getenv("CREDENTIALS_DIRECTORY")));
}

static int
check_file(const struct conf_def *d, const char *path, struct err *e)
{
	if (d->type == CONF_IS_LIST)
		return err_set(e, ERR_DENIED,
			"%s: file:… is not taken from the admin, as it would "
			"show what is in the file: give the list itself",
			d->row.name);
	if (!is_kept_for_us(path))
		return err_set(e, ERR_DENIED,
			"%s: from the admin file:… may name a file that is in "
			"%s/sluice, or a credential of the service",
			d->row.name, SLUICE_SYSCONFDIR);
	return 0;
}

/* What would break a line of the log or of the file is no setting. */
static int
check_text(const struct conf_def *d, const char *value, struct err *e)
{
	struct slice s = slice_str(value);

	if (s.len > TEXT_MAX_BYTES)
		return err_set(e, ERR_INVALID,
			"%s: a value made in the admin has at most %d bytes",
			d->row.name, TEXT_MAX_BYTES);
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return err_set(e, ERR_INVALID,
				"%s: a value has no control characters",
				d->row.name);
	if (!utf8_valid(s))
		return err_set(e, ERR_INVALID, "%s: a value is UTF-8 text",
			d->row.name);
	return 0;
}

int
conf_check_stored(const char *name, const char *value, struct err *e)
{
	int i = conf_find(name);
	const struct conf_def *d = i < 0 ? NULL : &conf_defs[i];
	struct conf scratch;
	int rc;

	if (d == NULL)
		return err_set(
			e, ERR_NOT_FOUND, "unknown setting \"%.80s\"", name);
	if (d->row.locked != NULL)
		return err_set(e, ERR_DENIED,
			"%s cannot be set in the admin: %s; set it in the "
			"file, the environment or by --set",
			name, d->row.locked);
	rc = check_text(d, value, e);
	if (rc == 0 && strncmp(value, "file:", 5) == 0 &&
		(d->type == CONF_IS_LIST || d->type == CONF_IS_SECRET))
		rc = check_file(d, value + 5, e);
	if (rc != 0)
		return rc;
	memset(&scratch, 0, sizeof(scratch));
	rc = conf_assign(&scratch, d, value, "set in the admin", e);
	conf_clear(&scratch, d);
	return rc;
}

int
conf_default_text(const char *name, char *out, size_t size, struct err *e)
{
	int i = conf_find(name);
	struct conf scratch;
	int rc;

	if (i < 0)
		return err_set(
			e, ERR_NOT_FOUND, "unknown setting \"%.80s\"", name);
	memset(&scratch, 0, sizeof(scratch));
	rc = conf_assign(
		&scratch, &conf_defs[i], conf_defs[i].row.def, "default", e);
	if (rc == 0)
		conf_format(&scratch, &conf_defs[i], out, size);
	conf_clear(&scratch, &conf_defs[i]);
	return rc;
}
