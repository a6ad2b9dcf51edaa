#ifndef SLUICE_ADMIN_STORED_H
#define SLUICE_ADMIN_STORED_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"

/*
 * Settings made in the admin, in config.db. Rows live in the arena.
 */
struct store;

#define STORED_MAX 1000 /* more are not read */

struct stored {
	struct conf_stored *rows; /* in the order of their names */
	int n;
};
MUST_CHECK int stored_read(struct store *config, struct arena *a,
	struct stored *out, struct err *e);
/* The same of a folder whose files are not open; none where there is no
 * config.db yet, or one that has not had the table yet. */
MUST_CHECK int stored_read_folder(const char *data_dir, struct arena *a,
	struct stored *out, struct err *e);
/* Sets all, or none. value NULL: the setting is taken away. What a secret was
 * is overwritten in the file. Blocks. @thread any but store */
MUST_CHECK int stored_save(struct store *config,
	const struct conf_stored *changes, int n, struct err *e);

#endif
