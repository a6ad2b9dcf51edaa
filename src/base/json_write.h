#ifndef SLUICE_BASE_JSON_WRITE_H
#define SLUICE_BASE_JSON_WRITE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/json_read.h"
#include "base/slice.h"

/*
 * Writing JSON text by appends. json_put_string writes quotes and escapes
 * (", \, control characters; others as they are; input must be UTF-8).
 */
void json_put_string(struct buf *b, struct slice s);
/* As put_string without the quotes. */
void json_put_escaped(struct buf *b, struct slice s);
/* Escapes text that is itself JSON text (JSON in JSON) appended in pieces. */
#define json_put_nested json_put_escaped
/* The shortest text that reads back as the same double; integers without a
 * fraction print ".0" only if with_point. */
void json_put_double(struct buf *b, double v, bool with_point);
/*
 * Copies a value's raw text in compact form (no white space outside strings).
 * What PostHog's pipeline may not store is mended: NUL and lone surrogates in
 * strings become U+FFFD. Numbers are kept as written if they are integers of
 * up to 64 bits; others are printed as doubles with a point or exponent.
 * max_depth: arrays and objects below it become null, *cut is set (may be
 * NULL).
 */
void json_put_value(struct buf *b, const struct json_doc *d, uint32_t node,
	uint32_t max_depth, bool *cut);
/* As above with sorted object keys, of repeated ones the last (distinct_id that
 * is an object). Without memory b fails. */
void json_put_sorted(struct buf *b, const struct json_doc *d, uint32_t node,
	struct arena *a);
/* Equal by value: numbers numerically, objects whatever the order of keys, of
 * repeated keys the last. Also false when memory is short. */
bool json_equal(const struct json_doc *d1, uint32_t n1,
	const struct json_doc *d2, uint32_t n2);

#endif
