#ifndef TESTS_UNIT_CAPTURE_HARNESS_H
#define TESTS_UNIT_CAPTURE_HARNESS_H

#include "capture/capture_int.h"
#include "conf/conf.h"
#include "tests/unit/http/client.h"

#define TOKEN "phc_test_token_0000000000000000000000000000000"

/* Capture on a temporary folder and a free port, with one project. */
struct harness {
	char dir[64];
	struct conf_set *conf;
	struct store *config, *spool;
	struct team_cache *teams;
	struct dedupe *dedupe;
	struct capture *c;
	uint16_t port;
	bool refuse; /* may_accept says no */
	int64_t seen[TOPIC_N];
};
/* settings and project settings: NULL-ended lists of name=value. */
void harness_start(struct harness *h, const char *const *settings,
	const char *const *project);
void harness_stop(struct harness *h);

/* A record read back; bytes live until the next read. */
struct record {
	char topic[64];
	struct slice key, value, headers;
};
/* Records of a topic since the last read, at most max; returns how many. */
int harness_read(
	struct harness *h, enum topic_id topic, struct record *out, int max);
/* POST; the answer in r. */
void harness_post(struct harness *h, struct reply *r, const char *path,
	const char *headers, struct slice body);
/* The value of a member of the record's value, decoded, in a static buffer;
 * NULL when absent. */
const char *record_member(const struct record *r, const char *name);
/* The member "properties" of the record's data, as JSON text. */
const char *record_properties(const struct record *r);
const char *record_header(const struct record *r, const char *name);

#endif
