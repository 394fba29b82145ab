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

"""All journals of a host: those of the dead, and a look at each."""

from collections.abc import Callable
from collections.abc import Iterator
import fcntl
import os
import time

from glance_lifecycle.transfer import journal
from glance_lifecycle.transfer import journal_file as files
from glance_lifecycle.transfer import journal_record as records

# Seconds: how long one who recovers a journal is waited for, and how often it
# is looked whether it has let go of it.
_PATIENCE = 15.0
_PAUSE = 0.05


def abandoned(state_dir: str) -> Iterator[journal.Journal]:
    """The journals whose owners are dead, each locked by us meanwhile.

    The caller closes or removes each. Journals of this process's own live
    transfers are locked and so not among them.

    :raises ConfigurationError: the state directory cannot be read
    """
    for path in _paths(state_dir):
        if path.endswith(files.NEW_SUFFIX):
            _sweep(path)
        elif path.endswith(files.SUFFIX):
            found = _abandoned(path)
            if found is not None:
                yield found


def abandoned_of(state_dir: str, image_id: str, own: str = ''
                 ) -> Iterator[journal.Journal]:
    """The same of one image, for who is about to write its objects.

    Those of other images are not even locked: of several who look for their
    own at once, each would find some of them held by another, and go on as if
    there were none. Who recovers all that is dead holds each for a while as
    well, and is waited for.

    :param own: the caller's task, whose journal lives
    :raises ConfigurationError: the state directory cannot be read
    """
    for path in _paths(state_dir):
        if (path.endswith(files.SUFFIX)
                and os.path.basename(path) != own + files.SUFFIX
                and _image_of(path) == image_id):
            found = _abandoned_soon(path)
            if found is not None:
                yield found


def _every(_task_id: str) -> bool:
    return True


def seen(state_dir: str, wanted: Callable[[str], bool] = _every
         ) -> Iterator[tuple[records.Record, bool]]:
    """All records, and whether their owners live; nothing is taken.

    :param wanted: of which tasks' journals are opened
    :raises ConfigurationError: the state directory cannot be read
    """
    for path in _paths(state_dir):
        if path.endswith(files.SUFFIX) and wanted(
                os.path.basename(path).removesuffix(files.SUFFIX)):
            try:
                yield _seen(path)
            except FileNotFoundError:
                # Its transfer has just ended.
                continue
            except OSError as error:
                raise files.unusable(path, error) from error


def look(state_dir: str, task_id: str) -> tuple[records.Record, bool] | None:
    """One of them; None if there is none.

    :raises ConfigurationError: it cannot be read
    """
    path = files.path_of(state_dir, task_id)
    try:
        return _seen(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise files.unusable(path, error) from error


def _seen(path: str) -> tuple[records.Record, bool]:
    fd = os.open(path, files.LOOK)
    try:
        # Shared, and let go of at once: others who look do not matter.
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(fd, fcntl.LOCK_UN)
            alive = files.is_awaited(path)
        except BlockingIOError:
            alive = True
        return files.read(path, fd), alive
    finally:
        os.close(fd)


def _sweep(path: str) -> None:
    """Remove what a process left that died while it made a journal."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if files.lock(fd):
            os.unlink(path)
    except FileNotFoundError:
        # Its maker was only between two calls.
        pass
    finally:
        os.close(fd)


def _paths(state_dir: str) -> list[str]:
    directory = os.path.join(state_dir, files.DIRECTORY)
    try:
        return [os.path.join(directory, name)
                for name in sorted(os.listdir(directory))]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise files.unusable(directory, error) from error


def _abandoned(path: str) -> journal.Journal | None:
    found = journal.adopt(path)
    if found is not None and files.is_awaited(path):
        found.close()
        return None
    return found


def _abandoned_soon(path: str) -> journal.Journal | None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        found = _abandoned(path)
        if (found is not None or time.monotonic() > deadline
                or not os.path.exists(path) or files.is_awaited(path)):
            return found
        time.sleep(_PAUSE)


def _image_of(path: str) -> str | None:
    """Without a lock: the first line never changes. None if it has ended."""
    try:
        fd = os.open(path, files.LOOK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise files.unusable(path, error) from error
    try:
        return files.read(path, fd).image_id
    finally:
        os.close(fd)
