#include "canary/canary_int.h"

#include <stdio.h>

#include "base/clock.h"
#include "team/team.h"
#include "topic/batch.h"

/*
 * The record, as capture makes it (spec capture 5). Its header keeps the
 * persons step from reading or writing any person: the project has none.
 */
static void
put_message(struct buf *b, const char *uuid, const char *now)
{
	buf_printf(b,
		"{\"uuid\":\"%.36s\",\"distinct_id\":\"canary\",\"ip\":\"\","
		"\"data\":\"{\\\"event\\\":\\\"$canary\\\","
		"\\\"properties\\\":{}}\",\"now\":\"%s\",\"token\":\"%s\","
		"\"event\":\"$canary\",\"timestamp\":\"%s\"}",
		uuid, now, TEAM_CANARY_TOKEN, now);
}

int
canary_make(struct canary *c, struct canary_event *ev,
	struct audit_tally *tally, struct err *e)
{
	char now[CLOCK_TEXT_MAX], ms[24];
	struct batch_writer w;
	struct uuid u;

	*ev = (struct canary_event){
		.at_us = clock_now_us(), .offset = -1, .row_offset = -1};
	uuid_v7(&u, ev->at_us);
	uuid_format(&u, ev->uuid);
	clock_format(ev->at_us, CLOCK_RFC3339, now);
	snprintf(ms, sizeof(ms), "%lld", (long long)(ev->at_us / 1000));
	const struct batch_header_kv headers[] = {
		{SLICE_LIT("token"), SLICE_LIT(TEAM_CANARY_TOKEN)},
		{SLICE_LIT("distinct_id"), SLICE_LIT("canary")},
		{SLICE_LIT("timestamp"), slice_str(ms)},
		{SLICE_LIT("event"), SLICE_LIT("$canary")},
		{SLICE_LIT("uuid"), slice_of(ev->uuid, UUID_TEXT)},
		{SLICE_LIT("now"), slice_str(now)},
		{SLICE_LIT("force_disable_person_processing"),
			SLICE_LIT("true")},
	};

	buf_reset(&c->record);
	batch_begin(&w, &c->record, ev->at_us / 1000);
	batch_value_begin(&w, sizeof(TEAM_CANARY_TOKEN) + 7);
	put_message(&c->record, ev->uuid, now);
	batch_value_end(&w, ev->at_us / 1000,
		SLICE_LIT(TEAM_CANARY_TOKEN ":canary"), headers,
		ARRAY_LEN(headers));
	*tally = (struct audit_tally){
		.hop = AUDIT_CANARY, /* canary-2 */
		.minute = audit_minute(ev->at_us / 1000),
		.team_id = TEAM_CANARY_ID,
		.sum = {1, audit_uuid_hash(slice_of(ev->uuid, UUID_TEXT))},
	};
	return batch_end(&w, BATCH_NONE, e);
}
