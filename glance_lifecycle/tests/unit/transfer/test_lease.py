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
import tempfile
import unittest

from glance_lifecycle.transfer import lease


class LeaseTest(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name, 'a')
        self.path.write_bytes(b'x')
        self.fd = os.open(self.path, os.O_RDONLY)
        self.addCleanup(os.close, self.fd)

    def test_use(self) -> None:
        self.assertIs(lease.Use.NONE, lease.use(self.fd))
        for mode in ('rb', 'r+b'):
            with self.path.open(mode):
                self.assertIs(lease.Use.OPEN, lease.use(self.fd))
        self.assertIs(lease.Use.NONE, lease.use(self.fd))

    def test_given_back(self) -> None:
        """Who opens it then waits for nobody."""
        lease.use(self.fd)
        os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))

    def test_no_file(self) -> None:
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        self.assertIs(lease.Use.UNKNOWN, lease.use(reader))

    def test_wanted(self) -> None:
        with lease.alone(self.fd) as still:
            self.assertTrue(still())
            with self.assertRaises(BlockingIOError):
                os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
            self.assertFalse(still())
