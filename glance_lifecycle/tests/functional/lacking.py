# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Runs a program as on a kernel that lacks landlock, or more, as any user.

A seccomp filter, which all that is started inherits, answers the calls as such
a kernel does; so it is the code as it is that meets it. As a program, by its
path::

    python lacking.py [--landlock] [--namespaces] [--user UID] -- PROGRAM ...

For a user who may not enter the directories that Python and this package lie
in, these are put elsewhere in a mount name space, under the same paths.
"""

import argparse
from collections.abc import Sequence
import ctypes
import errno
import os
import pathlib
import struct
import sys

LANDLOCK, NAMESPACES = 'landlock', 'namespaces'
NOBODY = 65534

_MACHINES = {'x86_64': {'unshare': 272, 'clone': 56},
             'aarch64': {'unshare': 97, 'clone': 220}}
_LANDLOCK_CREATE_RULESET, _CLONE3 = 444, 435
_NEWUSER, _NEWNS = 0x10000000, 0x20000

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ERRNO, _ALLOW = 0x00050000, 0x7fff0000
_BIND, _REC, _PRIVATE = 4096, 16384, 1 << 18

HERE = pathlib.Path(__file__).resolve()


def command(lacks: Sequence[str], user: int | None = None, *,
            change: bool = True) -> list[str]:
    """What to put before a command line.

    :param lacks: LANDLOCK, NAMESPACES
    :param user: whose it is to be; only root may say
    :param change: whether it is at once, or is to become so by itself
    """
    if not lacks and user is None:
        return []
    return [sys.executable, '-I', str(HERE), *('--' + lack for lack in lacks),
            *(['--user', str(user)] if user is not None else []),
            *([] if change else ['--stay']), '--']


def filter_for(lacks: Sequence[str]) -> bytes:
    """``struct sock_filter`` one after the other."""
    numbers = _MACHINES[os.uname().machine]
    denied, unknown = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
    steps = [(_LOAD, 0, 0, 0)]
    if LANDLOCK in lacks:
        steps += [(_EQUAL, 0, 1, _LANDLOCK_CREATE_RULESET),
                  (_RETURN, 0, 0, unknown)]
    if NAMESPACES in lacks:
        steps += [(_EQUAL, 0, 1, numbers['unshare']), (_RETURN, 0, 0, denied),
                  (_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, unknown),
                  (_EQUAL, 0, 3, numbers['clone']), (_LOAD, 0, 0, 16),
                  (_ANY_BIT, 0, 1, _NEWUSER), (_RETURN, 0, 0, denied)]
    steps += [(_RETURN, 0, 0, _ALLOW)]
    return b''.join(struct.pack('=HBBI', *step) for step in steps)


def install(program: bytes) -> None:
    class Filter(ctypes.Structure):
        _fields_ = [('length', ctypes.c_ushort), ('steps', ctypes.c_void_p)]

    steps = ctypes.create_string_buffer(program, len(program))
    whole = Filter(len(program) // 8, ctypes.addressof(steps))
    _call('prctl', 38, 1, 0, 0, 0)
    _call('prctl', 22, 2, ctypes.byref(whole), 0, 0)


def make_room() -> None:
    """Let every user find Python and this package."""
    _call('unshare', _NEWNS)
    _call('mount', None, b'/', None, _REC | _PRIVATE, None)
    needed = {path: os.open(path, os.O_PATH) for path in sorted(
        pathlib.Path(path).resolve() for path in (
            sys.prefix, sys.base_prefix, HERE.parents[3]))}
    for path in needed:
        while closed := [parent for parent in path.parents
                         if not parent.stat().st_mode & 1]:
            top = closed[-1]
            _call('mount', b'tmpfs', os.fsencode(top), b'tmpfs', 0,
                  b'mode=0755')
            for inside, fd in needed.items():
                if top in inside.parents and not inside.exists():
                    inside.mkdir(parents=True)
                    _call('mount', b'/proc/self/fd/%d' % fd,
                          os.fsencode(inside), None, _BIND, None)
    for fd in needed.values():
        os.close(fd)


def become(user: int) -> None:
    """That user, with no other group."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*(ctypes.c_ulong(argument) if isinstance(
            argument, int) else argument for argument in arguments)):
        code = ctypes.get_errno()
        raise OSError(code, f'{name}: {os.strerror(code)}')


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('--landlock', action='store_true')
    parser.add_argument('--namespaces', action='store_true')
    parser.add_argument('--user', type=int)
    parser.add_argument('--stay', action='store_true')
    parser.add_argument('command', nargs='+')
    args = parser.parse_args()
    if args.user is not None:
        make_room()
        if not args.stay:
            become(args.user)
    install(filter_for([lack for lack in (LANDLOCK, NAMESPACES)
                        if getattr(args, lack)]))
    os.execvp(args.command[0], args.command)  # noqa: S606


if __name__ == '__main__':
    main()
