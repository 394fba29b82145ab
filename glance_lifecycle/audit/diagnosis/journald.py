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

"""The journal of this host, searched like a file: journald's, not ours."""

from collections.abc import Sequence
import contextlib
import datetime
import re
import subprocess
import tempfile

from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.diagnosis import logs
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle import exceptions

#: Of a unit, or of several by its wildcards.
UNIT = re.compile(r'[\w:.@\\*?][\w:.@\\*?-]{0,254}', re.ASCII)

# Each line has its time with a zone, and the host. Without --all, lines with
# colours, as uWSGI has them, are shown as "blob data".
_COMMAND = ('journalctl', '--output=short-iso-precise', '--all', '--no-pager',
            '--quiet')
_SAID = 500


def read(unit: str, words: Sequence[str],
         since: datetime.datetime | None = None) -> list[facts.Line]:
    """The lines of a unit with one of the words, and tracebacks below them.

    :param since: with a time zone; what is older is not read
    :raises ConfigurationError: there is no journalctl, it fails, or it shows
        no line at all of this unit
    """
    command = [*_COMMAND, '--unit=%s' % unit]
    if since is not None:
        command.append('--since=@%d' % since.timestamp())
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=said)
        except OSError as error:
            raise exceptions.InputRefused(detail=(
                'journalctl cannot be run (%s). Give the log of %s with '
                '--read-log' % (error.strerror, unit))) from None
        with contextlib.ExitStack() as stack:
            # Whatever stops the reading: it must not wait for a reader.
            stack.callback(child.wait)
            stack.callback(child.kill)
            assert child.stdout is not None
            stack.callback(child.stdout.close)
            source = _Counted(child.stdout)
            found = logs.kept(logs.search(source, words),
                              'journal of %s' % unit)
            code = child.wait()
        said.seek(0)
        text = masking.line(said.read(_SAID).decode(
            errors='replace').strip().replace('\n', ' '))
    if code:
        raise exceptions.InputRefused(detail=(
            'journalctl failed for unit %s (%s)' % (
                unit, text or 'exit code %d' % code)))
    if not source.count:
        raise exceptions.InputRefused(detail=(
            'journalctl shows no line of unit %s%s. It has another name or '
            'logs elsewhere, or you may not read it: be root, or in the '
            'group systemd-journal%s' % (
                unit, ' since then' if since else '',
                ' (%s)' % text if text else '')))
    return found


class _Counted:
    """How many bytes were read."""

    def __init__(self, source: logs.Source) -> None:
        self._source = source
        self.count = 0

    def read(self, size: int, /) -> bytes:
        data = self._source.read(size)
        self.count += len(data)
        return data
