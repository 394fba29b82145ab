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


"""DriverSink around the stock filesystem driver, and around bad ones."""

import logging
import os
import threading
import time
from typing import Any

from glance_store._drivers import filesystem
from glance_store import capabilities
from glance_store import driver as store_driver
from glance_store import exceptions as store_exceptions
from oslo_config import cfg

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends.driver import sink as driver_sink
from glance_lifecycle.transfer.backends.driver import store as driver_store
from glance_lifecycle.transfer import sink as sinks

IMAGE = helpers.IMAGE
SMALL = helpers.Image(b'data' * 50000, 4096, b'z')


class BadStore(store_driver.Store):
    """A driver that misbehaves as its ``fault`` says."""

    _CAPABILITIES = capabilities.BitMasks.RW_ACCESS

    def __init__(self, fault: str) -> None:
        super().__init__(cfg.CONF, 'bad')
        self.fault = fault
        self.there = False
        self.url = 'file:///x/volume'
        self.deleted: list[str] = []
        self.hang = threading.Event()

    def get_schemes(self) -> tuple[str, ...]:
        return ('file',)

    def get_store_location_class(self) -> Any:
        return filesystem.StoreLocation

    def delete(self, location: Any, context: Any = None) -> None:
        if self.fault == 'away':
            raise KeyError('password=hunter2')
        self.deleted.append(location.store_location.path)
        raise store_exceptions.NotFound()

    def get_size(self, location: Any, context: Any = None) -> int:
        if self.fault == 'away':
            raise KeyError('password=hunter2')
        if self.there:
            return 1
        raise store_exceptions.NotFound()

    def add(self, image_id: str, image_file: Any, image_size: int,
            hashing_algo: str, context: Any = None,
            verifier: Any = None) -> Any:
        if self.fault == 'at once':
            raise store_exceptions.StorageWriteDenied()
        if self.fault == 'duplicate':
            raise store_exceptions.Duplicate(image='/secret/path')
        image_file.read(10)
        if self.fault == 'full':
            raise store_exceptions.StorageFull()
        if self.fault == 'bug':
            raise KeyError('password=hunter2')
        if self.fault == 'io':
            raise OSError(5, 'no', '/secret/path')
        if self.fault == 'hung':
            self.hang.wait()
        if self.fault == 'short':
            return 'file:///x/' + image_id, 10, '', '', {}
        return self.store_all(image_id, image_file, image_size)

    def store_all(self, image_id: str, image_file: Any,
                  image_size: int) -> Any:
        while image_file.read(65536):
            pass
        if self.fault == 'late':
            raise store_exceptions.StorageFull()
        if self.fault == 'no':
            return self.url, image_size, '', '', {}
        return 'file:///x/' + image_id, image_size - 1, '', '', {}


