#include "broker/broker.h"

#include <string.h>

#include "base/json_write.h"
#include "base/mem.h"
#include "broker/catalog.h"
#include "broker/group.h"

/* What the admin asks, from any thread: short looks under the broker's lock. */

/* By its name on the wire, or by its name without the prefix. */
static struct btopic *
find_topic(struct broker *b, const char *name)
{
	struct btopic *t = broker_topic_find(b, slice_str(name));
	enum topic_id id = topic_by_name(slice_str(name));

	if (t != NULL || id == TOPIC_N)
		return t;
	for (t = b->all_topics; t != NULL; t = t->next)
		if (t->own == id && t->state == TOPIC_LIVE)
			return t;
	return NULL;
}

int64_t
broker_group_offset(
	struct broker *b, const char *group, const char *topic, int partition)
{
	struct group_offset *o = NULL;
	struct btopic *t;
	struct group *g;
	int64_t offset;

	lock_take(&b->lock);
	g = broker_group_find(b, slice_str(group));
	t = find_topic(b, topic);
	if (g != NULL && t != NULL)
		o = broker_offset_find(g, t->row, partition);
	offset = o == NULL ? -1 : o->offset;
	lock_release(&b->lock);
	return offset;
}

static void
put_text(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, "\"%s\":", key);
	if (text == NULL)
		buf_append_lit(out, "null");
	else
		json_put_string(out, slice_str(text));
}

/* null: no bound. */
static void
put_bound(struct buf *out, const char *key, int64_t bound)
{
	if (bound < 0)
		buf_printf(out, ",\"%s\":null", key);
	else
		buf_printf(out, ",\"%s\":%lld", key, (long long)bound);
}

static void
put_part(struct buf *out, const struct bpart *p)
{
	struct store_part_state st = {0};
	int64_t ms = -1, bytes = -1;

	if (p->part != NULL) {
		store_part_state(p->part, &st);
		ms = store_part_retention_ms(p->part);
		bytes = store_part_retention_bytes(p->part);
	}
	buf_printf(out,
		"%s{\"index\":%d,\"log_start\":%lld,\"high_watermark\":%lld,"
		"\"bytes\":%lld",
		p->idx > 0 ? "," : "", p->idx, (long long)st.log_start,
		(long long)st.high_watermark, (long long)st.bytes);
	put_bound(out, "retention_ms", ms);
	put_bound(out, "retention_bytes", bytes);
	buf_append_char(out, '}');
}

void
broker_topics_json(struct broker *b, struct buf *out)
{
	const char *comma = "";

	buf_append_char(out, '[');
	lock_take(&b->lock);
	for (struct btopic *t = b->all_topics; t != NULL; t = t->next) {
		if (t->state != TOPIC_LIVE)
			continue;
		buf_printf(out, "%s{", comma);
		put_text(out, "name", t->name);
		buf_printf(out, ",\"internal\":%s,\"partitions\":[",
			t->own != TOPIC_N ? "true" : "false");
		for (int32_t i = 0; i < t->n_parts; i++)
			put_part(out, &t->parts[i]);
		buf_append_lit(out, "]}");
		comma = ",";
	}
	lock_release(&b->lock);
	buf_append_char(out, ']');
}

static void
put_members(struct buf *out, const struct group *g)
{
	const char *comma = "";

	buf_append_lit(out, ",\"members\":[");
	for (const struct member *m = g->members; m != NULL; m = m->next) {
		if (m->is_pending)
			continue;
		buf_printf(out, "%s{", comma);
		put_text(out, "member_id", m->id);
		buf_append_char(out, ',');
		put_text(out, "client_id", m->client_id);
		buf_append_char(out, ',');
		put_text(
			out, "host", m->host[0] == '/' ? m->host + 1 : m->host);
		buf_append_char(out, '}');
		comma = ",";
	}
	buf_append_char(out, ']');
}

static void
put_offsets(struct buf *out, const struct broker *b, const struct group *g)
{
	const char *comma = "";

	buf_append_lit(out, ",\"offsets\":[");
	for (const struct btopic *t = b->all_topics; t != NULL; t = t->next)
		for (int32_t i = 0; i < t->n_parts && t->state == TOPIC_LIVE;
			i++) {
			struct group_offset *o =
				broker_offset_find(g, t->row, i);
			struct store_part_state st;

			if (o == NULL)
				continue;
			store_part_state(t->parts[i].part, &st);
			buf_printf(out, "%s{", comma);
			put_text(out, "topic", t->name);
			buf_printf(out,
				",\"partition\":%d,\"offset\":%lld,"
				"\"high_watermark\":%lld,\"lag\":%lld}",
				i, (long long)o->offset,
				(long long)st.high_watermark,
				(long long)(st.high_watermark - o->offset));
			comma = ",";
		}
	buf_append_char(out, ']');
}

