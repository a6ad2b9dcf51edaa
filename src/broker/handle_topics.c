#include "broker/handle.h"

#include <string.h>

#include "base/mem.h"
#include "broker/catalog.h"
#include "broker/group.h"
#include "broker/topic_config.h"

/* CreateTopics and DeleteTopics. A request is answered when all of its topics
 * are done. */

#define REPLICATION_MAX 5
#define VERSION_OF_IDS 6

struct create_work {
	struct create_topics_resp resp;
	uint32_t n_left;
};

struct delete_work {
	struct delete_topics_resp resp;
	uint32_t n_left;
};

static void
refuse(struct create_topic_resp *out, enum kerr k, const char *why)
{
	out->error = (int16_t)k;
	out->message = slice_str(why);
	out->n_partitions = -1;
	out->replication = -1;
	out->configs = (struct wire_array){NULL, -1};
}

/* Every config with its value, as clients of version 5 expect. */
static bool
fill_configs(struct broker *b, struct request *r, const struct btopic *t,
	struct create_topic_resp *out)
{
	struct create_config_resp *rows = broker_request_alloc(
		b, r, (size_t)broker_n_topic_configs, sizeof(*rows));

	if (rows == NULL)
		return false;
	out->configs = (struct wire_array){rows, broker_n_topic_configs};
	for (int i = 0; i < broker_n_topic_configs; i++) {
		char buf[32];
		struct slice v =
			slice_str(broker_topic_config_value(b, t, i, buf));

		rows[i].name = slice_str(broker_topic_configs[i].name);
		rows[i].value = arena_dup_slice(&r->arena, v);
		rows[i].source = t->configs[i] != NULL ? CONFIG_SOURCE_TOPIC
						       : CONFIG_SOURCE_DEFAULT;
	}
	return true;
}

static void
on_created(struct broker *b, struct topic_change *c)
{
	struct request *r = c->cookie;
	struct create_work *w = r->work;
	struct create_topic_resp *out = w->resp.topics.items;

	out += c->slot;
	if (c->result.code != ERR_OK) {
		refuse(out, broker_kerr_of(c->result.code), NULL);
		out->message =
			arena_dup_slice(&r->arena, slice_str(c->result.text));
	}
	if (--w->n_left == 0)
		broker_request_answer(b, r, &w->resp);
	broker_request_unref(b, r);
}

/* Partitions asked for; 0 when the assignments are not 0, 1, 2, …. */
static int32_t
wanted_parts(const struct broker *b, const struct create_topic *in)
{
	const struct create_assignment *a = in->assignments.items;

	if (in->assignments.n == 0)
		return in->n_partitions == -1
			       ? (int32_t)b->conf->kafka_default_partitions
			       : in->n_partitions;
	for (int32_t i = 0; i < in->assignments.n; i++) {
		const int32_t *nodes = a[i].replicas.items;

		if (a[i].index != i || a[i].replicas.n != 1 ||
			nodes[0] != BROKER_NODE_ID)
			return 0;
	}
	return in->assignments.n;
}

static enum kerr
check_new(struct broker *b, const struct create_topic *in, int32_t n_parts,
	const char **why)
{
	bool any = b->conf->kafka_accept_any_replication_factor;
	const struct create_config *c = in->configs.items;
	int16_t most = any ? REPLICATION_MAX : 1;

	*why = "an assignment names partitions in order, each on this broker";
	if (in->assignments.n > 0 && n_parts == 0)
		return KERR_INVALID_ASSIGNMENT;
	*why = "more replicas than brokers";
	if (in->assignments.n == 0 && in->replication != -1 &&
		(in->replication < 1 || in->replication > most))
		return KERR_INVALID_REPLICATION;
	for (int32_t i = 0; i < in->configs.n; i++) {
		int k = broker_topic_config_find(c[i].name);

		*why = "unknown config, or a value it does not take";
		if (k < 0 || !broker_topic_config_is_legal(k, c[i].value))
			return KERR_INVALID_CONFIG;
	}
	return broker_topic_check_new(b, in->name, n_parts, why);
}

static bool
set_configs(struct btopic *t, const struct create_topic *in)
{
	const struct create_config *c = in->configs.items;

	for (int32_t i = 0; i < in->configs.n; i++) {
		int k = broker_topic_config_find(c[i].name);
		char *v = mem_zalloc(1, c[i].value.len + 1);

		if (v == NULL)
			return false;
		if (c[i].value.len > 0)
			memcpy(v, c[i].value.p, c[i].value.len);
		mem_free(t->configs[k]);
		t->configs[k] = v;
	}
	return true;
}

