#ifndef SLUICE_PERSONDB_CACHE_H
#define SLUICE_PERSONDB_CACHE_H

#include <stddef.h>

#include "base/err.h"
#include "person/person.h"

/*
 * Persons of state.db over batches, in bounded memory: distinct ids that have a
 * live person, and persons without their lists of ids. It holds what was
 * committed and nothing else (persondb-7): a save takes out what it changes
 * before its transaction ends, whatever becomes of it; only after the commit is
 * put in what the batch has read and written. Attached to the store, so that
 * every load and save of that file goes by it.
 * @thread store (of state.db)
 */
struct persondb_cache;
struct store;
struct store_conn;

/* max_bytes is taken at once, and touched as it fills. */
MUST_CHECK int persondb_cache_new(
	size_t max_bytes, struct persondb_cache **out, struct err *e);
void persondb_cache_free(struct persondb_cache *c); /* NULL allowed */
/* Before the first job that loads persons; NULL: without. The cache must live
 * as long as the store works. @thread main */
void persondb_cache_attach(struct store *state, struct persondb_cache *c);
/* In done of a job that called persondb_save with s, when it was committed. */
void persondb_cache_committed(struct store *state, struct person_set *s);

/* Inside persondb/. The writer's cache, NULL: none. */
struct persondb_cache *persondb_cache_of(struct store_conn *c);
/* 1: the id and its person are in the set; 0: not known here. NO_MEMORY. */
MUST_CHECK int persondb_cache_find(struct persondb_cache *c,
	struct person_set *s, struct person_id *d, struct err *e);
/* Forgets what the set changes. */
void persondb_cache_forget(struct persondb_cache *c, struct person_set *s);

#endif
