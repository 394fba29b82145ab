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

"""This host's Glance: its configuration, its database, its stores.

What reads or writes the stores has to run where glance-api runs, with its
configuration and as its user. What only asks the Image API does not.
"""

import functools
import logging
import os
import pwd
from typing import Any

from oslo_config import cfg

from glance_lifecycle.conf import opts
from glance_lifecycle.conf import places
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host

CONF = cfg.CONF


def is_here() -> bool:
    """Whether this looks like a host of glance-api, and may be asked."""
    found = glance_host.configuration_files()
    return bool(found) and all(os.access(path, os.R_OK) for path in found)


@functools.cache
def configure(config_files: tuple[str, ...], config_dirs: tuple[str, ...]
              ) -> None:
    """Configure this process as glance-api is; once for however many images.

    :param config_files: without any, those that glance-api finds
    :raises ConfigurationError: they are of no use
    """
    argv = places.named(config_files, config_dirs)
    # What they tell glance-api's log: drivers that lack a library, stores
    # that were not started.
    for name in ('glance', 'glance_store', 'stevedore'):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        glance_host.load_configuration(argv, log=False)
    except UnicodeDecodeError as error:
        raise exceptions.ConfigurationError(
            detail=places.not_utf8(argv or places.of_glance(), error)
        ) from None
    except (cfg.Error, OSError) as error:
        raise exceptions.ConfigurationError(
            detail='%s. Name the files of glance-api with --config-file and '
            '--config-dir' % str(error).rstrip('.')) from None
    opts.register_opts(CONF)
    if not CONF.enabled_backends:
        raise exceptions.ConfigurationError(
            detail='these commands need [DEFAULT] enabled_backends, and '
            'glance-api.conf does not set it')


def check_user() -> None:
    """Be who glance-api is: what root writes, Glance could not remove.

    :raises ConfigurationError: another user has [lifecycle] state_dir
    """
    path = CONF.lifecycle.state_dir
    try:
        owner = os.stat(path).st_uid
    except OSError as error:
        raise exceptions.ConfigurationError(
            detail='[lifecycle] state_dir: %s: %s' % (path, error.strerror)
        ) from error
    if owner != os.geteuid():
        raise exceptions.ConfigurationError(
            detail='this must be run as the user that owns [lifecycle] '
            'state_dir, which is that of glance-api: sudo -u %s ...'
            % _name(owner))


def image(image_id: str, expected: Any) -> glance_host.StoredImage:
    """The image in the database of this Glance.

    :param expected: the same image as the Image API shows it
    :raises ConfigurationError: this is another cloud's Glance
    """
    found: glance_host.StoredImage | None
    found = glance_host.stored_image(image_id)
    if found is None or found.os_hash_value != expected.hash_value:
        raise exceptions.ConfigurationError(
            detail='image %s is not in the database that is configured '
            'here. Is this a host of the cloud that you are logged in to?'
            % image_id)
    return found


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return '#%d' % uid
