#ifndef SLUICE_TESTS_PERSON_MEMORY_DB_H
#define SLUICE_TESTS_PERSON_MEMORY_DB_H

#include "person/person.h"

/*
 * A store for the working set in memory, for tests of person/ without SQLite:
 * the same two operations as persondb/. It also keeps the last message of each
 * key, as a reader of the output topics would see it, and notes when a version
 * does not grow.
 */
struct memory_person {
	struct memory_person *next;
	int64_t team_id, row_id, created_at_us, version;
	struct uuid uuid;
	bool is_identified, is_deleted, has_last_seen;
	int64_t last_seen_at_us;
	struct slice text;
	int64_t message_version;
	struct slice message_text;
	bool message_deleted, has_message;
};

struct memory_id {
	struct memory_id *next;
	int64_t team_id, row_id, version;
	struct slice id;
	struct memory_person *person; /* NULL: a tombstone */
	int64_t message_version;
	struct uuid message_uuid;
	bool message_deleted;
};

struct memory_personless {
	struct memory_personless *next;
	int64_t team_id;
	struct slice id;
	bool is_merged;
};

struct memory_group {
	struct memory_group *next;
	int64_t team_id, version, created_at_us;
	int type_index;
	struct slice type, key, text;
};

struct memory_type {
	struct memory_type *next;
	int64_t project_id, team_id, created_at_us;
	int index;
	struct slice name;
};

struct memory_db {
	struct arena arena;
	int64_t last_row_id;
	struct memory_person *persons;
	struct memory_id *ids; /* in order of rows */
	struct memory_personless *personless;
	struct memory_group *groups;
	struct memory_type *types;
	uint32_t n_person_messages;
	bool went_back; /* a message's version was not above the last one */
};

void memory_db_init(struct memory_db *db);
void memory_db_fini(struct memory_db *db);
int memory_db_load(struct memory_db *db, struct person_set *s, struct err *e);
int memory_db_save(struct memory_db *db, struct person_set *s, struct err *e);

#endif
