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

"""The worker, which stops where a job comes to a chosen point.

Run in place of ``glance-lifecycle-worker``: nothing of the worker knows of it.
A point is where the thread of a job passes a boundary, or is about to do
what others can see: a request that changes something, a write to a database,
a change to a file, a new process. In between it only reads, so that who dies
there dies as at the next point.
"""

from collections.abc import Callable
import functools
import os
import pathlib
import re
import signal
import sys
import threading
from typing import Any

import sqlalchemy as sa
from taskflow import engines
from taskflow import states

from glance_lifecycle.tests.functional.fixtures import worker_loaded
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import claims
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker import running

_RANDOM = re.compile(
    r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\btmp\w{8}\b')
_REQUEST = re.compile(rb'(PUT|POST|PATCH|DELETE) \S*?(/v2/\S*) HTTP')
_WRITE = re.compile(r'\s*(INSERT INTO|UPDATE|DELETE FROM) (\S+)')
_FILES = {'os.rename': 2, 'os.link': 2, 'os.remove': 1, 'os.truncate': 1,
          'os.mkdir': 1, 'os.rmdir': 1}


class Points:
    """What the threads of jobs come to.

    :param directory: has ``IMAGE.points``, all that this one came to, and
        ``IMAGE.stop``, where it is to stop, then called ``IMAGE.stopped``;
        where ``IMAGE.go`` is, it goes on
    :param base: whose files count
    """

    def __init__(self, directory: pathlib.Path, base: str) -> None:
        self._directory = directory
        self._base = base
        self._here = threading.local()

    def begin(self, image_id: str) -> None:
        self._here.image = image_id
        self._here.seen = []
        self._here.writing = False

    def end(self) -> None:
        self._here.image = None

    def come_to(self, point: str, at_once: bool = False) -> None:
        """:param at_once: die here, with the master, and do not stop"""
        image = getattr(self._here, 'image', None)
        if image is None:
            return
        # What follows is no point.
        self._here.image = None
        point = _RANDOM.sub('ID', point.replace(image, 'IMAGE'))
        self._here.seen.append(point)
        point = '%s #%d' % (point, self._here.seen.count(point))
        path = self._directory / image
        with path.with_suffix('.points').open('a') as stream:
            stream.write(point + '\n')
        stop = path.with_suffix('.stop')
        if stop.exists() and stop.read_text() == point:
            stop.rename(path.with_suffix('.stopped'))
            if at_once:
                os.kill(os.getppid(), signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)
            waiting.until('it may go on', path.with_suffix('.go').exists)
        self._here.image = image

    # Where they come from.

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """Of ``sys.addaudithook``: called before it happens."""
        if getattr(self._here, 'image', None) is None:
            return
        if event == 'http.client.send':
            found = _REQUEST.match(bytes(args[1]))
            if found:
                self.come_to(b' '.join(found.groups()).decode())
        elif event == 'subprocess.Popen':
            self.come_to('a new process')
        elif event == 'open':
            path, _mode, flags = args
            if flags & os.O_CREAT:
                self._file('create', path)
        elif event in _FILES:
            self._file(event, *args[:_FILES[event]])

    def _file(self, what: str, *paths: Any) -> None:
        named = [os.fsdecode(path) for path in paths
                 if not isinstance(path, int)]
        if any(name.startswith(self._base) or not os.path.isabs(name)
               for name in named):
            self.come_to(' '.join([what, *(
                name.removeprefix(self._base) for name in named)]))

    def statement(self, connection: Any, _cursor: Any, statement: str,
                  *_more: Any) -> None:
        """Before the first of a transaction that writes."""
        found = _WRITE.match(statement)
        if found and not getattr(self._here, 'writing', True):
            self._here.writing = True
            # Who stopped with SQLite's lock would stop Glance as well.
            self.come_to(
                ' '.join(found.groups()),
                at_once=connection.connection.dbapi_connection.in_transaction)

    def over(self, _connection: Any) -> None:
        """A transaction is."""
        self._here.writing = False

    def task(self, state: str, details: dict[str, Any]) -> None:
        """Of TaskFlow."""
        word = {states.RUNNING: 'begins', states.SUCCESS: 'has ended'}.get(
            state)
        if word:
            self.come_to('%s %s' % (details['task_name'], word))


def install(points: Points) -> None:
    sys.addaudithook(points.audit)
    sa.event.listen(sa.Engine, 'before_cursor_execute', points.statement)
    for name in ('commit', 'rollback'):
        sa.event.listen(sa.Engine, name, points.over)

    def wrap(owner: Any, name: str,
             wrapped: Callable[..., Any]) -> None:
        inner = getattr(owner, name)
        setattr(owner, name, functools.wraps(inner)(
            functools.partial(wrapped, inner)
            if not isinstance(owner, type) else
            lambda *args, **kwargs: wrapped(inner, *args, **kwargs)))

    def run(inner: Callable[..., Any], *args: Any) -> Any:
        try:
            return inner(*args)
        finally:
            points.end()

    def claim(inner: Callable[..., Any], database: Any, job_id: str,
              *args: Any, **kwargs: Any) -> Any:
        fence = inner(database, job_id, *args, **kwargs)
        if fence is not None:
            points.begin(jobs.get(database, job_id).image_id)
            points.come_to('claimed')
        return fence

    def load(inner: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        engine = inner(*args, **kwargs)
        engine.atom_notifier.register('*', points.task)
        return engine

    def finish(inner: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        points.come_to('looked at')
        found = inner(*args, **kwargs)
        points.come_to('closed')
        return found

    wrap(running.Runner, 'run', run)
    wrap(claims, 'claim', claim)
    wrap(claims, 'finish', finish)
    wrap(engines, 'load', load)


def main() -> int:
    directory, base = sys.argv[1:3]
    del sys.argv[1:3]
    install(Points(pathlib.Path(directory), base))
    return worker_loaded.main()


if __name__ == '__main__':
    sys.exit(main())
