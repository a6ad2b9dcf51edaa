#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "stats/stats.h"
#include "team/team_pg.h"

/*
 * Keys with dead letters that wait to be put back (team-7). A key waits while a
 * letter of it is being written, or its last letter stands at or behind the
 * offset up to which all are settled. A key is known by a hash: one that shares
 * it waits too, which costs it some time and nothing else.
 */
#define SLOTS_FIRST 1024
#define SLOTS_MAX (2 * 1024 * 1024)

struct waiting_key {
	uint64_t hash; /* 0: free */
	int64_t last; /* offset of a letter, or of one behind it; -1: none yet */
	int64_t n_writing;
};

struct team_waiting {
	_Atomic size_t n_keys; /* 0: nothing waits, asked without the lock */
	_Atomic int64_t bytes, letters; /* not settled, or being written */
	struct lock lock; /* guards what follows */
	struct cond changed;
	struct waiting_key *keys;
	size_t n_slots;
	int64_t settled; /* all letters before this offset are */
	int64_t n_writing;
	uint64_t n_changes;
};

struct team_waiting *
team_waiting_new(void)
{
	struct team_waiting *w = mem_new(struct team_waiting);

	if (w == NULL)
		return NULL;
	lock_init(&w->lock);
	cond_init(&w->changed);
	return w;
}

void
team_waiting_free(struct team_waiting *w)
{
	if (w == NULL)
		return;
	mem_free(w->keys);
	cond_fini(&w->changed);
	lock_fini(&w->lock);
	mem_free(w);
}

static uint64_t
hash_of(struct slice token)
{
	uint64_t h = hash_key(token.p, token.len);

	return h == 0 ? 1 : h;
}

static struct waiting_key *
find(struct waiting_key *keys, size_t n_slots, uint64_t hash)
{
	size_t i = hash & (n_slots - 1);

	while (keys[i].hash != 0 && keys[i].hash != hash)
		i = (i + 1) & (n_slots - 1);
	return &keys[i];
}

static bool
waits(const struct team_waiting *w, const struct waiting_key *k)
{
	return k->n_writing > 0 || k->last >= w->settled;
}

/* Into a table with room, without keys that wait no more. */
static int
make_room(struct team_waiting *w, struct err *e)
{
	size_t n_live = 0, n_slots = SLOTS_FIRST;
	struct waiting_key *keys;

	for (size_t i = 0; i < w->n_slots; i++)
		n_live += w->keys[i].hash != 0 && waits(w, &w->keys[i]);
	while (n_slots < (n_live + 1) * 2)
		n_slots *= 2;
	if (n_live >= LIMIT_TEAM_WAITING || n_slots > SLOTS_MAX)
		return err_set(
			e, ERR_BUSY, "too many keys wait for their projects");
	keys = mem_zalloc(n_slots, sizeof(*keys));
	if (keys == NULL)
		return err_set(e, ERR_NO_MEMORY, "keys that wait");
	for (size_t i = 0; i < w->n_slots; i++)
		if (w->keys[i].hash != 0 && waits(w, &w->keys[i]))
			*find(keys, n_slots, w->keys[i].hash) = w->keys[i];
	mem_free(w->keys);
	w->keys = keys;
	w->n_slots = n_slots;
	atomic_store(&w->n_keys, n_live);
	return 0;
}

/* NULL: no room, with the reason. */
static struct waiting_key *
enter(struct team_waiting *w, uint64_t hash, struct err *e)
{
	struct waiting_key *k =
		w->n_slots == 0 ? NULL : find(w->keys, w->n_slots, hash);

	if (k != NULL && k->hash != 0)
		return k;
	if (k == NULL || (w->n_keys + 1) * 4 > w->n_slots * 3) {
		if (make_room(w, e) != 0)
			return NULL;
		k = find(w->keys, w->n_slots, hash);
	}
	*k = (struct waiting_key){.hash = hash, .last = -1};
	atomic_fetch_add(&w->n_keys, 1);
	return k;
}

static void
count(struct team_waiting *w, int64_t letters, int64_t bytes)
{
	int64_t n = atomic_fetch_add(&w->letters, letters) + letters;

	bytes += atomic_fetch_add(&w->bytes, bytes);
	stats_set(STATS_LETTERS_WAITING, 0, (double)n);
	stats_set(STATS_LETTERS_WAITING_BYTES, 0, (double)bytes);
}

