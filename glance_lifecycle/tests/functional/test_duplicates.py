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

"""Which images of a real Glance are the same."""

import json
import os
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional import signing_case
from glance_lifecycle.tests.functional import store_case

Row = dict[str, Any]


def duplicates(api: glance.GlanceApi, user: openstack.OpenStack, word: str,
               *argv: str) -> openstack.Answer:
    """``duplicates list`` or ``share``, on the host of that Glance."""
    answer = user.spawn(
        'image', 'lifecycle', 'duplicates', word, *argv, '--config-file',
        str(api.etc / 'glance-api.conf'), '-f', 'json')
    if 'Traceback' in answer.stderr:
        raise AssertionError(answer.stderr)
    return answer


def groups(rows: list[Row]) -> list[list[str]]:
    """Images of each, in the order in which they are listed."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row['Group'], []).append(row['Image'])
    return list(found.values())


class DuplicatesCase(store_case.StoreCase):
    """One Glance for all tests of a class, which begin without an image."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.api = cls.glance()
        cls.addClassCleanup(cls.api.cleanUp)
        cls.api.setUp()

    @classmethod
    def glance(cls) -> glance.GlanceApi:
        return glance.GlanceApi()

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.forget)

    def forget(self) -> None:
        """All images, and their files."""
        for table in ('image_locations', 'image_properties', 'images'):
            self.api.sql(f'delete from {table}')
        for store in self.api.stores:
            for path in self.api.store_dir(store).iterdir():
                path.unlink()


class ListTest(DuplicatesCase):

    def listed(self, *argv: str) -> tuple[list[Row], str]:
        """Rows, and what is said."""
        answer = duplicates(self.api, self.operator(), 'list', *argv)
        self.assertEqual(0, answer.code, str(answer))
        rows: list[Row] = json.loads(answer.stdout)
        return rows, answer.stderr

    def hash_with(self, algorithm: str) -> None:
        """What is uploaded from now on."""
        self.api.configure(DEFAULT={'hashing_algorithm': algorithm})
        self.api.restart()

    def test_by_hash(self) -> None:
        small = [self.new_image(b's' * 1000) for _ in range(2)]
        large = [self.new_image(b'l' * 5000) for _ in range(3)]
        self.new_image(b'o' * 5000)
        self.rows('copy', large[1], '--to', 's2')
        rows, said = self.listed()
        self.assertEqual([large, small], groups(rows))
        self.assertEqual({'hash'}, {row['Same By'] for row in rows})
        self.assertEqual([5000, 10000, 5000],
                         [row['Bytes'] for row in rows[:3]])
        self.assertEqual([20000 - 10000] * 3 + [1000] * 2,
                         [row['Reclaimable'] for row in rows])
        self.assertEqual(['s1', 's1, s2', 's1'],
                         [row['Stores'] for row in rows[:3]])
        self.assertEqual(['share', 'share, drop', 'share'],
                         [row['Remedy'] for row in rows[:3]])
        self.assertIn(f'Group {rows[0]["Group"]}: 3 images of 1 projects. '
                      '10000 bytes would come back', said)
        self.assertIn('2 groups of 5 images. 11000 bytes', said)
        self.assertIn('"openstack image lifecycle duplicates share"', said)
        # The stand-in for a cloud has neither Nova nor Cinder.
        self.assertEqual({(None, None)}, {
            (row['Servers'], row['Volumes']) for row in rows})
        answer = self.operator().spawn(
            'image', 'lifecycle', 'duplicates', 'list', '--config-file',
            str(self.api.etc / 'glance-api.conf'), '-f', 'table', '-c',
            'Servers', '-c', 'Volumes')
        self.assertEqual(2 * 5, answer.stdout.count('not known'))
        self.assertIn('Servers are not counted: ', said)
        self.assertIn('Volumes are not counted: ', said)
        # Nobody has to be logged in.
        nobody = self.operator()
        nobody._options = []
        answer = duplicates(self.api, nobody, 'list')
        self.assertEqual(rows, answer.json)
        self.assertIn('there is no session', answer.stderr)
        # The same name whenever it is looked at, and the oldest first.
        again, said = self.listed('--limit', '1', '--no-use')
        self.assertEqual(rows[:3], again)
        self.assertIn('of which 1 groups are listed', said)
        # Where it is asked for, what lies elsewhere is not.
        rows, _said = self.listed('--store', 's2')
        self.assertEqual([], rows)
        answer = duplicates(self.api, self.operator(), 'list', '--store',
                            's9')
        self.assertEqual(1, answer.code)
        self.assertIn('Store s9 is not among enabled_backends',
                      answer.stderr)

    def test_only_active(self) -> None:
        found = [self.new_image(b'x' * 1000) for _ in range(6)]
        self.admin.delete(found[1])
        for image_id, status in ((found[2], 'deactivated'),
                                 (found[3], 'pending_delete')):
            self.api.sql(f"update images set status = '{status}' where id = "
                         f"'{image_id}'")
        # What Nova makes of a server with a volume.
        for image_id in [self.new_image(b'0') for _ in range(2)]:
            self.api.sql("update images set size = 0 where id = "
                         f"'{image_id}'")
        # Glance says that it is of another size: so it cannot be the same.
        self.api.sql(f"update images set size = 999 where id = '{found[4]}'")
        rows, _said = self.listed()
        self.assertEqual([[found[0], found[5]]], groups(rows))

    def test_projects_and_names(self) -> None:
        """Names are of strangers."""
        mine = self.new_image(b'x' * 1000)
        alice = self.api.user()
        theirs = alice.create_image(
            disk_format='raw', name='\x1b[31mred\n\u202e' + 'x' * 200)['id']
        alice.upload(theirs, b'x' * 1000)
        other = [self.new_image(b'y' * 1000) for _ in range(2)]
        self.api.sql("update images set owner = 'a\x1b[2Jb' where id = "
                     f"'{other[0]}'")
        rows, _said = self.listed('--project', 'demo')
        self.assertEqual([[mine, theirs]], groups(rows))
        self.assertEqual({'share, tell the owners'},
                         {row['Remedy'] for row in rows})
        self.assertEqual('\\x1b[31mred\\x0a\\u202e', rows[1]['Name'][:21])
        rows, _said = self.listed()
        self.assertIn('a\\x1b[2Jb', {row['Project'] for row in rows})
        self.assertTrue(all(
            str(value).isprintable() for row in rows
            for value in row.values()))

    def test_deep(self) -> None:
        """What no hash compares is read once, and nothing else is."""
        data = os.urandom(3000)
        first = self.new_image(data)
        other = self.new_image(os.urandom(3000))
        without = self.new_image(data)
        # The same bytes, whatever they are said to be.
        qcow2 = self.new_image(data)
        self.api.sql("update images set disk_format = 'qcow2' where id = "
                     f"'{qcow2}'")
        self.api.sql("update images set os_hash_algo = null, os_hash_value = "
                     f"null where id = '{without}'")
        self.addCleanup(self.hash_with, 'sha512')
        self.hash_with('sha256')
        second, third = self.new_image(data), self.new_image(data)
        rows, _said = self.listed()
        self.assertEqual([[first, qcow2], [second, third]],
                         sorted(groups(rows), key=[
                             [first, qcow2], [second, third]].index))
        rows, _said = self.listed('--deep')
        self.assertEqual([[first, without, qcow2, second, third]],
                         groups(rows))
        self.assertNotIn(other, [row['Image'] for row in rows])
        self.assertEqual({'hash, content'}, {
            row['Same By'] for row in rows})
        # It cannot be read, and is not said to be like anything.
        self.api.stored_copy(without, 's1').unlink()
        rows, said = self.listed('--deep')
        self.assertNotIn(without, [row['Image'] for row in rows])
        self.assertIn(f'The copy of image {without} in store s1 was not '
                      'read: ', said)


