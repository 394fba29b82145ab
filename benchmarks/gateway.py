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
from typing import Protocol

from botocore import config as boto_config
from botocore import session as boto_session

from benchmarks import images
from glance_lifecycle.tests.functional.fixtures import radosgw

_BUCKET = 'glance'
_CHUNK = 4 * images.MIB


class Service(Protocol):
    """Of radosgw or of Swift."""

    s3_url: str
    access_key: str
    secret_key: str


class Body(Protocol):
    """Of an object that is read."""

    def read(self, length: int, /) -> bytes:
        ...


def collect_garbage(archive: radosgw.RadosGw) -> None:
    """Free now what was deleted."""
    archive.admin('gc', 'process', '--include-all')


def conf(service: Service) -> dict[str, object]:
    """Options of a store."""
    return {
        's3_store_host': service.s3_url,
        's3_store_access_key': service.access_key,
        's3_store_secret_key': service.secret_key,
        's3_store_bucket': _BUCKET,
        's3_store_create_bucket_on_put': True,
        's3_store_bucket_url_format': 'path'}


def difference(service: Service, name: str, source: pathlib.Path) -> str:
    """In words, '' where the object's bytes are those of the file."""
    session = boto_session.get_session()
    session.set_credentials(service.access_key, service.secret_key)
    client = session.create_client(
        's3', endpoint_url=service.s3_url, region_name='us-east-1',
        config=boto_config.Config(s3={'addressing_style': 'path'}))
    try:
        found = client.get_object(Bucket=_BUCKET, Key=name)
        return compare(found['Body'], found['ContentLength'], source)
    finally:
        client.close()


def compare(body: Body, size: int, source: pathlib.Path) -> str:
    """The same, of an object that is being read."""
    if size != source.stat().st_size:
        return f'the object has {size} bytes'
    position = 0
    with source.open('rb') as stream:
        while position < size:
            got = body.read(_CHUNK)
            if not got or got != os.pread(stream.fileno(), len(got),
                                          position):
                return f'the object differs after byte {position}'
            position += len(got)
    return ''