static void
create_one(struct broker *b, struct request *r, const struct create_topic *in,
	int32_t slot)
{
	const struct create_topics_req *req = r->body;
	struct create_work *w = r->work;
	struct create_topic_resp *out = w->resp.topics.items;
	int32_t n_parts = wanted_parts(b, in);
	struct btopic *t;
	const char *why = NULL;
	enum kerr k = check_new(b, in, n_parts, &why);

	out += slot;
	out->name = in->name;
	if (k != KERR_NONE) {
		refuse(out, k, why);
		return;
	}
	out->n_partitions = n_parts;
	out->replication = 1;
	out->configs = (struct wire_array){NULL, -1};
	if (req->validate_only)
		return;
	t = broker_topic_new(b, in->name, n_parts);
	if (t != NULL && (!set_configs(t, in) || !fill_configs(b, r, t, out))) {
		broker_topic_unlist(b, t);
		t = NULL;
	}
	if (t == NULL ||
		!broker_topic_create_start(b, t, on_created, r, slot)) {
		refuse(out, KERR_UNKNOWN, "no memory, or stopping");
		return;
	}
	out->id = t->id;
	w->n_left++;
	broker_request_ref(r);
}

void
broker_handle_create_topics(struct broker *b, struct request *r)
{
	const struct create_topics_req *req = r->body;
	const struct create_topic *in = req->topics.items;
	struct create_work *w = broker_request_alloc(b, r, 1, sizeof(*w));
	struct create_topic_resp *out = broker_request_alloc(
		b, r, (size_t)req->topics.n + 1, sizeof(*out));

	if (w == NULL || out == NULL)
		return;
	r->work = w;
	w->resp.topics = (struct wire_array){out, req->topics.n};
	w->n_left = 1;
	for (int32_t i = 0; i < req->topics.n; i++)
		create_one(b, r, &in[i], i);
	if (--w->n_left == 0)
		broker_request_answer(b, r, &w->resp);
}

static void
on_deleted(struct broker *b, struct topic_change *c)
{
	struct request *r = c->cookie;
	struct delete_work *w = r->work;
	struct delete_topic_resp *out = w->resp.topics.items;

	out += c->slot;
	if (c->result.code != ERR_OK)
		out->error = (int16_t)broker_kerr_of(c->result.code);
	else
		broker_offsets_forget_topic(b, c->topic->row);
	if (--w->n_left == 0)
		broker_request_answer(b, r, &w->resp);
	broker_request_unref(b, r);
}

static void
delete_one(struct broker *b, struct request *r, struct btopic *t, int32_t slot)
{
	struct delete_work *w = r->work;
	struct delete_topic_resp *out = w->resp.topics.items;

	out += slot;
	if (t == NULL || t->state != TOPIC_LIVE) {
		out->error = out->name.p == NULL ? KERR_UNKNOWN_TOPIC_ID
						 : KERR_UNKNOWN_TOPIC;
		return;
	}
	out->name = slice_str(t->name);
	if (r->version >= VERSION_OF_IDS)
		out->id = t->id;
	if (t->own != TOPIC_N) {
		out->error = KERR_TOPIC_DENIED;
		out->message = SLICE_LIT("this topic is Sluice's own");
		return;
	}
	if (!broker_topic_delete_start(b, t, on_deleted, r, slot)) {
		out->error = KERR_UNKNOWN;
		return;
	}
	w->n_left++;
	broker_request_ref(r);
}

void
broker_handle_delete_topics(struct broker *b, struct request *r)
{
	const struct delete_topics_req *req = r->body;
	const struct delete_topic *in = req->topics.items;
	const struct slice *names = req->names.items;
	int32_t n = r->version >= VERSION_OF_IDS ? req->topics.n : req->names.n;
	struct delete_work *w = broker_request_alloc(b, r, 1, sizeof(*w));
	struct delete_topic_resp *out =
		broker_request_alloc(b, r, (size_t)n + 1, sizeof(*out));

	if (w == NULL || out == NULL)
		return;
	r->work = w;
	w->resp.topics = (struct wire_array){out, n};
	w->n_left = 1;
	for (int32_t i = 0; i < n; i++) {
		bool by_id =
			r->version >= VERSION_OF_IDS && in[i].name.p == NULL;

		out[i].name =
			r->version >= VERSION_OF_IDS ? in[i].name : names[i];
		if (by_id)
			out[i].id = in[i].id;
		delete_one(b, r,
			by_id ? broker_topic_find_id(b, &in[i].id)
			      : broker_topic_find(b, out[i].name),
			i);
	}
	if (--w->n_left == 0)
		broker_request_answer(b, r, &w->resp);
}
