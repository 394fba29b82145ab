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
"""Landlock: the kernel's own list of the files that a process may open.

No privilege is needed, and nothing that the process does afterwards, nor
what it starts, gets out again. The binding in PyPI (``landlock``) has no
release that is not a development one; three system calls are all there is.
Source: https://docs.kernel.org/userspace-api/landlock.html.

What it does not cover: modes, owners, times and attributes of files, sockets
with a path, the watching of directories, priorities and limits of other
processes; see ``seccomp`` for these. And the looking up of a name (``stat``),
which nothing here denies.
"""

from collections.abc import Iterable
import ctypes
import os
import stat
import struct

_CREATE_RULESET, _ADD_RULE, RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

EXECUTE = 1 << 0
WRITE_FILE = 1 << 1
READ_FILE = 1 << 2
READ_DIR = 1 << 3
REMOVE_FILE = 1 << 5
MAKE_REG = 1 << 8
REFER = 1 << 13
TRUNCATE = 1 << 14
IOCTL_DEV = 1 << 15

#: What the operating system, a library's or Python's own files need.
READ = READ_FILE | READ_DIR
#: The life of a file in a data directory: regular files only.
WRITE = READ | WRITE_FILE | MAKE_REG | REMOVE_FILE | TRUNCATE

# What a rule on a file, not a directory, may name.
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

# All that each version of the interface knows, which is denied unless said.
_FIRST_FILES = (1 << 13) - 1
_FILES_SINCE = ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV))
_NETWORK_SINCE, _TCP_BIND_AND_CONNECT = 4, 3
_SCOPES_SINCE, _ABSTRACT_SOCKETS, _SIGNALS = 6, 1, 2


def version() -> int:
    """Of the kernel's interface; 0 where there is none.

    None may also be for being switched off at boot, or denied by a
    container's seccomp profile.
    """
    found = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0),
                            ctypes.c_uint32(_ASK_VERSION))
    return max(0, int(found))


def ruleset(rules: Iterable[tuple[str | int, int]], *,
            network: bool = False) -> int:
    """A descriptor that ``limits.restrict`` takes; the caller closes it.

    :param rules: a path, or an open descriptor for the very file that it
        is, and the rights to it and to what is beneath it. A path that is
        not there is left out: what is made there later stays out of reach
    :param network: whether TCP may be used (version 4 on; before that, only
        seccomp takes it away)
    :raises OSError: there is no landlock
    """
    known = version()
    files = _FIRST_FILES
    for since, right in _FILES_SINCE:
        if known >= since:
            files |= right
    tcp = (_TCP_BIND_AND_CONNECT
           if known >= _NETWORK_SINCE and not network else 0)
    # Signals to others, and sockets without a path, are never needed.
    scopes = _ABSTRACT_SOCKETS | _SIGNALS if known >= _SCOPES_SINCE else 0
    attributes = struct.pack('=QQQ', files, tcp, scopes)
    # An older kernel refuses a longer structure only if the rest is not 0.
    made = _libc().syscall(_CREATE_RULESET, attributes,
                           ctypes.c_size_t(len(attributes)),
                           ctypes.c_uint32(0))
    if made < 0:
        raise _error('landlock_create_ruleset')
    try:
        for where, rights in rules:
            _add(made, where, rights & files)
    except BaseException:
        os.close(made)
        raise
    return int(made)


def _add(made: int, where: str | int, rights: int) -> None:
    if isinstance(where, int):
        _add_descriptor(made, where, rights)
        return
    try:
        fd = os.open(where, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # Missing, or this process could not open it anyway.
        return
    try:
        _add_descriptor(made, fd, rights)
    finally:
        os.close(fd)


def _add_descriptor(made: int, fd: int, rights: int) -> None:
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        rights &= _OF_FILES
    if not rights:
        return
    rule = struct.pack('=Qi', rights, fd)
    if _libc().syscall(_ADD_RULE, ctypes.c_int(made),
                       ctypes.c_int(_PATH_BENEATH), rule,
                       ctypes.c_uint32(0)):
        raise _error('landlock_add_rule')


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _error(call: str) -> OSError:
    code = ctypes.get_errno()
    return OSError(code, '%s: %s' % (call, os.strerror(code)))