class BadDriverTest(helpers.TempDirTestCase):

    def setUp(self) -> None:
        super().setUp()
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)

    def sink(self, fault: str) -> driver_sink.DriverSink:
        bad = BadStore(fault)
        bad.multiple_datadirs = False
        bad.datadir = '/x'
        self.bad = bad
        original = driver_store.build
        driver_store.build = lambda *_args: bad
        self.addCleanup(setattr, driver_store, 'build', original)
        return driver_sink.DriverSink('far', IMAGE, {'driver': 'file'})

    def fails(self, fault: str, error: type[Exception]) -> str:
        sink = self.sink(fault)
        with self.assertRaises(error) as caught:
            helpers.store(sink, SMALL)
        sink.abort()
        text = str(caught.exception)
        self.assertNotIn('secret', text)
        self.assertNotIn('hunter2', text)
        self.assertIn('far', text)
        return text

    def test_faults(self) -> None:
        for fault, error in (('at once', exceptions.StoreError),
                             ('duplicate', exceptions.StoreDuplicate),
                             ('full', exceptions.StoreFull),
                             ('bug', exceptions.StoreError),
                             ('io', exceptions.StoreError),
                             ('short', exceptions.StoreError),
                             ('late', exceptions.StoreFull),
                             ('miscount', exceptions.StoreError)):
            with self.subTest(fault):
                self.fails(fault, error)
                self.assertEqual(
                    [] if fault in ('at once', 'duplicate') else
                    ['/x/' + IMAGE], self.bad.deleted)

    def test_refusal_is_known_at_begin(self) -> None:
        sink = self.sink('duplicate')
        self.assertRaises(exceptions.StoreDuplicate, sink.begin, 10)
        sink.abort()

    def test_hung_driver_does_not_hold_abort(self) -> None:
        before = driver_sink._ABORT_TIMEOUT
        driver_sink._ABORT_TIMEOUT = 0.1
        self.addCleanup(setattr, driver_sink, '_ABORT_TIMEOUT', before)
        sink = self.sink('hung')
        sink.begin(100)
        sink.write(0, memoryview(b'0123456789'))
        threading.Timer(0.1, sink.abort).start()
        self.assertRaises(exceptions.StoreError, sink.write, 10,
                          memoryview(b'x' * 90))

    def test_unknown_places_are_left_and_named(self) -> None:
        logging.disable(logging.NOTSET)
        self.sink('')
        with self.assertLogs(driver_sink.LOG, 'WARNING') as logs:
            self.assertFalse(driver_sink.DriverSink.undo(
                'far', IMAGE, {'driver': 'vmware'}, [{'absent': True}]))
        self.assertIn(IMAGE, logs.output[0])

    def test_new_names_are_noted(self) -> None:
        """Of a driver that makes them up, unless they hold a secret."""
        for url, noted in (('file:///x/volume', True),
                           ('file://user:hunter2@host/x/volume', False),
                           ('file:///x/volume?key=hunter2', False)):
            with self.subTest(url):
                sink = self.sink('no')
                sink.options = {'driver': 'vmware'}
                self.bad.url = url
                helpers.store(sink, SMALL)
                self.assertEqual([{'url': url}] if noted else [], sink.marks)
                driver_sink.DriverSink.undo('far', IMAGE, sink.options,
                                            sink.marks)
                self.assertEqual(['/x/volume'] if noted else [],
                                 self.bad.deleted)

    def test_it_came_after_we_had_looked(self) -> None:
        """The driver refuses then, and what is there is another's."""
        sink = self.sink('duplicate')
        self.assertRaises(exceptions.StoreDuplicate, sink.begin, 10)
        sink.abort()
        self.assertEqual([{'absent': True}, {'not_ours': True}], sink.marks)
        self.assertFalse(driver_sink.DriverSink.undo('far', IMAGE,
                                                     sink.options,
                                                     sink.marks))
        self.assertEqual([], self.bad.deleted)

    def test_it_is_there_already(self) -> None:
        sink = self.sink('no')
        self.bad.there = True
        self.assertRaises(exceptions.StoreDuplicate, sink.begin, 10)
        sink.abort()
        self.assertEqual([], sink.marks)

    def test_it_cannot_be_told(self) -> None:
        sink = self.sink('away')
        for call in (lambda: sink.begin(10),
                     lambda: driver_sink.DriverSink.absent('far', IMAGE,
                                                           sink.options),
                     lambda: driver_sink.DriverSink.undo(
                         'far', IMAGE, sink.options, [{'absent': True}])):
            with self.assertRaises(exceptions.StoreError) as caught:
                call()
            self.assertNotIn('hunter2', str(caught.exception))
        sink.abort()


