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

"""The worker's database, by the configuration of this host.

Neither Glance nor a cloud is needed for that.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import contextlib
import datetime
import os
import pwd
from typing import TYPE_CHECKING

from cliff import columns
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from oslo_config import cfg

    from glance_lifecycle.worker.database import engine

# Of glance_lifecycle.conf.worker, which takes long to load.
_OWN = '/etc/glance/glance-lifecycle-worker.conf'

_EPILOG = (
    'It asks the database of the lifecycle worker, which the configuration '
    'names. Run it on a host of the worker, as root or as its user, with '
    '--config-file if its configuration is not in /etc/glance. No cloud is '
    'asked, and no credentials are needed.')


class Cell(columns.FormattableColumn[object]):
    """Sentences for people, and data for programs."""

    def __init__(self, value: object, *lines: str) -> None:
        super().__init__(value)
        self._lines = lines

    def human_readable(self) -> str:
        return '\n'.join(map(shown.visible, self._lines))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument(
        '--config-file', metavar='<file>', action='append', default=[],
        help='Configuration of the worker, as it has it (repeat for more; '
        'default: the files of glance-api in /etc/glance or '
        '$OS_GLANCE_CONFIG_DIR, and %s).' % _OWN)
    parser.add_argument(
        '--config-dir', metavar='<directory>', action='append', default=[],
        help='Directory of such files.')


@contextlib.contextmanager
def database(parsed_args: argparse.Namespace
             ) -> Iterator[tuple[engine.Database, cfg.ConfigOpts]]:
    """What the options of ``add_arguments()`` name, opened; nothing is made.

    :raises CommandError: it cannot be used, or what it was asked failed
    """
    conf = _configuration(parsed_args)
    with shown.errors():
        found = _opened(conf)
        try:
            yield found, conf
        finally:
            found.close()


def _opened(conf: cfg.ConfigOpts) -> engine.Database:
    from glance_lifecycle.worker.database import errors
    from glance_lifecycle.worker.database import opening
    try:
        return opening.existing(conf)
    except errors.WorkerDatabaseError as error:
        raise osc_exceptions.CommandError(
            '%s. Is [lifecycle_worker] connection right, and does the server '
            'run?' % error.for_operator().rstrip('.')) from None


def _configuration(parsed_args: argparse.Namespace) -> cfg.ConfigOpts:
    from oslo_config import cfg

    from glance_lifecycle.conf import opts
    from glance_lifecycle.conf import places
    conf = cfg.ConfigOpts()
    opts.register_opts(conf)
    argv = places.of_worker(places.named(parsed_args.config_file,
                                         parsed_args.config_dir))
    try:
        conf(argv, default_config_files=[], default_config_dirs=[])
    except UnicodeDecodeError as error:
        raise osc_exceptions.CommandError(
            places.not_utf8(argv, error)) from None
    except (cfg.Error, OSError) as error:
        raise osc_exceptions.CommandError(
            'The configuration of the worker cannot be used: %s'
            % exceptions.sentence(str(error))) from None
    return conf


def operator() -> str:
    """Who runs this, for the history."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    other = os.environ.get('SUDO_USER', '')
    return 'operator %s' % name if uid or not other else (
        'operator %s (%s by sudo)' % (other, name))


def when(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).isoformat(timespec='seconds')


def ago(moment: datetime.datetime, now: datetime.datetime) -> str:
    """How long, in words."""
    from glance_lifecycle.policy import units
    return units.about_text((now - moment).total_seconds())
