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

"""Contents that no hash compares are read, each once."""

import collections
from collections.abc import Callable
from collections.abc import Sequence

from glance_lifecycle.audit.duplicates import grouping

#: What is computed unless most of the others have another one already.
USUAL = 'sha512'
_STRONG = ('sha512', 'sha384', 'sha256')

#: From an image and an algorithm to the digest of its bytes; empty where none
#: of its copies can be read.
Read = Callable[[str, str], str]


def same(candidates: Sequence[grouping.Candidate], read: Read
         ) -> list[list[str]]:
    """Contents of one size that have the same bytes, two or more each."""
    algorithm = _algorithm(candidates)
    found: dict[str, list[str]] = collections.defaultdict(list)
    for one in candidates:
        digest = one.digest if one.algorithm == algorithm else next(
            filter(None, (read(image_id, algorithm)
                          for image_id in one.image_ids)), '')
        if digest:
            found[digest].append(one.content)
    return [contents for contents in found.values() if len(contents) > 1]


def joined(found: grouping.Grouping, read: Read) -> None:
    """Join all of a grouping that turn out to be the same."""
    for candidates in found.candidates():
        for contents in same(candidates, read):
            found.join(contents)


def total(found: grouping.Grouping) -> int:
    """Bytes that ``joined`` reads, if the first image of each can be read."""
    return sum(one.size for candidates in found.candidates()
               for one in candidates
               if one.algorithm != _algorithm(candidates))


def _algorithm(candidates: Sequence[grouping.Candidate]) -> str:
    """That which needs the fewest to be read."""
    known = collections.Counter(one.algorithm for one in candidates)
    return max(_STRONG, key=lambda one: (known[one], one == USUAL))
