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


"""FileSink beside the real driver of glance_store, configured alike."""

import io
import json
import logging
import os
import stat
from typing import Any

from glance_store._drivers import filesystem
from glance_store import exceptions as store_exceptions
from glance_store import location

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.file import options as file_options
from glance_lifecycle.transfer.backends.file import sink as file_sink
from glance_lifecycle.transfer import sink

IMAGE = helpers.IMAGE
THEIRS = '11111111-2222-4333-8444-555555555555'
CONTENT = helpers.Image(helpers.noise(100000), 4096, b'end')


class ContractTest(helpers.TempDirTestCase):

    def setUp(self) -> None:
        super().setUp()
        # The driver logs every refusal with a traceback.
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def configure(self, section: str, shared: str = '') -> Any:
        """Both read a fresh conf, so neither sees what the other did."""
        text = ('[DEFAULT]\nenabled_backends = one:file\n'
                '[one]\n%s\n[backend_defaults]\n%s\n' % (section, shared))
        self.conf = helpers.load_conf(text, self.path)
        self.driver = filesystem.Store(
            helpers.load_conf(text, self.path), 'one')
        self.driver.configure(re_raise_bsc=True)

    def add_both(self) -> tuple[str, sink.Stored]:
        """Add by the driver and by us; compare; the driver's path."""
        url, _size, _md5, _hash, metadata = self.driver.add(
            THEIRS, io.BytesIO(CONTENT.content), len(CONTENT.content), 'md5')
        options = json.loads(json.dumps(
            file_sink.FileSink.describe(self.conf, 'one')))
        stored = helpers.store(file_sink.FileSink('one', IMAGE, options),
                               CONTENT)
        self.assertEqual(url.replace(THEIRS, IMAGE), stored.url)
        self.assertEqual(metadata, stored.metadata)
        path = url[len('file://'):]
        theirs = os.stat(path)
        ours = os.stat(path.replace(THEIRS, IMAGE))
        for field in ('st_mode', 'st_uid', 'st_gid', 'st_size', 'st_nlink'):
            self.assertEqual(getattr(theirs, field), getattr(ours, field))
        return path, stored

    def test_single_datadir(self) -> None:
        path = os.path.join(self.path, 'images')
        self.configure('filesystem_store_datadir = %s' % path)
        self.add_both()

    def test_shared_defaults(self) -> None:
        path = os.path.join(self.path, 'images')
        self.configure('', 'filesystem_store_datadir = %s\n'
                       'filesystem_store_file_perm = 644' % path)
        old = os.umask(0o077)
        self.addCleanup(os.umask, old)
        self.add_both()

    def test_file_perm(self) -> None:
        path = os.path.join(self.path, 'images')
        self.configure('filesystem_store_datadir = %s\n'
                       'filesystem_store_file_perm = 660' % path)
        theirs, _stored = self.add_both()
        self.assertEqual(0o660, stat.S_IMODE(os.stat(theirs).st_mode))

    def test_trailing_slash(self) -> None:
        path = os.path.join(self.path, 'images')
        self.configure('filesystem_store_datadir = %s/' % path)
        self.add_both()

    def test_several_datadirs(self) -> None:
        paths = [os.path.join(self.path, name) for name in 'abc']
        self.configure(
            'filesystem_store_datadir =\n'
            'filesystem_store_datadirs = %s:5\n'
            'filesystem_store_datadirs = %s:200\n'
            'filesystem_store_datadirs = %s\n'
            'filesystem_store_datadirs = %s:200\n' % (*paths, paths[1]))
        theirs, _stored = self.add_both()
        self.assertEqual(paths[1], os.path.dirname(theirs))

    def test_metadata_file(self) -> None:
        paths = [os.path.join(self.path, name) for name in ('x', 'y')]
        entries = [{'id': name, 'mountpoint': path, 'share': 'nfs'}
                   for name, path in zip('xy', paths, strict=True)]
        for name, content in (('list', entries), ('one', entries[1]),
                              ('other', entries[0])):
            with self.subTest(name):
                described = os.path.join(self.path, name + '.json')
                with open(described, 'w') as stream:
                    json.dump(content, stream)
                self.configure(
                    'filesystem_store_datadir = %s/%s\n'
                    'filesystem_store_metadata_file = %s' %
                    (paths[1], name, described))
                _path, stored = self.add_both()
                self.assertEqual(None if name == 'other' else 'y',
                                 stored.metadata.get('id'))

    def test_the_driver_reads_and_deletes_ours(self) -> None:
        self.configure('filesystem_store_datadir = %s/i' % self.path)
        _path, stored = self.add_both()
        where = location.Location('file', filesystem.StoreLocation,
                                  self.driver.conf, uri=stored.url,
                                  backend='one')
        chunks, size = self.driver.get(where)
        self.assertEqual(CONTENT.content, b''.join(chunks))
        self.assertEqual(len(CONTENT.content), size)
        with self.assertRaises(store_exceptions.Duplicate):
            self.driver.add(IMAGE, io.BytesIO(b'x'), 1, 'md5')
        self.driver.delete(where)
        self.assertEqual([THEIRS], os.listdir(self.path + '/i'))

    def test_refused_where_the_driver_is_disabled(self) -> None:
        broken = os.path.join(self.path, 'broken.json')
        with open(broken, 'w') as stream:
            stream.write('{"id": 1, "mountpoint": "/"}')
        one = 'filesystem_store_datadir = %s/a\n' % self.path
        for section in (
                'filesystem_store_datadirs = %s/a' % self.path,
                'filesystem_store_datadir =',
                one + 'filesystem_store_file_perm = 070',
                one + 'filesystem_store_metadata_file = ' + broken,
                one + 'filesystem_store_metadata_file = /nowhere',
                'filesystem_store_datadir =\n'
                'filesystem_store_datadirs = %s/a:high' % self.path,
                'filesystem_store_datadir =\n'
                'filesystem_store_datadirs = :3',
                'filesystem_store_datadir =\n'
                'filesystem_store_datadirs = %s/a:1\n'
                'filesystem_store_datadirs = %s/a:2' % (self.path,
                                                        self.path)):
            with self.subTest(section):
                with self.assertRaises(
                        store_exceptions.BadStoreConfiguration):
                    self.configure(section)
                with self.assertRaises(exceptions.ConfigurationError):
                    file_sink.FileSink.describe(self.conf, 'one')

    def test_the_remedy_for_datadirs_works(self) -> None:
        dirs = 'filesystem_store_datadirs = %s/a' % self.path
        with self.assertRaises(store_exceptions.BadStoreConfiguration):
            self.configure(dirs)
        with self.assertRaisesRegex(exceptions.ConfigurationError,
                                    'empty "filesystem_store_datadir ="'):
            file_sink.FileSink.describe(self.conf, 'one')
        self.configure('filesystem_store_datadir =\n' + dirs)
        self.add_both()


class ChooseTest(helpers.TempDirTestCase):

    def test_nowhere(self) -> None:
        options = helpers.file_options(self.path, '/')
        self.assertIsNone(file_options.choose_datadir(options, 1 << 62))

    def test_priority_before_space(self) -> None:
        options = helpers.file_options(self.path, '/dev/shm')
        for priority, expected in ((1, '/dev/shm'), (-1, self.path)):
            options['datadirs'][1][1] = priority
            self.assertEqual(expected,
                             file_options.choose_datadir(options, 1))

    def test_space_among_equals(self) -> None:
        paths = [self.path, '/dev/shm']
        emptiest = max(paths, key=file_options.free_bytes)
        for order in (paths, paths[::-1]):
            options = helpers.file_options(*order)
            self.assertEqual(emptiest,
                             file_options.choose_datadir(options, 1))
