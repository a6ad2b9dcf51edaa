#ifndef SLUICE_RUN_SETTINGS_H
#define SLUICE_RUN_SETTINGS_H

#include <stdbool.h>

#include "base/err.h"

struct conf;
struct conf_set;
struct pg;

/* The settings of a daemon, with the checks that concern several of them. In a
 * demo capture listens on this machine only, unless told otherwise. */
MUST_CHECK int settings_load(const char *file, const char *const *set,
	bool is_demo, struct conf_set **out, struct err *e);
/* The server of postgres.url, not connected to; NULL if it is not set. */
MUST_CHECK int settings_postgres(
	const struct conf *c, struct pg **out, struct err *e);

#endif
