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

"""What an image says it was made of, whoever wrote that."""

import json
from typing import Any
import unittest

from glance_lifecycle.audit.duplicates import sources
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import envelope
from glance_lifecycle.tests.unit.audit.duplicates import helpers


def attested(subject: Any) -> str:
    """By nobody: its owner wrote the property."""
    payload = json.dumps({
        '_type': 'https://in-toto.io/Statement/v1', 'subject': subject,
        'predicate': {}, 'predicateType': attestation.PREDICATE_TYPE})
    return envelope.Envelope(payload.encode(), 'a', b'x').dump()


class SourcesTest(unittest.TestCase):

    def test_one_property_ends_no_listing(self) -> None:
        others: list[Any] = [
            ['\ud800'], [{'\ud800': 1}], [{'name': '\ud800'}], '\ud800',
            {'\udfff': []}, [None], None]
        for subject in others:
            self.assertEqual('', sources.of(helpers.Image(
                'image-1', attestation=attested(subject))))
