#include "team/team_int.h"

/*
 * The project of the canary (src/canary). It is of no database and in no list,
 * and its key is no key: team_token_fault refuses it, so that nobody can send
 * under it or take it.
 */
static const struct team_row row = {
	.t =
		{
			.id = TEAM_CANARY_ID,
			.project_id = TEAM_CANARY_ID,
			.uuid = "00000000-0000-0000-0000-000000000000",
			.name = "canary",
			.token = TEAM_CANARY_TOKEN,
			.settings_json = "{}",
			.anonymize = TEAM_IP_DROP,
		},
};

const struct team *
team_by_record_token(const struct team_snapshot *s, struct slice token)
{
	if (token.len == sizeof(TEAM_CANARY_TOKEN) - 1 &&
		slice_eq_str(token, TEAM_CANARY_TOKEN))
		return &row.t;
	return team_by_token(s, token);
}
