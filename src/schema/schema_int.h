#ifndef SLUICE_SCHEMA_SCHEMA_INT_H
#define SLUICE_SCHEMA_SCHEMA_INT_H

#include "schema/schema.h"

#define SCHEMA_DEPTH_MAX 32 /* of references and nesting together */
#define SCHEMA_REF_PREFIX "#/components/schemas/"

struct schema_row_doc {
	struct slice name;
	struct json_doc d;
};

struct schema_set {
	struct arena arena;
	size_t n;
	struct schema_row_doc *rows;
};

/* A schema: an object (or true) somewhere in a row. */
struct schema_at {
	const struct json_doc *d;
	uint32_t node; /* in d */
};

/* The value of a keyword; 0: it has none. */
static inline uint32_t
schema_key(struct schema_at s, const char *keyword)
{
	return json_member(s.d, s.node, slice_str(keyword));
}

/* Follows $ref to what it names. false: it leads nowhere or in circles. */
bool schema_follow(const struct schema_set *set, struct schema_at *s);

/* The keywords of every schema are known and have values of their type
 * (keyword.c). BUG. */
MUST_CHECK int schema_check_row(const struct schema_set *set,
	const struct schema_row_doc *row, struct err *e);

/* "a whole number from 1 to 1000" (describe.c). */
void schema_describe(
	const struct schema_set *set, struct schema_at s, struct buf *b);

/* Parts of the check that need no more than one value (value.c). */
bool schema_has_type(struct schema_at s, const char *type);
bool schema_number_fits(struct schema_at s, double v);
bool schema_length_fits(struct schema_at s, struct slice decoded);
bool schema_enum_has_text(struct schema_at s, struct slice decoded);

#endif
