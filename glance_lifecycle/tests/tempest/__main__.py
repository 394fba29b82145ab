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

"""Run tempest's image tests, and ours, on stock Glance and on ours.

Both run three times: against stock Glance, and against the same Glance with
our plugin, whose imports run in glance-api, and then in the worker. Exits with
1 if a test fails; if one of tempest's is skipped with our plugin but not
without it, or the other way round; and if one of ours is not skipped on stock
Glance, or is skipped always, or has left something behind.
"""

import argparse
from collections.abc import Iterable
import pathlib
import signal
import sys
import traceback

import fixtures

from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.functional.fixtures import process
from glance_lifecycle.tests.tempest import cloud as clouds
from glance_lifecycle.tests.tempest import configuration
from glance_lifecycle.tests.tempest import results
from glance_lifecycle.tests.tempest import workspace as workspaces

TEMPEST = r'^tempest\.api\.image\.'
OURS = r'^glance_lifecycle_tempest_plugin\.'


class Runs:
    """One after the other, in one cloud; and what is wrong with them."""

    def __init__(self, cloud: clouds.Cloud, workspace: workspaces.Workspace,
                 regex: str) -> None:
        self.cloud = cloud
        self._workspace = workspace
        self._regex = regex
        self._stock = configuration.stock(cloud, workspace.base)
        self.problems: list[str] = []
        self.told: list[str] = []

    def run(self, what: str, tests: str, *parts: glance_conf.Sections
            ) -> results.Results:
        found = self._run(what, tests, *parts)
        self.note(what, results.failures(found))
        return found

    def run_in_vain(self, what: str, tests: str,
                    *parts: glance_conf.Sections) -> None:
        """The same, where all have to be skipped."""
        self.note(what, results.not_skipped(self._run(what, tests, *parts)))

    def _run(self, what: str, tests: str, *parts: glance_conf.Sections
             ) -> results.Results:
        _say(f'==== {what}')
        self._workspace.configure(self._stock, *parts)
        found = self._workspace.run(f'{tests}.*{self._regex}')
        self.told.append(f'{what}: {results.summary(found)}')
        return found

    def note(self, what: str, problems: Iterable[str]) -> None:
        self.problems += [f'{what}: {problem}' for problem in problems]


def run_all(runs: Runs, only: str | None) -> None:
    """Of each state of the cloud, what is asked for."""
    stock = (None if only == 'ours' else
             runs.run('tempest.api.image, stock Glance', TEMPEST))
    if only != 'tempest':
        runs.run_in_vain('our tests, stock Glance', OURS)
    runs.cloud.become_ours()
    ours = [_with_plugin(runs, only, stock, 'glance-api', offload=False)]
    runs.cloud.offload()
    ours += [_with_plugin(runs, only, stock, 'the worker', offload=True)]
    runs.note('Ours', results.never_run(ours))


def _with_plugin(runs: Runs, only: str | None, stock: results.Results | None,
                 where: str, offload: bool) -> results.Results:
    """Tempest's tests, and ours; the results of ours."""
    if stock is not None:
        what = f'tempest.api.image, imports in {where}'
        runs.note(what, results.differences(stock, runs.run(what, TEMPEST)))
    if only == 'tempest':
        return {}
    what = f'our tests, imports in {where}'
    before = runs.cloud.leftovers()
    found = runs.run(what, OURS, configuration.ours(runs.cloud, offload))
    runs.note(what, (f'{path} is left behind.' for path in sorted(
        runs.cloud.leftovers() - before)))
    return found


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with clouds.Cloud() as cloud, workspaces.Workspace() as workspace:
            runs = Runs(cloud, workspace, arguments.regex)
            try:
                run_all(runs, arguments.only)
            finally:
                if arguments.logs:
                    cloud.save_logs(arguments.logs)
    except (fixtures.MultipleExceptions, process.ServerFailed) as error:
        _show(error)
        return 1
    except KeyboardInterrupt:
        return 130
    _say('====', *runs.told, *runs.problems)
    if runs.problems:
        return 1
    _say('All passed.' if arguments.only == 'ours' else
         'All passed; the skips are those of stock Glance.')
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='tox -e tempest --', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('regex', nargs='?', default='',
                        help='Only the tests whose ids match this.')
    parser.add_argument('--only', choices=['ours', 'tempest'],
                        help='Only our tests, or only those of tempest.')
    parser.add_argument('--logs', type=pathlib.Path, metavar='DIRECTORY',
                        help='Where to copy the logs of the services.')
    return parser.parse_args()


def _show(error: BaseException) -> None:
    """A fixture has several, each with its traceback."""
    if not isinstance(error, fixtures.MultipleExceptions):
        _say(str(error))
        return
    for kind, value, trace in error.args:
        if isinstance(value, fixtures.MultipleExceptions | (
                process.ServerFailed)):
            _show(value)
        elif kind is not fixtures.SetupError:
            _say(''.join(traceback.format_exception(kind, value, trace)))


def _say(*lines: str) -> None:
    print(*lines, sep='\n', flush=True)


if __name__ == '__main__':
    sys.exit(main())
