#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"
#include "dedupe/dedupe_int.h"
#include "dedupe/sql.h"
#include "stats/stats.h"

#define PENDING_FIRST ((size_t)16 * 1024)
#define PENDING_KEEP ((size_t)256 * 1024)

uint64_t
dedupe_hash(const void *print)
{
	const uint8_t *b = (const uint8_t *)print + 16;
	uint64_t h = 0;

	for (int i = 0; i < 8; i++)
		h |= (uint64_t)b[i] << (8 * i);
	return h;
}

void
dedupe_print_of(const struct dedupe *d, int64_t team_id,
	const struct uuid *uuid, struct slice name, struct slice distinct_id,
	struct dedupe_print *out)
{
	/* With the name's length no two events feed the same bytes. */
	const int64_t head[2] = {team_id, (int64_t)name.len};
	struct hash_sip s;
	uint64_t h;

	hash_sip_init(&s, d->key);
	hash_sip_add(&s, head, sizeof(head));
	hash_sip_add(&s, uuid->b, sizeof(uuid->b));
	hash_sip_add(&s, name.p, name.len);
	hash_sip_add(&s, distinct_id.p, distinct_id.len);
	h = hash_sip_end(&s);
	memcpy(out->b, uuid->b, sizeof(uuid->b));
	for (int i = 0; i < 8; i++)
		out->b[16 + i] = (uint8_t)(h >> (8 * i));
}

void
dedupe_prefetch(const struct dedupe *d, const struct dedupe_print *p)
{
	filter_prefetch(&d->f, dedupe_hash(p->b));
}

/* dedupe-2: equal in all bytes, or it is another event. */
static int
find(struct dedupe *d, struct store_conn *c, const struct dedupe_print *p,
	bool *is_known, struct err *e)
{
	int64_t numbers[FILTER_HITS_MAX];
	int n = filter_find(&d->f, dedupe_hash(p->b), numbers);
	int r = 0;

	*is_known = false;
	for (int i = 0; i < n && r == 0 && !*is_known; i++) {
		int64_t at = numbers[i] - d->committed;

		if (at < 0)
			r = dedupe_rows_confirm(
				d, c, numbers[i], p, is_known, e);
		else
			*is_known =
				memcmp(d->pending + (size_t)at * sizeof(p->b),
					p->b, sizeof(p->b)) == 0;
		if (r == 0 && !*is_known)
			atomic_fetch_add(&d->doubts, 1);
	}
	return r;
}

/* What is pending stays as it is when memory is short. */
static bool
make_room(struct dedupe *d)
{
	size_t cap = d->pending_cap == 0 ? PENDING_FIRST : d->pending_cap * 2;
	char *p;

	if (d->pending_cap - d->n_pending >= DEDUPE_PRINT_BYTES)
		return true;
	p = mem_realloc(d->pending, cap);
	if (p == NULL)
		return false;
	d->pending = p;
	d->pending_cap = cap;
	return true;
}

static void
drop_pending(struct dedupe *d)
{
	mem_free(d->pending);
	d->pending = NULL;
	d->pending_cap = 0;
}

int
dedupe_take(struct dedupe *d, struct store_conn *c,
	const struct dedupe_print *p, bool *is_known, struct err *e)
{
	int r;

	*is_known = false;
	if (d->limit == 0)
		return 0;
	r = find(d, c, p, is_known, e);
	if (r != 0)
		return r;
	if (*is_known) {
		atomic_fetch_add(&d->known, 1);
		return 0;
	}
	if (!make_room(d))
		return err_set(e, ERR_NO_MEMORY,
			"no memory for what is remembered of events");
	memcpy(d->pending + d->n_pending, p->b, sizeof(p->b));
	d->n_pending += sizeof(p->b);
	filter_add(&d->f, dedupe_hash(p->b));
	return 0;
}

/* Entries from this byte of pending on are taken back, the newest first. */
static void
take_back(struct dedupe *d, size_t from)
{
	while (d->n_pending > from) {
		d->n_pending -= DEDUPE_PRINT_BYTES;
		filter_take_back(&d->f, dedupe_hash(d->pending + d->n_pending));
	}
}

static void
begin(void *cookie)
{
	struct dedupe *d = cookie;
	int64_t limit =
		atomic_load(&d->age_ms) == 0 ? 0 : atomic_load(&d->entries);

	if (limit != d->limit)
		filter_set_limit(&d->f, limit);
	d->limit = limit;
	d->marked = 0;
	d->oldest_before = d->oldest;
}

static void
mark(void *cookie)
{
	struct dedupe *d = cookie;

	d->marked = d->n_pending;
}

static void
undo(void *cookie)
{
	struct dedupe *d = cookie;

	take_back(d, d->marked);
}

