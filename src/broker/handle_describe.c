#include "broker/handle.h"

#include <stdio.h>

#include "broker/group.h"
#include "broker/topic_config.h"

/* DescribeGroups, ListGroups, DescribeConfigs. */

#define OPS_NOT_ASKED INT32_MIN
#define RESOURCE_TOPIC 2
#define RESOURCE_BROKER 4

static bool
fill_members(struct broker *b, struct request *r, const struct group *g,
	struct describe_group *out)
{
	struct describe_member *rows = broker_request_alloc(
		b, r, (size_t)g->n_members + 1, sizeof(*rows));

	if (rows == NULL)
		return false;
	out->members = (struct wire_array){rows, 0};
	for (const struct member *m = g->members; m != NULL; m = m->next) {
		struct describe_member *row;

		if (m->is_pending)
			continue;
		row = &rows[out->members.n++];
		row->member_id = slice_str(m->id);
		row->instance_id = slice_str(m->instance_id);
		row->client_id = slice_str(m->client_id);
		row->client_host = slice_str(m->host);
		row->metadata = SLICE_LIT("");
		row->assignment = SLICE_LIT("");
		if (g->state != GROUP_STABLE)
			continue;
		row->metadata = broker_member_metadata(m, g->protocol);
		row->assignment = slice_of(m->assignment, m->assignment_len);
	}
	return true;
}

void
broker_handle_describe_groups(struct broker *b, struct request *r)
{
	const struct describe_groups_req *req = r->body;
	const struct slice *names = req->groups.items;
	struct describe_groups_resp resp = {0};
	struct describe_group *rows = broker_request_alloc(
		b, r, (size_t)req->groups.n + 1, sizeof(*rows));

	if (rows == NULL)
		return;
	resp.groups = (struct wire_array){rows, req->groups.n};
	for (int32_t i = 0; i < req->groups.n; i++) {
		struct group *g = broker_group_find(b, names[i]);

		rows[i].group = names[i];
		rows[i].state = SLICE_LIT("Dead");
		rows[i].protocol_type = SLICE_LIT("");
		rows[i].protocol = SLICE_LIT("");
		rows[i].ops = OPS_NOT_ASKED;
		if (g == NULL)
			continue;
		rows[i].state = slice_str(broker_group_state_name(g));
		rows[i].protocol_type = slice_str(g->protocol_type);
		if (g->state == GROUP_STABLE)
			rows[i].protocol = slice_str(g->protocol);
		if (!fill_members(b, r, g, &rows[i]))
			return;
	}
	broker_request_answer(b, r, &resp);
}

/* An empty list lets everything pass. */
static bool
passes(const struct wire_array *list, const char *word)
{
	const struct slice *s = list->items;

	for (int32_t i = 0; i < list->n; i++)
		if (slice_eq_nocase(s[i], slice_str(word)))
			return true;
	return list->n <= 0;
}

void
broker_handle_list_groups(struct broker *b, struct request *r)
{
	const struct list_groups_req *req = r->body;
	struct list_groups_resp resp = {0};
	struct list_group *rows = broker_request_alloc(
		b, r, (size_t)b->n_groups + 1, sizeof(*rows));
	struct map_node *n = NULL;

	if (rows == NULL)
		return;
	resp.groups = (struct wire_array){rows, 0};
	while ((n = broker_map_walk(&b->groups, n)) != NULL) {
		struct group *g = MAP_OWNER(n, struct group, by_name);
		const char *state = broker_group_state_name(g);

		if (!passes(&req->states, state) ||
			!passes(&req->types, "classic"))
			continue;
		rows[resp.groups.n++] = (struct list_group){slice_str(g->name),
			slice_str(g->protocol_type), slice_str(state),
			SLICE_LIT("classic")};
	}
	broker_request_answer(b, r, &resp);
}

static bool
is_asked(const struct config_resource *in, const char *name)
{
	const struct slice *keys = in->keys.items;

	for (int32_t i = 0; i < in->keys.n; i++)
		if (slice_eq_str(keys[i], name))
			return true;
	return in->keys.n <= 0;
}

static void
fill_topic_entry(struct broker *b, struct request *r, const struct btopic *t,
	int i, struct config_entry *out)
{
	char buf[32];
	struct slice v = slice_str(broker_topic_config_value(b, t, i, buf));
	bool is_own_default = t->own != TOPIC_N && t->configs[i] == NULL &&
			      !slice_eq_str(v, broker_topic_configs[i].def);

	out->name = slice_str(broker_topic_configs[i].name);
	out->value = arena_dup_slice(&r->arena, v);
	out->is_default = t->configs[i] == NULL;
	out->source = CONFIG_SOURCE_DEFAULT;
	if (t->configs[i] != NULL || is_own_default)
		out->source = CONFIG_SOURCE_TOPIC;
	out->type = broker_topic_configs[i].type;
}