class SourceTest(signing_case.SigningTestCase):

    def test_converted_twice(self) -> None:
        """Of one upload, and Glance has hashes of two kinds."""
        first = self.import_signed()['id']
        self.api.configure(DEFAULT={'hashing_algorithm': 'sha256'})
        self.addCleanup(self.api.configure,
                        DEFAULT={'hashing_algorithm': 'sha512'})
        self.api.restart()
        self.user = self.api.user()
        second = self.import_signed()['id']
        operator = openstack.OpenStack(self.api, 'admin', 'admin', 'admin')
        rows = duplicates(self.api, operator, 'list').json
        self.assertEqual([[first, second]], groups(rows))
        self.assertEqual({'source'}, {row['Same By'] for row in rows})
        # Of another image: whoever copies the property gains nothing.
        self.api.sql(
            "update image_properties set value = (select value from "
            "image_properties where name = 'lifecycle_attestation' and "
            f"image_id = '{first}') where name = 'lifecycle_attestation' "
            f"and image_id = '{second}'")
        self.assertEqual([], duplicates(self.api, operator, 'list').json)


class UseTest(plugin_case.PluginTestCase):

    def test_servers_and_volumes(self) -> None:
        identity = self.useFixture(keystone.Keystone())
        cloud = self.useFixture(nova_cinder.NovaAndCinder(identity))
        api = self.useFixture(glance.GlanceApi(identity=identity))
        identity.register('image', api.url)
        admin = api.keystone_user('admin')
        found = []
        for _ in range(4):
            image = admin.create_image(disk_format='raw')
            admin.upload(image['id'], b'x' * 1000)
            found.append(image['id'])
        for image_id in (found[1], found[1]):
            cloud.boot(image_id)
        cloud.make_volume(found[1])
        rows = duplicates(api, openstack.OpenStack(api, 'admin'),
                          'list').json
        self.assertEqual([(0, 0), (2, 1), (0, 0), (0, 0)], [
            (row['Servers'], row['Volumes']) for row in rows])
        self.assertEqual(['share', 'share', 'share, hide', 'share, hide'],
                         [row['Remedy'] for row in rows])
        # Who sees those of one project only knows of no use.
        answer = duplicates(api, openstack.OpenStack(api, 'demo'), 'list')
        self.assertEqual({(None, None, 'share')}, {
            (row['Servers'], row['Volumes'], row['Remedy'])
            for row in answer.json})
        self.assertIn('does not let this user', answer.stderr)
