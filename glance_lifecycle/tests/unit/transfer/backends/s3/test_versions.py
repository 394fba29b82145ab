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

"""A service that lists old versions badly, or lets nobody remove them."""

import datetime
from typing import Any
import unittest
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store import listing
from glance_lifecycle.transfer.backends.s3 import versions

WHEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def row(key: str, version: str = 'v', *, latest: bool = False, later: int = 0,
        **other: Any) -> dict[str, Any]:
    return {'Key': key, 'VersionId': version, 'Size': 5, 'IsLatest': latest,
            'LastModified': WHEN + datetime.timedelta(seconds=later),
            **other}


def page(*rows: dict[str, Any], markers: Any = (), following: Any = None,
         **other: Any) -> dict[str, Any]:
    found: dict[str, Any] = {'Versions': list(rows), **other}
    if markers:
        found['DeleteMarkers'] = list(markers)
    if following is not None:
        key, version = following
        found |= {'IsTruncated': True, 'NextKeyMarker': key,
                  'NextVersionIdMarker': version}
    return found


def refusal(status: int) -> exceptions.StoreError:
    """What a service says of itself: its status of HTTP."""
    return exceptions.StoreError(store='one', detail='answer %d' % status)


def _status(error: exceptions.StoreError) -> int:
    return int(error.detail.rstrip('.').rpartition(' ')[2])


class Service:
    """Answers with what it is given; the last one for ever."""

    store = 'one'

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any]] = []

    def call(self, doing: str, operation: str, **arguments: Any) -> Any:
        self.asked.append((operation, arguments))
        answers = self.answers[operation]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def find(self, key: str) -> Any:
        return self.answers.get('find', [None])[0]

    def has_refused(self, error: exceptions.StoreError) -> bool:
        return 400 <= _status(error) < 500

    def is_missing(self, error: exceptions.StoreError) -> bool:
        return _status(error) == 404

    def is_unknown(self, error: exceptions.StoreError) -> bool:
        return _status(error) == 501


class ListingTest(unittest.TestCase):

    def listed(self, *pages: Any) -> list[tuple[str, str, int | None]]:
        self.service = Service(list_object_versions=list(pages))
        return [(one.key, one.id, one.size) for one in versions.Versions(
            self.service).noncurrent()]

    def assert_endless(self, why: str, *pages: Any) -> None:
        with self.assertRaisesRegex(listing.Endless, why):
            self.listed(*pages)

    def test_pages(self) -> None:
        """What is of one object may be on two."""
        found = self.listed(
            page(row('a', '1', latest=True), row('a', '2'),
                 following=('a', '2')),
            page(row('a', '2'), row('a', '3'), row('b%20c', '1'),
                 markers=[row('a', '4'), row('d', '1', latest=True)],
                 EncodingType='url'))
        self.assertEqual(
            [('a', '2', 5), ('a', '3', 5), ('b c', '1', 5), ('a', '4', None),
             ('d', '1', None)], found)
        self.assertEqual(
            [{}, {'KeyMarker': 'a', 'VersionIdMarker': '2'}],
            [{name: value for name, value in arguments.items()
              if name.endswith('Marker')}
             for _name, arguments in self.service.asked])

    def test_none(self) -> None:
        self.assertEqual([], self.listed({}))
        self.assertEqual([], self.listed(page(row('a', latest=True))))
        # Where none are kept, a service need not tell ids.
        self.assertEqual([('a', 'null', 5)], self.listed(page(
            row('a', None))))  # type: ignore[arg-type]

    def test_told_twice(self) -> None:
        self.assertEqual([('a', 'null', 5)], self.listed(
            page(row('a', 'null'), row('a', 'null'))))

    def test_hostile(self) -> None:
        order = 'order of names'
        self.assert_endless(order, page(row('b'), row('a')))
        self.assert_endless(order, page(markers=[row('b'), row('a')]))
        self.assert_endless(order, page(row('b'), following=('b', 'v')),
                            page(row('a')))
        again = 'same versions again'
        self.assert_endless(again, page(row('b'), following=('b', 'v')))
        self.assert_endless(again, page(following=('', '')))
        for size in (-1, 2 ** 70):
            self.assert_endless(f'{size} bytes', page(row('a', Size=size)))
        with mock.patch.object(listing, 'LONGEST', 3):
            self.assert_endless('more than 3 entries', page(
                row('a', '1'), row('a', '2'),
                markers=[row('a', '3'), row('a', '4')]))
        with mock.patch.object(versions, '_MOST', 3):
            self.assert_endless('more than 3 versions', *(
                page(row('a', str(number)), following=('a', str(number)))
                for number in range(9)))

    def test_empty_pages(self) -> None:
        """Each says that there is more, and has nothing."""
        pages = [page(following=('a', str(number)))
                 for number in range(1000)]
        self.assert_endless('same versions again', *pages)
        self.assertLess(len(self.service.asked), 200)

    def test_no_listing(self) -> None:
        for bad in ({'LastModified': 'then'}, {'Size': 'much'},
                    {'IsLatest': None, 'Key': None, 'Size': None}):
            with self.assertRaises((AttributeError, TypeError, ValueError)):
                self.listed(page(row('a', **bad)))


