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

"""What Glance's own configuration says."""

from collections.abc import Sequence
import logging as stdlib_logging
import os
from typing import Any
from typing import NamedTuple

from glance.common import config as glance_config
from glance.common import store_utils
from glance.common import utils as glance_utils
from glance.common import wsgi_app
from glance import notifier as glance_notifier
import glance_store
from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle.glance_host import store_drivers

CONF = cfg.CONF


def hash_algorithm() -> str:
    return str(CONF.hashing_algorithm)


def allowed_inspections() -> dict[str, Any]:
    """Glance's ``[image_format]`` options, for the inspection."""
    group = CONF.image_format
    return {name: group[name] for name in (
        'gpt_safety_checks_nonfatal', 'vmdk_allowed_types',
        'require_image_format_match') if name in group}


def is_unpacked() -> bool:
    """Whether a plugin of Glance's may have unpacked the staged file."""
    return ('image_decompression'
            in CONF.image_import_opts.image_import_plugins)


def wsgi_python() -> str | None:
    value: str | None = CONF.wsgi.python_interpreter
    return value


def store_driver(store: str) -> str:
    """The glance_store driver of a store.

    :raises ConfigurationError: Glance has no such store
    """
    try:
        return str(CONF.enabled_backends[store])
    except (KeyError, TypeError):
        raise exceptions.ConfigurationError(
            detail='store %s is not among enabled_backends, which has %s' % (
                store, ', '.join(store_kinds() or {}) or 'none')) from None


def store_kinds() -> dict[str, str] | None:
    """All stores -> glance_store driver; None without multi-store."""
    return dict(CONF.enabled_backends) if CONF.enabled_backends else None


def staging_dir() -> str:
    if CONF.enabled_backends:
        _separator, url = store_utils.get_dir_separator()
    else:
        url = CONF.node_staging_uri
    return os.path.normpath(str(url).removeprefix('file://'))


def tasks_dir() -> str:
    """Where tasks of Glance put their files; empty for nowhere."""
    if CONF.enabled_backends:
        path = CONF.os_glance_tasks_store.filesystem_store_datadir
    else:
        path = CONF.task.work_dir
    return os.path.normpath(str(path)) if path else ''


def self_url() -> str:
    """As what a glance-api of this configuration marks what it has staged.

    Empty where it is not configured.
    """
    # Only a glance-api has it registered already.
    CONF.import_opt('public_endpoint', 'glance.api.versions')
    return str(CONF.worker_self_reference_url or CONF.public_endpoint or '')


def delays_deletes() -> bool:
    """Whether a location that is removed keeps its data for the scrubber."""
    CONF.import_opt('delayed_delete', 'glance.common.config')
    return bool(CONF.delayed_delete)


class Cache(NamedTuple):
    """Glance's cache of images on this host.

    :ivar stall_time: seconds after which the cleaner gives a fetch up
    """

    directory: str
    stall_time: int


def image_cache() -> Cache | None:
    """None where there is none."""
    # It registers the options.
    from glance import image_cache
    assert image_cache  # noqa: S101 - for the linter
    directory = CONF.image_cache_dir
    if not directory:
        return None
    return Cache(os.path.normpath(str(directory)),
                 CONF.image_cache_stall_time)


def staged_path(file_path: str) -> tuple[str, str]:
    """The staging directory and the file's name in it.

    :param file_path: the ``file://`` URL that Glance passes to plugins
    :raises ConfigurationError: it lies elsewhere
    """
    directory = staging_dir()
    found, name = os.path.split(file_path.removeprefix('file://'))
    if os.path.normpath(found) != directory or not name:
        raise exceptions.ConfigurationError(
            detail='the staged file is not in the staging directory')
    return directory, name


def configuration_files() -> list[str]:
    """The files that glance-api finds by itself, where they exist."""
    return [path for path in
            wsgi_app._get_config_files()  # noqa: SLF001 - Glance's
            if os.path.exists(path)]


def _of_drivers(record: stdlib_logging.LogRecord) -> bool:
    """Whether it is something else than the order of locations."""
    return record.funcName != 'get_store_weight'


def load_configuration(argv: Sequence[str], *, log: bool = True,
                       prog: str = 'glance-api') -> None:
    """Configure this process as glance-api is, for a command line.

    :param argv: ``--config-file`` and the like; with none, the files that
        glance-api finds
    :param log: log where glance-api does
    """
    glance_config.set_config_defaults()
    CONF(argv, project='glance', prog=prog,
         default_config_files=configuration_files())
    if log:
        # Else oslo.log writes to standard output, also beside syslog, and
        # that has what the command prints, such as JSON.
        if not (CONF.log_file or CONF.log_dir or CONF.use_journal):
            CONF.set_override('use_stderr', True)
        logging.setup(CONF, 'glance')
    glance_notifier.set_defaults()
    if CONF.enabled_backends:
        with store_drivers.only(CONF.enabled_backends.values()):
            glance_store.register_store_opts(
                CONF, reserved_stores=wsgi_app.RESERVED_STORES)
        # Whoever reads an image has its locations sorted by the weights of
        # their drivers. Of each the log says that it is not to be found, as
        # if something were wrong: none is loaded here.
        stdlib_logging.getLogger(glance_utils.__name__).addFilter(_of_drivers)
