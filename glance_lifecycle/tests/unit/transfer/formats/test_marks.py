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


import unittest

from securesystemslib import dsse

from glance_lifecycle import exceptions
from glance_lifecycle.signing import envelope
from glance_lifecycle.transfer.formats import marks


class CheckTest(unittest.TestCase):

    def reason(self, head: bytes, declared: str | None = None) -> str:
        """Why it is refused; '' if it is not."""
        try:
            marks.check('raw', head.ljust(512, b'\0'), declared)
        except exceptions.ImageRefused as error:
            return error.reason
        return ''

    def test_what_is_guessed(self) -> None:
        for mark in marks.MARKS:
            self.assertEqual('unsafe', self.reason(mark))
            # Only a beginning is.
            self.assertEqual('', self.reason(b'x' + mark))
        self.assertEqual('vmdk-type', self.reason(marks.VMDK_ESX))

    def test_statements(self) -> None:
        """What an attestation is a signature of, as an image."""
        signed = dsse.Envelope(b'{}', envelope.PAYLOAD_TYPE, {}).pae()
        self.assertEqual('unsafe', self.reason(signed))
        self.assertEqual('', self.reason(b'x' + signed))

    def test_ploop(self) -> None:
        for mark, guessed in marks.MARKS.items():
            self.assertEqual('' if guessed == 'parallels' else 'unsafe',
                             self.reason(mark, 'ploop'))

    def test_descriptors(self) -> None:
        for text in (b'version=1\n', b'# Disk DescriptorFile\nversion=1\n',
                     b'#\n \r\n\nVERSION=3\r\n'):
            self.assertEqual('vmdk-type', self.reason(text), text)
        for text in (b'', b'version=4\n', b'x\nversion=1\n', b'version=1'):
            self.assertEqual('', self.reason(text), text)


class TextTest(unittest.TestCase):

    def test_anywhere_in_a_text(self) -> None:
        for text in (b'version=1\n', b'<x/>\ncreatetype = "twoGbMaxExtent"'):
            with self.assertRaises(exceptions.ImageRefused) as caught:
                marks.check_text(text)
            self.assertEqual('vmdk-type', caught.exception.reason)
        marks.check_text(b'<Envelope>version=1</Envelope>')

    def test_descriptor_where_a_probe_sees_it(self) -> None:
        """Of lines without number, only the beginning is looked at."""
        version = b'version=1\n'
        with self.assertRaises(exceptions.ImageRefused):
            marks.check_text(version.rjust(marks.PROBED, b'\n'))
        marks.check_text(version.rjust(marks.PROBED + 1, b'\n'))
        with self.assertRaises(exceptions.ImageRefused):
            marks.check_text(b'\n' * 100000 + version + b'createType="x"\n')

    def test_what_is_shown_of_a_type(self) -> None:
        """It comes out of the image."""
        text = str(marks.vmdk_type('\x1b[31m' + 'a' * 99, ('sparse',)))
        self.assertIn('type 31m' + 'a' * 29 + ' is', text)
        self.assertIn('must be sparse.', text)
