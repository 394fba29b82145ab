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

"""``python -m benchmarks.worker``: what the worker takes, and how soon it is.

A glance-lifecycle-worker, as on a host of glance-api, beside a stand-in for
the Image API. CPU time and memory are those of all its processes, from their
start. Of several runs (``--repeat``) the best counts, since the machine has
other work; of takeovers the latest, since it matters when it was killed.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import signal
import sys
import time
from typing import Any
import uuid

import sqlalchemy as sa

from benchmarks import arguments
from benchmarks import image_api
from benchmarks import machine
from benchmarks import report
from benchmarks import worker_host
from glance_lifecycle.audit import drift
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import fields
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import models
from glance_lifecycle.worker import reconcile

IMAGES = 100_000
NEW = 10_000
CHANGED = 100
NO_OPS = 500
MIB = 1024 ** 2

# Seconds until all workers that do the same jobs are there.
_READY = 30

# Seconds until a worker that has nothing to do is as it stays.
_SETTLED = 40

# Of the rule that is that of each image.
_FAMILIES = """\
    retain:
      family: {name: "image-*-(team-*)"}
      keep_last: 3
      delete_after: 100 years
      deprecate: false
"""

_ALONE = {'sweep_interval': 86400}


@dataclasses.dataclass
class Figure:
    """One figure, and what it is to be.

    :ivar most: whether the goal is the most that it may be, not the least
    """

    what: str
    unit: str
    found: float
    goal: float | None = None
    most: bool = True

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return '-'
        return 'PASS' if (self.found <= self.goal if self.most
                          else self.found >= self.goal) else 'short'


# What the images need.

def _policy() -> decision.Policy:
    return decision.Policy(document.load(worker_host.policy().encode()))


def needed(count: int) -> Iterator[actions.Action]:
    """What so many images of the stand-in need, which are not as wanted."""
    policy = _policy()
    now = datetime.datetime.now(datetime.UTC)
    for number in range(count):
        image = image_api.image(number, wrong=True)
        known = drift.facts(image, now)
        action, = reconcile.reconcile(
            image, known, policy.decide(known)).actions
        yield action


def _wanted(action: actions.Action) -> jobs.Wanted:
    return jobs.Wanted(
        image_id=action.image_id, purpose=action.purpose,
        action=action.to_dict(), reason='It is needed.',
        image_name=action.image_name, project=action.project)


def open_all(database: engine.Database, count: int) -> None:
    """A job for each image, all at once."""
    now = datetime.datetime.now(datetime.UTC)
    digest = _policy().digest
    rows = [{
        'id': str(uuid.uuid4()), 'image_id': one.image_id,
        'image_name': one.image_name, 'project': one.project,
        'purpose': one.purpose, 'reason': 'It is needed.', 'rule': '',
        'open_key': jobs.open_key(one.image_id, one.purpose),
        'action': fields.dump(one.to_dict()), 'policy_digest': digest,
        'state': jobs.State.QUEUED, 'attempts': 0, 'fence': 0, 'error': '',
        'cancel_requested': False, 'created_at': now, 'updated_at': now,
        'not_before': now} for one in needed(count)]
    database.write(lambda connection: connection.execute(
        sa.insert(models.JOBS), rows))


# The measurements, each from nothing.

def sweeps(args: argparse.Namespace) -> Iterator[Figure]:
    """All images as they should be, then those that have changed."""
    with (image_api.running(args.images, changed=CHANGED) as url,
          worker_host.Host(url) as host):
        worker = host.worker(mode='observe', sweep_interval=1)
        mark = host.wait_for('full')
        before = worker.cpu()
        name = f'{mark["images"]:,} images as wanted'
        yield Figure(f'{name}, with the start', 'CPU s', before, 120)
        yield Figure(name, 's', _seconds(mark))
        yield Figure(name, 'MiB', worker.peak() / MIB, 300)
        yield Figure(f'the {CHANGED} that have changed', 's',
                     _seconds(host.wait_for('changes')), 2)


def families(args: argparse.Namespace) -> Iterator[Figure]:
    """Each image is of a family of its project, which is looked at."""
    with (image_api.running(args.images, changed=CHANGED) as url,
          worker_host.Host(url) as host):
        host.policy_file.write_text(worker_host.policy() + _FAMILIES)
        worker = host.worker(mode='observe', sweep_interval=1)
        mark = host.wait_for('full')
        name = f'{mark["images"]:,} images of families'
        yield Figure(f'{name}, with the start', 'CPU s', worker.cpu(), 120)
        yield Figure(name, 's', _seconds(mark))
        yield Figure(name, 'MiB', worker.peak() / MIB, 300)
        yield Figure(f'{CHANGED} of them that have changed', 's',
                     _seconds(host.wait_for('changes')), 2)


def open_jobs(args: argparse.Namespace) -> Iterator[Figure]:
    """No image is as it should be, and there is a job for each."""
    with (image_api.running(args.images, wrong=args.images) as url,
          worker_host.Host(url) as host):
        host.sync()
        open_all(host.database, args.images)
        worker = host.worker(mode='observe', **_ALONE)
        mark = host.wait_for('full')
        name = f'{mark["joined"]:,} images with an open job'
        yield Figure(f'{name}, with the start', 'CPU s', worker.cpu(), 120)
        yield Figure(name, 's', _seconds(mark))
        yield Figure(name, 'MiB', worker.peak() / MIB, 300)


def new_jobs(args: argparse.Namespace) -> Iterator[Figure]:
    """No image is as it should be, and there is no job."""
    with (image_api.running(args.new, wrong=args.new) as url,
          worker_host.Host(url) as host):
        worker = host.worker(mode='observe', brake_images=0, brake_percent=0,
                             **_ALONE)
        mark = host.wait_for('full')
        name = f'{mark["opened"]:,} images that need a new job'
        yield Figure(f'{name}, with the start', 'CPU s', worker.cpu())
        yield Figure(name, 's', _seconds(mark))
        yield Figure(name, 'MiB', worker.peak() / MIB, 300)


def no_ops(args: argparse.Namespace) -> Iterator[Figure]:
    """Jobs of images that do not need them any more."""
    yield Figure(f'{args.jobs} no-op jobs, 1 worker, SQLite', 'a second',
                 _no_ops(args.jobs, 1), 20, most=False)
    with mariadb.MariaDb() as server:
        for count, goal in ((1, None), (4, 100)):
            yield Figure(
                f'{args.jobs} no-op jobs, {count} worker(s), MariaDB, no '
                'Redis', 'a second',
                _no_ops(args.jobs, count, server.database()), goal,
                most=False)


def _no_ops(count: int, workers: int, connection: str = '') -> float:
    with (image_api.running(count) as url,
          worker_host.Host(url, connection) as host):
        host.sync()
        # A look at all images would close the jobs, and so none is due.
        worker = host.worker(mode='observe', **_ALONE)
        host.wait_for('full')
        worker.kill()
        begin = datetime.datetime.now(datetime.UTC) + datetime.timedelta(
            seconds=_READY)
        for action in needed(count):
            jobs.open_job(host.database, _wanted(action), actor='benchmark',
                          not_before=begin)
        for _number in range(workers):
            host.worker(**_ALONE)
        if datetime.datetime.now(datetime.UTC) > begin:
            raise RuntimeError('the workers were not there in time')
        waiting.until('all jobs are done', lambda: jobs.counts(
            host.database)[jobs.State.DONE] == count, 600, 0.5)
        last = jobs.list_jobs(host.database, limit=count)
        return count / (max(job.updated_at for job in last)
                        - begin).total_seconds()


def restart(_args: argparse.Namespace) -> Iterator[Figure]:
    """Killed while it does a job, and started again."""
    with (image_api.running(1, wrong=1, slow=600) as url,
          worker_host.Host(url) as host):
        worker = host.worker()
        job_id, first = _claimed(host)
        worker.kill()
        begun = time.monotonic()
        worker.start()
        yield Figure('killed and started again, until it has its job back',
                     's', _taken(host, job_id, first) - begun, 5)


def takeovers(args: argparse.Namespace) -> Iterator[Figure]:
    """The worker that does a job is killed, or frozen, beside another."""
    for what, kill, elsewhere in (
            ('killed, the other on the same host', signal.SIGKILL, ''),
            ('killed, the other on another host', signal.SIGKILL,
             'elsewhere'),
            ('frozen, the other on the same host', signal.SIGSTOP, '')):
        found = [_takeover(args.expiry, kill, elsewhere)
                 for _number in range(args.repeat)]
        yield Figure(f'{what}, claim_expiry = {args.expiry}, the latest of '
                     f'{len(found)}', 's', max(found), args.expiry + 2)


def _takeover(expiry: int, kill: int, elsewhere: str) -> float:
    """Seconds until the other one has the job."""
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(image_api.running(1, wrong=1, slow=600))
        host = stack.enter_context(worker_host.Host(url))
        other = stack.enter_context(worker_host.Host(
            url, host.connection, elsewhere)) if elsewhere else host
        workers = [each.worker(claim_expiry=expiry)
                   for each in (host, other)]
        job_id, first = _claimed(host)
        holder = next(each for each in workers if each.id == first)
        # Just after a sign of life, which is then as late as it may be; and
        # they have met each other.
        time.sleep(expiry / 2)
        sign = holder.seen()
        waiting.until('a sign of life', lambda: holder.seen() != sign,
                      expiry, 0.05)
        begun = time.monotonic()
        if kill == signal.SIGKILL:
            holder.kill()
        else:
            holder.signal(kill)
        return _taken(host, job_id, first) - begun


def idle(args: argparse.Namespace) -> Iterator[Figure]:
    """Nothing to do, with the intervals as they come."""
    first, after = ', of the first start of all', ', after a job'
    for what in ('', first, after):
        with (image_api.running(1000, wrong=int(what == after)) as url,
              worker_host.Host(url) as host):
            if what != first:
                # Else it makes the tables.
                host.sync()
            worker = host.worker()
            host.wait_for('full')
            if what == after:
                # Which loads what an idle worker does without.
                waiting.until('the job is done', lambda: jobs.counts(
                    host.database)[jobs.State.DONE], 60, 0.5)
            # Begin after what is done once, such as the first look for
            # garbage everywhere.
            time.sleep(_SETTLED)
            before, begun = worker.cpu(), time.monotonic()
            time.sleep(args.idle)
            used = (worker.cpu() - before) / (time.monotonic() - begun)
            yield Figure(f'idle, 1,000 images{what}', 'percent of a core',
                         used * 100, 1)
            yield Figure(f'idle, both processes, PSS{what}', 'MiB',
                         worker.proportional() / MIB, 150)


def _claimed(host: worker_host.Host) -> tuple[str, str]:
    """The one job, and who runs it."""
    def runs() -> list[jobs.Job]:
        return jobs.list_jobs(host.database, state=jobs.State.RUNNING)
    waiting.until('a job runs', runs, 60, 0.05)
    job, = runs()
    return job.id, str(job.worker)


def _taken(host: worker_host.Host, job_id: str, first: str) -> float:
    """When another had it."""
    waiting.until('another has the job',
                  lambda: host.holder(job_id, first), 600, 0.05)
    return time.monotonic()


def _seconds(mark: dict[str, Any]) -> float:
    begun, ended = (datetime.datetime.fromisoformat(mark[name])
                    for name in ('started_at', 'ended_at'))
    return (ended - begun).total_seconds()


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Figure]]] = {
    'sweeps': sweeps, 'families': families, 'open-jobs': open_jobs,
    'new-jobs': new_jobs, 'no-ops': no_ops, 'restart': restart,
    'takeovers': takeovers, 'idle': idle}


def measure(args: argparse.Namespace) -> list[Figure]:
    best: dict[tuple[str, str], Figure] = {}
    for part in args.parts:
        for _number in range(1 if part == 'takeovers' else args.repeat):
            for one in PARTS[part](args):
                arguments.say(f'{one.what}: {one.found:.2f} {one.unit} '
                              f'{one.verdict}')
                key = one.what, one.unit
                if key in best:
                    pick = min if one.most else max
                    one.found = pick(one.found, best[key].found)
                best[key] = one
    return list(best.values())


def main() -> int:
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.worker', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_some(parser, '--parts', PARTS)
    for name, value, what in (
            ('images', IMAGES, 'of the catalogue'),
            ('new', NEW, 'images that need a new job'),
            ('jobs', NO_OPS, 'that are not needed any more'),
            ('repeat', 3, 'runs'), ('expiry', 12, 'claim_expiry, seconds'),
            ('idle', 60, 'seconds of idleness')):
        parser.add_argument(f'--{name}', type=int, default=value, metavar='N',
                            help=f'{what}; default: {value}')
    arguments.add_files(parser, 'benchmarks-worker.inc')
    args = parser.parse_args()
    args.work = args.work.resolve()
    args.work.mkdir(parents=True, exist_ok=True)
    facts = machine.facts(args.work, ' '.join(
        ['python -m benchmarks.worker', *sys.argv[1:]]))
    with arguments.scratch(args.work, facts):
        found = measure(args)
    facts['load at the end'] = f'{os.getloadavg()[0]:.1f}'
    tables: list[report.Table] = [
        ('The run', ['', ''], [[name, facts[name]] for name in (
            'command', 'processor', 'load at the start', 'load at the end',
            'memory', 'kernel', 'python', 'duration')]),
        ('The worker', ['verdict', 'what', 'found', 'unit', 'goal'],
         [[one.verdict, one.what, _text(one.found), one.unit,
           '-' if one.goal is None else '%s %g' % (
               'at most' if one.most else 'at least', one.goal)]
          for one in found])]
    if args.json:
        _write(args.json, json.dumps({
            'facts': facts,
            'figures': [dataclasses.asdict(one) for one in found]}, indent=1))
    if args.rst:
        _write(args.rst, report.csv_tables(
            tables, 'python -m benchmarks.worker --rst'))
    print(report.aligned(tables))
    return 0


def _write(path: pathlib.Path, text: str) -> None:
    report.replace(path, text)


def _text(value: float) -> str:
    return f'{value:.0f}' if value >= 100 else f'{value:.2f}'


if __name__ == '__main__':
    sys.exit(main())
