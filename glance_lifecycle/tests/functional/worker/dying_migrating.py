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

"""The worker, killed at changes of its database that belong to a migration.

Run in place of ``glance-lifecycle-worker``: nothing of the worker knows of it.
It dies just before a change, or just after it was committed, at each such
point once, over all the lives that it has: so all comes to its end.
"""

from collections.abc import Callable
from collections.abc import Iterator
import functools
import itertools
import json
import os
import pathlib
import random
import signal
import sys
import threading
from types import FrameType
from typing import Any
import zlib

from glance_lifecycle.tests.functional.fixtures import worker_loaded
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import moves

#: What is done, and nobody has been told.
DANGEROUS = ('before claims.finish migrate', 'before claims.finish drop',
             'after jobs.open_job drop', 'before moves.turn_to')

_DATABASE = os.path.join('glance_lifecycle', 'worker', 'database', '')
_DRIVER = os.path.join('worker', 'migrating', 'driving.py')


class Deaths:
    """When it dies.

    :param directory: has ``how``, with a seed, and of how many points, and
        ``points``, those that it has died at
    """

    def __init__(self, directory: pathlib.Path) -> None:
        how = json.loads((directory / 'how').read_text())
        self._seed, self._most = how['seed'], how['most']
        self._points = directory / 'points'
        self._lock = threading.Lock()

    def write(self, plain: Callable[..., Any], database: engine.Database,
              work: Any) -> Any:
        """In place of that of a database."""
        point = self._point(database, sys._getframe(1))
        if point:
            self._come_to('before %s' % point)
        found = plain(database, work)
        if point:
            self._come_to('after %s' % point)
        return found

    def _come_to(self, point: str) -> None:
        with self._lock:
            died = (self._points.read_text().splitlines()
                    if self._points.exists() else [])
            if point in died or not self._chosen(point, len(died)):
                return
            with self._points.open('a') as stream:
                stream.write(point + '\n')
            # It would start another.
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    def _chosen(self, point: str, died: int) -> bool:
        if self._most is None:
            return True
        if died >= self._most:
            return False
        number = zlib.crc32(f'{self._seed} {point}'.encode())
        chance = random.Random(number)  # noqa: S311 - to be repeated
        # A migration comes to some forty points.
        return chance.random() < (0.4 if point.startswith(DANGEROUS)
                                  else 0.06)

    def _point(self, database: engine.Database, frame: FrameType) -> str:
        """What is changed; empty for what belongs to no migration."""
        frames = list(_frames(frame))
        # What was called, not what it calls of its own.
        asks = next((one for one, caller in itertools.pairwise(frames)
                     if _in_database(one) and not _in_database(caller)),
                    None)
        if asks is None:
            return ''
        known = asks.f_locals
        words = [self._subject(database, known)]
        if not words[0] and not any(each.f_code.co_filename.endswith(_DRIVER)
                                    for each in frames):
            return ''
        words += [str(known[name]) for name in
                  ('to', 'phase', 'wave', 'state', 'number')
                  if isinstance(known.get(name), (str, int))]
        return ' '.join(['%s.%s' % (pathlib.Path(
            asks.f_code.co_filename).stem, asks.f_code.co_name), *words])

    @staticmethod
    def _subject(database: engine.Database, known: dict[str, Any]) -> str:
        wanted = known.get('wanted')
        if isinstance(known.get('job_id'), str):
            wanted = jobs.get(database, known['job_id'])
        if isinstance(wanted, (jobs.Job, jobs.Wanted)):
            kind, _colon, store = wanted.purpose.partition(':')
            if not kind.startswith('migrate'):
                return ''
            return '%s %s %s' % (kind.rpartition('-')[2], store,
                                 wanted.image_name)
        image, move = known.get('image'), known.get('move')
        return ' '.join([
            move.id[-4:] if isinstance(move, moves.Move) else
            str(known.get('move_id', ''))[-4:],
            *([image.image_name, str(image.state)]
              if isinstance(image, moves.Image) else [])])


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _in_database(frame: FrameType) -> bool:
    path = frame.f_code.co_filename
    return _DATABASE in path and not path.endswith('engine.py')


def main() -> int:
    deaths = Deaths(pathlib.Path(sys.argv.pop(1)))
    plain = engine.Database.write

    @functools.wraps(plain)
    def write(database: engine.Database, work: Any) -> Any:
        return deaths.write(plain, database, work)
    engine.Database.write = write  # type: ignore[assignment, method-assign]
    return worker_loaded.main()


if __name__ == '__main__':
    sys.exit(main())
