#ifndef SLUICE_RUN_SETTINGS_H
#define SLUICE_RUN_SETTINGS_H

#include <stdbool.h>

#include "base/err.h"

struct conf_set;

/* The settings of a daemon, with the checks that concern several of them. In a
 * demo capture listens on this machine only, unless told otherwise. */
MUST_CHECK int settings_load(const char *file, const char *const *set,
	bool is_demo, struct conf_set **out, struct err *e);

#endif
