/* Load on a running capture port by how clients come: plain or with TLS, on
 * connections that are kept or new for each request. Prints one JSON object. */
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 256
#define BODY_MAX (1024 * 1024)

static const char usage[] =
	"usage: load_doors --port N --token TEXT [OPTION VALUE]...\n"
	"\n"
	"  --tls 1             with TLS; certificates are not looked at\n"
	"  --new 1             a new connection for each request\n"
	"  --resume 1          new connections with TLS use tickets\n"
	"  --connections N     default 32\n"
	"  --batch N           events in a request (default 1)\n"
	"  --seconds N         default 5\n";

static struct {
	int port, n_threads, batch, seconds;
	bool tls, is_new, resume;
	const char *token;
} args = {.n_threads = 32, .batch = 1, .seconds = 5};

struct worker {
	pthread_t id;
	long n_ok, n_bad;
	int fd;
	gnutls_session_t session;
	gnutls_certificate_credentials_t cred;
	gnutls_datum_t ticket;
};

static char request[BODY_MAX + 1024];
static size_t request_len;
static double ends_at;

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool
shake(struct worker *w)
{
	int r;

	gnutls_init(&w->session, GNUTLS_CLIENT);
	gnutls_set_default_priority(w->session);
	gnutls_credentials_set(w->session, GNUTLS_CRD_CERTIFICATE, w->cred);
	if (args.resume && w->ticket.data != NULL)
		gnutls_session_set_data(
			w->session, w->ticket.data, w->ticket.size);
	gnutls_transport_set_int(w->session, w->fd);
	do
		r = gnutls_handshake(w->session);
	while (r < 0 && gnutls_error_is_fatal(r) == 0);
	return r == 0;
}

static bool
open_one(struct worker *w)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)args.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int one = 1;

	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (w->fd < 0 ||
		connect(w->fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
		return false;
	setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return !args.tls || shake(w);
}

static void
close_one(struct worker *w)
{
	const struct linger at_once = {.l_onoff = 1};

	if (w->session != NULL) {
		if (args.resume && w->ticket.data == NULL)
			gnutls_session_get_data2(w->session, &w->ticket);
		gnutls_deinit(w->session);
		w->session = NULL;
	}
	/* Ports of closed connections are free at once. */
	setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(w->fd);
	w->fd = -1;
}

static bool
send_all(struct worker *w)
{
	for (size_t at = 0; at < request_len;) {
		ssize_t n = args.tls ? gnutls_record_send(w->session,
					       request + at, request_len - at)
				     : send(w->fd, request + at,
					       request_len - at, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* The answer has a small body, and comes in one piece or a few. */
static bool
read_answer(struct worker *w)
{
	char in[8192];
	size_t n = 0;

	while (n < sizeof(in) - 1) {
		ssize_t r =
			args.tls ? gnutls_record_recv(w->session, in + n,
					   sizeof(in) - 1 - n)
				 : recv(w->fd, in + n, sizeof(in) - 1 - n, 0);
		char *body, *length;

		if (r == GNUTLS_E_AGAIN && args.tls)
			continue; /* a ticket */
		if (r <= 0)
			return false;
		n += (size_t)r;
		in[n] = '\0';
		body = strstr(in, "\r\n\r\n");
		length = strcasestr(in, "Content-Length:");
		if (body != NULL && length != NULL &&
			n >= (size_t)(body + 4 - in) +
					strtoul(length + 15, NULL, 10))
			return strncmp(in, "HTTP/1.1 200", 12) == 0;
	}
	return false;
}

static void *
work(void *cookie)
{
	struct worker *w = cookie;

	w->fd = -1;
	while (now_s() < ends_at) {
		bool ok = (w->fd >= 0 || open_one(w)) && send_all(w) &&
			  read_answer(w);

		if (ok)
			w->n_ok++;
		else
			w->n_bad++;
		if ((args.is_new || !ok) && w->fd >= 0)
			close_one(w);
	}
	return NULL;
}

static void
make_request(void)
{
	static char body[BODY_MAX];
	size_t n = (size_t)snprintf(body, sizeof(body),
		"{\"api_key\":\"%s\",\"batch\":[", args.token);

	for (int i = 0; i < args.batch; i++)
		n += (size_t)snprintf(body + n, sizeof(body) - n,
			"%s{\"event\":\"door\",\"distinct_id\":\"%d\","
			"\"properties\":{\"text\":\"%0900d\"}}",
			i == 0 ? "" : ",", i, 7);
	n += (size_t)snprintf(body + n, sizeof(body) - n, "]}");
	request_len = (size_t)snprintf(request, sizeof(request),
		"POST /batch/ HTTP/1.1\r\nHost: localhost\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\n"
		"\r\n%s",
		n, body);
}

static bool
take(const char *name, const char *value)
{
	int n = (int)strtol(value, NULL, 10);

	if (strcmp(name, "--port") == 0)
		args.port = n;
	else if (strcmp(name, "--token") == 0)
		args.token = value;
	else if (strcmp(name, "--tls") == 0)
		args.tls = n != 0;
	else if (strcmp(name, "--new") == 0)
		args.is_new = n != 0;
	else if (strcmp(name, "--resume") == 0)
		args.resume = n != 0;
	else if (strcmp(name, "--connections") == 0)
		args.n_threads = n;
	else if (strcmp(name, "--batch") == 0)
		args.batch = n;
	else if (strcmp(name, "--seconds") == 0)
		args.seconds = n;
	else
		return false;
	return true;
}

static bool
read_args(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2)
		if (!take(argv[i], argv[i + 1]))
			return false;
	return argc % 2 == 1 && args.port > 0 && args.token != NULL &&
	       args.n_threads > 0 && args.n_threads <= MAX_THREADS &&
	       args.batch > 0 && args.batch <= 1000;
}

int
main(int argc, char **argv)
{
	static struct worker workers[MAX_THREADS];
	long ok = 0, bad = 0;
	double began;

	if (!read_args(argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	make_request();
	began = now_s();
	ends_at = began + args.seconds;
	for (int i = 0; i < args.n_threads; i++) {
		gnutls_certificate_allocate_credentials(&workers[i].cred);
		if (pthread_create(&workers[i].id, NULL, work, &workers[i]) !=
			0)
			return 1;
	}
	for (int i = 0; i < args.n_threads; i++) {
		pthread_join(workers[i].id, NULL);
		ok += workers[i].n_ok;
		bad += workers[i].n_bad;
	}
	printf("{\"requests\":%ld,\"failed\":%ld,\"per_s\":%.0f}\n", ok, bad,
		(double)ok / (now_s() - began));
	return bad == 0 ? 0 : 1;
}
