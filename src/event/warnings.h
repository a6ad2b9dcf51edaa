#ifndef SLUICE_EVENT_WARNINGS_H
#define SLUICE_EVENT_WARNINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

/* Ingestion warnings raised while events are worked on, as a list. */
enum event_warning_type {
#define WARNING(id, category, severity, always, key, help) WARN_##id,
#include "event/warnings.def"
#undef WARNING
	EVENT_N_WARNINGS
};

enum event_severity {
	EVENT_SEVERITY_ERROR,
	EVENT_SEVERITY_WARN,
	EVENT_SEVERITY_INFO
};

struct event_warning_row {
	const char *name;
	const char *category;
	enum event_severity severity;
	bool always; /* never debounced */
	const char *help;
};
extern const struct event_warning_row event_warning_rows[EVENT_N_WARNINGS];

struct event_warning {
	struct event_warning *next;
	enum event_warning_type type;
	struct slice key; /* debounce key besides project and type; may be "" */
	struct slice details; /* JSON object text in the arena */
};

struct event_warnings {
	struct event_warning *first;
	struct event_warning **tail; /* NULL: empty */
	uint32_t n;
};

/*
 * Starts a warning's details in scratch: {"a":…. Add members with the put
 * functions, then end. Nothing may fail but memory; then the warning is lost
 * (the event goes on).
 */
struct event_warning_writer {
	struct arena *arena;
	struct buf *scratch;
	struct event_warnings *list;
	enum event_warning_type type;
	struct slice key;
	bool first;
};
void event_warn_begin(struct event_warning_writer *w, struct arena *a,
	struct buf *scratch, struct event_warnings *list,
	enum event_warning_type type);
void event_warn_text(
	struct event_warning_writer *w, const char *name, struct slice text);
void event_warn_i64(
	struct event_warning_writer *w, const char *name, int64_t v);
/* JSON text as it is. */
void event_warn_json(
	struct event_warning_writer *w, const char *name, struct slice json);
void event_warn_end(struct event_warning_writer *w);

#endif
