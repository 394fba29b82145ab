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

"""What imports and tasks of Glance have left on this host.

Glance removes what is staged of images that are gone, but only when glance-api
starts, and nothing of an image that is there. The worker does both, where it
runs; it judges by the same rule.
"""

from collections.abc import Callable
from collections.abc import Iterator
import re
from typing import ClassVar

from glance_lifecycle.audit import drift
from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.audit.hygiene.local import listing
from glance_lifecycle.audit.hygiene.local import place
from glance_lifecycle.audit.hygiene import wording

# As Glance names them: what is converted or unpacked has something after it.
_OF_IMAGE = re.compile(
    r'([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?:\..*)?', re.DOTALL)

# A task that hashes what a location leads to, as Glance 31 and later mark it.
_RUNNING = re.compile(
    r'running-task-([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})')

_STAGE_HOST = 'os_glance_stage_host'
_WAITING = ('queued', 'uploading')

_CLEANED = ('The worker of this host removes it ([lifecycle_worker] '
            'stale_after).')
_GONE = 'Start glance-api anew, which then removes it. ' + _CLEANED
_BY_HAND = 'Remove it, when you have looked at it.'


class Staging(place.Files):
    """The directory where users' data waits for its import.

    :param here: as what this glance-api marks images that it has staged
    """

    name = 'staging'
    opened = frozenset((listing.Kind.STAGED,))
    slug: ClassVar[str] = found.STAGING

    def __init__(self, path: str, here: str) -> None:
        super().__init__(path)
        self._here = here

    def files(self) -> Iterator[listing.File]:
        for name, status in listing.scan(self.path):
            match = _OF_IMAGE.fullmatch(name)
            yield listing.made(
                self.path, name, status, listing.Kind.STAGED if match
                else self.kind(name), match[1] if match else '')

    def kind(self, name: str) -> listing.Kind:
        """Of what is named after no image."""
        return listing.Kind.OTHER

    def verdict(self, file: listing.File, facts: place.Facts
                ) -> found.Verdict | None:
        if file.image_id in facts.busy:
            return None
        gone = facts.gone(file.image_id)
        if gone:
            return self.stale(gone, _GONE)
        image = facts.known[file.image_id.lower()]
        marks = facts.marks.get(image.id, {})
        if marks.keys() - {_STAGE_HOST} or facts.times.is_young(
                image.changed):
            # It is imported, copied, or has just been.
            return None
        if _has_location_at(image, file):
            # A store has the same directory.
            return None
        host = marks.get(_STAGE_HOST, '')
        if host and host != self._here:
            return found.Verdict(
                found.UNCLEAR, 'The image is %s, and was staged by another '
                'host, %s.' % (image.status, wording.shown(host)))
        return self.of_status(image)

    def of_status(self, image: claims.Image) -> found.Verdict:
        """Of one that nobody imports or copies."""
        if image.status in drift.SETTLED:
            return self.stale(
                'The image is %s, and nobody imports or copies it.'
                % image.status, _CLEANED + ' Glance never does.')
        if image.status in _WAITING:
            return self.stale(
                'The image is %s since %s, and nobody imports it.' % (
                    image.status, wording.time(image.changed)),
                'Run "openstack image lifecycle diagnose %s". Have its owner '
                'import it, or delete the image, which removes the file.'
                % image.id)
        return found.Verdict(
            found.UNCLEAR, 'The image is %s, and no task, journal or mark '
            'says who works on it.' % image.status,
            'Run "openstack image lifecycle diagnose %s".' % image.id)

    def stale(self, why: str, remedy: str) -> found.Verdict:
        return found.Verdict(self.slug, why, remedy)


class Tasks(Staging):
    """The directory where tasks of Glance work.

    :param over: whether a task has ended, or is not known
    """

    name = 'tasks'
    opened = frozenset((listing.Kind.STAGED, listing.Kind.RUNNING))
    slug = found.TASK

    def __init__(self, path: str, over: Callable[[str], bool]) -> None:
        super().__init__(path, '')
        self._over = over

    def kind(self, name: str) -> listing.Kind:
        return (listing.Kind.RUNNING if _RUNNING.fullmatch(name)
                else listing.Kind.OTHER)

    def verdict(self, file: listing.File, facts: place.Facts
                ) -> found.Verdict | None:
        if file.kind is listing.Kind.RUNNING:
            match = _RUNNING.fullmatch(file.name)
            if match is None or not self._over(match[1]):
                return None
            return self.stale('It marks a task that has ended.', _BY_HAND)
        verdict = super().verdict(file, facts)
        if verdict and verdict.stale:
            return self.stale(verdict.why, _BY_HAND)
        return verdict

    def of_status(self, image: claims.Image) -> found.Verdict:
        if image.status in drift.SETTLED:
            return super().of_status(image)
        return found.Verdict(
            found.UNCLEAR, 'The image is %s, and no task says who works on '
            'it.' % image.status)


def _has_location_at(image: claims.Image, file: listing.File) -> bool:
    return any(
        location.url.startswith('file:') and listing.is_at(
            file, location.url.removeprefix('file://'))
        for location in image.locations if location.status != claims.GONE)
