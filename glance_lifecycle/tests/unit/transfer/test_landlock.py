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
import subprocess
import sys
import tempfile

from oslotest import base

from glance_lifecycle.transfer import landlock
from glance_lifecycle.transfer import limits

# Says of each path whether it can be opened, and of each step what became
# of it.
SCRIPT = """
import os, sys
for path in sys.argv[1:]:
    how, _, path = path.partition(':')
    try:
        if how == 'r':
            os.close(os.open(path, os.O_RDONLY))
        elif how == 'w':
            os.close(os.open(path, os.O_WRONLY))
        elif how == 'c':
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        elif how == 'u':
            os.unlink(path)
        elif how == 'f':
            os.mkfifo(path)
        elif how == 'k':
            os.kill(int(path), 0)
        print('yes')
    except OSError as error:
        print(error.errno)
"""
NO = '13'


class RulesetTest(base.BaseTestCase):
    """By the kernel that the tests run on."""

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name)
        for name in ('open', 'closed'):
            (self.dir / name).mkdir()
            (self.dir / name / 'file').write_text('x')

    def run_with(self, rules: list[tuple[str | int, int]], *steps: str,
                 keep: tuple[int, ...] = ()) -> list[str]:
        ruleset = landlock.ruleset([
            *((path, landlock.READ | landlock.EXECUTE) for path in
              ('/lib', '/lib64', '/usr', sys.prefix, sys.base_prefix)),
            *rules])
        try:
            return subprocess.run(
                limits.command([sys.executable, '-I', '-S', '-c', SCRIPT,
                                *steps], (ruleset, b'', '')),
                pass_fds=(ruleset, *keep), capture_output=True, text=True,
                check=True).stdout.split()
        finally:
            os.close(ruleset)

    def test_directory(self) -> None:
        inside, outside = self.dir / 'open', self.dir / 'closed'
        self.assertEqual(
            ['yes', 'yes', 'yes', 'yes', NO, NO, NO, NO, NO],
            self.run_with(
                [(str(inside), landlock.WRITE)],
                'r:%s/file' % inside, 'w:%s/file' % inside,
                'c:%s/new' % inside, 'u:%s/new' % inside,
                'f:%s/fifo' % inside, 'r:%s/file' % outside,
                'w:%s/file' % outside, 'c:%s/new' % outside,
                'u:%s/file' % outside))

    def test_one_file_by_descriptor(self) -> None:
        path = self.dir / 'open' / 'file'
        (self.dir / 'open' / 'other').write_text('x')
        fd = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        path.unlink()
        self.assertEqual(['yes', NO, NO], self.run_with(
            [(fd, landlock.READ_FILE)], 'r:/proc/self/fd/%d' % fd,
            'w:/proc/self/fd/%d' % fd, 'r:%s/open/other' % self.dir,
            keep=(fd,)))

    def test_a_link_does_not_lead_out(self) -> None:
        (self.dir / 'open' / 'link').symlink_to(self.dir / 'closed/file')
        self.assertEqual([NO], self.run_with(
            [(str(self.dir / 'open'), landlock.READ)],
            'r:%s/open/link' % self.dir))

    def test_a_path_that_is_missing(self) -> None:
        path = self.dir / 'none'
        self.assertEqual(['2'], self.run_with([(str(path), landlock.READ)],
                                              'r:%s' % path))

    def test_signals(self) -> None:
        wanted = '1' if landlock.version() >= 6 else 'yes'
        self.assertEqual([wanted], self.run_with(
            [], 'k:%d' % os.getpid()))
