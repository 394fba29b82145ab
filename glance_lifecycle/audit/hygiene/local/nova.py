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

"""Nova's cache of base files, and what no image and no server needs of it.

The name of a base file is a digest of its image's id, which tells nothing by
itself: all images that Glance knows are asked for theirs.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import os
import pathlib

from glance_lifecycle.audit.caches import base_images
from glance_lifecycle.audit.caches import instances
from glance_lifecycle.audit.caches import names
from glance_lifecycle.audit.caches import nova_conf
from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import examination
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.audit.hygiene.local import listing
from glance_lifecycle.audit.hygiene.local import place
from glance_lifecycle.audit.hygiene import wording

_UNKNOWN = 'This Glance knows no image whose files have that name.'

_IMAGES = (names.Kind.ORIGINAL, names.Kind.RESIZED, names.Kind.UNFINISHED)


@dataclasses.dataclass(frozen=True, slots=True)
class _Of:
    """The image of a base file."""

    id: str
    deleted: bool
    changed: float


class Nova(place.Place):
    """One directory of base files.

    :param path: of it; the instances are looked for in the one above
    :param conf: of nova-compute
    """

    name = 'nova'

    def __init__(self, path: str, conf: nova_conf.NovaConf) -> None:
        super().__init__(path)
        self._conf = conf

    def items(self, host: place.Host, times: judging.Times,
              totals: examination.Totals) -> Iterator[wording.Item]:
        cache = base_images.look(os.path.dirname(self.path), self.path,
                                 self._conf, {}, '--nova-base')
        for one in cache.files:
            totals.objects += 1
            totals.held += one.allocated
        digests = {names.digest(one.name) for one in cache.files
                   if one.kind in _IMAGES} - {''}
        # After the files and the disks: what was booted meanwhile is younger.
        images = _images(host.images(), digests) if digests else {}
        for one in cache.files:
            digest = names.digest(one.name)
            if (one.kind not in _IMAGES or not digest or one.used_by
                    or times.is_young(one.last_use)):
                continue
            image = images.get(digest)
            why = _why(image, times)
            if not why:
                continue
            verdict = _doubt(cache.unread, bool(images)) or found.Verdict(
                found.BASE, why, self._remedy(one))
            file = self._file(one, image)
            if file and (image is None or not verdict.stale
                         or _still(host, image)):
                yield found.item(self.name, file, verdict, times)

    def _file(self, one: base_images.BaseFile, image: _Of | None
              ) -> listing.File | None:
        """None if something has happened to it since."""
        try:
            status = os.lstat(os.path.join(self.path, one.name))
        except OSError:
            return None
        if status.st_mtime != one.last_use:
            return None
        return dataclasses.replace(listing.made(
            self.path, one.name, status, listing.Kind.BASE,
            image.id if image else ''), changed=one.last_use)

    def _remedy(self, one: base_images.BaseFile) -> str:
        if one.prunable_at is not None:
            return ('Nova itself removes it after %s, when nova-compute looks '
                    'at its cache ([image_cache] %s).' % (
                        wording.time(one.prunable_at), nova_conf.INTERVAL))
        if one.option:
            return ('Nova removes nothing here, by [image_cache] %s of '
                    'nova.conf: set it to its default.' % one.option)
        return ('Nova never removes the beginning of a fetch. Remove it, when '
                'no nova-compute that has the directory is fetching.')


def of(bases: Iterable[str], confs: Iterable[str]) -> list[Nova]:
    """Those that are named, or that a configuration of Nova has.

    :param bases: directories of base files
    :param confs: files of nova-compute, of which the later win
    :raises ConfigurationError: one of these cannot be read
    """
    paths = list(map(pathlib.Path, confs))
    conf = nova_conf.NovaConf(paths)
    directories = [os.path.abspath(one) for one in bases]
    if paths and not directories:
        directories = [os.path.normpath(os.path.join(
            conf.option('instances_path').value,
            conf.option(nova_conf.SUBDIRECTORY).value))]
    return [Nova(one, conf) for one in dict.fromkeys(directories)]


def _images(images: Iterable[claims.Image], digests: set[str]
            ) -> dict[str, _Of]:
    """Those that have base files, by their digests."""
    known: dict[str, _Of] = {}
    for image in images:
        for digest in names.of_images((image.id,)):
            if digest in digests:
                known[digest] = _Of(image.id, image.deleted, image.changed)
    return known


def _why(image: _Of | None, times: judging.Times) -> str:
    if image is None:
        return _UNKNOWN + ' No server uses it.'
    if image.deleted and not times.is_young(image.changed):
        return place.DELETED + ' No server uses it.'
    return ''


def _doubt(unread: tuple[instances.Unread, ...], known: bool
           ) -> found.Verdict | None:
    if unread:
        first = unread[0]
        return found.Verdict(
            found.UNCLEAR, 'It looks needless, and %d disks of servers could '
            'not be read, of which any may need it. The first is %s: %s' % (
                len(unread), wording.shown(os.path.join(
                    first.instance, first.disk)), wording.shown(
                        first.reason)),
            'Run this as root, or as the user of nova-compute.')
    if not known:
        return found.Verdict(
            found.UNCLEAR, 'This Glance knows none of the images that are '
            'cached there, so that the directory may be of another cloud.')
    return None


def _still(host: place.Host, image: _Of) -> bool:
    known: Mapping[str, claims.Image] = host.some([image.id])
    return image.id not in known or known[image.id].deleted
