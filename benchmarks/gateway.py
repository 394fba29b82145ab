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
"""S3 for benchmarks: a radosgw in front of a cluster with room."""

import os
import pathlib
from typing import Any

from botocore import config as boto_config
from botocore import session as boto_session

from benchmarks import images
from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import radosgw

BUCKET = 'glance'

_CHUNK = 4 * images.MIB


class Gateway(radosgw.RadosGw):
    """:param cluster: started and ended together with the gateway"""

    def __init__(self, cluster: ceph.Ceph) -> None:
        super().__init__(cluster.pools)
        self._roomy = cluster

    def useFixture(self, fixture: Any) -> Any:
        # The gateway's own would have no room.
        return super().useFixture(
            self._roomy if isinstance(fixture, ceph.Ceph) else fixture)

    def _setUp(self) -> None:
        super()._setUp()
        session = boto_session.get_session()
        session.set_credentials(self.access_key, self.secret_key)
        self._s3 = session.create_client(
            's3', endpoint_url=self.s3_url, region_name='us-east-1',
            config=boto_config.Config(s3={'addressing_style': 'path'}))
        self.addCleanup(self._s3.close)

    def conf(self) -> dict[str, object]:
        """Options of a store."""
        return {
            's3_store_host': self.s3_url,
            's3_store_access_key': self.access_key,
            's3_store_secret_key': self.secret_key,
            's3_store_bucket': BUCKET,
            's3_store_create_bucket_on_put': True,
            's3_store_bucket_url_format': 'path'}

    def emptied(self) -> None:
        """Free now what was deleted."""
        self.admin('gc', 'process', '--include-all')

    def difference(self, name: str, source: pathlib.Path) -> str:
        """In words, '' where the object's bytes are those of the file."""
        size = source.stat().st_size
        found = self._s3.get_object(Bucket=BUCKET, Key=name)
        if found['ContentLength'] != size:
            return f'the copy in S3 has {found["ContentLength"]} bytes'
        with source.open('rb') as stream:
            for start in range(0, size, _CHUNK):
                length = min(_CHUNK, size - start)
                if found['Body'].read(length) != os.pread(
                        stream.fileno(), length, start):
                    return f'the copy in S3 differs at byte {start}'
        return ''
