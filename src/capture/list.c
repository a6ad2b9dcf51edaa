#include "capture/list.h"

#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

static struct slice *
find(const struct capture_list *l, struct slice s)
{
	uint64_t i = hash_key(s.p, s.len) & l->mask;

	while (l->slots[i].p != NULL && !slice_eq(l->slots[i], s))
		i = (i + 1) & l->mask;
	return &l->slots[i];
}

static struct slice
next_word(const char **at)
{
	const char *comma = strchr(*at, ',');
	size_t n = comma != NULL ? (size_t)(comma - *at) : strlen(*at);
	struct slice s = slice_trim(slice_of(*at, n));

	*at += n + (comma != NULL);
	return s;
}

bool
capture_list_init(struct capture_list *l, const char *text)
{
	const char *at;
	uint64_t words = 1, size = 16;

	*l = (struct capture_list){0};
	if (text[0] == '\0')
		return true;
	for (at = text; *at != '\0'; at++)
		words += *at == ',';
	while (size < words * 2)
		size *= 2;
	l->mask = size - 1;
	l->text = mem_strdup(text);
	l->slots = mem_zalloc(size, sizeof(*l->slots));
	if (l->text == NULL || l->slots == NULL) {
		capture_list_fini(l);
		return false;
	}
	for (at = l->text; *at != '\0';) {
		struct slice word = next_word(&at);

		if (word.len == 0)
			continue;
		*find(l, word) = word;
		l->n++;
	}
	return true;
}

void
capture_list_fini(struct capture_list *l)
{
	mem_free(l->slots);
	mem_free(l->text);
	*l = (struct capture_list){0};
}

bool
capture_list_has(const struct capture_list *l, struct slice token,
	struct slice distinct_id)
{
	char pair[LIMIT_TOKEN_BYTES + 1 + LIMIT_DISTINCT_ID_SCALARS * 4];

	if (l->n == 0 || token.len == 0)
		return false;
	if (find(l, token)->p != NULL)
		return true;
	if (token.len + 1 + distinct_id.len > sizeof(pair))
		return false;
	memcpy(pair, token.p, token.len);
	pair[token.len] = ':';
	if (distinct_id.len > 0)
		memcpy(pair + token.len + 1, distinct_id.p, distinct_id.len);
	return find(l, slice_of(pair, token.len + 1 + distinct_id.len))->p !=
	       NULL;
}
