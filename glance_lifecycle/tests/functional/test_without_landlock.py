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

"""The same where the kernel has no landlock: a root directory stands in."""

import ast
import dataclasses
import json
import os
import re
import socket
import subprocess
import sys
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional import lacking
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional import test_confinement
from glance_lifecycle.tests.functional import unchecked
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import runner

SHADOW = '/etc/shadow'
NEWNS, NEWUSER, DETACH, PTRACE_ATTACH = 0x20000, 0x10000000, 2, 16

# Who is root runs them as somebody else too.
USER = lacking.NOBODY if os.getuid() == 0 else None


class WithoutLandlockMixin:
    lacks: tuple[str, ...] = (lacking.LANDLOCK,)
    wall = 'pivot_root'
    denied: tuple[str, ...] = ('No such file', 'Read-only file system',
                               'Operation not permitted',
                               'Permission denied')


class SoundTest(WithoutLandlockMixin, test_confinement.SoundTest):
    pass


class SoundAsNobodyTest(SoundTest):
    user = USER


class HostileTest(WithoutLandlockMixin, test_confinement.HostileTest):
    pass


class HostileAsNobodyTest(HostileTest):
    user = USER


class MutationTest(WithoutLandlockMixin,
                   test_confinement.ConfinementTestCase):

    def test_both_walls(self) -> None:
        """By the fuzzer as a program, which such a kernel runs."""
        said = subprocess.run(
            [*self.before, sys.executable, '-m',
             'glance_lifecycle.tests.functional.fuzz_foreign',
             '--mutations', '1500', '--seed', '12'],
            check=True, capture_output=True, text=True).stdout
        for count in ('passed', 'refused', 'denied'):
            found = re.search(r"'%s': (\d+)" % count, said)
            assert found, said
            self.assertGreater(int(found[1]), 50)


