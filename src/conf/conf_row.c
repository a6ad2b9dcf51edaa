#include "conf/conf_row.h"

#include <string.h>
#include <strings.h>

static const char *const names_off_on_auto[] = {"off", "on", "auto", NULL};
static const char *const names_reject_keep[] = {"reject", "keep", NULL};
static const char *const names_embedded_external_off[] = {
	"embedded", "external", "off", NULL};
static const char *const names_embedded_external[] = {
	"embedded", "external", NULL};
static const char *const names_none_gzip_lz4_zstd[] = {
	"none", "gzip", "lz4", "zstd", NULL};
static const char *const names_logfmt_json[] = {"logfmt", "json", NULL};
static const char *const names_debug_info_warn_error[] = {
	"debug", "info", "warn", "error", NULL};

#define NAMES_STR NULL
#define NAMES_PATH NULL
#define NAMES_LIST NULL
#define NAMES_SECRET NULL
#define NAMES_BOOL NULL
#define NAMES_INT NULL
#define NAMES_BYTES NULL
#define NAMES_MS NULL
#define NAMES_S NULL
#define NAMES_H NULL
#define NAMES_ENUM_reject_keep names_reject_keep
#define NAMES_ENUM_off_on_auto names_off_on_auto
#define NAMES_ENUM_embedded_external_off names_embedded_external_off
#define NAMES_ENUM_embedded_external names_embedded_external
#define NAMES_ENUM_none_gzip_lz4_zstd names_none_gzip_lz4_zstd
#define NAMES_ENUM_logfmt_json names_logfmt_json
#define NAMES_ENUM_debug_info_warn_error names_debug_info_warn_error

#define TYPE_STR CONF_IS_STR, "text", ""
#define TYPE_PATH CONF_IS_PATH, "path", "a path or credential:NAME"
#define TYPE_LIST CONF_IS_LIST, "list", "comma-separated, or file:/path"
#define TYPE_SECRET                                                            \
	CONF_IS_SECRET, "secret", "text, file:/path or credential:NAME"
#define TYPE_BOOL CONF_IS_BOOL, "bool", "true or false"
#define TYPE_INT CONF_IS_INT, "integer", ""
#define TYPE_BYTES CONF_IS_BYTES, "bytes", ""
#define TYPE_MS CONF_IS_MS, "milliseconds", ""
#define TYPE_S CONF_IS_S, "seconds", ""
#define TYPE_H CONF_IS_H, "hours", ""
#define TYPE_ENUM_reject_keep CONF_IS_ENUM, "choice", "reject, keep"
#define TYPE_ENUM_off_on_auto CONF_IS_ENUM, "choice", "off, on, auto"
#define TYPE_ENUM_embedded_external_off                                        \
	CONF_IS_ENUM, "choice", "embedded, external, off"
#define TYPE_ENUM_embedded_external CONF_IS_ENUM, "choice", "embedded, external"
#define TYPE_ENUM_none_gzip_lz4_zstd                                           \
	CONF_IS_ENUM, "choice", "none, gzip, lz4, zstd"
#define TYPE_ENUM_logfmt_json CONF_IS_ENUM, "choice", "logfmt, json"
#define TYPE_ENUM_debug_info_warn_error                                        \
	CONF_IS_ENUM, "choice", "debug, info, warn, error"

#define APPLY_START true, NULL
#define APPLY_START_LOCKED                                                     \
	true, "without the role admin nobody could take this back here"
#define APPLY_RELOAD false, NULL
/* What Sluice loads is for who has the machine to say. */
#define PATH_LOCKED "it names a file of the machine that Sluice loads"

#define ROW(field, name, type, type_name, allowed, def, min, max, restart,     \
	locked, help, names)                                                   \
	{{name, type_name, def, help, allowed, min, max,                       \
		 type == CONF_IS_SECRET, restart,                              \
		 type == CONF_IS_PATH ? PATH_LOCKED : locked, names},          \
		type, offsetof(struct conf, field)},
#define ROW_OF(...) ROW(__VA_ARGS__)
const struct conf_def conf_defs[] = {
#define SETTING(field, name, type, def, min, max, apply, help)                 \
	ROW_OF(field, name, TYPE_##type, def, min, max, APPLY_##apply, help,   \
		NAMES_##type)
#include "conf/settings.def"
#undef SETTING
};
const int conf_n_defs = (int)(sizeof(conf_defs) / sizeof(conf_defs[0]));

int
conf_find(const char *name)
{
	for (int i = 0; i < conf_n_defs; i++)
		if (strcmp(conf_defs[i].row.name, name) == 0)
			return i;
	return -1;
}

const struct conf_row *
conf_row_at(int i)
{
	return i >= 0 && i < conf_n_defs ? &conf_defs[i].row : NULL;
}

#define NAME_MAX_BYTES 64

/* Edits that turn a into b (insert, delete, replace). */
static int
distance(const char *a, const char *b)
{
	int row[NAME_MAX_BYTES + 1];
	int nb = (int)strlen(b);

	if (nb > NAME_MAX_BYTES || strlen(a) > NAME_MAX_BYTES)
		return NAME_MAX_BYTES;
	for (int j = 0; j <= nb; j++)
		row[j] = j;
	for (int i = 1; a[i - 1] != '\0'; i++) {
		int diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= nb; j++) {
			int best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

const char *
conf_nearest(const char *name)
{
	const char *best = NULL;
	/* Beyond a third of its letters it is another word. */
	int best_distance = (int)strlen(name) / 3 + 2;

	for (int i = 0; i < conf_n_defs; i++) {
		int n = distance(name, conf_defs[i].row.name);

		if (n < best_distance) {
			best_distance = n;
			best = conf_defs[i].row.name;
		}
	}
	return best;
}
