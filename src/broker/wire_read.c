#include "broker/wire.h"

#include "base/limits.h"
#include "base/uuid.h"
#include "topic/wire.h"

static const struct wire_field i32_rows[] = {{.type = WIRE_I32}};
static const struct wire_field str_rows[] = {{.type = WIRE_STR}};
const struct wire_schema broker_wire_i32s = {
	i32_rows, 1, sizeof(int32_t), true};
const struct wire_schema broker_wire_strs = {
	str_rows, 1, sizeof(struct slice), true};

static const char *
take(struct wire_reader *r, size_t n)
{
	const char *p = r->p;

	if (r->failed || n > (size_t)(r->end - r->p)) {
		r->failed = true;
		return NULL;
	}
	r->p += n;
	return p;
}

static uint8_t
get_u8(struct wire_reader *r)
{
	const char *p = take(r, 1);

	return p == NULL ? 0 : (uint8_t)*p;
}

int16_t
broker_wire_get_i16(struct wire_reader *r)
{
	const char *p = take(r, 2);

	return p == NULL ? 0 : (int16_t)wire_get_u16(p);
}

int32_t
broker_wire_get_i32(struct wire_reader *r)
{
	const char *p = take(r, 4);

	return p == NULL ? 0 : (int32_t)wire_get_u32(p);
}

static int64_t
get_i64(struct wire_reader *r)
{
	const char *p = take(r, 8);

	return p == NULL ? 0 : (int64_t)wire_get_u64(p);
}

static uint32_t
get_uvarint(struct wire_reader *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t c = get_u8(r);

		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			if (v > UINT32_MAX)
				break;
			return (uint32_t)v;
		}
	}
	r->failed = true;
	return 0;
}

/* The length or count before a value, -1 for null. wide: 4 bytes when not
 * compact. */
static int64_t
get_length(struct wire_reader *r, bool wide)
{
	int64_t n;

	if (r->is_flexible)
		n = (int64_t)get_uvarint(r) - 1;
	else if (wide)
		n = broker_wire_get_i32(r);
	else
		n = broker_wire_get_i16(r);
	if (r->failed || n < -1 || n > r->end - r->p) {
		r->failed = true;
		return -1;
	}
	return n;
}

static struct slice
get_slice(struct wire_reader *r, bool wide)
{
	int64_t n = get_length(r, wide);

	if (n < 0)
		return SLICE_NONE;
	if (!wide && n > INT16_MAX) {
		r->failed = true;
		return SLICE_NONE;
	}
	return slice_of(take(r, (size_t)n), (size_t)n);
}

struct slice
broker_wire_get_nstr16(struct wire_reader *r)
{
	bool is_flexible = r->is_flexible;
	struct slice s;

	r->is_flexible = false;
	s = get_slice(r, false);
	r->is_flexible = is_flexible;
	return s;
}

static bool
is_present(const struct wire_field *f, int16_t version)
{
	return version >= f->from && (f->until == 0 || version < f->until);
}

static bool
may_be_null(const struct wire_field *f, int16_t version)
{
	return f->null_from != 0 && version >= f->null_from - 1;
}

/* Least bytes of one element, so that a count is believed only if that many
 * can follow. */
static size_t
min_bytes(const struct wire_reader *r, const struct wire_schema *s)
{
	static const uint8_t fixed[] = {[WIRE_BOOL] = 1,
		[WIRE_I8] = 1,
		[WIRE_I16] = 2,
		[WIRE_I32] = 4,
		[WIRE_I64] = 8,
		[WIRE_UUID] = 16,
		[WIRE_STR] = 2,
		[WIRE_BYTES] = 4,
		[WIRE_ARRAY] = 4};
	size_t n = r->is_flexible && !s->is_plain ? 1 : 0;

	for (int i = 0; i < s->n; i++) {
		const struct wire_field *f = &s->fields[i];

		if (f->tag != 0 || !is_present(f, r->version))
			continue;
		n += f->type >= WIRE_STR && r->is_flexible ? 1 : fixed[f->type];
	}
	return n;
}

static void
read_array(struct wire_reader *r, const struct wire_field *f,
	struct wire_array *out)
{
	int64_t n = get_length(r, true);
	char *items;

