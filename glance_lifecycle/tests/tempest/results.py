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

"""What a run of tempest came to, and in what two runs differ."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import re
from typing import Any
from typing import BinaryIO

import subunit
import testtools

SKIP = 'skip'

# What a class that skips all of its tests is told of as.
_CLASS = re.compile(r'setUpClass \((.+)\)')

_GOOD = ('success', SKIP, 'xfail')


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Of one test, or of what a class sets up.

    :ivar status: as testtools has it, e.g. success, skip, fail
    :ivar reason: of a skip
    """

    status: str
    reason: str = ''

    @property
    def good(self) -> bool:
        return self.status in _GOOD


Results = Mapping[str, Outcome]


def read(stream: BinaryIO) -> dict[str, Outcome]:
    """The results in a subunit stream, by the id of the test."""
    found: dict[str, Outcome] = {}

    def ended(test: Any) -> None:
        if test['id'] is None or test['status'] == 'exists':
            return
        reason = test['details'].get('reason')
        found[test['id']] = Outcome(
            test['status'], reason.as_text().strip() if reason else '')

    result = testtools.StreamToDict(ended)
    result.startTestRun()
    subunit.ByteStreamToStreamResult(
        stream, non_subunit_name='output').run(result)
    result.stopTestRun()
    return found


def failures(results: Results) -> Iterator[str]:
    """A sentence for each test that failed; and for none that ran."""
    for name, outcome in sorted(results.items()):
        if not outcome.good:
            yield f'{name}: {outcome.status}.'
    if all(outcome.status == SKIP for outcome in results.values()):
        yield 'No test was run.'


def not_skipped(results: Results) -> Iterator[str]:
    """A sentence for each test that was not skipped; and for none at all."""
    for name, outcome in sorted(results.items()):
        if outcome.status != SKIP:
            yield f'{name}: {outcome.status}, and not skipped.'
    if not results:
        yield 'No test was found.'


def differences(stock: Results, ours: Results) -> Iterator[str]:
    """A sentence for each test that was skipped in one run only.

    The reason of a skip has to be the same, too. A test that is in one run
    only differs, whatever came of it.
    """
    for name in sorted(stock.keys() | ours.keys()):
        before, after = _said(stock.get(name)), _said(ours.get(name))
        if before != after:
            yield f'{name}: {before} with stock Glance, {after} with ours.'


def _said(outcome: Outcome | None) -> str:
    if outcome is None:
        return 'absent'
    if outcome.status != SKIP:
        return 'run'
    return f'skipped ({outcome.reason})'


def never_run(runs: Sequence[Results]) -> Iterator[str]:
    """A sentence for each test that all runs have skipped.

    Where a class is skipped as a whole, it stands for its tests.
    """
    ran = [name for run in runs for name, outcome in run.items()
           if outcome.status != SKIP]
    for name in sorted(set().union(*runs) - set(ran)):
        of_class = _CLASS.fullmatch(name)
        if not of_class or not any(
                one.startswith(of_class[1] + '.') for one in ran):
            reason = [run[name] for run in runs if name in run][-1].reason
            yield f'{name}: always skipped ({reason}).'


def summary(results: Results) -> str:
    """How many of each status, e.g. ``60 success, 15 skip``."""
    statuses = [outcome.status for outcome in results.values()]
    return ', '.join(f'{statuses.count(status)} {status}'
                     for status in sorted(set(statuses), reverse=True))
