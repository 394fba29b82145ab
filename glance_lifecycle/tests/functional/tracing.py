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
import os
import pathlib
import re
import sys

# Calls that open, make, change or run something by its name, reach another
# process or a network, or begin the confinement.
CALLS = ('%file,%network,openat2,landlock_restrict_self,io_uring_setup,'
         'open_by_handle_at,memfd_create,mount,ptrace,prctl')

_WHO = r'(\d+)<([^>]*)>\s+'
_LINE = re.compile(_WHO + r'(\w+)\((.*)\)\s+= (.+)$')
_UNFINISHED = re.compile(_WHO + r'\w+\((.*) <unfinished \.\.\.>$')
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
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self.opened: dict[int, set[str]] = {1: set(), 2: set()}
        self.other: list[str] = []
        self.levels = {1: 0, 2: 0}
        self._level: dict[str, int] = {}
        self._pending: dict[str, str] = {}
        for line in lines:
            self._take(line.rstrip('\n'))

    def _take(self, line: str) -> None:
        if begun := _UNFINISHED.match(line):
            self._pending[begun[1]] = begun[3]
            self._level_of(begun[1], begun[2])
            return
        if resumed := _RESUMED.match(line):
            line = '%s<%s> %s(%s%s' % (
                *resumed.group(1, 2, 3), self._pending.pop(resumed[1], ''),
                resumed[4])
        found = _LINE.match(line)
        if not found:
            return
        pid, name, call, arguments, result = found.groups()
        level = self._level_of(pid, name)
        if call == 'landlock_restrict_self':
            assert result == '0', line
            self._level[pid] = level + 1
            self.levels[level + 1] += 1
            return
        if not level or result.startswith('-1 ') or call in _LOOKING:
            return
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
        elif call != 'prctl':
            self.other.append(line)

    def _level_of(self, pid: str, name: str) -> int:
        """A new thread or process is where its parent is."""
        begun = 0 if not self.levels[1] else 2 if name == 'qemu-img' else 1
        return self._level.setdefault(pid, begun)


class Tracer:
    """A Python for ``runner.Child`` that strace watches.

    :param directory: where program and log go
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self._log = directory / 'strace'
        program = directory / 'python'
        program.write_text(
            '#!/bin/sh\nexec strace -f -y -Y -qq -s 512 -e signal=none '
            '-e trace=%s -o %s %s "$@"\n' % (
                CALLS, self._log, sys.executable))
        program.chmod(0o700)
        self.python = str(program)

    def touched(self) -> Touched:
        with self._log.open(errors='replace') as lines:
            return Touched(lines)