	out->items = NULL;
	out->n = r->failed ? 0 : (int32_t)n;
	if (n < 0 && !may_be_null(f, r->version))
		r->failed = true;
	if (n <= 0 || r->failed)
		return;
	r->n_items += (uint32_t)n;
	if ((size_t)n * min_bytes(r, f->elem) > (size_t)(r->end - r->p) ||
		r->n_items > LIMIT_KAFKA_ITEMS) {
		r->failed = true;
		return;
	}
	items = arena_zalloc(r->arena, (size_t)n, f->elem->size);
	if (items == NULL) {
		r->failed = true;
		return;
	}
	out->items = items;
	for (int64_t i = 0; i < n && !r->failed; i++)
		broker_wire_read(r, f->elem, items + i * f->elem->size);
}

static void
read_slice(struct wire_reader *r, const struct wire_field *f, struct slice *out)
{
	*out = get_slice(r, f->type == WIRE_BYTES);
	if (out->p == NULL && !may_be_null(f, r->version))
		r->failed = true;
}

static void
read_value(struct wire_reader *r, const struct wire_field *f, char *out)
{
	const char *p;

	switch (f->type) {
	case WIRE_BOOL:
		*(bool *)out = get_u8(r) != 0;
		break;
	case WIRE_I8:
		*(int8_t *)out = (int8_t)get_u8(r);
		break;
	case WIRE_I16:
		*(int16_t *)(void *)out = broker_wire_get_i16(r);
		break;
	case WIRE_I32:
		*(int32_t *)(void *)out = broker_wire_get_i32(r);
		break;
	case WIRE_I64:
		*(int64_t *)(void *)out = get_i64(r);
		break;
	case WIRE_UUID:
		p = take(r, 16);
		if (p != NULL)
			memcpy(out, p, 16);
		break;
	case WIRE_STR:
	case WIRE_BYTES:
		read_slice(r, f, (struct slice *)(void *)out);
		break;
	case WIRE_ARRAY:
		read_array(r, f, (struct wire_array *)(void *)out);
		break;
	}
}

static void
set_default(const struct wire_field *f, char *out)
{
	switch (f->type) {
	case WIRE_BOOL:
		*(bool *)out = f->def != 0;
		break;
	case WIRE_I8:
		*(int8_t *)out = (int8_t)f->def;
		break;
	case WIRE_I16:
		*(int16_t *)(void *)out = (int16_t)f->def;
		break;
	case WIRE_I32:
		*(int32_t *)(void *)out = f->def;
		break;
	case WIRE_I64:
		*(int64_t *)(void *)out = f->def;
		break;
	case WIRE_UUID:
	case WIRE_STR:
	case WIRE_BYTES:
	case WIRE_ARRAY:
		break; /* the struct is zeroed */
	}
}

static const struct wire_field *
find_tag(const struct wire_reader *r, const struct wire_schema *s, uint32_t tag)
{
	for (int i = 0; s != NULL && i < s->n; i++)
		if (s->fields[i].tag != 0 &&
			(uint32_t)s->fields[i].tag - 1 == tag &&
			is_present(&s->fields[i], r->version))
			return &s->fields[i];
	return NULL;
}

/* Known tags into out, others skipped. */
static void
read_tags(struct wire_reader *r, const struct wire_schema *s, char *out)
{
	uint32_t n = get_uvarint(r);
	int64_t last = -1;

	if (n > LIMIT_KAFKA_TAGS)
		r->failed = true;
	for (uint32_t i = 0; i < n && !r->failed; i++) {
		uint32_t tag = get_uvarint(r);
		uint32_t size = get_uvarint(r);
		const char *p = take(r, size);
		const struct wire_field *f = find_tag(r, s, tag);

		if ((int64_t)tag <= last)
			r->failed = true;
		last = tag;
		if (f != NULL && !r->failed) {
			const char *end = r->end, *after = r->p;

			r->p = p;
			r->end = after;
			read_value(r, f, out + f->off);
			r->p = after;
			r->end = end;
		}
	}
}

void
broker_wire_skip_tags(struct wire_reader *r)
{
	read_tags(r, NULL, NULL);
}

void
broker_wire_read(struct wire_reader *r, const struct wire_schema *s, void *out)
{
	char *base = out;

	for (int i = 0; i < s->n; i++) {
		const struct wire_field *f = &s->fields[i];

		if (f->tag == 0 && is_present(f, r->version))
			read_value(r, f, base + f->off);
		else
			set_default(f, base + f->off);
	}
	if (r->is_flexible && !s->is_plain)
		read_tags(r, s, base);
}
