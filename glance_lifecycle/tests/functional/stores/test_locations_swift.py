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

"""Locations of a real Swift whose user has another key."""

from glance_lifecycle.tests.functional.fixtures import swift
from glance_lifecycle.tests.functional.stores import locations_case

PLACE = locations_case.PLACE

SECTION = """
[main]
auth_address = {url}
user = glance:swift
key = {key}
"""


class SwiftCase(locations_case.LocationsCase):

    kind = 'swift'
    old = 'swiftsecret'
    new = 'rotated+secret=1'

    def open_gateway(self) -> None:
        self.swift = swift.Swift()
        self.swift.setUp()
        self.addCleanup(self.swift.cleanUp)

    def rotate_gateway(self) -> None:
        self.swift.rotate(self.new)

    def put(self, *names: str) -> None:
        store = self.swift.client()
        for name in names:
            store.put_object(PLACE, name, self.data)

    def names(self) -> list[str]:
        return [one.partition('/')[2] for one in self.swift.everything()]

    def options(self, key: str) -> dict[str, object]:
        return {'swift_store_auth_address': self.swift.identity.url,
                'swift_store_user': 'glance:swift', 'swift_store_key': key,
                'swift_store_container': PLACE,
                'swift_store_create_container_on_put': True}

    def location(self, image_id: str, key: str, place: str = PLACE) -> str:
        address = self.swift.identity.url.partition('://')[2]
        return (f'swift+http://glance%3Aswift:{key}@{address}/{place}/'
                f'{image_id}')

    def wanted(self, image_id: str) -> str:
        return self.location(image_id, 'rotated%2Bsecret%3D1')


