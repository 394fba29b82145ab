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

"""S3 services that refuse, are full, silent, or gone."""

import json
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import radosgw
from glance_lifecycle.tests.functional.stores import object_faults
from glance_lifecycle.tests.functional.stores import s3_case
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.s3 import sink as s3_sink

IMAGE = s3_case.IMAGE
MIB = s3_case.MIB


class FaultTest(object_faults.FaultTests, s3_case.S3TestCase):

    entry = 'glance_lifecycle.transfer.backends.s3.sink:S3Sink'
    resumes = True

    def service_fixture(self) -> Any:
        return self.service

    def service_port(self) -> int:
        return int(self.service.s3_url.rpartition(':')[2])

    def fault_options(self, url: str = '', **other: Any) -> dict[str, Any]:
        given = [f's3_store_host = {url}'] if url else []
        return self.options(*given, **{'part_size': MIB, **other})

    def memory_options(self) -> dict[str, Any]:
        return {**self.describe(), 'timeout': 60}

    def content(self) -> bytes | None:
        return self.stored()

    def left(self) -> list[str]:
        return self.everything()


class RadosGwFaultTest(s3_case.OnRadosGw, FaultTest):
    pass


class RefusedTest(s3_case.S3TestCase):

    #: access key and secret key of a user without rights
    stranger = ('glance:reader', 'readersecret')

    def refused(self, text: str, *options: str) -> None:
        sink = self.sink(*options)
        for call in (lambda: sink.begin(10 * MIB),
                     lambda: self.undo(*options)):
            with self.assertRaisesRegex(exceptions.StoreError,
                                        text) as caught:
                call()
            self.assertNotIn('secret', str(caught.exception).replace(
                's3_store_secret_key', ''))
            sink.abort()
        self.assert_nothing_left()

    def test_unknown_user(self) -> None:
        self.refused('does not know the key of s3_store_access_key|'
                     'SignatureDoesNotMatch',
                     's3_store_access_key = nobody')

    def test_wrong_key(self) -> None:
        self.refused('does not belong to s3_store_access_key',
                     's3_store_secret_key = wrongsecret')

    def test_no_rights(self) -> None:
        name, key = self.stranger
        self.refused('AccessDenied.* lacks the permission for it in bucket '
                     'glance', f's3_store_access_key = {name}',
                     f's3_store_secret_key = {key}')

    def test_no_bucket(self) -> None:
        sink = self.sink('s3_store_bucket = nowhere')
        with self.assertRaisesRegex(
                exceptions.StoreError, 'no bucket nowhere; create it, or '
                'set s3_store_create_bucket_on_put'):
            sink.begin(MIB)
        sink.abort()

    def test_configuration_is_gone(self) -> None:
        options = self.options()
        options['config_files'] = ['/nowhere/glance-api.conf']
        sink = s3_sink.S3Sink('one', IMAGE, options)
        with self.assertRaisesRegex(exceptions.StoreError,
                                    'configuration files'):
            sink.begin(MIB)
        sink.abort()


class RadosGwRefusedTest(s3_case.OnRadosGw, RefusedTest):

    stranger = ('STRANGERKEY', 'strangersecret')


class FullTest(s3_case.S3TestCase):

    def limit(self) -> None:
        client = self.service.client()  # type: ignore[union-attr]
        client.post_container(s3_case.BUCKET + '+segments', {
            # Less than a part: what is used is known to it late.
            'X-Container-Meta-Quota-Bytes': '1000'})

    def unlimit(self) -> None:
        client = self.service.client()  # type: ignore[union-attr]
        client.post_container(s3_case.BUCKET + '+segments', {
            'X-Container-Meta-Quota-Bytes': ''})

    def test_quota(self) -> None:
        # Makes what the first upload makes.
        helpers.store(self.sink(), helpers.Image(helpers.noise(MIB)))
        self.undo()
        self.limit()
        try:
            sink = self.sink()
            with self.assertRaisesRegex(exceptions.StoreFull,
                                        'a quota is used up'):
                sink.begin(8 * MIB)
                for offset in range(0, 8 * MIB, MIB):
                    sink.write(offset, memoryview(helpers.noise(MIB)))
                sink.commit()
            sink.abort()
        finally:
            self.unlimit()
        self.assert_nothing_left()


class RadosGwFullTest(s3_case.OnRadosGw, FullTest):

    def limit(self) -> None:
        assert isinstance(self.service, radosgw.RadosGw)
        # Less than a part, as above.
        self.service.admin('quota', 'set', '--quota-scope=user',
                           '--uid=glance', '--max-size=100K')
        self.service.admin('quota', 'enable', '--quota-scope=user',
                           '--uid=glance')
        shown = json.loads(self.service.admin('user', 'info',
                                              '--uid=glance'))
        self.assertTrue(shown['user_quota']['enabled'])

    def unlimit(self) -> None:
        assert isinstance(self.service, radosgw.RadosGw)
        self.service.admin('quota', 'disable', '--quota-scope=user',
                           '--uid=glance')
