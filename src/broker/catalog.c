#include "broker/catalog.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "broker/topic_config.h"

static uint64_t
hash_slice(struct slice s)
{
	return hash_key(s.p, s.len);
}

struct btopic *
broker_topic_find(struct broker *b, struct slice name)
{
	struct map_node *n = broker_map_get(&b->topics, hash_slice(name));

	for (; n != NULL; n = broker_map_get_next(n)) {
		struct btopic *t = MAP_OWNER(n, struct btopic, by_name);

		if (slice_eq_str(name, t->name))
			return t;
	}
	return NULL;
}

struct btopic *
broker_topic_find_id(struct broker *b, const struct uuid *id)
{
	struct map_node *n =
		broker_map_get(&b->topic_ids, hash_key(id->b, sizeof(id->b)));

	for (; n != NULL; n = broker_map_get_next(n)) {
		struct btopic *t = MAP_OWNER(n, struct btopic, by_id);

		if (memcmp(id, &t->id, sizeof(*id)) == 0)
			return t;
	}
	return NULL;
}

struct bpart *
broker_part_find(struct broker *b, struct slice name, int32_t idx)
{
	struct btopic *t = broker_topic_find(b, name);

	if (t == NULL || t->state != TOPIC_LIVE || idx < 0 ||
		idx >= t->n_parts || t->parts[idx].part == NULL)
		return NULL;
	return &t->parts[idx];
}

const char *
broker_topic_store_name(const struct btopic *t)
{
	return t->own == TOPIC_N ? t->name : topic_defs[t->own].name;
}

bool
broker_topic_is_writable(const struct broker *b, const struct btopic *t)
{
	return t->own == TOPIC_N ||
	       conf_list_has(b->conf->kafka_allow_produce, t->name) ||
	       conf_list_has(
		       b->conf->kafka_allow_produce, topic_defs[t->own].name);
}

/* Which of Sluice's own topics has this name, prefix included. */
static enum topic_id
own_by_name(const struct broker *b, struct slice name)
{
	struct slice prefix = slice_str(b->conf->kafka_topic_prefix);

	if (!slice_starts(name, prefix))
		return TOPIC_N;
	return topic_by_name(
		slice_of(name.p + prefix.len, name.len - prefix.len));
}

static void
free_topic(struct btopic *t)
{
	for (int i = 0; t->configs != NULL && i < broker_n_topic_configs; i++)
		mem_free(t->configs[i]);
	mem_free(t->configs);
	mem_free(t->parts);
	mem_free(t->name);
	mem_free(t);
}

static void
set_parts(struct broker *b, struct btopic *t)
{
	for (int32_t i = 0; i < t->n_parts; i++) {
		struct bpart *p = &t->parts[i];

		p->topic = t;
		p->idx = i;
		p->file_no = t->own == TOPIC_N ? TOPIC_BROKER
					       : topic_defs[t->own].file[i];
		p->file = b->files[p->file_no];
	}
}

struct btopic *
broker_topic_add(struct broker *b, struct slice name, const struct uuid *id,
	int32_t n_parts, enum btopic_state state)
{
	struct btopic *t = mem_new(struct btopic);

	if (t == NULL)
		return NULL;
	t->name = mem_zalloc(1, name.len + 1);
	t->parts = mem_zalloc((size_t)n_parts, sizeof(*t->parts));
	t->configs =
		mem_zalloc((size_t)broker_n_topic_configs, sizeof(*t->configs));
	if (t->name == NULL || t->parts == NULL || t->configs == NULL) {
		free_topic(t);
		return NULL;
	}
	memcpy(t->name, name.p, name.len);
	t->id = *id;
	t->state = state;
	t->n_parts = n_parts;
	t->own = own_by_name(b, name);
	if (t->own != TOPIC_N && topic_defs[t->own].n_partitions != n_parts)
		t->own = TOPIC_N;
	set_parts(b, t);
	t->next = b->all_topics;
	b->all_topics = t;
	b->n_topics++;
	b->n_parts += (uint32_t)n_parts;
	broker_map_put(&b->topics, &t->by_name, hash_slice(name));
	broker_map_put(
		&b->topic_ids, &t->by_id, hash_key(t->id.b, sizeof(t->id.b)));
	return t;
}

