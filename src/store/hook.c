#include "store/store_int.h"

/* What is kept beside the data and commits with it. @thread store */
void
store_add_hook(struct store *s, const struct store_hook *h)
{
	INVARIANT(s->n_hooks < STORE_HOOKS_MAX, "store-9");
	s->hooks[s->n_hooks++] = *h;
}

void
store_hooks_begin(struct store *s)
{
	for (int i = 0; i < s->n_hooks; i++)
		s->hooks[i].begin(s->hooks[i].cookie);
}

int
store_hooks_note(struct store *s, struct store_part *p, struct slice batches,
	const void *note, bool in_job, struct err *e)
{
	const struct store_hook_append a = {p, batches, note, in_job};
	int r = 0;

	for (int i = 0; i < s->n_hooks && r == 0; i++)
		if (s->hooks[i].note != NULL)
			r = s->hooks[i].note(s->hooks[i].cookie, s->w, &a, e);
	return r;
}

void
store_hooks_mark(struct store *s)
{
	for (int i = 0; i < s->n_hooks; i++)
		if (s->hooks[i].mark != NULL)
			s->hooks[i].mark(s->hooks[i].cookie);
}

void
store_hooks_undo(struct store *s)
{
	for (int i = 0; i < s->n_hooks; i++)
		if (s->hooks[i].undo != NULL)
			s->hooks[i].undo(s->hooks[i].cookie);
}

int
store_hooks_save(struct store *s, struct err *e)
{
	int r = 0;

	for (int i = 0; i < s->n_hooks && r == 0; i++)
		if (s->hooks[i].save != NULL)
			r = s->hooks[i].save(s->hooks[i].cookie, s->w, e);
	return r;
}

void
store_hooks_end(struct store *s, bool is_committed)
{
	for (int i = 0; i < s->n_hooks; i++)
		if (s->hooks[i].end != NULL)
			s->hooks[i].end(s->hooks[i].cookie, is_committed);
}
