#include "explore/console.h"

#include <stdio.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/uuid.h"
#include "clickhouse/clickhouse.h"

#define CANCEL_TRIES 20
#define CANCEL_STEP_NS INT64_C(100000000)
#define SLACK_S 10 /* what a query may take beside its limit of time */

struct running {
	bool is_used;
	char id[UUID_TEXT + 1];
	int64_t owner;
};

struct console {
	struct lock lock;
	struct cond ended;
	struct running running[CONSOLE_RUNNING_MAX];
};

struct console *
console_new(void)
{
	struct console *c = mem_new(struct console);

	if (c == NULL)
		return NULL;
	lock_init(&c->lock);
	cond_init(&c->ended);
	return c;
}

void
console_free(struct console *c)
{
	if (c == NULL)
		return;
	cond_fini(&c->ended);
	lock_fini(&c->lock);
	mem_free(c);
}

static struct running *
find(struct console *c, const char *id)
{
	for (int i = 0; i < CONSOLE_RUNNING_MAX; i++)
		if (c->running[i].is_used && strcmp(c->running[i].id, id) == 0)
			return &c->running[i];
	return NULL;
}

/* explore-1 */
static int
enter(struct console *c, const struct console_query *q, struct running **out,
	struct err *e)
{
	struct running *free_place = NULL;
	struct uuid id;
	char text[UUID_TEXT + 1] = "";
	int r = 0;

	if (q->id.p == NULL)
		uuid_v4(&id);
	else if (!uuid_parse(q->id, &id))
		return err_set(e, ERR_INVALID, "id: a uuid is wanted");
	uuid_format(&id, text);
	lock_take(&c->lock);
	for (int i = 0; i < CONSOLE_RUNNING_MAX; i++)
		if (!c->running[i].is_used)
			free_place = &c->running[i];
	if (find(c, text) != NULL)
		r = err_set(e, ERR_EXISTS, "a query with this id runs");
	else if (free_place == NULL)
		r = err_set(e, ERR_BUSY,
			"%d queries run already: wait for one or cancel it",
			CONSOLE_RUNNING_MAX);
	if (r == 0) {
		free_place->is_used = true;
		free_place->owner = q->owner;
		memcpy(free_place->id, text, sizeof(text));
		*out = free_place;
	}
	lock_release(&c->lock);
	return r;
}

static void
leave(struct console *c, struct running *place)
{
	lock_take(&c->lock);
	place->is_used = false;
	cond_broadcast(&c->ended);
	lock_release(&c->lock);
}

#define N_SETTINGS 14
#define NUMBER_BYTES 24

struct settings {
	struct clickhouse_pair pairs[N_SETTINGS];
	char text[N_SETTINGS][NUMBER_BYTES];
	size_t n;
};

static void
set_number(struct settings *s, const char *name, int64_t value)
{
	char *text = s->text[s->n];

	snprintf(text, NUMBER_BYTES, "%lld", (long long)value);
	s->pairs[s->n++] = (struct clickhouse_pair){name, slice_str(text)};
}

/* One row more than is shown tells that there are more. */
static void
make_settings(
	const struct console_limits *l, const char *id, struct settings *s)
{
	s->n = 0;
	set_number(s, "max_execution_time", l->time_s);
	set_number(s, "max_memory_usage", l->memory_bytes);
	set_number(s, "max_rows_to_read", l->rows_read);
	set_number(s, "limit", l->result_rows + 1);
	set_number(s, "max_result_bytes", CONSOLE_RESULT_BYTES);
	set_number(s, "max_threads", 2);
	set_number(s, "output_format_json_quote_64bit_integers", 1);
	set_number(s, "output_format_json_quote_64bit_floats", 0);
	set_number(s, "output_format_json_quote_denormals", 1);
	set_number(s, "output_format_json_quote_decimals", 1);
	set_number(s, "output_format_json_validate_utf8", 1);
	s->pairs[s->n++] = (struct clickhouse_pair){
		"result_overflow_mode", SLICE_LIT("throw")};
	s->pairs[s->n++] =
		(struct clickhouse_pair){"log_comment", slice_str(id)};
}

/* The rows that are shown; those over the limit are cut off. */
static void
put_rows(const struct json_doc *d, uint32_t rows, int64_t max, struct buf *out)
{
	uint32_t end = d->nodes[rows].next;
	const char *begin = d->text + d->nodes[rows].pos;
	uint32_t i = json_first(d, rows);
	int64_t n = 0;

	for (; i < end && n < max; i = d->nodes[i].next)
		n++;
	buf_append_lit(out, ",\"rows\":");
	if (i >= end) {
		buf_append_slice(out, json_raw(d, rows));
	} else {
		struct slice kept =
			slice_of(begin, d->nodes[i].pos - d->nodes[rows].pos);

		kept = slice_trim(kept);
		if (kept.len > 0 && kept.p[kept.len - 1] == ',')
			kept.len--;
		buf_append_slice(out, kept);
		buf_append_char(out, ']');
	}
	buf_printf(out, ",\"n_rows\":%lld,\"truncated\":%s", (long long)n,
		i < end ? "true" : "false");
}

