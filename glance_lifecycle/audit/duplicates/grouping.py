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

"""Images that have the same bytes, however many images there are.

They are sorted by what tells their bytes, in a file where they are many, see
``hygiene.sorting``.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import hashlib
import json
from typing import NamedTuple

from glance_lifecycle.audit.duplicates import links
from glance_lifecycle.audit.duplicates import members
from glance_lifecycle.audit.hygiene import packing
from glance_lifecycle.audit.hygiene import sorting

Why = links.Why

# Largest first: numbers that are sorted as text.
_MOST_BYTES = 10 ** 24
_DIGITS = 25

# Images of one content that can be read, should the first not be there.
_READERS = 3


class Group(NamedTuple):
    """Images that are the same.

    :ivar name: stays what it is as long as the bytes do
    :ivar why: what tells, in the order of ``Why``
    :ivar members: the oldest first
    """

    name: str
    why: tuple[Why, ...]
    members: tuple[members.Member, ...]

    @property
    def back(self) -> int:
        """Bytes that would come back, at most, if only one image stayed."""
        held = [one.held for one in self.members]
        return sum(held) - max(held)

    @property
    def projects(self) -> int:
        return len({one.project for one in self.members})


class Candidate(NamedTuple):
    """One content of raw images, of which others are as large.

    :ivar algorithm: empty, as the digest, where there is no hash
    :ivar image_ids: some that have it
    :ivar size: bytes
    """

    content: str
    algorithm: str
    digest: str
    image_ids: tuple[str, ...]
    size: int = 0


class Grouping:
    """Filled with images, then joined by what else is known, then read.

    :param deep: ``candidates`` will be asked for
    :ivar contradictory: uploads of which images were made whose hashes, of
        one algorithm, say that they are not the same
    """

    def __init__(self, deep: bool = False, held: int = sorting.HELD) -> None:
        self._deep = deep
        self._held = held
        self._contents = sorting.Lines(held)
        self._sources = sorting.Lines(held)
        self._raw = sorting.Lines(held)
        self._links = links.Links()
        self.contradictory = 0

    def add(self, image: members.Image, member: members.Member,
            source: str) -> None:
        """:param source: see ``sources``"""
        content = members.content(image)
        self._contents.add(packing.key(content), members.pack(member))
        if source:
            self._sources.add(packing.key(source), members.dump(
                (content, image.algorithm)))
        if self._deep and image.disk_format == 'raw':
            self._raw.add(packing.key('%d' % image.size), members.dump(
                (content, image.algorithm, image.digest, image.id)))

    def join_sources(self) -> None:
        """What was made of the same upload is the same."""
        for _key, lines, _none in sorting.groups(self._sources, ()):
            algorithms = dict(map(json.loads, lines))
            if len(algorithms) < 2:
                continue
            if len(set(algorithms.values())) < len(algorithms):
                self.contradictory += 1
            else:
                self._links.join(algorithms, Why.SOURCE)

    def candidates(self) -> Iterator[list[Candidate]]:
        """Contents of one size that may be the same, and no hash tells."""
        for key, lines, _none in sorting.groups(self._raw, ()):
            algorithms = {json.loads(line)[1] for line in lines}
            if algorithms != {''} and len(algorithms) == 1:
                # Then their hashes tell.
                continue
            found: dict[str, Candidate] = {}
            for line in lines:
                content, algorithm, digest, image_id = json.loads(line)
                known = found.get(content)
                if known is None:
                    found[content] = Candidate(
                        content, algorithm, digest, (image_id,),
                        int(json.loads(key)))
                elif len(known.image_ids) < _READERS:
                    found[content] = known._replace(
                        image_ids=(*known.image_ids, image_id))
            if len(found) > 1:
                yield list(found.values())

    def join(self, contents: Sequence[str]) -> None:
        """They were read, and are the same."""
        self._links.join(contents, Why.CONTENT)

    def groups(self) -> Iterator[Group]:
        """Those with the most bytes that would come back first."""
        ordered, linked = sorting.Lines(self._held), sorting.Lines(self._held)
        try:
            for key, lines, _none in sorting.groups(self._contents, ()):
                if len(lines) == 1 and not self._links:
                    continue
                content = str(json.loads(key))
                if content in self._links:
                    top = self._links.top(content)
                    for line in lines:
                        # It tells whether Glance's hash does, too.
                        linked.add(packing.key(top), key + b'\t' + line)
                elif len(lines) > 1:
                    _put(ordered, content, (Why.HASH,), lines)
            for key, lines, _none in sorting.groups(linked, ()):
                top = str(json.loads(key))
                parts = [line.partition(b'\t') for line in lines]
                reasons = self._links.why(top)
                if len({part[0] for part in parts}) < len(parts):
                    reasons |= {Why.HASH}
                _put(ordered, top, [one for one in Why if one in reasons],
                     [part[2] for part in parts])
            for key, lines, _none in sorting.groups(ordered, ()):
                _number, name, why = json.loads(key).split(' ')
                yield Group(name, tuple(map(Why, why.split(','))), tuple(
                    sorted(map(members.unpack, lines))))
        finally:
            ordered.close()
            linked.close()

    def close(self) -> None:
        for lines in (self._contents, self._sources, self._raw):
            lines.close()


def _put(ordered: sorting.Lines, content: str, why: Sequence[Why],
         lines: Sequence[bytes]) -> None:
    name = hashlib.sha256(content.encode()).hexdigest()[:12]
    group = Group(name, tuple(why), tuple(map(members.unpack, lines)))
    key = packing.key('%0*d %s %s' % (
        _DIGITS, max(_MOST_BYTES - group.back, 0), name, ','.join(why)))
    for line in lines:
        ordered.add(key, line)
