#include "broker/produce.h"

#include "base/clock.h"
#include "topic/wire.h"

/*
 * State of idempotent producers: table producer of the partition's file.
 * ring: up to 5 entries, newest last, each 24 bytes big-endian:
 *
 *   offset bytes field
 *        0     4 first sequence
 *        4     4 last sequence
 *        8     8 base offset
 *       16     8 greatest timestamp, ms
 */
#define ENTRY_BYTES 24

int32_t
broker_producer_last(int32_t first, uint32_t n_records)
{
	return (int32_t)(((uint32_t)first + n_records - 1) & INT32_MAX);
}

enum kerr
broker_producer_test(const struct producer_state *s, int16_t epoch,
	int32_t first, int32_t last, int64_t *duplicate)
{
	const struct producer_batch *newest;

	*duplicate = -1;
	if (!s->is_known || s->n == 0)
		return KERR_NONE;
	if (epoch < s->epoch)
		return KERR_INVALID_EPOCH;
	if (epoch > s->epoch)
		return first == 0 ? KERR_NONE : KERR_OUT_OF_ORDER;
	for (uint32_t i = 0; i < s->n; i++)
		if (s->ring[i].first == first && s->ring[i].last == last) {
			*duplicate = s->ring[i].base;
			return KERR_NONE;
		}
	newest = &s->ring[s->n - 1];
	if (first == (int32_t)(((uint32_t)newest->last + 1) & INT32_MAX))
		return KERR_NONE;
	return KERR_OUT_OF_ORDER;
}

void
broker_producer_note(struct producer_state *s, int16_t epoch,
	const struct producer_batch *batch)
{
	if (!s->is_known || s->epoch != epoch)
		s->n = 0;
	s->is_known = true;
	s->epoch = epoch;
	if (s->n == PRODUCER_RING) {
		memmove(s->ring, s->ring + 1,
			(PRODUCER_RING - 1) * sizeof(s->ring[0]));
		s->n--;
	}
	s->ring[s->n++] = *batch;
}

static void
unpack(struct producer_state *s, struct slice ring)
{
	for (size_t at = 0;
		at + ENTRY_BYTES <= ring.len && s->n < PRODUCER_RING;
		at += ENTRY_BYTES) {
		const char *p = ring.p + at;

		s->ring[s->n++] = (struct producer_batch){
			.first = (int32_t)wire_get_u32(p),
			.last = (int32_t)wire_get_u32(p + 4),
			.base = (int64_t)wire_get_u64(p + 8),
			.max_ts = (int64_t)wire_get_u64(p + 16)};
	}
}

static size_t
pack(const struct producer_state *s, char out[PRODUCER_RING * ENTRY_BYTES])
{
	for (uint32_t i = 0; i < s->n; i++) {
		char *p = out + i * ENTRY_BYTES;

		wire_put_u32(p, (uint32_t)s->ring[i].first);
		wire_put_u32(p + 4, (uint32_t)s->ring[i].last);
		wire_put_u64(p + 8, (uint64_t)s->ring[i].base);
		wire_put_u64(p + 16, (uint64_t)s->ring[i].max_ts);
	}
	return s->n * ENTRY_BYTES;
}

static void
bind_key(struct store_stmt *st, const struct append *a)
{
	sql_bind_text(
		st, 1, slice_str(broker_topic_store_name(a->part->topic)));
	sql_bind_i64(st, 2, a->part->idx);
	sql_bind_i64(st, 3, a->pid);
}

static int
load(struct store_conn *c, const struct append *a, struct producer_state *s,
	struct err *e)
{
	int64_t oldest = clock_now_us() / 1000 - PRODUCER_EXPIRE_MS;
	struct store_stmt *st;
	int r = sql_get(c, &broker_sql, BROKER_SQL_PRODUCER_GET, &st, e);

	*s = (struct producer_state){0};
	if (r != 0)
		return r;
	bind_key(st, a);
	r = sql_step(st, e);
	if (r == 1 && sql_col_i64(st, 2) >= oldest) {
		s->is_known = true;
		s->epoch = (int16_t)sql_col_i64(st, 0);
		unpack(s, sql_col_blob(st, 1));
	}
	if (r == 1)
		sql_reset(st);
	return r < 0 ? r : 0;
}

static int
save(struct store_conn *c, const struct append *a,
	const struct producer_state *s, struct err *e)
{
	char ring[PRODUCER_RING * ENTRY_BYTES];
	struct store_stmt *st;
	int r = sql_get(c, &broker_sql, BROKER_SQL_PRODUCER_PUT, &st, e);

	if (r != 0)
		return r;
	bind_key(st, a);
	sql_bind_i64(st, 4, s->epoch);
	sql_bind_blob(st, 5, slice_of(ring, pack(s, ring)));
	sql_bind_i64(st, 6, clock_now_us() / 1000);
	return sql_run(st, e);
}

/* @thread store */
int
broker_producer_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct append *a = (struct append *)(void *)j;
	struct producer_batch batch = {.first = a->first_seq,
		.last = broker_producer_last(a->first_seq, a->sa.n_records),
		.max_ts = a->sa.max_ts_ms};
	struct producer_state s;
	int64_t duplicate;
	int r = load(c, a, &s, e);

	if (r != 0)
		return r;
	a->kerr = broker_producer_test(
		&s, a->epoch, batch.first, batch.last, &duplicate);
	if (a->kerr != KERR_NONE)
		return err_set(e, ERR_INVALID, "sequence refused");
	if (duplicate >= 0) {
		a->sa.base_offset = duplicate;
		return 0;
	}
	r = store_tx_append(c, a->sa.part, a->sa.batches, a->sa.len,
		a->sa.n_records, a->sa.max_ts_ms, &batch.base, e);
	if (r != 0)
		return r;
	a->sa.base_offset = batch.base;
	broker_producer_note(&s, a->epoch, &batch);
	return save(c, a, &s, e);
}
