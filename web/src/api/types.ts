// Made by scripts/types.mjs of the API's description: make openapi.

export type Error = {
	error: {
		/** One word for programs. */
		code: string;
		/** For people. */
		message: string;
		/** What of the request it is about. */
		field?: string;
		/** Of a query: where, from 1. */
		line?: number;
		column?: number;
		/** Of a query: ClickHouse's own words. */
		detail?: string;
	};
};

/** The cursor of the next page; null: there is none. */
export type Next = string | null;

export type Time = string;

export type TimeOrNull = string | null;

export type Count = number;

export type Strings = string[];

export type Map = {
	[name: string]: unknown;
};

export type Text = string;

/** Server-sent events; each data is one JSON value. */
export type Events = string;

export type Openapi = {
	[name: string]: unknown;
};

/** With every setting as a member. */
export type Project = {
	id: number;
	uuid: string;
	name: string;
	api_token: string;
	timezone?: string;
	[name: string]: unknown;
};

export type ProjectMade = Project;

export type ProjectDeleted = {
	id: number;
	deleted: boolean;
};

export type Projects = {
	items: Project[];
	next: Next;
};

/** Settings by name; null gives back the default. */
export type ProjectSettings = {
	[name: string]: unknown;
};

export type ProjectNew = {
	name: string;
	/** Made if it is not given. */
	api_token?: string | null;
	settings?: ProjectSettings;
};

export type ProjectChange = {
	name?: string;
	settings?: ProjectSettings;
};

export type ProjectRotate = {
	/** Hours that the old key goes on; null: as the project's setting old_token_grace_h says. */
	grace_h?: number | null;
};

export type OldTokens = {
	items: Array<{
		api_token: string;
		expires_at: string;
	}>;
	next: Next;
};

export type ProjectActivity = {
	items: Array<{
		id: number;
		/** Events since midnight, UTC. */
		today: number;
		week: number;
		/** The minute of the last event. */
		last_seen_at: string;
	}>;
	next: Next;
};

export type ProjectSettingsTable = {
	items: Array<{
		name: string;
		group: string;
		kind: "bool" | "maybe" | "int" | "number" | "text" | "word" | "array" | "object" | "off";
		help: string;
		allowed: string;
		choices: Strings;
		/** JSON; null: unset. */
		default: unknown;
		min: number | null;
		max: number | null;
	}>;
	next: Next;
};

export type Connections = {
	postgres: {
		in_use: boolean;
		state: "off" | "untried" | "up" | "down";
		since?: string | null;
		/** host:port/database */
		server: string;
		user?: string;
		version?: string | null;
		tls?: boolean;
		error: string;
		/** Why the probe of every two seconds fails. */
		hop_error: string;
		schema: string;
		url_set: boolean;
		source: string;
		pending: boolean;
		pending_server?: string;
		ignored?: string | null;
		letters_waiting?: number;
	};
	kafka: {
		mode: string;
		running: boolean;
		listen: string;
		port: number;
		advertised: string;
		clients: number;
		topics: number;
		records_bytes: number;
		groups: number;
		external_built?: boolean;
	};
	clickhouse: {
		mode: string;
		state: "off" | "starting" | "ready" | "hanging" | "restarting" | "no_library";
		pid?: number;
		listen: string;
		port: number;
		database?: string;
		version: string;
		error: string;
		restarts: number;
		memory_bytes: number;
		memory_max_bytes: number;
		tables: number | null;
		rows?: number | null;
		bytes?: number | null;
		lag_records: number;
		lag_s?: number | null;
		lag_error?: string;
		external_built?: boolean;
	};
};

/** Without a url: the one that is set. */
export type PostgresTest = {
	url?: string;
	schema?: string;
};

export type PostgresTested = {
	/** Sluice can work with it. */
	ok: boolean;
	/** A session was made. */
	reached: boolean;
	cause: "" | "url" | "host" | "port" | "timeout" | "tls" | "password" | "user" | "database" | "hba" | "busy" | "version" | "read_only" | "rights" | "schema" | "other";
	text: string;
	todo: string;
	server?: string;
	/** Of one small query, once connected. */
	latency_ms: number | null;
	connect_ms?: number;
	version?: string | null;
	tls?: boolean;
	user?: string;
	tables?: "unknown" | "none" | "sluice" | "posthog";
	may_create?: boolean;
	warning?: string;
};

export type Person = {
	uuid: string;
	distinct_ids: Strings;
	properties: Map;
	is_identified: boolean;
	version: number;
	created_at: string;
	last_seen_at?: string | null;
};

export type Persons = {
	/** Of a search: so many persons at least were looked at; next leads to the rest. */
	scanned?: number;
	items: Person[];
	next: Next;
};

export type PersonHistory = {
	merges: Array<{
		at: string;
		event: string;
		distinct_id: string;
		other: string;
	}>;
	properties: Array<{
		name: string;
		first_at: string;
		last_at: string;
		events: number;
	}>;
};

export type PersonEvent = {
	uuid: string;
	event: string;
	timestamp: string;
	distinct_id: string;
	person_id: string;
	person_mode?: string;
	elements_chain?: string;
	created_at?: string;
	properties: unknown;
	person_properties?: unknown;
};

