#include "clickhouse/host.h"

#include "base/sql_text.h"

extern const struct sql_text sql_embedded[];

/* clickhouse-3: views write to tables at once, never through a buffer, so rows
 * are on disk before their offsets are committed. */
#define MAX_STATEMENT_BYTES 65536
#define TOPICS "kafka_topic_list = '"

bool
host_schema_next(const char **at, struct slice *statement)
{
	const char *end;

	while (**at == '\n' || **at == ' ')
		(*at)++;
	if (**at == '\0')
		return false;
	end = strstr(*at, ";\n");
	if (end == NULL) {
		*statement = slice_str(*at);
		*at += statement->len;
		return true;
	}
	*statement = slice_of(*at, (size_t)(end - *at));
	*at = end + 2;
	return true;
}

void
host_schema_prefix(struct slice statement, const char *prefix, struct buf *out)
{
	const char *p = statement.p, *end = p + statement.len, *found;

	while (prefix[0] != '\0' &&
		(found = memmem(p, (size_t)(end - p), TOPICS,
			 sizeof(TOPICS) - 1)) != NULL) {
		found += sizeof(TOPICS) - 1;
		buf_append(out, p, (size_t)(found - p));
		buf_append_str(out, prefix);
		p = found;
	}
	buf_append(out, p, (size_t)(end - p));
}

static int
apply_file(struct host_engine *g, const struct host_args *a,
	const struct sql_text *file, struct buf *b, struct err *e)
{
	const char *at = file->text;
	struct slice statement;
	int n = 0;

	while (host_schema_next(&at, &statement)) {
		int r;

		n++;
		buf_reset(b);
		host_schema_prefix(statement, a->topic_prefix, b);
		r = b->failed ? err_set(e, ERR_TOO_BIG, "statement too long")
			      : host_engine_run(g, buf_slice(b), NULL, e);
		if (r != 0)
			return err_prefix(e, "%s, statement %d", file->name, n);
	}
	return 0;
}

int
host_schema_apply(
	struct host_engine *g, const struct host_args *a, struct err *e)
{
	struct buf b;
	int r = 0;

	buf_init(&b, MAX_STATEMENT_BYTES);
	for (const struct sql_text *f = sql_embedded; f->name != NULL && r == 0;
		f++)
		r = apply_file(g, a, f, &b, e);
	buf_fini(&b);
	return r;
}
