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

"""What holds for the quarantine of any S3."""

import hashlib
from typing import Any

from glance_lifecycle.tests.functional.stores \
    import object_quarantine_case as cases
from glance_lifecycle.tests.functional.stores import s3_case
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.object_store import pace
from glance_lifecycle.transfer.backends.s3 import quarantine as s3_quarantine

AWAY = cases.AWAY
DATA = cases.DATA
IMAGE = cases.IMAGE
PLAN = cases.PLAN
META = {'colour': 'blue', 'lifecycle-transfer': 'abc'}
Kind = inventory.Kind


class S3Tests(cases.QuarantineTests, s3_case.S3TestCase):

    # The request after that which begins the upload of a large one's way back.
    begun = 8

    def new_sink(self) -> Any:
        return self.sink()

    def opened(self) -> s3_quarantine.S3Quarantine:
        return s3_quarantine.S3Quarantine('one', self.options())

    def set_pace(self, opened: Any, stop: pace.Pace) -> None:
        opened._service.pacing = stop

    def all_names(self) -> list[str]:
        return sorted([*self.keys(), *(key for key, _id in self.uploads())])

    def snapshot(self) -> dict[str, Any]:
        self.assertEqual([], self.uploads())
        found = {}
        for key in self.keys():
            got = self.client.get_object(Bucket=s3_case.BUCKET, Key=key)
            found[key] = (hashlib.sha256(got['Body'].read()).hexdigest(),
                          got['ETag'], got['Metadata'], got['ContentType'],
                          got.get('CacheControl'))
        return found

    def store(self, key: str = IMAGE, data: bytes = DATA) -> None:
        self.client.put_object(
            Bucket=s3_case.BUCKET, Key=key, Body=data, Metadata=META,
            ContentType='application/x-thing')

    def store_parts(self, *parts: bytes) -> None:
        upload = self.client.create_multipart_upload(
            Bucket=s3_case.BUCKET, Key=IMAGE, Metadata=META,
            ContentType='application/x-thing')['UploadId']
        self.client.complete_multipart_upload(
            Bucket=s3_case.BUCKET, Key=IMAGE, UploadId=upload,
            MultipartUpload={'Parts': [
                {'PartNumber': number, 'ETag': self.client.upload_part(
                    Bucket=s3_case.BUCKET, Key=IMAGE, UploadId=upload,
                    PartNumber=number, Body=part)['ETag']}
                for number, part in enumerate(parts, 1)]})

    def test_one_piece(self) -> None:
        self.store()
        self.assert_round(Kind.IMAGE)
        self.assert_killed(Kind.IMAGE, self.store)

    def test_parts(self) -> None:
        self.store_parts(DATA[:s3_case.PART], DATA[:s3_case.PART], b'tail')
        self.assertIn('-3', self.snapshot()[IMAGE][1])
        self.assert_round(Kind.IMAGE)

    def in_parts(self, size: int = s3_case.PART) -> None:
        """As if the service copied no more at once."""
        for one in (self.mine, self.theirs):
            one.copying.largest = one.copying.part = size

    def test_large(self) -> None:
        """What came in parts is copied in the same."""
        self.in_parts()
        self.store_parts(DATA[:s3_case.PART], DATA[:s3_case.PART], b'tail')
        before = self.snapshot()
        entry = self.entry(Kind.IMAGE)
        self.assertTrue(self.ready().put(entry, PLAN))
        self.assertEqual(before[IMAGE], self.snapshot()[AWAY])
        self.assertTrue(self.ready().restore(self.kept()))
        self.assertEqual(before, self.snapshot())

    def test_large_one_piece(self) -> None:
        """It has another entity tag then; all else is as it was."""
        self.in_parts()
        self.store()
        before = self.snapshot()[IMAGE]
        self.assertTrue(self.ready().put(self.entry(Kind.IMAGE), PLAN))
        copy = self.snapshot()[AWAY]
        self.assertIn('-3', copy[1])
        self.assertEqual((before[0], *before[2:]), (copy[0], *copy[2:]))
        self.assertTrue(self.ready().restore(self.kept()))
        self.assertEqual({IMAGE: copy}, self.snapshot())

    def test_large_killed(self) -> None:
        self.in_parts()
        self.store()
        entry = [self.entry(Kind.IMAGE)]

        def back() -> None:
            self.assertTrue(self.ready().restore(self.kept()))
            # Its tag is that of parts by now.
            self.store()
            entry[:] = [self.entry(Kind.IMAGE)]

        self.assert_whole(lambda opened: opened.put(entry[0], PLAN), back,
                          lambda: None)
        self.assertTrue(self.ready().put(entry[0], PLAN))
        kept = self.kept()
        # Begun, and no part.
        self.kill_at(self.begun, lambda opened: opened.restore(kept))
        self.assertEqual({Kind.QUARANTINED, Kind.UNFINISHED}, {
            one.kind for one in self.ready().entries()})
        self.assertTrue(self.ready().restore(kept))
        self.assertEqual(DATA, self.stored())
        # Perhaps somebody else's: it stays, and is listed.
        self.assertEqual([IMAGE, IMAGE], self.all_names())
