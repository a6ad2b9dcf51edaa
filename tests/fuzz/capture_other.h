#ifndef SLUICE_TESTS_FUZZ_CAPTURE_OTHER_H
#define SLUICE_TESTS_FUZZ_CAPTURE_OTHER_H

#include "capture/capture_int.h"

/*
 * Whole bodies of the event endpoints against jansson: what one takes and the
 * other refuses must be one of the differences that docs/hacking.md lists, and
 * what both take must be the same values in the messages.
 */
struct other_body;

/* After the parse step, whatever it said; x->text is the decoded body. */
void other_after_parse(struct capture_ctx *x, bool refused);
/* Of the event that was at this place in the body: its message. */
void other_check_message(
	struct capture_ctx *x, uint32_t i, struct slice message);

#endif
