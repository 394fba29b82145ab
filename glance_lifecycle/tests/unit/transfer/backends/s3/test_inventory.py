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


"""A service of S3 that lies, pages badly, or says what nobody knows."""

import datetime
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests.unit.transfer.backends.s3 import test_options
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends.s3 import inventory as s3
from glance_lifecycle.transfer.backends.s3 import versions as s3_versions

IMAGE = helpers.IMAGE
WHEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def thing(key: str, **other: Any) -> dict[str, Any]:
    return {'Key': key, 'Size': 5, 'ETag': '"tag"', 'LastModified': WHEN,
            **other}


def upload(key: str, number: int = 1, **other: Any) -> dict[str, Any]:
    return {'Key': key, 'UploadId': f'u{number}', 'Initiated': WHEN, **other}


class Service:
    """Answers with the pages that it is given; the last one for ever."""

    may_create = False

    def __init__(self, objects: Any = (), uploads: Any = (),
                 versions: Any = ()) -> None:
        self.pages = {
            'list_objects_v2': [{'Contents': page} for page in objects]
            or [{}],
            'list_multipart_uploads': list(uploads) or [{}],
            'list_object_versions': list(versions) or [{}],
            'get_bucket_versioning': [
                {'Status': 'Enabled'} if versions else {}]}
        self.asked: list[Any] = []

    def has_bucket(self) -> bool:
        return True

    def call(self, doing: str, operation: str, **arguments: Any) -> Any:
        self.asked.append(arguments)
        pages = self.pages[operation]
        return pages.pop(0) if len(pages) > 1 else pages[0]


