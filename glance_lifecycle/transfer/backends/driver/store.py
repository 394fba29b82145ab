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


"""One glance_store driver, built from Glance's own configuration files.

The child process is told which files Glance read, never what they say: the
driver reads its secrets itself. Inside glance-api, where the configuration
is loaded, it is used as it is. glance_store's multi-store code knows only
the global ``cfg.CONF``, so that is what is filled here.
"""

from collections.abc import Callable
import importlib
import logging
import os
from typing import Any
from typing import NoReturn

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import settings
from glance_lifecycle.transfer import confine

LOG = logging.getLogger(__name__)

# Drivers whose every call needs the user's token, which no child gets.
_CINDER_USER = ('cinder_store_auth_address', 'cinder_store_user_name',
                'cinder_store_password', 'cinder_store_project_name')


def describe(conf: Any, store: str) -> dict[str, Any]:
    """The options of DriverSink.

    :returns: ``driver``, the name in ``glance_store.drivers``;
        ``config_files`` and ``config_dirs``, lists of paths
    :raises ConfigurationError: no driver, a read-only one, or one that
        stores with the user's own token
    """
    driver = (conf.enabled_backends or {}).get(store)
    if not driver:
        _refuse(store, 'it is not in enabled_backends.')
    if driver == 'http':
        _refuse(store, 'the http driver only reads.')
    cls = _driver_class(store, driver)
    read = settings.StoreSettings(conf, store, cls.OPTIONS or [])
    if driver == 'swift' and read['swift_store_multi_tenant']:
        _refuse(store, 'swift_store_multi_tenant stores with the token of '
                'the user, which a transfer does not have. Use [lifecycle] '
                'mode staged for this store.')
    if driver == 'cinder' and not all(read[name] for name in _CINDER_USER):
        _refuse(store, 'without %s Cinder is used with the token of the '
                'user, which a transfer does not have.' %
                ', '.join(_CINDER_USER))
    return {'driver': driver, **settings.files(conf)}


def reach(_options: dict[str, Any]) -> confine.Reach:
    """No end to it: a driver of others may attach volumes by a helper that
    is root, as that of Cinder does, or mount, or read any file.
    """
    return confine.Reach(unbounded=True)


def _refuse(store: str, detail: str) -> NoReturn:
    raise exceptions.ConfigurationError(
        detail='store %s: %s' % (store, detail))


def _driver_class(store: str, driver: str) -> Any:
    from stevedore import driver as stevedore_driver
    from stevedore import exception
    try:
        return stevedore_driver.DriverManager(
            'glance_store.drivers', driver, invoke_on_load=False).driver
    except exception.NoMatches as error:
        raise exceptions.ConfigurationError(
            detail='store %s: there is no glance_store driver %r, or what '
            'it needs is not installed.' % (store, driver)) from error


def build(store: str, options: dict[str, Any]) -> Any:
    """The ready ``glance_store.driver.Store`` of this store.

    :raises StoreError: the driver cannot be used as it is configured
    """
    try:
        conf = _load_conf(options)
        cls = _driver_class(store, options['driver'])
        # Swift asks for its options before it has registered them.
        for group in (store, settings.SHARED_GROUP):
            conf.register_opts(cls.OPTIONS or [], group=group)
        driver = cls(conf, store)
        driver.configure(re_raise_bsc=True)
    except Exception as error:
        # The text may quote the configuration, so only its class is shown.
        LOG.exception('Cannot use the %s driver of store %s.',
                      options['driver'], store)
        raise exceptions.StoreError(
            store=store, detail='its %s driver cannot be used as it is '
            'configured (%s); see the log' %
            (options['driver'], type(error).__name__)) from error
    return driver


def _load_conf(options: dict[str, Any]) -> Any:
    from oslo_config import cfg
    conf = cfg.CONF
    # Options that Glance registers and the drivers look at.
    _register(conf, cfg.DictOpt('enabled_backends'), None)
    _register(conf, cfg.StrOpt('default_backend'), 'glance_store')
    # Registered by the call that reads the files, so it tells of it.
    if not hasattr(conf, 'config_file'):
        conf([], project='glance',
             default_config_files=options['config_files'],
             default_config_dirs=options['config_dirs'])
    return conf


def _register(conf: Any, opt: Any, group: str | None) -> None:
    from oslo_config import cfg
    try:
        conf.register_opt(opt, group=group)
    except cfg.DuplicateOptError:
        pass


def _location(driver: Any, specs: dict[str, Any] | None,
              uri: str | None) -> Any:
    location = importlib.import_module('glance_store.location')
    return location.Location(
        driver.get_schemes()[0], driver.get_store_location_class(),
        driver.conf, uri=uri, store_specs=specs,
        backend=driver.backend_group)


def location_of_url(driver: Any, url: str) -> Any:
    """The ``glance_store.location.Location`` of what ``add`` returned."""
    return _location(driver, None, url)


def _file_specs(driver: Any, image_id: str) -> list[dict[str, Any]]:
    if driver.multiple_datadirs:
        paths = [path for paths in driver.priority_data_map.values()
                 for path in paths]
    else:
        paths = [driver.datadir]
    return [{'scheme': 'file', 'path': os.path.join(path, image_id)}
            for path in paths]


def _rbd_specs(driver: Any, image_id: str) -> list[dict[str, Any]]:
    with driver.get_connection(conffile=driver.conf_file,
                               rados_id=driver.user) as connection:
        fsid = connection.get_fsid()
    return [{'fsid': fsid, 'pool': driver.pool, 'image': image_id,
             'snapshot': 'snap'}]


def _s3_specs(driver: Any, image_id: str) -> list[dict[str, Any]]:
    return [{'scheme': driver.scheme, 'bucket': driver.bucket,
             'key': image_id, 's3serviceurl': driver.full_s3_host}]


def _swift_specs(driver: Any, image_id: str) -> list[dict[str, Any]]:
    return [dict(driver.create_location(image_id).specs)]


_SPECS: dict[str, Callable[[Any, str], list[dict[str, Any]]]] = {
    'file': _file_specs,
    'rbd': _rbd_specs,
    's3': _s3_specs,
    'swift': _swift_specs,
}


def locations_of_image(driver: Any, name: str,
                       image_id: str) -> list[Any] | None:
    """Where ``add`` puts an image, or None where that cannot be foretold.

    Cinder and vmware name their objects themselves.

    :param name: the driver's name
    """
    specs = _SPECS.get(name)
    if specs is None:
        return None
    return [_location(driver, one, None) for one in specs(driver, image_id)]


def is_foretold(name: str) -> bool:
    """Whether that driver's locations follow from the image's id."""
    return name in _SPECS


def look(driver: Any, name: str, location: Any) -> None:
    """Return if something is there.

    :raises Exception: the driver's NotFound where nothing is; others as the
        driver raises them
    """
    if name == 'swift':
        # Its get_size takes every error for an empty object.
        store = location.store_location
        connection = driver.get_connection(store)
        swiftclient = importlib.import_module('swiftclient')
        theirs = importlib.import_module('glance_store.exceptions')
        try:
            connection.head_object(store.container, store.obj)
        except swiftclient.ClientException as error:
            if error.http_status != 404:
                raise
            raise theirs.NotFound(image=store.obj) from error
        return
    driver.get_size(location)
