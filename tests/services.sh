#!/usr/bin/env bash
# The services under a real systemd: a Debian in a container is installed, stopped, killed, updated, and loses its power.
# Needs root, systemd-container and debootstrap; nothing outside its own folder is touched. `make services` runs it.
# DEBS=FOLDER keeps the packages of that Debian for another time.
set -euo pipefail

root=$(mktemp -d /var/tmp/tbms-services.XXXXXX)
chmod 755 "$root" # the root of a computer is there for all its users
here=$(cd "$(dirname "$0")/.." && pwd)
python=$here/.venv/bin/python
leader=

inside() { nsenter -t "$leader" -m -u -i -p -- "$@"; }
say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
fail() { say "FAILED: $*"; inside journalctl --no-pager -n 40 -u tbms-master -u tbms-monitor || true; exit 1; }
until_true() { # seconds, what, command...
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do ((SECONDS < end)) || fail "$what"; sleep 0.5; done
    say "$what"
}
closed() { inside tbms why load_contactor --data-dir /var/lib/tbms | grep -q 'has been closed'; }
is() { inside systemctl is-active -q "$@"; }
restarts() { inside systemctl show -p NRestarts --value "$1"; }
restarted() { [[ $(restarts "$1") -gt $2 ]]; }
boot() {
    setsid systemd-nspawn -q -D "$root" --register=no --keep-unit --private-network -b >"$root.log" 2>&1 &
    until_true 90 "the computer has booted" booted
}
booted() { lead && is multi-user.target; } # the first process of a container is not there at once
lead() { leader=$(pgrep -P "$(pgrep -of "systemd-nspawn -q -D $root")" | head -1) && [[ -n $leader ]]; }
power_cut() {
    kill -9 "$leader"
    pkill -9 -f "systemd-nspawn -q -D $root" || true
    sleep 1
}
boards() { # the simulated boards take the place of a serial adapter
    inside systemd-run -q -u boards /opt/tbms/bin/python -m tbms.simulator --dir /run/boards --cells 4 --capacity 100
    until_true 20 "the boards are there" inside test -e /run/boards/bus
    inside sh -c 'chmod 755 /run/boards; chmod 666 $(readlink -f /run/boards/bus)'
}
end() { power_cut 2>/dev/null || true; rm -rf --one-file-system "$root" "$root.log" "$root.stick"; }
trap end EXIT

stick() { # version, folder, change of the sources
    local source=$root.stick/source
    mkdir -p "$source"
    (cd "$here" && tar -c --exclude-vcs src/tbms pyproject.toml README.md LICENSE requirements/base.txt) | tar -x -C "$source"
    sed -i "s/\"0\.1\.0\"/\"$1\"/" "$source/pyproject.toml" "$source/src/tbms/__init__.py"
    [[ -z ${3-} ]] || (cd "$source" && eval "$3")
    "$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$2" "$source"
    (cd "$2" && sha256sum tbms-"$1"*.whl >"$(ls tbms-"$1"*.whl).sha256")
    rm -r "$source"
}

say "a Debian is put together"
debootstrap ${DEBS:+--cache-dir="$DEBS"} --variant=minbase --include=systemd,systemd-sysv,dbus,python3,python3-venv bookworm "$root" >"$root.log" 2>&1 || { tail "$root.log"; exit 1; }
mkdir -p "$root/root/stick" "$root/root/next" "$root/root/bad"
"$python" -m pip download --quiet --disable-pip-version-check --require-hashes -r "$here/requirements/base.txt" --dest "$root/root/stick" 2>/dev/null
stick 0.1.0 "$root/root/stick"
cp "$root"/root/stick/* "$root/root/next/" && rm "$root"/root/next/tbms-* && cp "$root"/root/next/* "$root/root/bad/"
stick 0.2.0 "$root/root/next"
stick 0.3.0 "$root/root/bad" 'sed -i "s/^def main(arguments.*/&\n    raise SystemExit(3)/" src/tbms/cli/run_control.py'
sed 's#^\[contactors\]#[bus]\nport = "/run/boards/bus"\nparity = "none"\n\n[contactors]#' "$here/examples/camper-12v.toml" >"$root/root/camper.toml"
boot
inside sh -c 'python3 -m venv /opt/tbms && /opt/tbms/bin/pip install --quiet --no-index --find-links /root/stick tbms 2>/dev/null'
inside mkdir -p /etc/systemd/system/tbms-master.service.d
inside sh -c 'printf "[Service]\nDeviceAllow=char-pts rw\n" >/etc/systemd/system/tbms-master.service.d/boards.conf'

inside /opt/tbms/bin/tbms install
until_true 30 "the monitor runs, and the master waits for settings" is tbms-monitor
boards
inside cp /root/camper.toml /var/lib/tbms/settings.toml
until_true 30 "with them the master runs and closes" closed

control=$(pgrep -f 'tbms.cli.run_control --data-dir /var/lib/tbms' | head -1)
before=$(restarts tbms-master)
kill -STOP "$control"
until_true 30 "a control that stands still is ended and started again" restarted tbms-master "$before"
until_true 30 "and closes" closed
before=$(restarts tbms-monitor)
inside systemctl kill -s KILL tbms-monitor
until_true 30 "a monitor that is killed is started again" restarted tbms-monitor "$before"
until_true 30 "and runs" is tbms-monitor
inside systemctl kill -s STOP tbms-monitor
until_true 100 "a monitor that stands still is, too" restarted tbms-monitor "$((before + 1))"
closed || fail "the master has noticed"

inside tbms update /root/next
until_true 30 "version 0.2.0 runs and closes" closed
inside tbms --version | grep -q 0.2.0 || fail "another version runs"
! inside tbms update /root/bad || fail "a version whose master does not start was kept"
until_true 30 "the version before is back by itself, and closes" closed
inside tbms update --rollback
inside tbms --version | grep -q 0.1.0 || fail "the rollback left another version"
until_true 30 "rolled back, and closed" closed

power_cut
boot
boards
until_true 60 "after a power cut all comes back by itself" closed
inside systemd-analyze security tbms-master tbms-monitor 2>/dev/null | grep 'Overall' || true
say "proved"
