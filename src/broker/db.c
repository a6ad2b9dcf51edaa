#include "broker/db.h"

#define LIVE_PART                                                              \
	"(SELECT id FROM part WHERE topic = ?1 AND idx = ?2 AND deleted = 0)"

static const char *const texts[BROKER_SQL_N] = {
	[BROKER_SQL_META_GET] = "SELECT value FROM meta WHERE key = ?1",
	[BROKER_SQL_META_PUT] =
		"INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
	[BROKER_SQL_TOPIC_ALL] =
		"SELECT t.id, t.name, t.uuid, t.deleted,"
		" (SELECT count(*) FROM topic_part p WHERE p.topic = t.id)"
		" FROM topic t ORDER BY t.id",
	[BROKER_SQL_TOPIC_ADD] = "INSERT INTO topic"
				 " (name, uuid, created_at_us, internal)"
				 " VALUES (?1, ?2, ?3, ?4)",
	[BROKER_SQL_TOPIC_GOING] = "UPDATE topic SET deleted = 1 WHERE id = ?1",
	[BROKER_SQL_TOPIC_REMOVE] = "DELETE FROM topic WHERE id = ?1",
	[BROKER_SQL_PART_ADD] = "INSERT OR IGNORE INTO topic_part"
				" (topic, idx, file) VALUES (?1, ?2, ?3)",
	[BROKER_SQL_PART_REMOVE] = "DELETE FROM topic_part WHERE topic = ?1",
	[BROKER_SQL_CONFIG_ALL] = "SELECT topic, name, value FROM topic_config",
	[BROKER_SQL_CONFIG_ADD] = "INSERT OR REPLACE INTO topic_config"
				  " (topic, name, value) VALUES (?1, ?2, ?3)",
	[BROKER_SQL_CONFIG_REMOVE] =
		"DELETE FROM topic_config WHERE topic = ?1",
	[BROKER_SQL_PID_GET] = "SELECT next FROM pid_block WHERE one = 1",
	[BROKER_SQL_PID_SET] = "UPDATE pid_block SET next = ?1 WHERE one = 1",
	[BROKER_SQL_GROUP_ALL] =
		"SELECT id, state, generation, protocol_type, protocol, leader,"
		" members, changed_at_us FROM grp",
	[BROKER_SQL_GROUP_PUT] =
		"INSERT OR REPLACE INTO grp (id, state, generation,"
		" protocol_type, protocol, leader, members, changed_at_us)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[BROKER_SQL_GROUP_REMOVE] = "DELETE FROM grp WHERE id = ?1",
	[BROKER_SQL_OFFSET_ALL] =
		"SELECT grp, topic, idx, off, epoch, meta, committed_at_us"
		" FROM grp_offset",
	[BROKER_SQL_OFFSET_PUT] =
		"INSERT OR REPLACE INTO grp_offset (grp, topic, idx, off,"
		" epoch, meta, committed_at_us)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[BROKER_SQL_OFFSETS_OF_TOPIC_REMOVE] =
		"DELETE FROM grp_offset WHERE topic = ?1",
	[BROKER_SQL_OFFSETS_OF_GROUP_REMOVE] =
		"DELETE FROM grp_offset WHERE grp = ?1",
	[BROKER_SQL_PRODUCER_GET] = "SELECT epoch, ring, used FROM producer"
				    " WHERE part = " LIVE_PART " AND pid = ?3",
	[BROKER_SQL_PRODUCER_PUT] =
		"INSERT OR REPLACE INTO producer (part, pid, epoch, ring, used)"
		" VALUES (" LIVE_PART ", ?3, ?4, ?5, ?6)",
	[BROKER_SQL_PRODUCERS_EXPIRE] = "DELETE FROM producer WHERE used < ?1",
};
const struct sql_set broker_sql = {"broker", texts, BROKER_SQL_N};

int
broker_load_rows(struct broker *b, struct store_conn *c, enum broker_sql sql,
	int (*row)(struct broker *, struct store_stmt *, struct err *),
	struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &broker_sql, sql, &st, e);

	while (r == 0 && (r = sql_step(st, e)) == 1) {
		r = row(b, st, e);
		if (r != 0)
			sql_reset(st);
	}
	return r;
}

static void
on_post(struct broker *b, struct post *p)
{
	struct broker_job *j =
		(struct broker_job *)(void *)((char *)p -
					      offsetof(
						      struct broker_job, post));

	b->n_outside--;
	j->finish(b, j);
}

/* @thread store */
void
broker_job_done(struct store_job *sj, const struct err *result)
{
	struct broker_job *j = (struct broker_job *)(void *)sj;

	j->result = *result;
	broker_post(j->b, &j->post);
}

void
broker_job_prepare(struct broker *b, struct broker_job *j)
{
	_Static_assert(offsetof(struct broker_job, job) == 0, "cast");
	j->b = b;
	j->post.fn = on_post;
	j->job.done = broker_job_done;
}

int
broker_job_submit(
	struct broker *b, struct store *s, struct broker_job *j, struct err *e)
{
	int r;

	broker_job_prepare(b, j);
	r = store_submit(s, &j->job, e);
	if (r == 0)
		b->n_outside++;
	return r;
}
