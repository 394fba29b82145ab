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


"""What lies in file stores, compared with a real Glance."""

import os
import pathlib
import re
import shutil
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import import_gates
from glance_lifecycle.tests.functional import hygiene_case

STRANGER = hygiene_case.STRANGER


class FileHygieneCase(hygiene_case.HygieneCase):

    def path(self, name: str, store: str = 's1') -> pathlib.Path:
        return self.api.store_dir(store) / name

    def put(self, name: str, data: bytes = b'x' * 5000,
            store: str = 's1') -> pathlib.Path:
        path = self.path(name, store)
        path.write_bytes(data)
        return path

    def orphan(self, data: bytes = b'o' * 5000) -> str:
        """As a store leaves it that failed while the image was deleted."""
        image_id = self.new_image(data)
        self.admin.delete(image_id)
        self.assertFalse(self.path(image_id).exists())
        self.put(image_id, data)
        return image_id

    def seen(self) -> dict[str, Any]:
        """All that could change: every name below, and the database."""
        tree = {}
        for top in (*self.api.stores, 'staging', 'lifecycle'):
            for directory, _names, files in os.walk(self.api.base / top):
                for name in ('.', *files):
                    path = os.path.join(directory, name)
                    status = os.lstat(path)
                    tree[path] = (status.st_ino, status.st_size,
                                  status.st_mtime_ns, status.st_ctime_ns)
        return {'tree': tree, **{
            table: self.api.sql(f'select * from {table} order by 1')
            for table in ('images', 'image_locations', 'image_properties',
                          'tasks')}}


