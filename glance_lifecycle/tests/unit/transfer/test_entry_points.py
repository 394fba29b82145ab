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

import unittest

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.file import sink as file_sink
from glance_lifecycle.transfer import entry_points
from glance_lifecycle.transfer import job as jobs


class EntryPointsTest(unittest.TestCase):

    def test_sinks_are_known_by_their_drivers(self) -> None:
        self.assertIs(file_sink.FileSink,
                      jobs.load(entry_points.sink('file')))
        for driver in ('driver', 'null', 'rbd', 's3', 'swift'):
            self.assertIn('.backends.%s.' % driver,
                          entry_points.sink(driver))

    def test_one_that_is_not_installed(self) -> None:
        self.assertIsNone(entry_points.entry(entry_points.SINKS, 'gone'))
        with self.assertRaisesRegex(exceptions.ConfigurationError,
                                    'no sink named gone'):
            entry_points.sink('gone')
