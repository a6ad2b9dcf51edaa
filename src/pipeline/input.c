#include "pipeline/input.h"

#include "base/log.h"
#include "pipeline/sql.h"

/* Topic, partition, in state.db, share. Where all have records, capture's and
 * our own take turns, and a lower one has its turn after eight of theirs. */
static const struct {
	enum topic_id topic;
	int partition;
	bool in_state;
	unsigned share;
} rows[N_INPUTS] = {
	[INPUT_CAPTURE] = {TOPIC_INGESTION, 0, false, 8},
	[INPUT_OWN] = {TOPIC_INGESTION, 1, true, 8},
	[INPUT_OVERFLOW] = {TOPIC_INGESTION_OVERFLOW, 0, false, 1},
	[INPUT_HISTORICAL] = {TOPIC_INGESTION_HISTORICAL, 0, false, 1},
};

static int
read_position(struct store_conn *c, const struct input *in, int64_t *out,
	struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &pipeline_sql, PIPELINE_SQL_POSITION_GET, &st, e);

	if (r != 0)
		return r;
	sql_bind_text(st, 1, slice_str(topic_defs[in->topic].name));
	sql_bind_i64(st, 2, in->partition);
	r = sql_step(st, e);
	if (r < 0)
		return r;
	*out = r == 1 ? sql_col_i64(st, 0) : -1;
	sql_reset(st);
	return 0;
}

static int
open_input(struct input *in, struct store *s, struct store_conn *state_reader,
	struct err *e)
{
	struct store_part_state st;
	int64_t at;
	int r = store_part_open(
		s, topic_defs[in->topic].name, in->partition, &in->part, e);

	if (r == 0)
		r = read_position(state_reader, in, &at, e);
	if (r != 0)
		return r;
	store_part_state(in->part, &st);
	if (at < 0)
		at = st.log_start;
	if (at > st.high_watermark) {
		log_warn("ingest_log_is_older",
			"topic=%s partition=%d position=%lld end=%lld",
			topic_defs[in->topic].name, in->partition,
			(long long)at, (long long)st.high_watermark);
		at = st.high_watermark;
	}
	pipeline_input_moved(in, at);
	in->next = at;
	return 0;
}

int
pipeline_inputs_open(struct input in[N_INPUTS], struct store *spool,
	struct store *state, struct store_conn *spool_reader,
	struct store_conn *state_reader, struct err *e)
{
	for (int i = 0; i < N_INPUTS; i++) {
		int r;

		in[i].topic = rows[i].topic;
		in[i].partition = rows[i].partition;
		in[i].share = rows[i].share;
		in[i].reader = rows[i].in_state ? state_reader : spool_reader;
		r = open_input(&in[i], rows[i].in_state ? state : spool,
			state_reader, e);
		if (r != 0)
			return err_prefix(
				e, "input %s", topic_defs[rows[i].topic].name);
	}
	return 0;
}

static bool
has_records(const struct input *in)
{
	struct store_part_state st;

	store_part_state(in->part, &st);
	return in->next < st.high_watermark;
}

struct input *
pipeline_inputs_pick(struct input in[N_INPUTS])
{
	struct input *first = NULL;

	for (int i = 0; i < N_INPUTS; i++) {
		if (!has_records(&in[i]))
			continue;
		if (in[i].taken < in[i].share) {
			in[i].taken++;
			return &in[i];
		}
		if (first == NULL)
			first = &in[i];
	}
	/* All that have records used up their shares. */
	for (int i = 0; i < N_INPUTS; i++)
		in[i].taken = 0;
	if (first != NULL)
		first->taken = 1;
	return first;
}

void
pipeline_inputs_rewind(struct input in[N_INPUTS])
{
	for (int i = 0; i < N_INPUTS; i++)
		in[i].next = atomic_load(&in[i].position);
}

int
pipeline_input_move(struct store_conn *c, const struct input *in, int64_t next,
	struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &pipeline_sql, PIPELINE_SQL_POSITION_PUT, &st, e);

	if (r != 0)
		return r;
	sql_bind_text(st, 1, slice_str(topic_defs[in->topic].name));
	sql_bind_i64(st, 2, in->partition);
	sql_bind_i64(st, 3, next);
	return sql_run(st, e);
}

void
pipeline_input_moved(struct input *in, int64_t next)
{
	atomic_store(&in->position, next);
	store_part_set_floor(in->part, STORE_FLOOR_PIPELINE, next);
}

int64_t
pipeline_inputs_lag(const struct input in[N_INPUTS])
{
	int64_t lag = 0;

	for (int i = 0; i < N_INPUTS; i++) {
		struct store_part_state st;
		int64_t at = atomic_load(&in[i].position);

		store_part_state(in[i].part, &st);
		if (st.high_watermark > at)
			lag += st.high_watermark - at;
	}
	return lag;
}
