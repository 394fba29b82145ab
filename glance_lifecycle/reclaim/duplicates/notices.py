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

"""What the owner of images is told, as files that an operator can send.

One for people and one for programs. An owner is told of no image but their own
and the one to use instead, which everybody can see.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
import hashlib
import json
import os
import re
import textwrap
from typing import Any

from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle import exceptions
from glance_lifecycle.reclaim.duplicates import plan as plans
from glance_lifecycle.reclaim.duplicates import seen

FORMAT = 'glance-lifecycle duplicates notice'
VERSION = 1

# Nothing in it means anything to a file system, or to a shell.
_NAME = re.compile(r'[0-9A-Za-z][0-9A-Za-z-]{0,63}')

# Why two images are the same, for people.
_SAME_BY = {
    'hash': 'the Image service has the same hash for both',
    'source': 'both were converted from the same upload, as their '
              'attestations say',
    'content': 'all bytes of both were read and compared'}

_INTRODUCTION = (
    'Some images of your project have the same bytes as an image that '
    'every project can use. If you use that one instead, you can delete '
    'yours. Nothing has been changed, and nothing will be without you.')


@dataclasses.dataclass(frozen=True)
class Notice:
    """:ivar steps: those of one project"""

    plan: plans.Plan
    project: str
    steps: tuple[plans.Step, ...]

    def to_json(self) -> str:
        return json.dumps({
            'format': FORMAT, 'version': VERSION, 'plan': self.plan.id,
            'made': self.plan.made, 'project': self.project,
            'images': [_plain(step) for step in self.steps]}, indent=1)

    def to_text(self) -> str:
        return '\n\n'.join((
            'To the owners of project %s' % wording.shown(self.project),
            textwrap.fill(_INTRODUCTION, 72),
            *('\n'.join(_lines(step)) for step in self.steps)))


class Directory:
    """Where they are written.

    :raises ConfigurationError: it cannot be made
    """

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, 0o700)
            self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY
                               | os.O_CLOEXEC)
        except OSError as error:
            raise self._failed(path, error) from None

    def close(self) -> None:
        os.close(self._fd)

    def put(self, notice: Notice) -> bool:
        """Whether it is new; False if it was there already.

        :raises ConfigurationError: it cannot be written, or another is there
        """
        name = file_name(notice.project)
        # The one that tells that both are there comes last.
        return any([self._put(name + suffix, text + '\n') for suffix, text in (
            ('.txt', notice.to_text()), ('.json', notice.to_json()))])

    def _put(self, name: str, text: str) -> bool:
        data = text.encode('utf-8', 'backslashreplace')
        try:
            found = self._read(name, len(data) + 1)
            if found is None:
                self._write(name, data)
                return True
        except OSError as error:
            raise self._failed(name, error) from None
        if found != data:
            raise exceptions.InputRefused(
                detail='There is another file %s in %s, which was not '
                'replaced. Name a new directory' % (name, self._path))
        return False

    def _read(self, name: str, most: int) -> bytes | None:
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
                         | os.O_CLOEXEC, dir_fd=self._fd)
        except FileNotFoundError:
            return None
        with open(fd, 'rb') as file:
            return file.read(most)

    def _write(self, name: str, data: bytes) -> None:
        """It appears under its name when it is whole."""
        new = '.%s.new' % name
        with contextlib.suppress(FileNotFoundError):
            # Of a run that was killed; or a second name of another's file.
            os.unlink(new, dir_fd=self._fd)
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL
                     | os.O_CLOEXEC, 0o600, dir_fd=self._fd)
        with open(fd, 'wb') as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # Unlike a renamed one, it takes the place of nothing.
        os.link(new, name, src_dir_fd=self._fd, dst_dir_fd=self._fd)
        os.unlink(new, dir_fd=self._fd)
        os.fsync(self._fd)

    @staticmethod
    def _failed(name: str, error: OSError) -> exceptions.ConfigurationError:
        return exceptions.InputRefused(
            detail='%s cannot be written: %s' % (name, error.strerror))


def file_name(project: str) -> str:
    """Of its notice, without what tells the format."""
    if _NAME.fullmatch(project):
        return project
    # No name of a project begins so.
    return '_' + hashlib.sha256(project.encode(
        'utf-8', 'backslashreplace')).hexdigest()[:16]


def _plain(step: plans.Step) -> dict[str, Any]:
    return {
        'image': _image(step.image), 'servers': step.servers,
        'volumes': step.volumes, 'use_instead': _image(step.instead),
        'same_by': list(step.same_by), 'differs_in': list(step.differs)}


def _image(image: seen.Seen | None) -> dict[str, Any] | None:
    return None if image is None else {
        'id': image.id, 'name': image.name, 'visibility': image.visibility,
        'created_at': image.created, 'size': image.size,
        'os_hash_algo': image.algorithm, 'os_hash_value': image.digest}


def _lines(step: plans.Step) -> Iterator[str]:
    image, other = step.image, step.instead
    yield 'Your image %s (%s), %d bytes, of %s' % (
        image.id, wording.shown(image.name) or 'no name', image.size,
        wording.shown(image.created))
    if other is not None:
        yield '  use instead: image %s (%s), %s, of %s' % (
            other.id, wording.shown(other.name) or 'no name',
            other.visibility, wording.shown(other.created))
    yield '  the same, because %s' % '; and '.join(
        _SAME_BY.get(why, wording.shown(why)) for why in step.same_by)
    if image.digest:
        yield '  its hash: %s %s' % (wording.shown(image.algorithm),
                                     wording.shown(image.digest))
    yield '  servers that need yours: %s, volumes: %s' % tuple(
        'not known' if count is None else '%d' % count
        for count in (step.servers, step.volumes))
    if step.differs:
        yield '  not the same in: %s' % ', '.join(
            map(wording.shown, step.differs))
