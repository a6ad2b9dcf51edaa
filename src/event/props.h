#ifndef SLUICE_EVENT_PROPS_H
#define SLUICE_EVENT_PROPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_read.h"
#include "base/slice.h"

/*
 * An ordered map of properties in an arena: decoded key (UTF-8, no NUL) to the
 * compact JSON text of its value (no white space, no NUL, no lone surrogates).
 * Keys and values are borrowed slices: they must live as long as the arena
 * (event-1, event-4). Not thread-safe. Out of memory: failed is set, the change
 * is lost, and every later change does nothing, so that a series needs one
 * check at its end.
 */
struct prop {
	struct slice key; /* p NULL: removed */
	struct slice value;
	uint32_t hash; /* of the key */
};

struct props {
	struct arena *arena;
	struct prop *rows; /* in order of insertion, with holes */
	uint32_t n; /* rows used, holes included */
	uint32_t cap;
	uint32_t n_live;
	uint32_t *index; /* row + 1 by hash; NULL while the map is small */
	uint32_t mask;
	bool is_keyed; /* the hash is a keyed one */
	bool failed;
};

/* What making values compact needs: one per thread, reused. */
struct props_work {
	struct arena *arena; /* where mended keys and values go */
	struct buf *scratch; /* maximum at least the largest value */
	uint32_t max_depth; /* arrays and objects below become null */
	bool cut; /* out, sticky: something was too deep */
};

void props_init(struct props *p, struct arena *a);
/* Adds (or replaces) the members of an object node; a later member of the same
 * name wins and keeps the first one's place. Not an object: adds nothing. */
void props_add_object(struct props *p, const struct json_doc *d,
	uint32_t object, struct props_work *w);
/* The decoded text of a key node, NUL as U+FFFD; p NULL without memory. */
struct slice props_key(
	const struct json_doc *d, uint32_t node, struct props_work *w);
/* The compact, mended JSON text of one value; p NULL without memory. */
struct slice props_value(
	const struct json_doc *d, uint32_t node, struct props_work *w);
/* As add_object, from text written by props_write (trusted to be compact):
 * values are slices of text. False: it is no JSON object. */
bool props_add_text(struct props *p, struct slice text, struct arena *a);

/* NULL if absent. Valid until the next set. */
struct prop *props_get(const struct props *p, struct slice key);
#define props_get_lit(p, s) props_get(p, SLICE_LIT(s))
/* Room for n more without growing. */
void props_reserve(struct props *p, uint32_t n);
bool props_has(const struct props *p, struct slice key);
void props_set(struct props *p, struct slice key, struct slice value);
/* Text as a JSON string; NUL becomes U+FFFD. */
void props_put_string(struct buf *out, struct slice text);
/* The same as a value. */
void props_set_string(struct props *p, struct slice key, struct slice text);
/* True if it was there. */
bool props_unset(struct props *p, struct slice key);
void props_clear(struct props *p);
/* dst becomes a map of its own with the same slices. */
void props_copy(struct props *dst, const struct props *src, struct arena *a);

/* Iterate: for (r = props_first(p); r != NULL; r = props_next(p, r)). */
struct prop *props_next(const struct props *p, const struct prop *r);
static inline struct prop *
props_first(const struct props *p)
{
	return props_next(p, NULL);
}

/* {"a":1,…} */
void props_write(const struct props *p, struct buf *out);
/* "a":1,… with a comma in front unless first; returns false if empty. */
bool props_write_members(const struct props *p, struct buf *out, bool first);
/* Written text, a copy in the arena; p NULL without memory. */
struct slice props_text(
	const struct props *p, struct buf *scratch, struct arena *a);

/*
 * Values are JSON text. Equality is by value: numbers numerically (1 and 1.0),
 * objects whatever the order of keys; text and number of the same digits
 * differ. a serves for what must be parsed.
 */
bool props_value_equal(struct slice v1, struct slice v2, struct arena *a);
/* null, false, 0 and "" (and p NULL). */
bool props_value_falsy(struct slice v);
bool props_value_is_string(struct slice v);
bool props_value_is_object(struct slice v);
/* The decoded text of a string value; NULL slice if it is no string. */
struct slice props_value_string(struct slice v, struct arena *a);
/* JavaScript's String(value): null, true, 5, [object Object], 1,2. */
struct slice props_value_js_text(struct slice v, struct arena *a);

#endif
