#ifndef SLUICE_CONF_CONF_H
#define SLUICE_CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* Values of all settings. Strings are owned by the struct and never NULL; LIST
 * is kept as its text (comma-separated, see conf_list_next). Enums are indexes
 * into the names in their type, in that order. */
enum conf_unknown_token { CONF_REJECT, CONF_KEEP };
enum conf_ch_mode { CONF_CH_EMBEDDED, CONF_CH_EXTERNAL, CONF_CH_OFF };
enum conf_proxy_protocol { CONF_PROXY_OFF, CONF_PROXY_ON, CONF_PROXY_AUTO };
enum conf_kafka_mode { CONF_KAFKA_EMBEDDED, CONF_KAFKA_EXTERNAL };

struct conf {
#define CONF_T_STR char *
#define CONF_T_PATH char *
#define CONF_T_LIST char *
#define CONF_T_SECRET char *
#define CONF_T_BOOL bool
#define CONF_T_INT int64_t
#define CONF_T_BYTES int64_t
#define CONF_T_MS int64_t
#define CONF_T_S int64_t
#define CONF_T_H int64_t
#define CONF_T_ENUM_reject_keep int
#define CONF_T_ENUM_off_on_auto int
#define CONF_T_ENUM_embedded_external_off int
#define CONF_T_ENUM_embedded_external int
#define CONF_T_ENUM_none_gzip_lz4_zstd int
#define CONF_T_ENUM_logfmt_json int
#define CONF_T_ENUM_debug_info_warn_error int
#define SETTING(field, name, type, def, min, max, apply, help)                 \
	CONF_T_##type field;
#include "conf/settings.def"
#undef SETTING
};

enum conf_source { CONF_DEFAULT, CONF_ADMIN, CONF_FILE, CONF_ENV, CONF_SET };

struct conf_set; /* values with the source of each */
struct slice;

/*
 * Builds the values in the order default < admin < file < environment < --set.
 * file NULL: /etc/sluice/sluice.conf if it is there. set: NULL-ended array of
 * "key=value". Every error (unknown key with the nearest known one, value out
 * of range, where it was set) is one line; INVALID
 * (conf-1). Secrets and lists may be "file:/path",
 * secrets and paths "credential:NAME".
 */
MUST_CHECK int conf_load(const char *file, const char *const *set,
	struct conf_set **out, struct err *e);
/* A value made in the admin. */
struct conf_stored {
	const char *name, *value;
	const char *why; /* not NULL: it is not to be used, and why */
};
/*
 * As conf_load, with values made in the admin above the defaults and below all
 * else. One that does not count, because conf_check_stored refuses it, does not
 * fail the load: conf_ignored says why (conf-4).
 */
MUST_CHECK int conf_load_stored(const char *file, const char *const *set,
	const struct conf_stored *stored, int n, struct conf_set **out,
	struct err *e);
/*
 * Whether a value may be made in the admin: a known name (NOT_FOUND), a setting
 * that may be set there and no file outside of what the operator keeps for that
 * (DENIED, conf-5), a right value (INVALID).
 */
MUST_CHECK int conf_check_stored(
	const char *name, const char *value, struct err *e);
void conf_free(struct conf_set *c); /* NULL allowed */
const struct conf *conf_values(const struct conf_set *c);
enum conf_source conf_source_of(const struct conf_set *c, const char *name);
/* Where a value was set, for people: "file /etc/sluice/sluice.conf",
 * "--set". */
const char *conf_source_name(enum conf_source s);
/* NOT_FOUND for an unknown name. Secrets print as "***" (conf-2). */
MUST_CHECK int conf_text(const struct conf_set *c, const char *name, char *out,
	size_t size, struct err *e);
/* Why the value made in the admin for this setting does not count; NULL: it
 * does, or there is none. */
const char *conf_ignored(const struct conf_set *c, const char *name);
/* Whether a setting has the same value in both, secrets too. */
bool conf_same(
	const struct conf_set *a, const struct conf_set *b, const char *name);
/* The default as conf_text would print it. */
MUST_CHECK int conf_default_text(
	const char *name, char *out, size_t size, struct err *e);
/* For config help/show and the man page: rows in order; NULL past the end. */
struct conf_row {
	const char *name, *type, *def, *help, *allowed;
	int64_t min, max;
	bool is_secret, needs_restart;
	const char
		*locked; /* why it may not be set in the admin; NULL: it may */
	const char *const *choices; /* of a choice, NULL-ended; NULL: none */
};
const struct conf_row *conf_row_at(int i);
/* The next element of a comma-separated list, trimmed; false at the end. *at is
 * the list's text at first. Elements over size - 1 bytes are cut. */
bool conf_list_next(const char **at, char *out, size_t size);
bool conf_list_has(const char *list, const char *word);

#endif
