#include "broker/handle.h"

#include "broker/catalog.h"

/* ApiVersions, Metadata, FindCoordinator, DescribeCluster. */

#define OPS_NOT_ASKED INT32_MIN
#define KEY_TYPE_GROUP 0
#define VERSION_OF_KEYS 4

void
broker_handle_versions(struct broker *b, struct request *r)
{
	struct versions_resp resp = {.keys = {NULL, broker_n_apis}};
	struct versions_key *rows = broker_request_alloc(
		b, r, (size_t)broker_n_apis, sizeof(*rows));

	if (rows == NULL)
		return;
	for (int i = 0; i < broker_n_apis; i++)
		rows[i] = (struct versions_key){broker_apis[i].key,
			broker_apis[i].min, broker_apis[i].max};
	resp.keys.items = rows;
	if (r->version > r->api->max)
		resp.error = KERR_UNSUPPORTED_VERSION;
	broker_request_answer(b, r, &resp);
}

struct slice
broker_host_for(const struct broker *b, const struct conn *c)
{
	return slice_str(
		b->advertised_port != 0 ? b->advertised_host : c->local_host);
}

int32_t
broker_port_for(const struct broker *b, const struct conn *c)
{
	return b->advertised_port != 0 ? b->advertised_port : c->local_port;
}

static void
set_broker(
	const struct broker *b, const struct request *r, struct msg_broker *out)
{
	*out = (struct msg_broker){.node = BROKER_NODE_ID,
		.host = broker_host_for(b, r->conn),
		.port = broker_port_for(b, r->conn)};
}

struct metadata_work {
	uint32_t n_left;
};

static int32_t node_ids[] = {BROKER_NODE_ID};

static bool
fill_parts(struct broker *b, struct request *r, const struct btopic *t,
	struct metadata_topic *out)
{
	struct metadata_part *rows =
		broker_request_alloc(b, r, (size_t)t->n_parts, sizeof(*rows));

	if (rows == NULL)
		return false;
	out->parts = (struct wire_array){rows, t->n_parts};
	for (int32_t i = 0; i < t->n_parts; i++) {
		rows[i].index = i;
		rows[i].leader = BROKER_NODE_ID;
		rows[i].leader_epoch = BROKER_LEADER_EPOCH;
		rows[i].replicas = (struct wire_array){node_ids, 1};
		rows[i].isr = (struct wire_array){node_ids, 1};
	}
	return true;
}

/* The answer's row of a topic that was found or not. */
static bool
fill_topic(struct broker *b, struct request *r, const struct btopic *t,
	const struct metadata_topic_req *asked, struct metadata_topic *out)
{
	out->ops = OPS_NOT_ASKED;
	if (t == NULL && asked->name.p == NULL) {
		out->error = KERR_UNKNOWN_TOPIC_ID;
		out->id = asked->id;
		return true;
	}
	if (t == NULL || t->state == TOPIC_GOING) {
		out->name = asked->name;
		out->error = t != NULL || topic_name_is_legal(asked->name)
				     ? KERR_UNKNOWN_TOPIC
				     : KERR_INVALID_TOPIC;
		return true;
	}
	out->name = slice_str(t->name);
	out->id = t->id;
	if (t->state == TOPIC_CREATING) {
		out->error = KERR_LEADER_NOT_AVAILABLE;
		return true;
	}
	return fill_parts(b, r, t, out);
}

static bool
fill_all(struct broker *b, struct request *r, struct wire_array *out)
{
	static const struct metadata_topic_req nobody_asked;
	struct metadata_topic *rows = broker_request_alloc(
		b, r, (size_t)b->n_topics + 1, sizeof(*rows));

	if (rows == NULL)
		return false;
	*out = (struct wire_array){rows, 0};
	for (struct btopic *t = b->all_topics; t != NULL; t = t->next)
		if (t->state == TOPIC_LIVE &&
			!fill_topic(b, r, t, &nobody_asked, &rows[out->n++]))
			return false;
	return true;
}

static struct btopic *
find_asked(struct broker *b, const struct metadata_topic_req *asked)
{
	return asked->name.p != NULL ? broker_topic_find(b, asked->name)
				     : broker_topic_find_id(b, &asked->id);
}

static bool
fill_asked(struct broker *b, struct request *r, struct wire_array *out)
{
	const struct metadata_req *req = r->body;
	const struct metadata_topic_req *asked = req->topics.items;
	struct metadata_topic *rows = broker_request_alloc(
		b, r, (size_t)req->topics.n + 1, sizeof(*rows));

	if (rows == NULL)
		return false;
	*out = (struct wire_array){rows, req->topics.n};
	for (int32_t i = 0; i < req->topics.n; i++)
		if (!fill_topic(b, r, find_asked(b, &asked[i]), &asked[i],
			    &rows[i]))
			return false;
	return true;
}

