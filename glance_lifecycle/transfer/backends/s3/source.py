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

"""A copy in a store of glance_store's S3 driver."""

from typing import Any

from glance_lifecycle.transfer.backends.object_store \
    import source as object_source
from glance_lifecycle.transfer.backends.s3 import options as s3_options
from glance_lifecycle.transfer.backends.s3 import service as s3_service
from glance_lifecycle.transfer.backends import settings
from glance_lifecycle.transfer.backends import stored
from glance_lifecycle.transfer import confine

_SCHEMES = ('s3', 's3+http', 's3+https')


class StoredS3(object_source.StoredObject):
    """An object of a bucket; read with the keys that the store has now.

    :param key: its name in the bucket
    :param options: what ``s3_options.describe`` returned
    """

    def __init__(self, fd: int = -1, *, store: str, key: str,
                 options: dict[str, Any], size: int | None = None) -> None:
        service = s3_service.Service(store, {
            **options, 'senders': self.workers})
        super().__init__(fd, store=store, service=service, name=key,
                         place='bucket %s' % options['bucket'], size=size)

    @classmethod
    def reach(cls, options: dict[str, Any]) -> confine.Reach:
        options = options['options']
        return settings.reach(options, options['client']['verify'])

    @classmethod
    def describe(cls, conf: Any, store: str, url: str,
                 size: int | None) -> dict[str, Any]:
        options = s3_options.describe(conf, store)
        service, bucket, key = object_source.parsed(store, url, _SCHEMES)
        own, _bucket, _key = object_source.parsed(
            store, s3_options.location(options, key), _SCHEMES)
        if service != own:
            raise stored.not_of(store)
        # The bucket may be one that the store had before.
        return {'store': store, 'key': key, 'size': size,
                'options': {**options, 'bucket': bucket}}

    @staticmethod
    def size_of(head: dict[str, Any]) -> int:
        return int(head['ContentLength'])

    @staticmethod
    def version_of(head: dict[str, Any]) -> str:
        return '%s %s' % (head['ETag'], head['LastModified'].isoformat())