static int
save(void *cookie, struct store_conn *c, struct err *e)
{
	return dedupe_rows_save(cookie, c, e);
}

static void
publish(struct dedupe *d)
{
	int64_t live = d->f.next - d->f.oldest;

	atomic_store(&d->n_live, live);
	atomic_store(&d->bytes, (int64_t)d->f.bytes);
	atomic_store(&d->forgotten, d->f.forgotten);
	stats_set(STATS_DEDUPE_ENTRIES, 0, (double)live);
	stats_set(STATS_DEDUPE_BYTES, 0, (double)d->f.bytes);
}

static void
end(void *cookie, bool is_committed)
{
	struct dedupe *d = cookie;
	bool has_changed = d->n_pending > 0;

	if (is_committed) {
		d->committed = d->f.next;
		if (d->oldest.is_known && !d->oldest.is_none)
			filter_forget(&d->f, d->oldest.id);
		else if (d->oldest.is_none)
			filter_forget(&d->f, d->f.next);
	} else {
		take_back(d, 0);
		d->oldest = d->oldest_before;
	}
	d->n_pending = 0;
	if (d->pending_cap > PENDING_KEEP)
		drop_pending(d);
	if (has_changed)
		publish(d);
}

struct load_job {
	struct store_job job;
	struct dedupe *d;
};

static int
load_key(struct dedupe *d, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dedupe_sql, DEDUPE_SQL_KEY_GET, &st, e);

	if (r == 0)
		r = sql_step(st, e);
	if (r < 0)
		return r;
	if (r == 1) {
		d->key[0] = (uint64_t)sql_col_i64(st, 0);
		d->key[1] = (uint64_t)sql_col_i64(st, 1);
		sql_reset(st);
		return 0;
	}
	rand_bytes(d->key, sizeof(d->key));
	r = sql_get(c, &dedupe_sql, DEDUPE_SQL_KEY_PUT, &st, e);
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, (int64_t)d->key[0]);
	sql_bind_i64(st, 2, (int64_t)d->key[1]);
	return sql_run(st, e);
}

static int
load(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct dedupe *d = ((struct load_job *)(void *)j)->d;
	int r = load_key(d, c, e);

	return r != 0 ? r : dedupe_rows_load(d, c, e);
}

int
dedupe_new(struct store *spool, const struct dedupe_limits *l,
	struct dedupe **out, struct err *e)
{
	struct dedupe *d = mem_new(struct dedupe);
	struct load_job j = {.job = {.run = load}, .d = d};
	int r;

	if (d == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a memory");
	d->spool = spool;
	filter_init(&d->f);
	for (int i = 0; i < DEDUPE_CACHED_ROWS; i++)
		buf_init(&d->rows[i].prints,
			(size_t)DEDUPE_ROW_PRINTS * DEDUPE_PRINT_BYTES);
	dedupe_reload(d, l);
	begin(d);
	r = store_call(spool, &j.job, e);
	if (r != 0) {
		dedupe_free(d);
		return r;
	}
	publish(d);
	store_attach(spool, d);
	store_add_hook(spool, &(struct store_hook){.begin = begin,
				      .save = save,
				      .mark = mark,
				      .undo = undo,
				      .end = end,
				      .cookie = d});
	*out = d;
	return 0;
}

void
dedupe_free(struct dedupe *d)
{
	if (d == NULL)
		return;
	filter_fini(&d->f);
	drop_pending(d);
	for (int i = 0; i < DEDUPE_CACHED_ROWS; i++)
		buf_fini(&d->rows[i].prints);
	mem_free(d);
}

struct dedupe *
dedupe_of(const struct store *spool)
{
	return store_attached(spool);
}

struct dedupe *
dedupe_of_conn(const struct store_conn *c)
{
	return store_conn_attached(c);
}

void
dedupe_reload(struct dedupe *d, const struct dedupe_limits *l)
{
	atomic_store(&d->entries, l->entries < DEDUPE_ENTRIES_MAX
					  ? l->entries
					  : DEDUPE_ENTRIES_MAX);
	atomic_store(&d->age_ms, l->age_ms);
}

bool
dedupe_is_on(const struct dedupe *d)
{
	return atomic_load(&d->entries) > 0 && atomic_load(&d->age_ms) > 0;
}

void
dedupe_state(const struct dedupe *d, struct dedupe_state *out)
{
	*out = (struct dedupe_state){
		.entries = atomic_load(&d->n_live),
		.bytes = atomic_load(&d->bytes),
		.known = atomic_load(&d->known),
		.reads = atomic_load(&d->reads),
		.doubts = atomic_load(&d->doubts),
		.forgotten = atomic_load(&d->forgotten),
	};
}
