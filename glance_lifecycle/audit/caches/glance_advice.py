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

"""What is worth knowing of Glance's caches, and what to do."""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from typing import Any

from glance_lifecycle.audit.caches import eviction
from glance_lifecycle.audit.caches import glance_nodes
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding
from glance_lifecycle.audit import image_api
from glance_lifecycle.policy import units

ERROR = finding.Severity.ERROR
UNKNOWN = finding.Severity.UNKNOWN
WARNING = finding.Severity.WARNING
INFO = finding.Severity.INFO

_LARGE = 2 ** 30
_EVICT = 'Take it out with "openstack cached image delete %s".'


@dataclasses.dataclass(frozen=True)
class Limits:
    """What glance-api.conf says.

    :ivar max_size: bytes, image_cache_max_size
    :ivar stall_time: seconds, image_cache_stall_time
    :ivar directory: image_cache_dir; empty if there is none
    :ivar driver: image_cache_driver
    :ivar database: image_cache_sqlite_db
    """

    max_size: int
    stall_time: int
    directory: str
    driver: str
    database: str


@dataclasses.dataclass(frozen=True)
class Seen:
    """All that was asked for.

    :ivar images: id -> image; None if it is gone
    :ivar kinds: store -> driver; empty if it is not known
    :ivar directory: of the only node, where this is its host
    :ivar now: seconds since 1970
    """

    nodes: list[glance_nodes.Node]
    images: Mapping[str, Mapping[str, Any] | None]
    kinds: Mapping[str, str]
    limits: Limits | None
    directory: eviction.Directory | None
    now: float

    def unrecorded(self, node: glance_nodes.Node) -> dict[str, int]:
        """Files without a record: name -> bytes."""
        known = {one.image_id for one in node.cached}
        return {} if self.directory is None else {
            name: size for name, size in self.directory.files.items()
            if name not in known}

    def pruned(self, node: glance_nodes.Node) -> list[str] | None:
        """What the pruner would remove; None if its limit is not known."""
        return None if self.limits is None else eviction.pruned(
            node.cached, self.limits.max_size,
            sum(self.unrecorded(node).values()))


def findings(seen: Seen) -> list[finding.Finding]:
    """The worst first."""
    found = [one for node in seen.nodes for one in (
        *_asked(node), *_size(seen, node), *_directory(seen, node),
        *_images(seen, node), *_queued(seen, node))]
    return sorted(found, key=lambda one: (
        one.severity.rank, one.code, one.hosts, one.subject))


def _asked(node: glance_nodes.Node) -> Iterator[finding.Finding]:
    if node.disabled:
        yield _found(node, 'no-cache', INFO, '*', (
            'It has no cache: image_cache_dir is not set in its '
            'glance-api.conf, or it is older than API 2.14.'), (
            'Set image_cache_dir, and "flavor = keystone+caching" in '
            '[paste_deploy], if it is to have one. With raw images in Ceph '
            'that are cloned, none is needed.'))
    if node.unknown:
        yield _found(node, 'node-unknown', UNKNOWN, '*', node.unknown, (
            'It takes the rights of an administrator (cache_list), and an '
            '--endpoint that leads to this glance-api.'))


def _size(seen: Seen, node: glance_nodes.Node) -> Iterator[finding.Finding]:
    if seen.limits is None:
        return
    most = seen.limits.max_size
    pruned = seen.pruned(node) or []
    if pruned:
        size = {one.image_id: one.size for one in node.cached}
        yield _found(node, 'over-limit', WARNING, '*', (
            'Its files have %s, over image_cache_max_size = %d. The pruner '
            'would remove %d of %d images, %s: the least recently used.' % (
                units.size_text(sum(size.values()) + sum(
                    seen.unrecorded(node).values())), most, len(pruned),
                len(size), units.size_text(
                    sum(size[one] for one in pruned)))), (
            'Glance does not prune by itself. Have POST /v2/cache/prune '
            '(Glance 33) or glance-cache-pruner called regularly, or raise '
            'image_cache_max_size.'), destructive=True)
    for one in node.cached:
        if one.size > most:
            yield _found(node, 'larger-than-limit', WARNING, one.image_id, (
                'It has %s, more than image_cache_max_size = %d: whenever it '
                'is cached, the pruner empties the whole cache.' % (
                    units.size_text(one.size), most)),
                'Raise image_cache_max_size above the largest image.')


