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


import os
import pathlib
import unittest
from unittest import mock

from glance_lifecycle.osc.common import glance_config


class DirectoryTest(unittest.TestCase):

    def test_directory(self) -> None:
        for value, found in (('/srv/glance', '/srv/glance'),
                             (' ', '/etc/glance'), ('', '/etc/glance')):
            with self.subTest(value=value), mock.patch.dict(
                    os.environ, OS_GLANCE_CONFIG_DIR=value):
                self.assertEqual(pathlib.Path(found),
                                 glance_config.directory())
