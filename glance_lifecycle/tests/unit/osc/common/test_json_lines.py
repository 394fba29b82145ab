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


"""What is written row by row is JSON, and what it was."""

import json
import unittest

from glance_lifecycle.osc.common import json_lines


class JsonLinesTest(unittest.TestCase):

    def test_mapping(self) -> None:
        rows = [{'a': 1, 'b': 'x\n"'}, {'a': None}]
        text = ''.join(json_lines.mapping(
            {'version': 1, 'table': {'c': []}},
            {'rows': iter(rows), 'none': ()}))
        self.assertEqual({'version': 1, 'table': {'c': []}, 'rows': rows,
                          'none': []}, json.loads(text))
        self.assertIn('\n    {"a": null}\n', text)