void
broker_groups_json(struct broker *b, struct buf *out)
{
	struct map_node *n = NULL;
	const char *comma = "";

	buf_append_char(out, '[');
	lock_take(&b->lock);
	while ((n = broker_map_walk(&b->groups, n)) != NULL) {
		struct group *g = MAP_OWNER(n, struct group, by_name);

		buf_printf(out, "%s{", comma);
		put_text(out, "group", g->name);
		buf_append_char(out, ',');
		put_text(out, "state", broker_group_state_name(g));
		buf_append_char(out, ',');
		put_text(out, "protocol_type", g->protocol_type);
		put_members(out, g);
		put_offsets(out, b, g);
		buf_append_char(out, '}');
		comma = ",";
	}
	lock_release(&b->lock);
	buf_append_char(out, ']');
}

int
broker_find_part(struct broker *b, const char *topic, int partition,
	struct store **file, struct store_part **part, struct err *e)
{
	struct btopic *t;
	int r = 0;

	lock_take(&b->lock);
	t = find_topic(b, topic);
	if (t == NULL || t->state != TOPIC_LIVE || partition < 0 ||
		partition >= t->n_parts) {
		r = err_set(e, ERR_NOT_FOUND, "no partition %d of a topic %s",
			partition, topic);
	} else {
		*file = t->parts[partition].file;
		*part = t->parts[partition].part;
	}
	lock_release(&b->lock);
	return r;
}

/* The admin's change: it waits for the net thread's word. */
struct admin_wait {
	struct lock lock;
	struct cond done;
	bool is_done;
	struct err result;
};

static void
on_admin_done(struct broker *b, struct topic_change *c)
{
	struct admin_wait *w = c->cookie;

	if (c->is_delete && c->result.code == ERR_OK)
		broker_offsets_forget_topic(b, c->topic->row);
	lock_take(&w->lock);
	w->result = c->result;
	w->is_done = true;
	cond_signal(&w->done);
	lock_release(&w->lock);
}

static int
admin_change(struct broker *b, struct btopic *t, bool is_delete, struct err *e)
{
	struct admin_wait w = {.is_done = false};
	bool ok = b->net_runs && !b->is_stopping;

	lock_init(&w.lock);
	cond_init(&w.done);
	if (!ok && !is_delete)
		broker_topic_unlist(b, t);
	if (ok)
		ok = is_delete ? broker_topic_delete_start(
					 b, t, on_admin_done, &w, 0)
			       : broker_topic_create_start(
					 b, t, on_admin_done, &w, 0);
	lock_release(&b->lock);
	lock_take(&w.lock);
	while (ok && !w.is_done)
		cond_wait(&w.done, &w.lock);
	lock_release(&w.lock);
	cond_fini(&w.done);
	lock_fini(&w.lock);
	if (!ok)
		return err_set(e, ERR_STOPPING,
			"the broker does not run, or is stopping");
	*e = w.result;
	return w.result.code == ERR_OK ? 0 : -(int)w.result.code;
}

static enum err_code
code_of(enum kerr k)
{
	if (k == KERR_TOPIC_EXISTS)
		return ERR_EXISTS;
	return k == KERR_POLICY ? ERR_TOO_BIG : ERR_INVALID;
}

int
broker_create_topic(
	struct broker *b, const char *name, int n_partitions, struct err *e)
{
	const char *why = "";
	struct btopic *t;
	enum kerr k;
	int r;

	lock_take(&b->lock);
	if (n_partitions == 0)
		n_partitions = (int)b->conf->kafka_default_partitions;
	k = broker_topic_check_new(b, slice_str(name), n_partitions, &why);
	t = k == KERR_NONE ? broker_topic_new(b, slice_str(name), n_partitions)
			   : NULL;
	if (t != NULL)
		return admin_change(b, t, false, e);
	r = k != KERR_NONE ? err_set(e, code_of(k), "topic %s: %s", name, why)
			   : err_set(e, ERR_NO_MEMORY, "no memory for a topic");
	lock_release(&b->lock);
	return r;
}

int
broker_delete_topic(struct broker *b, const char *name, struct err *e)
{
	struct btopic *t;
	int r;

	lock_take(&b->lock);
	t = broker_topic_find(b, slice_str(name));
	if (t != NULL && t->state == TOPIC_LIVE && t->own == TOPIC_N)
		return admin_change(b, t, true, e);
	if (t == NULL || t->state != TOPIC_LIVE)
		r = err_set(e, ERR_NOT_FOUND, "there is no topic %s", name);
	else
		r = err_set(e, ERR_DENIED,
			"topic %s is Sluice's own and cannot be deleted", name);
	lock_release(&b->lock);
	return r;
}