class EscapeTest(WithoutLandlockMixin, test_confinement.ConfinementTestCase):
    """What a reader tries that the image has taken over."""

    def setUp(self) -> None:
        super().setUp()
        # Of the same user, and as reachable as a process can be.
        sleeper = subprocess.Popen([*self.before, 'sleep', '1000000'])
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)
        self.me = os.getpid()

    def attempts(self, entry: str, *attempts: tuple[str, object],
                 **options: Any) -> dict[str, str]:
        error = self.assertRaises(
            exceptions.SourceError, self.run_job,
            self.job(unchecked.HERE + entry, attempts=[
                [name, str(where)] for name, where in attempts], **options),
            b'image')
        found = json.loads(str(error.fields['detail']))
        return {'%s %s' % attempt: said for attempt, said in zip(
            attempts, found, strict=True)}

    def files(self) -> list[tuple[str, object]]:
        return [
            ('read', SHADOW), ('read', self.secret), ('read', '/dev/zero'),
            ('read', self.staging / test_confinement.IMAGE_ID),
            ('read', '/proc/self/root' + SHADOW),
            ('read', '/proc/1/root' + SHADOW),
            ('read', '/proc/%d/root%s' % (self.me, SHADOW)),
            ('read', '/proc/%d/environ' % self.me),
            ('read', '/proc/%d/mem' % self.me),
            ('list', '/proc/%d/cwd' % self.me),
            ('list', self.staging), ('list', '/etc/ssh'),
            ('append', '/proc/sys/kernel/core_pattern'),
            ('append', '/proc/sysrq-trigger'),
            ('create', '/new'), ('create', '/usr/lib/new'),
            ('create', self.staging / 'new'),
            ('mkdir', self.store / 'new'), ('fifo', self.store / 'fifo'),
            ('symlink', self.store / 'link'),
            ('from-descriptors', SHADOW), ('from-descriptors', self.secret),
            ('from-directory', '%s:%s' % (self.store, SHADOW)),
            ('from-directory', '%s:%s' % (self.store, self.secret)),
            ('from-directory', '/usr/lib:%s' % SHADOW),
            ('through-processes', 'root' + SHADOW),
            ('through-processes', 'cwd/.'),
            ('through-processes', 'environ'),
            ('through-processes', 'fd/0'), ('through-processes', 'fd/1'),
            ('through-processes', 'exe'), ('through-processes', 'ns/mnt'),
        ]

    def calls(self) -> list[tuple[str, object]]:
        return [
            ('run', '/bin/sh'), ('run', '/usr/bin/qemu-img'),
            ('kill', self.me), ('kill', -1),
            ('call', 'mount tmpfs /usr tmpfs 0 -'),
            ('call', 'mount - / - %d -' % (32 | 4096)),
            ('call', 'mount - /usr/lib - %d -' % (32 | 4096)),
            ('call', 'umount2 / %d' % DETACH),
            ('call', 'umount2 /usr/lib %d' % DETACH),
            ('call', 'unshare %d' % NEWUSER),
            ('call', 'unshare %d' % (NEWUSER | NEWNS)),
            ('call', 'unshare %d' % NEWNS),
            ('call', 'setns 0 0'), ('call', 'chroot /usr'),
            ('call', 'ptrace %d %d 0 0' % (PTRACE_ATTACH, self.me)),
            ('call', 'process_vm_readv %d - 0 - 0 0' % self.me),
            ('call', 'tgkill %d %d 0' % (self.me, self.me)),
            ('call', 'prlimit64 %d 0 - -' % self.me),
        ]

    def sockets(self) -> list[tuple[str, object]]:
        listening = []
        for address in (str(self.store / 'socket'),
                        '\0glance-lifecycle-test-%d' % self.me):
            listener = socket.socket(socket.AF_UNIX)
            self.addCleanup(listener.close)
            listener.bind(address)
            listener.listen()
            listening.append(address)
        return [('connect', self.address), ('connect-path', listening[0]),
                ('connect-abstract', listening[1][1:])]

    def assert_denied(self, found: dict[str, str]) -> None:
        self.assertEqual({}, {attempt: said for attempt, said in found.items()
                              if said == 'done'})
        # Nothing of it was mistyped.
        self.assertEqual(set(), set(found.values()) - {
            'Permission denied', 'Operation not permitted',
            'No such file or directory', 'Read-only file system',
            'Not a directory', 'Bad file descriptor'})
        self.assert_untouched()

    def test_file_stores(self) -> None:
        self.assert_denied(self.attempts(
            'Escaping', *self.files(), *self.calls(), *self.sockets()))
        # And what it is there for.
        new = self.store / 'new'
        found = self.attempts(
            'Escaping', ('create', new), ('read', new), ('remove', new),
            ('list', self.store), ('append', '/dev/null'),
            ('call', 'kill 0 0'))
        self.assertEqual({'done'}, set(found.values()))

    def test_with_a_converter_waiting(self) -> None:
        self.assert_denied(self.attempts(
            'EscapingConverter', *self.files(), *self.calls(),
            *self.sockets(), **self.converter()))

    def test_with_a_network_and_proc(self) -> None:
        """As RBD's: processes are seen, and not reached."""
        reach: dict[str, Any] = {'read': ['/proc'], 'network': True}
        self.assert_denied(self.attempts(
            'Escaping', *self.files(), *self.calls(), **reach))
        found = self.attempts(
            'Escaping', ('read', '/proc/%d/stat' % self.me),
            ('connect', self.address), **reach)
        self.assertEqual({'done'}, set(found.values()))

    def test_an_image_that_is_removed_meanwhile(self) -> None:
        """It is not read, rather than read without walls."""
        path = self.staging / test_confinement.IMAGE_ID
        for replaced in (False, True):
            path.write_bytes(b'image')
            fd = os.open(path, os.O_RDONLY)
            self.addCleanup(os.close, fd)
            path.unlink()
            if replaced:
                path.write_bytes(b'another')
            self.give()
            error = self.assertRaises(
                exceptions.SourceError, runner.Child(
                    self.job(unchecked.HERE + 'Escaping',
                             confine.BEST_EFFORT,
                             attempts=[['read', str(self.secret)]]),
                    fd, lambda report: None, python=self.python()).run)
            self.assertIn('removed or replaced', str(error))

    def test_converter(self) -> None:
        """A shell in qemu-img's place, which needs no other file."""
        image, scratch = self.work / 'i', self.work / 's'
        image.write_bytes(b'image')
        scratch.write_bytes(b'')
        self.give()
        # It cannot fork, so all is done by the shell itself.
        script = (
            'for f in %s %s /proc/*/root/etc/shadow /proc/*/cwd/* '
            '/proc/*/environ /proc/self/fd/../../../etc/shadow '
            '/etc/ld.so.cache; do true < "$f" && echo "read $f"; done; '
            'for f in %s /usr/new /proc/new; do true > "$f" && echo '
            '"wrote $f"; done; '
            'for d in /proc/self/fd/* /proc/*/fd/* /..; do cd "$d/../root" '
            '&& echo "in $d"; done; '
            'kill -0 %d && echo killed; '
            'true < /proc/self/fd/$0 && echo image; '
            'true > /proc/self/fd/$1 && echo scratch; echo /*; echo /proc/*'
        ) % (SHADOW, self.secret, self.staging / 'new', os.getpid())
        said = subprocess.run(
            [*self.before, sys.executable, '-I', '-c',
             'import os, subprocess, sys\n'
             'from glance_lifecycle.transfer import confine, limits\n'
             'image, scratch = (os.open(p, os.O_RDWR) for p in sys.argv[2:])\n'
             'walls = confine.converter("/bin/sh", image, scratch)\n'
             'assert walls[2], "it has no root of its own"\n'
             'subprocess.run(limits.command(["/bin/sh", "-c", sys.argv[1],'
             'str(image), str(scratch)], walls), '
             'pass_fds=(image, scratch))\n',
             script, str(image), str(scratch)],
            capture_output=True, text=True, check=True)
        *done, names, processes = said.stdout.splitlines()
        self.assertEqual(['read /etc/ld.so.cache', 'image', 'scratch'], done,
                         said.stderr)
        self.assertEqual(set(), set(names.split()) - {
            '/bin', '/dev', '/etc', '/lib', '/lib64', '/proc', '/usr'})
        # Itself, by its number and as "self".
        self.assertEqual(2, len(processes.split()), processes)


