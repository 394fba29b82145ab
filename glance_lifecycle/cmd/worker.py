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

"""``glance-lifecycle-worker``: the daemon."""

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Sequence
import contextlib
import datetime
import functools
import gc
import importlib.util
import multiprocessing
import sys
from typing import Any

import cotyledon
from oslo_config import cfg
from oslo_log import log as logging
from oslo_reports import guru_meditation_report
from oslo_reports import opts as report_opts

from glance_lifecycle.conf import credentials
from glance_lifecycle.conf import opts
from glance_lifecycle.conf import places
from glance_lifecycle.conf import worker as worker_conf
from glance_lifecycle.copies import verified
from glance_lifecycle import exceptions
from glance_lifecycle import policy_file
from glance_lifecycle import version
from glance_lifecycle.worker import cleaning
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker.database import opening
from glance_lifecycle.worker import dispatching
from glance_lifecycle.worker import host as hosts
from glance_lifecycle.worker import hygiene
from glance_lifecycle.worker import notify_socket
from glance_lifecycle.worker import running
from glance_lifecycle.worker import service

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

PROG = 'glance-lifecycle-worker'

# Seconds beyond what the jobs are given at the end.
_MARGIN = 10


class _Version:
    """What a report says of itself."""

    def vendor_string(self) -> str:
        return 'OpenStack'

    def product_string(self) -> str:
        return PROG

    def version_string_with_package(self) -> str:
        return version.VERSION


def main(argv: Sequence[str] | None = None) -> int:
    """:returns: 0 it was stopped, 1 it could not start"""
    argv = places.of_worker(sys.argv[1:] if argv is None else argv)
    try:
        host = _configure(argv)
        _check()
    except UnicodeDecodeError as error:
        print('%s: %s' % (PROG, places.not_utf8(argv, error)),
              file=sys.stderr)
        return 1
    except (exceptions.LifecycleError, cfg.Error, OSError) as error:
        said = (error.for_operator()
                if isinstance(error, exceptions.LifecycleError)
                else exceptions.sentence(str(error)))
        print('%s: %s' % (PROG, said), file=sys.stderr)
        return 1
    # What is configured here is not sent to another process.
    multiprocessing.set_start_method('fork')
    systemd = notify_socket.taken()
    manager = cotyledon.ServiceManager(
        graceful_shutdown_timeout=CONF.lifecycle_worker.drain_timeout
        + service.UNDO + _MARGIN)
    manager.add(service.Worker, 1, (CONF, host, systemd))
    # The next child has the new configuration, the last one ends its jobs.
    manager.register_hooks(on_reload=systemd.reloading,
                           on_terminate=systemd.stopping)
    manager.register_hooks(on_reload=CONF.reload_config_files,
                           on_new_worker=_in_child)
    # The first look for garbage everywhere would write to all that both
    # processes share: 220 MiB of the two instead of 165, half a minute later.
    gc.collect()
    gc.freeze()
    manager.run()
    return 0


def _in_child(*_of_cotyledon: object) -> None:
    """SIGUSR2 writes a report of threads and options."""
    guru_meditation_report.TextGuruMeditation.setup_autorun(
        _Version(), service_name=PROG, conf=CONF)


def _configure(argv: Sequence[str]) -> hosts.Host:
    """Read the configuration.

    :raises oslo_config.cfg.Error: it is of no use
    """
    report_opts.set_defaults(CONF)
    if importlib.util.find_spec('glance') is None:
        logging.register_options(CONF)
        CONF(argv, project='glance', prog=PROG, version=version.VERSION)
        host = hosts.Host()
    else:
        host = _with_glance(argv)
    opts.register_opts(CONF)
    credentials.register(CONF, worker_conf.NAME)
    _log()
    return host


def _with_glance(argv: Sequence[str]) -> hosts.Host:
    """The same on a host that has a Glance."""
    # They import glance.
    from glance_lifecycle.copies import facade
    from glance_lifecycle import glance_host
    from glance_lifecycle.recovery import recovering
    glance_host.load_configuration(argv, log=False, prog=PROG)
    if not CONF.enabled_backends:
        return hosts.Host()
    return hosts.Host(
        facade.Copies,
        lambda: recovering.recover(CONF.lifecycle.state_dir), _last_verified,
        _importer,
        lambda: recovering.recover_offloaded(CONF.lifecycle.state_dir),
        lambda: cleaning.Places(
            glance_host.staging_dir(), CONF.lifecycle.state_dir,
            glance_host.image_state), _hygiene)


def _importer(*args: Any, **options: Any) -> dispatching.Runs:
    """See ``hosts.Host``.

    What imports take is 12 MiB, which a worker that has none need not load.
    It ends those that were handed over before an option changed.
    """
    make = functools.partial(_make_importer, *args, **options)
    return (make() if CONF.lifecycle_transfer.run_in == 'worker'
            else _Later(make))


def _make_importer(*args: Any, **options: Any) -> dispatching.Runs:
    from glance_lifecycle.worker import importing
    return importing.Importer(*args, **options)


def _hygiene(wishes: hygiene.Wishes) -> Generator[hygiene.Event, None, None]:
    """See ``hosts.Host``; loaded when it is first due."""
    from glance_lifecycle.reclaim import scheduled
    return scheduled.run(wishes)


class _Later:
    """A runner that is made for its first job."""

    def __init__(self, make: Callable[[], dispatching.Runs]) -> None:
        self._make = functools.cache(make)

    def run(self, job_id: str) -> tuple[jobs.Job, running.Outcome]:
        return self._make().run(job_id)


def _last_verified(image_id: str, store: str) -> datetime.datetime | None:
    """When all of a copy was last read, by this host."""
    record = verified.read(CONF.lifecycle.state_dir, image_id, store)
    return None if record is None else datetime.datetime.fromisoformat(
        record.when)


def _log() -> None:
    """To standard error, unless the command line names a file.

    The files of glance-api name its own log.
    """
    for name in ('log_file', 'log_dir'):
        place = CONF.get_location(name)
        if place is None or place.location is not cfg.Locations.command_line:
            CONF.set_override(name, None)
    if not CONF.log_file and not CONF.log_dir:
        CONF.set_override('use_stderr', True)
    logging.setup(CONF, PROG)


def _check() -> None:
    """Fail at the start, before anything is forked.

    :raises LifecycleError: what is configured is of no use
    """
    _make_tables()
    opening.open_database(CONF).close()
    policy_file.in_force(CONF)
    credentials.connect(CONF, worker_conf.NAME)
    # Also so that all options are known to oslo.config: what registers one
    # when an option is first used breaks a report that lists them.
    CONF.log_opt_values(LOG, logging.DEBUG)


def _make_tables() -> None:
    """The first start of all: in a process that ends.

    Alembic, which makes them, would stay in memory: 10 MiB. What goes wrong
    goes wrong once more in the caller, who tells it.

    :raises LifecycleError: the database is of no use
    """
    database = opening.configured(CONF)
    new = database.is_sqlite and migration.version(database) is None
    database.close()
    if new:
        process = multiprocessing.get_context('fork').Process(
            target=_open_database)
        process.start()
        process.join()


def _open_database() -> None:
    with contextlib.suppress(exceptions.LifecycleError):
        opening.open_database(CONF).close()


if __name__ == '__main__':
    sys.exit(main())
