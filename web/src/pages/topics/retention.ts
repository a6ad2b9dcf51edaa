import type { Partition } from "../../api/types";
import { formatBytes, formatSeconds } from "../../ui";

/** "14 days, at most 1.0 GiB" */
export function retentionOf(p: Partition | undefined): string {
	if (p === undefined) return "–";
	const parts = [];
	if (p.retention_ms !== null) parts.push(formatSeconds(p.retention_ms / 1000));
	if (p.retention_bytes !== null)
		parts.push(`at most ${formatBytes(p.retention_bytes)}`);
	return parts.length === 0 ? "as long as the disk allows" : parts.join(", ");
}