static bool
fill_topic(struct broker *b, struct request *r,
	const struct config_resource *in, struct config_result *out)
{
	struct btopic *t = broker_topic_find(b, in->name);
	struct config_entry *rows;

	if (t == NULL || t->state != TOPIC_LIVE) {
		out->error = topic_name_is_legal(in->name) ? KERR_UNKNOWN_TOPIC
							   : KERR_INVALID_TOPIC;
		return true;
	}
	rows = broker_request_alloc(
		b, r, (size_t)broker_n_topic_configs, sizeof(*rows));
	if (rows == NULL)
		return false;
	out->configs.items = rows;
	for (int i = 0; i < broker_n_topic_configs; i++)
		if (is_asked(in, broker_topic_configs[i].name))
			fill_topic_entry(b, r, t, i, &rows[out->configs.n++]);
	return true;
}

struct broker_config_row {
	const char *name, *value; /* value NULL: from the settings */
	int8_t type;
};
/* Tools read defaults of new topics from these. Sorted by name. */
static const struct broker_config_row broker_configs[] = {
	{"auto.create.topics.enable", NULL, CONFIG_TYPE_BOOL},
	{"broker.id", "1", CONFIG_TYPE_INT},
	{"default.replication.factor", "1", CONFIG_TYPE_INT},
	{"delete.topic.enable", "true", CONFIG_TYPE_BOOL},
	{"group.initial.rebalance.delay.ms", "500", CONFIG_TYPE_INT},
	{"inter.broker.protocol.version", "3.9", CONFIG_TYPE_STRING},
	{"log.cleanup.policy", "delete", CONFIG_TYPE_LIST},
	{"log.retention.bytes", "-1", CONFIG_TYPE_LONG},
	{"log.retention.ms", "604800000", CONFIG_TYPE_LONG},
	{"message.max.bytes", "1048588", CONFIG_TYPE_INT},
	{"min.insync.replicas", "1", CONFIG_TYPE_INT},
	{"num.partitions", NULL, CONFIG_TYPE_INT},
};

static const char *
broker_config_value(const struct broker *b, const struct broker_config_row *row,
	char buf[32])
{
	if (row->value != NULL)
		return row->value;
	if (row->type == CONFIG_TYPE_BOOL)
		return b->conf->kafka_auto_create_topics ? "true" : "false";
	snprintf(buf, 32, "%lld", (long long)b->conf->kafka_default_partitions);
	return buf;
}

static bool
fill_broker(struct broker *b, struct request *r,
	const struct config_resource *in, struct config_result *out)
{
	struct config_entry *rows = broker_request_alloc(
		b, r, ARRAY_LEN(broker_configs), sizeof(*rows));

	if (rows == NULL)
		return false;
	if (in->name.len > 0 && !slice_eq_str(in->name, "1")) {
		out->error = KERR_INVALID_REQUEST;
		out->message = SLICE_LIT("the only broker is 1");
		return true;
	}
	out->configs.items = rows;
	for (size_t i = 0; i < ARRAY_LEN(broker_configs); i++) {
		const struct broker_config_row *row = &broker_configs[i];
		char buf[32];

		if (!is_asked(in, row->name))
			continue;
		rows[out->configs.n++] = (struct config_entry){
			.name = slice_str(row->name),
			.value = arena_dup_slice(&r->arena,
				slice_str(broker_config_value(b, row, buf))),
			.read_only = true,
			.source = CONFIG_SOURCE_STATIC,
			.type = row->type};
	}
	return true;
}

void
broker_handle_configs(struct broker *b, struct request *r)
{
	const struct configs_req *req = r->body;
	const struct config_resource *in = req->resources.items;
	struct configs_resp resp = {0};
	struct config_result *rows = broker_request_alloc(
		b, r, (size_t)req->resources.n + 1, sizeof(*rows));

	if (rows == NULL)
		return;
	resp.results = (struct wire_array){rows, req->resources.n};
	for (int32_t i = 0; i < req->resources.n; i++) {
		bool ok = true;

		rows[i].type = in[i].type;
		rows[i].name = in[i].name;
		if (in[i].type == RESOURCE_TOPIC)
			ok = fill_topic(b, r, &in[i], &rows[i]);
		else if (in[i].type == RESOURCE_BROKER)
			ok = fill_broker(b, r, &in[i], &rows[i]);
		else
			rows[i].error = KERR_INVALID_REQUEST;
		if (!ok)
			return;
	}
	broker_request_answer(b, r, &resp);
}
