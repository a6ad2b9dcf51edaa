#include "flag/flag_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_read.h"
#include "base/json_write.h"

/* Remote config of a project: spec flags 1.8. */
static bool
is_on(const struct team *t, const char *name)
{
	return strcmp(team_setting_json(t, name), "true") == 0;
}

static bool
is_null(const char *json)
{
	return strcmp(json, "null") == 0;
}

static void
put_bool(struct buf *b, const char *key, bool v)
{
	buf_printf(b, ",\"%s\":%s", key, v ? "true" : "false");
}

/* The setting's value, or what stands for null. */
static void
put_setting(struct buf *b, const char *key, const struct team *t,
	const char *name, const char *otherwise)
{
	const char *v = team_setting_json(t, name);

	buf_printf(b, ",\"%s\":", key);
	buf_append_str(b, is_null(v) ? otherwise : v);
}

static bool
parse(struct arena *a, const char *json, struct json_doc *d)
{
	struct json_limits lim = {64, 100000};
	struct err e;

	return json_parse(a, slice_str(json), &lim, d, &e) == 0;
}

static void
put_performance(struct buf *b, const struct team *t)
{
	bool network = is_on(t, "capture_performance_opt_in");
	bool vitals = is_on(t, "autocapture_web_vitals_opt_in");

	if (!network && !vitals) {
		put_bool(b, "capturePerformance", false);
		return;
	}
	buf_printf(b,
		",\"capturePerformance\":{\"network_timing\":%s,"
		"\"web_vitals\":%s,\"web_vitals_allowed_metrics\":",
		network ? "true" : "false", vitals ? "true" : "false");
	buf_append_str(b,
		team_setting_json(t, "autocapture_web_vitals_allowed_metrics"));
	buf_append_char(b, '}');
}

/* scheme://HOST[:port]/… */
static struct slice
host_of(struct slice url)
{
	const char *p = url.len == 0 ? NULL : memmem(url.p, url.len, "//", 2);
	size_t n = 0;

	if (p != NULL)
		url = slice_of(p + 2, url.len - (size_t)(p + 2 - url.p));
	while (n < url.len && url.p[n] != '/' && url.p[n] != ':')
		n++;
	return slice_of(url.p, n);
}

static bool
host_matches(struct slice host, struct slice pattern)
{
	if (slice_starts(pattern, SLICE_LIT("*."))) {
		struct slice tail = slice_of(pattern.p + 1, pattern.len - 1);

		return host.len > tail.len &&
		       slice_eq_nocase(
			       slice_of(host.p + host.len - tail.len, tail.len),
			       tail);
	}
	return slice_eq_nocase(host, pattern);
}

/* A list of domains forbids all others, but not requests that name none. */
static bool
domain_allowed(struct http_request *r, const struct team *t)
{
	struct arena *a = http_arena(r);
	const char *list = team_setting_json(t, "recording_domains");
	struct slice from = http_header(r, "Origin");
	struct json_doc d;

	if (from.p == NULL)
		from = http_header(r, "Referer");
	if (is_null(list) || from.p == NULL || !parse(a, list, &d) ||
		d.nodes[0].n == 0)
		return true;
	for (uint32_t i = json_first(&d, 0); i < d.nodes[0].next;
		i = d.nodes[i].next)
		if (d.nodes[i].type == JSON_STRING &&
			host_matches(
				host_of(from), host_of(json_string(&d, i, a))))
			return true;
	return false;
}

static void
put_sample_rate(struct buf *b, const struct team *t)
{
	const char *v = team_setting_json(t, "session_recording_sample_rate");
	double rate = strtod(v, NULL);

	buf_append_lit(b, ",\"sampleRate\":");
	if (is_null(v) || rate >= 1.0) {
		buf_append_lit(b, "null");
		return;
	}
	buf_append_char(b, '"');
	json_put_double(b, rate, false);
	buf_append_char(b, '"');
}

static void
put_linked_flag(struct http_request *r, struct buf *b, const struct team *t)
{
	const char *v = team_setting_json(t, "session_recording_linked_flag");
	struct json_doc d;
	uint32_t key, variant;

	buf_append_lit(b, ",\"linkedFlag\":");
	if (is_null(v) || !parse(http_arena(r), v, &d) ||
		(key = json_member(&d, 0, SLICE_LIT("key"))) == 0) {
		buf_append_lit(b, "null");
		return;
	}
	variant = json_member(&d, 0, SLICE_LIT("variant"));
	if (variant == 0 || d.nodes[variant].type == JSON_NULL) {
		buf_append_slice(b, json_raw(&d, key));
		return;
	}
	buf_append_lit(b, "{\"flag\":");
	buf_append_slice(b, json_raw(&d, key));
	buf_append_lit(b, ",\"variant\":");
	buf_append_slice(b, json_raw(&d, variant));
	buf_append_char(b, '}');
}

