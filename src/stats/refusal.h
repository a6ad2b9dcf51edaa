#ifndef SLUICE_STATS_REFUSAL_H
#define SLUICE_STATS_REFUSAL_H

/* Why a request or connection of an HTTP port was refused or cut for overload:
 * labels of sluice_http_refused_total, in the order of labels.def. */
enum refusal {
	REFUSAL_QUEUE_FULL, /* of the front log's writer */
	REFUSAL_FAIR_SHARE, /* one project has its part of that queue */
	REFUSAL_LARGE_QUEUE, /* too many large requests wait */
	REFUSAL_DISK_FULL,
	REFUSAL_LOG_FULL, /* a log has its largest size */
	REFUSAL_RECORDINGS_FIRST, /* a recording, as the disk or a log gets full */
	REFUSAL_LOG_FAILED, /* the front log took the request and failed */
	REFUSAL_INFLIGHT_BYTES, /* memory of all bodies */
	REFUSAL_ADDRESS_BYTES, /* one address has its part of that */
	REFUSAL_NO_MEMORY,
	REFUSAL_NOT_ANSWERED, /* no answer from behind in time */
	REFUSAL_STOPPING,
	REFUSAL_CONNECTIONS, /* all connections are in use */
	REFUSAL_ADDRESS_CONNECTIONS, /* those of one address are */
	REFUSAL_IDLE_CLOSED, /* an idle connection, to make room */
	REFUSAL_HEAD_TIMEOUT, /* 408 before the head was there */
	REFUSAL_BODY_TIMEOUT, /* 408 in mid-body */
	REFUSAL_SEND_TIMEOUT, /* the client does not read its answer */
	N_REFUSALS
};

#endif
