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

"""Random histories of a bucket of a radosgw, and of a container of Swift."""

import os

from glance_lifecycle.tests.functional.stores import object_history_case
from glance_lifecycle.tests.functional.stores import test_hygiene_objects

PLACE = test_hygiene_objects.PLACE


class SwiftHistoryTest(  # type: ignore[misc] # "put" is of that store
        object_history_case.HistoryCase,
        test_hygiene_objects.SwiftHygieneCase):

    def names(self) -> set[str]:
        return {one.partition('/')[2] for one in self.service.everything()}

    def got(self, name: str) -> bytes:
        return bytes(self.client.get_object(PLACE, name)[1])

    def write(self, name: str, data: bytes) -> None:
        self.client.put_object(PLACE, name, data)

    def data(self) -> bytes:
        # The driver of glance_store hangs where the last segment is shorter.
        return os.urandom(self.chance.choice(
            (1, 500, 3 * test_hygiene_objects.SEGMENT)))

    def died(self, image_id: str) -> bool:
        for number in range(1, self.chance.randint(2, 4)):
            self.write(f'{image_id}-{number:05d}', os.urandom(500))
        return True

    def test_1(self) -> None:
        self.history(1, undone=False)

    def test_2(self) -> None:
        self.history(2, undone=True)


class RadosGwHistoryTest(  # type: ignore[misc]
        object_history_case.HistoryCase,
        test_hygiene_objects.RadosGwHygieneCase):

    def conf(self) -> dict[str, dict[str, object]]:
        found = super().conf()
        found['archive'].update({
            's3_store_large_object_size': 5,
            's3_store_large_object_chunk_size': 5})
        return found

    def names(self) -> set[str]:
        return {one['Key'] for operation, kind in (
            ('list_objects_v2', 'Contents'),
            ('list_multipart_uploads', 'Uploads'))
            for one in getattr(self.client, operation)(Bucket=PLACE).get(
                kind, ())}

    def got(self, name: str) -> bytes:
        return bytes(self.client.get_object(
            Bucket=PLACE, Key=name)['Body'].read())

    def write(self, name: str, data: bytes) -> None:
        self.client.put_object(Bucket=PLACE, Key=name, Body=data)

    def data(self) -> bytes:
        return os.urandom(self.chance.choice((1, 500, 6 * 2 ** 20)))

    def died(self, image_id: str) -> bool:
        """Uploads that are not complete are for a rule of the bucket."""
        self.begin_upload(image_id)
        return False

    def test_1(self) -> None:
        self.history(1, undone=False)

    def test_2(self) -> None:
        self.history(2, undone=True)

    def test_versions(self) -> None:
        """The bucket keeps them: nothing of what was taken stays as one."""
        self.keep_versions()
        self.history(3, undone=True)
        taken = {name for names in self.needless.values() for name in names}
        found = self.client.list_object_versions(Bucket=PLACE)
        self.assertEqual(set(), taken & {
            one['Key'] for kind in ('Versions', 'DeleteMarkers')
            for one in found.get(kind, ())})
