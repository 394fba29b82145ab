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

"""The Swift sink on a real Swift."""

import io
import socket
import time
from typing import Any
from unittest import mock
import urllib.parse

from glance_store import exceptions as store_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import bad_network
from glance_lifecycle.tests.functional.stores import swift_case
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends.object_store import claim
from glance_lifecycle.transfer.backends.object_store \
    import marks as object_marks
from glance_lifecycle.transfer.backends.swift import service as swift_service
from glance_lifecycle.transfer.backends.swift import sink as swift_sink
from glance_lifecycle.transfer.backends.swift import undo as swift_undo
from glance_lifecycle.transfer import sink as sinks

IMAGE = swift_case.IMAGE
MIB = swift_case.MIB
SEGMENT = swift_case.SEGMENT
CONTAINER = swift_case.CONTAINER
THEIRS = '11111111-2222-4333-8444-555555555555'
CONTENT = helpers.Image(helpers.noise(3 * MIB + 13), 6 * MIB,
                        helpers.noise(2 * MIB), 77)
SECTION = '''
[ref1]
auth_address = {url}
user = glance:swift
key = 'swiftsecret'

[other]
auth_address = {url}
user = glance:swift
key = swiftsecret
user_domain_id = default
'''


class ContractTest(swift_case.SwiftTestCase):
    """Nobody can tell ours from the driver's."""

    def add_both(self, image: helpers.Image,
                 *options: str) -> tuple[Any, sinks.Stored]:
        """Add by the driver and by us, and compare all that can be seen."""
        driver, described = self.configure(*options)
        url, _size, _md5, _hash, metadata = driver.add(
            THEIRS, Unhurried(image.content), len(image.content), 'md5')
        stored = helpers.store(
            swift_sink.SwiftSink('one', IMAGE, described), image)
        container = self.container(driver, described)
        self.assertEqual(
            url.replace(THEIRS, IMAGE).replace('_111', '_6ef'), stored.url)
        self.assertEqual(metadata, stored.metadata)
        ours = self.container(driver, described, IMAGE)
        self.assertEqual(self.names_of(THEIRS, container),
                         self.names_of(IMAGE, ours))
        for suffix in self.names_of(IMAGE, ours):
            self.assertEqual(
                self.head(THEIRS + suffix, container),
                {key: value.replace(IMAGE, THEIRS).replace('_6ef', '_111')
                 for key, value in self.head(IMAGE + suffix, ours).items()})
        self.assertEqual(image.content, self.stored(ours))
        driver.delete(self.where(driver, url))
        return driver, stored

    def container(self, driver: Any, described: dict[str, Any],
                  image: str = THEIRS) -> str:
        return str(driver.get_container_name(image, described['container']))

    def names_of(self, image: str, container: str) -> list[str]:
        return [name.removeprefix(image) for name in self.names(container)
                if name.startswith(image)]

    def section_file(self) -> str:
        path = self.path / 'swift-store.conf'
        path.write_text(SECTION.format(url=self.swift.identity.url))
        return str(path)

    def test_options(self) -> None:
        segmented = ('swift_store_large_object_size = 2',
                     'swift_store_large_object_chunk_size = 1')
        config = f'swift_store_config_file = {self.section_file()}'
        for options in (
                (), segmented,
                ('swift_store_container = new name/x'.replace('/x', ''),
                 'swift_store_create_container_on_put = true', *segmented),
                ('swift_store_multiple_containers_seed = 3',
                 'swift_store_create_container_on_put = true', *segmented),
                (config, 'default_swift_reference = ref1', *segmented),
                (config, 'default_swift_reference = other'),
                ('swift_store_endpoint = ' +
                 self.swift.url + '/v1/AUTH_glance',),
                ('swift_store_region = R',)):
            with self.subTest(options):
                # A multiple of the chunk: the driver hangs otherwise.
                image = helpers.Image(helpers.noise(3 * 1024000 + 13),
                                      2 * 1024000 - 13)
                driver, stored = self.add_both(image, *options)
                driver.delete(self.where(driver, stored.url))
        self.assert_nothing_left()

    def test_sizes(self) -> None:
        for name, image in helpers.IMAGES.items():
            # Without bytes, the driver makes a manifest without segments.
            if image.content:
                with self.subTest(name):
                    driver, stored = self.add_both(image)
                    driver.delete(self.where(driver, stored.url))
        self.assert_nothing_left()

    def test_the_driver_reads_and_deletes_ours(self) -> None:
        for image, segmented in ((CONTENT, True), (CONTENT, False),
                                 (helpers.Image(), False)):
            with self.subTest(len(image.content), segmented=segmented):
                driver, described = self.configure()
                if segmented:
                    described |= {'single_below': 1, 'segment_size': SEGMENT}
                stored = helpers.store(swift_sink.SwiftSink(
                    'one', IMAGE, described), image)
                self.assertEqual(segmented, len(self.names()) > 1)
                where = self.where(driver, stored.url)
                chunks, size = driver.get(where)
                self.assertEqual(image.content, b''.join(chunks))
                self.assertEqual(len(image.content), size)
                driver.delete(where)
                self.assert_nothing_left()
                self.assertRaises(store_exceptions.NotFound, driver.delete,
                                  where)

    def test_the_driver_s_is_not_overwritten(self) -> None:
        driver, described = self.configure()
        url = driver.add(IMAGE, io.BytesIO(b'theirs'), 6, 'md5')[0]
        sink = swift_sink.SwiftSink('one', IMAGE, described)
        with self.assertRaisesRegex(exceptions.StoreDuplicate, IMAGE):
            sink.begin(MIB)
        sink.abort()
        self.assertEqual(b'theirs', self.stored())
        driver.delete(self.where(driver, url))

    def test_reference_that_the_driver_would_lose(self) -> None:
        with self.assertRaisesRegex(exceptions.ConfigurationError,
                                    'default_swift_reference'):
            self.describe(f'swift_store_config_file = {self.section_file()}')


