"""Walls around what is executed: no network, nothing writable but the room, limits on memory; as far as the system has them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MEMORY_MB = 4096
_SCRIPT = """\
room=$1; memory=$2; again=; shift 2
if [ "$DATAJAM_WALLS" = full ]; then
    mount --make-rprivate / && mount --bind "$room" "$room" || exit 97
    while read -r _ _ _ _ at _; do
        at=$(printf '%b' "$at")
        case "$at" in "$room"|/proc|/proc/*|/sys/*|/dev/*|/dev) ;; *) mount -o remount,bind,ro "$at" 2>/dev/null || : ;; esac
    done < /proc/self/mountinfo
    mount -t tmpfs tmpfs /dev/shm || exit 97
    cd "$PWD" || exit 97
    if touch "$room/../outside/probe" 2>/dev/null || ! touch "$room/.probe"; then exit 97; fi
    again="unshare --user --map-current-user --mount"
fi
"$DATAJAM_PYTHON" -c 'import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 0x49))' || exit 97
unset DATAJAM_WALLS DATAJAM_PYTHON JPY_PARENT_PID
ulimit -d "$memory"
exec $again "$@"
"""
_OWN = ["--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"]
_KINDS = {"full": [*_OWN, "--mount", "--mount-proc"], "network": ["--user", "--map-root-user", "--net"]}


@dataclass(frozen=True)
class Walls:
    """What can be held: `kind` is full (network and files), network, or none; `words` say it to a reader."""

    kind: str
    words: str

    def around(self, command: list[str], room: Path, memory: int = MEMORY_MB) -> list[str]:
        """The command that runs a command inside the walls."""
        if self.kind == "none":
            limited = ["sh", "-c", 'ulimit -d "$1" 2>/dev/null; shift; exec "$@"', "sh", str(memory * 1024)]
            return [*limited, *command] if os.name == "posix" else command
        given = [f"DATAJAM_WALLS={self.kind}", f"DATAJAM_PYTHON={sys.executable}"]
        return ["unshare", *_KINDS[self.kind], "env", *given, "sh", "-c", _SCRIPT, "sh", str(room), str(memory * 1024), *command]


WORDS = {
    "full": "network off (a network namespace); nothing outside the temporary room can be written",
    "network": "network off (a network namespace); files outside the temporary room are NOT protected",
    "none": "network NOT switched off and files NOT protected: this system has no namespaces for it",
}


@cache
def walls(room: Path) -> Walls:
    """The best walls this system has, tried with a command that does nothing."""
    (room / "outside").mkdir(exist_ok=True)
    for kind in ("full", "network"):
        if shutil.which("unshare") and _holds(Walls(kind, ""), room):
            return Walls(kind, WORDS[kind])
    return Walls("none", WORDS["none"])


def _holds(tried: Walls, room: Path) -> bool:
    inside = room / "inside"
    inside.mkdir(exist_ok=True)
    try:
        home = {"PATH": os.defpath, "HOME": str(inside)}
        return subprocess.run(tried.around(["true"], inside), env=home, capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
