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

"""Whose object it is."""

from typing import Any
import unittest

from glance_lifecycle.transfer.backends.s3 import tags
from glance_lifecycle.transfer.backends.s3 import undo

MARK = {'token': 'ours', 'size': 5, 'etag': 'abc-2'}


class IsOursTest(unittest.TestCase):

    def head(self, **other: Any) -> dict[str, Any]:
        return {'Metadata': {'lifecycle-transfer': 'ours'},
                'ContentLength': 5, 'ETag': '"abc-2"', **other}

    def test_ours(self) -> None:
        for mark, head in (
                (MARK, self.head()),
                # Its tag could not be foretold.
                ({**MARK, 'etag': tags.UNKNOWN}, self.head()),
                (MARK, self.head(ETag='"x"', ServerSideEncryption='aws:kms')),
                (MARK, self.head(ETag='"x"', SSECustomerAlgorithm='AES256'))):
            self.assertTrue(undo.is_ours(head, [{'token': 'x'}, mark]))

    def test_not_ours(self) -> None:
        for marks, head in (
                ([], self.head()),
                ([{'absent': True}], self.head()),
                # It was begun, and never asked to be completed.
                ([{'token': 'ours', 'begun': 1.0}], self.head()),
                ([MARK], self.head(Metadata={})),
                ([MARK], self.head(Metadata={'lifecycle-transfer': 'x'})),
                ([MARK], self.head(ContentLength=6)),
                ([MARK], self.head(ETag='"x"')),
                ([MARK], self.head(ETag='"x"',
                                   ServerSideEncryption='AES256'))):
            self.assertFalse(undo.is_ours(head, marks), (marks, head))
