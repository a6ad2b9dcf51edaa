#ifndef SLUICE_SCHEMA_SCHEMA_H
#define SLUICE_SCHEMA_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json_read.h"
#include "base/slice.h"

/*
 * A named set of JSON Schemas and what is checked against it: values of JSON,
 * and single texts as a query has them. The keywords are those of keyword.c;
 * any other is a fault of the set, so nothing is declared that is not checked.
 */
struct schema_row {
	const char *name;
	const char *text; /* JSON, kept as it is: static */
};

struct schema_set;

/* The last row's name is NULL. BUG: what is wrong with which row. */
MUST_CHECK int schema_set_new(
	const struct schema_row *rows, struct schema_set **out, struct err *e);
void schema_set_free(struct schema_set *s); /* NULL allowed */

/* The parsed text of a row; NULL: there is none of that name. */
const struct json_doc *schema_find(
	const struct schema_set *s, struct slice name);

/* What does not fit, for whoever sent it. */
struct schema_fault {
	char field[64]; /* "settings.timezone", "ids[3]"; "" for the whole */
	char text[240]; /* names the field and what is wanted */
};

/* Whether the value at node fits. The set must have the name. @thread any */
bool schema_check(const struct schema_set *s, const char *name,
	const struct json_doc *d, uint32_t node, struct schema_fault *f);

/* Whether a text, which is all that a query has, fits: a number by its digits,
 * a boolean as true, false, 1 or 0; of an array it is one item. field is what
 * the fault names. @thread any */
bool schema_check_text(const struct schema_set *s, const char *name,
	struct slice field, struct slice value, struct schema_fault *f);

#endif
