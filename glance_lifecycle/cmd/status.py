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

"""``glance-lifecycle-status upgrade check``: before services start anew."""

from collections.abc import Collection
from collections.abc import Sequence
import contextlib
import importlib.metadata
import importlib.util
import io
import os
import socket
import sys

from oslo_config import cfg
from oslo_upgradecheck import upgradecheck

from glance_lifecycle.cmd import pipes
from glance_lifecycle.conf import credentials
from glance_lifecycle.conf import opts
from glance_lifecycle.conf import places
from glance_lifecycle.conf import worker as worker_conf
from glance_lifecycle import exceptions
from glance_lifecycle import policy_file
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker.database import opening
from glance_lifecycle.worker import presence
from glance_lifecycle.worker import store_names

CONF = cfg.CONF

Code = upgradecheck.Code
Result = upgradecheck.Result


class Checks(upgradecheck.UpgradeCommands):
    """What an upgrade may stumble over, on this host."""

    def _policy(self) -> Result:
        """The document is one for this release."""
        if not CONF.lifecycle.policy_file:
            return Result(Code.SUCCESS, 'None is configured.')
        try:
            policy_file.in_force(CONF)
        except exceptions.LifecycleError as error:
            return Result(Code.FAILURE, '%s See "openstack image lifecycle '
                          'policy validate".' % error.for_operator())
        return Result(Code.SUCCESS)

    def _state_dir(self) -> Result:
        """Journals can be read and written."""
        path = CONF.lifecycle.state_dir
        if not os.path.isdir(path):
            return Result(Code.WARNING, '[lifecycle] state_dir: %s is no '
                          'directory. Make it, for the user of glance-api.'
                          % path)
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            return Result(Code.FAILURE, '[lifecycle] state_dir: this user '
                          'cannot use %s. Run this as the user of glance-api.'
                          % path)
        return Result(Code.SUCCESS)

    def _database(self) -> Result:
        """The worker's tables are those of this release."""
        database = opening.configured(CONF, patience=0)
        if database.is_sqlite and not os.path.exists(
                database.url.database or ''):
            return Result(Code.SUCCESS, 'There is none: no worker has run '
                          'here.')
        try:
            found = migration.version(database)
        except exceptions.LifecycleError as error:
            return Result(Code.FAILURE, error.for_operator())
        finally:
            database.close()
        if found != migration.head():
            return Result(
                Code.FAILURE, 'It is of revision %s, and this release needs '
                '%s. Stop the workers and run "glance-lifecycle-manage db '
                'sync".' % (found or 'none', migration.head()))
        return Result(Code.SUCCESS)

    def _imports(self) -> Result:
        """Who is to run imports can be reached."""
        if CONF.lifecycle_transfer.run_in != 'worker':
            return Result(Code.SUCCESS)
        if CONF.lifecycle.mode == 'staged':
            return Result(Code.WARNING, '[lifecycle_transfer] run_in = worker '
                          'is without effect: imports are staged ([lifecycle] '
                          'mode), and those run in glance-api.')
        host = socket.gethostname()
        try:
            with contextlib.closing(opening.existing(
                    CONF, patience=0)) as database:
                found = {worker.host for worker in presence.workers(database)
                         if worker.imports}
        except exceptions.LifecycleError as error:
            return Result(Code.WARNING, error.for_operator())
        if host in found:
            return Result(Code.SUCCESS)
        return Result(Code.WARNING, 'Imports wait for a worker on this host '
                      '(%s), and none has told of itself%s. Start '
                      'glance-lifecycle-worker here; in a container, with the '
                      'host name of that of glance-api.' % (
                          host, ', only on %s' % ', '.join(sorted(found))
                          if found else ''))

    def _stores(self) -> Result:
        """Stores that have a limit are there."""
        if not store_names.named(CONF):
            return Result(Code.SUCCESS)
        try:
            found = store_names.unknown(CONF, _known_stores())
        except exceptions.LifecycleError as error:
            return Result(Code.WARNING, 'It is not known which stores there '
                          'are. %s' % error.for_operator())
        return Result(Code.WARNING if found else Code.SUCCESS,
                      ' '.join(found))

    def _glance(self) -> Result:
        """The release of Glance is one that is known."""
        if importlib.util.find_spec('glance') is None:
            return Result(Code.SUCCESS, 'There is none here.')
        # It imports glance.
        from glance_lifecycle import glance_host
        found = importlib.metadata.version('glance')
        if found.partition('.')[0] in map(str, glance_host.RELEASES):
            return Result(Code.SUCCESS)
        return Result(Code.WARNING, 'Glance %s is not one of the releases %s '
                      'that this package was tested with: images are '
                      'converted in the staging directory first.' % (
                          found, ', '.join(map(str, glance_host.RELEASES))))

    _upgrade_checks = (
        ('Lifecycle policy', _policy), ('State directory', _state_dir),
        ('Database of the worker', _database),
        ('Imports in a worker', _imports), ('Limits of stores', _stores),
        ('Release of Glance', _glance))


def _known_stores() -> Collection[str]:
    """Of the Glance that is configured here, or as the Image API has them.

    :raises LifecycleError: it cannot be asked
    """
    if importlib.util.find_spec('glance') is not None:
        # It imports glance.
        from glance_lifecycle import glance_host
        if (found := glance_host.store_kinds()) is not None:
            return found
    connection = credentials.connect(CONF, worker_conf.NAME)
    # An extra, too.
    from glance_lifecycle.audit import image_api
    with image_api.asking('list its stores'):
        return image_api.store_names(connection.image)


def main(argv: Sequence[str] | None = None) -> int:
    """:returns: 0 all is well, 1 warnings, 2 failures, 255 it did not run"""
    if importlib.util.find_spec('glance') is not None:
        # It registers options of the command line, which is parsed once.
        from glance_lifecycle import glance_host
        assert glance_host  # noqa: S101 - for the linter
    opts.register_opts(CONF)
    credentials.register(CONF, worker_conf.NAME)
    argv = places.of_worker(sys.argv[1:] if argv is None else argv)
    code = 255
    # A reader that has enough would be a check that failed.
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            code = upgradecheck.main(
                CONF, project='glance', upgrade_command=Checks(),
                argv=argv, default_config_files=[])
    except UnicodeDecodeError as error:
        print('glance-lifecycle-status: %s' % places.not_utf8(argv, error),
              file=sys.stderr)
    except (cfg.Error, OSError, ValueError) as error:
        print('glance-lifecycle-status: The configuration cannot be used: %s'
              % exceptions.sentence(str(error)), file=sys.stderr)
    except SystemExit as error:
        # Of oslo.config, which has said what is wrong with an option's value.
        if error.code != 1:
            raise
    finally:
        with pipes.until_enough():
            sys.stdout.write(said.getvalue())
    return code


if __name__ == '__main__':
    sys.exit(main())
