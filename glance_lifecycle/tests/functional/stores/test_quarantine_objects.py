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

"""Quarantine in buckets and containers of real services."""

import hashlib
import json
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.stores \
    import object_quarantine_case as cases
from glance_lifecycle.tests.functional.stores import s3_case
from glance_lifecycle.tests.functional.stores import s3_quarantine_case
from glance_lifecycle.tests.functional.stores import swift_case
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import claim
from glance_lifecycle.transfer.backends.object_store import pace
from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer.backends.swift \
    import quarantine as swift_quarantine

AWAY = cases.AWAY
CONTAINER = swift_case.CONTAINER
DATA = cases.DATA
IMAGE = cases.IMAGE
PLAN = cases.PLAN
Kind = inventory.Kind


class S3QuarantineTest(cases.GoneTests, s3_quarantine_case.S3Tests):
    """Of Swift's S3 API."""

    def running(self) -> Any:
        return self.service


class RadosGwQuarantineTest(s3_case.OnRadosGw, s3_quarantine_case.S3Tests):

    def test_parts_killed(self) -> None:
        """It copies at once what came in parts, and its tag."""
        def fill() -> None:
            self.store_parts(DATA[:s3_case.PART], b'tail')
        fill()
        self.assert_killed(Kind.IMAGE, fill)

    def test_versions_are_kept_since(self) -> None:
        """What was written before has none of its own."""
        self.store()
        self.client.put_bucket_versioning(
            Bucket=s3_case.BUCKET,
            VersioningConfiguration={'Status': 'Enabled'})
        self.assertTrue(self.ready().put(self.entry(Kind.IMAGE), PLAN))
        self.assertTrue(self.ready().restore(self.kept()))
        self.assertEqual(DATA, self.stored())
        self.assertTrue(self.ready().put(self.entry(Kind.IMAGE), PLAN))
        self.assertTrue(self.ready().purge(self.kept()))
        found = self.client.list_object_versions(Bucket=s3_case.BUCKET)
        self.assertNotIn('Versions', found)
        self.assertNotIn('DeleteMarkers', found)