export type PersonEvents = {
	items: PersonEvent[];
	next: Next;
};

export type PersonExport = {
	project_id: number;
	exported_at: Time;
	uuid: string;
	person: Person | null;
	group_types: GroupType[];
	groups: Array<{
		group_type_index: number;
		group_key: string;
	}>;
	has_clickhouse: boolean;
};

export type Erasure = {
	deleted: boolean;
	asked_at: Time;
	uuid: string;
	distinct_ids: Strings;
	with_events: boolean;
	wiped: boolean;
	clickhouse: {
		task: number;
		state: string;
		rows: number;
		error: string;
	};
	remains: Array<{
		what: string;
		where: string;
		until: string | null;
		how: string;
	}>;
};

export type Group = {
	type: string;
	key: string;
	properties: Map;
	version: number;
};

export type Groups = {
	items: Group[];
	next: Next;
};

export type GroupType = {
	index: number;
	type: string;
};

export type GroupTypes = {
	items: GroupType[];
	next: Next;
};

export type EventDefinitions = {
	items: Array<{
		name: string;
		created_at: string | null;
		last_seen_at: string | null;
	}>;
	next: Next;
};

export type PropertyDefinitions = {
	items: Array<{
		name: string;
		type: string;
		group_type_index?: number | null;
		property_type: string | null;
		is_numerical: boolean;
	}>;
	next: Next;
};

export type EventProperties = {
	items: Array<{
		event: string;
		property: string;
	}>;
	next: Next;
};

export type Partition = {
	index: number;
	log_start: number;
	high_watermark: number;
	bytes: number;
	/** null: no bound of time. */
	retention_ms: number | null;
	retention_bytes: number | null;
};

export type Topic = {
	name: string;
	/** One of Sluice's own. */
	internal: boolean;
	partitions: Partition[];
};

export type Topics = {
	items: Topic[];
	next: Next;
};

export type TopicNew = {
	name: string;
	partitions?: number;
};

export type TopicMade = {
	name: string;
	created: boolean;
};

export type TopicDeleted = {
	name: string;
	deleted: boolean;
};

/** Key and value as text, or as _base64 if they are none. */
export type Record = {
	partition: number;
	offset: number;
	timestamp_ms: number;
	key?: string | null;
	key_base64?: string;
	headers: {
		[name: string]: string | null;
	};
	value?: string | null;
	value_base64?: string;
};

/** Lines, each a record. */
export type Records = string;

export type RecordPage = {
	items: RecordShown[];
	next: Next;
};

/** A record whose value may be cut. */
export type RecordShown = {
	partition: number;
	offset: number;
	timestamp_ms: number;
	key?: string | null;
	key_base64?: string;
	headers: {
		[name: string]: string | null;
	};
	value?: string | null;
	value_base64?: string;
	/** Of the whole value; 0: it has none. */
	value_bytes: number;
	/** The value is only the first part of it. */
	cut: boolean;
};

export type ConsumerGroups = {
	items: Array<{
		group: string;
		state: string;
		protocol_type: string | null;
		members: Array<{
			member_id: string;
			client_id: string | null;
			host: string;
		}>;
		offsets: Array<{
			topic: string;
			partition: number;
			offset: number;
			high_watermark: number;
			lag: number;
		}>;
	}>;
	next: Next;
};

export type LetterState = "pending" | "replayed" | "discarded";

/** Texts that are no UTF-8 come as NAME_base64. Asked for alone it has the original record too. */
export type Letter = {
	id: string;
	topic: string;
	partition: number;
	offset: number;
	source: {
		topic?: string;
		partition?: string;
		offset?: string;
	} | null;
	reason?: string | null;
	step?: string | null;
	error?: string | null;
	project_id: number;
	at: TimeOrNull;
	event?: string | null;
	distinct_id?: string | null;
	state: LetterState;
	replayed_at: TimeOrNull;
	discarded_at: TimeOrNull;
	replays: number;
	edited: boolean;
	by: string | null;
	attempts: number;
	replay_of?: string | null;
	event_uuid?: string | null;
	token?: string | null;
	raw_payload?: string | null;
	raw_payload_base64?: string;
	/** The event, if the record can be read. */
	body?: unknown;
	headers?: {
		[name: string]: string | null;
	};
};

export type LetterGroup = {
	reason: string;
	step: string;
	error: string;
	project_id: number;
	count: number;
	pending: number;
	replayed: number;
	discarded: number;
	first_at: TimeOrNull;
	last_at: TimeOrNull;
	sample_id: string;
};

export type LetterGroups = {
	items: LetterGroup[];
	next: Next;
	not_indexed: Count;
};

/** With by_error the items are groups. */
export type Letters = {
	items: Array<Letter | LetterGroup>;
	next: Next;
	not_indexed: Count;
};

/** Either ids, or all with what they must have in common. */
export type DlqBulk = {
	ids?: string[];
	all?: boolean;
	state?: "pending" | "replayed" | "discarded" | "all" | null;
	reason?: string | null;
	error?: string | null;
	project?: number | null;
	/** Also those that were replayed before. */
	again?: boolean;
	/** With one id to replay: the edited event. */
	event?: {
		[name: string]: unknown;
	} | string | null;
	/** Who does it; only the socket is believed. */
	by?: string | null;
	cursor?: string | null;
};

