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

"""When a cluster can copy by itself. The rest needs a cluster."""

from typing import Any
import unittest

from glance_lifecycle.transfer.backends.rbd import server_side


class PossibleTest(unittest.TestCase):

    def possible(self, *, target: dict[str, Any] | None = None,
                 **source: Any) -> bool:
        options = {'pool': 'a', 'user': 'glance', 'conf_file': '/c',
                   'order': 23, 'timeout': 5}
        return server_side.possible(
            {'store': 's', 'image': 'i', 'snapshot': 'snap', 'fsid': 'f',
             'options': options, **source},
            {**options, 'pool': 'b', 'order': 22, **(target or {})})

    def test_possible(self) -> None:
        self.assertTrue(self.possible())
        self.assertFalse(self.possible(target={'user': 'other'}))
        self.assertFalse(self.possible(target={'conf_file': '/d'}))
        # An old location names neither cluster nor snapshot.
        self.assertFalse(self.possible(fsid='', snapshot=''))
