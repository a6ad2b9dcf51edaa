#include "event/names.h"

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
static const struct name_row rows[] = {
#define NAME(name, initial, flags)                                             \
	{name, sizeof(name) - 1, sizeof(initial) - 1, flags, initial},
#include "event/names.def"
#undef NAME
};

unsigned
event_name_flags(struct slice name, struct slice *initial)
{
	size_t low = 0, high = ARRAY_LEN(rows);

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct name_row *r = &rows[mid];
		int c = (name.len > r->len) - (name.len < r->len);

		if (c == 0)
			c = memcmp(name.p, r->name, r->len);
		if (c == 0) {
			if (initial != NULL)
				*initial = slice_of(r->initial, r->initial_len);
			return r->flags;
		}
		if (c > 0)
			low = mid + 1;
		else
			high = mid;
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
