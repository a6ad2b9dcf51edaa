#include <string.h>

#include "admin/admin_int.h"
#include "admin/letters.h"
#include "base/json_write.h"
#include "base/mem.h"

#define ERRORS_MAX 1000
#define IDS_MAX 10000

/* Letters of one step and error, counted. */
struct count {
	struct slice step, error;
	int64_t n;
};

static int
count_letter(struct admin_call *c, struct count *counts, int *n,
	const struct letter *l, struct err *e)
{
	for (int i = 0; i < *n; i++)
		if (slice_eq(counts[i].step, l->step) &&
			slice_eq(counts[i].error, l->error)) {
			counts[i].n++;
			return 0;
		}
	if (*n == ERRORS_MAX)
		return err_set(e, ERR_TOO_BIG, "more than %d different errors",
			ERRORS_MAX);
	counts[*n] = (struct count){arena_dup_slice(c->arena, l->step),
		arena_dup_slice(c->arena, l->error), 1};
	(*n)++;
	return 0;
}

static int
list_by_error(struct admin_call *c, struct letters *all, struct err *e)
{
	struct count *counts =
		arena_zalloc(c->arena, ERRORS_MAX, sizeof(*counts));
	struct letter l;
	int n = 0;
	int rc;

	if (counts == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	while ((rc = letters_next(all, &l, e)) == 1) {
		rc = count_letter(c, counts, &n, &l, e);
		if (rc < 0)
			break;
	}
	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "{\"items\":[");
	for (int i = 0; i < n; i++) {
		buf_append_str(&c->out, i == 0 ? "{\"step\":" : ",{\"step\":");
		json_put_string(&c->out, counts[i].step);
		buf_append_lit(&c->out, ",\"error\":");
		json_put_string(&c->out, counts[i].error);
		buf_printf(&c->out, ",\"count\":%lld}", (long long)counts[i].n);
	}
	buf_append_lit(&c->out, "],\"next\":null}\n");
	return 0;
}

/* A page of letters; the cursor is how many came before. */
static int
list_page(struct admin_call *c, struct letters *all, struct err *e)
{
	int64_t cursor = 0;
	int64_t limit = ADMIN_PAGE_MAX;
	int64_t at = 0;
	struct letter l;
	bool first = true;
	int rc = admin_query_i64(c, "cursor", 0, INT64_MAX, &cursor, e);

	if (rc == 0)
		rc = admin_query_i64(c, "limit", 1, ADMIN_PAGE_MAX, &limit, e);
	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "{\"items\":[");
	while ((rc = letters_next(all, &l, e)) == 1) {
		if (at++ < cursor)
			continue;
		if (at > cursor + limit || c->out.len > ADMIN_PAGE_BYTES)
			break;
		if (!first)
			buf_append_char(&c->out, ',');
		first = false;
		letter_write_json(&c->out, &l, c->arena, false);
	}
	if (rc < 0)
		return rc;
	if (rc == 1)
		buf_printf(
			&c->out, "],\"next\":\"%lld\"}\n", (long long)(at - 1));
	else
		buf_append_lit(&c->out, "],\"next\":null}\n");
	return 0;
}

int
admin_dlq_list(struct admin_call *c, struct err *e)
{
	struct letters *all;
	int rc = letters_open(c->a, &all, e);

	if (rc < 0)
		return rc;
	rc = admin_query_flag(c, "by_error") ? list_by_error(c, all, e)
					     : list_page(c, all, e);
	letters_close(all);
	return rc;
}

int
admin_dlq_show(struct admin_call *c, struct err *e)
{
	struct letters *all;
	struct letter l;
	int rc = letters_open(c->a, &all, e);

	if (rc < 0)
		return rc;
	while ((rc = letters_next(all, &l, e)) == 1)
		if (slice_eq(l.id, c->param[0]))
			break;
	if (rc == 1) {
		letter_write_json(&c->out, &l, c->arena, true);
		buf_append_char(&c->out, '\n');
		rc = 0;
	} else if (rc == 0) {
		rc = err_set(e, ERR_NOT_FOUND,
			"no dead letter has the id %.*s: see sluice dlq list",
			SLICE_FMT(c->param[0]));
	}
	letters_close(all);
	return rc;
}

/* What is to be replayed. */
struct wanted {
	bool all, again;
	const char *error; /* NULL: any */
	struct slice *ids;
	bool *found;
	uint32_t n;
};

static int
read_ids(struct admin_call *c, struct wanted *w, struct err *e)
{
	uint32_t list = json_member(&c->json, 0, SLICE_LIT("ids"));

	if (list == 0)
		return 0;
	if (c->json.nodes[list].type != JSON_ARRAY ||
		c->json.nodes[list].n > IDS_MAX)
		return admin_invalid(c, e, "ids",
			"ids: an array of at most %d is wanted", IDS_MAX);
	w->ids = arena_zalloc(
		c->arena, c->json.nodes[list].n + 1, sizeof(*w->ids));
	w->found = arena_zalloc(
		c->arena, c->json.nodes[list].n + 1, sizeof(*w->found));
	if (w->ids == NULL || w->found == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	for (uint32_t i = json_first(&c->json, list);
		i < c->json.nodes[list].next; i = c->json.nodes[i].next) {
		if (c->json.nodes[i].type != JSON_STRING)
			return admin_invalid(
				c, e, "ids", "ids: strings are wanted");
		w->ids[w->n++] = json_string(&c->json, i, c->arena);
	}
	return 0;
}

static bool
is_wanted(struct wanted *w, const struct letter *l)
{
	bool by_id = false;

	for (uint32_t i = 0; i < w->n; i++)
		if (slice_eq(w->ids[i], l->id))
			by_id = w->found[i] = true;
	if (by_id)
		return true;
	if (!w->all || (l->replayed_at_us != 0 && !w->again))
		return false;
	return w->error == NULL || slice_eq_str(l->error, w->error);
}

/* Replays what is wanted of the letters that stand there now. */
static int
replay_all(struct admin_call *c, struct wanted *w, int64_t *n, struct err *e)
{
	struct letters *all;
	struct letter l;
	int rc = letters_open(c->a, &all, e);

	if (rc < 0)
		return rc;
	while ((rc = letters_next(all, &l, e)) == 1) {
		if (!is_wanted(w, &l))
			continue;
		rc = letter_replay(c->a, &l, w->again, e);
		if (rc == -ERR_EXISTS)
			rc = err_set(e, ERR_EXISTS,
				"letter %.*s was replayed before: --again does "
				"it once more",
				SLICE_FMT(l.id));
		else if (rc < 0)
			err_prefix(e, "letter %.*s", SLICE_FMT(l.id));
		if (rc < 0)
			break;
		(*n)++;
	}
	letters_close(all);
	return rc;
}

int
admin_dlq_replay(struct admin_call *c, struct err *e)
{
	struct wanted w = {0};
	int64_t n = 0;
	int rc = admin_need_body(c, e);

	if (rc < 0)
		return rc;
	w.all = admin_body_flag(c, "all");
	w.again = admin_body_flag(c, "again");
	rc = admin_body_string(c, "error", &w.error, e);
	if (rc == 0)
		rc = read_ids(c, &w, e);
	if (rc == 0)
		rc = replay_all(c, &w, &n, e);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < w.n; i++)
		if (!w.found[i])
			return err_set(e, ERR_NOT_FOUND,
				"no dead letter has the id %.*s (%lld others "
				"were replayed)",
				SLICE_FMT(w.ids[i]), (long long)n);
	buf_printf(&c->out, "{\"replayed\":%lld}\n", (long long)n);
	return 0;
}