class NeitherTest(test_confinement.ConfinementTestCase):
    """Nor name spaces: said, and refused where it is required."""

    lacks = (lacking.LANDLOCK, lacking.NAMESPACES)

    def assert_testable(self) -> None:
        found = self.lacking()
        self.assertIn('landlock', found)
        self.assertIn('user name spaces', found)
        # seccomp is there.
        self.assertEqual(1, len(ast.literal_eval(found)))

    def test_required(self) -> None:
        for entry, options in (
                ('Escaping', {}), ('EscapingConverter', self.converter())):
            error = self.assertRaises(
                exceptions.ConfigurationError, self.run_job, self.job(
                    unchecked.HERE + entry, attempts=[], **options),
                b'image')
            self.assertIn('user name spaces', str(error))
            self.assertIn('best-effort', str(error))

    def test_best_effort(self) -> None:
        """As far as seccomp goes; and this is what the walls are for."""
        error = self.assertRaises(
            exceptions.SourceError, self.run_job, self.job(
                unchecked.HERE + 'Escaping', mode=confine.BEST_EFFORT,
                attempts=[['read', str(self.secret)],
                          ['connect', self.address],
                          ['kill', str(os.getpid())],
                          ['call', 'unshare %d' % NEWUSER]]), b'image')
        self.assertEqual(['done', *['Operation not permitted'] * 3],
                         json.loads(str(error.fields['detail'])))

    def test_import(self) -> None:
        image = self.work / 'image'
        raw = self.work / 'raw'
        raw.write_bytes(os.urandom(1 << 20))
        images.convert(raw, 'raw', image, 'vmdk')
        job = self.foreign(test_confinement.FOREIGN, 'vmdk')
        self.run_job(dataclasses.replace(
            job, confinement=confine.BEST_EFFORT), image.read_bytes())
        self.assertEqual(raw.read_bytes(), (
            self.store / test_confinement.IMAGE_ID).read_bytes())


class NeitherAsNobodyTest(NeitherTest):
    user = USER


class EscapeAsNobodyTest(EscapeTest):
    user = USER


class GlanceTest(plugin_case.SharedApiTestCase):
    """Whole imports, by a Glance that finds no landlock."""

    conf = {'lifecycle_transfer': {'confinement': 'required'}}
    options = {'lacks': (lacking.LANDLOCK,)}

    def test_import(self) -> None:
        for disk_format in ('qcow2', 'vmdk'):
            source = images.make(self.work / 'image', disk_format,
                                 size=32 * images.MIB)
            expected = images.reference(source, disk_format)
            image = self.import_one(source, disk_format, all_stores=True)
            self.assert_stored(self.api, image, expected, *plugin_case.ALL)
        said = self.api.log_text()
        self.assertEqual(1, said.count(
            'kept from other files by user name spaces'))
        self.assertNotIn('this kernel lacks', said)


class GlanceWithNeitherTest(plugin_case.PluginTestCase):

    def test_import(self) -> None:
        api = self.useFixture(glance.GlanceApi(
            plugins=['lifecycle'], lacks=NeitherTest.lacks))
        user = api.user()
        source = images.make(self.work / 'image', 'vmdk',
                             size=16 * images.MIB)
        image_id = self.staged(user, source, 'vmdk')
        user.import_image(image_id)
        self.assert_stored(api, user.wait_import(image_id),
                           images.reference(source, 'vmdk'), 's1')
        self.assertEqual(1, api.log_text().count(
            'this kernel lacks landlock'))
        api.configure(lifecycle_transfer={'confinement': 'required'})
        api.restart()
        image_id = self.staged(user, source, 'vmdk')
        user.import_image(image_id)
        user.wait_import(image_id)
        self.assertIn('confinement is "required"',
                      self.message(user, image_id))
