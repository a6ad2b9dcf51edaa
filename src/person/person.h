#ifndef SLUICE_PERSON_PERSON_H
#define SLUICE_PERSON_PERSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/slice.h"
#include "base/uuid.h"
#include "event/event.h"
#include "event/normalise.h"

/*
 * The rules for persons, distinct ids and groups (ingestion spec 5 and 6) over
 * a working set in memory. Pure: no I/O, no clock, no randomness; so the same
 * events in the same order give the same result whatever the batch size.
 *
 * A batch: person_set_new; person_want for each event that has gone through
 * event_normalise; persondb_load; person_apply for each event in order; then
 * the changes are in the lists of the set: the output writes ONE message for
 * each person, distinct id and group in them, persondb_save writes the rows.
 * Everything lives in the batch's arena. One thread at a time.
 */

struct person_id;

/* Text of the error of an event whose merge moves too many ids (spec 1.3). */
#define PERSON_MERGE_LIMIT "Merge limit exceeded"
/* Added to the version in the message of a deletion. */
#define PERSON_DELETE_VERSION_STEP 100
/* First version over a deleted row's, when its uuid or id comes back. */
#define PERSON_REVIVE_VERSION_STEP 101

struct person {
	int64_t team_id;
	int64_t row_id; /* 0: not in the store yet */
	struct uuid uuid;
	char uuid_text[UUID_TEXT];
	int64_t created_at_us;
	int64_t version;
	int64_t stored_version; /* the store's: as loaded */
	int64_t last_seen_at_us; /* a whole hour; if has_last_seen */
	bool has_last_seen;
	bool is_identified;
	bool is_deleted; /* by a merge or by the admin: a tombstone is kept */
	bool is_stored_deleted; /* its row says so; the store's */
	bool is_cached; /* unchanged in a cache of the store's */
	bool deleted_by_admin; /* then its message has properties {} */
	bool is_changed; /* is in set->persons_changed */
	bool ids_loaded; /* ids is complete */
	bool is_parsed; /* props is valid */
	bool text_valid; /* text is that of props */
	struct slice text; /* properties as JSON text, compact */
	struct props props;
	struct person *merged_into; /* swallowed by it in this batch, or NULL */
	/* JSON of properties_last_updated_at and properties_last_operation of a
	 * person made in this batch; p NULL unless the set keeps origins. */
	struct slice origin_times, origin_operations;
	struct person_id *ids; /* its distinct ids, first attached first */
	struct person_id *ids_tail;
	struct person *next_changed; /* order of first change */
	struct person *next_by_uuid;
};

/* One distinct id that the batch looks at. */
struct person_id {
	int64_t team_id;
	struct slice id;
	uint64_t hash;
	struct person *person; /* NULL: nobody's */
	int64_t seq; /* the store's, of its place among its person's ids */
	int64_t stored_owner; /* the store's: row id of its person as loaded */
	int64_t version; /* of the row; of a deleted row if is_tombstone */
	bool is_cached; /* unchanged in a cache of the store's */
	bool is_tombstone; /* the row is a deleted one */
	bool is_deleted; /* deleted in this batch: message with is_deleted 1 */
	bool is_changed; /* is in set->ids_changed */
	bool is_loaded;
	bool want_person_ids; /* load all ids of its person (merges) */
	bool want_personless;
	bool personless_stored; /* the store's: there is a row of that */
	bool personless; /* has a row of personless use */
	bool personless_merged; /* that row says is_merged */
	bool personless_changed; /* is in set->personless_changed */
	struct person *stored_tombstone; /* deleted person with this id's uuid,
					    or NULL; loaded if nobody's */
	struct person_id *next_of_person;
	struct person_id *next_changed;
	struct person_id *next_personless;
	struct person_id *next_hash;
	struct person_id *next; /* all, in order of want */
};

struct person_group {
	int64_t team_id;
	int64_t row_id, stored_version; /* the store's: as loaded */
	int type_index; /* -1: its type has none (yet) */
	struct slice type;
	struct slice key;
	uint64_t hash;
	int64_t version; /* 0: no row yet */
	int64_t created_at_us;
	struct slice text; /* properties as JSON text */
	struct props props;
	bool is_loaded, is_parsed, is_changed;
	struct person_group *next_changed;
	struct person_group *next_hash;
	struct person_group *next;
};

/* Group types; teams of one owner share them (person-6). */
struct person_types {
	int64_t owner_id; /* the project, or as the store has it */
	bool is_loaded;
	int n;
	int n_stored; /* those below are in the store */
	struct {
		struct slice name;
		int index;
		int64_t team_id; /* that used it first; of those not stored */
		int64_t created_at_us;
	} list[LIMIT_GROUP_TYPES];
	struct person_types *next;
};

struct person_team {
	int64_t team_id;
	int64_t project_id;
	bool want_types;
	struct person_types *types; /* NULL until a load of what is wanted */
	struct person_team *next;
};

/*
 * A person whose properties the store would not take (5.11). Named once: its
 * changes that grow are refused, what makes it anew or merges it is trimmed.
 * Named again: it is trimmed as it stands, its changes are lost.
 */
struct person_refused {
	int64_t team_id;
	struct uuid uuid;
	struct person_refused *next;
};

