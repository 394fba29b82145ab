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
import shutil
import tempfile

import fixtures
from oslotest import base

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.rbd import options as rbd_options
from glance_lifecycle.transfer.backends import settings
from glance_lifecycle.transfer import confine
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import landlock
from glance_lifecycle.transfer import limits
from glance_lifecycle.transfer import namespaces
from glance_lifecycle.transfer import seccomp

FILES = {'config_files': ['/etc/glance/glance-api.conf'],
         'config_dirs': ['/etc/glance/glance-api.conf.d']}


class ReachTest(base.BaseTestCase):

    def test_union(self) -> None:
        whole = (confine.Reach(read=('a',), network=True)
                 | confine.Reach(write=('b',), execute=('c',))
                 | confine.Reach(read=('d',), unbounded=True))
        self.assertEqual(confine.Reach(
            read=('a', 'd'), write=('b',), execute=('c',), network=True,
            unbounded=True), whole)

    def test_file_stores_have_no_network(self) -> None:
        job = jobs.Job(
            image_id='x',
            source='glance_lifecycle.transfer.formats.qcow2.source:'
            'Qcow2Source',
            source_options={}, digests=(), readable=('/etc/more',),
            targets=tuple(jobs.Target(
                store, 'glance_lifecycle.transfer.backends.file.sink:FileSink',
                {'datadirs': [['/srv/' + store, 0]], 'mode': mode})
                for store, mode in (('one', 0), ('two', 0o640))))
        self.assertEqual(confine.Reach(
            read=('/etc/more',), write=('/srv/one', '/srv/two'),
            modes=True),
            job.reach())
        self.assertEqual((), job.unbounded())
        self.assertEqual(job, jobs.Job.from_json(job.to_json()))

    def test_object_stores(self) -> None:
        self.assertEqual(
            confine.Reach(network=True, read=(
                '/proc/sys/kernel/random/boot_id',
                '/etc/glance/glance-api.conf',
                '/etc/glance/glance-api.conf.d', '/etc/ca.pem')),
            settings.reach(FILES, '', None, '/etc/ca.pem'))

    def test_keyrings(self) -> None:
        """The ones that ceph.conf names, and librados' own places."""
        holder = self.useFixture(fixtures.TempDir())
        conf = pathlib.Path(holder.path) / 'east.conf'
        # Many empty lines: none is read to the last of them.
        conf.write_text(
            '\n' * 1_000_000 + '[global]\n'
            'keyring = /k/$cluster.$name.keyring, /k/b # old\n'
            '[client.glance]\n  key file="/k/$id"\n;keyring = /no\n')
        reach = rbd_options.reach({'user': 'glance', 'conf_file': str(conf)})
        self.assertTrue(reach.network)
        for path in (str(conf), '/k/east.client.glance.keyring', '/k/b',
                     '/k/glance', '/etc/ceph/east.client.glance.keyring',
                     '/etc/ceph/keyring'):
            self.assertIn(path, reach.read)
        self.assertNotIn('/no', reach.read)
        missing = rbd_options.reach({'user': '', 'conf_file': '/none'})
        self.assertIn('/etc/ceph/none.client.admin.keyring', missing.read)


class LackingTest(base.BaseTestCase):
    """Of a kernel without; real ones are in the functional tests."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.MockPatchObject(
            landlock, 'version', return_value=0))
        self.useFixture(fixtures.MockPatchObject(
            seccomp, 'available', return_value=False))
        self.available = self.useFixture(fixtures.MockPatchObject(
            namespaces, 'available', return_value=False)).mock
        self.useFixture(fixtures.MockPatchObject(
            namespaces, 'possible', return_value=False))
        self.useFixture(fixtures.MonkeyPatch(
            'glance_lifecycle.transfer.confine._kept_by', None))

    def test_said(self) -> None:
        self.assertEqual(['landlock', 'seccomp'], [
            text.split()[0].rstrip(',') for text in confine.lacking()])
        self.assertEqual('', confine.wall('/a/python'))
        self.available.assert_called_with('/a/python')
        self.available.return_value = True
        self.assertEqual(['seccomp'], [
            text.split()[0] for text in confine.lacking()])
        self.assertEqual(confine.NAMESPACES, confine.wall())

    def test_converter_in_a_root_of_its_own(self) -> None:
        """Its own files, and what it was handed by the links to it."""
        self.available.return_value = True
        program = shutil.which('env')
        assert program is not None
        ruleset, _filters, root = confine.converter(program, 0, 1)
        self.assertEqual(-1, ruleset)
        rules = json.loads(root)['rules']
        self.assertEqual([0], json.loads(root)['reads'])
        self.assertEqual(
            {program, *confine.linked(program), '/etc/ld.so.cache',
             '/dev/null', '/proc/self/fd'}, {path for path, _ in rules})
        self.assertEqual([['/dev/null', True]],
                         [rule for rule in rules if rule[1]])

    def test_required(self) -> None:
        # Other tests of this process may have left threads.
        self.useFixture(fixtures.MockPatchObject(
            os, 'listdir', return_value=['1']))
        error = self.assertRaises(
            exceptions.ConfigurationError, confine.enter, confine.Reach(),
            confine.REQUIRED, -1)
        self.assertIn('landlock', str(error))
        self.assertIn('best-effort', str(error))

    def test_converter(self) -> None:
        self.assertEqual(limits.NO_WALLS, confine.converter('/bin/true', 0, 1))


class EnterTest(base.BaseTestCase):

    def test_not_with_threads(self) -> None:
        """They would stay free, so nothing is done."""
        self.useFixture(fixtures.MockPatchObject(
            os, 'listdir', return_value=['1', '2']))
        self.assertRaises(exceptions.InternalError, confine.enter,
                          confine.Reach(), confine.BEST_EFFORT, -1)
        with tempfile.TemporaryFile() as stream:
            stream.write(b'still free')

    def test_unbounded(self) -> None:
        confine.enter(confine.Reach(unbounded=True), confine.BEST_EFFORT, -1)
        with tempfile.TemporaryFile() as stream:
            stream.write(b'still free')
        self.assertRaises(exceptions.ConfigurationError, confine.enter,
                          confine.Reach(unbounded=True), confine.REQUIRED, -1)

    def test_linked(self) -> None:
        """Its loader and its C library at least, no other program."""
        program = shutil.which('env')
        assert program is not None
        found = [os.path.basename(path) for path in confine.linked(program)]
        self.assertTrue(any(name.startswith('ld') for name in found))
        self.assertTrue(any(name.startswith('libc.') for name in found))
