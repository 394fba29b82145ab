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

"""No image opens a second file, device or address.

Both walls are tested by themselves: the checks refuse every hostile image,
and where they are taken away, the kernel denies what it tries. strace says
what was touched.
"""

import dataclasses
import json
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
from typing import Any

import fixtures
from oslotest import base

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional import fuzz_foreign
from glance_lifecycle.tests.functional import hostile
from glance_lifecycle.tests.functional import lacking
from glance_lifecycle.tests.functional import tracing
from glance_lifecycle.tests.functional import unchecked
from glance_lifecycle.tests.unit.transfer.formats.foreign import handmade
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer.formats import inspect
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import limits
from glance_lifecycle.transfer import namespaces
from glance_lifecycle.transfer import runner

IMAGE_ID = '9c3b1c7e-6a3e-4a6b-8d7c-1d3f2c5b7a90'
MIB = 1 << 20
SOURCE = 'glance_lifecycle.transfer.formats.'
FOREIGN = SOURCE + 'foreign.source:ForeignSource'
OURS = {'raw': SOURCE + 'raw:RawSource',
        'qcow2': SOURCE + 'qcow2.source:Qcow2Source'}
SINK = 'glance_lifecycle.transfer.backends.file.sink:FileSink'

SOUND = (('raw', ''), ('qcow2', ''), ('vmdk', ''),
         ('vmdk', 'subformat=streamOptimized'), ('vdi', ''),
         ('vhd', 'force_size=on'), ('vhdx', ''))

# Where shared libraries and Python lie; nothing else may be read.
SYSTEM = ('/usr/lib/', '/lib/', '/lib64/', '/usr/local/lib/', sys.prefix,
          sys.base_prefix + '/lib/',
          str(pathlib.Path(confine.__file__).parents[1]))
SINGLE = ('/dev/null', '/etc/ld.so.cache',
          os.path.realpath('/etc/localtime'),
          '/proc/sys/crypto/fips_enabled', '/etc/ssl/openssl.cnf')


