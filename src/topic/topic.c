#include "topic/topic.h"

#define HOUR_MS ((int64_t)3600 * 1000)

const struct topic_def topic_defs[TOPIC_N] = {
#define TOPIC(id, topic_name, n_parts, file0, file1, retention_h, max_bytes,   \
	group_names)                                                           \
	[TOPIC_##id] = {                                                       \
		.name = topic_name,                                            \
		.n_partitions = n_parts,                                       \
		.file = {TOPIC_##file0, TOPIC_##file1},                        \
		.retention_ms = (retention_h)*HOUR_MS,                         \
		.max_message_bytes = max_bytes,                                \
		.groups = group_names,                                         \
	},
#include "topic/topics.def"
#undef TOPIC
};

enum topic_id
topic_by_name(struct slice name)
{
	for (int i = 0; i < TOPIC_N; i++) {
		if (slice_eq_str(name, topic_defs[i].name))
			return (enum topic_id)i;
	}
	return TOPIC_N;
}

static bool
is_legal_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool
topic_name_is_legal(struct slice name)
{
	if (name.len == 0 || name.len > 249 || slice_eq_str(name, ".") ||
		slice_eq_str(name, ".."))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!is_legal_char(name.p[i]))
			return false;
	}
	return true;
}
