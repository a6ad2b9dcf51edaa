#ifndef SLUICE_RUN_SETTINGS_H
#define SLUICE_RUN_SETTINGS_H

#include "base/err.h"

struct conf;
struct conf_set;
struct conf_stored;
struct daemon_options;
struct pg;

/*
 * The settings of a daemon, with the checks that concern several of them. In a
 * demo capture listens on this machine only, unless told otherwise. Those made
 * in the admin are read from the folder's config.db (none: data_dir is NULL, or
 * nothing is there yet); what cannot count of them is left out, and
 * conf_ignored says why (run-6).
 */
MUST_CHECK int settings_load(
	const struct daemon_options *o, struct conf_set **out, struct err *e);
/* What settings_load would give with these made in the admin; what it would
 * leave out is an error here. */
MUST_CHECK int settings_try(const struct daemon_options *o,
	const struct conf_stored *rows, int n, struct conf_set **out,
	struct err *e);
/* UNSUPPORTED: a start would be refused, as the folder's persons are in the
 * other store. */
MUST_CHECK int settings_store_allows(
	const char *data_dir, const struct conf_set *c, struct err *e);
void settings_log_ignored(const struct conf_set *c);
/* The server of postgres.url, not connected to; NULL if it is not set. */
MUST_CHECK int settings_postgres(
	const struct conf *c, struct pg **out, struct err *e);

#endif
