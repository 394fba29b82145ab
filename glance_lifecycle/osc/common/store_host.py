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

"""The image by the Image API, and its copies by the Glance of this host.

Glance's own modules, and what uses them, are imported only when they are
needed and there: the client of a user has none.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import functools
import importlib.util
from typing import Any
from typing import TYPE_CHECKING

from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import glance_config

if TYPE_CHECKING:
    from glance_lifecycle.copies import facade
    from glance_lifecycle import glance_host

WHERE = ('Run it on a host of glance-api, as its user, with the openstack '
         'command of its Python environment, and --config-file if its '
         'configuration is not in /etc/glance.')

_EPILOG = ('What looks into the stores needs the configuration of '
           'glance-api, which names them and has their passwords. ' + WHERE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument(
        '--config-file', metavar='<file>', action='append', default=[],
        help='Configuration of glance-api (repeat for more; default: the '
        'files in /etc/glance or $OS_GLANCE_CONFIG_DIR).')
    parser.add_argument(
        '--config-dir', metavar='<directory>', action='append', default=[],
        help='Directory of such files.')


def find(command: Any, name_or_id: str) -> Any:
    """The image as the Image API shows it to this user.

    :raises CommandError: none, or several of that name
    """
    try:
        return connection.of(command).image.find_image(
            name_or_id, ignore_missing=False)
    except sdk_exceptions.NotFoundException:
        raise osc_exceptions.CommandError(
            'There is no image %s.' % name_or_id) from None
    except sdk_exceptions.DuplicateResource:
        raise osc_exceptions.CommandError(
            'There is more than one image %s; name it by its id.'
            % name_or_id) from None


def copy_in(host: facade.Copies, store: str) -> glance_host.StoredCopy:
    """The copy in that store.

    :raises CommandError: there is none
    """
    for copy in host.image.copies:
        if copy.store == store:
            return copy
    raise osc_exceptions.CommandError(
        'Image %s has no copy in store %s; it has in %s.' % (
            host.image.id, store, ', '.join(host.image.stores)))


def here(parsed_args: argparse.Namespace, resource: Any
         ) -> facade.Copies | None:
    """None where neither options nor this host know of a Glance.

    :raises ConfigurationError: they do, and it is of no use
    """
    if not _is_meant(parsed_args):
        return None
    try:
        from glance_lifecycle.copies import facade
    except ImportError as error:
        raise _lacking(error) from error
    return facade.of(resource, parsed_args.config_file,
                     parsed_args.config_dir)


def of(parsed_args: argparse.Namespace
       ) -> Callable[[Any], facade.Copies | None]:
    """The same, for a cloud that asks in the middle of its work.

    :raises CommandError: a Glance is named that cannot be imported
    """
    _is_meant(parsed_args)
    return functools.partial(here, parsed_args)


def configured(parsed_args: argparse.Namespace) -> None:
    """Configure this process as glance-api is.

    :raises CommandError: neither options nor this host know of a Glance
    :raises ConfigurationError: they do, and it is of no use
    """
    if _is_meant(parsed_args):
        try:
            from glance_lifecycle.copies import host
        except ImportError as error:
            raise _lacking(error) from error
        named = parsed_args.config_file or parsed_args.config_dir
        if named or host.is_here():
            host.configure(tuple(parsed_args.config_file),
                           tuple(parsed_args.config_dir))
            return
    raise osc_exceptions.CommandError(
        'There is no configuration of glance-api here. ' + WHERE)


def _is_meant(parsed_args: argparse.Namespace) -> bool:
    """Whether a Glance is named, or may be here, and can be imported.

    :raises CommandError: one is named, and cannot be
    """
    named = parsed_args.config_file or parsed_args.config_dir
    if not named and not glance_config.directory().is_dir():
        return False
    if importlib.util.find_spec('glance') is None:
        if named:
            raise osc_exceptions.CommandError(
                'Glance is not installed in the Python environment of this '
                'command. ' + WHERE)
        return False
    return True


def _lacking(error: ImportError) -> exceptions.ConfigurationError:
    return exceptions.ConfigurationError(
        detail='the Python module %s is not installed. %s' % (
            error.name, WHERE))


def needed(parsed_args: argparse.Namespace, resource: Any) -> facade.Copies:
    """The same, where nothing can be done without, and something is written.

    :raises CommandError: there is none
    """
    found = here(parsed_args, resource)
    if found is None:
        raise osc_exceptions.CommandError(
            'There is no configuration of glance-api here. ' + WHERE)
    found.check_user()
    return found
