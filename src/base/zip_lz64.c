#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "base/zip.h"

/*
 * lz-string's compressToBase64 (format: spec capture 2.4). Entries of the
 * dictionary are ranges of the output so far: an entry is always the text of an
 * earlier entry plus one unit, and both stand next to each other in the output.
 */
#define ENTRIES_MAX (1u << 24)

struct lz_entry {
	uint32_t pos;
	uint32_t len;
};

struct lz {
	const unsigned char *in, *end;
	unsigned value; /* of the character being read */
	int left; /* bits of it that are left */
	bool failed;
	uint16_t *units;
	size_t n_units, cap_units, max_units;
	struct lz_entry *entries; /* index = code - 3 */
	uint32_t n_entries, cap_entries;
	bool too_big;
};

static int
digit_of(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : c == '=' ? 0 : -1;
}

static unsigned
read_bits(struct lz *z, int n)
{
	unsigned v = 0;

	for (int i = 0; i < n; i++) {
		if (z->left == 0) {
			int d = z->in < z->end ? digit_of(*z->in++) : -1;

			if (d < 0) {
				z->failed = true;
				return 0;
			}
			z->value = (unsigned)d;
			z->left = 6;
		}
		v |= (z->value >> --z->left & 1) << i;
	}
	return v;
}

static bool
add_units(struct lz *z, size_t n)
{
	size_t cap = z->cap_units * 2 > 1024 ? z->cap_units * 2 : 1024;
	uint16_t *units;

	if (n > z->max_units - z->n_units) {
		z->too_big = z->failed = true;
		return false;
	}
	if (z->cap_units - z->n_units >= n)
		return true;
	if (cap < z->n_units + n)
		cap = z->n_units + n;
	units = mem_realloc(z->units, cap * sizeof(*units));
	if (units == NULL) {
		z->failed = true;
		return false;
	}
	z->units = units;
	z->cap_units = cap;
	return true;
}

static bool
add_entry(struct lz *z, size_t pos, size_t len)
{
	if (z->n_entries == z->cap_entries) {
		uint32_t cap = z->cap_entries == 0 ? 1024 : z->cap_entries * 2;
		struct lz_entry *entries =
			cap > ENTRIES_MAX ? NULL
					  : mem_realloc(z->entries,
						    cap * sizeof(*entries));

		if (entries == NULL) {
			z->failed = true;
			return false;
		}
		z->entries = entries;
		z->cap_entries = cap;
	}
	z->entries[z->n_entries++] =
		(struct lz_entry){(uint32_t)pos, (uint32_t)len};
	return true;
}

/* A unit given as such: appended, and a new entry of its own if it is one. */
static bool
literal(struct lz *z, unsigned unit)
{
	if (z->failed || !add_units(z, 1))
		return false;
	z->units[z->n_units++] = (uint16_t)unit;
	return true;
}

static bool
copy_range(struct lz *z, size_t pos, size_t len)
{
	if (!add_units(z, len))
		return false;
	memcpy(z->units + z->n_units, z->units + pos, len * sizeof(uint16_t));
	z->n_units += len;
	return true;
}

/*
 * One code. *pos and *len are the text of the previous code and becomes that of
 * this one. Returns false at the end or on failure (failed tells).
 */
static bool
step(struct lz *z, int *width, uint32_t *enlarge_in, size_t *pos, size_t *len)
{
	unsigned code = read_bits(z, *width);
	size_t at = z->n_units;
	size_t n;

	if (z->failed || code == 2)
		return false;
	if (code < 2) {
		if (!literal(z, read_bits(z, code == 0 ? 8 : 16)) ||
			!add_entry(z, at, 1))
			return false;
		n = 1;
		if (--*enlarge_in == 0)
			*enlarge_in = 1u << (*width)++;
	} else if (code - 3 < z->n_entries) {
		struct lz_entry en = z->entries[code - 3];

		n = en.len;
		if (!copy_range(z, en.pos, n))
			return false;
	} else if (code - 3 == z->n_entries) {
		/* The entry being made: the previous text and its first
		 * unit. */
		n = *len + 1;
		if (!copy_range(z, *pos, *len) || !literal(z, z->units[*pos]))
			return false;
	} else {
		z->failed = true;
		return false;
	}
	/* Previous text plus the first unit of this one: adjacent in the
	 * output. */
	if (!add_entry(z, *pos, *len + 1))
		return false;
	if (--*enlarge_in == 0)
		*enlarge_in = 1u << (*width)++;
	*pos = at;
	*len = n;
	return *width <= 24;
}

static void
decode_units(struct lz *z)
{
	unsigned first = read_bits(z, 2);
	int width = 3;
	uint32_t enlarge_in = 4;
	size_t pos = 0, len = 1;

	if (z->failed || first == 2)
		return;
	if (first > 2 || !literal(z, read_bits(z, first == 0 ? 8 : 16)) ||
		!add_entry(z, 0, 1)) {
		z->failed = true;
		return;
	}
	while (step(z, &width, &enlarge_in, &pos, &len))
		;
	if (width > 24)
		z->failed = true;
}

static int
units_to_utf8(const struct lz *z, struct buf *out, struct err *e)
{
	for (size_t i = 0; i < z->n_units; i++) {
		uint32_t cp = z->units[i];
		char text[4];

		if (cp >= 0xd800 && cp <= 0xdfff) {
			uint32_t low = i + 1 < z->n_units ? z->units[i + 1] : 0;

			if (cp > 0xdbff || low < 0xdc00 || low > 0xdfff)
				return err_set(e, ERR_UNSUPPORTED,
					"unpaired surrogate in lz64 text");
			cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
			i++;
		}
		buf_append(out, text, utf8_encode(cp, text));
	}
	if (out->failed)
		return err_set(e, ERR_TOO_BIG, "lz64 text exceeds %zu bytes",
			out->max_bytes);
	return 0;
}

int
zip_lz64_decode(struct slice in, struct buf *out, struct err *e)
{
	struct lz z = {.in = (const unsigned char *)in.p,
		.end = (const unsigned char *)slice_end(in),
		.max_units = out->max_bytes};
	int rc;

	decode_units(&z);
	if (z.too_big)
		rc = err_set(e, ERR_TOO_BIG, "lz64 text exceeds %zu units",
			out->max_bytes);
	else if (z.failed || z.n_units == 0)
		rc = err_set(e, ERR_INVALID, "invalid lz64 text");
	else
		rc = units_to_utf8(&z, out, e);
	mem_free(z.units);
	mem_free(z.entries);
	return rc;
}
