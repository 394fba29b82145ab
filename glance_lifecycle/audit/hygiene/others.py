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

"""What other Glances need is theirs, whatever this one thinks of it."""

import dataclasses

from glance_lifecycle.audit.hygiene import exports
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.transfer.backends import inventory

Word = judging.Word

_NOT_OURS = judging.NEEDLESS | {Word.UNKNOWN_IMAGE}


class Others:
    """All other Glances that use the stores, as far as they are known.

    :param needed: by them
    """

    def __init__(self, needed: exports.Needed) -> None:
        self._needed = needed

    def seen(self, verdict: judging.Verdict) -> judging.Verdict:
        """The same, or that it is theirs, or may be by now."""
        entry = verdict.entry
        if (entry is None or not entry.image_id
                or verdict.word not in _NOT_OURS):
            return verdict
        name = self._needed.by(entry.image_id)
        if name is not None:
            return dataclasses.replace(
                verdict, word=Word.OTHERS, why='An image of that id is needed '
                'by another Glance, %s.' % name)
        if verdict.word in judging.NEEDLESS and self._is_later(entry):
            return dataclasses.replace(
                verdict, word=Word.UNCLEAR, why='It changed after the oldest '
                'export was written, so that another Glance may need it by '
                'now.')
        return verdict

    def _is_later(self, entry: inventory.Entry) -> bool:
        since = self._needed.since
        return since is not None and (
            entry.changed is None or entry.changed >= since)


#: Where nobody has said that there are any.
NONE = Others(exports.Needed(()))
