#include <stdio.h>

#include "admin/person_store.h"
#include "base/clock.h"
#include "persondb/persondb.h"

/*
 * Persons by a property, in the store itself and so as it is now. No index
 * helps, so a page is of what a second finds among the next so many persons;
 * the answer says how many were looked at and where to go on.
 */
#define SCAN_MAX 50000
#define SCAN_NS INT64_C(1500000000)

static const char *const matches[PERSONDB_N_MATCHES] = {
	[PERSONDB_IS] = "is",
	[PERSONDB_CONTAINS] = "contains",
	[PERSONDB_IS_SET] = "is_set",
};

static int
read_find(struct admin_call *c, struct persondb_find *f, struct err *e)
{
	struct slice match = admin_query(c, "operator");
	int64_t limit = 50;
	int rc = admin_query_i64(c, "limit", 1, ADMIN_PAGE_MAX, &limit, e);

	if (rc < 0)
		return rc;
	*f = (struct persondb_find){
		.property = admin_query(c, "property"),
		.value = admin_query(c, "value"),
		.limit = (int)limit,
		.scan_max = SCAN_MAX,
		.deadline_ns = clock_mono_ns() + SCAN_NS,
	};
	for (int i = 0; i < PERSONDB_N_MATCHES; i++)
		if (slice_eq_str(match, matches[i]))
			f->match = (enum persondb_match)i;
	if (f->property.len == 0)
		return admin_invalid(
			c, e, "property", "property: a name is wanted");
	if (f->match == PERSONDB_CONTAINS && f->value.len == 0)
		return admin_invalid(c, e, "value",
			"value: what is to be contained is wanted");
	if (memchr(f->property.p, '\0', f->property.len) != NULL ||
		(f->value.len > 0 &&
			memchr(f->value.p, '\0', f->value.len) != NULL))
		return admin_invalid(c, e, "value", "no zero bytes are wanted");
	return 0;
}

int
admin_persons_search(struct admin_call *c, struct err *e)
{
	struct persondb_find f;
	struct admin_persons p;
	struct buf lines;
	char more[40];
	int64_t cursor = 0, scanned = 0, team_id;
	int rc = admin_query_i64(c, "cursor", 0, INT64_MAX, &cursor, e);

	if (rc == 0)
		rc = read_find(c, &f, e);
	if (rc == 0)
		rc = admin_persons_begin(c, &team_id, &p, e);
	if (rc < 0)
		return rc;
	buf_init(&lines, ADMIN_ANSWER_MAX_BYTES);
	rc = admin_persons_find(&p, team_id, &f, &cursor, &scanned, &lines, e);
	admin_persons_close(&p);
	if (rc == 0 && lines.failed)
		rc = err_set(e, ERR_TOO_BIG, "the page is too large");
	snprintf(more, sizeof(more), ",\"scanned\":%lld", (long long)scanned);
	if (rc == 0)
		admin_put_page(c, &lines, cursor, more);
	buf_fini(&lines);
	return rc;
}