int
team_waiting_begin(struct team_cache *c, struct slice token,
	struct team_letters *l, struct err *e)
{
	struct team_waiting *w = c->waiting;
	struct waiting_key *k;

	l->hash = 0;
	if (w == NULL)
		return 0;
	lock_take(&w->lock);
	k = enter(w, hash_of(token), e);
	if (k != NULL) {
		l->hash = k->hash;
		k->n_writing++;
		w->n_writing++;
		count(w, l->n, l->bytes);
	}
	lock_release(&w->lock);
	return k != NULL ? 0 : -(int)e->code;
}

/* When nothing waits the memory goes. */
static void
forget_all(struct team_waiting *w)
{
	if (w->n_writing > 0)
		return;
	for (size_t i = 0; i < w->n_slots; i++)
		if (w->keys[i].hash != 0 && waits(w, &w->keys[i]))
			return;
	mem_free(w->keys);
	w->keys = NULL;
	w->n_slots = 0;
	atomic_store(&w->n_keys, 0);
}

void
team_waiting_end(
	struct team_cache *c, const struct team_letters *l, int64_t last)
{
	struct team_waiting *w = c->waiting;
	struct waiting_key *k;

	if (w == NULL || l->hash == 0)
		return;
	lock_take(&w->lock);
	k = find(w->keys, w->n_slots, l->hash);
	INVARIANT(k->hash == l->hash && k->n_writing > 0, "team-7");
	k->n_writing--;
	w->n_writing--;
	if (last > k->last)
		k->last = last;
	if (last < 0)
		count(w, -l->n, -l->bytes);
	w->n_changes++;
	cond_broadcast(&w->changed);
	lock_release(&w->lock);
}

int
team_waiting_found(struct team_cache *c, struct slice token, int64_t offset,
	int64_t bytes, struct err *e)
{
	struct team_waiting *w = c->waiting;
	struct waiting_key *k;

	lock_take(&w->lock);
	k = enter(w, hash_of(token), e);
	if (k != NULL) {
		if (offset > k->last)
			k->last = offset;
		count(w, 1, bytes);
	}
	lock_release(&w->lock);
	return k != NULL ? 0 : -(int)e->code;
}

void
team_waiting_settled(
	struct team_cache *c, int64_t next, int64_t letters, int64_t bytes)
{
	struct team_waiting *w = c->waiting;

	lock_take(&w->lock);
	w->settled = next;
	count(w, -letters, -bytes);
	if (atomic_load(&w->letters) == 0)
		forget_all(w);
	lock_release(&w->lock);
}

enum team_wait
team_waits(struct team_cache *c, struct slice token)
{
	struct team_waiting *w = c->waiting;
	struct waiting_key *k;
	bool yes = false;

	if (w == NULL || atomic_load(&w->n_keys) == 0)
		return TEAM_WAITS_NOT;
	lock_take(&w->lock);
	if (w->n_slots > 0) {
		k = find(w->keys, w->n_slots, hash_of(token));
		yes = k->hash != 0 && waits(w, k);
	}
	lock_release(&w->lock);
	if (!yes)
		return TEAM_WAITS_NOT;
	return !team_ask_is_away(c) && atomic_load(&w->letters) <=
					       LIMIT_TEAM_WAITING_SOON
		       ? TEAM_WAITS_A_MOMENT
		       : TEAM_WAITS_LONG;
}

int64_t
team_waiting_bytes(const struct team_cache *c)
{
	return c->waiting == NULL ? 0 : atomic_load(&c->waiting->bytes);
}

int64_t
team_waiting_letters(const struct team_cache *c)
{
	return c->waiting == NULL ? 0 : atomic_load(&c->waiting->letters);
}

void
team_waiting_watch(struct team_cache *c, uint64_t *seen, int64_t deadline_ns)
{
	struct team_waiting *w = c->waiting;

	lock_take(&w->lock);
	while (w->n_changes == *seen &&
		cond_wait_until(&w->changed, &w->lock, deadline_ns))
		;
	*seen = w->n_changes;
	lock_release(&w->lock);
}

void
team_waiting_wake(struct team_cache *c)
{
	struct team_waiting *w = c->waiting;

	lock_take(&w->lock);
	w->n_changes++;
	cond_broadcast(&w->changed);
	lock_release(&w->lock);
}
