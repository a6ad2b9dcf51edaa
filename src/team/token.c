#include "team/team_int.h"

#include "base/limits.h"
#include "base/rand.h"

const char *
team_token_fault(struct slice token)
{
	if (token.len == 0)
		return "empty";
	if (token.len > LIMIT_TOKEN_BYTES)
		return "too_long";
	for (size_t i = 0; i < token.len; i++)
		if ((unsigned char)token.p[i] >= 0x80)
			return "not_ascii";
	if (slice_starts(token, SLICE_LIT("phx_")))
		return "personal_api_key";
	if (memchr(token.p, '\0', token.len) != NULL)
		return "null_byte";
	return NULL;
}

void
team_token_make(char out[TEAM_TOKEN_RANDOM + 5])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789";
	int n = 4;

	memcpy(out, "phc_", 4);
	while (n < TEAM_TOKEN_RANDOM + 4) {
		unsigned char b;

		rand_bytes(&b, 1);
		if (b < 4 * 62) /* each letter as likely as the others */
			out[n++] = alphabet[b % 62];
	}
	out[n] = '\0';
}
