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

"""RBD to RBD inside one cluster: copied by librbd, then read back."""

from collections.abc import Callable
from collections.abc import Sequence
import time
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.plugin import glance_image
from glance_lifecycle.stores import sources
from glance_lifecycle.transfer import extents
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import rbd_server_side
from glance_lifecycle.transfer.sink import base as sink_base

_SINK = 'glance_lifecycle.transfer.sink.rbd:RbdSink'

Progress = Callable[[dict[str, Any]], None]


def split(described: sources.Described, found: Sequence[jobs.Target]
          ) -> tuple[list[jobs.Target], list[jobs.Target]]:
    """The targets that the cluster can fill by itself, and the others."""
    near = [t for t in found if described.driver == 'rbd'
            and t.entry == _SINK
            and rbd_server_side.possible(described.options, t.options)]
    return near, [t for t in found if t not in near]


def copy(image: glance_image.StoredImage, described: sources.Described,
         target: jobs.Target, progress: Progress, *,
         trust: bool) -> dict[str, Any]:
    """One copy; the same as the report of a transfer to one store.

    :param trust: do not read it back
    :raises NotThisWay: the cluster does not let us
    :raises CopyCorrupt: its hash is not the image's, so nor is its source's
    :raises StoreError: whatever else
    """
    started = time.monotonic()
    with sources.opened(described) as source:
        size = source.virtual_size
        data = sum(e.length for e in source.extents()
                   if e.kind is extents.Kind.DATA)
    stored = rbd_server_side.ServerSide(
        target.store, image.id, target.options, described.options).run(
        size, data, lambda done: progress({
            'phase': 'transfer', 'total': size, 'done': done,
            'stores': {target.store: done}}))
    if not trust:
        try:
            _verify(image, described, stored, progress)
        except exceptions.LifecycleError:
            # The next attempt may have a better source.
            target.undo(image.id)
            raise
    return {'stored': {target.store: {'url': stored.url,
                                      'metadata': stored.metadata}},
            'failed': {}, 'bytes_written': {target.store: data},
            'seconds': time.monotonic() - started}


def _verify(image: glance_image.StoredImage, source: sources.Described,
            stored: sink_base.Stored, progress: Progress) -> None:
    made = sources.describe(image, glance_image.StoredCopy(
        stored.metadata['store'], stored.url))
    algorithm, value = str(image.os_hash_algo), str(image.os_hash_value)
    try:
        sources.read(image, made, [sources.NOWHERE], [algorithm], progress,
                     expected={algorithm: value})
    except exceptions.CopyCorrupt as error:
        raise exceptions.CopyCorrupt(
            store=source.store, detail=error.fields['detail']) from error