static bool
asks_all(const struct request *r)
{
	const struct metadata_req *req = r->body;

	return req->topics.n < 0 || (r->version == 0 && req->topics.n == 0);
}

static void
answer_metadata(struct broker *b, struct request *r)
{
	struct metadata_resp resp = {.cluster_id = slice_str(b->cluster_id),
		.controller = BROKER_NODE_ID,
		.cluster_ops = OPS_NOT_ASKED};
	struct msg_broker self;

	if (r->conn == NULL)
		return;
	set_broker(b, r, &self);
	resp.brokers = (struct wire_array){&self, 1};
	if (asks_all(r) ? fill_all(b, r, &resp.topics)
			: fill_asked(b, r, &resp.topics))
		broker_request_answer(b, r, &resp);
}

static void
on_created(struct broker *b, struct topic_change *c)
{
	struct request *r = c->cookie;
	struct metadata_work *w = r->work;

	if (--w->n_left == 0)
		answer_metadata(b, r);
	broker_request_unref(b, r);
}

/* Makes the topics that are asked for by name and not there. */
static void
auto_create(struct broker *b, struct request *r, struct metadata_work *w)
{
	const struct metadata_req *req = r->body;
	const struct metadata_topic_req *asked = req->topics.items;
	int32_t n_parts = (int32_t)b->conf->kafka_default_partitions;
	const char *why;

	for (int32_t i = 0; i < req->topics.n; i++) {
		struct btopic *t;

		if (asked[i].name.p == NULL ||
			broker_topic_check_new(
				b, asked[i].name, n_parts, &why) != KERR_NONE)
			continue;
		t = broker_topic_new(b, asked[i].name, n_parts);
		if (t != NULL &&
			broker_topic_create_start(b, t, on_created, r, i)) {
			w->n_left++;
			broker_request_ref(r);
		}
	}
}

void
broker_handle_metadata(struct broker *b, struct request *r)
{
	const struct metadata_req *req = r->body;
	struct metadata_work *w = broker_request_alloc(b, r, 1, sizeof(*w));

	if (w == NULL)
		return;
	r->work = w;
	w->n_left = 1;
	if (!asks_all(r) && req->allow_auto_create && !b->is_stopping &&
		b->conf->kafka_auto_create_topics && b->listens_on_loopback)
		auto_create(b, r, w);
	if (--w->n_left == 0)
		answer_metadata(b, r);
}

static void
fill_coordinator(struct broker *b, const struct request *r, struct slice key,
	int8_t key_type, struct coordinator *out)
{
	*out = (struct coordinator){.key = key,
		.node = BROKER_NODE_ID,
		.host = broker_host_for(b, r->conn),
		.port = broker_port_for(b, r->conn)};
	if (key_type == KEY_TYPE_GROUP)
		return;
	/* Not "not available": clients would ask for ever. */
	out->error = KERR_TXN_DENIED;
	out->message = SLICE_LIT("transactions are not served");
	out->node = -1;
	out->host = SLICE_LIT("");
	out->port = -1;
}

void
broker_handle_coordinator(struct broker *b, struct request *r)
{
	const struct coordinator_req *req = r->body;
	const struct slice *keys = req->keys.items;
	struct coordinator one;
	struct coordinator_resp resp;
	struct coordinator *rows = broker_request_alloc(
		b, r, (size_t)req->keys.n + 1, sizeof(*rows));

	if (rows == NULL)
		return;
	fill_coordinator(b, r, req->key, req->key_type, &one);
	for (int32_t i = 0; i < req->keys.n; i++)
		fill_coordinator(b, r, keys[i], req->key_type, &rows[i]);
	resp = (struct coordinator_resp){.error = one.error,
		.message = one.message,
		.node = one.node,
		.host = one.host,
		.port = one.port,
		.coordinators = {rows, req->keys.n}};
	broker_request_answer(b, r, &resp);
}

void
broker_handle_cluster(struct broker *b, struct request *r)
{
	struct msg_broker self;
	struct cluster_resp resp = {.endpoint_type = 1,
		.cluster_id = slice_str(b->cluster_id),
		.controller = BROKER_NODE_ID,
		.brokers = {&self, 1},
		.ops = OPS_NOT_ASKED};

	set_broker(b, r, &self);
	broker_request_answer(b, r, &resp);
}
