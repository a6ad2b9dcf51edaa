/*
 * Prepares the database of SLUICE_TEST_POSTGRES_URL as the daemon does and
 * prints what was found, or the error. For test_schema.py.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "pg/pg.h"
#include "pg/schema.h"

static void
print(const struct pg_schema *s)
{
	printf("made_by_sluice=%d person_is_deleted=%d person_last_seen_at=%d "
	       "person_uuid_unique=%d id_is_deleted=%d personless=%d "
	       "group_type_created_at=%d group_type_by_project=%d "
	       "definition_by_project=%d event_enforcement_mode=%d "
	       "definitions=%d\n",
		s->made_by_sluice, s->person_is_deleted, s->person_last_seen_at,
		s->person_uuid_unique, s->id_is_deleted, s->personless,
		s->group_type_created_at, s->group_type_by_project,
		s->definition_by_project, s->event_enforcement_mode,
		s->definitions);
}

static int
prepare(struct pg_conn *c, struct err *e)
{
	struct pg_schema s;
	int rc = pg_connect(c, e);

	/* Twice: the second time nothing is to be done. */
	for (int i = 0; i < 2 && rc == 0; i++)
		rc = pg_schema_prepare(c, &s, e);
	if (rc == 0)
		print(&s);
	return rc;
}

int
main(void)
{
	const struct pg_options o = {
		.url = getenv("SLUICE_TEST_POSTGRES_URL"),
		.schema = getenv("SLUICE_TEST_POSTGRES_SCHEMA"),
		.connect_timeout_ms = 5000,
		.statement_timeout_ms = 20000,
	};
	struct pg_conn *c = NULL;
	struct pg *p = NULL;
	struct err e;
	int rc;

	if (o.url == NULL)
		return 2;
	rc = pg_new(&o, &p, &e);
	if (rc == 0)
		rc = pg_conn_new(p, "test", &c, &e);
	if (rc == 0)
		rc = prepare(c, &e);
	if (rc != 0)
		printf("%s: %s\n", err_name(e.code), e.text);
	pg_conn_free(c);
	pg_free(p);
	return rc != 0;
}