class Unhurried(io.BytesIO):
    """A source as Glance gives it: it never returns more than 64 KiB."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, 65536) if size and size > 0 else size)


class Late:
    """A request that stores an object, of which Swift has all but the body.

    Its time is the one at which the proxy began with it: before this has
    returned.
    """

    BODY = b'late'

    def __init__(self, client: Any, name: str, token: str) -> None:
        url, auth = client.get_auth()
        parsed = urllib.parse.urlsplit(url)
        self._socket = socket.create_connection(
            (parsed.hostname, parsed.port), timeout=waiting.BOUND)
        self._socket.sendall((
            f'PUT {parsed.path}/{CONTAINER}/{name} HTTP/1.1\r\n'
            f'Host: {parsed.netloc}\r\nX-Auth-Token: {auth}\r\n'
            f'X-Object-Meta-{object_marks.METADATA}: {token}\r\n'
            f'X-Object-Meta-Lifecycle-Host: {claim.scope()}\r\n'
            f'If-None-Match: *\r\nContent-Length: {len(self.BODY)}\r\n'
            'Expect: 100-continue\r\n\r\n').encode())
        self._answers = self._socket.makefile('rb')
        self._expect(b' 100 ')
        self._answers.readline()

    def _expect(self, status: bytes) -> None:
        line = self._answers.readline()
        if status not in line:
            raise AssertionError(f'{status!r} not in {line!r}')

    def arrive(self) -> None:
        """The service has all of it, and says that it is stored."""
        self._socket.sendall(self.BODY)
        self._expect(b' 201 ')

    def close(self) -> None:
        self._answers.close()
        self._socket.close()


class StoreTest(swift_case.SwiftTestCase):

    def tearDown(self) -> None:
        self.assert_nothing_left()
        super().tearDown()

    def begun(self, image: helpers.Image,
              *options: str, **other: Any) -> swift_sink.SwiftSink:
        sink = self.sink(*options, **other)
        sink.begin(len(image.content), image.data_size)
        helpers.feed(sink, image)
        return sink

    def test_lengths_of_segments(self) -> None:
        self.begun(CONTENT).commit()
        size, last = divmod(len(CONTENT.content), SEGMENT)
        listed = self.client.get_container(CONTAINER, prefix=IMAGE + '-')[1]
        self.assertEqual([SEGMENT] * size + [last],
                         [one['bytes'] for one in listed])
        self.assertEqual(f'{CONTAINER}/{IMAGE}-', self.client.head_object(
            CONTAINER, IMAGE)['x-object-manifest'])
        self.assertTrue(self.undo())

    def test_it_came_meanwhile(self) -> None:
        """Somebody else stores the same image while we do."""
        for image in (CONTENT, helpers.Image(b'small')):
            with self.subTest(len(image.content)):
                sink = self.begun(image)
                self.client.put_object(CONTAINER, IMAGE, b'theirs')
                self.assertRaises(exceptions.StoreDuplicate, sink.commit)
                sink.abort()
                self.assertFalse(self.undo())
                self.assertEqual(b'theirs', self.stored())
                self.client.delete_object(CONTAINER, IMAGE)

    def test_a_segment_came_meanwhile(self) -> None:
        """Neither overwritten, nor made a part of the image."""
        sink = self.begun(CONTENT, timeout=10)
        self.client.put_object(CONTAINER, IMAGE + '-99998', b'theirs')
        with self.assertRaisesRegex(exceptions.StoreError,
                                    '-99998 would become part'):
            sink.commit()
        sink.abort()
        self.assertFalse(self.undo())
        self.assertEqual([IMAGE + '-99998'], self.names())
        self.client.delete_object(CONTAINER, IMAGE + '-99998')

    def test_a_segment_vanished(self) -> None:
        sink = self.begun(CONTENT, timeout=10)
        self.client.delete_object(CONTAINER, IMAGE + '-00003')
        with self.assertRaisesRegex(exceptions.StoreError,
                                    '-00003 is missing'):
            sink.commit()
        sink.abort()

    def put_segments(self, **headers: str) -> list[str]:
        names = [f'{IMAGE}-{number:05}' for number in range(1, 60)]
        for name in names:
            self.client.put_object(CONTAINER, name, b'old', headers={
                f'X-Object-Meta-Lifecycle-{key}': value
                for key, value in headers.items()})
        return names

    def test_segments_of_an_earlier_transfer(self) -> None:
        """Longer than ours: they would become its end.

        Its journal is lost, but it ran on this host, where nobody writes
        the image now.
        """
        self.put_segments(Transfer='lost', Host=claim.scope())
        self.begun(CONTENT).commit()
        self.assertEqual(CONTENT.content, self.stored())
        self.assertTrue(self.undo())

    def test_segments_of_another_host(self) -> None:
        """It may be alive: they stay, until they are a day old."""
        names = self.put_segments(Transfer='lost', Host='another')
        sink = self.sink()
        with self.assertRaisesRegex(exceptions.StoreDuplicate,
                                    '-00001 in container glance: another'):
            sink.begin(len(CONTENT.content))
        sink.abort()
        self.assertFalse(self.undo())
        self.assertEqual(names, self.names())
        before = swift_undo.ABANDONED
        swift_undo.ABANDONED = -3600.0
        self.addCleanup(setattr, swift_undo, 'ABANDONED', before)
        self.begun(CONTENT).commit()
        self.assertTrue(self.undo())

    def test_segments_of_the_stock_driver(self) -> None:
        """However old they are, only its dead task vouches for them."""
        names = self.put_segments()
        before = swift_undo.ABANDONED
        swift_undo.ABANDONED = -3600.0
        self.addCleanup(setattr, swift_undo, 'ABANDONED', before)
        sink = self.sink()
        self.assertRaises(exceptions.StoreDuplicate, sink.begin,
                          len(CONTENT.content))
        sink.abort()
        # An image of one object does not touch them.
        self.begun(helpers.Image(b'small')).commit()
        self.assertTrue(self.undo())
        # In the second in which the last of them was made, or the next.
        mark = swift_sink.SwiftSink.absent('one', IMAGE, self.options())
        self.created.append(mark)
        self.created.append(sinks.since(time.time() + 3600))
        self.assertFalse(self.undo())
        self.assertEqual(names, self.names())
        waiting.until('its second is over', lambda: (
            object_marks.service_time(self.client.head_account()['date']) >=
            mark[sinks.BEGUN]))
        self.client.put_object(CONTAINER, IMAGE + '-00060', b'new')
        self.assertTrue(self.undo())
        self.assertEqual(names, self.names())
        self.created.append(sinks.since(time.time() - 3600))
        self.assertTrue(self.undo())

    def test_a_foreign_segment_is_refused_and_kept(self) -> None:
        """Neither does abort remove it, whose request it refused."""
        sink = self.sink()
        sink.begin(len(CONTENT.content))
        self.client.put_object(CONTAINER, IMAGE + '-00002', b'theirs')
        with self.assertRaises(exceptions.StoreDuplicate):
            helpers.feed(sink, CONTENT)
            sink.commit()
        sink.abort()
        self.assertFalse(self.undo())
        self.assertEqual([IMAGE + '-00002'], self.names())
        self.client.delete_object(CONTAINER, IMAGE + '-00002')

    def test_a_foreign_manifest_over_foreign_segments(self) -> None:
        """Another Glance's whole image, while our journal is still there."""
        self.begun(CONTENT).commit()
        created = list(self.created)
        self.assertTrue(self.undo())
        other = swift_sink.SwiftSink('one', IMAGE, self.options())
        helpers.store(other, CONTENT)
        self.assertFalse(self.undo())
        self.assertEqual(CONTENT.content, self.stored())
        self.created[:] = [{'token': other.marks[0]['token']}]
        self.assertNotEqual(created, self.created)
        self.assertTrue(self.undo())

    def test_others_are_left_alone(self) -> None:
        others = [IMAGE + '-abcde', IMAGE + '-1', IMAGE + '-x-00001',
                  IMAGE[:-1] + '-00001']
        for name in others:
            self.client.put_object(CONTAINER, name, b'theirs')
        self.assertFalse(self.undo())
        self.begun(helpers.Image(b'small')).commit()
        self.assertTrue(self.undo())
        self.assertEqual(sorted(others), sorted(self.names()))
        # As part of a segmented image they would do harm.
        sink = self.begun(CONTENT, timeout=10)
        with self.assertRaisesRegex(exceptions.StoreError, 'would become'):
            sink.commit()
        sink.abort()
        for name in others:
            self.client.delete_object(CONTAINER, name)

    def test_the_first_cause_is_told(self) -> None:
        """Not what goes wrong when we look whether it was made after all.
        """
        sink = self.begun(CONTENT)
        first, second = (exceptions.StoreError(store='one', detail=text)
                         for text in ('first', 'second'))
        with (mock.patch.object(swift_service.Service, 'put_manifest',
                                side_effect=first),
              mock.patch.object(swift_service.Service, 'find',
                                side_effect=[None, second]),
              self.assertRaises(exceptions.StoreError) as caught):
            sink.commit()
        self.assertIs(first, caught.exception)
        sink.abort()
        self.assertFalse(self.undo())

    def test_undo_without_container(self) -> None:
        self.assertFalse(self.undo('swift_store_container = nowhere'))
        self.begun(CONTENT).commit()
        with self.assertRaisesRegex(exceptions.StoreError,
                                    'no container nowhere any more'):
            self.undo('swift_store_container = nowhere')
        self.assertTrue(self.undo())

    def late(self, number: int, *, token: str) -> 'Late':
        """A request of a dead transfer; 0 for the image itself."""
        name = f'{IMAGE}-{number:05}' if number else IMAGE
        late = Late(self.client, name, token)
        self.addCleanup(late.close)
        return late

    def test_a_segment_arrives_after_undo(self) -> None:
        """Its sender was killed, and the cluster takes its time.

        As a segment it would become the end of the next import.
        """
        for stored, late in (((), (1, 2)), ((1,), (2, 3)), ((1, 3), (2,)),
                             ((1, 2), (3,))):
            with self.subTest(stored=stored, late=late):
                token = object_marks.new_token()
                self.created[:] = [
                    {object_marks.TOKEN: token},
                    swift_undo.asked_for(token, segments=True)]
                for number in stored:
                    self.late(number, token=token).arrive()
                self.assertEqual(len(stored), len(self.names()))
                under_way = [self.late(n, token=token) for n in late]
                self.assertEqual(bool(stored), self.undo())
                for one in under_way:
                    one.arrive()
                self.assert_nothing_left()
                for number in (*stored, *late):
                    self.assertIsNone(self.stored(
                        name=f'{IMAGE}-{number:05}'))
        # And there is room for the next import.
        self.begun(CONTENT).commit()
        self.assertEqual(CONTENT.content, self.stored())
        self.assertTrue(self.undo())

    def test_an_image_arrives_after_undo(self) -> None:
        token = object_marks.new_token()
        late = self.late(0, token=token)
        self.created[:] = [{object_marks.TOKEN: token},
                           swift_undo.asked_for(token, segments=False)]
        self.assertFalse(self.undo())
        late.arrive()
        self.assert_nothing_left()
        self.assertIsNone(self.stored())

    def test_what_others_are_sending_arrives(self) -> None:
        """Their image, and the segments after those that they have."""
        self.late(1, token='theirs').arrive()
        token = object_marks.new_token()
        self.created[:] = [{object_marks.TOKEN: token},
                           swift_undo.asked_for(token, segments=True)]
        theirs = [self.late(n, token='theirs') for n in (0, 2, 3)]
        self.assertFalse(self.undo())
        for one in theirs:
            one.arrive()
        names = [IMAGE, *(f'{IMAGE}-{n:05}' for n in (1, 2, 3))]
        self.assertEqual(names, self.names())
        for name in names:
            self.client.delete_object(CONTAINER, name)

    def test_a_segment_arrives_after_abort(self) -> None:
        """The answer to a whole request was lost."""
        sink = self.begun(CONTENT)
        waiting.until('all but the last are stored', lambda: len(
            self.names()) == len(CONTENT.content) // SEGMENT + 1)
        upload = sink._under_way[-1]
        self.assertEqual(0, upload.stream.missing)
        self.client.delete_object(CONTAINER, upload.object)
        late = self.late(int(upload.object[-5:]), token=sink._token)
        sink.abort()
        late.arrive()
        self.assert_nothing_left()

    def test_quota(self) -> None:
        self.client.post_container(CONTAINER, {
            'X-Container-Meta-Quota-Bytes': str(MIB)})
        sink = self.sink()
        with self.assertRaisesRegex(exceptions.StoreFull,
                                    'the quota of the container leaves'):
            sink.begin(2 * MIB)
        sink.abort()
        sink = self.sink()
        sink.begin(MIB)
        # Used up by others meanwhile.
        self.client.put_object(CONTAINER, 'big', b'x' * (MIB - 1000))
        with self.assertRaisesRegex(exceptions.StoreFull, 'quota'):
            sink.write(0, memoryview(helpers.noise(MIB)))
            sink.commit()
        sink.abort()
        self.client.delete_object(CONTAINER, 'big')

    def test_quota_of_the_account(self) -> None:
        root = self.swift.client('root')
        root.post_account({'X-Account-Meta-Quota-Bytes': '1000'})
        try:
            sink = self.sink()
            with self.assertRaisesRegex(exceptions.StoreFull,
                                        'the quota of the account leaves'):
                sink.begin(MIB)
            sink.abort()
        finally:
            root.post_account({'X-Account-Meta-Quota-Bytes': ''})

    def test_tokens(self) -> None:
        """One is enough; one that was revoked is replaced."""
        before = self.swift.identity.tokens
        sink = self.begun(CONTENT)
        self.assertEqual(before + 1, self.swift.identity.tokens)
        assert sink._service is not None
        sink._service.account._session.auth.auth_ref._auth_token = 'revoked'
        sink.commit()
        self.assertEqual(before + 2, self.swift.identity.tokens)
        self.assertEqual(CONTENT.content, self.stored())
        self.assertTrue(self.undo())

    def test_a_byte_changes_on_its_way(self) -> None:
        needle = b'abcdefghijklmnop'
        network = bad_network.BadNetwork(
            int(self.swift.url.rpartition(':')[2]))
        network.setUp()
        self.addCleanup(network.cleanUp)
        network.flip = needle
        endpoint = f'swift_store_endpoint = {network.url}/v1/AUTH_glance'
        for image in (helpers.Image(needle * (3 * SEGMENT // len(needle))),
                      helpers.Image(needle, 5, needle)):
            network.flips = 1
            sink = self.sink(endpoint)
            with self.assertRaisesRegex(exceptions.StoreError,
                                        'is not what was sent'):
                helpers.store(sink, image)
            sink.abort()
            self.assert_nothing_left()
