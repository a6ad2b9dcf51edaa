#include <string.h>

#include "base/clock.h"
#include "live/live_int.h"
#include "store/store.h"
#include "team/team.h"

#define ARENA_KEPT ((size_t)64 * 1024)

/*
 * The newest records of each source, once. What there is more of than the
 * source's budget is skipped, so that looking on costs the same whatever
 * passes (live-4). Nothing is written (live-5).
 */
struct look {
	struct live *l;
	const struct team_snapshot *teams;
	bool is_recent; /* for those that have just come */
	int recent; /* records that they want */
	int64_t now_ns, seen_ms;
};

static bool
wants(const struct look *k, const struct live_viewer *v)
{
	return v->stage == (k->is_recent ? LIVE_RECENT : LIVE_ON);
}

/* @guarded lock */
static bool
is_known(const struct look *k, uint64_t hash)
{
	for (const struct live_viewer *v = k->l->viewers; v != NULL;
		v = v->next)
		if (wants(k, v) && live_knows(v, hash))
			return true;
	return false;
}

static void
find_team(const struct look *k, struct live_item *it,
	const struct batch_record_view *rec)
{
	const struct team *t;

	if (it->team_id != 0 || it->source->kind == LIVE_PROCESSED)
		return;
	t = team_by_record_token(k->teams, live_item_token(rec));
	it->team_id = t == NULL ? 0 : t->id;
}

/* @guarded lock */
static void
show(const struct look *k, const struct live_source *src,
	const struct batch_record_view *rec)
{
	struct live *l = k->l;
	struct live_item it;

	arena_rewind(&l->arena, ARENA_KEPT);
	if (!live_item_read(&it, src, rec, &l->arena))
		return;
	if (src->kind == LIVE_PROCESSED && !is_known(k, it.hash))
		return;
	live_item_read_rest(&it, rec, &l->arena);
	find_team(k, &it, rec);
	/* The canary is nobody's event. */
	if (it.team_id < 0)
		return;
	for (struct live_viewer *v = l->viewers; v != NULL; v = v->next)
		if (wants(k, v))
			live_give(v, &it, &l->json, k->now_ns, k->seen_ms);
}

static void
show_batch(const struct look *k, const struct live_source *src,
	struct slice batch, int64_t from)
{
	struct batch_record_view rec;
	struct batch_reader r;
	struct err e;

	if (batch_reader_init(&r, batch, &k->l->raw, &e) < 0)
		return;
	lock_take(&k->l->lock);
	while (batch_next(&r, &rec, &e) == 1)
		if (rec.offset >= from)
			show(k, src, &rec);
	lock_release(&k->l->lock);
}

/* Shows what was read into l->batches. */
static void
show_batches(const struct look *k, const struct live_source *src, int64_t from)
{
	const struct buf *b = &k->l->batches;
	struct batch_info info;
	struct err e;

	for (size_t at = 0; at < b->len; at += info.bytes) {
		struct slice left = slice_of(b->p + at, b->len - at);

		if (batch_peek(left, &info, &e) < 0)
			return;
		show_batch(k, src, slice_of(left.p, info.bytes), from);
	}
}

static void
count_skipped(const struct look *k, const struct live_source *src, int64_t n)
{
	if (n <= 0 || src->kind != LIVE_CAPTURED)
		return;
	lock_take(&k->l->lock);
	for (struct live_viewer *v = k->l->viewers; v != NULL; v = v->next)
		if (wants(k, v))
			v->skipped += n;
	lock_release(&k->l->lock);
}

static struct store_conn *
reader_of(struct live *l, struct store *file)
{
	struct store_conn **c = &l->conn[file == l->o.spool ? 0 : 1];
	struct err e;

	if (*c == NULL && store_reader_open(file, c, &e) < 0)
		*c = NULL;
	return *c;
}

void
live_close_readers(struct live *l)
{
	for (int i = 0; i < 2; i++) {
		store_reader_close(l->conn[i]);
		l->conn[i] = NULL;
	}
	buf_fini(&l->batches);
	buf_fini(&l->raw);
}