class SwiftQuarantineTest(cases.GoneTests, cases.QuarantineTests,
                          swift_case.SwiftTestCase):

    def running(self) -> Any:
        return self.swift

    def new_sink(self) -> Any:
        return self.sink()

    def opened(self) -> swift_quarantine.SwiftQuarantine:
        return swift_quarantine.SwiftQuarantine('one', {
            **self.options(), 'user': 'glance:swift', 'address': 'there'})

    def set_pace(self, opened: Any, stop: pace.Pace) -> None:
        opened._pace = stop
        for service in opened._services.values():
            service.pacing = stop

    def all_names(self) -> list[str]:
        return self.names()

    def snapshot(self) -> dict[str, Any]:
        found = {}
        for name in self.names():
            head = self.head(name)
            for one in ('accept-ranges', 'x-manifest-etag'):
                head.pop(one, None)
            data = self.stored(name=name)
            assert data is not None
            found[name] = hashlib.sha256(data).hexdigest(), head
        return found

    def store(self, name: str = IMAGE, data: bytes = DATA, query: str = '',
              **headers: str) -> None:
        self.client.put_object(
            CONTAINER, name, data, headers={
                'Content-Type': 'application/x-thing',
                'X-Object-Meta-Colour': 'blue%20green',
                'Content-Disposition': 'attachment',
                'X-Object-Meta-Lifecycle-Transfer': 'abc', **headers},
            query_string=query)

    def store_segments(self) -> None:
        for number in (1, 2):
            self.store(f'{IMAGE}-0000{number}', DATA[number:50_000])

    def store_dynamic(self) -> None:
        self.store_segments()
        self.store(data=b'', **{'X-Object-Manifest': f'{CONTAINER}/{IMAGE}-'})

    def store_static(self) -> None:
        self.store_segments()
        self.store(data=json.dumps([
            {'path': f'/{CONTAINER}/{IMAGE}-0000{number}'}
            for number in (1, 2)]).encode(), query='multipart-manifest=put')

    def test_one_piece(self) -> None:
        self.store()
        self.assert_round(Kind.IMAGE)
        self.assert_killed(Kind.IMAGE, self.store)

    def test_dynamic(self) -> None:
        self.store_dynamic()
        self.assert_round(Kind.MANIFEST)
        self.assert_killed(Kind.MANIFEST, self.store_dynamic)

    def test_static(self) -> None:
        self.store_static()
        self.assert_round(Kind.MANIFEST)
        self.assert_killed(Kind.MANIFEST, self.store_static)

    def test_segments(self) -> None:
        self.store_segments()
        self.assert_round(Kind.SEGMENT)
        self.assert_killed(Kind.SEGMENT, self.store_segments)

    def test_some_segments_in_both_places(self) -> None:
        """Who put them away, or brought them back, was killed in between.

        Whoever goes on knows those only that are listed in quarantine.
        """
        self.store_segments()
        before = self.bytes_of(self.snapshot())
        self.put_away(Kind.SEGMENT)
        self.store_segments()
        first = next(name for name in self.all_names()
                     if name.startswith(quarantined.PREFIX))
        self.client.delete_object(CONTAINER, first)
        self.assertTrue(self.ready().restore(self.kept()))
        self.assertEqual([IMAGE + '-00001', IMAGE + '-00002'],
                         self.all_names())
        self.assertEqual(before, self.bytes_of(self.snapshot()))

    def test_segments_of_somebody_else(self) -> None:
        """Those that come back would be between others."""
        self.store_segments()
        self.put_away(Kind.SEGMENT)
        for name in (IMAGE + '-00001', IMAGE + '-00003'):
            self.store(name, b'theirs')
            before = self.snapshot()
            self.assertFalse(self.ready().restore(self.kept()))
            self.assertEqual(before, self.snapshot())
            self.client.delete_object(CONTAINER, name)
        self.assertTrue(self.ready().restore(self.kept()))

    def put_away(self, kind: Kind) -> quarantine.Kept:
        self.assertTrue(self.ready().put(self.entry(kind), PLAN))
        return self.kept()

    def test_segments_of_what_is_away(self) -> None:
        """They are no orphans, whatever else has the name by now."""
        for fill in (self.store_dynamic, self.store_static):
            fill()
            kept = self.put_away(Kind.MANIFEST)
            orphan = inventory.Entry(IMAGE + '-', Kind.SEGMENT, CONTAINER,
                                     IMAGE)
            self.assertIsNone(self.ready().look(orphan))
            self.store(data=b'new')
            self.assertEqual([Kind.IMAGE, Kind.QUARANTINED], [
                one.kind for one in self.ready().entries()])
            # Who has the name may need them.
            self.assertTrue(self.ready().purge(kept))
            self.assertEqual([IMAGE, IMAGE + '-00001', IMAGE + '-00002'],
                             self.all_names())
            self.assertIsNotNone(self.ready().look(orphan))
            self.empty()
            self.client.put_container(CONTAINER)

    def test_written_meanwhile(self) -> None:
        """An import of the same image begins with its segments."""
        self.store_dynamic()
        kept = self.put_away(Kind.MANIFEST)
        self.store(IMAGE + '-00002', b'new')
        before = self.snapshot()
        self.assertFalse(self.ready().restore(kept))
        self.assertFalse(self.ready().purge(kept))
        self.assertEqual(before, self.snapshot())

    def test_copied_meanwhile(self) -> None:
        """An import does not take the segments for what was left."""
        self.store_segments()
        for name in self.all_names():
            self.client.post_object(CONTAINER, name, {
                'X-Object-Meta-Lifecycle-Transfer': 'abc',
                'X-Object-Meta-Lifecycle-Host': claim.scope()})
        self.store(data=b'', **{'X-Object-Manifest': f'{CONTAINER}/{IMAGE}-'})
        kept = self.put_away(Kind.MANIFEST)
        before = self.snapshot()
        sink = self.sink()
        with self.assertRaisesRegex(exceptions.StoreDuplicate, 'quarantine'):
            sink.begin(len(DATA))
        sink.abort()
        self.assertEqual(before, self.snapshot())
        self.assertTrue(self.ready().purge(kept))
        self.sink().begin(len(DATA))

    def test_segments_gone(self) -> None:
        self.store_dynamic()
        kept = self.put_away(Kind.MANIFEST)
        self.client.delete_object(CONTAINER, IMAGE + '-00002')
        with self.assertRaisesRegex(exceptions.StoreError, 'have gone'):
            self.ready().restore(kept)
        self.assertTrue(self.ready().purge(kept))
        self.assertEqual([], self.all_names())

    def test_segments_of_others(self) -> None:
        """A manifest may name anything."""
        self.store('theirs', b'x')
        self.store(IMAGE + '-00001', b'ours')
        self.store(IMAGE + '-00002', b'not named')
        self.store(data=json.dumps([
            {'path': f'/{CONTAINER}/{name}'}
            for name in (IMAGE + '-00001', 'theirs')]).encode(),
            query='multipart-manifest=put')
        kept = self.put_away(Kind.MANIFEST)
        self.assertTrue(self.ready().purge(kept))
        self.assertEqual([IMAGE + '-00002', 'theirs'], self.all_names())

    def test_foreign_manifest(self) -> None:
        self.store_segments()
        self.store(data=b'', **{'X-Object-Manifest': f'{CONTAINER}/other-'})
        entry = self.ready().look(inventory.Entry(
            IMAGE, Kind.MANIFEST, CONTAINER, IMAGE))
        before = self.snapshot()
        self.assertFalse(self.ready().put(entry, PLAN))
        self.assertEqual(before, self.snapshot())

    def test_odd_segments(self) -> None:
        self.store_segments()
        self.store(IMAGE + '-x')
        before = self.snapshot()
        self.assertFalse(self.ready().put(self.entry(Kind.SEGMENT), PLAN))
        self.assertEqual(before, self.snapshot())

    def test_segments_served_by_now(self) -> None:
        """They would become part of another image."""
        self.store_segments()
        entry = self.entry(Kind.SEGMENT)
        self.store_dynamic()
        self.assertFalse(self.ready().put(entry, PLAN))
        self.client.delete_object(CONTAINER, IMAGE)
        kept = self.put_away(Kind.SEGMENT)
        self.store(data=b'', **{'X-Object-Manifest': f'{CONTAINER}/{IMAGE}-'})
        self.assertFalse(self.ready().restore(kept))
        self.assertEqual(b'', self.stored())
