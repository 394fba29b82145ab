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

"""The systemd unit fits the options as they are by default."""

import pathlib
from typing import Any

import testtools

import glance_lifecycle
from glance_lifecycle.conf import opts

UNIT = (pathlib.Path(*glance_lifecycle.__path__).parent
        / 'etc/systemd/glance-lifecycle-worker.service')

# Seconds that jobs have to undo what they have begun, and then the master.
_MORE = 30


def settings() -> dict[str, list[str]]:
    """Each setting with all its values, word by word."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if line and line[0] not in '#[':
            name, _, value = line.partition('=')
            found.setdefault(name, []).extend(value.split())
    return found


def default(group: str, name: str) -> Any:
    return next(option.default for found, options in opts.list_opts()
                for option in options
                if str(found) == group and option.name == name)


class UnitTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.unit = settings()

    def seconds(self, name: str) -> int:
        value, = self.unit[name]
        return int(value)

    def test_timeouts(self) -> None:
        drain = default('lifecycle_worker', 'drain_timeout') + _MORE
        patience = default('lifecycle', 'database_patience')
        self.assertGreater(self.seconds('TimeoutStopSec'), drain)
        self.assertGreater(self.seconds('TimeoutStartSec'), drain + patience)
        self.assertGreater(self.seconds('WatchdogSec'), patience + _MORE)

    def test_who_tells(self) -> None:
        """A child of the main process, and the main process ends it."""
        self.assertEqual([['notify'], ['all'], ['mixed']], [
            self.unit[name] for name in ('Type', 'NotifyAccess', 'KillMode')])

    def test_confinement(self) -> None:
        """What processes that read images shut themselves in with."""
        self.assertEqual(set(), {
            'landlock_create_ruleset', 'landlock_add_rule',
            'landlock_restrict_self', 'seccomp', '@mount'} - set(
                self.unit['SystemCallFilter']))
        self.assertEqual({'user', 'mnt', 'ipc', 'net'},
                         set(self.unit['RestrictNamespaces']))

    def test_state_dir(self) -> None:
        state_dir = pathlib.PurePath(default('lifecycle', 'state_dir'))
        self.assertTrue(any(
            state_dir.is_relative_to(path.lstrip('-'))
            for path in self.unit['ReadWritePaths']))