/** A call does a part: it is called again with next as cursor. */
export type DlqBulkResult = {
	replayed?: number;
	discarded?: number;
	already: number;
	failed: number;
	errors: Array<{
		id: string;
		error: string;
	}>;
	next: Next;
	not_indexed: Count;
};

export type Trace = {
	uuid: string;
	clickhouse: {
		rows: number | null;
		error?: string;
		since?: string;
		person_id?: string;
		person_mode?: string;
	};
	from_ms: number | null;
	to_ms: number | null;
};

/** More members by kind. */
export type TracePlace = {
	kind: "capture" | "output" | "letter" | "warning" | "person" | "heatmap";
	topic: string;
	partition: number;
	offset: number;
	timestamp_ms: number;
	[name: string]: unknown;
};

export type TracePlaces = {
	items: TracePlace[];
	records: number;
	bytes: number;
	/** Where the search is. */
	topic: string | null;
	next: Next;
};

export type TraceChanges = {
	items: Array<{
		step: string;
		change: "added" | "removed" | "changed";
		member: string;
		from?: string;
		to?: string;
	}>;
	next: Next;
};

export type Missing = Array<{
	[name: string]: string;
}>;

export type Ready = {
	ready: boolean;
	missing: Missing;
};

export type Drained = {
	drained: boolean;
	waiting: Array<{
		hop: string;
		lag_records: number;
		error: string;
	}>;
};

export type Hop = {
	name: string;
	state: "off" | "ok" | "behind" | "stopped" | "unknown";
	rate: number;
	unit: string;
	lag_records: number;
	lag_s: number;
	error: string;
	/** What to do about it. */
	do: string;
	last_error: {
		at: Time;
		text: string;
	} | null;
};

export type Disk = {
	free_bytes: number;
	total_bytes: number;
	reserve_bytes: number;
	ballast_bytes: number;
	events_refused: boolean;
	recordings_refused: boolean;
	files: Array<{
		name: string;
		bytes: number;
		wal_bytes: number;
		log_bytes: number;
		failed: boolean;
	}>;
};

/** When the free space will be down to the reserve. */
export type Forecast = {
	state: "too_early" | "steady" | "filling" | "full";
	/** Of free space; negative: it gets less. */
	bytes_per_day: number;
	/** The time that was looked at. */
	basis_s: number;
	full_in_s: number | null;
} | null;

export type Child = {
	name: string;
	state: string;
	pid: number;
	port: number;
	restarts: number;
	version: string;
	text: string;
};

export type DeadLetters = {
	total: number;
	pending: number;
	replayed: number;
	discarded: number;
	not_indexed: number;
	per_minute: number;
	pending_since: TimeOrNull;
	top_error: string | null;
	alerts: Array<{
		text: string;
		do: string;
	}>;
};

export type Status = {
	version: string;
	pid: number;
	uptime_s: number;
	data: string;
	roles: Strings;
	ready: boolean;
	missing: Missing;
	hops: Hop[];
	behind: Array<{
		hop: string;
		why: string;
		do: string;
	}>;
	disk: Disk;
	forecast?: Forecast;
	children: Child[];
	postgres: {
		[name: string]: unknown;
	} | null;
	canary: {
		[name: string]: unknown;
	} | null;
	refused: {
		[name: string]: number;
	};
	wrong?: {
		[name: string]: number;
	};
	duplicates: {
		[name: string]: number;
	};
	dead_letters: DeadLetters;
	tls: {
		[name: string]: unknown;
	} | null;
	admin?: {
		tls: {
			[name: string]: unknown;
		} | null;
		/** What is wrong with how the admin port can be reached. */
		warning: string;
	};
	ports: {
		[name: string]: number;
	};
	topics: Topic[];
};

export type Config = {
	items: Array<{
		name: string;
		value: string;
		source: string;
		needs_restart: boolean;
	}>;
	next: Next;
};

export type Setting = {
	name: string;
	group: string;
	type: string;
	unit: string;
	help: string;
	default: string;
	choices: Strings;
	min: number | null;
	max: number | null;
	applies: "now" | "restart";
	secret: boolean;
	/** Why it cannot be made here; null: it can. */
	locked: string | null;
	is_set: boolean;
	/** Of a secret always empty. */
	value: string;
	source: string;
	pending: boolean;
	pending_value: string | null;
	made_here: boolean;
	made_here_value: string | null;
	ignored: string | null;
};

export type Settings = {
	items: Setting[];
	warnings: Strings;
	next: Next;
};

export type SettingsChange = {
	/** Values by name; null: no longer made here. */
	settings: {
		[name: string]: string | number | boolean | null;
	};
};

export type Audit = {
	from: TimeOrNull;
	to: TimeOrNull;
	recount: boolean;
	clickhouse: string;
	differences: Array<{
		hop: string;
		minute: TimeOrNull;
		project_id: number;
		missing: number;
		extra: number;
		text: string;
	}>;
	notes: Strings;
	unread: number;
	unseen: number;
	hops: {
		[name: string]: number;
	};
	lines?: Array<{
		minute: TimeOrNull;
		project_id: number;
		hop: string;
		count: number;
		checksum: string;
	}>;
};

