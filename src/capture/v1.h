#ifndef SLUICE_CAPTURE_V1_H
#define SLUICE_CAPTURE_V1_H

#include "capture/capture_int.h"

/* Inside capture/ only: what the steps of the v1 endpoint share. */
struct v1_event {
	struct slice session_id, window_id, options; /* raw JSON */
	struct slice product_tour_id; /* raw JSON; .p NULL: none */
	char uuid[36];
	const char *drop; /* details of the drop; NULL: none */
	enum capture_drop cause; /* of drops that the checks made */
	bool no_person, skew_off;
	bool is_limited; /* its key is over the limit */
	bool has_profile, profile; /* options.process_person_profile */
};

struct capture_v1 {
	struct slice lib, lib_version;
	struct v1_event *events; /* beside x->body.events */
	struct slice created_at, batch; /* raw JSON */
	bool is_internal;
	bool has_batch, types_ok;
};

#endif
