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


"""One store's glance_store options, as its driver would see them.

glance_store looks into the store's own group first and, where an option is
not set there, into ``[backend_defaults]``. It finds out what is set by
making None the default of every option of the group (``driver.py``,
``BackendGroupConfiguration``). The same is done here on the ``conf`` given,
so that the answer is the same before and after the driver was built.

Secrets are read where they are needed: what travels to the child process
and lies in the journal says only which files Glance read.
"""

import os
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import confine

SHARED_GROUP = 'backend_defaults'

# Which run of this host it is: what is written says so (object_store.claim).
_THIS_RUN = '/proc/sys/kernel/random/boot_id'


class StoreSettings:
    """Options of one section of ``enabled_backends``.

    :param conf: an ``oslo_config.cfg.ConfigOpts`` that has been called
    :param store: the section's name
    :param opts: the driver's ``OPTIONS``
    """

    def __init__(self, conf: Any, store: str, opts: list[Any]) -> None:
        self._own = conf
        self._store = store
        for group in (store, SHARED_GROUP):
            for opt in opts:
                self._register(opt, group)
        for opt in opts:
            conf.set_default(opt.name, None, group=store)

    def _register(self, opt: Any, group: str) -> None:
        from oslo_config import cfg
        try:
            self._own.register_opt(opt, group=group)
        except cfg.DuplicateOptError:
            # Glance's reserved stores have the same name with another help.
            pass

    def __getitem__(self, name: str) -> Any:
        value = self._own[self._store][name]
        if value is None:
            value = self._own[SHARED_GROUP][name]
        return value


def files(conf: Any) -> dict[str, list[str]]:
    """Which configuration files Glance read: an element of a sink's options.

    :returns: ``config_files`` and ``config_dirs``, lists of paths
    """
    return {'config_files': list(map(os.path.abspath, conf.config_file)),
            # config_dir has only the last of those that a command line names.
            'config_dirs': list(map(os.path.abspath,
                                    conf.config_dirs or conf.config_dir))}


def reach(options: dict[str, Any], *files: str | None) -> confine.Reach:
    """Of a store in the network that reads its secrets itself.

    :param options: with what ``files`` returned
    :param files: further ones, where they are configured
    """
    return confine.Reach(network=True, read=(
        _THIS_RUN, *options['config_files'], *options['config_dirs'],
        *(path for path in files if path)))


def reread(store: str, options: dict[str, Any],
           opts: list[Any]) -> tuple[Any, StoreSettings]:
    """The configuration as those files have it now, secrets too.

    Glance's global ``cfg.CONF`` is left alone.

    :param options: with what ``files`` returned
    :raises StoreError: a file cannot be read
    """
    from oslo_config import cfg
    conf = cfg.ConfigOpts()
    try:
        conf([], project='glance',
             default_config_files=options['config_files'],
             default_config_dirs=options['config_dirs'])
        return conf, StoreSettings(conf, store, opts)
    except (cfg.Error, OSError) as error:
        # The text may quote a line of the file.
        raise exceptions.StoreError(
            store=store, detail='the configuration files of glance-api '
            'cannot be read (%s)' % type(error).__name__) from error
