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

"""What images need of which only some are looked at, and their families.

An image that changes may make others of its family old, or the newest again.
To find these, all images of its project would have to be listed for each
change. So a look at all images writes down who is of which family, and a look
at changes asks that: a family where it says that nobody came, went or changed
is not listed. It decides nothing: whatever is to be done to an image, or is
not to be done any more, is found by listing its family.
"""

from collections.abc import Collection
from collections.abc import Iterator
import dataclasses
import datetime
import hashlib
import json
from typing import Protocol

from glance_lifecycle.audit import drift
from glance_lifecycle.audit import families as audit_families
from glance_lifecycle.policy import decision as decisions
from glance_lifecycle.policy import generations
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import members
from glance_lifecycle.worker import reconcile


class Kindred(Protocol):
    """What images of a look need, and what others need because of them."""

    def needs(self, image: clouds.Image, *, waits: bool) -> reconcile.Needs:
        """Of one that was met.

        :param waits: it has open jobs
        :raises ServiceError: its family cannot be listed
        """

    def gone(self, image_id: str) -> None:
        """It is no more; it may have been the newest of its family."""

    def others(self, met: Collection[str]
               ) -> Iterator[tuple[clouds.Image, reconcile.Needs]]:
        """Of their families, the images for which it is not known yet.

        :param met: ids of those that were

        Raises what the client does.
        """


class Listed:
    """Each family is listed, and looked at."""

    def __init__(self, cloud: clouds.Cloud, policy: decisions.Policy,
                 now: datetime.datetime) -> None:
        self._cloud = cloud
        self._policy = policy
        self._now = now
        self._families = cloud.families(policy, now, keep=True)

    def needs(self, image: clouds.Image, *, waits: bool) -> reconcile.Needs:
        return self._cloud.needs(image, self._policy, self._now,
                                 self._families.view)

    def gone(self, image_id: str) -> None:
        """Nobody knows of which family it was: the look at all finds that."""

    def others(self, met: Collection[str]
               ) -> Iterator[tuple[clouds.Image, reconcile.Needs]]:
        for image in self._families.others(met):
            yield image, self.needs(image, waits=False)


class Noted(Listed):
    """Those families where something has changed are."""

    def __init__(self, database: engine.Database, cloud: clouds.Cloud,
                 policy: decisions.Policy, now: datetime.datetime) -> None:
        super().__init__(cloud, policy, now)
        self._database = database
        self._notes = _Notes(database, now)
        # What was found out by listing.
        self._sure: set[str] = set()

    def needs(self, image: clouds.Image, *, waits: bool) -> reconcile.Needs:
        if image.get('status') not in drift.SETTLED:
            self._notes.note(image['id'], None)
        found = self._cloud.needs(image, self._policy, self._now,
                                  self._notes.view)
        if found.actions or waits or image['id'] in self._notes.moved:
            found = self._listed(image)
        return found

    def _listed(self, image: clouds.Image) -> reconcile.Needs:
        self._sure.add(image['id'])
        return super().needs(image, waits=True)

    def gone(self, image_id: str) -> None:
        self._notes.note(image_id, None)

    def others(self, met: Collection[str]
               ) -> Iterator[tuple[clouds.Image, reconcile.Needs]]:
        # Also those that were met before the one that makes them old.
        ids = [one for one in members.ids(self._database, self._notes.changed)
               if one not in self._sure]
        for start in range(0, len(ids), members.BATCH):
            found = self._cloud.among(ids[start:start + members.BATCH],
                                      lambda image: image)
            for image in found.values():
                yield image, self._listed(image)


class _Notes:
    """Families as they are written down.

    :ivar changed: digests of those where something is new
    :ivar moved: ids of the images that are new to theirs, or changed in it
    """

    def __init__(self, database: engine.Database,
                 now: datetime.datetime) -> None:
        self.changed: set[str] = set()
        self.moved: set[str] = set()
        self._database = database
        self._now = now
        self._known: dict[str, generations.Generations] = {}

    def view(self, image: drift.Resource, facts: decisions.Facts,
             decision: decisions.Decision) -> generations.View | None:
        key = generations.key(facts, decision)
        member = drift.member(image, facts, decision)
        row = None if key is None or member is None else _row(key, member)
        self.note(image['id'], row)
        if decision.retain.family is None or 'retain' in decision.unsure:
            return None
        if key is None:
            return generations.View()
        if member is None:
            return None
        return self._of(key).view(key, member, decision.retain.keep_last)

    def note(self, image_id: str, row: members.Row | None) -> None:
        before = members.get(self._database, image_id)
        if before == row:
            return
        self.moved.add(image_id)
        if row is None:
            members.remove(self._database, [image_id])
        else:
            members.write(self._database, [row], self._now)
        for each in (before, row):
            if each is not None:
                self.changed.add(each.family)
                self._known.pop(each.family, None)

    def _of(self, key: generations.Key) -> generations.Generations:
        family = digest(key)
        if family not in self._known:
            found = self._known[family] = generations.Generations()
            for row in members.of_family(self._database, family):
                found.add(key, generations.Member(
                    row.image_id, row.created, row.width, row.usable))
        return self._known[family]


class Noting:
    """Families of a look at all images, written down as they are met.

    :param begun: when the look did
    """

    def __init__(self, database: engine.Database,
                 families: audit_families.Families,
                 begun: datetime.datetime) -> None:
        self._database = database
        self._families = families
        self._begun = begun
        self._rows: list[members.Row] = []

    def view(self, image: drift.Resource, facts: decisions.Facts,
             decision: decisions.Decision) -> generations.View | None:
        found = self._families.view(image, facts, decision)
        member = drift.member(image, facts, decision)
        if found is not None and found.key is not None and member is not None:
            self._rows.append(_row(found.key, member))
            if len(self._rows) >= members.BATCH:
                self._flush()
        return found

    def end(self) -> None:
        """All were met: others are gone."""
        self._flush()
        members.forget(self._database, self._begun)

    def _flush(self) -> None:
        members.write(self._database, self._rows, self._begun)
        self._rows = []


def digest(key: generations.Key) -> str:
    """SHA-256, hexadecimal: strangers' names may have any length."""
    return hashlib.sha256(json.dumps(
        dataclasses.asdict(key), sort_keys=True).encode()).hexdigest()


def _row(key: generations.Key, member: generations.Member) -> members.Row:
    return members.Row(member.id, digest(key), member.created, member.width,
                       member.usable)
