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

"""A Glance whose images are in an object store that gets another key."""

import abc
import json
import os
import sqlite3
import subprocess
from typing import Any
from typing import ClassVar
import urllib.parse
import uuid

from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests import waiting

METADATA_KEY = 'metadatasecret16'
PLACE = 'images'
MANY = 150


class LocationsCase(store_case.StoreCase):
    """The gateway is real, and so is what it refuses.

    :cvar kind: the driver of store ``objects``
    :cvar old: the key that images are stored with
    :cvar new: the key that the gateway takes from then on
    :cvar encrypted: whether Glance encrypts locations
    """

    kind: ClassVar[str]
    old: ClassVar[str]
    new: ClassVar[str]
    encrypted: ClassVar[bool] = False

    def setUp(self) -> None:
        self.open_gateway()
        self.api = self.new_api(
            {'DEFAULT': {'show_multiple_locations': False, **(
                {'metadata_encryption_key': METADATA_KEY}
                if self.encrypted else {})},
             'objects': self.options(self.old),
             'lifecycle_transfer': glance_conf.PATIENT},
            stores={'objects': self.kind, 'files': 'file'})
        super().setUp()
        self.data = os.urandom(100_000)

    @abc.abstractmethod
    def open_gateway(self) -> None:
        """It takes the old key."""

    @abc.abstractmethod
    def rotate_gateway(self) -> None:
        """It takes the new key, and refuses the old one."""

    @abc.abstractmethod
    def put(self, *names: str) -> None:
        """An object of ``data`` each."""

    @abc.abstractmethod
    def names(self) -> list[str]:
        """Of all objects."""

    @abc.abstractmethod
    def options(self, key: str) -> dict[str, object]:
        """Of the store, with that key."""

    @abc.abstractmethod
    def location(self, image_id: str, key: str, place: str = PLACE) -> str:
        """As a driver writes it that has keys in locations."""

    # Acting.

    def rotate(self) -> None:
        """In the gateway, and then in Glance."""
        self.rotate_gateway()
        self.configure(self.new)

    def configure(self, key: str) -> None:
        self.api.stop()
        self.api.configure(objects=self.options(key))
        self.api.start()

    def manage(self, *argv: str, code: int = 0,
               store: str = 'objects') -> dict[str, Any]:
        done = self.api.run('glance-lifecycle-manage', 'locations', 'rewrite',
                            '--store', store, '--format', 'json', *argv)
        text = done.stdout + done.stderr
        self.assertEqual(code, done.returncode, text[-2000:])
        self.assertNotIn('Traceback', text)
        self.assert_no_secret(text)
        answer: dict[str, Any] = json.loads(done.stdout or '{}')
        return answer

    def run_text(self, typed: str, code: int = 0) -> str:
        """As an operator has it who is asked."""
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        os.write(ours, typed.encode())
        done = subprocess.run(
            self.api.command('glance-lifecycle-manage', 'locations',
                             'rewrite', '--store', 'objects'),
            env=self.api.environ(), text=True, stdin=theirs, check=False,
            capture_output=True, timeout=waiting.BOUND)
        os.close(theirs)
        text = done.stdout + done.stderr
        self.assertEqual(code, done.returncode, text[-2000:])
        self.assert_no_secret(text)
        return text

    def begin_rewrite(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.api.command('glance-lifecycle-manage', 'locations',
                             'rewrite', '--store', 'objects', '--yes'),
            env=self.api.environ(), text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def clones(self, image_id: str, number: int = MANY) -> list[str]:
        """As many images of the same bytes, made in no time."""
        ids = sorted(str(uuid.uuid4()) for _ in range(number))
        row = self.api.sql('select value, meta_data, status, deleted, '
                           'created_at, updated_at from image_locations '
                           f"where image_id = '{image_id}'")[0]
        with sqlite3.connect(self.api.base / 'glance.sqlite',
                             timeout=30) as db:
            columns = [one[1] for one in db.execute(
                'pragma table_info(images)') if one[1] != 'id']
            names = ', '.join(columns)
            for one in ids:
                db.execute(f'insert into images (id, {names}) select ?, '
                           f'{names} from images where id = ?',
                           (one, image_id))
                db.execute(
                    'insert into image_locations (image_id, value, meta_data,'
                    ' status, deleted, created_at, updated_at) values '
                    '(?, ?, ?, ?, ?, ?, ?)',
                    (one, self.location(one, self.old), *row[1:]))
        db.close()
        self.put(*ids)
        return ids

    def embed(self, *ids: str) -> None:
        """Have their locations hold the old key, whoever wrote them."""
        for image_id in ids:
            self.set_value(image_id, self.location(image_id, self.old))

    def set_value(self, image_id: str, value: str) -> None:
        self.api.sql(f"update image_locations set value = '{value}' where "
                     f"image_id = '{image_id}' and meta_data like "
                     "'%objects%'")

    # Looking.

    def values(self, status: str = 'active') -> dict[str, str]:
        """Image -> its location in the store, as the database has it."""
        return dict(self.api.sql(
            'select image_id, value from image_locations where meta_data '
            f"like '%objects%' and status = '{status}'"))

    def with_old_key(self) -> list[str]:
        return sorted(image_id for image_id, value in self.values().items()
                      if self.old in value)

    def assert_no_secret(self, text: str) -> None:
        for secret in (self.old, self.new, urllib.parse.quote(self.new),
                       METADATA_KEY):
            at = text.find(secret)
            self.assertEqual(-1, at, text[max(0, at - 300):max(0, at)])

    def assert_readable(self, *ids: str) -> None:
        for image_id in ids:
            self.assertEqual(self.data, self.admin.download(image_id))

    def assert_unreadable(self, image_id: str) -> None:
        self.assertNotEqual(self.data, self.downloaded(image_id))


class KilledCase(LocationsCase):
    """What is true of any driver that has keys in its locations."""

    def setUp(self) -> None:
        super().setUp()
        first = self.new_image(self.data)
        self.ids = sorted([first, *self.clones(first)])
        self.embed(*self.ids)
        self.rotate()

    def test_killed(self) -> None:
        self.assertEqual(self.ids, self.with_old_key())
        for _time in range(3):
            before = len(self.with_old_key())
            process = self.begin_rewrite()
            self.wait_for_fewer(before)
            process.kill()
            process.wait()
        left = len(self.with_old_key())
        self.assertLess(0, left)
        found = self.manage('--yes')
        self.assertEqual((left, left), (found['plan']['number'],
                                        found['done']['changed']))
        self.assertEqual([], self.with_old_key())
        self.assert_readable(self.ids[0], self.ids[-1])

    def wait_for_fewer(self, number: int) -> None:
        transfer.until('one is changed', lambda: len(
            self.with_old_key()) < number, interval=0.001)

    def test_deleted_meanwhile(self) -> None:
        process = self.begin_rewrite()
        self.wait_for_fewer(len(self.ids))
        gone = self.ids[-20:]
        # Not by Glance: it cannot delete an object with the old key.
        names = str(tuple(gone))
        for statement in (
                "update image_locations set status = 'deleted', deleted = 1 "
                'where image_id in ',
                "update images set status = 'deleted', deleted = 1 where id "
                'in '):
            self.api.sql(statement + names)
        output = process.communicate()[0]
        self.assert_no_secret(output)
        self.assertEqual(sorted(set(self.ids) - set(gone)),
                         sorted(self.values()))
        self.assertEqual([], self.with_old_key())
        self.assertEqual(
            [(image_id, 'deleted', 1) for image_id in gone],
            sorted(row for row in self.api.sql(
                'select image_id, status, deleted from image_locations')
                if row[0] in gone))
        self.assertEqual(0, self.manage('--dry-run')['plan']['number'])