struct person_set {
	struct arena *arena;
	struct buf *scratch; /* borrowed */
	/* All that is looked at, in order of want. */
	struct person_id *ids, **ids_tail;
	struct person_group *groups, **groups_tail;
	struct person_team *teams;
	struct person_types *types;
	uint32_t n_ids, n_groups;
	/* Changes, each once, in order of the first change. */
	struct person *persons_changed, **persons_changed_tail;
	struct person_id *ids_changed, **ids_changed_tail;
	struct person_id *personless_changed, **personless_changed_tail;
	struct person_group *groups_changed, **groups_changed_tail;
	/* Hash tables. */
	struct person_id **id_table;
	struct person_group **group_table;
	uint32_t id_mask, group_mask;
	struct person **uuid_table;
	uint32_t uuid_mask, n_persons;
	/* Whose changes the store would not take at an earlier try; given by
	 * the caller after person_set_init, NULL at the first. */
	struct person_refused *refused;
	/* Most distinct ids that one merge may move; 0: no limit. Set by the
	 * caller after person_set_init. */
	uint32_t merge_limit;
	bool keeps_origins; /* set by a store whose rows have them */
	uint64_t saved_as; /* the store's */
	bool failed; /* no memory */
};

/* scratch is used while a call runs; its maximum bounds person properties. */
MUST_CHECK int person_set_init(struct person_set *s, struct arena *a,
	struct buf *scratch, struct err *e);

/* Names what the event needs loaded. NO_MEMORY. */
MUST_CHECK int person_want(
	struct person_set *s, const struct event *ev, struct err *e);
/* One id; with_ids: all ids of its person too. */
MUST_CHECK int person_want_id(struct person_set *s, int64_t team_id,
	struct slice id, bool with_ids, struct err *e);

struct person_result {
	struct slice uuid; /* 36 characters */
	int64_t created_at_us;
	/* The event's view (5.7): JSON text; or p is NULL and these rows, in
	 * this order and with holes (key.p NULL), are still to be written. */
	struct slice properties;
	const struct prop *rows;
	uint32_t n_rows;
	enum event_mode mode;
	struct person *person; /* NULL: a made-up one */
};

/* The event's view as JSON text, appended. Any thread. */
void person_put_properties(const struct person_result *r, struct buf *out);

/*
 * What several threads may share out between loading and applying, and between
 * applying and saving: each person is one thread's, with an arena and a buf of
 * its own that live as long as the set. Not doing it, or a failure, changes
 * nothing but who does the work. The lists are in the set's arena; NULL: none.
 */
struct person **person_unparsed(struct person_set *s, uint32_t *n);
void person_parse(struct person *p, struct arena *a);
struct person **person_unwritten(struct person_set *s, uint32_t *n);
void person_write(struct person *p, struct arena *a, struct buf *scratch);
/* Before the changes are read: writes what is not written yet. NO_MEMORY. */
MUST_CHECK int person_write_all(struct person_set *s, struct err *e);

/*
 * Applies one event: person (5.1-5.11), groups (6; $group_N are set in
 * ev->props), warnings into ev->warnings. Everything the event wants must be
 * loaded. Not for kind EVENT_HEATMAP. NO_MEMORY leaves the set unusable, and so
 * does TOO_BIG, with the text PERSON_MERGE_LIMIT: a merge over merge_limit.
 */
MUST_CHECK int person_apply(struct person_set *s, struct event *ev,
	struct event_work *w, struct person_result *out, struct err *e);

/* Deletes the person of a loaded id (want with_ids) with all its ids (5.13).
 * NOT_FOUND. */
MUST_CHECK int person_delete(
	struct person_set *s, int64_t team_id, struct slice id, struct err *e);

/* Versions in messages: those of deletions are raised. */
int64_t person_message_version(const struct person *p);
int64_t person_id_message_version(const struct person_id *d);
/* Properties in the person's message. */
struct slice person_message_properties(const struct person *p);
struct slice person_group_properties(const struct person_group *g);

/* UUIDv5 of "<team_id>:<distinct_id>" (5.1). */
void person_uuid(int64_t team_id, struct slice distinct_id, struct uuid *out);

/* Look-ups, for the store and tests. NULL: not wanted. */
struct person_id *person_find_id(
	const struct person_set *s, int64_t team_id, struct slice id);
/* The index of a group type; -1: it has none. */
int person_group_type_index(
	const struct person_set *s, int64_t team_id, struct slice type);
struct person *person_find_uuid(
	const struct person_set *s, int64_t team_id, const struct uuid *u);
/* For the store: enters what was read. Slices must live in the arena. */
struct person *person_put(
	struct person_set *s, int64_t team_id, const struct uuid *u);
/* Finds or makes the id. NULL: no memory. */
struct person_id *person_put_id(
	struct person_set *s, int64_t team_id, struct slice id);
void person_attach_loaded(struct person *p, struct person_id *d);
/* For the store: a loaded person that has the uuid of a loaded nobody's id
 * takes it, as a change; there cannot be two persons of one uuid. */
void person_adopt(struct person_set *s, struct person *p, struct person_id *d);
struct person_team *person_put_team(
	struct person_set *s, int64_t team_id, int64_t project_id);
struct person_team *person_find_team(
	const struct person_set *s, int64_t team_id);
/* For the store, at a load: gives the team the types of this owner, the same to
 * each team that has it; to be loaded if they are new. NULL: no memory. */
struct person_types *person_put_types(
	struct person_set *s, struct person_team *t, int64_t owner_id);

#endif
