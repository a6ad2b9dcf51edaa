#ifndef SLUICE_BROKER_TOPIC_CONFIG_H
#define SLUICE_BROKER_TOPIC_CONFIG_H

#include "broker/int.h"

/* Topic configs under their Kafka names (spec kafka 9). */
#define CONFIG_TYPE_BOOL 1
#define CONFIG_TYPE_STRING 2
#define CONFIG_TYPE_INT 3
#define CONFIG_TYPE_LONG 5
#define CONFIG_TYPE_DOUBLE 6
#define CONFIG_TYPE_LIST 7

#define CONFIG_SOURCE_TOPIC 1
#define CONFIG_SOURCE_STATIC 4
#define CONFIG_SOURCE_DEFAULT 5

struct topic_config_row {
	const char *name;
	const char *def;
	int8_t type;
	bool is_enum_of_two; /* value must be def or other */
	const char *other;
};
extern const struct topic_config_row broker_topic_configs[];
extern const int broker_n_topic_configs;
/* -1: none of that name. */
int broker_topic_config_find(struct slice name);
bool broker_topic_config_is_legal(int i, struct slice value);
/* The value in force: the topic's own or the default, in buf or static. */
const char *broker_topic_config_value(
	const struct broker *b, const struct btopic *t, int i, char buf[32]);
/* What a default is for one of Sluice's own topics depends on settings. */
void broker_topic_config_apply(struct broker *b, struct btopic *t);

#endif
