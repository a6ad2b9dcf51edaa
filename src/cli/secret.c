#include "cli/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Up to the end of the line, which is not kept. */
static int
read_line(int fd, char out[SECRET_MAX], struct err *e)
{
	size_t n = 0;
	char ch;

	for (;;) {
		ssize_t got = read(fd, &ch, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(e, ERR_IO, "the password");
		if (got == 0 || ch == '\n')
			break;
		if (n + 1 >= SECRET_MAX)
			return err_set(e, ERR_INVALID,
				"the password is longer than %d bytes",
				SECRET_MAX - 1);
		out[n++] = ch;
	}
	if (n > 0 && out[n - 1] == '\r')
		n--;
	out[n] = '\0';
	if (memchr(out, '\0', n) != NULL || n == 0)
		return err_set(e, ERR_INVALID, "no password was given");
	return 0;
}

static void
say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		return; /* the prompt is only for show */
}

/* Signals wait, so that none leaves the terminal without its echo. */
static int
ask(int fd, const char *prompt, char out[SECRET_MAX], struct err *e)
{
	struct termios was, quiet;
	sigset_t all, before;
	int rc;

	if (tcgetattr(fd, &was) != 0)
		return err_sys(e, ERR_IO, "the terminal");
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	sigemptyset(&all);
	sigaddset(&all, SIGTSTP);
	sigprocmask(SIG_BLOCK, &all, &before);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	say(fd, prompt);
	rc = read_line(fd, out, e);
	say(fd, "\n");
	tcsetattr(fd, TCSAFLUSH, &was);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static int
ask_twice(char out[SECRET_MAX], struct err *e)
{
	char again[SECRET_MAX];
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	int rc;

	if (fd < 0)
		return err_set(e, ERR_INVALID,
			"there is no terminal to ask for the password: give it "
			"on stdin, with --password-stdin");
	rc = ask(fd, "Password: ", out, e);
	if (rc == 0)
		rc = ask(fd, "The same again: ", again, e);
	if (rc == 0 && strcmp(out, again) != 0)
		rc = err_set(e, ERR_INVALID,
			"the two are not the same: nothing was changed");
	close(fd);
	explicit_bzero(again, sizeof(again));
	return rc;
}

int
secret_read(const struct cli *c, char out[SECRET_MAX], struct err *e)
{
	return cli_has(c, "password-stdin") ? read_line(STDIN_FILENO, out, e)
					    : ask_twice(out, e);
}
