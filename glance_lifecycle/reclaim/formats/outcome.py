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

"""What became of one image."""

import dataclasses
import enum

from glance_lifecycle.reclaim.formats import plan as plans


class Result(enum.StrEnum):
    """With ``--dry-run``, what would.

    BEFORE: it was done before, by this plan. GONE: there is no such image any
    more. LEFT: it stays as it is.
    """

    REPLACED = 'replaced'
    SHOWN = 'shown again'
    BEFORE = 'done before'
    GONE = 'gone'
    LEFT = 'left'
    FAILED = 'failed'


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """:ivar new: id of the raw image; empty where there is none
    :ivar deleted: whether that one was deleted
    :ivar detail: sentences; empty where there is nothing to say
    """

    step: plans.Step
    result: Result
    new: str = ''
    detail: str = ''
    deleted: bool = False