export type Series = {
	step: number;
	from: number;
	points: number;
	items: Array<{
		name: string;
		unit: string;
		kind: string;
		help: string;
		values: Array<number | null>;
	}>;
	next: Next;
};

export type FirstEvent = {
	event: {
		uuid: string;
		at_ms: number;
		event: string | null;
		distinct_id: string | null;
		data?: string | null;
		topic: string;
		partition: number;
		offset: number;
	} | null;
	hops: Array<{
		id: "capture" | "front_log" | "ingest" | "output" | "broker" | "clickhouse";
		state: "done" | "waiting" | "off" | "letter" | "dropped";
		text: string;
	}>;
	refused: {
		key: number;
		other: number;
	};
	ports: {
		[name: string]: unknown;
	};
	looked_to_ms: number;
};

/** When it passed; null: before the view was opened. */
export type SeenMs = number | null;

export type LiveEvent = {
	uuid: string;
	project_id: number;
	at_ms: number;
	seen_ms: SeenMs;
	state: "captured" | "dead_letter";
	topic: string;
	partition: number;
	offset: number;
	bytes: number;
	event: string | null;
	distinct_id: string | null;
	error: string | null;
};

export type LiveState = {
	uuid: string;
	project_id: number;
	seen_ms: SeenMs;
	state: "processed" | "dead_letter";
	offset: number;
	person_id: string | null;
	person_mode: string | null;
	error: string | null;
};

/** Of the second before. */
export type LiveFlow = {
	matched: Count;
	shown: Count;
	left_out: Count;
	skipped: Count;
};

export type Sql = {
	query: string;
	/** One of ClickHouse's; TSV if it is not given. */
	format?: string | null;
};

export type Role = "viewer" | "member" | "admin";

export type Session = {
	user: {
		/** 0: by the socket. */
		id: number;
		email: string;
		name: string;
		role: Role;
	};
	/** For the header X-CSRF-Token of each change. */
	csrf_token: string;
	version: string;
	warnings: Array<{
		code: string;
		message: string;
	}>;
};

export type SessionMade = Session;

export type SignIn = {
	email: string;
	password: string;
};

export type SignedOut = {
	signed_out: boolean;
};

export type Setup = {
	needed: boolean;
};

export type SetupNew = {
	token: string;
	email: string;
	name: string;
	password: string;
};

export type SetupToken = {
	token: string;
	expires_at: Time;
	/** null: admin.listen is off. */
	url: string | null;
};

export type User = {
	id: number;
	email: string;
	name: string;
	role: Role;
	sessions: Count;
	keys: Count;
	created_at: Time;
	signed_in_at: TimeOrNull;
};

export type UserMade = User;

export type Users = {
	items: User[];
	next: Next;
};

export type UserNew = {
	email: string;
	name: string;
	role: Role;
	password: string;
};

export type UserChange = {
	name?: string;
	role?: Role;
};

export type PasswordNew = {
	password: string;
};

export type AccountChange = {
	name: string;
};

export type OwnPassword = {
	current: string;
	password: string;
};

export type Csrf = {
	/** Of the new session. */
	csrf_token: string;
};

export type Changed = {
	changed: boolean;
};

export type Ended = {
	id?: number;
	ended: boolean;
};

export type OwnSessions = {
	items: Array<{
		id: number;
		is_this: boolean;
		address: string;
		agent: string;
		created_at: Time;
		seen_at: Time;
		expires_at: Time;
	}>;
	next: Next;
};

export type Key = {
	id: number;
	user_id: number;
	/** The owner's e-mail. */
	user: string;
	name: string;
	/** The first characters of the key. */
	prefix: string;
	scopes: Strings;
	created_at: Time;
	expires_at: TimeOrNull;
	used_at: TimeOrNull;
	used_from: string;
};

export type Keys = {
	items: Key[];
	next: Next;
};

export type OwnKeyNew = {
	name: string;
	scopes: string[];
	/** Until it expires; 0: never. Usually 365. */
	days?: number;
};

export type KeyNew = {
	/** The owner's e-mail or id. */
	user: string;
	name?: string;
	scopes: string[];
	/** Until it expires; 0: never. Usually 365. */
	days?: number;
};

export type KeyMade = {
	id: number;
	/** Shown this once. */
	key: string;
};

export type Revoked = {
	id: number;
	revoked: boolean;
};

export type Scopes = {
	items: Array<{
		name: string;
		role: Role;
		help: string;
	}>;
	next: Next;
};

export type Trail = {
	items: Array<{
		id: number;
		at: Time;
		/** 0: none. */
		user_id: number;
		/** 0: none. */
		key_id: number;
		who: string;
		how: string;
		address: string;
		action: string;
		summary: string;
		target: string;
		detail: Map;
	}>;
	next: Next;
};

export type ConsoleQuery = {
	query: string;
	/** Chosen by who asks; by it the query can be cancelled. */
	id?: string;
};

export type ConsoleResult = {
	columns: Array<{
		name: string;
		type: string;
	}>;
	/** A value for each column; whole numbers of 64 bits and more are strings. */
	rows: Array<unknown[]>;
	n_rows: number;
	/** There are more rows. */
	truncated: boolean;
	statistics: null | {
		elapsed?: number;
		rows_read?: number;
		bytes_read?: number;
	};
};

