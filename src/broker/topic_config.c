#include "broker/topic_config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define LONG_MAX_TEXT "9223372036854775807"
#define ROW(name, def, type)                                                   \
	{                                                                      \
		name, def, CONFIG_TYPE_##type, false, NULL                     \
	}
#define ROW2(name, def, other)                                                 \
	{                                                                      \
		name, def, CONFIG_TYPE_STRING, true, other                     \
	}
/*
 * In force: cleanup.policy (only delete works; others are kept and reported),
 * max.message.bytes, message.timestamp.type, retention.bytes, retention.ms.
 * The others are kept and reported. Sorted by name. To add one: add a row.
 */
const struct topic_config_row broker_topic_configs[] = {
	ROW("cleanup.policy", "delete", LIST),
	ROW("compression.type", "producer", STRING),
	ROW("delete.retention.ms", "86400000", LONG),
	ROW("file.delete.delay.ms", "60000", LONG),
	ROW("flush.messages", LONG_MAX_TEXT, LONG),
	ROW("flush.ms", LONG_MAX_TEXT, LONG),
	ROW("follower.replication.throttled.replicas", "", LIST),
	ROW("index.interval.bytes", "4096", INT),
	ROW("leader.replication.throttled.replicas", "", LIST),
	ROW("local.retention.bytes", "-2", LONG),
	ROW("local.retention.ms", "-2", LONG),
	ROW("max.compaction.lag.ms", LONG_MAX_TEXT, LONG),
	ROW("max.message.bytes", "1048588", INT),
	ROW("message.timestamp.after.max.ms", LONG_MAX_TEXT, LONG),
	ROW("message.timestamp.before.max.ms", LONG_MAX_TEXT, LONG),
	ROW2("message.timestamp.type", "CreateTime", "LogAppendTime"),
	ROW("min.cleanable.dirty.ratio", "0.5", DOUBLE),
	ROW("min.compaction.lag.ms", "0", LONG),
	ROW("min.insync.replicas", "1", INT),
	ROW("preallocate", "false", BOOL),
	ROW("remote.storage.enable", "false", BOOL),
	ROW("retention.bytes", "-1", LONG),
	ROW("retention.ms", "604800000", LONG),
	ROW("segment.bytes", "1073741824", INT),
	ROW("segment.index.bytes", "10485760", INT),
	ROW("segment.jitter.ms", "0", LONG),
	ROW("segment.ms", "604800000", LONG),
	ROW("unclean.leader.election.enable", "false", BOOL),
};
const int broker_n_topic_configs = (int)ARRAY_LEN(broker_topic_configs);

int
broker_topic_config_find(struct slice name)
{
	for (int i = 0; i < broker_n_topic_configs; i++)
		if (slice_eq_str(name, broker_topic_configs[i].name))
			return i;
	return -1;
}

static bool
get_number(struct slice v, int64_t *out)
{
	char text[24], *end;

	if (v.len == 0 || v.len >= sizeof(text))
		return false;
	memcpy(text, v.p, v.len);
	text[v.len] = '\0';
	if (text[0] != '-' && (text[0] < '0' || text[0] > '9'))
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return *end == '\0' && end != text && errno == 0;
}

static bool
is_policy(struct slice v)
{
	return slice_eq_str(v, "delete") || slice_eq_str(v, "compact") ||
	       slice_eq_str(v, "compact,delete") ||
	       slice_eq_str(v, "delete,compact");
}

bool
broker_topic_config_is_legal(int i, struct slice v)
{
	const struct topic_config_row *row = &broker_topic_configs[i];
	int64_t n;

	if (v.p == NULL || v.len > 1024)
		return false;
	if (row->is_enum_of_two)
		return slice_eq_str(v, row->def) || slice_eq_str(v, row->other);
	if (row->type == CONFIG_TYPE_LIST &&
		strcmp(row->name, "cleanup.policy") == 0)
		return is_policy(v);
	if (row->type == CONFIG_TYPE_BOOL)
		return slice_eq_str(v, "true") || slice_eq_str(v, "false");
	if (row->type == CONFIG_TYPE_INT)
		return get_number(v, &n) && n >= 0 && n <= INT32_MAX;
	if (row->type == CONFIG_TYPE_LONG)
		return get_number(v, &n) && n >= -2;
	return true;
}

static bool
is_recording_or_dead_letter(enum topic_id id)
{
	return id == TOPIC_DEAD_LETTERS || id == TOPIC_RECORDINGS ||
	       id == TOPIC_RECORDINGS_OVERFLOW || id == TOPIC_RECORDINGS_DLQ;
}

static int64_t
own_retention_ms(const struct broker *b, const struct btopic *t)
{
	const struct topic_def *d = &topic_defs[t->own];
	int64_t hours = d->file[0] == TOPIC_SPOOL ? b->conf->spool_retention_h
						  : b->conf->output_retention_h;

	if (hours == 0 || is_recording_or_dead_letter(t->own))
		return d->retention_ms;
	return hours * 3600 * 1000;
}

const char *
broker_topic_config_value(
	const struct broker *b, const struct btopic *t, int i, char buf[32])
{
	const struct topic_config_row *row = &broker_topic_configs[i];

	if (t->configs[i] != NULL)
		return t->configs[i];
	if (t->own == TOPIC_N)
		return row->def;
	if (strcmp(row->name, "retention.ms") == 0)
		snprintf(buf, 32, "%" PRId64, own_retention_ms(b, t));
	else if (strcmp(row->name, "max.message.bytes") == 0)
		snprintf(buf, 32, "%" PRId64,
			topic_defs[t->own].max_message_bytes);
	else
		return row->def;
	return buf;
}

static int64_t
number_of(const struct broker *b, const struct btopic *t, const char *name)
{
	char buf[32];
	int i = broker_topic_config_find(slice_str(name));
	int64_t n = 0;

	INVARIANT(i >= 0, "broker-8");
	if (!get_number(slice_str(broker_topic_config_value(b, t, i, buf)), &n))
		return -1;
	return n;
}

void
broker_topic_config_apply(struct broker *b, struct btopic *t)
{
	int64_t retention_ms = number_of(b, t, "retention.ms");
	int64_t retention_bytes = number_of(b, t, "retention.bytes");
	char buf[32];
	int i = broker_topic_config_find(SLICE_LIT("message.timestamp.type"));

	t->max_message_bytes = number_of(b, t, "max.message.bytes");
	t->log_append_time = strcmp(broker_topic_config_value(b, t, i, buf),
				     "LogAppendTime") == 0;
	/* Retention of Sluice's own topics depends on the files' bounds too:
	 * run/ sets it. */
	for (int32_t p = 0; p < t->n_parts && t->own == TOPIC_N; p++)
		if (t->parts[p].part != NULL)
			store_part_set_retention(t->parts[p].part,
				retention_ms < 0 ? -1 : retention_ms,
				retention_bytes < 0 ? -1 : retention_bytes);
}
