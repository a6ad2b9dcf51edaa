/*
 * Stands in for parts that are not linked in: each definition is weak, so that
 * the part's own wins. A part that is absent answers that it is.
 */
#include "broker/broker.h"
#include "store/store.h"

#define WEAK __attribute__((weak))

WEAK int
broker_new(const struct broker_options *o, struct broker **out, struct err *e)
{
	(void)o;
	(void)e;
	*out = NULL;
	return 0;
}

WEAK int
broker_start(struct broker *b, uint16_t *port, struct err *e)
{
	(void)b;
	(void)e;
	*port = 0;
	return 0;
}

WEAK void
broker_reload(struct broker *b, const struct conf *conf)
{
	(void)b;
	(void)conf;
}

WEAK void
broker_stop(struct broker *b)
{
	(void)b;
}

WEAK void
broker_free(struct broker *b)
{
	(void)b;
}

WEAK int64_t
broker_group_offset(
	struct broker *b, const char *group, const char *topic, int partition)
{
	(void)b;
	(void)group;
	(void)topic;
	(void)partition;
	return -1;
}

WEAK void
broker_topics_json(struct broker *b, struct buf *out)
{
	(void)b;
	buf_append_lit(out, "[]");
}

WEAK void
broker_groups_json(struct broker *b, struct buf *out)
{
	(void)b;
	buf_append_lit(out, "[]");
}

WEAK int
broker_create_topic(
	struct broker *b, const char *name, int n_partitions, struct err *e)
{
	(void)b;
	(void)n_partitions;
	return err_set(e, ERR_UNSUPPORTED, "%s: no broker", name);
}

WEAK int
broker_delete_topic(struct broker *b, const char *name, struct err *e)
{
	(void)b;
	return err_set(e, ERR_UNSUPPORTED, "%s: no broker", name);
}

WEAK int
broker_find_part(struct broker *b, const char *topic, int partition,
	struct store **file, struct store_part **part, struct err *e)
{
	(void)b;
	(void)partition;
	(void)file;
	(void)part;
	return err_set(e, ERR_NOT_FOUND, "%s: no broker", topic);
}
