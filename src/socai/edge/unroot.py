"""Runs one program as an ordinary user of the system; PostgreSQL takes no other. Started as a script, by path.

    python -I unroot.py namespace|nobody PROGRAM ARGUMENT…

`namespace`: in a user namespace of its own, where this user's id reads as that of an ordinary user. Files stay this
user's, so nothing is chowned and folders above need no wider rights. `nobody`: root becomes nobody, where namespaces
are forbidden (many containers). It never adds a user to the system.
"""

import ctypes
import os
import pwd
import sys

CLONE_NEWUSER = 0x10000000
NOBODY_ID = 65534


def ordinary_id() -> int:
    """The id of some user that this system knows and that is not root: initdb asks for the name of its user."""
    return min((user.pw_uid for user in pwd.getpwall() if user.pw_uid != 0), default=NOBODY_ID)


def enter_namespace() -> None:
    """Move this process into a user namespace where its own user has an ordinary id; OSError where forbidden."""
    user, group, inside = os.geteuid(), os.getegid(), ordinary_id()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are forbidden here")
    # The kernel takes a group map from a plain process only after setgroups has been given up.
    for name, line in (
        ("setgroups", "deny"),
        ("gid_map", f"{inside} {group} 1"),
        ("uid_map", f"{inside} {user} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(line)


def become_nobody() -> None:
    """Give up root for good."""
    os.setgroups([])
    os.setgid(NOBODY_ID)
    os.setuid(NOBODY_ID)


def main() -> None:
    """Change who we are, then become the program."""
    mode, program = sys.argv[1], sys.argv[2:]
    if mode == "namespace":
        enter_namespace()
    else:
        become_nobody()
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