static void
put_canvas(struct http_request *r, struct buf *b, const struct team *t)
{
	const char *v = team_setting_json(t, "session_replay_config");
	struct json_doc d;
	uint32_t canvas = 0;

	if (!is_null(v) && parse(http_arena(r), v, &d))
		canvas = json_member(&d, 0, SLICE_LIT("record_canvas"));
	if (canvas != 0 && d.nodes[canvas].type == JSON_TRUE)
		buf_append_lit(b, ",\"recordCanvas\":true,\"canvasFps\":3,"
				  "\"canvasQuality\":\"0.4\"");
	else
		buf_append_lit(b, ",\"recordCanvas\":false,\"canvasFps\":null,"
				  "\"canvasQuality\":null");
}

static void
put_recording(struct http_request *r, struct buf *b, const struct team *t)
{
	const char *minimum = team_setting_json(
		t, "session_recording_minimum_duration_milliseconds");
	const char *script = team_setting_json(t, "recorder_script");

	if (!is_on(t, "session_recording_opt_in") || !domain_allowed(r, t)) {
		put_bool(b, "sessionRecording", false);
		return;
	}
	buf_append_lit(b, ",\"sessionRecording\":{\"endpoint\":\"/s/\"");
	put_bool(b, "consoleLogRecordingEnabled",
		is_on(t, "capture_console_log_opt_in"));
	buf_append_lit(b, ",\"recorderVersion\":\"v2\"");
	put_sample_rate(b, t);
	buf_printf(b, ",\"minimumDurationMilliseconds\":%s",
		strcmp(minimum, "0") == 0 ? "null" : minimum);
	put_linked_flag(r, b, t);
	put_setting(b, "networkPayloadCapture", t,
		"session_recording_network_payload_capture_config", "null");
	put_setting(
		b, "masking", t, "session_recording_masking_config", "null");
	put_setting(b, "urlTriggers", t, "session_recording_url_trigger_config",
		"[]");
	put_setting(b, "urlBlocklist", t,
		"session_recording_url_blocklist_config", "[]");
	put_setting(b, "eventTriggers", t,
		"session_recording_event_trigger_config", "[]");
	put_setting(b, "triggerMatchType", t,
		"session_recording_trigger_match_type_config", "null");
	buf_append_lit(b, ",\"scriptConfig\":");
	if (is_null(script)) {
		buf_append_lit(b, "null");
	} else {
		buf_append_lit(b, "{\"script\":");
		buf_append_str(b, script);
		buf_append_char(b, '}');
	}
	put_canvas(r, b, t);
	buf_append_lit(b, ",\"version\":1}");
}

static void
put_logs(struct http_request *r, struct buf *b, const struct team *t)
{
	const char *v = team_setting_json(t, "logs_settings");
	struct json_doc d;
	uint32_t n = 0;

	if (!is_null(v) && parse(http_arena(r), v, &d)) {
		n = json_member(&d, 0, SLICE_LIT("captureConsoleLogs"));
		if (n == 0)
			n = json_member(
				&d, 0, SLICE_LIT("capture_console_logs"));
	}
	buf_printf(b, ",\"logs\":{\"captureConsoleLogs\":%s}",
		n != 0 && d.nodes[n].type == JSON_TRUE ? "true" : "false");
}

/* flag-2: no flag can be defined, so hasFeatureFlags is false. */
void
flag_config_write(struct http_request *r, const struct team *t, unsigned parts,
	struct buf *b)
{
	bool exceptions = is_on(t, "autocapture_exceptions_opt_in");

	buf_append_lit(b, "\"token\":");
	json_put_string(b, slice_str(t->token));
	buf_append_lit(b, ",\"supportedCompression\":[\"gzip\",\"gzip-js\"],"
			  "\"hasFeatureFlags\":false");
	put_bool(b, "captureDeadClicks", is_on(t, "capture_dead_clicks"));
	put_performance(b, t);
	put_bool(b, "autocapture_opt_out", is_on(t, "autocapture_opt_out"));
	put_bool(b, "autocaptureExceptions", exceptions);
	buf_append_lit(b, ",\"analytics\":{\"endpoint\":\"/i/v0/e/\"},"
			  "\"elementsChainAsString\":true,\"errorTracking\":{");
	buf_printf(b, "\"autocaptureExceptions\":%s",
		exceptions ? "true" : "false");
	put_setting(b, "suppressionRules", t,
		"error_tracking_suppression_rules", "[]");
	buf_append_char(b, '}');
	put_logs(r, b, t);
	put_recording(r, b, t);
	put_bool(b, "heatmaps", is_on(t, "heatmaps_opt_in"));
	buf_append_lit(b,
		",\"conversations\":false,\"surveys\":false,"
		"\"productTours\":false,\"defaultIdentifiedOnly\":true");
	if ((parts & FLAG_CONFIG_SITE_APPS) != 0)
		buf_append_lit(b, ",\"siteApps\":[]");
	if ((parts & FLAG_CONFIG_FLAGS_ONLY) != 0)
		buf_append_lit(b,
			",\"isAuthenticated\":false,\"toolbarParams\":{},"
			"\"config\":{\"enable_collect_everything\":true}");
}
