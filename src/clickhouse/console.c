#include "clickhouse/console.h"

#include <ctype.h>
#include <stdio.h>

#include "base/attr.h"

enum kind {
	END,
	NAME, /* a word, or a name in backquotes */
	STRING,
	SIGN
};

struct token {
	enum kind kind;
	struct slice text; /* without quotes */
	char sign;
	bool is_quoted;
};

struct reader {
	const char *at, *end;
	int depth; /* of brackets, at the token read last */
	struct token before, now;
};

static bool
is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' ||
	       (unsigned char)c >= 0x80;
}

static void
read_quoted(struct reader *r, char quote)
{
	const char *begin = ++r->at;

	while (r->at < r->end && *r->at != quote) {
		if (*r->at == '\\' && r->at + 1 < r->end)
			r->at++;
		r->at++;
	}
	r->now.text = slice_of(begin, (size_t)(r->at - begin));
	r->now.is_quoted = true;
	r->now.kind = quote == '\'' ? STRING : NAME;
	if (r->at < r->end)
		r->at++;
}

static void
next(struct reader *r)
{
	const char *begin;

	r->before = r->now;
	r->now = (struct token){.kind = END};
	while (r->at < r->end && isspace((unsigned char)*r->at))
		r->at++;
	if (r->at == r->end)
		return;
	begin = r->at;
	if (*begin == '\'' || *begin == '`' || *begin == '"') {
		read_quoted(r, *begin);
	} else if (is_word_char(*begin)) {
		while (r->at < r->end && is_word_char(*r->at))
			r->at++;
		r->now.kind = NAME;
		r->now.text = slice_of(begin, (size_t)(r->at - begin));
	} else {
		r->now.kind = SIGN;
		r->now.sign = *r->at++;
		if (r->now.sign == '(')
			r->depth++;
		else if (r->now.sign == ')')
			r->depth--;
	}
}

static struct token
peek(struct reader r)
{
	next(&r);
	return r.now;
}

/* A key word as the canonical text has it. */
static bool
is_key(struct token t, const char *word)
{
	return t.kind == NAME && !t.is_quoted && slice_eq_str(t.text, word);
}

static bool
is_sign(struct token t, char sign)
{
	return t.kind == SIGN && t.sign == sign;
}

static bool
is_in(struct slice name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq_nocase(name, slice_str(list[i])))
			return true;
	return false;
}

/*
 * Functions that reach beyond the tables: files, network, the server's state,
 * text that is run as a query, and such as only hold up a thread. Those that
 * the role refuses by itself stand here too, so that the words are the same.
 */
static bool
is_refused_function(struct slice name)
{
	static const char *const names[] = {"addressToLine",
		"addressToLineWithInlines", "addressToSymbol", "aiClassify",
		"aiEmbed", "aiExtract", "aiGenerate", "aiTranslate",
		"arrowstream", "azureBlobStorage", "azureBlobStorageCluster",
		"catboostEvaluate", "chdb", "cluster", "clusterAllReplicas",
		"cosn", "demangle", "dictionary", "eval", "evalMLMethod",
		"executable", "file", "fileCluster", "filesystem",
		"filesystemAvailable", "filesystemCapacity",
		"filesystemUnreserved", "flameGraph", "fuzzJSON", "fuzzQuery",
		"gcs", "generateSerialID", "getClientHTTPHeader", "getMacro",
		"getServerPort", "getServerSetting", "globalVariable",
		"hasColumnInTable", "hasThreadFuzzer", "hdfs", "hdfsCluster",
		"hudi", "hudiCluster", "input", "jdbc", "joinGet",
		"joinGetOrNull", "lemmatize", "logTrace", "loop", "merge",
		"mongodb", "mysql", "naiveBayesClassifier", "odbc", "oss",
		"postgresql", "prometheusQuery", "prometheusQueryRange",
		"python", "redis", "remote", "remoteSecure", "s3", "s3Cluster",
		"showCertificate", "sleep", "sleepEachRow", "sqlite",
		"synonyms", "tcpPort", "transactionID",
		"transactionLatestSnapshot", "transactionOldestSnapshot", "url",
		"urlCluster", "viewExplain", "viewIfPermitted", "ytsaurus",
		"zookeeperSessionUptime"};
	static const char *const begins[] = {"__", "deltaLake", "iceberg",
		"mergeTree", "paimon", "timeSeriesData", "timeSeriesMetrics",
		"timeSeriesSamples", "timeSeriesSelector", "timeSeriesTags"};
	static const char *const fine[] = {
		"icebergBucket", "icebergHash", "icebergTruncate"};

	if (is_in(name, names, ARRAY_LEN(names)))
		return true;
	if (is_in(name, fine, ARRAY_LEN(fine)))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		struct slice b = slice_str(begins[i]);

		if (name.len >= b.len &&
			slice_eq_nocase(slice_of(name.p, b.len), b))
			return true;
	}
	return false;
}