class FileHygieneTest(FileHygieneCase):

    def test_clean(self) -> None:
        images = self.new_images()
        self.rows('copy', images[0], '--to', 's2')
        answer = self.hygiene(*self.at_once)
        self.assertEqual((0, '[]'), (answer.code, answer.stdout.strip()),
                         str(answer))
        self.assertIn('Store s1: 3 objects', answer.stderr)

    def test_orphan(self) -> None:
        self.new_images()
        image_id = self.orphan()
        before = self.seen()
        row = self.only(self.found(code=4), 'GLC020')
        self.assertEqual(
            ('warning', 's1', str(self.path(image_id)), image_id),
            (row['Severity'], row['Store'], row['Object'], row['Image']))
        self.assertLessEqual(5000, row['Bytes'])
        self.assertIn('The image is deleted.', row['Evidence'])
        self.assertEqual(before, self.seen())
        # It is young, as the deletion is.
        answer = self.hygiene()
        self.assertEqual(0, answer.code)
        self.assertEqual(['GLC027'], [one['Code'] for one in answer.json])
        self.assertIn('object-in-flight: 1', answer.stderr)

    def test_stores_codes_and_limit(self) -> None:
        self.new_images()
        images = sorted(self.orphan() for _ in range(3))
        self.assertEqual([], self.found('--store', 's2', code=0))
        self.assertEqual({'GLC020': images}, self.about(self.found(
            '--store', 's1', '--code', 'glc020', code=4)))
        self.assertEqual([], self.found('--code', 'GLC030', code=4))
        answer = self.hygiene(*self.at_once, '--limit', '2')
        self.assertEqual(2, len(answer.json))
        self.assertIn('orphan-object: 3, ', answer.stderr)
        answer = self.hygiene('--store', 's9')
        self.assertEqual(1, answer.code)
        self.assertIn('Store s9 is not among enabled_backends, which has s1',
                      answer.stderr)

    def test_empty_database(self) -> None:
        """Which is not Glance's: trying again does not help."""
        path = self.api.etc / 'empty.conf'
        path.write_text(re.sub(
            '(?m)^connection *=.*$', f'connection = sqlite:///{self.work}/no',
            (self.api.etc / 'glance-api.conf').read_text()))
        answer = self.operator().spawn(
            'image', 'lifecycle', 'hygiene', 'list', '--config-file',
            str(path))
        self.assertEqual(1, answer.code)
        self.assertIn('it is not that of a Glance; see [database] connection',
                      answer.stderr)

    def test_another_glance(self) -> None:
        """What it has there is never called an orphan, few or many."""
        self.new_images(4)
        other = self.useFixture(glance.GlanceApi())
        theirs = []
        for number in range(6):
            image = other.admin().create_image(disk_format='raw')
            other.admin().upload(image['id'], b'%d' % number * 2000)
            theirs.append(image['id'])
            shutil.copy2(other.stored_copy(image['id'], 's1'),
                         self.path(image['id']))
            if number == 1:
                self.assertEqual({'GLC026': sorted(theirs)}, self.about(
                    self.found(code=3)))
        mine = self.orphan()
        rows = self.found(code=3)
        self.assertEqual({'GLC035': ['s1']}, self.about(rows))
        self.assertIn('6 of 11 objects', rows[0]['Evidence'])
        self.assertTrue(self.path(mine).exists())

    def test_forgotten(self) -> None:
        self.new_images()
        image_id = self.orphan()
        self.forget(image_id)
        self.assertEqual({'GLC026': [image_id]},
                         self.about(self.found(code=3)))

    def test_missing_wrong_and_not_told(self) -> None:
        images = self.new_images(6)
        self.path(images[0]).unlink()
        os.truncate(self.path(images[1]), 10)
        self.api.sql("update image_locations set deleted = 1 where image_id "
                     f"= '{images[2]}'")
        self.api.sql("update images set os_hash_value = null where id = "
                     f"'{images[3]}'")
        rows = self.found(code=1)
        self.assertEqual(
            {'GLC030': [images[0]], 'GLC031': [images[1]],
             'GLC032': [images[2]], 'GLC025': [images[2]],
             'GLC033': [images[3]]}, self.about(rows))
        self.assertIn('It has 10 bytes, and Glance says 1000.',
                      self.only(rows, 'GLC031')['Evidence'])
        self.assertEqual('', self.only(rows, 'GLC032')['Store'])

    def test_waits_for_the_scrubber(self) -> None:
        images = self.new_images()
        self.api.sql("update image_locations set status = 'pending_delete' "
                     f"where image_id = '{images[0]}'")
        self.api.sql("update images set status = 'pending_delete' where id = "
                     f"'{images[0]}'")
        self.assertEqual({'GLC027': [images[0]]},
                         self.about(self.found(code=0)))

    def test_each_status(self) -> None:
        """Of an image that is not there yet, nothing is needless."""
        images = self.new_images(4)
        for image_id, status in zip(images, (
                'queued', 'saving', 'importing', 'uploading')):
            self.api.sql(f"update images set status = '{status}' where id = "
                         f"'{image_id}'")
            self.api.sql("delete from image_locations where image_id = "
                         f"'{image_id}'")
        self.assertEqual({'GLC027': sorted(images)},
                         self.about(self.found(code=0)))

    def test_journal(self) -> None:
        """What a transfer has begun is its own, whatever became of it."""
        self.new_images()
        image_id = self.orphan()
        journals = self.api.state_dir / 'transfers'
        journals.mkdir(exist_ok=True)
        (journals / 'copy-1.json').write_text(
            '{"version": 2, "task_id": "copy-1", "image_id": "%s"}\n'
            % image_id)
        self.assertEqual({'GLC027': [image_id], 'GLC124': [image_id]},
                         self.about(self.found(code=4)))

    def test_unfinished(self) -> None:
        self.new_images()
        gone, alive = self.orphan(), self.new_image(b'a')
        self.path(gone).unlink()
        for image_id in (gone, alive, STRANGER):
            self.put(f'.{image_id}.lifecycle')
        self.assertEqual(
            {'GLC022': sorted((gone, alive)), 'GLC026': [STRANGER]},
            self.about(self.found(code=3)))

    def test_foreign(self) -> None:
        """Names of strangers, and what is no file."""
        self.new_images()
        for name in ('lost+found', 'a b', '\x1b[31mred\n', 'x' * 250,
                     os.fsdecode(b'\xff\xfe')):
            self.put(name, b'')
        self.path('directory').mkdir()
        os.mkfifo(self.path('pipe'))
        self.path('link').symlink_to('/etc/passwd')
        rows = self.found(code=0)
        self.assertEqual({'GLC029': ['s1']}, self.about(rows))
        self.assertIn('There are 8, of ', rows[0]['Evidence'])

    def test_hostile_id(self) -> None:
        """One that only looks like an id is none."""
        self.new_images()
        self.put(STRANGER + '\n')
        self.put(STRANGER.replace('0', '\uff10'))
        self.assertEqual({'GLC029': ['s1']}, self.about(self.found(code=0)))

    def test_links(self) -> None:
        """An image that was moved to where there is room, and a link left."""
        images = self.new_images(5)
        moved = self.path(images[0], 's2')
        self.path(images[0]).rename(moved)
        self.path(images[0]).symlink_to(moved)
        # The same file by two names.
        os.link(self.path(images[1]), self.path(images[1], 's2'))
        rows = self.found(code=3)
        self.assertEqual({'GLC028': sorted(images[:2])}, self.about(rows))
        for row in rows:
            self.assertIn('on another way', row['Evidence'])

    def test_not_mounted(self) -> None:
        self.new_images()
        directory = self.api.store_dir('s1')
        directory.rename(self.work / 'away')
        rows = self.found(code=3)
        self.assertEqual({'GLC037': ['s1']}, self.about(rows))
        self.assertIn('(ENOENT)', rows[0]['Evidence'])
        directory.mkdir()
        rows = self.found(code=1)
        self.assertEqual({'GLC036': ['s1']}, self.about(rows))
        self.assertIn('3 of the 3 objects', rows[0]['Evidence'])

    def test_another_database(self) -> None:
        """An empty one makes no orphans."""
        self.new_images()
        other = self.useFixture(glance.GlanceApi())
        self.api.configure(database={'connection': (
            f'sqlite:///{other.base}/glance.sqlite')})
        self.assertEqual({'GLC035': ['s1']}, self.about(self.found(code=3)))

    def test_show(self) -> None:
        for argv, expected in ((('glc020',), 'Name: orphan-object.'),
                               ((), 'GLC037 unknown')):
            answer = self.operator().spawn(
                'image', 'lifecycle', 'hygiene', 'show', *argv)
            self.assertEqual(0, answer.code, str(answer))
            self.assertIn(expected, answer.stdout)
        self.assertIn('no such code', self.operator().spawn(
            'image', 'lifecycle', 'hygiene', 'show', 'GLC999').stderr)

    def test_no_configuration(self) -> None:
        answer = self.operator().spawn('image', 'lifecycle', 'hygiene', 'list')
        self.assertEqual(1, answer.code)
        self.assertIn('Run it on a host of glance-api', answer.stderr)


