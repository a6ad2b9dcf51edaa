#ifndef SLUICE_EVENT_EVENT_H
#define SLUICE_EVENT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_read.h"
#include "base/slice.h"
#include "event/props.h"
#include "event/time.h"
#include "event/warnings.h"

/* Project settings that change ingestion (spec 2.2). */
enum event_ip_rule { EVENT_IP_KEEP, EVENT_IP_DROP, EVENT_IP_TRUNCATE };
struct event_rules {
	int64_t team_id;
	int64_t project_id;
	enum event_ip_rule ip;
	bool person_opt_out;
	bool heatmaps_refused;
	bool person_update_all; /* no suppression of list F (spec 5.6) */
	bool flag_called_personless;
	bool person_last_seen; /* persons have last_seen_at (spec 5.6) */
	int64_t drop_older_than_s; /* 0: off */
};

/* What an event's name means to the pipeline. */
enum event_kind {
	EVENT_PLAIN,
	EVENT_IDENTIFY, /* $identify */
	EVENT_ALIAS, /* $create_alias */
	EVENT_MERGE, /* $merge_dangerously */
	EVENT_SET, /* $set */
	EVENT_GROUPIDENTIFY, /* $groupidentify */
	EVENT_EXCEPTION, /* $exception */
	EVENT_SURVEY_SHOWN, /* survey shown */
	EVENT_REPLAY, /* $snapshot, $performance_event: no automatic properties */
	EVENT_HEATMAP, /* $$heatmap: rows of 7.9 only */
	EVENT_CLIENT_WARNING, /* $$client_ingestion_warning: a warning only */
	EVENT_FLAG_CALLED, /* $feature_flag_called */
};

/* Text of the mode in rows: event_mode_names[mode]. */
enum event_mode { EVENT_FULL, EVENT_PROPERTYLESS, EVENT_FORCE_UPGRADE };
extern const char *const event_mode_names[3];

struct event_heatmap_row {
	struct event_heatmap_row *next;
	struct slice type; /* text */
	struct slice current_url; /* text */
	int64_t x, y; /* already scaled by 16 */
	bool target_fixed;
};

/*
 * One event between decode and output. All slices live in the arena, in the
 * message or in static memory. Owned by the batch.
 */
struct event {
	struct arena *arena;
	const struct event_rules *rules;
	/* Identity. Text is UTF-8 without NUL. */
	struct slice uuid; /* after the checks 36 lower-case characters */
	struct slice name; /* after normalise at most 200 units */
	struct slice distinct_id;
	enum event_kind kind;
	/* event-2: without $set, $set_once, $unset; those stand beside. */
	struct props props;
	struct props set;
	struct props set_once;
	bool has_set; /* $set is written, even if empty */
	bool has_set_once;
	struct slice unset; /* JSON text of $unset; p NULL: none */
	/* Times. */
	int64_t now_us; /* of capture */
	int64_t timestamp_us; /* the event's time, whole milliseconds */
	struct event_time time; /* flags for the warnings */
	struct event_time_in time_in;
	struct slice sent_at; /* text, p NULL: none */
	struct slice sent_at_invalid; /* text of the header; p NULL: none */
	struct slice ip; /* text, p NULL: none */
	/* Flags. */
	bool historical;
	bool is_personless; /* person processing off */
	bool force_personless; /* by header: no look-up of persons either */
	bool is_cookieless;
	bool said_full; /* $process_person_profile: true */
	/* What the persons step needs (set by normalise). */
	bool has_merge; /* $identify, $create_alias, $merge_dangerously with an
			   other id */
	struct slice merge_other;
	bool has_group; /* $groupidentify with type and key */
	struct slice group_type;
	struct slice group_key;
	/* Output besides properties. */
	struct slice elements_chain; /* "" if none; before normalise: a text
					with lone surrogates */
	struct event_heatmap_row *heatmap;
	struct slice heatmap_session_id; /* text */
	int64_t viewport_width, viewport_height; /* scaled by 16 */
	uint64_t shape; /* definition_shape, 0: not taken yet */
	/* Warnings of all steps on this event. */
	struct event_warnings warnings;
};

/* How a step ended for an event. */
enum event_next { EVENT_GO, EVENT_DROP };

enum event_kind event_kind_of(struct slice name);
/* The stored text of properties: {…} with $set, $set_once, $unset last. */
void event_write_properties(const struct event *ev, struct buf *out);

#endif