class S3InventoryTest(helpers.TempDirTestCase):

    def setUp(self) -> None:
        super().setUp()
        conf = helpers.load_conf(
            '[DEFAULT]\nenabled_backends = one:s3\n[one]\n'
            + test_options.LEAST, self.path)
        self.found = s3.S3Inventory('one', s3.S3Inventory.describe(
            conf, 'one'))
        self.found.close()

    def listed(self, **answers: Any) -> list[inventory.Entry]:
        self.service = Service(**answers)
        self.found._service = self.service  # type: ignore[assignment]
        self.found._versions = s3_versions.Versions(
            self.service)  # type: ignore[arg-type]
        return list(self.found.entries())

    def assert_broken(self, why: str, **answers: Any) -> None:
        with self.assertRaisesRegex(exceptions.StoreError,
                                    f'the listing broke off: .*{why}'):
            self.listed(**answers)

    def test_pages(self) -> None:
        found = self.listed(objects=([thing(IMAGE)], [thing('x/y')], []))
        self.assertEqual(
            [(IMAGE, inventory.Kind.IMAGE, 5), ('x/y', inventory.Kind.FOREIGN,
                                                5)],
            [(one.name, one.kind, one.size) for one in found])
        self.assertEqual([IMAGE, 'x/y'], [
            one['StartAfter'] for one in self.service.asked
            if 'StartAfter' in one])

    def test_objects(self) -> None:
        for objects in ([[thing('a')]], [[thing('b'), thing('a')], []],
                        [[thing('')], []]):
            self.assert_broken('order of names', objects=objects)
        for size in (-1, 2 ** 70):
            self.assert_broken(f'{size} bytes', objects=[
                [thing('a', Size=size)], []])
        for other in ({'Size': 'much'}, {'LastModified': 'then'},
                      {'Size': None}):
            self.assert_broken('none that its API knows',
                               objects=[[thing('a', **other)], []])
        self.assert_broken('KeyError', objects=[[{'Key': 'a'}], []])

    def test_quarantined(self) -> None:
        name = quarantined.name('0123456789abcdef', IMAGE)
        found = self.listed(objects=([thing(IMAGE)], [
            thing(name), thing(name + 'x')], []))
        self.assertEqual(
            [(IMAGE, inventory.Kind.IMAGE), (IMAGE,
                                             inventory.Kind.QUARANTINED),
             (name + 'x', inventory.Kind.FOREIGN)],
            [(one.name, one.kind) for one in found])
        self.assertEqual(found[0].spot, found[1].spot)
        self.assertFalse(self.found.leads(
            found[1], f's3://there:8080/images/{IMAGE}'))

    def test_versions(self) -> None:
        away = quarantined.name('0123456789abcdef', IMAGE)
        found = self.listed(objects=([thing(IMAGE)], []), versions=[{
            'Versions': [
                thing(IMAGE, VersionId='v2', IsLatest=True),
                thing(IMAGE, VersionId='v1', IsLatest=False),
                thing(away, VersionId='v3', IsLatest=False)],
            'DeleteMarkers': [{'Key': away, 'VersionId': 'm', 'IsLatest':
                               True, 'LastModified': WHEN}]}])
        self.assertEqual(
            [(IMAGE, 'image', 5), (IMAGE, 'version', 5),
             (away, 'version', 5), (away, 'version', None)],
            [(one.name, str(one.kind), one.size) for one in found])
        self.assertEqual({IMAGE}, {one.image_id for one in found})
        self.assertEqual([5, 5, 5, 0], [one.held for one in found])
        # An object may have the name at the same time.
        self.assertNotEqual(found[0].spot, found[1].spot)
        for entry in found[1:]:
            self.assertFalse(self.found.leads(
                entry, f's3://there:8080/images/{IMAGE}'))
            self.assertEqual(entry, self.found.look(entry))
        self.service.pages['list_object_versions'] = [{}]
        self.assertIsNone(self.found.look(found[1]))

    def test_uploads(self) -> None:
        found = self.listed(uploads=[
            {'Uploads': [upload(IMAGE), upload(IMAGE, 2)],
             'IsTruncated': True, 'NextKeyMarker': IMAGE,
             'NextUploadIdMarker': 'u2'},
            {'Uploads': [upload('x%20y')], 'EncodingType': 'url'}])
        self.assertEqual([IMAGE, IMAGE, 'x y'], [one.name for one in found])
        self.assertEqual(
            [(inventory.Kind.UNFINISHED, 'u1', False)] * 1,
            [(one.kind, one.identity, one.usable) for one in found[:1]])
        # It is not at the name that it will have.
        self.assertNotEqual(found[0].spot, self.found.spot(
            f's3://there:8080/images/{IMAGE}'))

    def test_bad_uploads(self) -> None:
        again = {'Uploads': [], 'IsTruncated': True, 'NextKeyMarker': 'a',
                 'NextUploadIdMarker': 'u1'}
        self.assert_broken('same uploads again', uploads=[again])
        self.assert_broken('same uploads again', uploads=[
            {'IsTruncated': True}])
        self.assert_broken('order of names', uploads=[
            {**again, 'Uploads': [upload('a')]}])
        self.assert_broken('order of names', uploads=[
            {'Uploads': [upload('b'), upload('a')]}])
        self.assert_broken('AttributeError', uploads=[
            {'Uploads': [upload('b', Initiated='then')]}])

    def test_locations(self) -> None:
        self.listed()
        entry = self.found._object(IMAGE, 5, '"tag"', 0.0)
        for url, spot, leads in (
                (f's3://there:8080/images/{IMAGE}', True, True),
                (f's3://key:sec/r@et@there:8080/images/{IMAGE}', True, True),
                (f's3+https://here/images/{IMAGE}', False, True),
                (f's3://there:8080/other/{IMAGE}', False, False),
                (f'file:///images/{IMAGE}', False, False), ('', False, False),
                ('s3://', False, False)):
            found = self.found.spot(url)
            self.assertEqual(spot, found == entry.spot, url)
            self.assertEqual(spot, found is not None, url)
            self.assertEqual(leads, self.found.leads(entry, url), url)