class DatadirsTest(FileHygieneCase):

    def test_one_directory_twice(self) -> None:
        """By two names, in one store and in another."""
        self.new_images()
        alias = self.work / 'alias'
        alias.symlink_to(self.api.store_dir('s1'))
        more = self.work / 'more'
        more.mkdir()
        self.api.configure(
            # One option, three times.
            s1={'filesystem_store_datadir': '',
                'filesystem_store_datadirs':
                f'{self.api.store_dir("s1")}:2\n'
                f'filesystem_store_datadirs = {alias}:1\n'
                f'filesystem_store_datadirs = {more}:3'},
            s2={'filesystem_store_datadir': str(alias)})
        self.assertEqual([], self.found(code=0))
        image_id = self.orphan()
        self.path(image_id).rename(more / image_id)
        row = self.only(self.found(code=4), 'GLC020')
        self.assertEqual(str(more / image_id), row['Object'])


class InFlightTest(hygiene_case.HygieneCase):

    def new_glance(self) -> glance.GlanceApi:
        self.gates = self.useFixture(import_gates.ImportGates(
            import_gates.GLANCE_API))
        return self.new_api(python_path=[self.gates.path])

    def test_import(self) -> None:
        """At each step: before anything is written, and when all is."""
        self.new_images()
        for point in ('VerifySource', 'Transfer', 'Attest', 'Seal'):
            self.gates.close(point)
            image_id = self.staged(self.admin, b'i' * 100000, 'raw')
            self.admin.import_image(image_id, all_stores=True)
            self.gates.wait(point)
            written = point in ('Attest', 'Seal')
            self.assertEqual(written, self.api.stored_copy(
                image_id, 's1').exists())
            self.assertEqual(
                {'GLC027': [image_id] * 3} if written else {},
                self.about(self.found(code=0)))
            self.gates.open(point)
            self.admin.wait_import(image_id)
            self.assertEqual([], self.found(code=0))
