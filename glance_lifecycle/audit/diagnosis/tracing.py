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

"""One request through the logs of many services and hosts, in order."""

from collections.abc import Sequence
import dataclasses
import datetime

from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.diagnosis import journald
from glance_lifecycle.audit.diagnosis import logs

# Of requests that services made for this one.
_MOST_IDS = logs.MOST_WORDS

ENDED = 'ended here'
FAILED = 'failed here'
_BAD = ('ERROR', 'CRITICAL', 'TRACE')


@dataclasses.dataclass(frozen=True)
class Step:
    """A line, and what it is in the course of the request.

    :ivar mark: empty, ``FAILED``, ``ENDED``, or both
    """

    line: facts.Line
    mark: str = ''


def trace(request_id: str, files: Sequence[tuple[str, str]],
          units: Sequence[str] = ()) -> list[Step]:
    """All lines of a request, and of those it is the global request of.

    :param files: host, empty if it is not known, and path of each log
    :param units: of systemd, in the journal of this host
    :raises ConfigurationError: one cannot be read
    """
    words = [request_id]
    lines = _lines(files, units, words)
    related = _related(lines, request_id)
    if related:
        # Lines of those have the id that was asked for, or its global one.
        lines = _lines(files, units, [request_id, *related][:_MOST_IDS])
    return _marked(_ordered(lines))


def _lines(files: Sequence[tuple[str, str]], units: Sequence[str],
           words: list[str]) -> list[list[facts.Line]]:
    return [*(logs.read(path, words, host) for host, path in files),
            *(journald.read(unit, words) for unit in units)]


def _related(lines: list[list[facts.Line]], request_id: str) -> list[str]:
    """Ids that stand beside it: oslo.log writes the global one first."""
    return [one for one in dict.fromkeys(
        found for each in lines for line in each
        for found in line.request_ids[:2]
        if request_id in line.request_ids[:2]) if one != request_id]


def _ordered(lines: list[list[facts.Line]]) -> list[facts.Line]:
    """By time. A line without one comes after that above it in its file."""
    keyed = []
    for number, each in enumerate(lines):
        last = datetime.datetime.min
        for line in each:
            # A clock that goes back must not turn a traceback around.
            last = line.when or last
            keyed.append((last, number, line.number, line))
    return [one[-1] for one in sorted(keyed, key=lambda one: one[:3])]


def _marked(lines: list[facts.Line]) -> list[Step]:
    last = len(lines) - 1
    bad = [line.level in _BAD for line in lines]
    return [Step(line, ', '.join(filter(None, (
        # Of a traceback, its first line.
        FAILED if bad[number] and not (number and bad[number - 1]) else '',
        ENDED if number == last else ''))))
        for number, line in enumerate(lines)]