def _directory(seen: Seen, node: glance_nodes.Node
               ) -> Iterator[finding.Finding]:
    if seen.limits is None or seen.directory is None:
        return
    lost = seen.unrecorded(node)
    size = sum(lost.values())
    if lost:
        endless = size > seen.limits.max_size and (
            seen.limits.driver == 'centralized_db')
        yield _found(
            node, 'unrecorded-files', ERROR if endless else WARNING, '*',
            '%d files in %s, %s, are recorded for no image of this node. '
            'They count against the limit, and no pruner removes them.%s' % (
                len(lost), seen.limits.directory, units.size_text(size),
                ' They alone are over it: with centralized_db the pruner '
                'removes all else and then never ends.' if endless else ''),
            'If worker_self_reference_url was changed, set it back. Else '
            'remove these files while glance-api is stopped.',
            destructive=True)
    stalled = eviction.stalled(
        seen.directory, seen.limits.stall_time, seen.now)
    if stalled or seen.directory.invalid:
        yield _found(node, 'to-clean', INFO, '*', (
            'The cleaner would remove %d broken files and %d fetches that '
            'stalled, %s.' % (
                len(seen.directory.invalid), len(stalled), units.size_text(
                    sum(stalled.values())
                    + sum(seen.directory.invalid.values())))), (
            'Have POST /v2/cache/clean (Glance 33) or glance-cache-cleaner '
            'called regularly.'), destructive=True)


def _images(seen: Seen, node: glance_nodes.Node) -> Iterator[finding.Finding]:
    large = _LARGE if seen.limits is None else min(
        _LARGE, seen.limits.max_size // 10)
    for one in node.cached:
        if one.image_id not in seen.images:
            continue
        image = seen.images[one.image_id]
        size = units.size_text(one.size)
        if image is None:
            yield _found(node, 'cached-gone', WARNING, one.image_id, (
                'The image is gone, and %s of it are cached.' % size),
                _EVICT % one.image_id, destructive=True)
        elif image.get('status') != 'active':
            yield _found(node, 'cached-not-active', INFO, one.image_id, (
                'The image is %s: its %s are cached, and not served.' % (
                    image.get('status'), size)), _EVICT % one.image_id,
                destructive=True)
        elif image.get('disk_format') == 'raw' and any(
                seen.kinds.get(store) == 'rbd'
                for store in image_api.stores_of(image)):
            yield _found(node, 'cloned-not-read', INFO, one.image_id, (
                'The image is raw and in Ceph: Nova and Cinder clone it '
                'there, and its %s here are read by downloads only.' % size), (
                'Do not prefetch it. If computes download it, see GLC213 of '
                'the doctor.'))
        elif not one.hits and one.size >= large:
            yield _found(node, 'never-hit', INFO, one.image_id, (
                'It has %s and was not read from the cache since it was '
                'fetched.' % size), 'Leave it out of what is prefetched, '
                'unless it is soon to be used.')


def _queued(seen: Seen, node: glance_nodes.Node) -> Iterator[finding.Finding]:
    for one in node.queued:
        image = seen.images.get(one)
        if one in seen.images and (
                image is None or image.get('status') != 'active'):
            yield _found(node, 'queued-not-active', WARNING, one, (
                'It is queued to be cached, and %s: it never will be.' % (
                    'gone' if image is None else image.get('status'))),
                _EVICT % one, destructive=True)
    if node.queued:
        yield _found(node, 'queued', INFO, '*', (
            '%d images are queued to be cached.' % len(node.queued)), (
            'If the number does not fall, glance-api was started since: '
            'queue them again, or run glance-cache-prefetcher.'))


def _found(node: glance_nodes.Node, code: str, severity: finding.Severity,
           subject: str, evidence: str, remedy: str, *,
           destructive: bool = False) -> finding.Finding:
    return finding.Finding(
        code, severity, masking.name(subject), masking.plain(evidence),
        masking.plain(remedy), destructive, (masking.value(node.name),))
