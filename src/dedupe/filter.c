#include "dedupe/filter.h"

#include <string.h>

#include "base/mem.h"

#define LINE 64
#define SLOTS 8 /* of a bucket: a line */
#define NUMBER_BITS 24
#define NUMBER_MASK (((uint64_t)1 << NUMBER_BITS) - 1)
#define TAG_BITS 40
#define MIN_BUCKETS 4
#define GROW_SLOWLY_FROM 256 /* buckets */
/* Before a part grows, and where it may not. */
#define MOVES_FEW 8
#define MOVES_MAX 200

static struct filter_part *
part_of(const struct filter *f, uint64_t hash)
{
	return (struct filter_part *)&f->parts[hash >> 56];
}

static uint64_t
tag_of(uint64_t hash)
{
	uint64_t tag = hash & (((uint64_t)1 << TAG_BITS) - 1);

	return tag == 0 ? 1 : tag;
}

static uint32_t
scale(uint64_t tag, uint32_t n)
{
	return (uint32_t)(tag * n >> TAG_BITS);
}

/* Both follow from the tag alone, so that an entry can be moved. */
static uint32_t
first_bucket(uint64_t tag, uint32_t n)
{
	return scale(tag, n);
}

static uint32_t
second_bucket(uint64_t tag, uint32_t n)
{
	return scale(
		(tag * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - TAG_BITS), n);
}

static uint64_t *
bucket(const struct filter_part *p, uint32_t i)
{
	return p->slots + (size_t)i * SLOTS;
}

/* How many numbers ago; 1: the newest. */
static int64_t
age_of(const struct filter *f, uint64_t slot)
{
	return (int64_t)(((uint64_t)f->next - 1 - slot) & NUMBER_MASK) + 1;
}

static bool
is_live(const struct filter *f, uint64_t slot)
{
	return slot != 0 && age_of(f, slot) <= f->next - f->oldest;
}

void
filter_init(struct filter *f)
{
	*f = (struct filter){.random = 1, .max_buckets = MIN_BUCKETS};
}

static void
free_parts(struct filter *f)
{
	for (int i = 0; i < FILTER_PARTS; i++) {
		mem_free(f->parts[i].memory);
		f->parts[i] = (struct filter_part){.memory = NULL};
	}
	f->bytes = 0;
	f->sweep_part = f->sweep_bucket = 0;
}

void
filter_fini(struct filter *f)
{
	free_parts(f);
}

/* The fullest part has some hundreds more than the others; at 7 of 8 slots a
 * free one is found after a move or two. */
void
filter_set_limit(struct filter *f, int64_t limit)
{
	int64_t n;

	if (limit > FILTER_ENTRIES_MAX)
		limit = FILTER_ENTRIES_MAX;
	n = (limit / FILTER_PARTS * 115 / 100 + 60) / SLOTS + MIN_BUCKETS;
	f->limit = limit;
	f->max_buckets = (uint32_t)n;
	filter_forget(f, f->next - limit);
}

void
filter_forget(struct filter *f, int64_t oldest)
{
	if (oldest > f->oldest)
		f->oldest = oldest;
	if (f->oldest >= f->next)
		free_parts(f);
}

static uint64_t
next_random(struct filter *f)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return f->random;
}

/* A slot of the bucket that holds nothing live; NULL: none. */
static uint64_t *
free_slot(const struct filter *f, const struct filter_part *p, uint32_t i)
{
	uint64_t *b = bucket(p, i);
	uint64_t newest = (uint64_t)f->next - 1;
	uint64_t n_live = (uint64_t)(f->next - f->oldest);

	for (int k = 0; k < SLOTS; k++)
		if (b[k] == 0 || ((newest - b[k]) & NUMBER_MASK) >= n_live)
			return &b[k];
	return NULL;
}

/* Puts the entry, moving others to their other bucket; 0, or the entry that is
 * left over. */
static uint64_t
put(struct filter *f, struct filter_part *p, uint64_t entry, int most)
{
	for (int moves = 0; moves < most; moves++) {
		uint64_t tag = entry >> NUMBER_BITS, out;
		uint32_t one = first_bucket(tag, p->n_buckets);
		uint32_t two = second_bucket(tag, p->n_buckets);
		uint64_t *s = free_slot(f, p, one), r;

		if (s == NULL)
			s = free_slot(f, p, two);
		if (s != NULL) {
			*s = entry;
			return 0;
		}
		r = next_random(f);
		s = bucket(p, (r & SLOTS) != 0 ? one : two) + r % SLOTS;
		out = *s;
		*s = entry;
		entry = out;
	}
	return entry;
}

static bool
part_init(struct filter_part *p, uint32_t n_buckets)
{
	char *at;

	p->memory = mem_zalloc((size_t)n_buckets + 1, LINE);
	if (p->memory == NULL)
		return false;
	at = p->memory;
	at += LINE - (uintptr_t)p->memory % LINE;
	p->slots = (uint64_t *)(void *)at;
	p->n_buckets = n_buckets;
	return true;
}