class ConfinementTestCase(base.BaseTestCase):
    """What a process touches, on the kernel as it is or on a lesser one.

    :cvar lacks: what the kernel is to lack, see ``lacking``
    :cvar user: whose the processes are; None: who runs the tests
    :cvar wall: the call by which other files get out of reach
    :cvar denied: what who tries to open them is told
    """

    lacks: tuple[str, ...] = ()
    user: int | None = None
    wall = 'landlock_restrict_self'
    denied: tuple[str, ...] = ('Permission denied', 'Operation not permitted')

    def setUp(self) -> None:
        super().setUp()
        self.before = lacking.command(self.lacks, self.user)
        self.assert_testable()
        self.work = pathlib.Path(self.useFixture(
            fixtures.TempDir()).path).resolve()
        self.staging, self.store = self.work / 'staging', self.work / 'store'
        for directory in (self.staging, self.store):
            directory.mkdir()
        # What the images are after.
        self.secret = self.work / 'secret'
        self.secret.write_bytes(b'SECRET--' * (MIB // 8))
        self.other = self.staging / 'other'
        self.other.write_bytes(hostile.descriptor(str(self.secret)))
        os.mkfifo(self.work / 'fifo')
        self.server = socket.create_server(('127.0.0.1', 0))
        self.server.setblocking(False)
        self.addCleanup(self.server.close)
        self.address = '127.0.0.1:%d' % self.server.getsockname()[1]

    def assert_testable(self) -> None:
        self.assertEqual('[]', self.lacking(), 'Confinement cannot be tested '
                         'on this machine: it lacks what is said here.')

    def lacking(self) -> str:
        return subprocess.run(
            [*self.before, sys.executable, '-I', '-c',
             'from glance_lifecycle.transfer import confine\n'
             'print(confine.lacking())'],
            check=True, capture_output=True, text=True).stdout.strip()

    def tracer(self) -> tracing.Tracer:
        return tracing.Tracer(self.work, self.lacks, self.user)

    def python(self) -> str | None:
        """A Python on such a kernel; None for any."""
        if not self.before:
            return None
        program = self.work / 'python-lacking'
        program.write_text('#!/bin/sh\nexec %s "$@"\n' % shlex.join(
            [*self.before, sys.executable]))
        program.chmod(0o755)
        return str(program)

    def job(self, source: str, mode: str = confine.REQUIRED,
            **options: Any) -> jobs.Job:
        return jobs.Job(
            image_id=IMAGE_ID, source=source, source_options=options,
            targets=(jobs.Target('store', SINK, {
                'datadirs': [[str(self.store), 0]], 'by_space': False,
                'mode': 0, 'metadata': []}),),
            digests=('sha512',), confinement=mode)

    def converter(self) -> dict[str, Any]:
        return {'qemu_img': 'qemu-img', 'scratch_dir': str(self.staging),
                'image_id': IMAGE_ID}

    def foreign(self, entry: str, disk_format: str,
                **options: Any) -> jobs.Job:
        return self.job(entry, disk_format=disk_format, **self.converter(),
                        **options)

    def run_job(self, job: jobs.Job, content: bytes,
                python: str | None = None) -> dict[str, Any]:
        self.image = self.staging / IMAGE_ID
        self.image.write_bytes(content)
        self.give()
        fd = os.open(self.image, os.O_RDONLY)
        try:
            return runner.Child(job, fd, lambda report: None,
                                python=python or self.python()).run()
        finally:
            os.close(fd)

    def give(self) -> None:
        """To the user whose processes are to work with it."""
        if self.user is None:
            return
        for parent in (self.work, *self.work.parents):
            if parent.stat().st_uid == 0 and parent != parent.parent:
                parent.chmod(parent.stat().st_mode | 0o11)
        for path in (self.work, *self.work.rglob('*')):
            os.chown(path, self.user, self.user)

    def assert_untouched(self) -> None:
        """Nobody connected, and the secret went nowhere."""
        self.assertRaises(BlockingIOError, self.server.accept)
        for path in filter(pathlib.Path.is_file, self.store.iterdir()):
            self.assertNotIn(b'SECRET--', path.read_bytes())

    def assert_allowed(self, touched: tracing.Touched, *,
                       qemu_img: bool) -> None:
        """Two sets: what the child may touch, and what qemu-img may."""
        program = os.path.realpath('/usr/bin/qemu-img')
        scratch = str(self.staging / (IMAGE_ID + '.lifecycle-convert'))
        for path in touched.opened[1]:
            if path.startswith((*SYSTEM, str(self.store) + '/')):
                continue
            self.assertIn(path, (
                *SINGLE, str(self.store), os.path.realpath(sys.executable),
                # Read by the Python that starts qemu-img.
                os.path.join(sys.prefix, 'pyvenv.cfg'), program))
        handed = re.compile(namespaces.HANDED.replace('%d', r'\d+') + '$')
        for path in touched.opened[2]:
            if self.wall == 'pivot_root' and handed.match(path):
                # The image.
                continue
            self.assertIn(path.removesuffix(' (deleted)').removesuffix(
                '(deleted)'), (
                program, str(self.image), scratch, '/dev/null',
                '/etc/ld.so.cache',
                *map(os.path.realpath, confine.linked(program))))
        # Names are made, changed and removed in the store only.
        for line in touched.other:
            self.assertIn('<%s>' % self.store, line)
        # Else the test has seen nothing.
        self.assertEqual({self.wall}, touched.walls)
        self.assertEqual(1, touched.levels[1])
        if qemu_img:
            self.assertEqual(1, touched.levels[2])
        self.assertEqual(qemu_img, bool(touched.opened[2]))


class SoundTest(ConfinementTestCase):

    def test_every_format(self) -> None:
        for disk_format, options in SOUND:
            raw = self.work / 'raw'
            raw.write_bytes(os.urandom(3 * MIB) + bytes(5 * MIB))
            path = self.work / 'image'
            images.convert(raw, 'raw', path, disk_format, options=options)
            tracer = self.tracer()
            own = disk_format in OURS
            job = (self.job(OURS[disk_format]) if own else
                   self.foreign(FOREIGN, disk_format))
            self.run_job(job, path.read_bytes(), tracer.python)
            stored = self.store / IMAGE_ID
            self.assertEqual(raw.read_bytes(), stored.read_bytes(),
                             disk_format)
            self.assert_allowed(tracer.touched(), qemu_img=not own)
            stored.unlink()

    def test_a_store_with_modes(self) -> None:
        """filesystem_store_file_perm; the other stores cannot change any."""
        job = self.job(OURS['raw'])
        target = job.targets[0]
        job = dataclasses.replace(job, targets=(dataclasses.replace(
            target, options=target.options | {'mode': 0o604}),))
        self.run_job(job, b'content' * 1000)
        stored = self.store / IMAGE_ID
        self.assertEqual(0o604, stored.stat().st_mode & 0o777)


class HostileTest(ConfinementTestCase):

    def corpus(self) -> list[tuple[str, str, bytes]]:
        found = list(hostile.corpus(self.work, str(self.secret),
                                    str(self.other), self.address))
        self.assertGreater(len(found), 25)
        return found

    def test_refused(self) -> None:
        """The first wall: by a check, before qemu-img is started."""
        for name, disk_format, content in self.corpus():
            if disk_format == 'qed':
                # None of ours reads it; it is refused by its inspection.
                path = self.work / 'qed'
                path.write_bytes(content)
                with path.open('rb') as stream:
                    self.assertRaises(exceptions.ImageRefused,
                                      inspect.inspect, stream.fileno())
                continue
            job = (self.job(OURS[disk_format]) if disk_format in OURS else
                   self.foreign(FOREIGN, disk_format))
            tracer = self.tracer()
            error = self.assertRaises(exceptions.ImageRefused, self.run_job,
                                      job, content, tracer.python)
            self.assertNotEqual('conversion-failed', error.reason, name)
            if 'hint' in name:
                self.assertEqual('backing-file', error.reason, name)
            self.assert_allowed(tracer.touched(), qemu_img=False)
            self.assert_untouched()

    def test_the_second_wall(self) -> None:
        """Without checks, qemu-img is told to open all that they name."""
        tried = 0
        for name, disk_format, content in self.corpus():
            for naive in (True, False):
                if disk_format not in ('vmdk', 'vhd', 'vhdx', 'vdi') and (
                        not naive):
                    continue
                job = self.foreign(unchecked.HERE + 'Unchecked',
                                   disk_format if not naive else 'vmdk',
                                   naive=naive)
                tracer = self.tracer()
                try:
                    self.run_job(job, content, tracer.python)
                except exceptions.ImageRefused as error:
                    text = str(error)
                    denied = any(said in text for said in self.denied)
                    tried += denied
                    # The description gives no parent to any of them.
                    if 'hint' in name and not naive:
                        self.assertFalse(denied, text)
                self.assert_allowed(tracer.touched(), qemu_img=True)
                self.assert_untouched()
                for path in self.store.iterdir():
                    path.unlink()
        # They do try: without the wall this would have been opened.
        self.assertGreaterEqual(tried, 15)


class MutationTest(ConfinementTestCase):
    """A few thousand; the fuzzer as a program does as many as one likes."""

    def test_both_walls(self) -> None:
        with fuzz_foreign.Fuzzer(self.work, 11) as fuzzer:
            for _ in range(3000):
                fuzzer.one()
            # Both were put to the test, and the bait was taken.
            for count in ('passed', 'refused', 'denied'):
                self.assertGreater(fuzzer.counts[count], 100)


class ChildTest(ConfinementTestCase):

    def attempts(self, *attempts: tuple[str, object]) -> list[str]:
        """What became of them in the child, with a file store."""
        error = self.assertRaises(
            exceptions.SourceError, self.run_job,
            self.job(unchecked.HERE + 'Escaping', attempts=[
                [name, str(where)] for name, where in attempts]), b'image')
        found: list[str] = json.loads(str(error.fields['detail']))
        return found

    def test_denied(self) -> None:
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.store / 'socket'))
        listener.listen()
        denied, forbidden = 'Permission denied', 'Operation not permitted'
        wanted = {
            ('read', self.secret): denied,
            ('read', self.other): denied,
            # The image too: it was handed over, open.
            ('read', self.staging / IMAGE_ID): denied,
            ('read', '/etc/passwd'): denied,
            ('read', '/proc/%d/environ' % os.getpid()): denied,
            ('read', '/dev/zero'): denied,
            ('list', self.staging): denied,
            ('list', '/'): denied,
            ('append', self.secret): denied,
            ('create', self.staging / 'new'): denied,
            ('create', self.work / 'new'): denied,
            ('remove', self.other): denied,
            ('mkdir', self.store / 'directory'): denied,
            ('fifo', self.store / 'fifo'): denied,
            ('symlink', self.store / 'link'): denied,
            ('run', '/usr/bin/qemu-img'): forbidden,
            ('run', '/bin/sh'): forbidden,
            ('kill', os.getpid()): forbidden,
            ('connect', self.address): forbidden,
            ('connect-path', self.store / 'socket'): forbidden,
            # And what it is there for.
            ('create', self.store / 'new'): 'done',
            ('read', self.store / 'new'): 'done',
            ('remove', self.store / 'new'): 'done',
            ('list', self.store): 'done',
        }
        found = self.attempts(*wanted)
        self.assertEqual(
            {'%s %s' % key: value for key, value in wanted.items()},
            {'%s %s' % key: value
             for key, value in zip(wanted, found, strict=True)})
        self.assert_untouched()

    def test_required(self) -> None:
        """A store that may open anything is no confined one."""
        job = jobs.Job(
            image_id=IMAGE_ID, source=SOURCE + 'null:NullSource',
            source_options={'virtual_size': 1},
            targets=(jobs.Target(
                'volumes',
                'glance_lifecycle.transfer.backends.driver.sink:DriverSink',
                {'driver': 'cinder', 'config_files': [], 'config_dirs': []}),
            ), digests=(), confinement=confine.REQUIRED)
        self.assertEqual(('volumes',), job.unbounded())
        error = self.assertRaises(exceptions.ConfigurationError,
                                  self.run_job, job, b'')
        self.assertIn('confinement', str(error))

    def test_no_privilege_is_needed(self) -> None:
        """As nobody, where the tests run as root."""
        program = '/usr/bin/qemu-img'
        image, out = self.work / 'nobody.vmdk', self.work / 'out'
        images.convert(self.secret, 'raw', image, 'vmdk')
        reads = os.open(image, os.O_RDONLY)
        self.addCleanup(os.close, reads)
        # Where nobody can read it.
        copy = pathlib.Path(self.useFixture(fixtures.TempDir(
            rootdir='/tmp')).path)  # noqa: S108
        copy.chmod(0o755)
        (copy / 'limits.py').write_text(pathlib.Path(
            limits.__file__).read_text())
        user = 65534 if os.getuid() == 0 else os.getuid()
        for parent, wanted in ((None, 0), (str(self.other), 1)):
            if parent:
                image.write_bytes(handmade.vmdk_hint(parent))
            writes = os.open(out, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            if os.getuid() == 0:
                for fd in (reads, writes):
                    os.fchown(fd, user, user)
            walls = confine.converter(program, reads, writes)
            argv = limits.command(
                [program, 'convert', '-f', 'vmdk', '-O', 'raw',
                 '/proc/self/fd/%d' % reads, '/proc/self/fd/%d' % writes],
                walls)
            # The distribution's, which every user may run.
            argv[0] = '/usr/bin/python3'
            argv[3] = str(copy / 'limits.py')
            done = subprocess.run(
                argv, capture_output=True, text=True, check=False,
                pass_fds=(reads, writes, walls[0]), user=user, group=user,
                extra_groups=[] if os.getuid() == 0 else None)
            self.assertEqual(wanted, done.returncode, done.stderr)
            self.assertEqual(not wanted, b'SECRET' in out.read_bytes())
            for fd in (writes, walls[0]):
                os.close(fd)
