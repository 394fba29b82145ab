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

"""A bucket of a real radosgw that keeps versions, or has kept them."""

from typing import Any
from typing import ClassVar

from glance_lifecycle.tests.functional.stores import s3_case
from glance_lifecycle.tests.functional.stores import s3_quarantine_case

BUCKET = s3_case.BUCKET


class VersionsCase(s3_case.OnRadosGw, s3_quarantine_case.S3Tests):

    status: ClassVar[str] = 'Enabled'

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.remove_versions)
        self.keep('Enabled')
        self.keep(self.status)
        for one in (self.mine, self.theirs):
            # It is asked once, and has a test of its own.
            one._versions._removable = True

    def keep(self, status: str) -> None:
        self.client.put_bucket_versioning(
            Bucket=BUCKET, VersioningConfiguration={'Status': status})

    def all_versions(self) -> list[tuple[str, str, bool]]:
        """Key, version, and whether it is a delete marker."""
        found = self.client.list_object_versions(Bucket=BUCKET)
        return sorted(
            (one['Key'], one['VersionId'], marker)
            for kind, marker in (('Versions', False), ('DeleteMarkers', True))
            for one in found.get(kind, ()))

    def remove_versions(self) -> None:
        while found := self.all_versions():
            for key, version, _marker in found:
                self.client.delete_object(Bucket=BUCKET, Key=key,
                                          VersionId=version)

    def snapshot(self) -> dict[str, Any]:
        # Readers get all that there is.
        self.assertEqual(
            sorted(self.keys()), [key for key, _id, _marker in
                                  self.all_versions()])
        return super().snapshot()
