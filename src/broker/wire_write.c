#include "broker/wire.h"

#include "base/uuid.h"
#include "topic/wire.h"

static void
put_u8(struct buf *b, uint8_t v)
{
	buf_append(b, &v, 1);
}

static void
put_i16(struct buf *b, int16_t v)
{
	char t[2];

	wire_put_u16(t, (uint16_t)v);
	buf_append(b, t, 2);
}

void
broker_wire_put_i32(struct buf *b, int32_t v)
{
	char t[4];

	wire_put_u32(t, (uint32_t)v);
	buf_append(b, t, 4);
}

static void
put_i64(struct buf *b, int64_t v)
{
	char t[8];

	wire_put_u64(t, (uint64_t)v);
	buf_append(b, t, 8);
}

static void
put_uvarint(struct buf *b, uint32_t v)
{
	while (v >= 0x80) {
		put_u8(b, (uint8_t)(v | 0x80));
		v >>= 7;
	}
	put_u8(b, (uint8_t)v);
}

static void
put_length(struct wire_writer *w, int64_t n, bool wide)
{
	if (w->is_flexible)
		put_uvarint(w->b, (uint32_t)(n + 1));
	else if (wide)
		broker_wire_put_i32(w->b, (int32_t)n);
	else
		put_i16(w->b, (int16_t)n);
}

static bool
is_present(const struct wire_field *f, int16_t version)
{
	return f->tag == 0 && version >= f->from &&
	       (f->until == 0 || version < f->until);
}

static bool
may_be_null(const struct wire_field *f, int16_t version)
{
	return f->null_from != 0 && version >= f->null_from - 1;
}

static void
write_slice(struct wire_writer *w, const struct wire_field *f, struct slice v)
{
	bool wide = f->type == WIRE_BYTES;

	if (v.p == NULL && may_be_null(f, w->version)) {
		put_length(w, -1, wide);
		return;
	}
	if (!wide && v.len > INT16_MAX)
		v.len = INT16_MAX;
	put_length(w, (int64_t)v.len, wide);
	if (w->n_pieces < w->max_pieces && v.len >= WIRE_PIECE_BYTES_MIN) {
		w->pieces[w->n_pieces++] = (struct wire_piece){w->b->len, v};
		w->piece_bytes += v.len;
	} else {
		buf_append_slice(w->b, v);
	}
}

static void
write_array(struct wire_writer *w, const struct wire_field *f,
	const struct wire_array *v)
{
	const char *items = v->items;

	if (v->n < 0 && may_be_null(f, w->version)) {
		put_length(w, -1, true);
		return;
	}
	put_length(w, v->n < 0 ? 0 : v->n, true);
	for (int32_t i = 0; i < v->n; i++)
		broker_wire_write(
			w, f->elem, items + (size_t)i * f->elem->size);
}

static void
write_value(struct wire_writer *w, const struct wire_field *f, const char *in)
{
	const void *p = in;

	switch (f->type) {
	case WIRE_BOOL:
		put_u8(w->b, *(const bool *)p ? 1 : 0);
		break;
	case WIRE_I8:
		put_u8(w->b, (uint8_t) * (const int8_t *)p);
		break;
	case WIRE_I16:
		put_i16(w->b, *(const int16_t *)p);
		break;
	case WIRE_I32:
		broker_wire_put_i32(w->b, *(const int32_t *)p);
		break;
	case WIRE_I64:
		put_i64(w->b, *(const int64_t *)p);
		break;
	case WIRE_UUID:
		buf_append(w->b, p, 16);
		break;
	case WIRE_STR:
	case WIRE_BYTES:
		write_slice(w, f, *(const struct slice *)p);
		break;
	case WIRE_ARRAY:
		write_array(w, f, p);
		break;
	}
}

void
broker_wire_write(
	struct wire_writer *w, const struct wire_schema *s, const void *in)
{
	const char *base = in;

	for (int i = 0; i < s->n; i++) {
		const struct wire_field *f = &s->fields[i];

		if (is_present(f, w->version))
			write_value(w, f, base + f->off);
	}
	if (w->is_flexible && !s->is_plain)
		put_u8(w->b, 0);
}
