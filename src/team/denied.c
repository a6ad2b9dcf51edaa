#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "team/team_pg.h"

/*
 * Keys of which Postgres said that nobody has them (team-6): a table of fixed
 * size, so that any number of made-up keys costs no memory. A key may stand in
 * one of WAYS places, the one that ends first is taken. Whole keys are kept:
 * none is refused for another's sake.
 */
#define WAYS 4
#define DENIED_NS (LIMIT_TEAM_DENIED_MS * INT64_C(1000000))
#define SETS (LIMIT_TEAM_DENIED / WAYS)

struct denied_key {
	int64_t until_ns;
	uint8_t len;
	char text[LIMIT_TOKEN_BYTES];
};

struct team_denied {
	struct lock lock;
	int64_t cleared_ns; /* keys that end up to then count no more */
	struct denied_key keys[SETS][WAYS];
};

struct team_denied *
team_denied_new(void)
{
	struct team_denied *d = mem_new(struct team_denied);

	if (d != NULL)
		lock_init(&d->lock);
	return d;
}

void
team_denied_free(struct team_denied *d)
{
	if (d == NULL)
		return;
	lock_fini(&d->lock);
	mem_free(d);
}

static struct denied_key *
set_of(struct team_denied *d, struct slice token)
{
	return d->keys[hash_key(token.p, token.len) % SETS];
}

static bool
is_key(const struct denied_key *k, struct slice token)
{
	return slice_eq(slice_of(k->text, k->len), token);
}

bool
team_denied_has(struct team_denied *d, struct slice token)
{
	int64_t now_ns = clock_mono_ns();
	struct denied_key *set = set_of(d, token);
	bool has = false;

	lock_take(&d->lock);
	for (int i = 0; i < WAYS && !has; i++)
		has = set[i].until_ns > now_ns &&
		      set[i].until_ns > d->cleared_ns && is_key(&set[i], token);
	lock_release(&d->lock);
	return has;
}

void
team_denied_add(struct team_denied *d, struct slice token)
{
	int64_t until_ns = clock_mono_ns() + DENIED_NS;
	struct denied_key *set = set_of(d, token), *to = set;

	if (token.len > LIMIT_TOKEN_BYTES)
		return;
	lock_take(&d->lock);
	for (int i = 0; i < WAYS; i++) {
		if (is_key(&set[i], token)) {
			to = &set[i];
			break;
		}
		if (set[i].until_ns < to->until_ns)
			to = &set[i];
	}
	to->until_ns = until_ns;
	to->len = (uint8_t)token.len;
	memcpy(to->text, token.p, token.len);
	lock_release(&d->lock);
}

void
team_denied_clear(struct team_denied *d)
{
	lock_take(&d->lock);
	d->cleared_ns = clock_mono_ns() + DENIED_NS;
	lock_release(&d->lock);
}