/* Reads [*from, to) within the budget and shows it; *from is where it came to.
 */
static void
read_source(const struct look *k, const struct live_source *src,
	struct store *file, struct store_part *part, int64_t *from, int64_t to)
{
	struct store_conn *conn = *from < to ? reader_of(k->l, file) : NULL;
	size_t used = 0;
	struct err e;

	while (conn != NULL && *from < to && used < src->budget) {
		int64_t next;

		buf_reset(&k->l->batches);
		if (store_read(conn, part, *from, src->budget - used,
			    &k->l->batches, &next, &e) < 0 ||
			next == *from)
			return;
		used += k->l->batches.len;
		show_batches(k, src, *from);
		*from = next;
	}
}

/* Where the source stands; NULL: not on this node. */
static struct store_part *
find_part(const struct live *l, const struct live_source *src,
	struct store **file)
{
	const struct topic_def *def = &topic_defs[src->topic];

	*file = def->file[src->partition] == TOPIC_SPOOL ? l->o.spool
							 : l->o.state;
	return *file == NULL ? NULL
			     : store_part_find(*file, slice_str(def->name),
				       src->partition);
}

static void
look_at_new(const struct look *k, int i)
{
	const struct live_source *src = &live_sources[i];
	struct live *l = k->l;
	struct store_part_state st;
	struct store *file;
	struct store_part *part = find_part(l, src, &file);
	int64_t from;

	if (part == NULL)
		return;
	store_part_state(part, &st);
	if (l->next[i] < 0)
		l->next[i] = st.high_watermark;
	from = l->next[i] < st.log_start ? st.log_start : l->next[i];
	read_source(k, src, file, part, &from, st.high_watermark);
	count_skipped(k, src, st.high_watermark - from);
	l->next[i] = st.high_watermark;
}

/* What has passed before that. Of other logs than capture's own only what it
 * has become of that is looked for. */
static void
look_at_recent(const struct look *k, int i)
{
	const struct live_source *src = &live_sources[i];
	struct store_part_state st;
	struct store *file;
	struct store_part *part = find_part(k->l, src, &file);
	int64_t from;

	if (part == NULL ||
		(src->kind == LIVE_CAPTURED && src->topic != TOPIC_INGESTION))
		return;
	store_part_state(part, &st);
	from = k->l->next[i] - k->recent;
	if (from < st.log_start)
		from = st.log_start;
	read_source(k, src, file, part, &from, k->l->next[i]);
}

/* How many records those want that have just come; 0: nobody has. */
static int
who_has_come(struct live *l)
{
	int most = 0;

	lock_take(&l->lock);
	for (struct live_viewer *v = l->viewers; v != NULL; v = v->next) {
		if (v->stage != LIVE_NEW)
			continue;
		v->stage = LIVE_RECENT;
		most = v->recent > most ? v->recent : most;
	}
	lock_release(&l->lock);
	return most;
}

static void
end_recent(struct live *l)
{
	lock_take(&l->lock);
	for (struct live_viewer *v = l->viewers; v != NULL; v = v->next)
		if (v->stage == LIVE_RECENT)
			v->stage = LIVE_ON;
	lock_release(&l->lock);
}

void
live_look(struct live *l)
{
	struct look k = {
		.l = l,
		.teams = team_snapshot_get(l->o.teams),
		.now_ns = clock_mono_ns(),
		.seen_ms = clock_now_us() / 1000,
	};

	for (int i = 0; i < LIVE_SOURCES; i++)
		look_at_new(&k, i);
	k.is_recent = true;
	k.seen_ms = -1;
	k.recent = who_has_come(l);
	if (k.recent > 0) {
		for (int i = 0; i < LIVE_SOURCES; i++)
			look_at_recent(&k, i);
		end_recent(l);
	}
	team_snapshot_unref(k.teams);
}
