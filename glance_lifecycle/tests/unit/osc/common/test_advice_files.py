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


"""Files are written, and never overwritten without asking."""

import argparse
import contextlib
import io
import pathlib
import tempfile
import unittest

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.osc.common import advice_files
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import placement
from glance_lifecycle.tests.unit.planning import small_clouds


class AdviceFilesTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.here = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory()))
        self.policy = 'policy.yaml'
        self.cloud = small_clouds.paper_with_room()
        self.plan = layout.plan(self.cloud)

    def write(self, yes: bool = False) -> str:
        parsed = argparse.Namespace(
            write_policy=str(self.here / self.policy),
            write_config=str(self.here), save_placement=None, cloud=None,
            yes=yes)
        advice_files.check(parsed)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            advice_files.write(parsed, self.cloud, self.plan,
                               placement.search(self.cloud, self.plan))
        return said.getvalue()

    def test_written(self) -> None:
        self.assertIn('policy.yaml is written.', self.write())
        self.assertEqual(
            {'policy.yaml', 'glance-api.conf', 'nova-main.conf',
             'nova-lab.conf', 'cinder.conf'},
            {one.name for one in self.here.iterdir()})

    def test_asked(self) -> None:
        (self.here / 'cinder.conf').write_text('mine')
        with self.assertRaisesRegex(osc_exceptions.CommandError,
                                    'Nothing was written'):
            self.write()
        self.assertEqual(['cinder.conf'],
                         [one.name for one in self.here.iterdir()])
        self.assertEqual('mine', (self.here / 'cinder.conf').read_text())
        self.write(yes=True)
        self.assertNotEqual('mine', (self.here / 'cinder.conf').read_text())

    def test_one_path(self) -> None:
        """Of two files: nothing is lost, and nothing written."""
        parsed = argparse.Namespace(
            write_policy=str(self.here / 'one'), write_config=None,
            save_placement=str(self.here / '.' / 'one'), cloud='cloud.yaml')
        with self.assertRaisesRegex(osc_exceptions.CommandError,
                                    'one cannot be two files'):
            advice_files.check(parsed)
        self.policy = 'cinder.conf'
        with self.assertRaisesRegex(osc_exceptions.CommandError,
                                    'cinder.conf cannot be two files'):
            self.write()
        self.assertEqual([], [*self.here.iterdir()])

    def test_no_directory(self) -> None:
        self.here /= 'away'
        with self.assertRaisesRegex(osc_exceptions.CommandError,
                                    'is not a directory'):
            self.write()
