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

import hashlib
import unittest

from glance_lifecycle.transfer.backends.s3 import tags

A, B = (hashlib.md5(one, usedforsecurity=False) for one in (b'a', b'b'))


class TagsTest(unittest.TestCase):

    def test_of_parts(self) -> None:
        joined = hashlib.md5(A.digest() + B.digest(), usedforsecurity=False)
        self.assertEqual(joined.hexdigest() + '-2', tags.of_parts(
            (A.hexdigest(), '"%s"' % B.hexdigest())))
        self.assertEqual(tags.UNKNOWN, tags.of_parts((A.hexdigest(), 'x')))

    def test_parts(self) -> None:
        for tag, count in (('"%s-3"' % A.hexdigest(), 3),
                           (A.hexdigest() + '-10000', 10000),
                           (A.hexdigest(), 0), ('', 0), ('unknown-2', 0),
                           (A.hexdigest() + '-0', 0),
                           (A.hexdigest() + '-', 0),
                           (A.hexdigest() + '-123456', 0),
                           (A.hexdigest() + '-3\n', 0)):
            self.assertEqual(count, tags.parts(tag), tag)

    def test_is_hidden(self) -> None:
        self.assertFalse(tags.is_hidden({}))
        self.assertFalse(tags.is_hidden({'ServerSideEncryption': 'AES256'}))
        for head in ({'ServerSideEncryption': 'aws:kms'},
                     {'ServerSideEncryption': 'aws:kms:dsse'},
                     {'SSECustomerAlgorithm': 'AES256'}):
            self.assertTrue(tags.is_hidden(head))