class SwiftKeyTest(SwiftCase):

    def test_rotated(self) -> None:
        one, two = (self.new_image(self.data) for _ in range(2))
        self.assertEqual(self.location(one, self.old), self.values()[one])
        self.rows('verify', one)
        self.rotate()
        self.assert_unreadable(one)
        plan = self.manage('--dry-run')['plan']
        self.assertEqual((2, 2, 2), (plan['number'], plan['images'],
                                     plan['checked']))
        self.assertEqual(sorted((one, two)), self.with_old_key())
        done = self.manage('--yes')['done']
        self.assertEqual((2, {}), (done['changed'], done['left']))
        self.assertEqual({image_id: self.wanted(image_id)
                          for image_id in (one, two)}, self.values())
        self.assert_works(one, two)
        again = self.manage('--yes')
        self.assertEqual((0, None), (again['plan']['number'], again['done']))

    def assert_works(self, one: str, two: str) -> None:
        """All that is done with an image."""
        self.assert_readable(one, two)
        # Verified before, and still known to be.
        self.assertNotEqual('', self.rows('show', one)['objects']['Verified'])
        self.assertEqual({'objects': 'verified'}, self.results('verify', one))
        self.admin.import_image(one, 'copy-image', stores=['files'])
        self.admin.wait_import(one)
        self.assertEqual(['files', 'objects'], self.stores_of(one))
        self.assert_readable(one)
        self.run_store('drop', one, '--from', 'objects', '--yes')
        self.assertEqual(['files'], self.stores_of(one))
        self.admin.delete(two)
        self.assertEqual([], self.names())
        self.assert_no_secret(self.api.log_text())

    def test_wrong_new_key(self) -> None:
        """Found out before anything is asked."""
        one = self.new_image(self.data)
        before = self.values()
        self.configure('mistyped')
        self.manage('--yes', code=1)
        self.assertEqual(before, self.values())
        self.assert_readable(one)

    def test_what_stays(self) -> None:
        moved, lost, named, good = (
            self.new_image(self.data) for _ in range(4))
        self.set_value(moved, self.location(moved, self.old, 'elsewhere'))
        self.set_value(named, self.location(good, self.old))
        self.swift.client().delete_object(PLACE, lost)
        short = self.new_image(self.data)
        self.swift.client().put_object(PLACE, short, b'short')
        before = self.values()
        self.rotate()
        found = self.manage('--yes', code=1)
        self.assertEqual(1, found['done']['changed'])
        self.assertEqual(
            {'It is in another container than swift_store_container: '
             'elsewhere.': [moved],
             'Its object is not named as the image': [named],
             'Its object is not there.': [lost],
             'It is not as large as its image.': [short]},
            {reason.partition(', so that')[0]: group['examples']
             for reason, group in found['done']['left'].items()})
        self.assertEqual({**before, good: self.wanted(good)}, self.values())

    def test_busy(self) -> None:
        """Its copy would write back the old key at its end."""
        one, two = (self.new_image(self.data) for _ in range(2))
        self.api.sql('insert into image_properties (image_id, name, value, '
                     'created_at, updated_at, deleted) select id, '
                     "'os_glance_import_task', 't', created_at, updated_at, "
                     f"0 from images where id = '{one}'")
        self.rotate()
        found = self.manage('--yes', code=1)
        self.assertEqual([one], self.with_old_key())
        reason, = found['done']['left']
        self.assertIn('being imported or copied', reason)
        self.api.sql('delete from image_properties')
        self.manage('--yes')
        self.assert_readable(one, two)

    def test_of_no_store(self) -> None:
        """Of a time with one store; Glance looks the store up by its URL."""
        one = self.new_image(self.data)
        self.api.sql("update image_locations set meta_data = '{}'")
        self.rotate()
        self.assertEqual(1, self.manage('--yes')['done']['changed'])
        self.assert_readable(one)
        self.assertEqual(['objects'], self.stores_of(one))

    def test_waits_to_be_removed(self) -> None:
        """The scrubber signs in with what the location says."""
        self.api.stop()
        self.api.configure(DEFAULT={'delayed_delete': True,
                                    'scrub_time': 0})
        self.api.start()
        one = self.new_image(self.data)
        self.admin.delete(one)
        self.assertEqual([one], [*self.values('pending_delete')])
        self.rotate()
        self.assertEqual(1, self.manage('--yes')['done']['changed'])
        self.assertEqual({one: self.wanted(one)},
                         self.values('pending_delete'))
        self.api.run('glance-scrubber')
        self.assertEqual([], self.names())

    def test_declined(self) -> None:
        self.new_image(self.data)
        before = self.values()
        self.rotate()
        done = self.run_text('n\n', code=1)
        self.assertIn('Nothing is changed.', done)
        self.assertIn('The old credentials are still needed', done)
        self.assertEqual(before, self.values())
        self.assertIn('Nothing is left to do.', self.run_text('y\n'))

    def test_other_stores(self) -> None:
        """Of files, nothing is to be done; others are none."""
        self.assertEqual(0, self.manage(store='files')['plan']['number'])
        self.manage(store='nowhere', code=1)


class SwiftReferenceTest(SwiftCase):
    """The user goes to a file, whose section locations name from then on."""

    encrypted = True

    def configure(self, key: str) -> None:
        path = self.work / 'accounts.conf'
        path.write_text(SECTION.format(url=self.swift.identity.url, key=key))
        self.api.stop()
        objects = {name: value for name, value in
                   self.api.conf['objects'].items()
                   if name not in ('swift_store_auth_address',
                                   'swift_store_user', 'swift_store_key')}
        self.api.conf = {**self.api.conf, 'objects': objects}
        self.api.configure(objects={
            'swift_store_config_file': path,
            'default_swift_reference': 'main'})
        self.api.start()

    def test_rotated(self) -> None:
        one, two = (self.new_image(self.data) for _ in range(2))
        before = self.values()
        self.rotate()
        self.assert_unreadable(one)
        self.assertEqual(2, self.manage('--yes')['done']['changed'])
        self.assert_readable(one, two)
        # They are encrypted, as before.
        for image_id, value in self.values().items():
            self.assertNotIn('swift', value)
            self.assertNotEqual(before[image_id], value)
        # Nothing but the file is to be changed the next time.
        self.assertEqual(2, self.manage('--dry-run')['plan']['same'])


class SwiftKilledTest(locations_case.KilledCase, SwiftCase):
    pass
