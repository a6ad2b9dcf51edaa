#include "event/names.h"

#include <pthread.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/utf8.h"

struct name_row {
	const char *name;
	unsigned char len;
	unsigned char initial_len;
	unsigned char flags;
	const char *initial;
};

#define PERSON EVENT_NAME_PERSON
#define QUIET EVENT_NAME_QUIET
#define DROPPED EVENT_NAME_DROPPED
#define PROTECTED EVENT_NAME_PROTECTED
#define HOST_OS EVENT_NAME_HOST_OS
/* At most 255 rows, of at most NAME_LEN_MAX bytes. */
static const struct name_row rows[] = {
#define NAME(name, initial, flags)                                             \
	{name, sizeof(name) - 1, sizeof(initial) - 1, flags, initial},
#include "event/names.def"
#undef NAME
};

/* Where names of each length begin, and the last bytes of each name: enough to
 * pass over nearly all others. Filled once. */
#define NAME_LEN_MAX 40
static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned char first_of_len[NAME_LEN_MAX + 2];
static uint32_t tails[ARRAY_LEN(rows)];

static uint32_t
tail_of(const char *p, size_t len)
{
	uint32_t v = 0;

	memcpy(&v, len < 4 ? p : p + len - 4, len < 4 ? len : 4);
	return v;
}

static void
index_rows(void)
{
	size_t i = 0;

	for (size_t len = 0; len <= NAME_LEN_MAX + 1; len++) {
		while (i < ARRAY_LEN(rows) && rows[i].len < len)
			i++;
		first_of_len[len] = (unsigned char)i;
	}
	for (i = 0; i < ARRAY_LEN(rows); i++)
		tails[i] = tail_of(rows[i].name, rows[i].len);
}

unsigned
event_name_flags(struct slice name, struct slice *initial)
{
	uint32_t tail;

	if (name.len > NAME_LEN_MAX)
		return 0;
	pthread_once(&once, index_rows);
	tail = tail_of(name.p, name.len);
	for (size_t i = first_of_len[name.len]; i < first_of_len[name.len + 1];
		i++) {
		const struct name_row *r = &rows[i];

		if (tails[i] != tail || memcmp(name.p, r->name, r->len) != 0)
			continue;
		if (initial != NULL)
			*initial = slice_of(r->initial, r->initial_len);
		return r->flags;
	}
	return 0;
}

static bool
is_listed(struct slice s, const char *const *list, bool nocase)
{
	for (; *list != NULL; list++) {
		struct slice l = slice_str(*list);

		if (nocase ? slice_eq_nocase(s, l) : slice_eq(s, l))
			return true;
	}
	return false;
}

static bool
is_illegal_word(struct slice s)
{
	static const char *const any_case[] = {"anonymous", "guest",
		"distinctid", "distinct_id", "id", "not_authenticated", "email",
		"undefined", "true", "false", NULL};
	static const char *const exact[] = {"[object Object]", "NaN", "None",
		"none", "null", "0", "undefined", NULL};

	return is_listed(s, any_case, true) || is_listed(s, exact, false);
}

/* White space as JavaScript's trim sees it. */
static bool
is_space(uint32_t c)
{
	return (c >= 9 && c <= 13) || c == ' ' || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	       c == 0x202f || c == 0x205f || c == 0x3000 || c == 0xfeff;
}

static bool
is_blank(struct slice s)
{
	for (size_t i = 0; i < s.len;) {
		uint32_t c;

		i += utf8_decode(s.p + i, s.len - i, &c);
		if (!is_space(c))
			return false;
	}
	return true;
}

bool
event_id_illegal(struct slice id)
{
	if (is_blank(id) || is_illegal_word(id))
		return true;
	if (id.len > LIMIT_DISTINCT_ID_UNITS &&
		utf8_units16(id) > LIMIT_DISTINCT_ID_UNITS)
		return true;
	return id.len >= 2 && (id.p[0] == '"' || id.p[0] == '\'') &&
	       id.p[id.len - 1] == id.p[0] &&
	       is_illegal_word(slice_of(id.p + 1, id.len - 2));
}

bool
event_lib_is_server(struct slice lib)
{
	static const char *const libs[] = {"posthog-python", "posthog-node",
		"posthog-edge", "posthog-server", "posthog-go", "posthog-ruby",
		"posthog-php", "posthog-java", "posthog-dotnet",
		"posthog-elixir", "posthog-rs", NULL};

	return slice_starts(lib, SLICE_LIT("posthog-")) &&
	       is_listed(lib, libs, false);
}
