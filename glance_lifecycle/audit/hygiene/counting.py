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

"""What is counted, and not listed one by one: it may be millions."""

import collections
from collections.abc import Iterable
from collections.abc import Iterator

from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import wording

Word = judging.Word

_COUNTED = (Word.OTHERS, Word.FOREIGN, Word.VERSION)


class Counted:
    """Of one store.

    :ivar count: how many, by word; delete markers are no versions
    :ivar held: bytes
    """

    def __init__(self) -> None:
        self.count: collections.Counter[Word] = collections.Counter()
        self.held: collections.Counter[Word] = collections.Counter()
        self._markers = 0
        # Versions of images that are deleted, and their bytes.
        self._deleted = self._deleted_held = 0

    def others(self, verdicts: Iterable[judging.Verdict]
               ) -> Iterator[judging.Verdict]:
        """All but those, whose bytes are counted, too."""
        for verdict in verdicts:
            if verdict.word not in _COUNTED:
                yield verdict
                continue
            held = verdict.entry.held if verdict.entry else 0
            if verdict.word is Word.VERSION:
                if verdict.entry and verdict.entry.size is None:
                    self._markers += 1
                    continue
                if verdict.claim is not None and verdict.claim.deleted:
                    self._deleted += 1
                    self._deleted_held += held
            self.count[verdict.word] += 1
            self.held[verdict.word] += held

    def items(self, store: str) -> Iterator[wording.Item]:
        """One for each word."""
        for word in _COUNTED:
            more = self._of_versions() if word is Word.VERSION else ''
            if self.count[word] or more:
                yield wording.made(
                    word, store, 'There are %d, of %d bytes.%s' % (
                        self.count[word], self.held[word], more),
                    store=store, held=self.held[word])

    def _of_versions(self) -> str:
        said = ''
        if self._deleted:
            said = ' Of images that are deleted: %d, of %d bytes.' % (
                self._deleted, self._deleted_held)
        if self._markers:
            said += ' There are %d delete markers, too.' % self._markers
        return said
