#ifndef SLUICE_TESTS_PERSON_TESTS_H
#define SLUICE_TESTS_PERSON_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Events for scenes: name, distinct id, members of properties. */
#define EVENT(name, id, props)                                                 \
	"{\"event\":\"" name "\",\"distinct_id\":\"" id                        \
	"\",\"properties\":{" props "}}"
#define EVENT_AT(name, id, at, props)                                          \
	"{\"event\":\"" name "\",\"distinct_id\":\"" id                        \
	"\",\"timestamp\":\"" at "\",\"properties\":{" props "}}"
#define IDENTIFY(id, anon)                                                     \
	EVENT("$identify", id, "\"$anon_distinct_id\":\"" anon "\"")
#define ALIAS(id, alias) EVENT("$create_alias", id, "\"alias\":\"" alias "\"")
#define MERGE(id, alias)                                                       \
	EVENT("$merge_dangerously", id, "\"alias\":\"" alias "\"")
#define PERSONLESS(id) EVENT("e", id, "\"$process_person_profile\":false")

/* One function for each file of tests; the number of failures. */
int test_create(void);
int test_update(void);
int test_merge(void);
int test_personless(void);
int test_group(void);
int test_limits(void);
int test_seen(void);
int test_batch(void);

#endif