class StockDriverTest(helpers.TempDirTestCase):

    def setUp(self) -> None:
        super().setUp()
        logging.disable(logging.ERROR)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.dir = os.path.join(self.path, 'store')
        self.addCleanup(cfg.CONF.reset)
        cfg.CONF.reset()
        self.conf = helpers.load_conf(
            '[DEFAULT]\nenabled_backends = far:file, web:http, no:nothing\n'
            '[far]\nfilesystem_store_datadir = %s\n' % self.dir,
            self.path, cfg.CONF)
        self.options = driver_sink.DriverSink.describe(self.conf, 'far')

    def sink(self) -> driver_sink.DriverSink:
        sink = driver_sink.DriverSink('far', IMAGE, self.options)
        self.addCleanup(sink.abort)
        return sink

    def test_describe_tells_files_not_values(self) -> None:
        self.assertEqual(
            {'driver': 'file', 'config_dirs': [],
             'config_files': [os.path.join(self.path, 'glance-api.conf')]},
            self.options)

    def test_describe_refuses(self) -> None:
        for store in ('web', 'no', 'unheard-of'):
            self.assertRaises(exceptions.ConfigurationError,
                              driver_sink.DriverSink.describe, self.conf,
                              store)

    def test_images(self) -> None:
        for name, image in helpers.IMAGES.items():
            with self.subTest(name):
                sink = self.sink()
                stored = helpers.store(sink, image)
                path = os.path.join(self.dir, IMAGE)
                self.assertEqual('file://' + path, stored.url)
                self.assertEqual({'store': 'far'}, stored.metadata)
                self.assertEqual(len(image.content), sink.bytes_written)
                with open(path, 'rb') as stream:
                    self.assertEqual(image.content, stream.read())
                sink.abort()
                self.assertFalse(driver_sink.DriverSink.undo(
                    'far', IMAGE, self.options, []))
                self.assertTrue(driver_sink.DriverSink.undo(
                    'far', IMAGE, self.options, sink.marks))
                self.assertFalse(driver_sink.DriverSink.undo(
                    'far', IMAGE, self.options, sink.marks))
                self.assertEqual([], os.listdir(self.dir))

    def test_abort_at_every_call(self) -> None:
        threads = threading.active_count()
        for calls in range(5):
            with self.subTest(calls):
                sink = self.sink()
                if calls:
                    sink.begin(len(SMALL.content))
                    helpers.feed(sink, SMALL, calls - 1)
                sink.abort()
                sink.abort()
                if os.path.exists(self.dir):
                    self.assertEqual([], os.listdir(self.dir))
        waiting.until('no thread is left',
                      lambda: threading.active_count() <= threads)

    def test_duplicate_is_left_alone(self) -> None:
        os.mkdir(self.dir)
        path = os.path.join(self.dir, IMAGE)
        with open(path, 'wb') as stream:
            stream.write(b'theirs')
        sink = self.sink()
        self.assertRaises(exceptions.StoreDuplicate, sink.begin, 10)
        sink.abort()
        for created in ([], sink.marks, [sinks.since(time.time() + 3600)]):
            self.assertFalse(driver_sink.DriverSink.undo('far', IMAGE,
                                                         self.options,
                                                         created))
        with open(path, 'rb') as stream:
            self.assertEqual(b'theirs', stream.read())
        self.assertRaises(exceptions.StoreDuplicate,
                          driver_sink.DriverSink.absent,
                          'far', IMAGE, self.options)
        self.assertTrue(driver_sink.DriverSink.undo(
            'far', IMAGE, self.options, [sinks.since(time.time() - 3600)]))

    def test_incomplete_is_not_committed(self) -> None:
        sink = self.sink()
        sink.begin(len(SMALL.content))
        helpers.feed(sink, SMALL, 2)
        self.assertRaises(exceptions.InternalError, sink.commit)
        sink.abort()
        self.assertEqual([], os.listdir(self.dir))

    def test_misconfigured(self) -> None:
        cfg.CONF.reset()
        helpers.load_conf(
            '[DEFAULT]\nenabled_backends = far:file\n'
            '[far]\nfilesystem_store_datadir = /proc/nowhere\n',
            self.path, cfg.CONF)
        sink = self.sink()
        with self.assertRaisesRegex(exceptions.StoreError, 'configured'):
            sink.begin(10)
        sink.abort()
