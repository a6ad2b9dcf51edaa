#ifndef SLUICE_TESTS_FUZZ_COMPARE_JSON_H
#define SLUICE_TESTS_FUZZ_COMPARE_JSON_H

#include "base/json_read.h"
#include "other_json.h"

/* Ends the process unless the node is the same value as jansson's. */
void compare_json(const struct json_doc *d, uint32_t i,
	const struct other_json *o, struct arena *a);
/* Whether something in it is what jansson refuses and we take: lone surrogates,
 * U+0000 in keys, integers beyond 64 signed bits. */
bool compare_may_be_refused(const struct json_doc *d);

#endif
