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

"""Copies in buckets and containers, mended on a host of Glance."""

import json
import os

from glance_lifecycle.tests.functional.stores import object_repair_case
from glance_lifecycle.tests.functional.stores import test_hygiene_objects

MIB = object_repair_case.MIB
PLACE = test_hygiene_objects.PLACE
SIZE = object_repair_case.SIZE


class RadosGwRepairTest(object_repair_case.ObjectRepairCase,
                        test_hygiene_objects.RadosGwHygieneCase):

    stores = {'files': 'file', 'archive': 's3'}
    store = 'archive'
    destructive = False

    def conf(self) -> dict[str, dict[str, object]]:
        found = super().conf()
        found['archive'].update({
            's3_store_large_object_size': 5,
            's3_store_large_object_chunk_size': 5})
        return found

    def put(self, name: str, data: bytes = b'') -> None:
        self.client.put_object(Bucket=PLACE, Key=name, Body=data)

    def remove(self, name: str) -> None:
        self.client.delete_object(Bucket=PLACE, Key=name)

    def got(self, name: str) -> bytes:
        return bytes(self.client.get_object(
            Bucket=PLACE, Key=name)['Body'].read())

    def everything(self) -> list[str]:
        return sorted(
            one['Key'] for operation, kind in (
                ('list_objects_v2', 'Contents'),
                ('list_multipart_uploads', 'Uploads'))
            for one in getattr(self.client, operation)(Bucket=PLACE).get(
                kind, ()))

    def forget_late(self) -> None:
        for one in self.client.list_multipart_uploads(Bucket=PLACE).get(
                'Uploads', ()):
            if one['Key'] == self.image_id:
                self.client.abort_multipart_upload(
                    Bucket=PLACE, Key=one['Key'], UploadId=one['UploadId'])

    def of_image(self) -> list[str]:
        return [self.image_id]

    def spoil(self) -> None:
        upload = self.client.create_multipart_upload(
            Bucket=PLACE, Key=self.image_id)['UploadId']
        tags = [self.client.upload_part(
            Bucket=PLACE, Key=self.image_id, UploadId=upload,
            PartNumber=number, Body=os.urandom(size))['ETag']
            for number, size in ((1, 5 * MIB), (2, 5 * MIB),
                                 (3, SIZE - 10 * MIB))]
        self.client.complete_multipart_upload(
            Bucket=PLACE, Key=self.image_id, UploadId=upload,
            MultipartUpload={'Parts': [
                {'PartNumber': number, 'ETag': tag}
                for number, tag in enumerate(tags, 1)]})

    def limit(self, size: int | None) -> None:
        if size is None:
            self.service.admin('quota', 'disable', '--quota-scope=user',
                               '--uid=glance')
            return
        self.service.admin('quota', 'set', '--quota-scope=user',
                           '--uid=glance', f'--max-size={size}')
        self.service.admin('quota', 'enable', '--quota-scope=user',
                           '--uid=glance')
        self.addCleanup(self.service.admin, 'quota', 'disable',
                        '--quota-scope=user', '--uid=glance')

    def test_versions(self) -> None:
        """Where the bucket keeps them, the wrong one leaves none behind."""
        self.keep_versions()
        self.spoil()
        self.remove_old()
        self.assertEqual(('wrong', 'replace', 'mended'),
                         self.found_and_done())
        self.assert_whole()

    def remove_old(self) -> None:
        for one in self.client.list_object_versions(Bucket=PLACE)['Versions']:
            if not one['IsLatest']:
                self.client.delete_object(Bucket=PLACE, Key=one['Key'],
                                          VersionId=one['VersionId'])


class SwiftRepairTest(object_repair_case.ObjectRepairCase,
                      test_hygiene_objects.SwiftHygieneCase):

    store = 'objects'
    stores = {'files': 'file', 'objects': 'swift'}
    # The new segments have the names of the old ones.
    destructive = True

    def conf(self) -> dict[str, dict[str, object]]:
        found = super().conf()
        found['objects']['swift_store_large_object_chunk_size'] = 5
        return found

    def put(self, name: str, data: bytes = b'') -> None:
        self.client.put_object(PLACE, name, data)

    def remove(self, name: str) -> None:
        self.client.delete_object(PLACE, name)

    def got(self, name: str) -> bytes:
        return bytes(self.client.get_object(PLACE, name)[1])

    def everything(self) -> list[str]:
        return sorted(one.partition('/')[2]
                      for one in self.service.everything())

    def of_image(self) -> list[str]:
        return [self.image_id, *(f'{self.image_id}-0000{number}'
                                 for number in (1, 2, 3))]

    def limit(self, size: int | None) -> None:
        self.client.post_container(PLACE, {
            'X-Container-Meta-Quota-Bytes': '' if size is None
            else str(size)})

    def spoil(self) -> None:
        self.put(f'{self.image_id}-00002', os.urandom(5 * MIB))

    def test_segment_lost(self) -> None:
        self.remove(f'{self.image_id}-00003')
        self.assertEqual(('wrong', 'replace', 'mended'),
                         self.found_and_done())
        self.assert_whole()

    def test_static(self) -> None:
        """A manifest of another tool, with segments of other names."""
        for name in self.of_image():
            self.remove(name)
        self.client.put_container('theirs')
        self.client.put_object('theirs', 'one', os.urandom(MIB))
        self.client.put_object(PLACE, self.image_id, json.dumps(
            [{'path': '/theirs/one'}]), query_string='multipart-manifest=put')
        self.assertEqual(('wrong', 'replace', 'mended'),
                         self.found_and_done())
        # Whatever a manifest says: what is not named as its own stays.
        self.assertEqual(
            MIB, len(self.client.get_object('theirs', 'one')[1]))
        self.assertEqual(self.source.read_bytes(), self.got(self.image_id))

    def test_static_of_its_own(self) -> None:
        self.remove(self.image_id)
        for number in (1, 2, 3):
            self.put(f'{self.image_id}-0000{number}', os.urandom(MIB))
        self.client.put_object(PLACE, self.image_id, json.dumps(
            [{'path': f'/{PLACE}/{name}'} for name in self.of_image()[1:]]),
            query_string='multipart-manifest=put')
        self.assertEqual(('wrong', 'replace', 'mended'),
                         self.found_and_done())
        self.assert_whole()