/* Tables of the server itself that say nothing of others' queries, of accounts
 * or of where things are. */
static bool
is_allowed_system_table(struct slice name)
{
	static const char *const names[] = {"aggregate_function_combinators",
		"collations", "columns", "data_type_families", "databases",
		"formats", "functions", "keywords", "numbers", "numbers_mt",
		"one", "parts", "table_functions", "tables", "time_zones",
		"zeros", "zeros_mt"};

	return is_in(name, names, ARRAY_LEN(names));
}

static bool
refuse(char *why, const char *fmt, struct slice name)
{
	struct slice shown = name.len > 60 ? slice_of(name.p, 60) : name;

	/* The only place of fmt is that of the name. */
	const char *mark = strstr(fmt, "%s");

	if (mark == NULL)
		snprintf(why, CONSOLE_WHY_MAX, "%s", fmt);
	else
		snprintf(why, CONSOLE_WHY_MAX, "%.*s%.*s%s", (int)(mark - fmt),
			fmt, SLICE_FMT(shown), mark + 2);
	return false;
}

static bool
may_call(struct slice name, char *why)
{
	if (is_refused_function(name))
		return refuse(why,
			"The function %s is not allowed here: the console "
			"reads the tables of posthog only.",
			name);
	return true;
}

static bool
check_begin(struct reader *r, char *why)
{
	static const char *const begins[] = {
		"SELECT", "WITH", "EXPLAIN", "DESCRIBE", "EXISTS"};
	struct token first = r->now;
	struct token second = peek(*r);

	if (is_sign(first, '('))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (is_key(first, begins[i]))
			return true;
	if (is_key(first, "SHOW") &&
		(is_key(second, "TABLES") || is_key(second, "COLUMNS")))
		return true;
	if (is_key(first, "SHOW") && is_key(second, "CREATE")) {
		struct reader ahead = *r;

		next(&ahead);
		next(&ahead);
		if (is_key(ahead.now, "TABLE") || is_key(ahead.now, "VIEW"))
			return true;
	}
	return refuse(why,
		"The console only reads: begin with SELECT, WITH, EXPLAIN, "
		"DESCRIBE, EXISTS, SHOW TABLES, SHOW COLUMNS or SHOW CREATE "
		"TABLE.",
		SLICE_NONE);
}

/* A clause that would change how the query is run or where its result goes. */
static bool
check_clause(struct reader *r, struct token after, char *why)
{
	if (is_key(r->now, "INTO") && is_key(after, "OUTFILE"))
		return refuse(why,
			"INTO OUTFILE is not allowed: use the download of the "
			"result.",
			SLICE_NONE);
	if (is_key(r->now, "SETTINGS") && after.kind == NAME)
		return refuse(why,
			"SETTINGS is not allowed: the console's limits are "
			"fixed.",
			SLICE_NONE);
	if (is_key(r->now, "FORMAT") && after.kind == NAME && r->depth == 0)
		return refuse(why,
			"Leave FORMAT out: the result is shown as a table.",
			SLICE_NONE);
	return true;
}

static bool
check_name(struct reader *r, char *why)
{
	struct token name = r->now;
	struct token after = peek(*r);

	if (!name.is_quoted && !check_clause(r, after, why))
		return false;
	/* * APPLY f names a function without calling it. */
	if (is_key(name, "APPLY")) {
		struct reader ahead = *r;

		do
			next(&ahead);
		while (is_sign(ahead.now, '('));
		if (ahead.now.kind == NAME && !may_call(ahead.now.text, why))
			return false;
	}
	if (is_sign(after, '(') && !may_call(name.text, why))
		return false;
	if (is_sign(after, '.') && !is_sign(r->before, '.') &&
		slice_eq_nocase(name.text, SLICE_LIT("system"))) {
		struct reader ahead = *r;

		next(&ahead);
		next(&ahead);
		if (ahead.now.kind != NAME ||
			!is_allowed_system_table(ahead.now.text))
			return refuse(why,
				"The table system.%s is not readable here.",
				ahead.now.text);
	}
	return true;
}

bool
sql_console_allows(struct slice canonical, char why[CONSOLE_WHY_MAX])
{
	struct reader r = {
		.at = canonical.p, .end = canonical.p + canonical.len};

	next(&r);
	if (!check_begin(&r, why))
		return false;
	for (; r.now.kind != END; next(&r)) {
		if (r.now.kind == NAME && !check_name(&r, why))
			return false;
		if (is_sign(r.now, ';'))
			return refuse(
				why, "One statement at a time.", SLICE_NONE);
	}
	return true;
}
