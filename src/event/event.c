#include "event/event.h"

const char *const event_mode_names[3] = {
	"full", "propertyless", "force_upgrade"};

enum event_kind
event_kind_of(struct slice name)
{
	static const struct {
		struct slice name;
		enum event_kind kind;
	} kinds[] = {
		{{"$set", 4}, EVENT_SET},
		{{"$identify", 9}, EVENT_IDENTIFY},
		{{"$create_alias", 13}, EVENT_ALIAS},
		{{"$merge_dangerously", 18}, EVENT_MERGE},
		{{"$groupidentify", 14}, EVENT_GROUPIDENTIFY},
		{{"$exception", 10}, EVENT_EXCEPTION},
		{{"survey shown", 12}, EVENT_SURVEY_SHOWN},
		{{"$snapshot", 9}, EVENT_REPLAY},
		{{"$performance_event", 18}, EVENT_REPLAY},
		{{"$$heatmap", 9}, EVENT_HEATMAP},
		{{"$$client_ingestion_warning", 26}, EVENT_CLIENT_WARNING},
		{{"$feature_flag_called", 20}, EVENT_FLAG_CALLED},
	};

	if (name.len == 0 || (name.p[0] != '$' && name.p[0] != 's'))
		return EVENT_PLAIN;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (slice_eq(name, kinds[i].name))
			return kinds[i].kind;
	}
	return EVENT_PLAIN;
}

void
event_write_properties(const struct event *ev, struct buf *out)
{
	bool some;

	buf_append_char(out, '{');
	some = props_write_members(&ev->props, out, true);
	if (ev->has_set) {
		buf_append_str(out, some ? ",\"$set\":" : "\"$set\":");
		props_write(&ev->set, out);
		some = true;
	}
	if (ev->has_set_once) {
		buf_append_str(
			out, some ? ",\"$set_once\":" : "\"$set_once\":");
		props_write(&ev->set_once, out);
		some = true;
	}
	if (ev->unset.p != NULL) {
		buf_append_str(out, some ? ",\"$unset\":" : "\"$unset\":");
		buf_append_slice(out, ev->unset);
	}
	buf_append_char(out, '}');
}
