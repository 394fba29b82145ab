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

"""The families of images, by the Image API.

Of a project whose image asks for its family, all images are listed, once: a
family is never looked at in part.
"""

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
import datetime

from glance_lifecycle.audit import drift
from glance_lifecycle.audit import image_api
from glance_lifecycle.policy import decision as decisions
from glance_lifecycle.policy import generations


class Families:
    """As they are, or were when their project was first asked for.

    :param now: with a time zone
    :param keep: the images of the first family of each project that is
        asked for, so that ``others()`` does not list them again
    """

    def __init__(self, get: image_api.Get, policy: decisions.Policy,
                 store_kinds: Mapping[str, str] | None,
                 now: datetime.datetime, *, keep: bool = False) -> None:
        self._get = get
        self._policy = policy
        self._store_kinds = store_kinds
        self._now = now
        self._keep = keep
        self._kept: dict[generations.Key, list[drift.Resource]] = {}
        self._projects: dict[str, generations.Generations] = {}
        self._asked: dict[str, set[generations.Key]] = {}

    def view(self, image: drift.Resource, facts: decisions.Facts,
             decision: decisions.Decision) -> generations.View | None:
        """Its family as this image sees it; None where it cannot be told.

        Raises what the client does.
        """
        if decision.retain.family is None or 'retain' in decision.unsure:
            return None
        key = generations.key(facts, decision)
        if key is None:
            return generations.View()
        member = drift.member(image, facts, decision)
        if member is None:
            return None
        self._asked.setdefault(key.project, set()).add(key)
        return self._of(key).view(key, member, decision.retain.keep_last)

    def after(self, image: drift.Resource, facts: decisions.Facts,
              decision: decisions.Decision, but: Collection[str]) -> str:
        """See ``generations``; empty, too, where it is of no family.

        :param facts: of the image, or of what would take its place

        Raises what the client does.
        """
        key = generations.key(facts, decision)
        member = drift.member(image, facts, decision)
        if key is None or member is None:
            return ''
        return self._of(key).after(key, member, but)

    def others(self, than: Collection[str]) -> Iterator[drift.Resource]:
        """The other images of all families that were asked for.

        :param than: ids of images

        Raises what the client does.
        """
        for project, keys in self._asked.items():
            found = [image for key in keys
                     for image in self._kept.get(key, ())]
            yield from (image for image in found if image['id'] not in than)
            rest = keys.difference(self._kept)
            if rest:
                yield from (image for image, key, _ in self._listed(project)
                            if key in rest and image['id'] not in than)

    def _of(self, asked: generations.Key) -> generations.Generations:
        project = asked.project
        if project not in self._projects:
            found = generations.Generations()
            kept = self._kept.setdefault(asked, []) if self._keep else None
            for image, key, member in self._listed(project):
                found.add(key, member)
                if kept is not None and key == asked:
                    kept.append(image)
            self._projects[project] = found
        return self._projects[project]

    def _listed(self, project: str) -> Iterator[tuple[
            drift.Resource, generations.Key, generations.Member]]:
        for image in drift.catalogue(self._get, visibility='all',
                                     owner=project):
            facts = drift.facts(image, self._now, self._store_kinds)
            decision = self._policy.decide(facts)
            key = generations.key(facts, decision)
            member = drift.member(image, facts, decision)
            if key is not None and member is not None:
                yield image, key, member
