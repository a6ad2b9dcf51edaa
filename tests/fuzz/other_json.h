#ifndef SLUICE_TESTS_FUZZ_OTHER_JSON_H
#define SLUICE_TESTS_FUZZ_OTHER_JSON_H

#include <stddef.h>
#include <stdint.h>

/*
 * jansson under names of our own: its header and base/json_read.h have names in
 * common. Values are borrowed from the root.
 */
struct other_json;
enum other_kind {
	OTHER_NULL,
	OTHER_FALSE,
	OTHER_TRUE,
	OTHER_INTEGER,
	OTHER_REAL,
	OTHER_STRING,
	OTHER_ARRAY,
	OTHER_OBJECT,
};

/* NULL when jansson refuses the text. */
struct other_json *other_load(const char *p, size_t len);
void other_free(struct other_json *root);
enum other_kind other_kind_of(const struct other_json *v);
int64_t other_integer(const struct other_json *v);
double other_real(const struct other_json *v);
const char *other_string(const struct other_json *v, size_t *len);
size_t other_size(const struct other_json *v);
const struct other_json *other_at(const struct other_json *v, size_t i);
/* NULL if there is no such member. */
const struct other_json *other_member(
	const struct other_json *v, const char *key, size_t len);

#endif
