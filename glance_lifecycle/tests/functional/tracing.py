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

"""What confined processes touch, as strace saw it."""

from collections.abc import Iterator
from collections.abc import Sequence
import os
import pathlib
import pwd
import re
import shlex
import sys

from glance_lifecycle.tests.functional import lacking

# Calls that open, make, change or run something by its name, reach another
# process or a network, or begin the confinement.
CALLS = ('%file,%network,openat2,landlock_restrict_self,io_uring_setup,'
         'open_by_handle_at,memfd_create,mount,ptrace,prctl,pivot_root,'
         'clone,clone3,fork,vfork')

_FORKS = ('clone', 'clone3', 'fork', 'vfork')

# The calls by which other files get out of reach.
WALLS = ('landlock_restrict_self', 'pivot_root')

_WHO = r'(\d+)<([^>]*)>\s+'
_LINE = re.compile(_WHO + r'(\w+)\((.*)\)\s+= (.+)$')
_UNFINISHED = re.compile(r'(\d+)<[^>]*>\s+(\w+)\((.*) <unfinished \.\.\.>$')
_RESUMED = re.compile(_WHO + r'<\.\.\. (\w+) resumed>(.*)$')

# Only look at a name, which tells no content.
_LOOKING = ('stat', 'lstat', 'newfstatat', 'statx', 'access', 'faccessat',
            'faccessat2', 'readlink', 'readlinkat', 'getcwd', 'statfs')


class Touched:
    """What was touched with success after the walls were up.

    :ivar opened: level of confinement (1: the child, 2: qemu-img) to the
        paths opened or run
    :ivar other: lines of all other calls that succeeded: sockets, changes
    :ivar levels: how often a process entered each level
    :ivar walls: which of WALLS were made with success
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self.opened: dict[int, set[str]] = {1: set(), 2: set()}
        self.other: list[str] = []
        self.levels = {1: 0, 2: 0}
        self.walls: set[str] = set()
        self._first = ''
        self._forking: set[str] = set()
        self._level: dict[str, int] = {}
        self._pending: dict[str, str] = {}
        for line in lines:
            self._take(line.rstrip('\n'))

    def _take(self, line: str) -> None:
        if begun := _UNFINISHED.match(line):
            self._pending[begun[1]] = begun[3]
            self._level_of(begun[1])
            if begun[2] in _FORKS:
                self._forking.add(begun[1])
            return
        if resumed := _RESUMED.match(line):
            line = '%s<%s> %s(%s%s' % (
                *resumed.group(1, 2, 3), self._pending.pop(resumed[1], ''),
                resumed[4])
        found = _LINE.match(line)
        if not found:
            return
        pid, _name, call, arguments, result = found.groups()
        level = self._level_of(pid)
        if call in _FORKS:
            self._forked(pid, level, result)
        elif call in WALLS and result == '0':
            self.walls.add(call)
        elif call == 'prctl':
            if arguments.startswith('PR_SET_SECCOMP'):
                assert result == '0', line
                self._enter(pid)
        elif level and not result.startswith('-1 ') and call not in _LOOKING:
            self._touch(level, call, arguments, result, line)

    def _forked(self, pid: str, level: int, result: str) -> None:
        self._forking.discard(pid)
        if child := re.match(r'\d+', result):
            self._level[child[0]] = max(level, self._level.get(child[0], 0))

    def _enter(self, pid: str) -> None:
        """The filter is the last of the walls.

        qemu-img's process may wait behind its own before the child is behind
        those that it has.
        """
        level = 1 if pid == self._first else 2
        self._level[pid] = level
        self.levels[level] += 1

    def _touch(self, level: int, call: str, arguments: str, result: str,
               line: str) -> None:
        if call in ('open', 'openat', 'openat2'):
            if 'O_PATH' in arguments:
                # No content can be had by it.
                return
            path = re.match(r'\d+<(.*)>', result)
            assert path, line
            self.opened[level].add(path[1])
        elif call == 'execve':
            program = re.match(r'"([^"]*)"', arguments)
            assert program, line
            self.opened[level].add(os.path.realpath(program[1]))
        else:
            self.other.append(line)

    def _level_of(self, pid: str) -> int:
        """A new thread or process is where its parent is.

        Its first call may be seen before its parent's returns.
        """
        self._first = self._first or pid
        if pid not in self._level:
            self._level[pid] = min(
                (self._level[parent] for parent in self._forking), default=0)
        return self._level[pid]


class Tracer:
    """A Python for ``runner.Child`` that strace watches.

    :param directory: where program and log go
    :param lacks: what the kernel is to lack, see ``lacking``
    :param user: whose it is to be
    """

    def __init__(self, directory: pathlib.Path, lacks: Sequence[str] = (),
                 user: int | None = None) -> None:
        self._log = directory / 'strace'
        program = directory / 'python'
        # Of a process that is not dumpable, root alone sees arguments.
        argv = [*lacking.command(lacks, user, change=False), 'strace', '-f',
                '-y', '-Y', '-qq', '-s', '512', '-e', 'signal=none',
                '-e', 'trace=' + CALLS, '-o', str(self._log)]
        if user is not None:
            argv += ['-u', pwd.getpwuid(user).pw_name]
        program.write_text('#!/bin/sh\nexec %s "$@"\n' % shlex.join(
            [*argv, sys.executable]))
        program.chmod(0o755)
        self.python = str(program)

    def touched(self) -> Touched:
        with self._log.open(errors='replace') as lines:
            return Touched(lines)
