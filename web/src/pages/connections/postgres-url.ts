// The address of a Postgres, made of the fields of a form.

export interface Parts {
	host: string;
	port: string;
	database: string;
	user: string;
	password: string;
	sslmode: string;
}

export const fresh: Parts = {
	host: "",
	port: "5432",
	database: "posthog",
	user: "",
	password: "",
	sslmode: "prefer",
};

/** postgresql://user:password@host:port/database?sslmode=… */
export function urlOf(p: Parts): string {
	const host = p.host.trim();
	const isSocket = host.startsWith("/");
	const query = new URLSearchParams();
	if (isSocket) {
		query.set("host", host);
		if (p.port !== "") query.set("port", p.port);
	}
	if (p.sslmode !== "") query.set("sslmode", p.sslmode);
	const password =
		p.password === "" ? "" : `:${encodeURIComponent(p.password)}`;
	const who = p.user === "" ? "" : `${encodeURIComponent(p.user)}${password}@`;
	const name = /^[^[].*:/.test(host) ? `[${host}]` : host;
	const port = p.port === "" ? "" : `:${p.port}`;
	const where = isSocket ? "" : `${name}${port}`;
	return `postgresql://${who}${where}/${encodeURIComponent(p.database.trim())}?${query}`;
}

export const tls = [
	{ value: "prefer", label: "If the server has it (prefer)" },
	{ value: "require", label: "Always (require)" },
	{ value: "verify-full", label: "Always, and check its name (verify-full)" },
	{ value: "disable", label: "Never (disable)" },
];

/** What is missing or wrong; undefined: nothing. */
export function faultOf(p: Parts): string | undefined {
	if (p.host.trim() === "") return "A host is wanted.";
	if (!/^\d*$/.test(p.port) || Number(p.port) > 65_535)
		return "The port is a number up to 65535.";
	if (p.database.trim() === "") return "A database is wanted.";
	return undefined;
}
