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

"""Which copy was verified when, as far as this host knows.

One small file a copy in ``<state_dir>/verified``. Not a property of the image:
each verification would change ``updated_at``, which begins every cool-down of
the lifecycle policy anew; where property protections are not set up users
could write it; and a property cannot tell whether the copy is still the same.
"""

import contextlib
import dataclasses
import datetime
import hashlib
import json
import os
import tempfile
import time
import urllib.parse

from oslo_utils import uuidutils

from glance_lifecycle import exceptions

DIRECTORY = 'verified'
_SUFFIX = '.json'

# Seconds after which nobody writes a record any more.
_DEAD = 3600


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """One verification.

    :ivar when: ISO 8601, UTC
    :ivar digest: algorithm and value that the bytes had
    :ivar location: a hash of the location, which may hold a password
    :ivar fingerprint: of the copy, as its source has it
    """

    when: str
    digest: str
    location: str
    fingerprint: str


def now(digest: str, url: str, fingerprint: str) -> Record:
    when = datetime.datetime.now(datetime.UTC)
    return Record(when.strftime('%Y-%m-%dT%H:%M:%SZ'), digest, _hashed(url),
                  fingerprint)


def is_of(record: Record, digest: str, url: str, fingerprint: str) -> bool:
    """Whether the record is about the copy as it is now."""
    other = now(digest, url, fingerprint)
    return dataclasses.replace(other, when=record.when) == record


def read(state_dir: str, image_id: str, store: str) -> Record | None:
    """None where there is none that can be read."""
    path = _path(state_dir, image_id, store)
    try:
        with open(path) as stream:
            return Record(**json.load(stream))
    except (OSError, ValueError, TypeError):
        return None


def write(state_dir: str, image_id: str, store: str,
          record: Record) -> None:
    """:raises ConfigurationError: the state directory cannot be written"""
    path = _path(state_dir, image_id, store)
    directory = os.path.dirname(path)
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile('w', dir=directory,
                                         delete=False) as stream:
            json.dump(dataclasses.asdict(record), stream)
        os.replace(stream.name, path)
    except OSError as error:
        raise exceptions.ConfigurationError(
            detail='[lifecycle] state_dir: %s: %s' % (
                directory, error.strerror)) from error


def rename(state_dir: str, image_id: str, store: str, old: str,
           new: str) -> None:
    """The same copy has another location; what is known of it stays known.

    :param old: the location that it was verified with
    :raises ConfigurationError: the state directory cannot be written
    """
    record = read(state_dir, image_id, store)
    if record is not None and record.location == _hashed(old):
        write(state_dir, image_id, store,
              dataclasses.replace(record, location=_hashed(new)))


def move(state_dir: str, image_id: str, old: str, new: str) -> None:
    """The store has another name; what is known of its copy stays known.

    :raises ConfigurationError: the state directory cannot be written
    """
    record = read(state_dir, image_id, old)
    if record is not None:
        write(state_dir, image_id, new, record)
        forget(state_dir, image_id, old)


def _hashed(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def forget(state_dir: str, image_id: str, store: str) -> None:
    """The copy is gone, or not what it was."""
    try:
        os.unlink(_path(state_dir, image_id, store))
    except OSError:
        # Then the fingerprint or the location tells.
        pass


def listed(state_dir: str) -> dict[str, list[str]]:
    """Image -> names of its records.

    :raises OSError: the directory cannot be read
    """
    found: dict[str, list[str]] = {}
    for name in _names(state_dir):
        image_id = image_of(name)
        if image_id:
            found.setdefault(image_id, []).append(name)
    return found


def image_of(name: str) -> str:
    """The image whose record a file is, by its name; empty for none."""
    image_id = name.partition('.')[0]
    return image_id if name.endswith(_SUFFIX) and (
        uuidutils.is_uuid_like(image_id)) else ''


def is_temporary(name: str) -> bool:
    """Whether a file is a record that is being written, by its name."""
    return name.startswith(tempfile.gettempprefix())


def size(state_dir: str, name: str) -> int:
    """Bytes of a record; 0 if it is gone."""
    try:
        return os.lstat(os.path.join(state_dir, DIRECTORY, name)).st_size
    except OSError:
        return 0


def remove(state_dir: str, name: str) -> None:
    """A record that ``listed()`` has named."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(state_dir, DIRECTORY, name))


def remove_temporary(state_dir: str) -> None:
    """What a process left that died while it wrote a record.

    :raises OSError: the directory cannot be read
    """
    for name in _names(state_dir):
        path = os.path.join(state_dir, DIRECTORY, name)
        if is_temporary(name):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - os.lstat(path).st_mtime > _DEAD:
                    os.unlink(path)


def _names(state_dir: str) -> list[str]:
    try:
        return os.listdir(os.path.join(state_dir, DIRECTORY))
    except FileNotFoundError:
        return []


def _path(state_dir: str, image_id: str, store: str) -> str:
    if not uuidutils.is_uuid_like(image_id):
        raise ValueError('no image id: %r' % image_id)
    return os.path.join(state_dir, DIRECTORY, '%s.%s%s' % (
        image_id, urllib.parse.quote(store, safe=''), _SUFFIX))
