#include "base/json_write.h"
#include "person/person_int.h"

/* Reading and writing properties: the part of the work whose order does not
 * matter. */

struct person **
person_unparsed(struct person_set *s, uint32_t *n)
{
	struct person **list = arena_alloc(
		s->arena, ((size_t)s->n_persons + 1) * sizeof(*list));

	*n = 0;
	for (uint32_t i = 0; list != NULL && i <= s->uuid_mask; i++)
		for (struct person *p = s->uuid_table[i]; p != NULL;
			p = p->next_by_uuid)
			if (!p->is_parsed && !p->is_deleted)
				list[(*n)++] = p;
	return list;
}

void
person_parse(struct person *p, struct arena *a)
{
	struct arena *later = p->props.arena;
	struct props props;

	props_init(&props, a);
	if (!props_add_text(&props, p->text, a) || props.failed)
		return;
	p->props = props;
	p->props.arena = later;
	p->is_parsed = true;
}

struct person **
person_unwritten(struct person_set *s, uint32_t *n)
{
	struct person **list = arena_alloc(
		s->arena, ((size_t)s->n_persons + 1) * sizeof(*list));

	*n = 0;
	for (struct person *p = s->persons_changed; list != NULL && p != NULL;
		p = p->next_changed)
		if (!p->text_valid)
			list[(*n)++] = p;
	return list;
}

void
person_write(struct person *p, struct arena *a, struct buf *scratch)
{
	struct slice text = props_text(&p->props, scratch, a);

	if (text.p == NULL)
		return;
	p->text = text;
	p->text_valid = true;
}

int
person_write_all(struct person_set *s, struct err *e)
{
	for (struct person *p = s->persons_changed; p != NULL;
		p = p->next_changed)
		if (!p->text_valid)
			(void)person_text(s, p);
	return s->failed ? err_set(e, ERR_NO_MEMORY, "no memory for persons")
			 : 0;
}

void
person_put_properties(const struct person_result *r, struct buf *out)
{
	bool first = true;

	if (r->properties.p != NULL) {
		buf_append_slice(out, r->properties);
		return;
	}
	buf_append_char(out, '{');
	for (uint32_t i = 0; i < r->n_rows; i++) {
		if (r->rows[i].key.p == NULL)
			continue;
		if (!first)
			buf_append_char(out, ',');
		first = false;
		json_put_string(out, r->rows[i].key);
		buf_append_char(out, ':');
		buf_append_slice(out, r->rows[i].value);
	}
	buf_append_char(out, '}');
}
