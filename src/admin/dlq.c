#include "admin/admin_int.h"
#include "admin/letters.h"
#include "base/json_write.h"

#define SHOWN ((1U << DLQ_PENDING) | (1U << DLQ_REPLAYED))
#define SCRATCH_MAX ((size_t)256 * 1024 * 1024)

/* Letters up to a page's size. 1: there is more, from dlq_scan_at. */
static int
put_page(struct admin_call *c, struct dlq_scan *s, int64_t limit, struct err *e)
{
	struct batch_record_view rec;
	struct dlq_row row;
	struct arena scratch;
	int64_t n = 0;
	int rc = 0;

	arena_init(&scratch, SCRATCH_MAX);
	while (n < limit && c->out.len < ADMIN_PAGE_BYTES &&
		(rc = dlq_scan_next(s, &row, &rec, e)) == 1) {
		if (n++ > 0)
			buf_append_char(&c->out, ',');
		letters_put(&c->out, &row, &rec, &scratch, false);
		arena_reset(&scratch);
	}
	arena_fini(&scratch);
	return rc < 0 ? rc
		      : rc != 0 || n == limit || c->out.len >= ADMIN_PAGE_BYTES;
}

static int
list(struct admin_call *c, const struct dlq_filter *f, int64_t behind,
	struct err *e)
{
	struct dlq_range range;
	struct dlq_scan *s;
	int64_t limit = ADMIN_PAGE_MAX;
	int rc = admin_query_i64(c, "limit", 1, ADMIN_PAGE_MAX, &limit, e);

	if (rc == 0)
		rc = letters_range(c, admin_query(c, "cursor"), &range, e);
	if (rc == 0)
		rc = dlq_scan_open(c->a->dlq, f, &range, &s, e);
	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "{\"items\":[");
	rc = put_page(c, s, limit, e);
	dlq_scan_at(s, &range);
	dlq_scan_close(s);
	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "],\"next\":");
	if (rc == 1 &&
		(range.from[0] < range.to[0] || range.from[1] < range.to[1]))
		letters_put_cursor(&c->out, &range);
	else
		buf_append_lit(&c->out, "null");
	buf_printf(&c->out, ",\"not_indexed\":%lld}\n", (long long)behind);
	return 0;
}

static void
put_group(struct buf *b, const struct dlq_group *g, unsigned states)
{
	struct dlq_row sample = {
		.partition = g->newest_partition,
		.offset = g->newest,
		.id = g->newest_id,
		.has_id = g->has_id,
	};
	int64_t n = 0;

	for (int i = 0; i < DLQ_N_STATES; i++)
		n += (states >> i & 1) != 0 ? g->n[i] : 0;
	buf_append_lit(b, "{\"reason\":");
	json_put_string(b, g->reason);
	buf_append_lit(b, ",\"step\":");
	json_put_string(b, g->step);
	buf_append_lit(b, ",\"error\":");
	json_put_string(b, g->error);
	buf_printf(b, ",\"project_id\":%lld,\"count\":%lld",
		(long long)g->team_id, (long long)n);
	for (int i = 0; i < DLQ_N_STATES; i++)
		buf_printf(b, ",\"%s\":%lld", dlq_state_names[i],
			(long long)g->n[i]);
	buf_append_char(b, ',');
	letters_put_time(b, "first_at", g->first_ms * 1000);
	buf_append_char(b, ',');
	letters_put_time(b, "last_at", g->last_ms * 1000);
	buf_append_lit(b, ",\"sample_id\":");
	letters_put_id(b, &sample);
	buf_append_char(b, '}');
}

/* Their cursor is how many came before: they are few. */
static int
groups(struct admin_call *c, const struct dlq_filter *f, int64_t behind,
	struct err *e)
{
	int64_t cursor = 0, limit = ADMIN_PAGE_MAX, end;
	struct dlq_group *g;
	uint32_t n;
	int rc = admin_query_i64(c, "limit", 1, ADMIN_PAGE_MAX, &limit, e);

	if (rc == 0)
		rc = admin_query_i64(c, "cursor", 0, INT32_MAX, &cursor, e);
	if (rc == 0)
		rc = dlq_groups(c->a->dlq, f, c->arena, &g, &n, e);
	if (rc < 0)
		return rc;
	end = cursor + limit < n ? cursor + limit : n;
	buf_append_lit(&c->out, "{\"items\":[");
	for (int64_t i = cursor; i < end; i++) {
		if (i > cursor)
			buf_append_char(&c->out, ',');
		put_group(&c->out, &g[i], f->states);
	}
	buf_append_lit(&c->out, "],\"next\":");
	if (end < n)
		buf_printf(&c->out, "\"%lld\"", (long long)end);
	else
		buf_append_lit(&c->out, "null");
	buf_printf(&c->out, ",\"not_indexed\":%lld}\n", (long long)behind);
	return 0;
}

static int
ask(struct admin_call *c, bool in_groups, struct err *e)
{
	struct dlq_filter f;
	int64_t behind;
	int rc = letters_filter(c, false, SHOWN, &f, e);

	if (rc == 0)
		rc = letters_sync(c, &behind, e);
	if (rc < 0)
		return rc;
	return in_groups ? groups(c, &f, behind, e) : list(c, &f, behind, e);
}

int
admin_dlq_list(struct admin_call *c, struct err *e)
{
	return ask(c, admin_query_flag(c, "by_error"), e);
}

int
admin_dlq_groups(struct admin_call *c, struct err *e)
{
	return ask(c, true, e);
}

int
admin_dlq_show(struct admin_call *c, struct err *e)
{
	struct batch_record_view rec;
	struct dlq_row row;
	int64_t behind;
	int rc = letters_sync(c, &behind, e);

	if (rc == 0)
		rc = dlq_find(c->a->dlq, c->param[0], &row, e);
	if (rc == 0)
		rc = dlq_read(c->a->dlq, &row, c->arena, &rec, e);
	if (rc == -ERR_NOT_FOUND && behind > 0)
		rc = err_set(e, ERR_BUSY,
			"%lld letter(s) are not yet read: ask again",
			(long long)behind);
	if (rc < 0)
		return rc;
	letters_put(&c->out, &row, &rec, c->arena, true);
	buf_append_char(&c->out, '\n');
	return 0;
}
