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

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from oslotest import base

from glance_lifecycle.transfer import limits
from glance_lifecycle.transfer import namespaces

SCRIPT = """
import os, sys
for path in sys.argv[1:]:
    how, _, path = path.partition(':')
    try:
        if how == 'r':
            os.close(os.open(path, os.O_RDONLY))
        elif how == 'w':
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
        elif how == 'u':
            os.unlink(path)
        elif how == 'l':
            print(sorted(os.listdir(path)))
            continue
        elif how == 't':
            print(os.readlink(path))
            continue
        elif how == 'i':
            print(os.getuid(), os.getgid(), os.getcwd())
            continue
        elif how == 'c':
            with open('/proc/self/status') as status:
                print(*(line.split()[1] for line in status
                        if line.startswith(('CapEff', 'CapPrm', 'CapBnd'))))
            continue
        print('yes')
    except OSError as error:
        print(error.errno)
"""
PYTHON = [(path, False) for path in (
    '/lib', '/lib64', '/usr/lib', '/usr/lib64', sys.prefix, sys.base_prefix)]
NONE, READ_ONLY = '2', '30'
NOTHING = '{"rules": [], "reads": []}'


class EnterTest(base.BaseTestCase):
    """By the kernel that the tests run on."""

    def setUp(self) -> None:
        super().setUp()
        self.assertTrue(namespaces.available(sys.executable),
                        'This machine has no user name spaces for the user '
                        'who runs the tests, who so cannot test them.')
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = pathlib.Path(directory.name).resolve()
        for name in ('open', 'closed'):
            (self.dir / name).mkdir()
            (self.dir / name / 'file').write_text('x')
        self.open, self.closed = self.dir / 'open', self.dir / 'closed'

    def run_with(self, rules: list[namespaces.Rule], *steps: str,
                 keep: tuple[int, ...] = (),
                 reads: tuple[int, ...] = ()) -> list[str]:
        return subprocess.run(
            limits.command(
                [sys.executable, '-I', '-S', '-c', SCRIPT, *steps],
                (-1, b'', json.dumps({'rules': [*PYTHON, *rules],
                                      'reads': list(reads)}))),
            pass_fds=keep, capture_output=True, text=True,
            check=True).stdout.splitlines()

    def test_directory(self) -> None:
        steps = ['r:%s/file' % self.open, 'w:%s/file' % self.open,
                 'w:%s/new' % self.open, 'u:%s/new' % self.open,
                 'r:%s/file' % self.closed, 'w:%s/new' % self.dir]
        self.assertEqual(
            ['yes'] * 4 + [NONE, READ_ONLY],
            self.run_with([(str(self.open), True)], *steps))
        self.assertEqual(
            ['yes', *[READ_ONLY] * 3, NONE, READ_ONLY],
            self.run_with([(str(self.open), False)], *steps))

    def test_one_within_the_other(self) -> None:
        inside = self.open / 'inside'
        inside.mkdir()
        steps = ['w:%s/file' % self.open, 'w:%s/file' % inside]
        for outer, inner, wanted in (
                (False, True, [READ_ONLY, 'yes']), (True, False, ['yes'] * 2),
                (False, False, [READ_ONLY] * 2)):
            self.assertEqual(wanted, self.run_with(
                [(str(inside), inner), (str(self.open), outer)], *steps))

    def test_file(self) -> None:
        (self.open / 'other').write_text('x')
        self.assertEqual(
            ["['file']", 'yes', NONE],
            self.run_with([(str(self.open / 'file'), False)],
                          'l:%s' % self.open, 'r:%s/file' % self.open,
                          'r:%s/other' % self.open))

    def test_links(self) -> None:
        """On the way to it they are there; in it they lead nowhere else."""
        (self.dir / 'first').symlink_to('second')
        (self.dir / 'second').symlink_to(self.open)
        (self.open / 'out').symlink_to(self.closed / 'file')
        (self.dir / 'loop').symlink_to('loop')
        self.assertEqual(
            ['yes', 'yes', 'second', NONE],
            self.run_with([(str(self.dir / 'first/../first/file'), False),
                           (str(self.dir / 'loop'), False),
                           (str(self.dir / 'first'), False)],
                          'r:%s/first/file' % self.dir,
                          'r:%s/file' % self.open,
                          't:%s/first' % self.dir, 'r:%s/out' % self.open))

    def test_strange_names(self) -> None:
        strange = self.dir / 'a b\\040\n\u00e9'
        strange.mkdir()
        self.assertEqual(['yes', READ_ONLY], self.run_with(
            [(str(strange), False)], 'r:%s' % strange, 'w:%s/x' % strange))

    def test_what_is_missing(self) -> None:
        self.assertEqual([NONE], self.run_with(
            [(str(self.dir / 'none/none'), True)],
            'r:%s/none/none' % self.dir))

    def test_nothing_else(self) -> None:
        names = {'/' + pathlib.PurePath(path).parts[1]
                 for path, _writable in PYTHON}
        found, proc, old = self.run_with([], 'l:/', 'l:/proc', 'r:/.old')
        self.assertEqual(set(), {'/' + name for name in json.loads(
            found.replace("'", '"'))} - names - {'/proc'})
        self.assertIn('self', proc)
        self.assertEqual(NONE, old)

    def test_everything(self) -> None:
        self.assertEqual(['yes', READ_ONLY], self.run_with(
            [('/', False)], 'r:%s/file' % self.closed,
            'w:%s/file' % self.closed))

    def test_open_files(self) -> None:
        """Though their names are gone; no other process's."""
        path = self.closed / 'file'
        fd = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        path.unlink()
        name = '/proc/self/fd/%d' % fd
        self.assertEqual([NONE], self.run_with([], 'r:' + name, keep=(fd,)))
        self.assertEqual(['yes', NONE, NONE], self.run_with(
            [('/proc/self/fd', False)], 'r:' + name,
            'r:/proc/%d/fd/%d' % (os.getpid(), fd), 'r:/proc/self/environ',
            keep=(fd,)))

    def test_open_files_that_are_read_only(self) -> None:
        """The link to one leads to no mount that can be written."""
        path = self.closed / 'file'
        fd = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        name = '/proc/self/fd/%d' % fd
        for rules in ([('/proc/self/fd', False)], [('/proc', False)]):
            # So it is by itself.
            self.assertEqual(['yes', 'yes'], self.run_with(
                rules, 'r:' + name, 'w:' + name, keep=(fd,)))
            self.assertEqual(['yes', READ_ONLY], self.run_with(
                rules, 'r:' + name, 'w:' + name, keep=(fd,), reads=(fd,)))
        handed = namespaces.HANDED % fd
        self.assertEqual([NONE, 'yes', READ_ONLY, READ_ONLY], self.run_with(
            [], 'r:' + name, 'r:' + handed, 'w:' + handed, 'u:' + handed,
            keep=(fd,), reads=(fd,)))

    def test_what_is_read_only_stays_the_same_file(self) -> None:
        """Neither another of its name, nor one that has none."""
        path = self.closed / 'file'
        fd = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        for change in (path.unlink, lambda: path.write_text('another'),
                       path.unlink, lambda: path.symlink_to('/dev/null')):
            change()
            failed = subprocess.run(
                limits.command(['/bin/true'], (-1, b'', json.dumps(
                    {'rules': PYTHON, 'reads': [fd]}))), pass_fds=(fd,),
                capture_output=True, text=True, check=False)
            self.assertEqual(1, failed.returncode)
            self.assertIn('descriptor %d has no name' % fd, failed.stderr)

    def test_devices(self) -> None:
        self.assertEqual(['yes', 'yes', NONE], self.run_with(
            [('/dev/null', True), ('/dev/urandom', False)],
            'w:/dev/null', 'r:/dev/urandom', 'r:/dev/zero'))

    def test_who_it_is(self) -> None:
        who, net = self.run_with([], 'i:', 't:/proc/self/ns/net')
        self.assertEqual('%d %d /' % (os.getuid(), os.getgid()), who)
        self.assertEqual(os.readlink('/proc/self/ns/net'), net)

    def test_capabilities(self) -> None:
        """At most those by which root opens the files of others."""
        found, = self.run_with([('/proc', False)], 'c:')
        permitted, effective, bounding = (int(w, 16) for w in found.split())
        self.assertEqual((0, 0), (permitted & ~0b11111, bounding))
        self.assertEqual(effective, permitted)
        if os.getuid():
            self.assertEqual(0, permitted)

    def test_no_descriptor_of_a_directory(self) -> None:
        """It would lead out."""
        fd = os.open(self.closed, os.O_RDONLY)
        self.addCleanup(os.close, fd)
        failed = subprocess.run(
            limits.command(['/bin/true'], (-1, b'', NOTHING)),
            pass_fds=(fd,),
            capture_output=True, text=True, check=False)
        self.assertEqual(1, failed.returncode)
        self.assertIn('descriptor %d is of a directory' % fd, failed.stderr)

    def test_possible(self) -> None:
        """Whoever asks stays as it is."""
        said = subprocess.run(
            [sys.executable, '-I', '-c',
             'import os, sys\n'
             'from glance_lifecycle.transfer import namespaces\n'
             'print(namespaces.possible([("/usr", False)]))\n'
             # Without a name: whether it is possible is another question.
             'import tempfile\n'
             'with tempfile.TemporaryFile() as file:\n'
             ' print(namespaces.possible([], reads=[file.fileno()]))\n'
             'fd = os.open(sys.argv[1], os.O_RDONLY)\n'
             'print(namespaces.possible([("/usr", False)]))\n',
             str(self.closed)],
            capture_output=True, text=True, check=True).stdout
        self.assertEqual(['True', 'True', 'False'], said.split())

    def test_available(self) -> None:
        self.assertFalse(namespaces.available('/bin/false'))
        self.assertFalse(namespaces.available(str(self.dir / 'none')))
