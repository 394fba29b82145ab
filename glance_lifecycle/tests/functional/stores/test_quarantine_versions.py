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

"""Quarantine in buckets of a real radosgw that keep versions."""

import json
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.stores \
    import object_quarantine_case as cases
from glance_lifecycle.tests.functional.stores import s3_case
from glance_lifecycle.tests.functional.stores import s3_versions_case
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.s3 import versions

AWAY = cases.AWAY
BUCKET = s3_case.BUCKET
DATA = cases.DATA
IMAGE = cases.IMAGE
PLAN = cases.PLAN
Kind = inventory.Kind


class EnabledTest(s3_versions_case.VersionsCase):
    """All that holds for other buckets; and nothing is left of anything."""

    def store(self, key: str = IMAGE, data: bytes = DATA) -> None:
        """Over nothing: whoever replaces an object keeps the old one."""
        super().store(key, data)
        self.tidy(key)

    def tidy(self, key: str) -> None:
        # A prefix would be in the answer, where not all characters can be.
        old = self.client.list_object_versions(Bucket=BUCKET)
        for one in (*old.get('Versions', ()), *old.get('DeleteMarkers', ())):
            if one['Key'] == key and not one['IsLatest']:
                self.client.delete_object(Bucket=BUCKET, Key=key,
                                          VersionId=one['VersionId'])

    def test_parts_killed(self) -> None:
        def fill() -> None:
            self.store_parts(DATA[:s3_case.PART], b'tail')
        fill()
        self.assert_killed(Kind.IMAGE, fill)

    def test_bytes_come_back(self) -> None:
        self.store()
        self.assertTrue(self.ready().put(self.entry(Kind.IMAGE), PLAN))
        self.assertEqual([(AWAY, False)], [
            (key, marker) for key, _id, marker in self.all_versions()])
        self.assertTrue(self.ready().purge(self.kept()))
        self.assertEqual([], self.all_versions())

    def test_versions_of_others(self) -> None:
        """Deleted long ago by Glance, and kept by the bucket."""
        super().store(data=b'old')
        self.client.delete_object(Bucket=BUCKET, Key=IMAGE)
        super().store(AWAY, b'odd')
        self.client.delete_object(Bucket=BUCKET, Key=AWAY)
        theirs = self.all_versions()
        self.assertEqual(4, len(theirs))
        super().store()
        listed = list(self.ready().entries())
        self.assertEqual(
            [(Kind.IMAGE, len(DATA)), (Kind.VERSION, None),
             (Kind.VERSION, None), (Kind.VERSION, 3), (Kind.VERSION, 3)],
            sorted(((one.kind, one.size) for one in listed),
                   key=lambda pair: (pair[0], pair[1] or 0)))
        for one in listed:
            self.assertEqual(one.name, self.ready().look(one).name)
        for _time in range(2):
            self.assertTrue(self.ready().put(self.entry(Kind.IMAGE), PLAN))
            self.assertEqual([AWAY], self.keys())
            self.assertTrue(self.ready().restore(self.kept()))
            self.assertEqual(DATA, self.stored())
        self.assertTrue(self.ready().put(self.entry(Kind.IMAGE), PLAN))
        self.assertTrue(self.ready().purge(self.kept()))
        self.assertEqual(theirs, self.all_versions())

    def test_older_one_would_come_to_light(self) -> None:
        super().store(data=b'old')
        super().store()
        before = self.all_versions()
        self.assertFalse(self.ready().put(self.entry(Kind.IMAGE), PLAN))
        self.assertEqual(before, self.all_versions())

    def test_versions_cannot_be_removed(self) -> None:
        """Nothing is taken, as nothing would come back."""
        self.store()
        entry = self.entry(Kind.IMAGE)
        self.mine._versions._removable = None
        self.client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({
            'Version': '2012-10-17', 'Statement': [{
                'Effect': 'Deny', 'Principal': '*',
                'Action': 's3:DeleteObjectVersion',
                'Resource': f'arn:aws:s3:::{BUCKET}/*'}]}))
        self.addCleanup(self.client.delete_bucket_policy, Bucket=BUCKET)
        for _time in range(2):
            with self.assertRaisesRegex(exceptions.StoreError,
                                        's3:DeleteObjectVersion'):
                self.ready().put(entry, PLAN)
        self.assertEqual(DATA, self.stored())
        self.assertNotIn(AWAY, {key for key, *_ in self.all_versions()})
        self.client.delete_bucket_policy(Bucket=BUCKET)
        # What was tried is removed by who may.
        self.assertEqual(2, len(self.all_versions()))
        self.mine._versions._removable = None
        self.assertTrue(self.ready().put(entry, PLAN))
        self.assertEqual([AWAY], [key for key, *_ in self.all_versions()])

    def test_many(self) -> None:
        """More than a page, with names that have to be encoded."""
        names = ('a %20/+\u20ac', 'b', 'c')
        for name in names * 4:
            super().store(name, b'x')
        self.client.delete_object(Bucket=BUCKET, Key='c')
        for size in (1, 2, 3, 7, 1000):
            with mock.patch.object(versions, 'PAGE', size):
                found = [one for one in self.ready().entries()
                         if one.kind is Kind.VERSION]
            self.assertEqual(3 + 3 + 5, len(found))
            self.assertEqual(11, len({one.identity for one in found}))
            self.assertEqual(set(names), {one.name for one in found})


class SuspendedTest(s3_versions_case.VersionsCase):
    """What is written has no version of its own, and replaces its like."""

    status = 'Suspended'
    # It is looked first whether it would replace another version.
    begun = 9

    def test_parts_killed(self) -> None:
        def fill() -> None:
            self.store_parts(DATA[:s3_case.PART], b'tail')
        fill()
        self.assert_killed(Kind.IMAGE, fill)

    def test_written_before(self) -> None:
        """While versions were kept."""
        self.keep('Enabled')
        self.store()
        self.keep('Suspended')
        for _time in range(2):
            self.assertTrue(self.ready().put(self.entry(Kind.IMAGE), PLAN))
            self.assertTrue(self.ready().restore(self.kept()))
            self.assertEqual(DATA, self.stored())
        self.assertTrue(self.ready().put(self.entry(Kind.IMAGE), PLAN))
        self.assertTrue(self.ready().purge(self.kept()))
        self.assertEqual([], self.all_versions())

    def test_null_version_of_others(self) -> None:
        """It would be replaced by what is brought back."""
        self.store(data=b'old')
        self.keep('Enabled')
        self.client.delete_object(Bucket=BUCKET, Key=IMAGE)
        theirs = self.all_versions()
        self.assertEqual(2, len(theirs))
        self.store()
        self.keep('Suspended')
        self.assertTrue(self.ready().put(self.entry(Kind.IMAGE), PLAN))
        kept = self.kept()
        with self.assertRaisesRegex(exceptions.StoreError, 'be replaced'):
            self.ready().restore(kept)
        self.assertTrue(self.ready().purge(kept))
        self.assertEqual(theirs, self.all_versions())
