#ifndef SLUICE_ADMIN_CHECK_H
#define SLUICE_ADMIN_CHECK_H

#include "admin/admin_int.h"
#include "schema/schema.h"

/*
 * Requests against what their route declares: the schemas of schemas.def. A
 * parameter's schema has the name of the parameter behind a prefix.
 */
#define CHECK_PARAM_PREFIX "?"

/* The schemas; BUG: a row of the routes names one that is not there. */
MUST_CHECK int check_new(struct schema_set **out, struct err *e);
const struct schema_row *check_rows(void); /* the last row's name is NULL */

/* Path, query and body (which is parsed into c->json). INVALID that names the
 * field. */
MUST_CHECK int check_request(
	struct admin_call *c, const struct admin_route *r, struct err *e);

/* Whether its body has members that must be there. */
bool check_needs_body(const struct schema_set *s, const struct admin_route *r);

struct check_param {
	struct slice name;
	char schema[64];
	bool is_required;
};
/* Walks the parameters of a row's query, and those of its path, whose schema
 * need not be there. false at the end. */
bool check_param_next(const char **rest, struct check_param *out);
bool check_path_next(const char **rest, struct check_param *out);

#endif