export type ConsoleCancelled = {
	cancelled: boolean;
};

export type SavedQuery = {
	id: number;
	name: string;
	query: string;
	chart: Map;
	owner: string;
	is_own: boolean;
	may_change: boolean;
	is_shared: boolean;
	created_at: Time;
	changed_at: Time;
};

export type SavedQueries = {
	items: SavedQuery[];
	next: Next;
};

export type SavedQueryNew = {
	name: string;
	query: string;
	chart?: {
		[name: string]: unknown;
	};
	is_shared?: boolean;
};

export type SavedQueryDeleted = {
	deleted: boolean;
};

export type SqlSchema = {
	tables: Array<{
		name: string;
		columns: Array<{
			name: string;
			type: string;
		}>;
	}>;
	functions: Strings;
	events: Strings;
	properties: Strings;
};

export type Insight = {
	/** Chosen by who asks; by it the query can be cancelled. */
	id?: string;
	kind: "trends" | "funnel" | "retention" | "top";
	/** Since when, in seconds since 1970. */
	from: number;
	/** Before when. */
	to: number;
	interval?: "hour" | "day" | "week" | "month";
	measure?: "events" | "users";
	/** Only this event; trends, retention, top. */
	event?: string;
	/** Retention: what counts as coming back; empty: any event. */
	return_event?: string;
	breakdown?: "none" | "event" | "property" | "person_property";
	/** Of the breakdown, or whose values are counted. */
	property?: string;
	/** Funnel: the events in their order. */
	steps?: string[];
	/** Funnel: hours from the first step to the last. */
	window_h?: number;
	top?: "events" | "properties" | "values";
	limit?: number;
};

export type InsightResult = {
	columns: Array<{
		name: string;
		type: string;
	}>;
	rows: Array<unknown[]>;
	n_rows: number;
	truncated: boolean;
	statistics: null | {
		[name: string]: unknown;
	};
	/** The same as a query to edit. */
	sql: string;
	timezone: string;
};

