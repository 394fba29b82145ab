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

"""A throw-away Swift, and stores of it to test with."""

import json
import logging
import pathlib
import tempfile
from typing import Any
from typing import ClassVar

from glance_store._drivers.swift import store as swift_driver
from glance_store import location
import swiftclient

from glance_lifecycle.tests.functional.fixtures import swift
from glance_lifecycle.tests.functional.stores import noted
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.swift import sink as swift_sink

IMAGE = helpers.IMAGE
MIB = 1024 * 1024
CONTAINER = 'glance'
SEGMENT = 256 * 1024


class SwiftTestCase(noted.Noted):
    """All tests of the class use one Swift; each has an empty container."""

    swift: ClassVar[swift.Swift]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.swift = swift.Swift()
        cls.swift.setUp()
        cls.addClassCleanup(cls.swift.cleanUp)

    def setUp(self) -> None:
        super().setUp()
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.path = pathlib.Path(holder.name)
        # The driver logs every refusal with a traceback.
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.client = self.swift.client()
        self.client.put_container(CONTAINER)
        self.addCleanup(self.empty)

    def empty(self) -> None:
        client = self.swift.client()
        for place in self.swift.everything():
            client.delete_object(*place.split('/', 1))
        for container in client.get_account()[1]:
            client.delete_container(container['name'])

    # Stores.

    def text(self, *options: str) -> str:
        """glance-api.conf with one store."""
        given = {option.partition('=')[0].strip() for option in options}
        usual = {
            'swift_store_auth_address': self.swift.identity.url,
            'swift_store_user': 'glance:swift',
            'swift_store_key': 'swiftsecret'}
        if 'swift_store_config_file' in given:
            usual = {}
        return '\n'.join((
            '[DEFAULT]', 'enabled_backends = one:swift', '[one]',
            *(f'{k} = {v}' for k, v in usual.items() if k not in given),
            *options))

    def configure(self, *options: str) -> tuple[Any, dict[str, Any]]:
        """The driver, and the options of the sink, of one configuration."""
        conf = helpers.load_conf(self.text(*options), str(self.path))
        for group in ('one', 'backend_defaults'):
            conf.register_opts(swift_driver.BaseStore.OPTIONS, group=group)
        driver = swift_driver.Store(conf, 'one')
        driver.configure(re_raise_bsc=True)
        return driver, self.describe(*options)

    def describe(self, *options: str) -> dict[str, Any]:
        described = swift_sink.SwiftSink.describe(
            helpers.load_conf(self.text(*options), str(self.path)), 'one')
        text = json.dumps(described)
        self.assertNotIn('secret', text)
        value: dict[str, Any] = json.loads(text)
        return value

    def options(self, *options: str, **other: Any) -> dict[str, Any]:
        """With small segments and a short timeout."""
        return {**self.describe(*options), 'segment_size': SEGMENT,
                'single_below': SEGMENT, 'timeout': 60, **other}

    def sink(self, *options: str, **other: Any) -> swift_sink.SwiftSink:
        sink: swift_sink.SwiftSink = self.noting(swift_sink.SwiftSink(
            'one', IMAGE, self.options(*options, **other)))
        return sink

    def undo(self, *options: str, **other: Any) -> bool:
        return swift_sink.SwiftSink.undo('one', IMAGE,
                                         self.options(*options, **other),
                                         self.created)

    def where(self, driver: Any, url: str) -> location.Location:
        return location.Location(
            url.partition('://')[0], swift_driver.StoreLocation, driver.conf,
            uri=url, backend='one')

    # What is there.

    def names(self, container: str = CONTAINER) -> list[str]:
        return [found['name'] for found in
                self.client.get_container(container)[1]]

    def stored(self, container: str = CONTAINER,
               name: str = IMAGE) -> bytes | None:
        try:
            return bytes(self.client.get_object(container, name)[1])
        except swiftclient.ClientException as error:
            if error.http_status != 404:
                raise
            return None

    def head(self, name: str, container: str = CONTAINER) -> dict[str, str]:
        """What the service says of an object, times and such left out."""
        headers = self.client.head_object(container, name)
        return {key: value for key, value in headers.items() if key not in (
            'date', 'last-modified', 'x-timestamp', 'x-trans-id',
            'x-openstack-request-id',
            # Whose it is, which the driver neither writes nor reads.
            'x-object-meta-lifecycle-transfer',
            'x-object-meta-lifecycle-host')}

    def assert_nothing_left(self) -> None:
        self.assertEqual([], self.swift.everything())
