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

import testtools

from glance_lifecycle.audit.hygiene import export_file

HEADER = export_file.Header('r1', 1_800_000_000, 3)
SIGNATURE = export_file.Signature('id-1', 'ab' * 32, b'signed')
DIGEST = export_file.digest(bytes(64))


class LinesTest(testtools.TestCase):

    def refused(self, parse: object, line: bytes) -> str:
        assert callable(parse)
        return str(self.assertRaises(export_file.Malformed, parse, line))

    def test_round_trip(self) -> None:
        self.assertEqual(HEADER, export_file.header(HEADER.dump()))
        self.assertIn(b'"time":"2027-01-15T08:00:00Z"', HEADER.dump())
        for signature in (None, SIGNATURE):
            made = export_file.Trailer(DIGEST, signature)
            self.assertEqual(made, export_file.trailer(made.dump()))

    def test_header(self) -> None:
        good = HEADER.dump()
        for old, new, said in (
                (b'"version":1', b'"version":2', 'a version'),
                (b'glance-lifecycle-export', b'other', 'no export'),
                (b'"ids":3', b'"ids":0', 'how many ids'),
                (b'"ids":3', b'"ids":-1', 'how many ids'),
                (b'"ids":3', b'"ids":true', 'how many ids'),
                (b'"ids":3', b'"ids":20000001', 'how many ids'),
                (b'"ids":3', b'"ids":3.0', 'how many ids'),
                (b'"ids":3', b'"ids":3,"ids":3', 'no export'),
                (b'"ids":3', b'"ids":3,"more":1', 'no export'),
                (b'"ids":3', b'"ids":NaN', 'no export'),
                (b'"r1"', b'""', 'printable'),
                (b'"r1"', b'"\\u001b[2J"', 'printable'),
                (b'"r1"', b'"%s"' % (b'x' * 201), 'printable'),
                (b'"r1"', b'1', 'printable'),
                (b'"r1"', b'"\\u0072\\u0031"', 'as it is written'),
                (b'2027-01-15', b'2027-1-15', 'as it is written'),
                (b'2027-01-15', b'2027-13-15', 'a time'),
                (b'\n', b' \n', 'as it is written'),
                (b'\n', b'', 'as it is written'),
                (b'\n', b' ' * 9000, 'no export'),
                (b'{', b'[' * 5000, 'no export'),
                (b'{', b'\xff', 'no export')):
            self.assertNotEqual(good, good.replace(old, new), new)
            self.assertIn(said, self.refused(
                export_file.header, good.replace(old, new)), str(new))

    def test_trailer(self) -> None:
        good = export_file.Trailer(DIGEST, SIGNATURE).dump()
        for old, new, said in (
                (b'sha3_512:', b'md5:', 'no digest'),
                (b'"id-1"', b'"../x"', 'no certificate'),
                (b'"id-1"', b'1', 'no certificate'),
                (b'abab', b'ABAB', 'no fingerprint'),
                (b'"c2lnbmVk"', b'"c2ln"\n', 'as it is written'),
                (b'"c2lnbmVk"', b'"c2lnbm V"', 'a signature'),
                (b'"c2lnbmVk"', b'""', 'a signature'),
                (b'"c2lnbmVk"', b'1', 'a signature'),
                (b'"signature":{', b'"signature":[],"x":{', 'cut off')):
            self.assertNotEqual(good, good.replace(old, new), new)
            self.assertIn(said, self.refused(
                export_file.trailer, good.replace(old, new)), str(new))
