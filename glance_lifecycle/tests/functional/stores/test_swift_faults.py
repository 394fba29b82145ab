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

"""A Swift that refuses, is silent, or gone."""

from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.stores import object_faults
from glance_lifecycle.tests.functional.stores import swift_case
from glance_lifecycle.transfer.backends.swift import sink as swift_sink

IMAGE = swift_case.IMAGE
MIB = swift_case.MIB


class FaultTest(object_faults.FaultTests, swift_case.SwiftTestCase):

    entry = 'glance_lifecycle.transfer.backends.swift.sink:SwiftSink'
    resumes = False

    def service_fixture(self) -> Any:
        return self.swift

    def service_port(self) -> int:
        return int(self.swift.url.rpartition(':')[2])

    def fault_options(self, url: str = '', **other: Any) -> dict[str, Any]:
        given = ([f'swift_store_endpoint = {url}/v1/AUTH_glance']
                 if url else [])
        return self.options(*given, **{'segment_size': MIB, **other})

    def memory_options(self) -> dict[str, Any]:
        return {**self.describe(), 'timeout': 60}

    def content(self) -> bytes | None:
        return self.stored()

    def left(self) -> list[str]:
        return self.swift.everything()


class SingleFaultTest(FaultTest):
    """The whole image in one request."""

    def fault_options(self, url: str = '', **other: Any) -> dict[str, Any]:
        return super().fault_options(url, **{'single_below': 1 << 40,
                                             **other})

    def test_memory_while_silent(self) -> None:
        self.skipTest('one request too, with the options of an operator '
                      'who sets nothing')


class RefusedTest(swift_case.SwiftTestCase):

    def refused(self, text: str, *options: str) -> None:
        sink = self.sink(*options)
        for call in (lambda: sink.begin(10 * MIB),
                     lambda: self.undo(*options)):
            with self.assertRaisesRegex(exceptions.StoreError,
                                        text) as caught:
                call()
            self.assertNotIn('secret', str(caught.exception))
            sink.abort()
        self.assert_nothing_left()

    def test_wrong_key(self) -> None:
        self.refused('Keystone does not accept the user or the key',
                     'swift_store_key = wrongsecret')

    def test_no_rights(self) -> None:
        self.refused('403; the user lacks the permission for it in '
                     'container glance', 'swift_store_user = glance:reader',
                     'swift_store_key = readersecret')

    def test_may_only_read(self) -> None:
        self.client.post_container(swift_case.CONTAINER, {
            'X-Container-Read': 'glance:reader'})
        for size in (MIB, 1000):
            sink = self.sink('swift_store_user = glance:reader',
                             'swift_store_key = readersecret')
            with self.assertRaisesRegex(exceptions.StoreError, '403; the'):
                sink.begin(size)
                sink.write(0, memoryview(bytes(size)))
                sink.commit()
            sink.abort()
        self.assert_nothing_left()

    def test_no_keystone(self) -> None:
        address = 'http://127.0.0.1:1/v3'
        sink = self.sink(f'swift_store_auth_address = {address}', timeout=2)
        with self.assertRaisesRegex(
                exceptions.StoreError, 'no connection to Keystone: .*REFUSED'):
            sink.begin(MIB)
        sink.abort()

    def test_no_such_service(self) -> None:
        self.refused('Keystone has no publicURL of service nonsense',
                     'swift_store_service_type = nonsense')

    def test_no_container(self) -> None:
        sink = self.sink('swift_store_container = nowhere')
        with self.assertRaisesRegex(
                exceptions.StoreError, 'no container nowhere; create it, or '
                'set swift_store_create_container_on_put'):
            sink.begin(MIB)
        sink.abort()

    def test_too_large_for_one_object(self) -> None:
        for options in ({'single_below': 1 << 50},
                        {'segment_size': 6 << 30}):
            sink = self.sink(**options)
            with self.assertRaisesRegex(
                    exceptions.StoreError, 'at most 5368709122 bytes; lower '
                    'swift_store_large_object_size'):
                sink.begin(7 << 30)
            sink.abort()
        self.assert_nothing_left()

    def test_reference_is_gone(self) -> None:
        options = self.options()
        options['reference'] = 'gone'
        sink = swift_sink.SwiftSink('one', IMAGE, options)
        with self.assertRaisesRegex(exceptions.StoreError, 'gone'):
            sink.begin(MIB)
        sink.abort()
