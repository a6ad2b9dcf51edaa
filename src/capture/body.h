#ifndef SLUICE_CAPTURE_BODY_H
#define SLUICE_CAPTURE_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/uuid.h"

/* What a request says: its query, and its events as raw JSON. */
enum capture_hint { HINT_NONE, HINT_GZIP, HINT_LZ64, HINT_BASE64 };

/* Which rules a path has: spec capture 1 and 2.5. */
enum capture_path_flag {
	PATH_LEGACY = 1, /* base64 is unwrapped without a hint */
	PATH_ENGAGE = 2, /* objects without an event name are $identify */
	PATH_RECORDING = 4,
	PATH_AI = 8,
	PATH_CSP = 16, /* answered 204 */
};

struct capture_query {
	struct slice payload; /* of data=; len 0: none */
	enum capture_hint hint;
	struct slice token; /* token or api_key */
	bool has_sent_at;
	int64_t sent_at_ms;
	bool beacon;
};

/*
 * One event: raw JSON texts (strings with their quotes) of the fields that mean
 * something to capture; .p NULL: absent. They point into the decoded body.
 */
struct capture_event {
	struct slice event, token[3], distinct_id[2], uuid, properties;
	struct slice timestamp, offset, set, set_once, unset, sent_at;
	/* of properties */
	struct slice p_token, p_distinct_id, p_cookieless, p_ignore_sent_at;
	struct slice p_session_id, p_window_id, p_snapshot, p_source, p_lib;
	struct slice p_product_tour, p_ip, p_internal;
	bool has_ip, is_internal;
	bool is_cookieless; /* set by the checks */
	uint8_t rules; /* enum capture_rule; set by the rules */
	uint8_t topic; /* enum topic_id, with RULE_TOPIC */
	bool has_uuid; /* uuid has been read into client_uuid */
	struct uuid client_uuid;
	struct slice id; /* the distinct id as stored; set by the checks */
};

struct capture_body {
	struct capture_event *events;
	uint32_t n, cap;
	bool is_batch; /* the token is the batch's own */
	struct slice token; /* decoded; .p NULL: none (yet) */
	struct slice fallback_token; /* of an object around the events */
	struct slice sent_at; /* decoded text; .p NULL: none */
	bool is_historical;
};

/* event.c: json cursor at an object */
struct json_cursor;
struct err;
int capture_read_properties(
	struct json_cursor *c, struct capture_event *ev, struct err *e);
/* Takes the value behind a key if it is a field of an event; *known. */
int capture_read_field(struct json_cursor *c, struct slice key,
	struct capture_event *ev, bool *known, struct err *e);
bool capture_fields_valid(struct capture_event *ev);
bool capture_raw_is_string(struct slice raw);
bool capture_raw_is(struct slice raw, const char *word);
/* Decoded text of a raw JSON string: a view or a copy in the arena. */
struct slice capture_raw_text(struct arena *a, struct slice raw);

#endif
