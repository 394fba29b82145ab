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

"""Codes that there are not."""

import argparse
import contextlib
import io
import unittest

from glance_lifecycle.osc.common import hygiene_options


class CodesTest(unittest.TestCase):

    def test_codes(self) -> None:
        parser = argparse.ArgumentParser()
        hygiene_options.add_arguments(parser, '', '')
        self.assertEqual(['GLC020'], parser.parse_args(
            ['--code', 'glc020']).codes)
        # The second is not one of hygiene.
        for code in ('GLC999', 'GLC101', 'x', ''):
            with self.subTest(code), \
                    contextlib.redirect_stderr(io.StringIO()) as said:
                self.assertRaises(SystemExit, parser.parse_args,
                                  ['--code', code])
                self.assertRegex(said.getvalue(),
                                 'no such code of hygiene.*GLC020')