/** What each call takes and gives. */
export interface Operations {
	/** Changes the own name. */
	"PATCH /account": {
		query: undefined;
		body: AccountChange;
		answer: Changed;
	};
	/** Lists the own personal keys. */
	"GET /account/keys": {
		query: undefined;
		body: undefined;
		answer: Keys;
	};
	/** Makes a personal key of one's own. */
	"POST /account/keys": {
		query: undefined;
		body: OwnKeyNew;
		answer: KeyMade;
	};
	/** Revokes a personal key of one's own. */
	"DELETE /account/keys/{id}": {
		query: undefined;
		body: undefined;
		answer: Revoked;
	};
	/** Changes the own password; other sessions end. */
	"POST /account/password": {
		query: undefined;
		body: OwnPassword;
		answer: Csrf;
	};
	/** Lists where one is signed in. */
	"GET /account/sessions": {
		query: undefined;
		body: undefined;
		answer: OwnSessions;
	};
	/** Ends all own sessions but this one. */
	"DELETE /account/sessions": {
		query: undefined;
		body: undefined;
		answer: Ended;
	};
	/** Ends one of the own sessions. */
	"DELETE /account/sessions/{id}": {
		query: undefined;
		body: undefined;
		answer: Ended;
	};
	/** Compares what passed each hop, minute by minute. */
	"GET /audit": {
		query: {
			/** Since when: 2026-01-31T10:20 (UTC) or seconds since 1970. */
			from?: string;
			/** Until when: 2026-01-31T10:20 (UTC) or seconds since 1970. */
			to?: string;
			/** Counts anew from the records that are kept. */
			recount?: boolean;
			/** With the sums of each minute, project and hop. */
			lines?: boolean;
		};
		body: undefined;
		answer: Audit;
	};
	/** What was changed, by whom and from where, the newest first. */
	"GET /audit-trail": {
		query: {
			/** The most items of a page. */
			limit?: number;
			/** The next of the page before. */
			cursor?: string;
			/** Only changes by this user (e-mail or system's name). */
			who?: string;
			/** Only changes by this door. */
			how?: "socket" | "files" | "session" | "key";
			/** Only changes whose action begins so: POST /projects. */
			action?: string;
			/** Only changes whose target begins so: /projects/7. */
			target?: string;
			/** Not before, in milliseconds since 1970. */
			from_ms?: number;
			/** Not after, in milliseconds since 1970. */
			to_ms?: number;
		};
		body: undefined;
		answer: Trail;
	};
	/** Every setting with its value and where it comes from. */
	"GET /config": {
		query: undefined;
		body: undefined;
		answer: Config;
	};
	/** How Postgres, Kafka and ClickHouse are connected. */
	"GET /connections": {
		query: undefined;
		body: undefined;
		answer: Connections;
	};
	/** Connects to a Postgres and says what it found. */
	"POST /connections/postgres/test": {
		query: undefined;
		body: PostgresTest;
		answer: PostgresTested;
	};
	/** Consumer groups with their offsets and lags. */
	"GET /consumer-groups": {
		query: undefined;
		body: undefined;
		answer: ConsumerGroups;
	};
	/** Lists dead letters. */
	"GET /dlq": {
		query: {
			/** The most items of a page. */
			limit?: number;
			/** The next of the page before. */
			cursor?: string;
			/** Groups by error, as /api/v1/dlq/groups. */
			by_error?: boolean;
			/** Only of this project; 0: of none that is known. */
			project?: number;
			/** Only letters in this state. */
			state?: "pending" | "replayed" | "discarded" | "all";
			/** Only letters with this reason. */
			reason?: string;
			/** Only letters with this error. */
			error?: string;
		};
		body: undefined;
		answer: Letters;
	};
	/** Replays dead letters (older name of dlq/replay). */
	"POST /dlq-replay": {
		query: undefined;
		body: DlqBulk;
		answer: DlqBulkResult;
	};
	/** One dead letter with its original record. */
	"GET /dlq/{letter}": {
		query: undefined;
		body: undefined;
		answer: Letter;
	};
	/** Discards dead letters. */
	"POST /dlq/discard": {
		query: undefined;
		body: DlqBulk;
		answer: DlqBulkResult;
	};
	/** Dead letters grouped by error. */
	"GET /dlq/groups": {
		query: {
			/** The most items of a page. */
			limit?: number;
			/** The next of the page before. */
			cursor?: string;
			/** Only of this project; 0: of none that is known. */
			project?: number;
			/** Only letters in this state. */
			state?: "pending" | "replayed" | "discarded" | "all";
			/** Only letters with this reason. */
			reason?: string;
			/** Only letters with this error. */
			error?: string;
		};
		body: undefined;
		answer: LetterGroups;
	};
	/** Replays dead letters, edited or as they are. */
	"POST /dlq/replay": {
		query: undefined;
		body: DlqBulk;
		answer: DlqBulkResult;
	};
	/** Whether every accepted event has gone all the way. */
	"GET /drained": {
		query: undefined;
		body: undefined;
		answer: Drained;
	};
	/** How far the deletion of a person is. */
	"GET /erasures/{id}": {
		query: undefined;
		body: undefined;
		answer: Erasure;
	};
	/** Events of all projects as they pass. */
	"GET /events/stream": {
		query: {
			/** Only events of this name. */
			event?: string;
			/** Only events with this distinct id. */
			distinct_id?: string;
			/** Only events that have this text in their properties. */
			text?: string;
			/** The most events in a second; 50 if not given. */
			per_s?: number;
			/** So many of the newest records are looked through first. */
			recent?: number;
		};
		body: undefined;
		answer: string;
	};
	/** What personal keys can be given. */
	"GET /key-scopes": {
		query: undefined;
		body: undefined;
		answer: Scopes;
	};
	/** Lists the personal keys of all users. */
	"GET /keys": {
		query: undefined;
		body: undefined;
		answer: Keys;
	};
	/** Makes a personal key for a user. */
	"POST /keys": {
		query: undefined;
		body: KeyNew;
		answer: KeyMade;
	};
	/** Revokes a personal key. */
	"DELETE /keys/{id}": {
		query: undefined;
		body: undefined;
		answer: Revoked;
	};
	/** This document. */
	"GET /openapi.json": {
		query: undefined;
		body: undefined;
		answer: Openapi;
	};
	/** Lists projects. */
	"GET /projects": {
		query: undefined;
		body: undefined;
		answer: Projects;
	};
	/** Makes a project. */
	"POST /projects": {
		query: undefined;
		body: ProjectNew;
		answer: ProjectMade;
	};
	/** One project with its settings. */
	"GET /projects/{id}": {
		query: undefined;
		body: undefined;
		answer: Project;
	};
	/** Changes settings of a project. */
	"PATCH /projects/{id}": {
		query: undefined;
		body: ProjectChange;
		answer: Project;
	};
	/** Deletes a project. */
	"DELETE /projects/{id}": {
		query: undefined;
		body: undefined;
		answer: ProjectDeleted;
	};
	/** Names of events seen. */
	"GET /projects/{id}/event-definitions": {
		query: {
			/** The most items of a page. */
			limit?: number;
			/** The next of the page before. */
			cursor?: string;
		};
		body: undefined;
		answer: EventDefinitions;
	};
	/** Which events have which properties. */
	"GET /projects/{id}/event-properties": {
		query: {
			/** The most items of a page. */
			limit?: number;
			/** The next of the page before. */
			cursor?: string;
		};
		body: undefined;
		answer: EventProperties;
	};
	/** Events of a project as they pass. */
	"GET /projects/{id}/events/stream": {
		query: {
			/** Only events of this name. */
			event?: string;
			/** Only events with this distinct id. */
			distinct_id?: string;
			/** Only events that have this text in their properties. */
			text?: string;
			/** The most events in a second; 50 if not given. */
			per_s?: number;
			/** So many of the newest records are looked through first. */
			recent?: number;
		};
		body: undefined;
		answer: string;
	};
	/** The first event since a time, and how far it has come. */
	"GET /projects/{id}/first-event": {
		query: {
			/** Not before, in milliseconds since 1970. */
			from_ms?: number;
		};
		body: undefined;
		answer: FirstEvent;
	};
	/** Types of groups. */
	"GET /projects/{id}/group-types": {
		query: undefined;
		body: undefined;
		answer: GroupTypes;
	};
	/** Lists groups. */
	"GET /projects/{id}/groups": {
		query: {
			/** The most items of a page. */
			limit?: number;
			/** The next of the page before. */
			cursor?: string;
			/** Only groups of this type. */
			type?: string;
		};
		body: undefined;
		answer: Groups;
	};
	/** One group. */
	"GET /projects/{id}/groups/{type}/{key}": {
		query: undefined;
		body: undefined;
		answer: Group;
	};
	/** Events of a group. */
	"GET /projects/{id}/groups/{type}/{key}/events": {
		query: {
			/** The next of the page before. */
			cursor?: string;
			/** The newest first. */
			newest?: boolean;
			/** The most events of a page; 500 if not given. */
			limit?: number;
		};
		body: undefined;
		answer: PersonEvents;
	};
	/** Answers a ready-made question about a project's events. */
	"POST /projects/{id}/insights": {
		query: undefined;
		body: Insight;
		answer: InsightResult;
	};
	/** Keys that were replaced and still work. */
	"GET /projects/{id}/old-tokens": {
		query: undefined;
		body: undefined;
		answer: OldTokens;
	};
	/** Ends one replaced key, or all, before its time. */
	"DELETE /projects/{id}/old-tokens": {
		query: {
			/** Only this key. */
			api_token?: string;
		};
		body: undefined;
		answer: ProjectDeleted;
	};
	/** Lists persons, or finds them. */
	"GET /projects/{id}/persons": {
		query: {
			/** The most items of a page. */
			limit?: number;
			/** The next of the page before. */
			cursor?: string;
			/** Only the person with this distinct id. */
			distinct_id?: string;
			/** Only persons with such a value of this property. */
			property?: string;
			/** How the property is compared; is if not given. */
			operator?: "is" | "contains" | "is_set";
			/** What the property is compared with, as text. */
			value?: string;
		};
		body: undefined;
		answer: Persons;
	};
	/** One person. */
	"GET /projects/{id}/persons/{distinct_id}": {
		query: {
			/** The path names the person's uuid, not a distinct id. */
			by_uuid?: boolean;
		};
		body: undefined;
		answer: Person;
	};
	/** Deletes a person, with its events if asked. */
	"DELETE /projects/{id}/persons/{distinct_id}": {
		query: {
			/** The path names the person's uuid, not a distinct id. */
			by_uuid?: boolean;
			/** The person's events too. */
			with_events?: boolean;
		};
		body: undefined;
		answer: Erasure;
	};
	/** Events of a person. */
	"GET /projects/{id}/persons/{distinct_id}/events": {
		query: {
			/** The path names the person's uuid, not a distinct id. */
			by_uuid?: boolean;
			/** The next of the page before. */
			cursor?: string;
			/** The newest first. */
			newest?: boolean;
			/** The most events of a page; 500 if not given. */
			limit?: number;
		};
		body: undefined;
		answer: PersonEvents;
	};
	/** What the store has of a person. */
	"GET /projects/{id}/persons/{distinct_id}/export": {
		query: {
			/** The path names the person's uuid, not a distinct id. */
			by_uuid?: boolean;
		};
		body: undefined;
		answer: PersonExport;
	};
	/** Merges of a person, and when properties were set. */
	"GET /projects/{id}/persons/{distinct_id}/history": {
		query: {
			/** The path names the person's uuid, not a distinct id. */
			by_uuid?: boolean;
		};
		body: undefined;
		answer: PersonHistory;
	};
	/** Names of properties seen. */
	"GET /projects/{id}/property-definitions": {
		query: {
			/** The most items of a page. */
			limit?: number;
			/** The next of the page before. */
			cursor?: string;
		};
		body: undefined;
		answer: PropertyDefinitions;
	};
	/** Gives a project a new key; the old one goes on for a while. */
	"POST /projects/{id}/rotate-token": {
		query: undefined;
		body: ProjectRotate;
		answer: Project;
	};
	/** What each project sent today and in a week, and when last. */
	"GET /projects/activity": {
		query: undefined;
		body: undefined;
		answer: ProjectActivity;
	};
	/** Every project setting: what it is for, what is allowed. */
	"GET /projects/settings": {
		query: undefined;
		body: undefined;
		answer: ProjectSettingsTable;
	};
	/** Whether every role can do its work. */
	"GET /ready": {
		query: undefined;
		body: undefined;
		answer: Ready;
	};
	/** Points of what was measured in the last day. */
	"GET /series": {
		query: {
			/** Which series, commas between; all if it is not given. */
			names?: string;
			/** Since when, in seconds since 1970. */
			from?: number;
			/** Seconds between points; the finer one if not given. */
			step?: number;
		};
		body: undefined;
		answer: Series;
	};
	/** Who is signed in. */
	"GET /session": {
		query: undefined;
		body: undefined;
		answer: Session;
	};
	/** Signs in. */
	"POST /session": {
		query: undefined;
		body: SignIn;
		answer: Session;
	};
	/** Signs out. */
	"DELETE /session": {
		query: undefined;
		body: undefined;
		answer: SignedOut;
	};
	/** Every setting: what it is for, its value, what it waits for. */
	"GET /settings": {
		query: undefined;
		body: undefined;
		answer: Settings;
	};
	/** Changes settings, all of those given or none. */
	"PATCH /settings": {
		query: undefined;
		body: SettingsChange;
		answer: Settings;
	};
	/** Whether there is no user yet. */
	"GET /setup": {
		query: undefined;
		body: undefined;
		answer: Setup;
	};
	/** Makes the first administrator and signs in. */
	"POST /setup": {
		query: undefined;
		body: SetupNew;
		answer: SessionMade;
	};
	/** The link by which the first administrator is made. */
	"POST /setup/token": {
		query: undefined;
		body: undefined;
		answer: SetupToken;
	};
	/** Runs a query of ClickHouse. */
	"POST /sql": {
		query: undefined;
		body: Sql;
		answer: string;
	};
	/** Runs a query that only reads, within limits. */
	"POST /sql/console": {
		query: undefined;
		body: ConsoleQuery;
		answer: ConsoleResult;
	};
	/** Ends a query that runs. */
	"DELETE /sql/console/{query_id}": {
		query: undefined;
		body: undefined;
		answer: ConsoleCancelled;
	};
	/** Lists the queries that are kept. */
	"GET /sql/saved": {
		query: undefined;
		body: undefined;
		answer: SavedQueries;
	};
	/** Keeps a query. */
	"POST /sql/saved": {
		query: undefined;
		body: SavedQueryNew;
		answer: SavedQuery;
	};
	/** One query that is kept. */
	"GET /sql/saved/{id}": {
		query: undefined;
		body: undefined;
		answer: SavedQuery;
	};
	/** Changes a query that is kept. */
	"PUT /sql/saved/{id}": {
		query: undefined;
		body: SavedQueryNew;
		answer: SavedQuery;
	};
	/** Deletes a query that is kept. */
	"DELETE /sql/saved/{id}": {
		query: undefined;
		body: undefined;
		answer: SavedQueryDeleted;
	};
	/** Tables, columns, functions and names of events and properties, to complete what is typed. */
	"GET /sql/schema": {
		query: {
			/** Names of events and properties of this project. */
			project?: number;
		};
		body: undefined;
		answer: SqlSchema;
	};
	/** State of all hops. */
	"GET /status": {
		query: undefined;
		body: undefined;
		answer: Status;
	};
	/** State of all hops, once a second. */
	"GET /status/stream": {
		query: undefined;
		body: undefined;
		answer: string;
	};
	/** Lists topics. */
	"GET /topics": {
		query: undefined;
		body: undefined;
		answer: Topics;
	};
	/** Makes a topic. */
	"POST /topics": {
		query: undefined;
		body: TopicNew;
		answer: TopicMade;
	};
	/** Deletes a topic. */
	"DELETE /topics/{name}": {
		query: undefined;
		body: undefined;
		answer: TopicDeleted;
	};
	/** Records of a topic, a page at a time. */
	"GET /topics/{name}/browse": {
		query: {
			/** end: the newest first (default); start, an offset or a time (2026-01-31T10:20 in UTC): from there on. */
			from?: string;
			/** Only this partition. */
			partition?: number;
			/** The most records of a page; 50 if it is not given. */
			limit?: number;
			/** The next of the page before. */
			cursor?: string;
		};
		body: undefined;
		answer: RecordPage;
	};
	/** Records of a topic, one JSON object a line. */
	"GET /topics/{name}/records": {
		query: {
			/** Where to begin: an offset, start or end. */
			from?: string;
			/** The most records. */
			max?: number;
			/** Only this partition. */
			partition?: number;
			/** Goes on with what comes; the answer has no end. */
			follow?: boolean;
		};
		body: undefined;
		answer: string;
	};
	/** Where one event was seen. */
	"GET /trace/{uuid}": {
		query: undefined;
		body: undefined;
		answer: Trace;
	};
	/** What changed the event. */
	"GET /trace/{uuid}/changes": {
		query: {
			/** The topic of the captured record. */
			topic: string;
			/** Only this partition. */
			partition?: number;
			/** Offset of the captured record. */
			front: number;
			/** Offset of the output record. */
			output: number;
		};
		body: undefined;
		answer: TraceChanges;
	};
	/** Places of the event, a page at a time. */
	"GET /trace/{uuid}/places": {
		query: {
			/** Not before, in milliseconds since 1970. */
			from_ms?: number;
			/** Not after, in milliseconds since 1970. */
			to_ms?: number;
			/** Searches on for copies of what can be there only once. */
			full?: boolean;
			/** The next of the page before. */
			cursor?: string;
		};
		body: undefined;
		answer: TracePlaces;
	};
	/** Lists users. */
	"GET /users": {
		query: undefined;
		body: undefined;
		answer: Users;
	};
	/** Makes a user. */
	"POST /users": {
		query: undefined;
		body: UserNew;
		answer: UserMade;
	};
	/** One user. */
	"GET /users/{id}": {
		query: undefined;
		body: undefined;
		answer: User;
	};
	/** Changes a user's name or role. */
	"PATCH /users/{id}": {
		query: undefined;
		body: UserChange;
		answer: User;
	};
	/** Deletes a user with its keys. */
	"DELETE /users/{id}": {
		query: undefined;
		body: undefined;
		answer: ProjectDeleted;
	};
	/** Gives a user a new password; its sessions end. */
	"POST /users/{id}/password": {
		query: undefined;
		body: PasswordNew;
		answer: User;
	};
}