struct btopic *
broker_topic_new(struct broker *b, struct slice name, int32_t n_parts)
{
	struct uuid id;

	do {
		uuid_v4(&id);
	} while (broker_topic_find_id(b, &id) != NULL);
	return broker_topic_add(b, name, &id, n_parts, TOPIC_CREATING);
}

/* It can be found no more; it is freed with the broker (broker-5). */
void
broker_topic_unlist(struct broker *b, struct btopic *t)
{
	if (t->state == TOPIC_GONE)
		return;
	t->state = TOPIC_GONE;
	broker_map_remove(&b->topics, &t->by_name);
	broker_map_remove(&b->topic_ids, &t->by_id);
	for (int32_t i = 0; i < t->n_parts; i++)
		if (t->parts[i].part != NULL)
			broker_map_remove(
				&b->store_parts, &t->parts[i].by_store);
	b->n_topics--;
	b->n_parts -= (uint32_t)t->n_parts;
}

void
broker_topic_index_parts(struct broker *b, struct btopic *t)
{
	for (int32_t i = 0; i < t->n_parts; i++) {
		struct bpart *p = &t->parts[i];

		if (p->part != NULL)
			broker_map_put(&b->store_parts, &p->by_store,
				hash_key(&p->part, sizeof(p->part)));
	}
}

/* @thread main, broker_read */
int
broker_topic_open_parts(struct broker *b, struct btopic *t, struct err *e)
{
	(void)b;
	for (int32_t i = 0; i < t->n_parts; i++) {
		struct bpart *p = &t->parts[i];
		int r = store_part_open(
			p->file, broker_topic_store_name(t), i, &p->part, e);

		if (r != 0)
			return r;
	}
	return 0;
}

static char
fold(char c)
{
	return c == '.' ? '_' : c;
}

static bool
collides(const char *a, struct slice name)
{
	if (strlen(a) != name.len || memcmp(a, name.p, name.len) == 0)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (fold(a[i]) != fold(name.p[i]))
			return false;
	return true;
}

enum kerr
broker_topic_check_new(
	struct broker *b, struct slice name, int32_t n_parts, const char **why)
{
	if (!topic_name_is_legal(name)) {
		*why = "a topic name has 1 to 249 of a-z A-Z 0-9 . _ -";
		return KERR_INVALID_TOPIC;
	}
	if (broker_topic_find(b, name) != NULL) {
		*why = "the topic exists";
		return KERR_TOPIC_EXISTS;
	}
	for (struct btopic *t = b->all_topics; t != NULL; t = t->next)
		if (t->state != TOPIC_GONE && collides(t->name, name)) {
			*why = "another topic differs only in . and _";
			return KERR_INVALID_TOPIC;
		}
	if (n_parts < 1 || n_parts > PARTS_PER_TOPIC_MAX) {
		*why = "a topic has 1 to 1024 partitions";
		return KERR_INVALID_PARTITIONS;
	}
	if (b->n_topics >= TOPICS_MAX ||
		b->n_parts + (uint32_t)n_parts > PARTS_MAX) {
		*why = "the broker has its most topics or partitions";
		return KERR_POLICY;
	}
	return KERR_NONE;
}

void
broker_catalog_free(struct broker *b)
{
	struct btopic *t;

	while ((t = b->all_topics) != NULL) {
		b->all_topics = t->next;
		free_topic(t);
	}
	broker_map_fini(&b->topics);
	broker_map_fini(&b->topic_ids);
	broker_map_fini(&b->store_parts);
}
