#ifndef SLUICE_EXPLORE_SAVED_H
#define SLUICE_EXPLORE_SAVED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * Queries that people keep, in config.db. Each has an owner, who alone may
 * change or delete it (or an administrator); shared ones are seen by all
 * (explore-2).
 */
struct store;

#define SAVED_NAME_BYTES 200
#define SAVED_CHART_BYTES 4096
#define SAVED_PER_OWNER 200
#define SAVED_ALL 5000

struct saved_who {
	int64_t id; /* 0: the socket */
	const char *name;
	bool is_admin;
};

struct saved_query {
	struct slice name, query, chart; /* chart: JSON of an object */
	bool is_shared;
};

/* Those that who may see, as {"items":[…],"next":null}, by name. */
MUST_CHECK int saved_list(struct store *config, const struct saved_who *who,
	struct buf *out, struct err *e);
/* Each appends the query as it is then as JSON. INVALID; NOT_FOUND, also for
 * what who may not see; DENIED: it is another's; TOO_BIG: the bound of how
 * many. Blocks. */
MUST_CHECK int saved_show(struct store *config, const struct saved_who *who,
	int64_t id, struct buf *out, struct err *e);
MUST_CHECK int saved_create(struct store *config, const struct saved_who *who,
	const struct saved_query *q, struct buf *out, struct err *e);
MUST_CHECK int saved_change(struct store *config, const struct saved_who *who,
	int64_t id, const struct saved_query *q, struct buf *out,
	struct err *e);
MUST_CHECK int saved_delete(struct store *config, const struct saved_who *who,
	int64_t id, struct err *e);

#endif
