#ifndef SLUICE_CONF_CONF_ROW_H
#define SLUICE_CONF_CONF_ROW_H

#include <stddef.h>

#include "conf/conf.h"

/* The table of settings as the parser sees it. Inside conf/ only. */
enum conf_type {
	CONF_IS_STR,
	CONF_IS_PATH,
	CONF_IS_LIST,
	CONF_IS_SECRET,
	CONF_IS_BOOL,
	CONF_IS_INT,
	CONF_IS_BYTES,
	CONF_IS_MS,
	CONF_IS_S,
	CONF_IS_H,
	CONF_IS_ENUM,
};

struct conf_def {
	struct conf_row row;
	enum conf_type type;
	size_t offset; /* in struct conf */
};

extern const struct conf_def conf_defs[];
extern const int conf_n_defs;

/* Index of the row, or -1. */
int conf_find(const char *name);
/* The known name that is nearest to this one, or NULL if none is near. */
const char *conf_nearest(const char *name);
/* Parses text into v at the row's place. where says who set it, for the
 * error. */
MUST_CHECK int conf_assign(struct conf *v, const struct conf_def *d,
	const char *text, const char *where, struct err *e);
/* Frees what the row's place in v holds. */
void conf_clear(struct conf *v, const struct conf_def *d);
bool conf_equal(
	const struct conf *a, const struct conf *b, const struct conf_def *d);
void conf_format(
	const struct conf *v, const struct conf_def *d, char *out, size_t size);

#endif
