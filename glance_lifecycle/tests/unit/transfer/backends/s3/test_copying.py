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

"""What services may answer that the real ones of the tests never do."""

from typing import Any
import unittest
from unittest import mock

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.s3 import copying
from glance_lifecycle.transfer.backends.s3 import tags

MIB = 1024 * 1024
PART = 'a' * 32
OF_PARTS = '"%s"' % tags.of_parts([PART] * 4)


def head(size: int = 30 * MIB, tag: str = OF_PARTS, **other: Any
         ) -> dict[str, Any]:
    return {'ContentLength': size, 'ETag': tag, 'Metadata': {},
            'ContentType': 'x', **other}


class Service:
    """Answers what it is given to say."""

    store, bucket, pacing = 'one', 'images', None

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            'create_multipart_upload': {'UploadId': 'u'},
            'upload_part_copy': {'CopyPartResult': {'ETag': PART}},
            **answers}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.patience = mock.Mock(silent=False)

    def find(self, key: str) -> Any:
        return self.answers['find'].pop(0)

    def call(self, doing: str, operation: str, **arguments: Any) -> Any:
        self.asked.append((operation, arguments))
        answer = self.answers.get(operation, {})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def has_refused(self, error: exceptions.StoreError) -> bool:
        return 'refused' in str(error)

    def abort_upload(self, key: str, upload: str) -> bool:
        self.asked.append(('abort', {'UploadId': upload}))
        return True

    def sizes(self) -> list[str]:
        return [one['CopySourceRange'] for name, one in self.asked
                if name == 'upload_part_copy']

    def operations(self) -> list[str]:
        return [name for name, _one in self.asked]


class CopyingTest(unittest.TestCase):

    def made(self, **answers: Any) -> copying.Copying:
        self.service = Service(**answers)
        self.removed = True

        def remove(key: str, found: dict[str, Any]) -> bool:
            self.service.asked.append(('remove', {'Key': key, **found}))
            return self.removed

        found = copying.Copying(
            self.service, {'part_size': 8 * MIB, 'url': ''},  # type: ignore
            remove)
        found._patient = self.service  # type: ignore[assignment]
        return found

    def copy(self, source: dict[str, Any], at_once: bool = False,
             **answers: Any) -> bool:
        made = self.made(**answers)
        if not at_once:
            made.largest = 16 * MIB
        return made.copy('key', source, 'to', trial=True)[1]

    def refused(self, text: str = 'refused') -> exceptions.StoreError:
        return exceptions.StoreError(store='one', detail=text)

    def test_parts_told(self) -> None:
        """Amazon tells the size of a part."""
        self.assertTrue(self.copy(head(), find=[head()], head_object={
            'PartsCount': 4, 'ContentLength': 9 * MIB}))
        self.assertEqual('bytes=0-%d' % (9 * MIB - 1),
                         self.service.sizes()[0])
        self.assertEqual('bytes=%d-%d' % (27 * MIB, 30 * MIB - 1),
                         self.service.sizes()[3])

    def test_parts_guessed(self) -> None:
        for answer in (self.refused(), {'ContentLength': 30 * MIB},
                       {'PartsCount': 7, 'ContentLength': 9 * MIB}):
            self.assertTrue(self.copy(head(), find=[head()],
                                      head_object=answer))
            self.assertEqual(4, len(self.service.sizes()))
        # Nobody configured this size.
        tag = '"%s"' % tags.of_parts([PART] * 6)
        self.assertTrue(self.copy(head(tag=tag), find=[head(tag=tag)]))
        self.assertEqual('bytes=0-%d' % (5 * MIB - 1),
                         self.service.sizes()[0])

    def test_no_answer(self) -> None:
        with self.assertRaises(exceptions.StoreError):
            self.copy(head(), head_object=self.refused('away'))

    def test_abandoned(self) -> None:
        with self.assertRaises(exceptions.StoreError):
            self.copy(head(), upload_part_copy=self.refused())
        self.assertEqual('abort', self.service.operations()[-1])

    def test_another(self) -> None:
        for found in (head(size=30 * MIB - 1), head(tag='"x"'),
                      head(ContentType='y'), head(Metadata={'a': 'b'}),
                      head(TagCount=1), head(StorageClass='COLD'), None):
            self.assertFalse(self.copy(head(), find=[found]))

    def test_what_was_copied(self) -> None:
        """An original in one piece has no tag of parts."""
        self.assertTrue(self.copy(
            head(tag='"%s"' % PART), find=[head(tag='"%s"' % tags.of_parts(
                [PART]))]))
        self.assertFalse(self.copy(
            head(tag='"%s"' % PART), find=[head(tag='"%s"' % tags.of_parts(
                ['b' * 32]))]))

    def test_hidden(self) -> None:
        """Whose tags say nothing, of that nobody knows a copy."""
        source = head(tag='"%s"' % PART, ServerSideEncryption='aws:kms')
        for at_once in (True, False):
            self.assertFalse(self.copy(source, at_once, find=[
                {**source, 'ETag': '"%s"' % tags.of_parts([PART])}]))

    def test_tags_anew(self) -> None:
        """At once first; and if that has another tag, in parts."""
        self.assertTrue(self.copy(head(), True, find=[
            head(tag='"%s"' % PART), head()]))
        self.assertEqual(['copy_object', 'remove', 'head_object'],
                         self.service.operations()[:3])
        # What was tried is removed, and nothing else: a bucket that keeps
        # versions would show it when the good one goes.
        self.assertEqual({'Key': 'to', **head(tag='"%s"' % PART)},
                         self.service.asked[1][1])
        self.assertTrue(self.copy(head(), True, find=[head()],
                                  list_objects_v2={'Contents': [
                                      {'Key': 'to', 'ETag': OF_PARTS}]}))
        self.assertEqual(['copy_object', 'list_objects_v2'],
                         self.service.operations())
        # It lists another than it tells.
        self.assertTrue(self.copy(head(), True, find=[head(), head()]))
        self.assertIn('upload_part_copy', self.service.operations())

    def test_tried_and_changed(self) -> None:
        """What has its place by now is not what was tried."""
        made = self.made(find=[head(tag='"%s"' % PART)])
        self.removed = False
        self.assertFalse(made.copy('key', head(), 'to', trial=True)[1])
        self.assertNotIn('create_multipart_upload',
                         self.service.operations())

    def test_no_trial(self) -> None:
        """Under an image's own name is never what nobody has tried."""
        made = self.made(find=[head()])
        self.assertTrue(made.copy('key', head(), 'to', trial=False)[1])
        self.assertNotIn('copy_object', self.service.operations())
        # What came in one piece has its tag at once, everywhere.
        one = head(tag='"%s"' % PART)
        made = self.made(find=[one])
        self.assertTrue(made.copy('key', one, 'to', trial=False)[1])
        self.assertEqual(['copy_object'], self.service.operations())

    def test_tried(self) -> None:
        """After a trial, it is known."""
        made = self.made(find=[head(), head()], list_objects_v2={
            'Contents': [{'Key': 'to', 'ETag': OF_PARTS}]})
        for trial in (True, False):
            self.assertTrue(made.copy('key', head(), 'to', trial=trial)[1])
        self.assertEqual(['copy_object', 'list_objects_v2'] * 2,
                         self.service.operations())
