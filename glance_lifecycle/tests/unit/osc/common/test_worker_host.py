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

"""Which configuration, and what is shown of a worker's database."""

import argparse
import datetime
import os
import pathlib

import fixtures
from osc_lib import exceptions as osc_exceptions
import testtools

from glance_lifecycle.conf import worker as worker_conf
from glance_lifecycle.osc.common import key_store
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import worker_host

NOW = datetime.datetime(2026, 3, 1, 12, 0, 0, 5, datetime.UTC)


class WorkerHostTest(testtools.TestCase):

    def test_not_utf8(self) -> None:
        """Whoever reads a configuration names its file."""
        base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path = base / 'latin1.conf'
        path.write_bytes(b'[DEFAULT]\nx = \xe4\n')
        args = argparse.Namespace(config_file=[str(path)], config_dir=[])
        for function, given in (
                (worker_host._configuration, args),
                (policy_options.configuration, args),
                (key_store._configuration, [str(path)])):
            error = self.assertRaises(osc_exceptions.CommandError,
                                      function, given)
            self.assertIn(str(path), str(error))

    def test_own(self) -> None:
        self.assertEqual(worker_conf.FILE, worker_host._OWN)

    def test_operator(self) -> None:
        self.useFixture(fixtures.EnvironmentVariable('SUDO_USER'))
        self.assertRegex(worker_host.operator(), r'^operator \w+')
        self.useFixture(fixtures.EnvironmentVariable('SUDO_USER', 'alice'))
        self.assertEqual('operator alice (root by sudo)' if not os.getuid()
                         else worker_host.operator(), worker_host.operator())

    def test_cell(self) -> None:
        cell = worker_host.Cell({'a': '\x1b'}, 'one\x1b', 'two')
        self.assertEqual('one\\x1b\ntwo', cell.human_readable())
        self.assertEqual({'a': '\x1b'}, cell.machine_readable())

    def test_times(self) -> None:
        self.assertEqual('2026-03-01T12:00:00+00:00', worker_host.when(
            NOW.astimezone(datetime.timezone(datetime.timedelta(hours=5)))))
        self.assertEqual('90 seconds', worker_host.ago(
            NOW - datetime.timedelta(seconds=90), NOW))