class VersionsTest(unittest.TestCase):

    def of(self, **answers: Any) -> versions.Versions:
        self.service = Service(**answers)
        return versions.Versions(self.service)

    def test_status(self) -> None:
        for answer, status in (
                ({}, ''), ({'Status': 'Enabled'}, 'Enabled'),
                ({'Status': 'Suspended'}, 'Suspended'), (refusal(403), ''),
                (refusal(501), '')):
            found = self.of(get_bucket_versioning=[answer])
            for _time in range(2):
                self.assertEqual(status, found.status)
            self.assertEqual(1, len(self.service.asked))
        found = self.of(get_bucket_versioning=[refusal(503)])
        with self.assertRaises(exceptions.StoreError):
            _ = found.status

    def test_id(self) -> None:
        found = self.of(get_bucket_versioning=[{}])
        self.assertEqual(('', 'v'), (found.id({}), found.id(
            {'VersionId': 'v'})))
        found = self.of(get_bucket_versioning=[{'Status': 'Suspended'}])
        self.assertEqual('null', found.id({}))

    def test_hides(self) -> None:
        top = row('a', '9', latest=True, later=9)
        for hidden, rows, markers in (
                (False, [], []),
                (True, [row('a', '1', later=1)], []),
                (False, [row('a', '1', later=1)], [row('a', '2', later=2)]),
                (True, [row('a', '1', later=3)], [row('a', '2', later=2)]),
                # Nobody can tell which is above.
                (True, [row('a', '1', later=2)], [row('a', '2', later=2)]),
                (False, [row('ab', '1', later=1)], [])):
            found = self.of(list_object_versions=[page(
                *(one for one in (top, *rows)), markers=markers)])
            self.assertIs(hidden, found.hides('a'), str((rows, markers)))

    def test_replaced(self) -> None:
        for status, version, replaced in (
                ('Enabled', 'null', False), ('Suspended', '1', False),
                ('Suspended', 'null', True)):
            found = self.of(
                get_bucket_versioning=[{'Status': status}],
                list_object_versions=[page(row('a', version))])
            self.assertIs(replaced, found.is_replaced('a'))

    def test_removable(self) -> None:
        found = self.of(put_object=[{'VersionId': 'v'}], delete_object=[{}])
        for _time in range(2):
            found.check_removable()
        self.assertEqual(['put_object', 'delete_object'], [
            name for name, _arguments in self.service.asked])
        self.assertEqual('v', self.service.asked[1][1]['VersionId'])
        found = self.of(put_object=[{'VersionId': 'v'}],
                        delete_object=[refusal(403)])
        for _time in range(2):
            with self.assertRaisesRegex(exceptions.StoreError,
                                        's3:DeleteObjectVersion'):
                found.check_removable()
        self.assertEqual(2, len(self.service.asked))
        # Of who was killed.
        found = self.of(find=[{'VersionId': 'w'}], delete_object=[{}])
        found.check_removable()
        self.assertEqual([('delete_object', 'w')], [
            (name, arguments['VersionId'])
            for name, arguments in self.service.asked])

    def test_remove(self) -> None:
        self.of(delete_object=[refusal(404)]).remove('a', 'v')
        with self.assertRaises(exceptions.StoreError):
            self.of(delete_object=[refusal(503)]).remove('a', 'v')
