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


"""JSON that is longer than memory should be: lists are written row by row."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import json
from typing import Any


def mapping(whole: Mapping[str, Any], lists: Mapping[str, Iterable[Any]]
            ) -> Iterator[str]:
    """The text of one mapping, piece by piece.

    :param whole: what is written as it is; one key or more
    :param lists: keys -> rows, each of which gets a line
    """
    yield json.dumps(whole, indent=2).removesuffix('\n}')
    for name, rows in lists.items():
        yield ',\n  %s: [' % json.dumps(name)
        between = '\n    '
        for row in rows:
            yield between + json.dumps(row)
            between = ',\n    '
        yield '\n  ]'
    yield '\n}\n'
