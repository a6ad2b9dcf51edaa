#include "persondb/fill.h"

#include <stdio.h>
#include <string.h>

#include "person/person.h"
#include "persondb/sql.h"
#include "store/store.h"

#define PERSONS_A_JOB 20000
/* Measured: the row, its entries in four indexes, and the write-ahead log. */
#define BYTES_A_PERSON 1150
#define BYTES_OF_LOG (INT64_C(512) * 1024 * 1024)
#define PROPERTIES_MAX 4096

int64_t
persondb_fill_bytes(int64_t n)
{
	return n * BYTES_A_PERSON + BYTES_OF_LOG;
}

/* The names are those of the load's page views that persons get. */
static void
put_names(struct buf *b, const char *initial, int64_t i, uint64_t x)
{
	buf_printf(b,
		"\"$%sos\":\"Mac OS X\",\"$%sbrowser\":\"Chrome\","
		"\"$%sdevice_type\":\"Desktop\",\"$%scurrent_url\":"
		"\"https://shop.example/p/%016llx%016llx%08llx?q=%lld\","
		"\"$%spathname\":\"/p/%lld\",",
		initial, initial, initial, initial, (unsigned long long)x,
		(unsigned long long)(x * 31), (unsigned long long)(x >> 32),
		(long long)i, initial, (long long)(i % 1000000));
	buf_printf(b,
		"\"$%sbrowser_version\":%d,\"$%sscreen_height\":%d,"
		"\"$%sscreen_width\":%d,\"$%sviewport_height\":%d,"
		"\"$%sviewport_width\":%d,",
		initial, 100 + (int)(x % 30), initial, 700 + (int)(x % 800),
		initial, 1000 + (int)(x % 1500), initial, 500 + (int)(x % 900),
		initial, 900 + (int)(x % 1500));
}

void
persondb_fill_person(int64_t team_id, int64_t i,
	char id[PERSONDB_FILL_ID_BYTES], struct uuid *uuid,
	struct buf *properties)
{
	char text[PERSONDB_FILL_ID_BYTES + 1];
	char uuid_text[UUID_TEXT];
	uint64_t x;

	snprintf(text, sizeof(text), "user-%08d", (int)i);
	memcpy(id, text, PERSONDB_FILL_ID_BYTES);
	person_uuid(team_id, slice_of(id, PERSONDB_FILL_ID_BYTES), uuid);
	uuid_format(uuid, uuid_text);
	memcpy(&x, uuid->b, sizeof(x));
	buf_append_char(properties, '{');
	put_names(properties, "initial_", i, x);
	put_names(properties, "", i, x);
	buf_append_lit(properties, "\"$creator_event_uuid\":\"");
	buf_append(properties, uuid_text, UUID_TEXT);
	buf_append_lit(properties, "\",\"plan\":\"p-00000000\"}");
}

struct fill_job {
	struct store_job job;
	int64_t team_id;
	int64_t from, to;
	struct buf *properties;
};

static int
add_person(struct fill_job *f, struct store_conn *c, int64_t i, struct err *e)
{
	char id[PERSONDB_FILL_ID_BYTES];
	struct store_stmt *st;
	struct uuid uuid;

	buf_reset(f->properties);
	persondb_fill_person(f->team_id, i, id, &uuid, f->properties);
	if (sql_get(c, &persondb_sql, PERSONDB_PERSON_INSERT, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, f->team_id);
	sql_bind_blob(st, 2, slice_of((const char *)uuid.b, sizeof(uuid.b)));
	sql_bind_i64(st, 3, PERSONDB_FILL_CREATED_AT_US);
	sql_bind_i64(st, 4, 0);
	sql_bind_i64(st, 5, 0);
	sql_bind_text(st, 6, buf_slice(f->properties));
	sql_bind_null(st, 7);
	sql_bind_i64(st, 8, 0);
	if (sql_run(st, e) != 0 ||
		sql_get(c, &persondb_sql, PERSONDB_ID_PUT, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, f->team_id);
	sql_bind_text(st, 2, slice_of(id, sizeof(id)));
	sql_bind_i64(st, 3, sql_last_rowid(c));
	sql_bind_i64(st, 4, 1);
	sql_bind_i64(st, 5, 0);
	return sql_run(st, e);
}

static int
run_add(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct fill_job *f = (struct fill_job *)(void *)j;
	int r = 0;

	for (int64_t i = f->from; r == 0 && i < f->to; i++)
		r = add_person(f, c, i, e);
	return r;
}

static int
run_one(struct store_conn *c, int statement, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &persondb_sql, statement, &st, e);

	return r != 0 ? r : sql_run(st, e);
}

static int
run_drop(struct store_job *j, struct store_conn *c, struct err *e)
{
	(void)j;
	return run_one(c, PERSONDB_FILL_DROP, e);
}

static int
run_index(struct store_job *j, struct store_conn *c, struct err *e)
{
	(void)j;
	return run_one(c, PERSONDB_FILL_INDEX, e);
}

/* The uuids are in no order, so their index is made once all are there: it
 * would be written again and again. */
int
persondb_fill(struct store *state, int64_t team_id, int64_t n, struct err *e)
{
	struct store_job drop = {.run = run_drop};
	struct store_job index = {.run = run_index};
	struct buf properties;
	struct fill_job f = {.team_id = team_id, .properties = &properties};
	int r = store_call(state, &drop, e);

	buf_init(&properties, PROPERTIES_MAX);
	while (r == 0 && f.to < n) {
		f.job = (struct store_job){.run = run_add};
		f.from = f.to;
		f.to = n - f.from > PERSONS_A_JOB ? f.from + PERSONS_A_JOB : n;
		r = store_call(state, &f.job, e);
	}
	buf_fini(&properties);
	return r != 0 ? r : store_call(state, &index, e);
}