static int
put_result(struct arena *a, struct slice raw, const struct console_limits *l,
	struct buf *out, struct err *e)
{
	const struct json_limits lim = {JSON_DEPTH_MAX, 20000000};
	struct json_doc d;
	uint32_t meta, rows, stat;

	if (json_parse(a, raw, &lim, &d, e) < 0)
		return err_prefix(e, "the result");
	meta = json_member(&d, 0, SLICE_LIT("meta"));
	rows = json_member(&d, 0, SLICE_LIT("data"));
	stat = json_member(&d, 0, SLICE_LIT("statistics"));
	if (meta == 0 || rows == 0)
		return err_set(e, ERR_BUG, "a result without columns or rows");
	buf_append_lit(out, "\"columns\":");
	buf_append_slice(out, json_raw(&d, meta));
	put_rows(&d, rows, l->result_rows, out);
	buf_append_lit(out, ",\"statistics\":");
	if (stat == 0)
		buf_append_lit(out, "null");
	else
		buf_append_slice(out, json_raw(&d, stat));
	return 0;
}

static int
ask(struct clickhouse *ch, struct arena *a, const struct console_query *q,
	const char *id, struct buf *out, struct console_trouble *trouble,
	struct err *e)
{
	struct clickhouse_refusal refusal = {0};
	struct settings s;
	struct clickhouse_ask ask = {.query = q->text,
		.format = "JSONCompact",
		.params = q->params,
		.n_params = q->n_params,
		.settings = s.pairs,
		.is_console = true,
		.timeout_ms = (q->limits.time_s + SLACK_S) * 1000};
	struct buf raw;
	int r;

	make_settings(&q->limits, id, &s);
	ask.n_settings = s.n;
	/* Text in JSON may be six times as long. */
	buf_init(&raw, (size_t)CONSOLE_RESULT_BYTES * 4);
	buf_init(&refusal.text, 65536);
	r = clickhouse_ask(ch, &ask, &raw, &refusal, e);
	if (r == 0)
		r = put_result(a, buf_slice(&raw), &q->limits, out, e);
	else if (refusal.code != 0)
		console_explain(refusal.code, buf_slice(&refusal.text), q->text,
			&q->limits, trouble);
	if (r < 0 && trouble->code != 0)
		r = err_set(e, ERR_INVALID, "%.230s", trouble->message);
	buf_fini(&refusal.text);
	buf_fini(&raw);
	return r;
}

int
console_run(struct console *c, struct clickhouse *ch, struct arena *a,
	const struct console_query *q, struct buf *out,
	struct console_trouble *trouble, struct err *e)
{
	struct running *place = NULL;
	char id[UUID_TEXT + 1];
	int r;

	if (strlen(q->text) > CONSOLE_QUERY_BYTES)
		return err_set(e, ERR_TOO_BIG, "a query has at most %d bytes",
			CONSOLE_QUERY_BYTES);
	r = enter(c, q, &place, e);
	if (r != 0)
		return r;
	memcpy(id, place->id, sizeof(id));
	r = ask(ch, a, q, id, out, trouble, e);
	leave(c, place);
	return r;
}

/* 1: it was told to end; 0: ClickHouse does not know it (yet). */
static int
kill_once(struct clickhouse *ch, const char *id, struct err *e)
{
	char text[200];
	struct buf found;
	int r;

	/* The id was written by uuid_format: no quoting is needed. */
	snprintf(text, sizeof(text),
		"KILL QUERY WHERE Settings['log_comment'] = '%s' ASYNC", id);
	buf_init(&found, 1024 * 1024);
	r = clickhouse_query(ch, text, "TSV", &found, e);
	if (r == 0)
		r = found.len > 0;
	buf_fini(&found);
	return r;
}

/* false: it has ended. */
static bool
wait_a_little(struct console *c, const char *id)
{
	bool runs;

	lock_take(&c->lock);
	runs = find(c, id) != NULL;
	if (runs) {
		cond_wait_until(
			&c->ended, &c->lock, clock_mono_ns() + CANCEL_STEP_NS);
		runs = find(c, id) != NULL;
	}
	lock_release(&c->lock);
	return runs;
}

int
console_cancel(struct console *c, struct clickhouse *ch, struct slice id,
	int64_t owner, bool is_admin, struct err *e)
{
	const struct running *place;
	char text[UUID_TEXT + 1] = "";
	struct uuid u;
	bool may;
	int r = 0;
	bool was_found = false;

	if (!uuid_parse(id, &u))
		return err_set(e, ERR_INVALID, "id: a uuid is wanted");
	uuid_format(&u, text);
	lock_take(&c->lock);
	place = find(c, text);
	may = place != NULL && (is_admin || place->owner == owner);
	lock_release(&c->lock);
	if (!may) /* explore-2 */
		return err_set(e, ERR_NOT_FOUND, "no such query runs");
	/* It may be on its way to ClickHouse still, or what was hit is one of
	 * the statements before it, which have its mark too: until it ends. */
	for (int i = 0; i < CANCEL_TRIES && r >= 0; i++) {
		r = kill_once(ch, text, e);
		was_found |= r > 0;
		if (!wait_a_little(c, text))
			return 0;
	}
	return r < 0 && !was_found ? r : 0;
}
