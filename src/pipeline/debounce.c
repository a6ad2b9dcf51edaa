#include "pipeline/debounce.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

#define WINDOW_US (INT64_C(3600) * 1000000)
#define N_BUCKETS 4096 /* a power of two */
#define NONE UINT32_MAX

struct entry {
	uint64_t hash;
	int64_t at_us; /* of the last warning let through */
	struct debounce_place place;
	uint32_t next_in_bucket;
	uint32_t newer, older; /* by use */
};

struct debounce {
	uint32_t buckets[N_BUCKETS];
	uint32_t newest, oldest;
	uint32_t n;
	struct entry entries[LIMIT_WARNING_KEYS];
};

int
debounce_new(struct debounce **out, struct err *e)
{
	struct debounce *d = mem_new(struct debounce);

	if (d == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for warnings");
	memset(d->buckets, 0xff, sizeof(d->buckets));
	d->newest = d->oldest = NONE;
	*out = d;
	return 0;
}

void
debounce_free(struct debounce *d)
{
	mem_free(d);
}

static uint64_t
hash_of(int64_t team_id, const char *type, struct slice key)
{
	uint64_t parts[3] = {
		(uint64_t)team_id,
		hash_xx64(type, strlen(type)),
		hash_xx64(key.p, key.len),
	};

	return hash_xx64(parts, sizeof(parts));
}

static uint32_t *
bucket_of(struct debounce *d, uint64_t hash)
{
	return &d->buckets[hash & (N_BUCKETS - 1)];
}

static void
unlink_use(struct debounce *d, uint32_t i)
{
	struct entry *x = &d->entries[i];

	if (x->newer == NONE)
		d->newest = x->older;
	else
		d->entries[x->newer].older = x->older;
	if (x->older == NONE)
		d->oldest = x->newer;
	else
		d->entries[x->older].newer = x->newer;
}

static void
link_newest(struct debounce *d, uint32_t i)
{
	struct entry *x = &d->entries[i];

	x->newer = NONE;
	x->older = d->newest;
	if (d->newest != NONE)
		d->entries[d->newest].newer = i;
	d->newest = i;
	if (d->oldest == NONE)
		d->oldest = i;
}

/* An entry to fill: a fresh one, or that of the key used longest ago. */
static uint32_t
take_entry(struct debounce *d)
{
	uint32_t i = d->oldest;
	uint32_t *at;

	if (d->n < LIMIT_WARNING_KEYS)
		return d->n++;
	unlink_use(d, i);
	at = bucket_of(d, d->entries[i].hash);
	while (*at != i)
		at = &d->entries[*at].next_in_bucket;
	*at = d->entries[i].next_in_bucket;
	return i;
}

static bool
same_place(const struct debounce_place *a, const struct debounce_place *b)
{
	return a->input == b->input && a->seq == b->seq &&
	       a->offset == b->offset;
}

bool
debounce_allows(struct debounce *d, int64_t team_id, const char *type,
	struct slice key, const struct debounce_place *at, int64_t now_us)
{
	uint64_t hash = hash_of(team_id, type, key);
	uint32_t *bucket = bucket_of(d, hash);
	uint32_t i = *bucket;
	struct entry *x;

	while (i != NONE && d->entries[i].hash != hash)
		i = d->entries[i].next_in_bucket;
	if (i == NONE) {
		i = take_entry(d);
		x = &d->entries[i];
		*x = (struct entry){
			.hash = hash,
			.at_us = now_us,
			.place = *at,
			.next_in_bucket = *bucket,
		};
		*bucket = i;
		link_newest(d, i);
		return true;
	}
	x = &d->entries[i];
	unlink_use(d, i);
	link_newest(d, i);
	if (same_place(&x->place, at))
		return true;
	if (now_us - x->at_us < WINDOW_US)
		return false;
	x->at_us = now_us;
	x->place = *at;
	return true;
}
