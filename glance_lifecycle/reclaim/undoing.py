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

"""What a plan took out of sight is brought back, in all stores.

The stores themselves say what that is: the plan is not needed.
"""

from collections.abc import Iterator
from collections.abc import Mapping

from glance_lifecycle import exceptions
from glance_lifecycle.reclaim import outcome
from glance_lifecycle.transfer.backends import quarantine

Outcome = outcome.Outcome
Result = outcome.Result


def undo(plan: str, stores: Mapping[str, quarantine.Quarantine],
         failed: Mapping[str, str], dry_run: bool = False
         ) -> Iterator[Outcome]:
    """One outcome for each thing, and for each store that cannot be asked.

    :param plan: its digits
    :param stores: all that have a quarantine, and can be opened
    :param failed: why others cannot
    """
    for name, why in failed.items():
        yield Outcome(name, None, Result.FAILED, exceptions.sentence(why))
    seen: set[tuple[str, ...]] = set()
    for name, one in stores.items():
        places = tuple(sorted(one.places))
        if places in seen:
            # The same as one before, by another name.
            continue
        seen.add(places)
        try:
            # Before anything changes in what is listed.
            found = list(one.kept(plan))
        except exceptions.StoreError as error:
            yield Outcome(name, None, Result.FAILED, error.detail)
            continue
        for kept in found:
            yield _back(name, one, kept, dry_run)


def _back(name: str, store: quarantine.Quarantine, kept: quarantine.Kept,
          dry_run: bool) -> Outcome:
    try:
        if dry_run or store.restore(kept):
            return Outcome(name, kept.entry, Result.RESTORED)
        return Outcome(name, kept.entry, Result.FAILED, 'Its name is taken '
                       'by another object. It stays in quarantine.')
    except exceptions.StoreError as error:
        return Outcome(name, kept.entry, Result.FAILED, error.detail)
