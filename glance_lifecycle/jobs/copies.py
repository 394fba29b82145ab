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

"""How to read a stored copy: from Glance's configuration to a Job."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import os
from typing import Any

from oslo_config import cfg

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import targets
from glance_lifecycle.transfer.backends import stored
from glance_lifecycle.transfer import entry_points
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import pacing
from glance_lifecycle.transfer import runner

#: From the store that is read and those that are written to how fast it may
#: be; None for as fast as it can.
Paced = Callable[[str, Sequence[str]], pacing.Pace | None]

CONF = cfg.CONF
NAMESPACE = 'glance_lifecycle.stored_sources'

# Serves every glance_store driver that has no source of its own.
ADAPTER = 'driver'

# Reads and hashes, and writes nothing.
NOWHERE = jobs.Target(
    '', 'glance_lifecycle.transfer.backends.null.sink:NullSink', {},
    driver='null')


def unpaced(_source: str, _stores: Sequence[str]) -> None:
    """Nothing limits it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Described:
    """One copy, ready to be opened.

    :ivar driver: of its store, as glance_store names it
    :ivar entry: ``module:class`` of the source
    :ivar options: its keyword arguments
    """

    store: str
    driver: str
    entry: str
    options: dict[str, Any]


def describe(image: glance_host.StoredImage,
             copy: glance_host.StoredCopy) -> Described:
    """:raises ConfigurationError, StoreError: it cannot be read from here"""
    return describe_location(copy.store, copy.url, image.size)


def describe_location(store: str, url: str, size: int | None) -> Described:
    """The same, of a copy that Glance need not know.

    :param size: bytes of the image, None where they are not known
    """
    driver = glance_host.store_driver(store)
    entry = entry_points.entry(NAMESPACE, driver) or entry_points.entry(
        NAMESPACE, ADAPTER)
    if entry is None:
        raise exceptions.ConfigurationError(
            detail='no source can read store %s. Reinstall glance_lifecycle: '
            'its entry points are missing' % store)
    options = jobs.load(entry).describe(CONF, store, url, size)
    return Described(store, driver, entry, options)


@contextlib.contextmanager
def opened(described: Described) -> Iterator[stored.StoredSource]:
    """In this process: to look at it, not to read it.

    :raises StoreError: as the source's constructor
    """
    source: stored.StoredSource = jobs.load(described.entry)(
        -1, **described.options)
    try:
        yield source
    finally:
        source.close()


def fingerprint(described: Described) -> str:
    with opened(described) as source:
        return source.fingerprint


def read(image: glance_host.StoredImage, described: Described,
         found: Sequence[jobs.Target],
         progress: Callable[[dict[str, Any]], None], *,
         journal: int = -1, paced: Paced = unpaced,
         also: Sequence[str] = ()) -> dict[str, Any]:
    """One pass in a child process with the limits of an import.

    Its ``os_hash_value`` is compared, where it has one, and not the md5
    besides: that proves nothing more, and costs as much CPU time as sha512
    (10 GiB: 32.8 s for both, 16.0 for sha512).

    :param found: where to write; NOWHERE to verify
    :param progress: called with the child's reports
    :param journal: descriptor of the journal, which the child inherits
    :param paced: how fast it may be
    :param also: digests to compute beside that one, as hashlib names them
    :returns: see ``runner.Child.run``
    :raises CopyCorrupt: its digest is not the expected one
    :raises CopyMissing: it was removed meanwhile
    :raises LifecycleError: whatever else may happen
    """
    expected = {}
    if image.os_hash_algo and image.os_hash_value:
        expected = {image.os_hash_algo: image.os_hash_value}
    job = _job(image, described, found, journal,
               tuple(dict.fromkeys((*expected, *also))), expected)
    child = runner.Child(
        job, -1, progress, python=python(),
        pace=paced(described.store, [t.store for t in found if t.store]))
    try:
        return child.run()
    except exceptions.ImageRefused as error:
        # What was removed meanwhile is not corrupt: librbd reads zeros then.
        with opened(described):
            pass
        raise exceptions.CopyCorrupt(
            store=described.store, detail=error.fields['detail']) from error


def digest(image: glance_host.StoredImage, described: Described,
           algorithm: str, progress: Callable[[dict[str, Any]], None]) -> str:
    """Of all bytes of a copy, hexadecimal, whatever hash the image has.

    :param algorithm: as hashlib names it
    :raises LifecycleError: it could not be read to its end
    """
    job = _job(image, described, [NOWHERE], -1, (algorithm,), {})
    done = runner.Child(job, -1, progress, python=python()).run()
    return str(done['digests'][algorithm])


def python() -> str:
    """Of the child process."""
    return runner.find_python(CONF.lifecycle_transfer.python_interpreter
                              or glance_host.wsgi_python())


def _job(image: glance_host.StoredImage, described: Described,
         found: Sequence[jobs.Target], journal: int,
         digests: tuple[str, ...], expected: dict[str, str]) -> jobs.Job:
    conf = CONF.lifecycle_transfer
    source = jobs.load(described.entry)
    workers = min(conf.workers, os.cpu_count() or 1)
    return jobs.Job(
        image_id=image.id, source=described.entry,
        source_options=described.options, targets=tuple(found),
        digests=digests, all_must_succeed=False,
        workers=max(source.workers, workers),
        # No ``content``: Glance has these bytes as they are, in other stores
        # and maybe for years. Whether they would come in today is no reason
        # to say that a copy is bad, or to keep it in a store that is to go.
        # Somebody is watching.
        progress_interval=0.5, expected=expected,
        confinement=conf.confinement,
        readable=tuple(conf.confinement_readable),
        limits=jobs.Limits(
            memory=conf.memory_limit * targets.MIB + source.address_space
            + sum(t.load().address_space for t in found),
            cpu=targets.cpu_limit(image.size or 0, len(found)),
            **targets.niceness()), journal=journal)
