#include "admin/person_store.h"

#include "persondb/definitions.h"
#include "persondb/persondb.h"
#include "persondb/pg.h"
#include "pg/pg.h"
#include "pg/schema.h"
#include "store/store.h"

/* A server that is known to be away is not waited for: a worker would hang for
 * the whole time-out. What the daemon does meanwhile finds it again. */
static int
check_up(struct pg *pg, struct err *e)
{
	struct pg_status st;

	pg_status(pg, &st);
	return st.state == PG_DOWN
		       ? err_set(e, ERR_UNAVAILABLE,
				 "persons are in Postgres, which is away: %s",
				 st.why)
		       : 0;
}

static int
connect(struct admin_persons *p, struct pg *pg, struct err *e)
{
	struct pg_schema schema;
	int rc = check_up(pg, e);

	if (rc == 0)
		rc = pg_conn_new(pg, "admin", &p->pg, e);
	if (rc == 0)
		rc = pg_connect(p->pg, e);
	if (rc == 0)
		rc = pg_schema_look(p->pg, &schema, e);
	if (rc == 0 && !schema.is_prepared)
		rc = err_set(e, ERR_UNAVAILABLE,
			"Postgres has no tables of persons yet");
	if (rc == 0)
		rc = persondb_pg_new(p->pg, &p->db, e);
	if (rc == 0)
		rc = persondb_pg_connected(p->db, &schema, false, e);
	return rc;
}

int
admin_persons_open(struct admin *a, struct admin_persons *out, struct err *e)
{
	int rc;

	*out = (struct admin_persons){0};
	if (a->o.state == NULL)
		return err_set(
			e, ERR_UNAVAILABLE, "persons need the running daemon");
	if (a->o.pg == NULL)
		return store_reader_open(a->o.state, &out->conn, e);
	rc = connect(out, a->o.pg, e);
	if (rc != 0)
		admin_persons_close(out);
	return rc;
}

void
admin_persons_close(struct admin_persons *p)
{
	if (p->conn != NULL)
		store_reader_close(p->conn);
	persondb_pg_free(p->db);
	pg_conn_free(p->pg);
	*p = (struct admin_persons){0};
}

static const struct {
	int (*state)(struct store_conn *c, int64_t team_id, int64_t *cursor,
		int limit, struct buf *out, struct err *e);
	int (*pg)(struct persondb_pg *d, int64_t team_id, int64_t *cursor,
		int limit, struct buf *out, struct err *e);
} lists[] = {
	[ADMIN_LIST_PERSONS] = {persondb_list, persondb_pg_list},
	[ADMIN_LIST_GROUPS] = {persondb_list_groups, persondb_pg_list_groups},
	[ADMIN_LIST_EVENTS] = {persondb_list_event_definitions,
		persondb_pg_list_event_definitions},
	[ADMIN_LIST_PROPERTIES] = {persondb_list_property_definitions,
		persondb_pg_list_property_definitions},
	[ADMIN_LIST_EVENT_PROPERTIES] = {persondb_list_event_properties,
		persondb_pg_list_event_properties},
};

int
admin_persons_page(struct admin_persons *p, enum admin_list what,
	int64_t team_id, int64_t *cursor, int limit, struct buf *out,
	struct err *e)
{
	if (p->conn != NULL)
		return lists[what].state(
			p->conn, team_id, cursor, limit, out, e);
	return lists[what].pg(p->db, team_id, cursor, limit, out, e);
}

int
admin_persons_find(struct admin_persons *p, int64_t team_id,
	const struct persondb_find *f, int64_t *cursor, int64_t *scanned,
	struct buf *out, struct err *e)
{
	if (p->conn != NULL)
		return persondb_find(
			p->conn, team_id, f, cursor, scanned, out, e);
	return persondb_pg_find(p->db, team_id, f, cursor, scanned, out, e);
}

int
admin_persons_groups_of(struct admin_persons *p, int64_t team_id,
	struct slice type, int64_t *cursor, int limit, struct buf *out,
	struct err *e)
{
	if (p->conn != NULL)
		return persondb_list_groups_of(
			p->conn, team_id, type, cursor, limit, out, e);
	return persondb_pg_list_groups_of(
		p->db, team_id, type, cursor, limit, out, e);
}

int
admin_persons_one(struct admin_persons *p, int64_t team_id,
	struct slice distinct_id, struct slice uuid, struct buf *out,
	struct err *e)
{
	if (p->conn != NULL)
		return persondb_show(
			p->conn, team_id, distinct_id, uuid, out, e);
	return persondb_pg_show(p->db, team_id, distinct_id, uuid, out, e);
}

int
admin_persons_group(struct admin_persons *p, int64_t team_id, struct slice type,
	struct slice key, struct buf *out, struct err *e)
{
	if (p->conn != NULL)
		return persondb_show_group(p->conn, team_id, type, key, out, e);
	return persondb_pg_show_group(p->db, team_id, type, key, out, e);
}

int
admin_persons_types(struct admin_persons *p, int64_t team_id, struct buf *out,
	struct err *e)
{
	if (p->conn != NULL)
		return persondb_group_types(p->conn, team_id, out, e);
	return persondb_pg_group_types(p->db, team_id, out, e);
}