static uint32_t
grown(const struct filter *f, uint32_t n)
{
	if (n < MIN_BUCKETS)
		return MIN_BUCKETS;
	n += n < GROW_SLOWLY_FROM ? n : n / 4;
	return n < f->max_buckets ? n : f->max_buckets;
}

/* Moves what is live to new memory; false: no memory, nothing changed. */
static bool
resize(struct filter *f, struct filter_part *p, uint32_t n_buckets)
{
	struct filter_part big;

	if (!part_init(&big, n_buckets))
		return false;
	for (size_t i = 0; i < (size_t)p->n_buckets * SLOTS; i++) {
		if (is_live(f, p->slots[i]) &&
			put(f, &big, p->slots[i], MOVES_MAX) != 0)
			f->forgotten++;
	}
	f->bytes += ((size_t)n_buckets - p->n_buckets) * LINE;
	mem_free(p->memory);
	*p = big;
	return true;
}

void
filter_reserve(struct filter *f, int64_t n)
{
	int64_t each = (n / FILTER_PARTS * 115 / 100 + 60) / SLOTS;

	for (int i = 0; i < FILTER_PARTS; i++) {
		struct filter_part *p = &f->parts[i];

		if (each > p->n_buckets && each <= f->max_buckets &&
			!resize(f, p, (uint32_t)each))
			return;
	}
}

/* Frees what is not live in the next bucket of all. */
static void
sweep(struct filter *f)
{
	struct filter_part *p = &f->parts[f->sweep_part];
	uint64_t *b;

	if (f->sweep_bucket >= p->n_buckets) {
		f->sweep_bucket = 0;
		f->sweep_part = (f->sweep_part + 1) % FILTER_PARTS;
		return;
	}
	b = bucket(p, f->sweep_bucket++);
	for (int k = 0; k < SLOTS; k++)
		if (!is_live(f, b[k]))
			b[k] = 0;
}

static int
moves_of(const struct filter *f, const struct filter_part *p)
{
	return p->n_buckets < f->max_buckets ? MOVES_FEW : MOVES_MAX;
}

void
filter_add(struct filter *f, uint64_t hash)
{
	struct filter_part *p = part_of(f, hash);
	uint64_t left =
		tag_of(hash) << NUMBER_BITS | ((uint64_t)f->next & NUMBER_MASK);

	f->next++;
	if (f->next - f->limit > f->oldest)
		f->oldest = f->next - f->limit;
	sweep(f);
	if (p->n_buckets == 0 && !resize(f, p, MIN_BUCKETS)) {
		f->forgotten++;
		return;
	}
	while ((left = put(f, p, left, moves_of(f, p))) != 0) {
		if (p->n_buckets < f->max_buckets &&
			resize(f, p, grown(f, p->n_buckets)))
			continue;
		f->forgotten++;
		return;
	}
}

void
filter_take_back(struct filter *f, uint64_t hash)
{
	struct filter_part *p = part_of(f, hash);
	uint64_t entry = tag_of(hash) << NUMBER_BITS |
			 ((uint64_t)(f->next - 1) & NUMBER_MASK);
	uint32_t at[2];

	f->next--;
	if (p->n_buckets == 0)
		return;
	at[0] = first_bucket(tag_of(hash), p->n_buckets);
	at[1] = second_bucket(tag_of(hash), p->n_buckets);
	for (int i = 0; i < 2; i++) {
		uint64_t *b = bucket(p, at[i]);

		for (int k = 0; k < SLOTS; k++)
			if (b[k] == entry)
				b[k] = 0;
	}
}

int
filter_find(
	const struct filter *f, uint64_t hash, int64_t numbers[FILTER_HITS_MAX])
{
	const struct filter_part *p = part_of(f, hash);
	uint64_t tag = tag_of(hash);
	uint32_t at[2];
	int n = 0;

	if (p->n_buckets == 0)
		return 0;
	at[0] = first_bucket(tag, p->n_buckets);
	at[1] = second_bucket(tag, p->n_buckets);
	for (int i = 0; i < (at[0] == at[1] ? 1 : 2); i++) {
		const uint64_t *b = bucket(p, at[i]);

		for (int k = 0; k < SLOTS; k++)
			if (b[k] >> NUMBER_BITS == tag && is_live(f, b[k]))
				numbers[n++] = f->next - age_of(f, b[k]);
	}
	return n;
}

void
filter_prefetch(const struct filter *f, uint64_t hash)
{
	const struct filter_part *p = part_of(f, hash);
	uint64_t tag = tag_of(hash);

	if (p->n_buckets == 0)
		return;
	__builtin_prefetch(bucket(p, first_bucket(tag, p->n_buckets)));
	__builtin_prefetch(bucket(p, second_bucket(tag, p->n_buckets)));
}
