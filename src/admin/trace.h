#ifndef SLUICE_ADMIN_TRACE_H
#define SLUICE_ADMIN_TRACE_H

#include <stdbool.h>

#include "admin/admin_int.h"
#include "topic/batch.h"

/* What a record that names an event's uuid is to the event. */
enum trace_kind {
	TRACE_CAPTURE,
	TRACE_OUTPUT,
	TRACE_LETTER,
	TRACE_WARNING,
	TRACE_PERSON, /* that it created */
	TRACE_HEATMAP,
};

/* Puts the place as JSON with what is worth knowing of it; false: the record
 * only mentions the uuid. uuid: 36 characters, lower case. */
bool trace_put_place(struct admin_call *c, enum trace_kind kind,
	const char *topic, int partition, const struct batch_record_view *v,
	const char *uuid, bool with_comma);

#endif
