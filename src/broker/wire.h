#ifndef SLUICE_BROKER_WIRE_H
#define SLUICE_BROKER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

/*
 * Kafka messages as rows: one reader and one writer walk them, so that no
 * handler knows how a version looks on the wire. A message is a C struct; its
 * rows say where each field stands in the struct and in which versions it
 * stands on the wire. Types and encodings: spec kafka 2.2.
 *
 *   wire type    C type
 *   BOOL         bool
 *   I8 I16 I32 I64  int8_t ... int64_t
 *   UUID         struct uuid
 *   STR BYTES    struct slice, .p NULL: null
 *   ARRAY        struct wire_array, .n -1: null
 */
enum wire_type {
	WIRE_BOOL,
	WIRE_I8,
	WIRE_I16,
	WIRE_I32,
	WIRE_I64,
	WIRE_UUID,
	WIRE_STR,
	WIRE_BYTES,
	WIRE_ARRAY
};

struct wire_array {
	void *items;
	int32_t n;
};

struct wire_schema;
struct wire_field {
	enum wire_type type;
	uint16_t off;
	int8_t from; /* first version */
	int8_t until; /* first version without it; 0: none */
	int8_t null_from; /* 1 + first version that may be null; 0: never */
	int8_t tag; /* 1 + tag; 0: an ordinary field. Tags are only read. */
	int32_t def; /* value when it is absent (integers and bool) */
	const struct wire_schema *elem; /* of an ARRAY */
};

struct wire_schema {
	const struct wire_field *fields;
	uint16_t n;
	uint16_t size; /* of the C struct */
	bool is_plain; /* one bare value: no tagged fields behind it */
};

#define WIRE_NULL_FROM(version) ((int8_t)((version) + 1))
#define WIRE_TAG(tag) ((int8_t)((tag) + 1))
#define WIRE_FIELD(t, s, member, ...)                                          \
	{                                                                      \
		.type = WIRE_##t, .off = offsetof(struct s, member),           \
		__VA_ARGS__                                                    \
	}
#define WIRE_SCHEMA(rows, s)                                                   \
	{                                                                      \
		.fields = (rows), .n = ARRAY_LEN(rows),                        \
		.size = sizeof(struct s)                                       \
	}
extern const struct wire_schema broker_wire_i32s; /* elements of [i32] */
extern const struct wire_schema broker_wire_strs; /* elements of [str] */

/*
 * Reads within [p, end). After the first error every read gives zero and
 * failed stays set: check it once, before acting (broker-1). Strings and bytes
 * are borrowed from the input, arrays come from the arena.
 */
struct wire_reader {
	const char *p, *end;
	struct arena *arena;
	uint32_t n_items; /* array elements so far */
	int16_t version;
	bool is_flexible;
	bool failed;
};
int32_t broker_wire_get_i32(struct wire_reader *r);
int16_t broker_wire_get_i16(struct wire_reader *r);
struct slice broker_wire_get_nstr16(struct wire_reader *r);
void broker_wire_skip_tags(struct wire_reader *r);
void broker_wire_read(
	struct wire_reader *r, const struct wire_schema *s, void *out);

/* A piece of an answer that is sent from where it stands: it belongs behind
 * the first `at` bytes of the buffer. */
struct wire_piece {
	size_t at;
	struct slice bytes;
};
#define WIRE_PIECE_BYTES_MIN 1024 /* shorter ones are copied */

struct wire_writer {
	struct buf *b;
	struct wire_piece *pieces; /* NULL: everything is copied */
	uint32_t n_pieces, max_pieces;
	size_t piece_bytes;
	int16_t version;
	bool is_flexible;
};
void broker_wire_put_i32(struct buf *b, int32_t v);
void broker_wire_write(
	struct wire_writer *w, const struct wire_schema *s, const void *in);

#endif
