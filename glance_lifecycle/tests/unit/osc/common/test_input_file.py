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


"""What is wrong with a file is said with its name."""

import os
import tempfile
import unittest

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import input_file


def _no_plan(data: bytes) -> bytes:
    raise exceptions.InputRefused(detail='it is no plan')


class InputFileTest(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, 'plan')
        with open(self.path, 'wb') as file:
            file.write(b'0123456789')

    def test_bounded(self) -> None:
        """One byte more shows that there are more."""
        self.assertEqual(b'01234', input_file.read(self.path, 4))
        self.assertEqual(10, input_file.load(self.path, 10, len))

    def test_refused(self) -> None:
        with self.assertRaises(osc_exceptions.CommandError) as caught:
            input_file.load(self.path, 10, _no_plan)
        self.assertEqual('%s cannot be used: it is no plan.' % self.path,
                         str(caught.exception))

    def test_not_there(self) -> None:
        with self.assertRaises(osc_exceptions.CommandError) as caught:
            input_file.load(self.path + '.no', 10, len)
        self.assertEqual('%s.no cannot be read: No such file or directory.'
                         % self.path, str(caught.exception))
