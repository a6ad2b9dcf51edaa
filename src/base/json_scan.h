#ifndef SLUICE_BASE_JSON_SCAN_H
#define SLUICE_BASE_JSON_SCAN_H

/*
 * The words of JSON, shared by reader and cursor (base-6) and by the writer;
 * only for base/json_*.c. Scanners return where they stopped, or NULL with the
 * fault.
 */

#include <stdint.h>

#include "base/attr.h"
#include "base/block.h"
#include "base/err.h"
#include "base/json_read.h"

struct json_fault {
	const char *what;
	const char *at;
};

static inline const char *
json_fault_set(struct json_fault *f, const char *what, const char *at)
{
	f->what = what;
	f->at = at;
	return NULL;
}

/* INVALID: "<what> at byte <n>". */
MUST_CHECK int json_fault_err(
	const struct json_fault *f, const char *start, struct err *e);

/* From a backslash, a control character or a non-ASCII one in a string to the
 * byte behind it. */
const char *json_scan_special(
	const char *p, const char *end, uint8_t *flags, struct json_fault *f);

/* From the first digit or minus to the byte behind the number. Adds FLOAT and
 * PLAIN to *flags. */
const char *json_scan_number(
	const char *p, const char *end, uint8_t *flags, struct json_fault *f);

/* null, true, false by their first letter. */
const char *json_scan_literal(
	const char *p, const char *end, uint8_t *type, struct json_fault *f);

/* The value of a number that json_scan_number accepted. */
double json_scan_double(const char *p, size_t len);

static inline bool
json_is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline const char *
json_skip_blank(const char *p, const char *end)
{
	while (p < end && json_is_blank(*p))
		p++;
	return p;
}

static inline bool
json_is_ordinary(char c)
{
	return (signed char)c >= ' ' && c != '"' && c != '\\';
}

/* From behind the opening quote to the closing quote. */
static inline const char *
json_scan_string(
	const char *p, const char *end, uint8_t *flags, struct json_fault *f)
{
	while (p != NULL) {
		unsigned n = BLOCK_BYTES;

		while (n == BLOCK_BYTES && end - p >= BLOCK_BYTES) {
			n = block_first(block_json_stop(block_load(p)));
			p += n;
		}
		if (n == BLOCK_BYTES) {
			while (p < end && json_is_ordinary(*p))
				p++;
			if (p == end)
				return json_fault_set(
					f, "string without its end", p);
		}
		if (LIKELY(*p == '"'))
			return p;
		p = json_scan_special(p, end, flags, f);
	}
	return NULL;
}

/* Four hexadecimal digits at p, or -1. */
int json_hex4(const char *p);

/*
 * Decodes the escape at the backslash p of a valid string that ends at end:
 * writes UTF-8 to out, its length to *n, and returns the byte behind it. A lone
 * surrogate becomes U+FFFD and sets *is_lone.
 */
const char *json_decode_escape(
	const char *p, const char *end, char out[4], size_t *n, bool *is_lone);

/* Byte order of decoded texts; other is decoded only if other_escaped. */
int json_inner_cmp(struct slice inner, struct slice other, bool other_escaped);
/* Byte order of two decoded string nodes. */
int json_key_cmp(const struct json_doc *d1, uint32_t k1,
	const struct json_doc *d2, uint32_t k2);
/* Writes the key nodes of an object in byte order, of equal keys the last one
 * only, and returns how many; keys has room for all members. */
uint32_t json_sort_keys(
	const struct json_doc *d, uint32_t object, uint32_t *keys);

#endif
